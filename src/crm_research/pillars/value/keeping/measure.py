"""Retention economics: what more of the customers kept each year would bring, and what keeping one may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.models.lifetime_value import check_yearly_rate, margin_multiple
from crm_research.pillars.value.tiers.measure import NOT_THERE
from crm_research.show.shown import Shown
from crm_research.stats.intervals import FloatArray, wilson_share

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers

POINTS: Final = (1, 5)
_A_YEAR: Final = 12
_FEWEST: Final = 30
_N_DRAWS: Final = 4_000
_ONE_PERCENT: Final = 1.01


@dataclass(frozen=True, eq=False, kw_only=True)
class Keeping(Shown):
    """What would more customers kept each year bring?

    Parameters
    ----------
    tiers
        tier, n_before (customers of the tier in the year before), kept_share, lower, upper (of those who bring anything
        this year), n_customers and mean_profit (of this year), worth_each (today's worth of what one brings from next
        year on), worth_kept (the same of one who surely stays the next year).
    gains
        points (of a hundred more kept), money (of next year), money_share (of what today's customers are expected to
        bring next year), lifetime_share (of all that they will bring from next year on), lower, upper (its limits).
    kept, kept_lower, kept_upper
        Share kept of all customers of the year before, with its limits.
    elasticity, elasticity_lower, elasticity_upper
        By which share 1 % more kept (.808 for .8) raises all that is to come, in percent.
    rate, confidence
        Yearly discount rate; level of the limits.
    """

    tiers: pd.DataFrame
    gains: pd.DataFrame
    kept: float
    kept_lower: float
    kept_upper: float
    n_before: int
    elasticity: float
    elasticity_lower: float
    elasticity_upper: float
    rate: float
    confidence: float
    currency: str

    def gain(self, points: int) -> pd.Series:
        """The row of so many more of a hundred."""
        return self.gains.loc[self.gains["points"] == points].iloc[0]


def measure_keeping(
    profit: Profit, tiers: Tiers | None, *, discount_rate: float, confidence: float = 0.95, seed: int = 20170101
) -> Keeping | str:
    """What would one and five more of a hundred customers, kept each year, bring? Or in a sentence why it is not known.

    Parameters
    ----------
    profit, tiers
        Of twelve months; the tiers with their moves since the year before.
    discount_rate
        A year's, above 0.

    Notes
    -----
    A customer of a tier who brings m this year and stays each year with share r brings m r / (1 + i - r) from next year
    on, in today's money; one who surely stays the next year m / (1 + i - r). More are kept in each tier alike, never
    more than all. Limits take the shares kept as uncertain (Jeffreys' posterior), the money as it is.

    References
    ----------
    Gupta and Lehmann (2003), "Customers as assets", Journal of Interactive Marketing 17(1), 9-24.
    """
    rate = check_yearly_rate(discount_rate, "discount_rate")
    why = _why_not(profit, tiers, rate)
    if why or tiers is None:
        return why
    table = _describe(tiers, confidence)
    if not (table["kept_share"] < 1).any():
        return "All customers of the year before are still there, so that no more of them could be kept."
    n, kept = table["n_before"].to_numpy(dtype=float), table["kept_share"].to_numpy(dtype=float)
    money = (table["n_customers"] * table["mean_profit"]).to_numpy(dtype=float)
    if not money @ margin_multiple(kept, rate) > 0:
        return "Today's customers are not expected to leave anything, so there is nothing to keep them for."
    table["worth_each"] = table["mean_profit"] * margin_multiple(kept, rate)
    table["worth_kept"] = table["mean_profit"] / (1 + rate - kept)
    stayed = np.round(n * kept)
    rng = np.random.default_rng(seed)
    drawn = rng.beta(stayed + 0.5, n - stayed + 0.5, size=(_N_DRAWS, len(n)))
    tail = (1 - confidence) / 2
    rows = []
    for points in POINTS:
        more = points / 100
        low, high = np.quantile(_gain(drawn, drawn + more, money, rate), [tail, 1 - tail])
        added = float(money @ (np.minimum(kept + more, 1.0) - kept))
        raised = float(_gain(kept, kept + more, money, rate))
        rows.append(
            {
                "points": points,
                "money": added,
                "money_share": added / float(money @ kept),
                "lifetime_share": raised,
                # Where all of a few were kept, none of the shares drawn reaches what was counted.
                "lower": min(float(low), raised),
                "upper": max(float(high), raised),
            }
        )
    steep = np.quantile(_gain(drawn, _ONE_PERCENT * drawn, money, rate), [tail, 1 - tail])
    elasticity = float(_gain(kept, _ONE_PERCENT * kept, money, rate))
    share = wilson_share(float(stayed.sum()), float(n.sum()), confidence=confidence)
    return Keeping(
        tiers=table,
        gains=pd.DataFrame(rows),
        kept=float(stayed.sum() / n.sum()),
        kept_lower=float(share.lower),
        kept_upper=float(share.upper),
        n_before=int(n.sum()),
        elasticity=elasticity,
        elasticity_lower=min(float(steep[0]), elasticity),
        elasticity_upper=max(float(steep[1]), elasticity),
        rate=rate,
        confidence=confidence,
        currency=profit.currency,
    )


def _why_not(profit: Profit, tiers: Tiers | None, rate: float) -> str:
    if tiers is None:
        return "Without tiers it is not known how many customers of which kind are kept."
    if profit.window.months != _A_YEAR:
        return (
            "What keeping customers is worth is told from two years of twelve whole months, and here are other months."
        )
    if not len(tiers.moves):
        return tiers.why_no_moves
    if rate == 0:
        return "Without a discount rate what customers will bring for ever has no end: give discount_rate."
    n = int(tiers.moves.loc[tiers.moves["before"] != NOT_THERE, "n_customers"].sum())
    if n < _FEWEST:
        return f"The year before had {n:,} customers, too few to tell how many are kept; it takes {_FEWEST}."
    return ""


def _describe(tiers: Tiers, confidence: float) -> pd.DataFrame:
    were = tiers.moves.loc[tiers.moves["before"] != NOT_THERE]
    by = were.groupby("before")["n_customers"].sum()
    gone = were.loc[were["now"] == NOT_THERE].groupby("before")["n_customers"].sum()
    now = tiers.tiers.set_index("tier")
    names = [name for name in now.index if name in by.index and now.loc[name, "n_customers"] > 0]
    n = by.reindex(names).to_numpy(dtype=float)
    stayed = n - gone.reindex(names).fillna(0).to_numpy(dtype=float)
    limits = wilson_share(stayed, n, confidence=confidence)
    return pd.DataFrame(
        {
            "tier": names,
            "n_before": n.astype(int),
            "kept_share": stayed / n,
            "lower": np.asarray(limits.lower, dtype=float),
            "upper": np.asarray(limits.upper, dtype=float),
            "n_customers": now.loc[names, "n_customers"].to_numpy(dtype=int),
            "mean_profit": now.loc[names, "mean_profit"].to_numpy(dtype=float),
        }
    )


def _gain(kept: Any, more: Any, money: FloatArray, rate: float) -> FloatArray:
    """By which share all that is to come rises when more are kept."""
    return np.asarray(margin_multiple(np.minimum(more, 1.0), rate) @ money / (margin_multiple(kept, rate) @ money) - 1)
