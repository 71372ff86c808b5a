"""What to do about the customer base: whom to look after, what to find out, what to mend first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from crm_research.figures import says_nothing
from crm_research.settings import least_group
from crm_research.show import Step
from crm_research.theme import join_words, say_count, say_money, say_percent, say_plainly, word_for

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.customer_base.base import CustomerBase

_NEARLY_ALL: Final = 0.95
_NAMED: Final = 4


def steps(base: CustomerBase) -> Iterator[Step]:
    """Whom to look after, what to find out, and what to mend, each only where there is something to do."""
    if base.verdict.errors or base.verdict.warnings:
        yield Step("Mend the records where a rule is broken: the numbers that rest on it are doubtful.", "quality")
    found = base.concentration
    if base.orders is not None and base.orders.is_one_order:
        yield Step(
            f"Make sure that the order of {say_money(base.orders.largest, base.currency)} is right: it alone is most "
            "of the revenue.",
            "quality",
        )
    if found is not None and found.is_one_customer:
        yield Step("Look after the one customer who brings most of the revenue, and win others beside them.", "tenths")
    elif found is not None and not says_nothing(float(found.top20.lower), float(found.top20.upper), span=1.0):
        share = say_percent(float(found.top20.estimate))
        yield Step(
            f"Make sure that somebody looks after the top fifth of buyers: they bring {share} of the revenue.", "tenths"
        )
    nameless = base.coverage.loc[
        (base.coverage["what"] == "dealings, but no customer record") & (base.coverage["n_customers"] > 0)
    ]
    for n in nameless["n_customers"]:
        yield Step(
            f"Find {_say_records(int(n))} with dealings but no entry of their own.",
            "coverage",
        )
    least = least_known(base)
    if least is not None and least["share"] < _NEARLY_ALL:
        share = say_percent(float(least["share"]))
        yield Step(
            f"Ask for what is missing: {detail(least)} is known of only {share} of customers.",
            "coverage",
        )
    if base.orders is None:
        yield Step("Bring in what customers pay: without it nobody can say on how few the revenue rests.", "claims")
    if base.growth is not None:
        yield Step("Watch how many customers buy for the first time: the base lives on them.", "growth")


def gravest_doubt(base: CustomerBase) -> str:
    """What would most change the answer; empty where the records are in order and name everybody."""
    if base.verdict.errors:
        return base.verdict.headline()
    if base.orders is not None and base.orders.is_one_order:
        share = say_percent(base.orders.largest / base.orders.revenue)
        return (
            f"One order, of {say_money(base.orders.largest, base.currency)}, makes up {share} of the revenue: if it is "
            "wrong, so is every share of revenue here."
        )
    if base.orders is not None and base.orders.n_nameless:
        return (
            f"{say_count(base.orders.n_nameless, 'order')} {word_for(base.orders.n_nameless, 'names', 'name')} no "
            "customer, so shares of customers are of the other orders alone."
        )
    return ""


def say_known(base: CustomerBase) -> str:
    """How well are customers known? Empty where nothing is asked of them."""
    least = least_known(base)
    if not base.n_customers:
        return ""
    if least is None and base.elsewhere:
        held = join_words(
            [f"{_named(names)} with their {say_plainly(table)}" for table, names in base.elsewhere.items()]
        )
        return f"Nothing is recorded of customers themselves, but {held}."
    if least is None:
        return "Beside their dealings nothing is recorded of customers."
    if least["share"] >= _NEARLY_ALL:
        share = say_percent(float(least["share"]))
        known = "all of them" if least["share"] == 1 else f"{share} of them or more"
        return f"All that is recorded of customers is known of {known}."
    share = say_percent(float(least["share"]))
    return f"Of what is recorded of customers, {detail(least)} is the least complete: it is known of {share}."


def _named(names: Sequence[str]) -> str:
    """Details by their names, the first of them, and how many more there are."""
    shown = [say_plainly(name) for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return join_words([*shown, f"{more} more"] if more else shown)


def _say_records(n: int) -> str:
    """Records of so many customers; of fewer than are told apart, that there are a few."""
    if n < least_group():
        return "the records of the few customers"
    return word_for(n, "the record of 1 customer", f"the records of {n:,} customers")


def least_known(base: CustomerBase) -> pd.Series | None:
    """The detail that is known of fewest customers; None where none is recorded."""
    details = base.coverage.loc[base.coverage["about"] == "details"].sort_values("share", kind="stable")
    return None if details.empty else details.iloc[0]


def detail(row: pd.Series) -> str:
    """A detail by its name."""
    return str(row["what"]).removesuffix(" known").replace("registered at", "the day of registration")
