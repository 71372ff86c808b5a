"""Columns that may explain what customers do, and those that must not, for they tell what only later was known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.later import is_later
from crm_research.sources.drafts.outcomes import status_columns
from crm_research.sources.drafts.words import name_score
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

_FEW, _MANY = 10, 30
_NAMED = 0.4


def attribute_guesses(guess: TableGuess) -> list[Guess]:
    """Columns that may serve as covariates: a few labels, yes or no, or a number that numbers no thing.

    Those that tell what only later was known are noted in ``left_out`` of the guess.
    """
    found = []
    statuses = {column.name for column in status_columns(guess.look)}
    for name, look in guess.look.columns.items():
        if name in guess.used.values() or not look.n or look.is_time:
            continue
        line = _attribute(look)
        if line is not None and (name in statuses or is_later(name)):
            guess.left_out.append(name)
        elif line is not None:
            found.append(line)
    return found


def _attribute(look: ColumnLook) -> Guess | None:
    if look.is_flag:
        return Guess(key=look.name, value="flag", why="yes or no")
    if not look.is_number:
        is_category = 2 <= look.n_distinct <= _MANY
        return (
            Guess(key=look.name, value="category", why=f"{look.n_distinct} different values") if is_category else None
        )
    numbers = look.is_unique and look.is_whole
    if not numbers and look.n_distinct > _FEW and name_score(look.name, "customer_id") < 0.5:
        return Guess(key=look.name, value="number", why=f"from {look.low:,.6g} to {look.high:,.6g}")
    if look.is_whole and 2 <= look.n_distinct <= _FEW:
        return Guess(key=look.name, value="category", why=f"{look.n_distinct} different values", is_unsure=True)
    return None


def without_the_end(session: Session, guess: TableGuess, ended: str) -> list[Guess]:
    """Attributes of contracts that do not know the end; what is given only where there was one becomes its reason.

    `ended` is SQL that is true of the rows that ended; empty where the file does not tell.
    """
    lines = attribute_guesses(guess)
    if not ended:
        return lines
    for name in list(guess.left_out):
        if name_score(name, "end_reason") >= _NAMED and what_it_knows(session, guess, name, ended) == "reason":
            _give_reason(guess, name)
    kept = []
    for line in lines:
        known = what_it_knows(session, guess, line.key, ended) if line.value in {"category", "flag"} else ""
        if known == "reason" and _give_reason(guess, line.key):
            continue
        if known:
            guess.left_out.append(line.key)
        else:
            kept.append(line)
    return kept


def _give_reason(guess: TableGuess, name: str) -> bool:
    if any(line.key == "end_reason" for line in guess.columns):
        return False
    why = "given only where there was an end"
    guess.columns.append(Guess(key="end_reason", value=name, why=why, is_unsure=True))
    guess.used["end_reason"] = name
    guess.left_out[:] = [other for other in guess.left_out if other != name]
    return True


def what_it_knows(session: Session, guess: TableGuess, name: str, ended: str) -> str:
    """What does a column know of the end: ``reason``, ``same``, or nothing?

    ``reason`` where only rows that ended have a value, ``same`` where each value means one outcome. `ended` is SQL that
    is true of the rows that ended.
    """
    look = guess.look
    value = look.reading.text(f"CAST({quoted(name)} AS VARCHAR)")
    rows = f"SELECT {value} AS value, {ended} AS ended FROM {quoted(look.relation.name)}"
    sql = (
        "SELECT count(*) FILTER (WHERE value IS NOT NULL AND n_running > 0), count(*) FILTER (WHERE n_ended > 0 AND "
        "n_running > 0), count(*) FILTER (WHERE value IS NULL AND n_running > 0) FROM (SELECT value, count(*) FILTER "
        f"(WHERE ended) AS n_ended, count(*) FILTER (WHERE ended IS NOT TRUE) AS n_running FROM ({rows}) GROUP BY 1)"
    )
    n_running, n_mixed, n_empty = session.run(sql).fetchone()
    if n_running == 0 and n_empty:
        return "reason"
    return "same" if n_mixed == 0 else ""
