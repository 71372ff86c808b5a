"""Drafting contracts from rows of stretches: from, until, and whether it ended there; several rows for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.attributes import attribute_guesses
from crm_research.sources.drafts.events import Ending, ending_lines
from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.units import Unit, as_interval, unit_of
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_CAVEAT: Final = "The records hold lengths of time and no dates; dates are counted back from as_of and mean nothing."
_LAST: Final = "last_stop"


def guess_start_stop(
    session: Session, look: FileLook, subject: ColumnLook, begins: ColumnLook, stops: ColumnLook, ending: Ending
) -> list[TableGuess]:
    """Contracts and what changes while they run; or, where ends recur, one contract for each row."""
    n_early, n_open = _count_ends(session, look, subject, stops, ending)
    unit = unit_of(stops)
    unit = Unit(name=unit.name, why=unit.why, is_sure=unit.is_sure, is_whole=unit.is_whole and begins.is_whole)
    guess = TableGuess(table="contracts", look=look, score=2.0)
    guess.used = {role: one.name for role, one in (("subject", subject), ("from", begins), ("until", stops))}
    guess.used["churn"] = ending.column
    if n_early and n_open:
        return []  # ends that recur, and rows between them: which belong together cannot be told
    if n_early:
        return _recurring(guess, subject, begins, stops, ending, unit)
    changing = _changing(session, look, subject)
    return _running(guess, subject, begins, stops, ending, unit, changing)


def _count_ends(
    session: Session, look: FileLook, subject: ColumnLook, stops: ColumnLook, ending: Ending
) -> tuple[int, int]:
    """Ends before the last row of their subject, and rows before it without one."""
    stop, number = (look.read_in_sql(name, "float64") for name in (stops.name, ending.column))
    is_end = ending.condition(f"({number})" if ending.is_number else f"trim({quoted(ending.column)})")
    who = quoted(subject.name)
    sql = (
        f"SELECT count(*) FILTER (WHERE is_end), count(*) FILTER (WHERE NOT is_end) FROM (SELECT {is_end} AS is_end, "
        f"{stop} < max({stop}) OVER (PARTITION BY {who}) AS is_early FROM {quoted(look.relation.name)}) WHERE is_early"
    )
    n_early, n_open = session.run(sql).fetchone()
    return int(n_early), int(n_open)


def _changing(session: Session, look: FileLook, subject: ColumnLook) -> set[str]:
    """Columns that differ between the rows of one subject."""
    names = [name for name in look.columns if name != subject.name]
    asked = ", ".join(f"count(DISTINCT {quoted(name)}) > 1 AS c{i}" for i, name in enumerate(names))
    seen = ", ".join(f"bool_or(c{i})" for i in range(len(names)))
    found = session.run(
        f"SELECT {seen} FROM (SELECT {asked} FROM {quoted(look.relation.name)} GROUP BY {quoted(subject.name)})"
    ).fetchone()
    return {name for name, differs in zip(names, found, strict=True) if differs}


def _ids(contract: str, customer: str, why: str) -> list[Guess]:
    return [
        Guess(key="contract_id", value=contract, why=why, is_unsure=True),
        Guess(key="customer_id", value=customer, why="whose rows they are", is_unsure=True),
    ]


def _said(unit: Unit, stops: ColumnLook) -> str:
    return f"no dates; {stops.name} is taken as {unit.name} since the start ({unit.why}), and counted back from as_of"


def _end(ending: Ending, at: str) -> list[Guess]:
    return ending_lines(ending, at)


def _recurring(
    guess: TableGuess, subject: ColumnLook, begins: ColumnLook, stops: ColumnLook, ending: Ending, unit: Unit
) -> list[TableGuess]:
    who, start, stop = (name_in_sql(one.name) for one in (subject, begins, stops))
    guess.sql = (
        f"select *, row_number() over () as row_number, max({stop}) over (partition by {who}) as {_LAST} from records"
    )
    back = {role: f"as_of - {as_interval(f'{_LAST} - {at}', unit)}" for role, at in (("from", start), ("until", stop))}
    guess.columns = [
        *_ids("row_number", subject.name, "ends recur: each row is a contract, and the next begins where it ends"),
        Guess(key="started_at", value={"expr": back["from"]}, why=_said(unit, stops), is_unsure=True, caveat=_CAVEAT),
        *_end(ending, back["until"]),
    ]
    guess.attributes = attribute_guesses(guess)
    keep_columns(guess)
    return [guess]


def _running(
    guess: TableGuess,
    subject: ColumnLook,
    begins: ColumnLook,
    stops: ColumnLook,
    ending: Ending,
    unit: Unit,
    changing: set[str],
) -> list[TableGuess]:
    who, start, stop, flag = (name_in_sql(name) for name in (subject.name, begins.name, stops.name, ending.column))
    found = attribute_guesses(guess)
    own = [line for line in found if line.key not in changing]
    kept = "".join(f", any_value({name_in_sql(line.key)}) as {name_in_sql(line.key)}" for line in own)
    guess.sql = (
        f"select {who}, min({start}) as first_start, max({stop}) as {_LAST}, arg_max({flag}, {stop}) as {flag}{kept} "
        f"from records group by {who}"
    )
    entry = as_interval(f"{_LAST} - first_start", unit)
    why = "where its rows begin; those that ended before were not seen"
    guess.columns = [
        *_ids(subject.name, subject.name, "several rows for each, summed up to one contract"),
        Guess(
            key="started_at",
            value={"expr": f"as_of - {as_interval(_LAST, unit)}"},
            why=_said(unit, stops),
            is_unsure=True,
            caveat=_CAVEAT,
        ),
        Guess(key="observed_from", value={"expr": f"as_of - {entry}"}, why=why, is_unsure=True),
        *_end(ending, "as_of"),
    ]
    guess.attributes = own
    keep_columns(guess)
    moving = [line for line in found if line.key in changing]
    return [guess, _states(guess, moving, (who, start, stop), unit)] if moving else [guess]


def _states(contracts: TableGuess, moving: list[Guess], names: tuple[str, str, str], unit: Unit) -> TableGuess:
    who, start, stop = names
    states = TableGuess(table="contract_states", look=contracts.look, score=contracts.score)
    states.sql = f"select *, max({stop}) over (partition by {who}) as {_LAST} from records"
    since = as_interval(f"{_LAST} - {start}", unit)
    states.columns = [
        Guess(key="contract_id", value=contracts.used["subject"], why="as above"),
        Guess(key="valid_from", value={"expr": f"as_of - {since}"}, why="from when the row holds", is_unsure=True),
    ]
    states.attributes = moving
    return states
