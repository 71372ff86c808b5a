"""What to do with the audit: where to look first, and what would overturn it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crm_research.pillars.customer_base_audit import words
from crm_research.show import Step
from crm_research.theme import say_count, say_money, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit

_FALLEN: Final = {
    "customers": "Find out why fewer customers bought: {change} of the change of revenue is owed to that.",
    "frequency": "Find out why each customer bought less often: {change} of the change of revenue is owed to that.",
    "spend": "Find out why a purchase brought less: {change} of the change of revenue is owed to that.",
}


def steps(audit: CustomerBaseAudit) -> Iterator[Step]:
    """Where to look first, each only where there is something to look at."""
    books = audit.books
    if not books.is_balanced:
        yield Step("Mend the records first: the books do not balance.", "balance")
    if audit.change is not None:
        rows = audit.change.revenue.set_index("component")
        for name, said in _FALLEN.items():
            row = rows.loc[name]
            if row["direction"] < 0:
                yield Step(said.format(change=say_money(float(rows["estimate"][name]), audit.currency)), "change")
    health = audit.health
    if health is not None and health.new_change is not None and health.new_change["direction"] < 0:
        yield Step(
            "Look at how customers are won: those first seen lately bring less than those before them did.",
            "health",
        )
    if health is not None and health.settled_change is not None and health.settled_change["direction"] < 0:
        yield Step("Look at why fewer customers come again, before winning more of them.", "health")
    spread = audit.spread
    if spread is not None and spread.top20 is not None and spread.tells_few:
        share = say_percent(float(spread.top20.estimate))
        yield Step(f"See that somebody knows the top fifth of buyers by name: they brought {share}.", "differences")
    if books.is_much_nameless:
        share = say_percent(books.nameless_revenue / books.revenue)
        yield Step(f"Give orders a customer: {share} of the revenue names none.", "balance")
    if books.n_undated:
        n = books.n_undated
        yield Step(
            f"Date the {say_count(n, 'order')} without a date: {word_for(n, 'it is', 'they are')} in no period.",
            "balance",
        )


def gravest_doubt(audit: CustomerBaseAudit) -> str:
    """What would most change the answer."""
    books, periods = audit.books, audit.periods
    if not books.is_balanced:
        return words.say_books(audit)
    if books.is_much_nameless:
        share = say_percent(books.nameless_revenue / books.revenue)
        return (
            f"Orders that name no customer bring {share} of the revenue: whoever is behind them is neither new "
            "nor kept here."
        )
    if periods is not None and periods.then is not None and not periods.is_same_season:
        return (
            f"{periods.name(periods.then)} and {periods.name(periods.latest)} lie in different seasons, and the "
            "records do not say what of the change is the season's."
        )
    if audit.intake is not None and not audit.intake.is_flat:
        return words.say_intake(audit)
    return ""
