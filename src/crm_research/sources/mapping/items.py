"""Questionnaires with one column a question: laid out as one row an answer, which is what the table of surveys is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from crm_research.contracts import TableContract, contract_of
from crm_research.errors import StudyError, offer_names
from crm_research.sources.mapping.casting import NULLS_OF_VALUES, Reading
from crm_research.sources.mapping.expressions import split_condition
from crm_research.sources.mapping.materialise import check_doubts
from crm_research.sources.mapping.mends import mend_of_header
from crm_research.sources.mapping.table_plan import Planner, value_columns
from crm_research.sources.session import Relation, literal, quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.definition import ItemRule, StudyDefinition, TableRule
    from crm_research.sources.session import Session

_MADE: Final = ("item", "score", "scale_min", "scale_max")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_MEND: Final = (
    "Write answers: [lowest, ..., highest] in words, list what means no answer under null_values beside the path, or "
    "leave out by where what is no response."
)
_N_EXAMPLES: Final = 5
_N_TOLD: Final = 3


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One question: its name, its column, its scale, and its answers as SQL."""

    name: str
    column: str
    scale: tuple[float, float]
    raw: str
    score: str
    bad: str


def lay_out(
    session: Session, study: StudyDefinition, rule: TableRule, relation: Relation, place: str
) -> tuple[Relation, TableRule]:
    """The answers of a questionnaire, one row an answer, and what the table's rule still has to do with them.

    What ``where`` says of the questionnaire's own columns is asked before its answers are judged: previews, further
    lines of a header and notes hold no answers. What it says of answers (``score``, ``item``) is left to the rule.
    """
    kept, rest = "", rule.where
    if rule.where is not None:
        kept, rest = _of_respondents(session, study, rule, relation, place)
    is_numbered = "response_id" in rule.columns or "response_id" in (name.lower() for name in relation.kinds)
    items = lay_out_items(
        session, relation, rule.items, where=f"{place}.items", numbers_rows=not is_numbered, kept=kept
    )
    return items, rule.model_copy(update={"where": rest})


def _of_respondents(
    session: Session, study: StudyDefinition, rule: TableRule, relation: Relation, place: str
) -> tuple[str, str | None]:
    """The part of ``where`` that the questionnaire's own columns answer, as SQL, and what is left of it."""
    own, rest = split_condition(str(rule.where), relation.kinds, where=f"{place}.where")
    if not own:
        return "", rest
    plan = Planner(
        study=study,
        contract=TableContract(name="surveys", grain="one response", columns=()),
        rule=rule.model_copy(update={"where": own, "columns": {}, "items": {}, "attributes": {}}),
        relation=relation,
        where_in_file=place,
        value_columns=value_columns(rule, contract_of("surveys"), relation),
    ).plan()
    check_doubts(session, plan, relation)
    return plan.where, rest


def lay_out_items(
    session: Session,
    relation: Relation,
    rules: Mapping[str, ItemRule],
    *,
    where: str,
    numbers_rows: bool,
    kept: str = "",
) -> Relation:
    """The answers of a questionnaire with one column a question, one row an answer.

    Parameters
    ----------
    rules
        Item to its rule; a name with a star stands for all columns that it fits, each an item of its own name.
    numbers_rows
        Add a ``response_id`` that numbers the rows of the file, where it has none.
    kept
        Which rows are asked and laid out, as SQL; empty for all.

    Returns
    -------
    Relation
        The columns that are no items, as they were; ``item``, ``score`` (empty where nothing was answered),
        ``scale_min``, ``scale_max``.

    Raises
    ------
    StudyError
        If a column is missing, or an answer is neither a number nor one of the answers that its item lists.
    """
    items = _items(relation, rules, where)
    _check_answers(session, relation, items, where, kept)
    taken = {item.column for item in items}
    others = [name for name in relation.kinds if name not in taken and name.lower() not in _MADE]
    columns = ", ".join(quoted(name) for name in others)
    number = "response_id" if numbers_rows else ""
    before = ", ".join(part for part in (columns, number) if part)
    numbered = "SELECT *, 'row ' || row_number() OVER () AS response_id" if numbers_rows else "SELECT *"
    rows = f"FROM ({numbered} FROM {quoted(relation.name)}){f' WHERE {kept}' if kept else ''}"
    answers = ", ".join(
        f"{{'item': {literal(item.name)}, 'score': CAST({item.score} AS DOUBLE), "
        f"'scale_min': CAST({item.scale[0]!r} AS DOUBLE), 'scale_max': CAST({item.scale[1]!r} AS DOUBLE)}}"
        for item in items
    )
    name = session.new_name("items")
    made = f"SELECT {before}{', ' if before else ''}unnest([{answers}]) AS answer {rows}"
    session.run(
        f"CREATE TABLE {quoted(name)} AS SELECT * EXCLUDE (answer), {', '.join(f'answer.{one}' for one in _MADE)} "
        f"FROM ({made})"
    )
    return Relation(
        name=name,
        kinds=session.kinds_of(name),
        rule=relation.rule,
        described=f"{relation.described}{_say_left_out(session, relation, kept)}",
        fingerprint=relation.fingerprint,
        is_scratch=True,
    )


def _items(relation: Relation, rules: Mapping[str, ItemRule], where: str) -> list[_Item]:
    found: list[_Item] = []
    problems = []
    # What is said of one column by name stands before what a star says of many.
    taken: set[str] = set()
    for name, rule in sorted(rules.items(), key=lambda entry: "*" in entry[0]):
        wanted = rule.column or name
        columns = _columns(relation, wanted)
        if not columns:
            offer = offer_names(wanted, relation.kinds)
            problems.append(f"{where}.{name}: {relation.described} has no column {wanted!r}. {offer}")
        for column in columns:
            if "*" not in name:
                found.append(_item(relation, name, column, rule))
            elif column not in taken:
                found.append(_item(relation, column, column, rule))
            taken.add(column)
    if problems:
        raise StudyError("\n".join(problems))
    return found


def _columns(relation: Relation, wanted: str) -> list[str]:
    if "*" in wanted:
        return [name for name in relation.kinds if fnmatchcase(name.lower(), wanted.lower())]
    return [name for name in relation.kinds if name.lower() == wanted.lower()][:1]


def _item(relation: Relation, name: str, column: str, rule: ItemRule) -> _Item:
    reading, raw, kind = Reading.of(relation), quoted(column), relation.kinds[column]
    low, high = rule.ends
    text = reading.text(f"CAST({raw} AS VARCHAR)", nulls=NULLS_OF_VALUES)
    number = reading.cast(raw, "text" if kind in {"date", "timestamp", "zoned", "other"} else kind, "float64")
    value = number.value
    if rule.answers is not None:
        steps = (high - low) / (len(rule.answers) - 1)
        cases = " ".join(
            f"WHEN lower({text}) = {literal(answer.strip().lower())} THEN {low + i * steps!r}"
            for i, answer in enumerate(rule.answers)
        )
        value = f"CASE {cases} ELSE {value} END"
    bad = f"({text}) IS NOT NULL AND ({value}) IS NULL"
    # Tables of numbers hold -99 as -99.0, so codes are told by their value.
    missing = [*rule.missing, *(float(code) for code in relation.rule.null_values or () if _NUMBER.fullmatch(code))]
    if missing:
        codes = ", ".join(repr(float(code)) for code in missing)
        value = f"CASE WHEN ({value}) NOT IN ({codes}) THEN {value} END"
    if rule.reversed:
        value = f"{low + high!r} - ({value})"
    return _Item(name=name, column=column, scale=(low, high), raw=raw, score=value, bad=bad)


def _say_left_out(session: Session, relation: Relation, kept: str) -> str:
    if not kept:
        return ""
    n_rows, n_kept = session.run(
        f"SELECT count(*), count(*) FILTER (WHERE {kept}) FROM {quoted(relation.name)}"
    ).fetchone()
    return f" ({n_rows - n_kept:,} of {say_count(n_rows, 'row')} left out by where)" if n_kept < n_rows else ""


def _check_answers(session: Session, relation: Relation, items: Sequence[_Item], where: str, kept: str) -> None:
    counts = ", ".join(f"count(*) FILTER (WHERE {item.bad})" for item in items)
    asked = f"({kept})" if kept else "TRUE"
    n_bad = session.run(f"SELECT {counts} FROM {quoted(relation.name)} WHERE {asked}").fetchone()
    problems = []
    broken = [(item, n) for item, n in zip(items, n_bad, strict=True) if n]
    for item, n in broken[:_N_TOLD]:
        rows = session.run(
            f"SELECT DISTINCT CAST({item.raw} AS VARCHAR) AS found FROM {quoted(relation.name)} "
            f"WHERE {item.bad} AND {asked} ORDER BY found LIMIT {_N_EXAMPLES}"
        ).fetchall()
        problems.append(
            f"{where}.{item.name}: {say_count(n, 'answer')} in the column {item.column!r} of {relation.described} "
            f"{word_for(n, 'is no number', 'are no numbers')}, such as {', '.join(repr(row[0]) for row in rows)}. "
            + (mend_of_header(session, relation, f"{item.bad} AND {asked}") or _MEND)
        )
    if len(broken) > _N_TOLD:
        problems.append(f"{where}: so it is with {len(broken) - _N_TOLD} more.")
    if problems:
        raise StudyError("\n".join(problems))
