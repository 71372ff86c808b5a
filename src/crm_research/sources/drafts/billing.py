"""Drafting contracts from what was billed for them: one row a bill, at even distances, and no column of ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.attributes import attribute_guesses
from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, name_score
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_NUMBER: Final = (
    "subscription id",
    "subscription",
    "contract id",
    "contract no",
    "policy id",
    "policy no",
    "保单号",
    "合同号",
)
_TIME: Final = (
    "billed at", "billing date", "invoice date", "issued at", "period start", "created", "created at", "date",
    "charged at", "paid at", "payment date", "month", "rechnungsdatum", "date facture", "账单日期", "开票日期",
)  # fmt: skip
_NAMED: Final = 0.4
_WELL_NAMED: Final = 0.75
_EVEN: Final = 0.8


@dataclass(frozen=True)
class _Rhythm:
    """Days between bills, the calendar interval they stand for, and the days after which a missing bill is an end."""

    days: float
    interval: str
    months: float
    grace_days: int
    said: str


_RHYTHMS: Final = (
    _Rhythm(7, "to_days(7)", 7 / 30.4375, 7, "week"),
    _Rhythm(30.4375, "to_months(1)", 1, 14, "month"),
    _Rhythm(91.3125, "to_months(3)", 3, 30, "quarter"),
    _Rhythm(182.625, "to_months(6)", 6, 30, "half-year"),
    _Rhythm(365.25, "to_months(12)", 12, 45, "year"),
)


def guess_billed(session: Session, look: FileLook) -> TableGuess | None:
    """The contracts behind a file of bills: each begins with its first, and ends when the next one fails to come."""
    number = _find(look, _NUMBER, lambda one: not one.is_unique and not one.is_time and one.n == one.n_rows)
    time = _find(look, _TIME, lambda one: one.is_time and not one.formats and one.n == one.n_rows)
    if number is None or time is None or _has_end(look):
        return None
    rhythm = _find_rhythm(session, look, number, time)
    return None if rhythm is None else _contracts(look, number, time, rhythm)


def _find(look: FileLook, phrases: tuple[str, ...], fits: Callable[[ColumnLook], bool]) -> ColumnLook | None:
    scored = [(best_score(name, phrases), one) for name, one in look.columns.items() if one.n and fits(one)]
    score, column = max(scored, key=lambda found: found[0], default=(0.0, None))
    least = _WELL_NAMED if phrases is _NUMBER else _NAMED
    return column if score >= least else None


def _has_end(look: FileLook) -> bool:
    return any(one.is_time and name_score(name, "ended_at") >= _WELL_NAMED for name, one in look.columns.items())


def _find_rhythm(session: Session, look: FileLook, number: ColumnLook, time: ColumnLook) -> _Rhythm | None:
    """The rhythm that most distances between the bills of one contract keep to within a seventh; None without one."""
    at = look.read_in_sql(time.name, "timestamp")
    who = quoted(number.name)
    near = ", ".join(f"avg((abs(gap - {one.days}) <= {one.days / 7})::INT)" for one in _RHYTHMS)
    shares = session.run(
        f"SELECT {near} FROM (SELECT date_diff('day', lag(billed) OVER (PARTITION BY who ORDER BY billed), billed) "
        f"AS gap FROM (SELECT DISTINCT {who} AS who, {at} AS billed FROM {quoted(look.relation.name)})) WHERE gap > 0"
    ).fetchone()
    best, rhythm = max(
        ((share or 0.0, one) for share, one in zip(shares, _RHYTHMS, strict=True)), key=lambda one: one[0]
    )
    return rhythm if best >= _EVEN else None


def _contracts(look: FileLook, number: ColumnLook, time: ColumnLook, rhythm: _Rhythm) -> TableGuess | None:
    guess = TableGuess(table="contracts", look=look, score=2.0)
    customer = _named(look, "customer_id", {number.name, time.name})
    guess.used = {"contract_id": number.name, "started_at": time.name, "customer_id": (customer or number).name}
    plan = _named(look, "plan", {*guess.used.values()}, is_number=False)
    money = _named(look, "amount", {*guess.used.values()}, is_number=True)
    for role, one in (("plan", plan), ("amount", money)):
        if one is not None:
            guess.used[role] = one.name
    attributes = attribute_guesses(guess)
    who, at = name_in_sql(number.name), name_in_sql(time.name)
    kept = [one for one in (customer, plan, money) if one is not None and one is not number]
    names = [name_in_sql(name) for name in dict.fromkeys([*(one.name for one in kept), *(a.key for a in attributes)])]
    first = "".join(f", arg_min({name}, {at}) as {name}" for name in names)
    # Judged by the last bill of the file, so that ends of a holdout stand in the records when as_of is moved back.
    guess.sql = (
        f"select {who}, min({at}) as first_bill, max({at}) as last_bill, max(max({at})) over () as file_end{first} "
        f"from records group by {who}"
    )
    due = f"last_bill + {rhythm.interval}"
    ended = f"case when {due} + to_days({rhythm.grace_days}) <= file_end then {due} end"
    guess.columns = [
        Guess(key="contract_id", value=number.name, why="named so; bills of one number are one contract"),
        Guess(
            key="customer_id", value=(customer or number).name, why="whose contract it is", is_unsure=customer is None
        ),
        Guess(
            key="started_at",
            value="first_bill",
            why="its first bill; those begun before the file are older",
            is_unsure=True,
        ),
        Guess(
            key="ended_at",
            value={"expr": ended},
            why=f"bills come every {rhythm.said}; one that is {say_count(rhythm.grace_days, 'day')} late is taken "
            "for an end",
            is_unsure=True,
        ),
    ]
    if plan is not None:
        guess.columns.append(Guess(key="plan", value=plan.name, why="that of the first bill", is_unsure=True))
    if money is not None:
        value = money.name if rhythm.months == 1 else {"column": money.name, "scale": round(1 / rhythm.months, 6)}
        guess.columns.append(Guess(key="fee", value=value, why="the first bill, as money a month", is_unsure=True))
    guess.attributes = attributes
    keep_columns(guess)
    return guess


def _named(look: FileLook, role: str, besides: set[str], *, is_number: bool | None = None) -> ColumnLook | None:
    scored = [
        (name_score(name, role), one)
        for name, one in look.columns.items()
        if name not in besides and one.n and not one.is_time and is_number in (None, one.is_number)
    ]
    score, column = max(scored, key=lambda found: found[0], default=(0.0, None))
    return column if score >= _NAMED else None
