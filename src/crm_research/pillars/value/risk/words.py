"""What is sure of what customers will bring, in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.features.credit import GRACE_DAYS, SPAN_DAYS
from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.pillars.value.risk.measure import by_tenth
from crm_research.theme import first_capital, say_count, say_date, say_days, say_money, say_percent

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.value.risk.measure import RiskAdjusted

NOTHING_SURE: Final = (
    "Of no single customer is anything sure with 9 of 10 chance: each may bring nothing, or cost money."
)
# Less than this share of the whole is not told apart from nothing.
_NOTHING: Final = 5e-5


def say_sure(risk: RiskAdjusted) -> str:
    """What comes with 9 of 10 chance at least: of all together, and of each alone."""
    row, years = risk.all, say_span(risk.lifetime.horizon_years)
    expected = say_money(row["paid"], risk.currency)
    if not row["paid"] > 0:
        return (
            f"In the next {years} today's customers together are expected to bring {expected}: nothing of it is sure."
        )
    together, each = (say_money(row[name], risk.currency) for name in ("sure", "sure_each"))
    said = (
        f"In the next {years} today's customers together bring at least {together} of {say_noun(risk.lifetime)} with 9 "
        f"of 10 chance, where {expected} are expected{_after(risk)}."
    )
    if len(risk.customers) < 2 or row["sure_each"] >= row["sure"]:
        return said
    return (
        f"{said} What each alone brings with 9 of 10 chance adds up to {each} only: what one customer does not bring "
        "another one does, so all together are surer than any of them."
    )


def _after(risk: RiskAdjusted) -> str:
    """What has been taken off what is expected."""
    said = "" if risk.payment is None else " after what is not paid"
    if risk.identity is None:
        return said
    return f"{said}{',' if said else ''} on average over all joins of records that are possible"


def say_doubts(risk: RiskAdjusted) -> str:
    """What the doubts take of what customers would bring if all of them stayed and paid."""
    row = risk.all
    doubts = ["leaving"] if risk.payment is None else ["leaving", "unpaid"]
    if risk.identity is not None:
        doubts.append("unsettled")
    said = [f"{_DOUBTS[name]} {_say_taken(risk, name)}" for name in doubts]
    said[0] = f"{said[0]} of it"
    staying = say_money(row["staying"], risk.currency)
    first = f"If everybody stayed{' and paid' if risk.payment is not None else ''}, {staying} would be expected."
    told = f"{first} {first_capital(', and '.join(filter(None, (', '.join(said[:-1]), said[-1]))))}."
    return told if risk.payment is not None else f"{told} {risk.why_no_payment}"


_DOUBTS: Final = {
    "leaving": "that customers leave, or have left unseen,",
    "unpaid": "that bills are not paid",
    "unsettled": "that it is in doubt which records are one customer",
}


def _say_taken(risk: RiskAdjusted, name: str) -> str:
    """What a doubt takes of what would come, or adds to it."""
    row = risk.all
    least = _NOTHING * abs(row["staying"])
    if abs(row[name]) <= least or (name == "leaving" and row[name] < 0):
        return "takes nothing"
    return f"{'takes' if row[name] > 0 else 'adds'} {say_money(abs(row[name]), risk.currency)}"


def say_payment(risk: RiskAdjusted) -> str:
    """Which bills count as lost, and what is taken for granted; empty where payment is not known."""
    found = risk.payment
    if found is None:
        return ""
    n = say_count(int(found.losses["n_customers"].sum()), "customer")
    everybody = ""
    if (risk.parts.names.size > len(found.standing)) or any((part.late < 0).any() for part in risk.parts.held):
        everybody = " Nothing is taken off for customers who were never sent a bill."
    return (
        f"Of the bills of {n} that fell due in the {say_days(SPAN_DAYS)} up to {say_date(found.until)}, "
        f"{say_percent(found.share)} of the money was not paid within {GRACE_DAYS} days after it was due, and counts "
        "as lost. All that customers who are sent bills will bring is taken to be billed; a bill that is not paid "
        f"costs what was delivered, not the margin on it alone.{everybody}"
    )


def say_alike(risk: RiskAdjusted) -> str:
    """How far customers of about equal value differ in how sure they are; empty where they are few."""
    table = by_tenth(risk)
    if table.empty:
        return ""
    first = table.iloc[0]
    low, high = (say_percent(max(first[name], 0.0)) for name in ("low", "high"))
    if low == high:
        return ""
    least = f"at most {low}" if first["low"] > 0 else "nothing"
    return (
        f"Customers of about equal value differ in how sure they are. In the most valuable tenth, expected to bring "
        f"{say_money(first['expected'], risk.currency)} each on average, one in ten has {least} of it sure, and "
        f"one in ten at least {high}."
    )


def alike_title(table: pd.DataFrame) -> str:
    """How far the most valuable customers differ in how sure they are."""
    if table.empty:
        return "Too few customers to tell how sure those of equal value are"
    first = table.iloc[0]
    if not first["high"] > 0:
        return "In the most valuable tenth nothing of what is expected of a customer is sure"
    low, high = (say_percent(max(first[name], 0.0)) for name in ("low", "high"))
    if low == high:
        return f"In the most valuable tenth {low} of what is expected of a customer is sure"
    return f"In the most valuable tenth {low} to {high} of what is expected of a customer is sure"
