"""What winning a customer costs, by kind of campaign, against what those won bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.winning import REACH_DAYS, kept_addresses, list_won, sum_first_months, sum_winning
from crm_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.lifetime.money import MoneyBasis
    from crm_research.study import Study

# With fewer won, what one of them brings is that of single customers.
FEWEST_WON: Final = 20
# With fewer held back, nobody can tell who would have come anyway.
FEWEST_HELD_BACK: Final = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class Winning:
    """What does winning a customer cost, and what does one bring?

    Parameters
    ----------
    kinds
        kind (of campaign), n_prospects (people), n_addresses (how often they were addressed, all together), n_won,
        n_control (people), n_held_back (how often), cost (of addressing them); came_anyway (share of those won
        who would have come without, NaN where too few were held back), extra, extra_lower, extra_upper (customers won
        beyond those), cost_each, cost_lower, cost_upper (of one more customer; NaN where no more came, as far as can be
        told; without people held back the cost of each who bought), brought (so far, each), to_come (each),
        payback_months (until those won had brought their cost; NaN where they have not yet, or cost nothing).
    n_without_cost
        Campaigns left out since their cost is not recorded.
    """

    kinds: pd.DataFrame
    n_without_cost: int
    is_profit: bool
    currency: str
    confidence: float


def measure_winning(study: Study, lifetime: Lifetime) -> Winning | str:
    """What winning customers cost and how soon they pay it back, or why that is not known."""
    missing = _why_missing(study)
    if missing:
        return missing
    addressed = kept_addresses(study)
    sums = sum_winning(study, addressed).to_pandas()
    n_without = int(sums["n_without_cost"].sum())
    known = sums.loc[(sums["n_without_cost"] == 0) & (sums["n_prospects"] > 0)].reset_index(drop=True)
    if n_without and known.empty:
        return "The cost of campaigns is not recorded throughout, so what winning customers cost is not known."
    if int(known["n_won"].sum()) < FEWEST_WON:
        return (
            f"Fewer than {FEWEST_WON} customers bought for the first time within {REACH_DAYS} days of being addressed "
            "by a campaign: too few to tell what winning one costs."
        )
    kinds = _count(known, lifetime.confidence)
    won = list_won(addressed)
    kinds = kinds.merge(_bring(won.to_pandas(), lifetime), on="kind", how="left")
    kinds["payback_months"] = _pay_back(study, won, lifetime.basis, kinds)
    return Winning(
        kinds=kinds, n_without_cost=n_without, is_profit=lifetime.is_profit, currency=lifetime.currency,
        confidence=lifetime.confidence,
    )  # fmt: skip


def _why_missing(study: Study) -> str:
    if not study.has("orders"):
        return "Without orders nobody can be seen to buy for the first time."
    if not study.has("campaigns", "campaign_targets"):
        return (
            "What winning customers cost is not in the records: that takes campaigns with their cost, and whom each "
            "addressed."
        )
    if "cost" not in study.table("campaigns").columns:
        return "The cost of campaigns is not recorded, so what winning customers cost is not known."
    return ""


def _count(sums: pd.DataFrame, confidence: float) -> pd.DataFrame:
    # Shares are of addresses: people who are asked month after month, and held back so, are compared month by month.
    won, n = sums["n_won"].to_numpy(dtype=float), sums["n_addresses"].to_numpy(dtype=float)
    kept, n_kept = sums["n_control_won"].to_numpy(dtype=float), sums["n_held_back"].to_numpy(dtype=float)
    is_held = sums["n_control"].to_numpy(dtype=float) >= FEWEST_HELD_BACK
    with np.errstate(divide="ignore", invalid="ignore"):
        share, own = won / n, np.where(is_held, kept / n_kept, np.nan)
        # One more of each outcome (Agresti and Caffo), so that nought of a few is no certainty.
        first, second = (won + 1) / (n + 2), (kept + 1) / (n_kept + 2)
        error = np.sqrt(first * (1 - first) / (n + 2) + second * (1 - second) / (n_kept + 2))
        reach = normal_quantile(confidence) * error
        extra = np.where(is_held, n * (share - own), won)
        lower, upper = (
            np.where(is_held, n * (first - second + sign * reach), np.nan) for sign in (-1, 1)
        )  # fmt: skip
        cost = sums["cost"].to_numpy(dtype=float)
        # Where those held back came as often, as far as anybody can tell, one more customer has no cost to be told.
        is_told = np.where(is_held, lower > 0, extra > 0)
        each = np.where(is_told, cost / extra, np.nan)
        least, most = (np.where(is_told & is_held, cost / end, np.nan) for end in (upper, lower))
    held = ["kind", "n_prospects", "n_addresses", "n_won", "n_control", "n_held_back", "cost"]
    return sums[held].assign(
        came_anyway=np.where(share > 0, own / share, np.nan), extra=extra, extra_lower=lower, extra_upper=upper,
        cost_each=each, cost_lower=least, cost_upper=most,
    )  # fmt: skip


def _bring(won: pd.DataFrame, lifetime: Lifetime) -> pd.DataFrame:
    """What one of those won has brought and will bring, on average."""
    if lifetime.orders is None:
        return pd.DataFrame({"kind": won["kind"].unique(), "brought": np.nan, "to_come": np.nan})
    rows = lifetime.orders.rows[["customer_id"]].assign(
        brought=lifetime.orders.rows["all_spent"] * lifetime.basis.kept_share, to_come=lifetime.orders.value.expected
    )
    return rows.merge(won, on="customer_id").groupby("kind", as_index=False)[["brought", "to_come"]].mean()


def _pay_back(study: Study, won: ir.Table, basis: MoneyBasis, kinds: pd.DataFrame) -> list[float]:
    """The month by whose end those won had brought what one costs: only months seen whole of enough of them."""
    sums = sum_first_months(study, won, money=basis.money, cost_share=basis.cost_share).to_pandas()
    found = []
    for kind, cost in zip(kinds["kind"], kinds["cost_each"].where(kinds["cost"] > 0), strict=True):
        own = sums.loc[sums["kind"] == kind]
        n_seen = own.loc[own["month"] == 0].groupby("seen")["n_customers"].sum()
        brought, place, payback = 0.0, 0, np.nan
        while np.isfinite(cost):
            n = float(n_seen[n_seen.index > place].sum())
            if n < FEWEST_WON:
                break
            month = own.loc[(own["month"] == place) & (own["seen"] > place), "amount"].sum()
            brought += float(month) * basis.factor * basis.kept_share / n
            place += 1
            if brought >= cost:
                payback = float(place)
                break
        found.append(payback)
    return found
