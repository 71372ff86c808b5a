"""SQL over named inputs: the source of a table that needs a join or a sum before it can be mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
from sqlglot import exp

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_fault
from crm_research.sources.fingerprints import digest_text
from crm_research.sources.mapping.casting import Reading
from crm_research.sources.mapping.selects import read_select, refuse_long_values, refuse_odd_parts, tables_outside
from crm_research.sources.session import Relation, Session, literal, quoted
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
# A result beyond both is a join without its condition or a recursion without an end, and would fill the disk.
# Begins with a zero, is too long for the engine's numbers, or was so for a spreadsheet: a name made of digits.
_NAME_OF_DIGITS: Final = r"^0\d|^-?\d{16}|^\d([.,]\d+)?[eE][+]\d\d$"
_MOST_ROWS: Final = 20_000_000
_MOST_PER_INPUT_ROW: Final = 20


def stage_sql(
    session: Session, rule: SourceRule, base: Path, *, where: str, stage: Callable[..., Relation]
) -> Relation:
    """Run the SQL of a source over its inputs, each brought by `stage`; the result is a table of the session.

    Columns of text files are numbers or times to the SQL where every value of them is one, and text otherwise.
    """
    inputs = {
        name: stage(session, source, base, where=f"{where}.inputs.{name}") for name, source in rule.inputs.items()
    }
    typed = {name: _typed(session, relation) for name, relation in inputs.items()}
    sql = prepare_sql(str(rule.sql), typed, where=f"{where}.sql")
    name = session.new_name("sql")
    n_inputs = sum(
        session.run(f"SELECT count(*) FROM {quoted(relation.name)}").fetchone()[0] for relation in inputs.values()
    )
    most = max(_MOST_ROWS, _MOST_PER_INPUT_ROW * n_inputs)
    try:
        session.run(f"CREATE TABLE {quoted(name)} AS SELECT * FROM ({sql}) AS made__ LIMIT {most + 1}")
    except duckdb.Error as problem:
        reason = say_fault(problem)
        columns = "; ".join(f"{name} has {', '.join(relation.kinds)}" for name, relation in inputs.items())
        raise StudyError(f"{where}.sql: {reason} ({columns}). Mend the SQL.") from None
    (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(name)}").fetchone()
    if n_rows > most:
        raise StudyError(
            f"{where}.sql: makes more than {most:,} rows of the {say_count(n_inputs, 'row')} of its inputs. Give "
            "each join its "
            "condition, and each recursion an end."
        )
    parts = [str(rule.sql), *(relation.fingerprint for relation in inputs.values())]
    return Relation(
        name=name,
        kinds=session.kinds_of(name),
        rule=rule,
        described=" and ".join(dict.fromkeys(relation.described for relation in inputs.values())),
        fingerprint=digest_text("\n".join(parts)),
        is_scratch=True,
    )


def prepare_sql(sql: str, relations: Mapping[str, str], *, where: str) -> str:
    """One SELECT that reads only these named relations, with each replaced by what stands for it in the session."""
    tree = read_select(sql, dialect="duckdb", where=where)
    refuse_odd_parts(tree, where=where)
    refuse_long_values(tree, where=where)
    by_lower = {name.lower(): relation for name, relation in relations.items()}
    for table in list(tables_outside(tree, where=where)):
        said = ".".join(part for part in (table.catalog, table.db, table.name) if part)
        if said.lower() not in by_lower:
            if table.db:
                raise StudyError(f"{where}: reads {said!r}. Name the file under inputs and select from that name.")
            raise StudyError(f"{where}: no input {said!r}. {offer_names(said, relations)}")
        alias = table.alias or table.name
        # In place, so that what hangs on the table (a sample, a pivot) is kept.
        stands_for = exp.to_table(by_lower[said.lower()])
        for part in ("this", "db", "catalog"):
            table.set(part, stands_for.args.get(part))
        if not isinstance(table.parent, exp.Pivot) and not table.args.get("pivots"):
            table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(alias)))
    return tree.sql(dialect="duckdb", comments=False)


def _typed(session: Session, relation: Relation) -> str:
    texts = [name for name, kind in relation.kinds.items() if kind == "text"]
    if not relation.is_scratch or not texts:
        return relation.name
    reading = Reading.of(relation)
    casts = {
        name: {kind: reading.cast(quoted(name), "text", kind) for kind in ("float64", "int64", "timestamp")}
        for name in texts
    }
    tests = []
    for name in texts:
        zeros = f"count(*) FILTER (WHERE regexp_matches({quoted(name)}, {literal(_NAME_OF_DIGITS)}))"
        bad = ", ".join(f"count(*) FILTER (WHERE {casts[name][kind].bad})" for kind in ("float64", "timestamp"))
        fractions = f"count(*) FILTER (WHERE NOT regexp_full_match({quoted(name)}, '-?\\d+'))"
        tests.append(f"{bad}, {zeros}, {fractions}, count({quoted(name)})")
    counts = session.run(f"SELECT {', '.join(tests)} FROM {quoted(relation.name)}").fetchone()
    columns = []
    for i, name in enumerate(texts):
        n_no_number, n_no_time, n_zeros, n_fractions, n = counts[5 * i : 5 * i + 5]
        if n and not n_no_number and not n_zeros:
            # Whole numbers stay whole, so that 7 || '-A' is 7-A.
            value = casts[name]["float64" if n_fractions else "int64"].value
        elif n and not n_no_time:
            value = casts[name]["timestamp"].value
        else:
            value = reading.text(quoted(name))
        columns.append(f"{value} AS {quoted(name)}")
    view = session.new_name("typed")
    session.run(
        f"CREATE TEMP VIEW {quoted(view)} AS SELECT * REPLACE ({', '.join(columns)}) FROM {quoted(relation.name)}"
    )
    return view
