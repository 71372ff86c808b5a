"""Money given back beside the money paid: how much of an order's, and whether the order stands in spite of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.outcomes import called_off_at, is_in, lost_values, outcome_of, status_columns
from crm_research.sources.drafts.sql_names import filled_text, name_in_sql
from crm_research.sources.drafts.words import best_score, name_score, names_any, rank
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.guessed import TableGuess
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

# A refund that was asked for and not given, or not yet.
_REFUSED: Final = re.compile(
    r"关闭|拒绝|撤销|取消|申请中|处理中|待|reject|denied|declin|clos|cancel|pending|request|abgelehnt|refus"
)


def amount_in_sql(guess: TableGuess, column: ColumnLook) -> str:
    """SQL of the session for a number in a column; nought where it is empty."""
    return f"coalesce({guess.look.read_in_sql(column.name, 'float64')}, 0)"


def count_rows(session: Session, guess: TableGuess, condition: str) -> int:
    """How many rows of a file meet a condition in SQL of the session?"""
    (n,) = session.run(f"SELECT count(*) FILTER (WHERE {condition}) FROM {quoted(guess.look.relation.name)}").fetchone()
    return int(n)


def _refund_column(guess: TableGuess, money: ColumnLook) -> ColumnLook | None:
    """The column of money given back that stands beside the money paid; yes and no are no money."""
    found = sorted(
        (rank(name, "refund"), name)
        for name, column in guess.look.columns.items()
        if column.is_number
        and name != money.name
        and name_score(name, "refund") >= 0.7
        and not column.is_flag
        and not name.rstrip().endswith("?")
        and (column.low, column.high) != (0, 0)
    )
    same = [name for _, name in found if names_any(name, ("converted",)) == names_any(money.name, ("converted",))]
    return guess.look.columns[same[0]] if same else None


def _unread_refunds(guess: TableGuess) -> str | None:
    """A column of money given back that is no number throughout, though it holds some."""
    return next(
        (
            name
            for name, column in guess.look.columns.items()
            if name_score(name, "refund") >= 0.7
            and not (column.is_number or column.is_time)
            and any(re.fullmatch(r"\W{0,2}\d[\d.,]*\W{0,2}", value) for value in column.values)
        ),
        None,
    )


def given_back_at(guess: TableGuess) -> str | None:
    """The time at which a row's money went back, where no column says how much did."""
    money = guess.column_of("revenue")
    if money is None or _refund_column(guess, money) is not None or _unread_refunds(guess):
        return None
    return next(
        (
            name
            for name, column in guess.look.columns.items()
            if column.is_time and 0 < column.n < column.n_rows and best_score(name, _BACK_AT) >= 0.75
        ),
        None,
    )


_BACK_AT: Final = (
    "refunded at", "refund date", "refunded date", "refunded on", "refund time", "returned at", "return date",
    "erstattet am", "erstattungsdatum", "date de remboursement", "rembourse le", "fecha de reembolso", "退款时间",
)  # fmt: skip


def _has_money_back(session: Session, guess: TableGuess, column: ColumnLook, value: str) -> bool:
    """Is the money of rows with this status negative, so that it takes back what stands elsewhere?"""
    money, customer = guess.column_of("revenue"), guess.column_of("customer_id")
    if money is None or outcome_of(value) != "refunded":
        return False
    rows, amount = is_in(f"trim({quoted(column.name)})", [value]), amount_in_sql(guess, money)
    refund = _refund_column(guess, money)
    below = f"{amount} < 0"
    if refund is not None:
        below = f"({below} OR ({amount} = 0 AND abs({amount_in_sql(guess, refund)}) > 0))"
    named = f"{filled_text(customer.name)} IS NOT NULL" if customer else "TRUE"
    n_rows, n_back, n_elsewhere = (
        count_rows(session, guess, condition)
        for condition in (rows, f"{rows} AND {below}", f"NOT coalesce({rows}, FALSE) AND {below} AND {named}")
    )
    # A sale that is called refunded keeps its money where other rows take it back, one for each at least.
    return n_rows > 0 and (n_back == n_rows or (not n_back and n_elsewhere >= n_rows))


def lost_in(session: Session, guess: TableGuess, column: ColumnLook) -> list[str]:
    """The values of a status by which a row's own money is lost, and not taken back elsewhere or in part."""
    return [
        value
        for value in lost_values(column)
        if not _has_money_back(session, guess, column, value) and not _is_partly_back(session, guess, column, value)
    ]


def _is_partly_back(session: Session, guess: TableGuess, column: ColumnLook, value: str) -> bool:
    """Did rows that a column calls refunded give back a part only, by the money beside them?"""
    money = guess.column_of("revenue")
    refund = None if money is None else _refund_column(guess, money)
    if money is None or refund is None or not names_any(column.name, _REFUND_STATE) or outcome_of(value) != "refunded":
        return False
    rows = is_in(f"trim({quoted(column.name)})", [value])
    back = f"abs({amount_in_sql(guess, refund)})"
    return count_rows(session, guess, f"{rows} AND {back} > 0 AND {back} < {amount_in_sql(guess, money)}") > 0


_REFUND_STATE: Final = ("refund status", "refund state", "return status", "退款状态", "退款进度", "售后状态")


def _refused_refunds(guess: TableGuess) -> tuple[str, str] | None:
    """Rows whose refund was asked for and not given, as SQL of the study and in words; None without such."""
    for name, column in guess.look.columns.items():
        if not names_any(name, _REFUND_STATE) or column.is_time or column.is_number:
            continue
        refused = [value for value in column.values if _REFUSED.search(value.lower())]
        if refused and len(refused) < len(column.values):
            return is_in(name_in_sql(name), refused), f"{name} says {', '.join(refused)}"
    return None


def take_off_refunds(session: Session, guess: TableGuess) -> None:
    """Money given back of orders that stand: a column of refunds beside the money that was paid."""
    money = guess.column_of("revenue")
    line = next((line for line in guess.columns if line.key == "revenue"), None)
    refund = None if money is None else _refund_column(guess, money)
    if line is not None and refund is None and (unread := _unread_refunds(guess)):
        why = f"{line.why}; {unread} holds words beside numbers and is not taken off"
        guess.columns[:] = [replace(one, why=why, is_unsure=True) if one is line else one for one in guess.columns]
    if money is None or line is None or refund is None or not isinstance(line.value, str):
        return
    back = f"abs({amount_in_sql(guess, refund)})"
    lost = _sql_of_lost(session, guess)
    n_partly = count_rows(session, guess, f"{back} > 0 AND ({lost}) IS NOT TRUE")
    if not n_partly:
        return
    paid = name_in_sql(money.name)
    if money.n < money.n_rows and not count_rows(
        session, guess, f"{filled_text(money.name)} IS NULL AND ({lost}) IS NOT TRUE"
    ):
        paid = f"coalesce({paid}, 0)"  # only what never came about says no money, as payments that failed
    given = f"abs(coalesce({name_in_sql(refund.name)}, 0))"
    why = (
        f"{line.why}; less {refund.name}, which {say_count(n_partly, 'order')} that "
        f"{word_for(n_partly, 'stands has', 'stand have')}"
    )
    if (refused := _refused_refunds(guess)) is not None:
        given = f"case when {refused[0]} then 0 else {given} end"
        why += f", but not where {refused[1]}: asked for, and not given"
    value = {"expr": f"{paid} - {given}"}
    guess.columns[:] = [
        replace(one, value=value, why=why, is_unsure=True) if one is line else one for one in guess.columns
    ]


def _sql_of_lost(session: Session, guess: TableGuess) -> str:
    """The drafted cancellations as SQL of the session, whose columns are text."""
    lost = []
    for column in status_columns(guess.look):
        values = lost_in(session, guess, column)
        if values and (len(values) < len(column.values) or column.n < column.n_rows):
            lost.append(is_in(f"trim({quoted(column.name)})", values))
    lost += [f"{filled_text(name)} IS NOT NULL" for name in called_off_at(guess.look)]
    return " OR ".join(lost) or "FALSE"
