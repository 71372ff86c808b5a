"""What is counted, over which months, and what is not: the notes that a reader needs before the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crm_research.features.money_window import FEW_LATE
from crm_research.models.costing.time_driven import BY_USE, NOBODY, OVER_CAPACITY
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_money,
    say_months,
    say_percent,
    word_for,
)
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.features.money_window import MoneyWindow
    from crm_research.pillars.value.profit.measure import Profit

_LEAST_COSTED: Final = 0.995
_NAMED: Final = 4


def say_window(window: MoneyWindow) -> str:
    """The window by its first and last day, and its length."""
    days = f"{say_date(window.start)} to {say_date(window.last_day)}"
    return f"{days} ({say_months(window.months)})" if window.months else days


def say_counted(profit: Profit) -> str:
    """What was counted of whom, over which months."""
    parts = {
        "orders": "orders after discount, returns taken off",
        "fees": "fees of contracts",
        "goods": "cost of goods",
        "service": "use of activities at what a unit costs",
        "contacts": "costs of contacts",
    }
    held = [words for name, words in parts.items() if profit.sources[name]]
    if not profit.has_income:
        return "Nothing can be counted: the records hold neither orders nor fees of contracts."
    if profit.costing.plan.capital_rate and profit.sources["invoices"]:
        held.append(f"money owed, at {say_percent(profit.costing.plan.capital_rate)} a year")
    return (
        f"From {say_window(profit.window)}, of {say_count(profit.n_customers, 'customer')}: {join_words(held)}. What "
        f"is left is called {profit.noun} here."
    )


def cautions(profit: Profit) -> Iterator[str]:
    """What is missing, doubtful or left out, one sentence each."""
    if profit.window.is_shorter and profit.window.months:
        yield (
            f"The records hold {say_months(profit.window.months)} of the {profit.window.asked} asked for: compare with "
            "windows of the same length only."
        )
    if not profit.window.months:
        yield "The records hold no whole calendar month: all that they hold is counted."
    if profit.late_share > FEW_LATE:
        yield (
            f"Of the contracts that ran when these months began, {say_percent(profit.late_share)} are in the records "
            "only since later: who left before that is missing, with what they brought."
        )
    if profit.misses_leavers:
        yield (
            "Ends of contracts are recorded only since late in these months or after them: who left before is missing, "
            "with what they brought."
        )
    if profit.has_no_ends:
        yield (
            "No end of any contract is recorded: if contracts that ended are left out of the records, who left is "
            "missing, with what they brought."
        )
    yield from _missing_costs(profit)
    yield from _contact_costs(profit)
    yield from _receivables(profit)
    yield from _strangers(profit)
    yield from _activities(profit)


def _missing_costs(profit: Profit) -> Iterator[str]:
    if profit.costing.refused:
        yield f"The use of activities is charged to nobody. {profit.costing.refused}"
    if not profit.has_income:
        return
    if not profit.has_costs:
        yield f"{first_capital(why_no_costs(profit))}, so this is revenue and no profit: who costs money is not seen."
        if profit.n_losing:
            n = say_count(profit.n_losing, "customer")
            yield f"{n} gave back more than they bought in these months: {say_money(-profit.loss, profit.currency)}."
        return
    if profit.sources["orders"] and not profit.sources["goods"]:
        what = (
            first_capital(why_no_costs(profit)) if profit.costing.costed_share else "The cost of goods is not recorded"
        )
        yield f"{what}, so this is no profit: what is left is too much by that."
    if said := say_costed(profit):
        yield said
    if profit.sources["fees"] and profit.of_customers("fees"):
        yield "What it costs to fulfil contracts beside activities and contacts is not recorded: fees count in full."
    if not profit.sources["service"] and not profit.costing.refused:
        yield "No use of activities is recorded with its cost: what customers cost to serve is not in what is left."


def say_costed(profit: Profit) -> str:
    """That the cost of goods is known of a part of the sales only; empty where it is known of all, or left out."""
    sales, costed = profit.of_customers("sales"), profit.of_customers("costed")
    if not profit.sources["goods"] or not sales > 0 or costed >= _LEAST_COSTED * sales:
        return ""
    return (
        f"The cost of goods is recorded for {say_percent(costed / sales)} of sales only; the others count as if their "
        "goods had cost nothing."
    )


def why_no_costs(profit: Profit) -> str:
    """Why this is revenue, within a sentence: no costs at all, or those of goods of too few sales to go by."""
    share = profit.costing.costed_share
    if share and not profit.sources["goods"]:
        return f"the cost of goods is recorded for {say_percent(share)} of sales only and left out"
    return "the study records no costs of customers"


def _contact_costs(profit: Profit) -> Iterator[str]:
    if profit.sources["service"] and profit.sources["contacts"] and profit.of_customers("contacts"):
        yield (
            "Both activities and contacts carry costs. If the activities already hold what contacts cost, it is "
            "counted twice: then set contact_costs to False."
        )


def _receivables(profit: Profit) -> Iterator[str]:
    owed = profit.of_customers("receivables")
    if not profit.sources["invoices"] or not owed or profit.costing.plan.capital_rate is not None:
        return
    years = profit.window.days / DAYS_PER_YEAR
    money, one = (say_money(amount, profit.currency) for amount in (owed / years, owed / 100))
    yield (
        f"Customers owed {money} on average, and what that costs is not charged: no capital_rate is given. Each "
        f"percent a year would be {one} over these months."
    )


def _strangers(profit: Profit) -> Iterator[str]:
    income = profit.of_others("revenue") + profit.of_others("fees")
    if income:
        yield (
            f"{say_money(income, profit.currency)} of revenue name no customer: they are in the ledger and with no "
            "customer."
        )
    costs = profit.of_others("service") + profit.of_others("contacts")
    if costs:
        yield (
            f"Costs of {say_money(costs, profit.currency)} are of customers who stand in no table of customers, orders "
            "or contracts: they are in the ledger and spread over nobody."
        )


def _activities(profit: Profit) -> Iterator[str]:
    rates = profit.costing.rates
    if rates is None:
        return
    if rates.unpriced:
        named = [f"{name!r}" for name in list(rates.unpriced)[:_NAMED]]
        more = len(rates.unpriced) - len(named)
        names = join_words([*named, f"{more} more"] if more else named)
        verb = word_for(len(rates.unpriced), "is", "are")
        yield f"{names} {verb} used and {word_for(len(rates.unpriced), 'has', 'have')} no cost: the use is not charged."
    for basis, said in (
        (OVER_CAPACITY, "used beyond the capacity paid for: all of the cost is charged, and the capacity is too low"),
        (NOBODY, "paid for and used by nobody: the cost is charged to nobody"),
        (BY_USE, "without a capacity: all of the cost is charged to those who used it, idle time among it"),
    ):
        found = rates.resources.loc[(rates.resources["basis"] == basis) & (rates.resources["cost"] > 0), "resource"]
        if len(found):
            names = join_words([f"{name!r}" for name in found[:_NAMED]])
            others = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
            yield f"{names}{others} {word_for(len(found), 'is', 'are')} {said}."
    for resource in rates.repeated:
        yield (
            f"All activities of {resource!r} carry the same cost and capacity. They are added up: if each is that of "
            "the whole, write it at one of them and 0 at the others."
        )
