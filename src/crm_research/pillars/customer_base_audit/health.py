"""The fifth lens: does the base get healthier, or does it live on the customers it already has?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crm_research.pillars.customer_base_audit.change import NEW, limit_sum
from crm_research.pillars.customer_base_audit.periods import choose_newer
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_interval, wilson_share

if TYPE_CHECKING:
    from crm_research.pillars.customer_base_audit.change import Change
    from crm_research.pillars.customer_base_audit.periods import Periods

Verdict = Literal["healthier", "weaker", "mixed", "as before", "not told"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Health(Shown):
    """How does the base stand, and which way does it go?

    Parameters
    ----------
    course
        Each whole period: period, n_known (customers with a purchase up to its end), buyers, n_first_seen, revenue (of
        buyers), and active_share, first_seen_share (of buyers), new_revenue_share; the last two are missing where
        first-seen customers may be old ones.
    kept_share
        Of the buyers of the earlier period, who bought in the latest: lower, upper beside estimate, n; None where there
        are none.
    settled_share, settled_before
        The same of those who had bought before the earlier period, and the same one step earlier. First-time buyers,
        of whom fewer come again, would make it the lower, the more of them there are.
    settled_change
        The first of these less the second, with lower, upper and direction.
    new_change
        By how much customers first seen in the latest period brought more than those of the earlier one did in theirs:
        estimate, lower, upper, direction, then, now, n_then, n_now; None where that cannot be told.
    new_periods
        The periods of `new_change`: those that are compared, or shorter ones where customers first seen in the earlier
        of those may be from before.
    new_revenue_share
        Share of the latest period's revenue of buyers that customers first seen in it brought.
    """

    course: pd.DataFrame
    kept_share: dict[str, float] | None
    settled_share: dict[str, float] | None
    settled_before: dict[str, float] | None
    settled_change: dict[str, Any] | None
    new_change: dict[str, Any] | None
    new_periods: Periods | None
    new_revenue_share: float | None

    @property
    def verdict(self) -> Verdict:
        """Which way do both signs point: what new customers bring, and how many buyers come again?"""
        told = [sign["direction"] for sign in (self.new_change, self.settled_change) if sign is not None]
        if not told:
            return "not told"
        if max(told) > 0:
            return "mixed" if min(told) < 0 else "healthier"
        return "weaker" if min(told) < 0 else "as before"


def judge_health(
    dated: pd.DataFrame,
    classes: pd.DataFrame,
    change: Change | None,
    periods: Periods,
    *,
    new_from: int,
    confidence: float,
) -> Health:
    """Which way does the base go?

    Parameters
    ----------
    dated, classes
        Of `sum_by_cohort` and `count_classes`.
    change
        What changed between the two periods that are compared.
    periods, new_from
        Those; the first of the course whose first-seen customers are new ones.
    confidence
        Level of the intervals; a direction is said at half the chance of error, since there are two signs.
    """
    kept_share = settled_share = settled_before = settled_change = new_change = new_share = None
    new_periods = choose_newer(periods, new_from=new_from)
    if change is not None and periods.then is not None:
        kept_share = _kept(classes, "then", "now", confidence)
        settled = _settled(classes, periods.span(periods.then).start)
        settled_share = _kept(settled, "then", "now", confidence)
        if periods.before is not None and settled_share is not None:
            earlier = _settled(classes, periods.span(periods.before).start)
            settled_before = _kept(earlier, "before", "then", confidence)
            if settled_before is not None:
                starts = [periods.span(number).start for number in (periods.before, periods.then)]
                settled_change = _compare_kept(
                    classes, starts, settled_share["estimate"], settled_before["estimate"], confidence
                )
        new = change.sources.set_index("component").loc[NEW]
        brought = float(change.sources["now"].iloc[:2].sum())
        # Of which either gave back more than they bought, there is no share.
        is_share = brought > 0 and 0 <= float(new["now"]) <= brought
        if periods.span(periods.latest or 0).start >= new_from and is_share:
            new_share = float(new["now"]) / brought
        if periods.span(periods.then).start >= new_from:
            new_change, new_periods = dict(new), periods
    if new_change is None and new_periods is not None:
        new_change = _compare_new(dated, new_periods, confidence)
    return Health(
        course=_follow(dated, periods, new_from),
        kept_share=kept_share,
        settled_share=settled_share,
        settled_before=settled_before,
        settled_change=settled_change,
        new_change=new_change,
        new_periods=new_periods if new_change is not None else None,
        new_revenue_share=new_share,
    )


def _compare_new(dated: pd.DataFrame, periods: Periods, confidence: float) -> dict[str, Any]:
    """What first-seen customers brought in one period, less what those of an earlier one did in theirs."""
    own = dated[dated["first_period"] == dated["period"]].set_index("period")
    held = own.reindex([periods.then, periods.latest])[["n_active", "revenue", "square", "cube"]].fillna(0.0)
    (n_then, then, *powers_then), (n_now, now, *powers_now) = held.to_numpy(dtype=float).tolist()
    square, cube = powers_then[0] + powers_now[0], powers_now[1] - powers_then[1]
    found = limit_sum(now - then, square, cube, n=int(n_then + n_now), n_looked_at=2, confidence=confidence)
    return {**found, "then": then, "now": now, "n_then": int(n_then), "n_now": int(n_now)}


def _follow(dated: pd.DataFrame, periods: Periods, new_from: int) -> pd.DataFrame:
    bought = dated[dated["first_period"].notna()]
    own = bought["first_period"] == bought["period"]
    numbers = range(periods.first, periods.last + 1)
    by_period = bought.groupby("period")[["n_active", "revenue"]].sum().reindex(numbers, fill_value=0)
    first = bought[own].set_index("period")[["n_active", "revenue"]].reindex(numbers, fill_value=0)
    earlier = float(bought.loc[own & (bought["period"] < periods.first), "n_active"].sum())
    frame = pd.DataFrame(
        {
            "period": [periods.name_of_course(number) for number in numbers],
            "n_known": (first["n_active"].cumsum() + earlier).astype("int64").to_numpy(),
            "buyers": by_period["n_active"].astype("int64").to_numpy(),
            "n_first_seen": first["n_active"].astype("int64").to_numpy(),
            "revenue": by_period["revenue"].to_numpy(dtype=float),
        }
    )
    is_new = np.asarray(numbers) >= new_from
    buyers, brought = frame["buyers"].where(frame["buyers"] > 0), first["revenue"].reset_index(drop=True)
    revenue = frame["revenue"].where((frame["revenue"] > 0) & (brought >= 0) & (brought <= frame["revenue"]))
    return frame.assign(
        active_share=frame["buyers"] / frame["n_known"].where(frame["n_known"] > 0),
        first_seen_share=(frame["n_first_seen"] / buyers).where(is_new),
        new_revenue_share=(brought.astype(float) / revenue).where(is_new),
    )


def _kept(classes: pd.DataFrame, when: str, later: str, confidence: float) -> dict[str, float] | None:
    bought = classes[classes[f"bought_{when}"] == 1]
    n = int(bought["n_customers"].sum())
    if n == 0:
        return None
    again = int(bought.loc[bought[f"bought_{later}"] == 1, "n_customers"].sum())
    share = wilson_share(again, n, confidence=confidence)
    return {"estimate": again / n, "lower": float(share.lower), "upper": float(share.upper), "n": n}


def _settled(classes: pd.DataFrame, start: int) -> pd.DataFrame:
    return classes[classes["first_period"] < start]


def _compare_kept(
    classes: pd.DataFrame, starts: list[int], now: float, before: float, confidence: float
) -> dict[str, Any]:
    """Two shares of overlapping customers: how far each customer moves their difference (linearised)."""
    n = classes["n_customers"].to_numpy(dtype=float)
    first, second, third = (classes[f"bought_{name}"].to_numpy(dtype=float) for name in ("before", "then", "now"))
    seen = classes["first_period"].to_numpy(dtype=float, na_value=np.nan)
    was_first, was_second = first * (seen < starts[0]), second * (seen < starts[1])
    moved = was_second * (third - now) / (n @ was_second) - was_first * (second - before) / (n @ was_first)
    error = float(np.sqrt(n @ moved**2))
    plain = normal_interval(now - before, error, confidence=confidence)
    strict = normal_interval(now - before, error, confidence=1 - (1 - confidence) / 2)
    direction = 1 if strict.lower > 0 else -1 if strict.upper < 0 else 0
    return {
        "estimate": now - before,
        "lower": max(float(plain.lower), -1.0),
        "upper": min(float(plain.upper), 1.0),
        "direction": direction,
    }
