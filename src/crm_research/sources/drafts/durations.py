"""Drafting contracts from a file without dates: how long each lasted, and whether it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.attributes import without_the_end
from crm_research.sources.drafts.events import Ending, ending_lines, read_ending
from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.units import Unit, as_interval, unit_of
from crm_research.sources.drafts.words import best_score, header_words, name_score
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_LENGTH: Final = (
    "tenure", "tenure months", "tenure in months", "account length", "months on book", "months as customer",
    "customer lifetime", "years at company", "subscription length", "membership length", "length of service",
    "duration", "dur", "time", "times", "survival time", "time to event", "follow up time", "follow up", "futime",
    "lifetime", "spell", "weeks", "week", "months", "days", "years", "t", "stay", "vertragsdauer", "dauer", "laufzeit",
    "anciennete", "duree", "在网时长", "在网月数", "时长", "存续时间", "年限",
    "天数", "月数", "周数", "年数", "在网天数", "合同天数", "存续天数", "持续时间", "持续天数",
    "使用时长", "合同时长", "生存时间", "随访时间",
)  # fmt: skip
_ENDING: Final = (
    "churn", "churned", "churn label", "churn flag", "churn value", "is churn", "exited", "attrition", "attrition flag",
    "left", "cancelled", "canceled", "lapsed", "terminated", "closed", "event", "status", "death", "dead", "died",
    "observed", "censored", "censor", "cens", "failed", "failure", "arrest", "relapse", "delta", "d", "active",
    "is active", "alive", "gekuendigt", "storno", "resilie", "statut", "流失", "是否流失", "状态", "退保",
    "合同状态", "客户状态", "删失", "是否删失", "结局", "事件", "是否终止", "是否离网",
)  # fmt: skip
_FROM: Final = ("start", "tstart", "start time", "time start", "t start", "time0", "t0", "begin", "entry", "enter")
_UNTIL: Final = ("stop", "tstop", "stop time", "time stop", "t stop", "time1", "t1", "end", "exit")
_SUBJECT: Final = ("id", "subject", "subject id", "patient", "patient id", "person", "person id", "pid", "case")
_OFTEN_SNAPSHOTS: Final = ("churn", "exited", "attrition", "left", "流失")
_NAMED: Final = 0.4
_WELL_NAMED: Final = 0.75
_BEFORE_CUSTOMERS: Final = 0.25
_GROWS: Final = 0.5
_CAVEAT: Final = "The records hold lengths of time and no dates; dates are counted back from as_of and mean nothing."


def guess_durations(session: Session, look: FileLook) -> list[TableGuess]:
    """Contracts of a file that has a length of time and whether it ended there; empty where it has not."""
    ending, ending_score = _find_ending(look)
    if ending is None:
        return []
    from crm_research.sources.drafts.start_stop import guess_start_stop

    from_score, begins = _best(look, _FROM, besides={ending.column})
    until_score, stops = _best(look, _UNTIL, besides={ending.column, *([begins.name] if begins else [])})
    if begins is not None and stops is not None and min(from_score, until_score) >= _WELL_NAMED:
        subject = find_subject(look)
        if subject is not None and not subject.is_unique:
            return guess_start_stop(session, look, subject, begins, stops, ending)
        guess = TableGuess(table="contracts", look=look, score=2.0)
        guess.used = {"from": begins.name, "tenure": stops.name, "churn": ending.column}
        _, between = _best(look, _LENGTH, besides=set(guess.used.values()))
        if between is not None:
            guess.used["length"] = between.name  # how long it was watched tells when it ended
            guess.left_out.append(between.name)
        return _drafted(session, guess, stops, ending, begins)
    length_score, length = _best(look, _LENGTH, besides={ending.column})
    if length is None or (look.columns[length.name].low or 0) < 0:
        return []
    guess = TableGuess(table="contracts", look=look, score=(length_score + ending_score) / 2 + _BEFORE_CUSTOMERS)
    guess.used = {"tenure": length.name, "churn": ending.column}
    return _drafted(session, guess, length, ending)


def _find_ending(look: FileLook) -> tuple[Ending | None, float]:
    ranked = sorted(((best_score(name, _ENDING), name) for name in look.columns), key=lambda found: -found[0])
    for score, name in ranked:
        if score < _NAMED:
            break
        ending = read_ending(look.columns[name])
        if ending is not None:
            return ending, score
    return None, 0.0


def _best(look: FileLook, phrases: tuple[str, ...], besides: set[str]) -> tuple[float, ColumnLook | None]:
    found = [
        (best_score(name, phrases), column)
        for name, column in look.columns.items()
        if name not in besides and column.is_number and column.n_distinct > 1
    ]
    score, column = max(found, key=lambda one: one[0], default=(0.0, None))
    return (score, column) if score >= _NAMED else (0.0, None)


def find_subject(look: FileLook) -> ColumnLook | None:
    """The column that says whose row it is; None without one."""
    scored = [
        (max(name_score(name, "customer_id"), best_score(name, _SUBJECT)), column)
        for name, column in look.columns.items()
        if column.n and not column.is_time and (column.is_whole or not column.is_number)
    ]
    score, column = max(scored, key=lambda one: one[0], default=(0.0, None))
    return column if column is not None and score >= _WELL_NAMED else None


def _drafted(
    session: Session, guess: TableGuess, length: ColumnLook, ending: Ending, entry: ColumnLook | None = None
) -> list[TableGuess]:
    look = guess.look
    _number_contracts(guess)
    unit = unit_of(length, usual="months" if "tenure" in header_words(length.name) else None)
    unit = replace(unit, is_whole=unit.is_whole and (entry is None or entry.is_whole))
    back = f"as_of - {as_interval(name_in_sql(length.name), unit)}"
    guess.columns.append(
        Guess(key="started_at", value={"expr": back}, why=say_unit(length, unit), is_unsure=True, caveat=_CAVEAT)
    )
    if entry is not None:
        seen = as_interval(f"{name_in_sql(length.name)} - {name_in_sql(entry.name)}", unit)
        why = f"from {entry.name} on; those that ended before were not seen"
        guess.columns.append(Guess(key="observed_from", value={"expr": f"as_of - {seen}"}, why=why, is_unsure=True))
    elif best_score(ending.column, _OFTEN_SNAPSHOTS) < _WELL_NAMED:
        why = "each is taken as followed from the start; leave this out if those who left early are not in the file"
        guess.columns.append(Guess(key="observed_from", value={"expr": back}, why=why, is_unsure=True))
    guess.columns += ending_lines(ending)
    for role in ("plan", "fee"):
        _add_role(guess, role)
    if length.n < look.n_rows:
        n = look.n_rows - length.n
        verb, are = word_for(n, "has", "have"), word_for(n, "is", "are")
        why = f"{say_count(n, 'row')} {verb} no {length.name} and {are} left out"
        guess.keys.append(Guess(key="where", value=f"{name_in_sql(length.name)} is not null", why=why, is_unsure=True))
    guess.attributes = [_doubted(session, guess, line, length) for line in own_attributes(session, guess, ending)]
    keep_columns(guess)
    return [guess]


def say_unit(length: ColumnLook, unit: Unit) -> str:
    """What the draft took the numbers for, and the mend where it may be wrong."""
    if unit.is_sure:
        return f"no dates; {length.name} is counted back from as_of in {unit.name}: {unit.why}"
    taken = f"no dates; {length.name} ({unit.why}) is taken as {unit.name} before as_of"
    return f"{taken}; if not, write to_days, to_months or to_years"


def _number_contracts(guess: TableGuess) -> None:
    """The customer's number, or any column that numbers the rows, or the rows as they stand."""
    look = guess.look
    subject = find_subject(look)
    named = subject if subject is not None and subject.is_unique else None
    named = named or next((one for one in look.columns.values() if _numbers_rows(one)), None)
    if named is None:
        guess.sql = "select row_number() over () as row_number, * from records"
    source = "row_number" if named is None else named.name
    why = "no number in the file; rows are numbered" if named is None else "one contract for each"
    lines = dict.fromkeys(("contract_id", "customer_id"), (source, why))
    if subject is not None and subject is not named:
        many = f"{subject.n_distinct:,} different in {say_count(look.n_rows, 'row')}"
        lines["contract_id"] = (source, f"each row is taken as a contract; if each {subject.name} is one, keep one row")
        lines["customer_id"] = (subject.name, f"{many}: rows of one are taken as several contracts of a customer")
    for role, (column, said) in lines.items():
        is_sure = name_score(column, role) >= _WELL_NAMED and subject in (None, named)
        guess.columns.append(Guess(key=role, value=column, why="named so" if is_sure else said, is_unsure=not is_sure))
        guess.used[role] = column


def own_attributes(session: Session, guess: TableGuess, ending: Ending) -> list[Guess]:
    """Attributes that do not know the end. One filled only where there was an end becomes its reason."""
    look = guess.look
    name = ending.column
    told = look.read_in_sql(name, "float64") if ending.is_number else f"trim({quoted(name)})"
    return without_the_end(session, guess, ending.condition(f"({told})"))


def _numbers_rows(look: ColumnLook) -> bool:
    return look.is_unique and not look.is_time and (look.is_whole or not look.is_number)


def _add_role(guess: TableGuess, role: str) -> None:
    free = [column for name, column in guess.look.columns.items() if name not in guess.used.values()]
    fits = [column for column in free if (column.is_number if role == "fee" else not column.is_number) and column.n]
    score, column = max(
        ((name_score(one.name, role), one) for one in fits), key=lambda one: one[0], default=(0.0, None)
    )
    if column is not None and score >= _WELL_NAMED and not column.is_time:
        guess.used[role] = column.name
        guess.columns.append(Guess(key=role, value=column.name, why="named so", is_unsure=score < 1))


def _doubted(session: Session, guess: TableGuess, line: Guess, length: ColumnLook) -> Guess:
    """A number that grows with tenure (a total since the start) lets the length explain itself."""
    if line.value != "number":
        return line
    x, y = (guess.look.read_in_sql(name, "float64") for name in (line.key, length.name))
    (found,) = session.run(f"SELECT corr({x}, {y}) FROM {quoted(guess.look.relation.name)}").fetchone()
    if found is None or not abs(found) > _GROWS:
        return line
    return replace(
        line,
        why=f"{line.why}; runs with {length.name} (correlation {found:.2f}): leave it out if it grows with it",
        is_unsure=True,
    )
