"""Potential left alone: customers of the best tier, or like them, whom nobody spoke to in the months of their value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.contracts.row_checks import is_missing
from crm_research.features.clock import instant
from crm_research.features.money_window import MoneyWindow
from crm_research.features.window import known_rows
from crm_research.pillars.value.profit.measure import open_books, profit_table
from crm_research.pillars.value.tiers.measure import measure_tiers
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, wilson_share

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

BEST: Final = "gold customers"
LIKE: Final = "customers who buy like them"
MOST_LISTED: Final = 20_000
HOW: Final = "share of them with no contact and in no campaign in these months; Wilson limits"
# Tables that tell whom somebody spoke to, with the time at which that was.
_SPOKEN: Final = ("contacts", "campaign_targets")
_DIGITS: Final = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class LeftAlone(Shown):
    """How many of the best customers, and of those like them, did nobody speak to?

    Parameters
    ----------
    window
        The months over which both value and contacts are counted.
    told_by
        Tables that tell of contacts.
    groups
        who, n_customers, n_left_alone, left_alone_share, lower, upper, money (of those left alone, in the window).
    listed
        Those left alone, at most 20,000, the largest money first: who, customer_id, money, purchases.
    """

    window: MoneyWindow
    told_by: tuple[str, ...]
    groups: pd.DataFrame
    listed: pd.DataFrame


def measure_left_alone(study: Study, sound: frozenset[str], *, confidence: float, seed: int) -> LeftAlone | str:
    """Whom of the best did nobody speak to? Why that cannot be told, where it cannot.

    Notes
    -----
    The best are the gold customers of the report on value, by its usual rule. Like them are customers of another tier
    who bought at least as often in these months as the middle one of the gold customers.
    """
    told_by = tuple(name for name in _SPOKEN if name in sound)
    if not told_by:
        return "No contacts and no campaigns are recorded, so nobody can be seen to be left alone."
    if not sound & {"orders", "contracts"}:
        return "Neither orders nor contracts are recorded, so nobody can be seen to be one of the best."
    tiers = measure_tiers(study, confidence=confidence, seed=seed)
    if tiers is None:
        return "Too few customers brought anything to tell the best of them."
    books = open_books(study, confidence=confidence)
    table = profit_table(study, books)
    spoken = _spoken_to(study, told_by, books.window)
    if spoken is None:
        return "The contacts that are recorded carry no time, so it cannot be told who was left alone."
    people = table.select("customer_id", "profit", "income", "n_orders").left_join(spoken, "customer_id")
    people = people.mutate(is_alone=is_missing(people.customer_id_right)).drop("customer_id_right")
    gold = people.profit >= tiers.cuts[0]
    often = _middle_orders(people, gold)
    like = ~gold & (people.n_orders >= often) if often else ibis.literal(value=False)
    placed = people.mutate(who=ibis.cases((gold, BEST), (like, LIKE), else_=""))
    placed = placed.filter(placed.who != "")
    return LeftAlone(
        window=books.window, told_by=told_by, groups=_count(placed, confidence), listed=_list(placed)
    )  # fmt: skip


def _spoken_to(study: Study, told_by: tuple[str, ...], window: MoneyWindow) -> ir.Table | None:
    """Customers with a contact, or chosen for a campaign and not held back, in these months."""
    found = []
    for name in told_by:
        rows, at = known_rows(study, name), "opened_at" if name == "contacts" else "targeted_at"
        if at not in rows.columns:
            rows = _with_start(study, rows)
        if rows is None:
            continue
        if "is_control" in rows.columns:
            rows = rows.filter(~rows.is_control.fill_null(ibis.literal(value=False)))
        is_then = (rows[at] >= instant(window.start)) & (rows[at] < instant(window.end))
        found.append(rows.filter(is_then, ~is_missing(rows.customer_id)).select("customer_id").distinct())
    if not found:
        return None
    return found[0] if len(found) == 1 else ibis.union(*found, distinct=True)


def _with_start(study: Study, rows: ir.Table) -> Any:
    """Targets without a time of their own were chosen when their campaign began."""
    if not study.has("campaigns"):
        return None
    campaigns = known_rows(study, "campaigns").select("campaign_id", targeted_at="started_at")
    return rows.inner_join(campaigns, "campaign_id")


def _middle_orders(people: ir.Table, gold: Any) -> int:
    """Purchases of the middle gold customer in the window; 0 where they bought nothing."""
    counted = people.filter(gold).group_by("n_orders").aggregate(n=lambda t: t.count()).order_by("n_orders").to_pandas()
    if counted.empty:
        return 0
    reached = counted["n"].cumsum() >= counted["n"].sum() / 2
    return int(counted.loc[reached, "n_orders"].iloc[0])


def _count(placed: ir.Table, confidence: float) -> pd.DataFrame:
    alone = placed.is_alone
    counted = (
        placed.group_by("who")
        .aggregate(
            n_customers=placed.count(),
            n_left_alone=placed.count(where=alone),
            money=alone.ifelse(placed.income, 0.0).sum().round(_DIGITS),
        )
        .to_pandas()
        .set_index("who")
        .reindex([BEST, LIKE])
        .fillna(0)
        .reset_index()
    )
    counted = counted.loc[counted["n_customers"] > 0].astype({"n_customers": int, "n_left_alone": int})
    share: Interval = wilson_share(counted["n_left_alone"], counted["n_customers"], confidence=confidence)
    counted = counted.assign(left_alone_share=share.estimate, lower=share.lower, upper=share.upper)
    columns = ["who", "n_customers", "n_left_alone", "left_alone_share", "lower", "upper", "money"]
    found: pd.DataFrame = counted[columns].reset_index(drop=True)
    return found


def _list(placed: ir.Table) -> pd.DataFrame:
    rows = placed.filter(placed.is_alone)
    rows = rows.select("customer_id", "who", money=rows.income.round(_DIGITS), purchases=rows.n_orders)
    found: pd.DataFrame = (
        rows.order_by([rows.money.desc(), rows.customer_id.asc()]).limit(MOST_LISTED).to_pandas()
    )  # fmt: skip
    return found.assign(purchases=np.nan_to_num(found["purchases"].astype(float)).astype(int))
