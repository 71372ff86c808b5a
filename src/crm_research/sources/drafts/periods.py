"""Drafting contracts from the periods that were paid for them: one row each, with its beginning and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns
from crm_research.sources.drafts.keys import find_customers
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, header_words, name_score
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_BEGIN: Final = (
    "start time", "period start", "starts at", "start date", "period start date", "current period start", "started at",
    "valid from", "service start", "coverage start", "periodenbeginn", "debut de periode", "inicio periodo",
)  # fmt: skip
_END: Final = (
    "end time", "period end", "ends at", "expires at", "end date", "period end date", "current period end",
    "expires date", "expiration time", "valid to", "valid until", "service end", "coverage end",
    "periodenende", "fin de periode",
)  # fmt: skip
_NUMBER: Final = (
    "original store transaction id", "original transaction id", "subscription id", "subscription", "contract id",
    "contract no", "policy id", "policy no",
)  # fmt: skip
_PLAN: Final = ("product identifier", "product id", "plan", "plan id", "product", "price id", "entitlement")
# Only files that speak of renewals hold periods: bookings have a beginning and an end as well.
_RENEWED: Final = frozenset({"renewal", "renewable", "renew", "renewed", "trial", "intro", "rebill", "subscription"})
_NAMED: Final = 0.75
_FOLLOWING: Final = 0.6


def guess_periods(session: Session, look: FileLook) -> list[TableGuess]:
    """The contracts whose paid periods a file lists: each runs from the first to the end of the last; else none."""
    if not any(_RENEWED & set(header_words(name)) for name in look.columns):
        return []
    begin, end = (_best(look, phrases, time=True) for phrases in (_BEGIN, _END))
    keys = [key.column for key in find_customers(look) if key.score >= _NAMED]
    if begin is None or end is None or begin is end or not keys or begin.formats or end.formats:
        return []
    number = _best(look, _NUMBER, time=False) or keys[0]
    if number.is_unique or number.n < number.n_rows or not _follow(session, look, number, begin, end):
        return []
    return [_contracts(look, number, keys[0], begin, end)]


def _best(look: FileLook, phrases: tuple[str, ...], *, time: bool) -> ColumnLook | None:
    found = [
        (best_score(name, phrases), one)
        for name, one in look.columns.items()
        if one.is_time is time and one.n == one.n_rows
    ]
    score, column = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return column if score >= _NAMED else None


def _follow(session: Session, look: FileLook, number: ColumnLook, begin: ColumnLook, end: ColumnLook) -> bool:
    """Do most periods of one number begin within a week of the end of the one before?"""
    at, until = (look.read_in_sql(one.name, "timestamp") for one in (begin, end))
    n, n_near = session.run(
        f"SELECT count(*), count(*) FILTER (WHERE abs(date_diff('day', ended, begun)) <= 7) FROM ("
        f"SELECT {at} AS begun, lag({until}) OVER (PARTITION BY {quoted(number.name)} ORDER BY {at}) AS ended "
        f"FROM {quoted(look.relation.name)}) WHERE ended IS NOT NULL"
    ).fetchone()
    return bool(n > 0 and n_near >= _FOLLOWING * n)


def _contracts(
    look: FileLook, number: ColumnLook, customer: ColumnLook, begin: ColumnLook, end: ColumnLook
) -> TableGuess:
    guess = TableGuess(table="contracts", look=look, score=2.5)
    guess.used = {"contract_id": number.name, "customer_id": customer.name, "started_at": begin.name}
    plan = _best(look, _PLAN, time=False)
    money = next(
        (one for name, one in look.columns.items() if one.is_number and name_score(name, "revenue") >= _NAMED), None
    )
    who, at, until = (name_in_sql(one.name) for one in (number, begin, end))
    kept = dict.fromkeys(one.name for one in (customer, plan, money) if one is not None and one is not number)
    others = "".join(f", arg_max({name_in_sql(name)}, {at}) as {name_in_sql(name)}" for name in kept)
    guess.sql = (
        f"select {who}, min({at}) as first_start, max({until}) as last_end, "
        f"max(max({at})) over () as file_end{others} from records group by {who}"
    )
    why = f"each row is a period from {begin.name} to {end.name}; those of one number are one contract"
    ended = f"the end of its last period, where that had come before the last {begin.name} of the file"
    guess.columns = [
        Guess(key="contract_id", value=number.name, why=why, is_unsure=True),
        Guess(key="customer_id", value=customer.name, why="whose contract it is"),
        Guess(key="started_at", value="first_start", why="the beginning of its first period", is_unsure=True),
        Guess(
            key="ended_at",
            value={"expr": "case when last_end <= file_end then last_end end"},
            why=ended,
            is_unsure=True,
        ),
    ]
    if plan is not None:
        guess.used["plan"] = plan.name
        guess.columns.append(Guess(key="plan", value=plan.name, why="that of the last period", is_unsure=True))
    if money is not None:
        guess.used["fee"] = money.name
        why = "what the last period cost; write it as money a month"
        guess.columns.append(Guess(key="fee", value=money.name, why=why, is_unsure=True))
    keep_columns(guess)
    return guess
