"""What to do about the value of customers: whom to look after, whom to serve otherwise, what to distrust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_research.pillars.value.profit.ledger import pools_difference
from crm_research.pillars.value.setting import cautions, say_costed
from crm_research.show import Step
from crm_research.theme import join_words, say_count, say_money, say_percent

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers


def steps(profit: Profit, tiers: Tiers | None) -> Iterator[Step]:
    """Whom to look after, whom to serve otherwise, whom to lift, and what to mend first."""
    if not profit.is_reconciled:
        yield Step("Find out first why the columns do not add up to the records.", "ledger")
    if tiers is not None and tiers.of("gold")["n_customers"]:
        n = say_count(tiers.of("gold")["n_customers"], "gold customer")
        yield Step(f"Give each of the {n} somebody who looks after them: the list names them.", "gold")
    if profit.has_costs and profit.n_losing:
        yield Step(
            "Look at what those who cost money are sold, at which price and how they are served, before any is let go: "
            "the same work is paid for without them, too.",
            "losses",
        )
    rates = profit.costing.rates
    if rates is not None and rates.unused > 0:
        money, share = say_money(rates.unused, profit.currency), say_percent(rates.unused / rates.cost)
        yield Step(
            f"Use or give up what is paid for and not used: {money}, {share} of the cost of activities.", "costing"
        )
    if tiers is not None and not tiers.lift.empty and float(tiers.lift["more_each"].iloc[0]) > 0:
        n = say_count(tiers.lift["n_customers"].iloc[1], "iron customer")
        yield Step(
            f"Try an offer to half of the {n} nearest to gold, drawn by lot, and compare with the others.", "lift"
        )
    if not profit.n_customers and profit.of_others("revenue") + profit.of_others("fees"):
        yield Step("Give orders and contracts a customer: without it nobody can be valued.", "counted")
    if not profit.has_income:
        yield Step("Bring in orders, or the fees of contracts: without them nobody can be valued.", "counted")
    elif not profit.has_costs:
        yield Step("Bring in what goods and service cost: without it nobody can say who earns money.", "counted")


def gravest_doubt(profit: Profit, tiers: Tiers | None) -> str:
    """What would most change the answer: first of all that the columns do not add up."""
    if not profit.n_customers:
        return next(iter(cautions(profit)), "")
    if not profit.is_reconciled:
        return say_not_reconciled(profit)
    first = next(iter(cautions(profit)), "")
    if not profit.is_profit:
        return first
    if costed := say_costed(profit):
        return costed
    if tiers is not None and len(tiers.others) and float(tiers.others["changed_share"].max()) > 0.25:
        row = tiers.others.loc[tiers.others["changed_share"].idxmax()]
        share = say_percent(float(row["changed_share"]))
        return f"Who is gold hangs on the rule: {share} of customers would be of another tier {row['instead']}."
    return first


def say_not_reconciled(profit: Profit) -> str:
    """Which columns do not add up to the records, and by how much."""
    columns = (profit.failed["what"], profit.failed["difference"].abs())
    parts = [f"{what} by {say_money(off, profit.currency)}" for what, off in zip(*columns, strict=True)]
    if profit.pools_fail:
        parts.append(f"the cost of activities by {say_money(abs(pools_difference(profit.pools)), profit.currency)}")
    return (
        f"THE BOOKS DO NOT ADD UP: {join_words(parts)}. No number here can be relied on before that is mended; look "
        "for customers, contracts or activities that are recorded twice."
    )
