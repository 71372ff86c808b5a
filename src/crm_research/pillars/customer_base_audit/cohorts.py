"""The third and the fourth lens: one cohort over time, and cohorts compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.show.shown import Shown
from crm_research.stats.intervals import difference_from_limits, newcombe_difference, wilson_share
from crm_research.stats.leading import find_leader
from crm_research.stats.skewed import skewed_interval, skewness_of_mean

if TYPE_CHECKING:
    from crm_research.pillars.customer_base_audit.periods import Periods
    from crm_research.stats.intervals import Interval

BEFORE: Final = "from before"
ONLY_RETURNS: Final = "only returns"
NAMELESS: Final = "no customer named"
_FEWEST_TO_COMPARE: Final = 10
# The course of fewer would be that of single customers.
_ENOUGH_TO_FOLLOW: Final = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohorts(Shown):
    """What did the customers first seen in each period bring, then and later?

    Parameters
    ----------
    sums
        cohort (by name; ``from before`` holds all who may have bought before the records begin), period (its number),
        n_customers (of the cohort), n_active, n_orders, revenue; every whole period since the cohort's first, and the
        part of a period that as_of lies in (is_whole False).
    quality
        Of each new cohort whose first period is whole: cohort, n_customers, first_revenue (of a customer in the first
        period; lower, upper), back_share (who bought in the next; back_lower, back_upper; missing until it is over).
    newer
        measure (first_revenue, back_share), older, newer, n_older, n_newer, estimate (newer less older), lower, upper;
        empty where there are too few.
    best
        The cohort that brought most of a customer in its first period, where one is told apart from all others.
    shown
        The one cohort that is followed: the first new one of enough customers, or the largest; None where there is
        none.
    """

    sums: pd.DataFrame
    quality: pd.DataFrame
    newer: pd.DataFrame
    best: str | None
    shown: str | None

    @property
    def course(self) -> pd.DataFrame:
        """The cohort that is followed, a row each whole period since its first: period, n_active and the rest."""
        own = self.sums[(self.sums["cohort"] == self.shown) & self.sums["is_whole"]].reset_index(drop=True)
        size = own["n_customers"]
        return own.assign(
            since=range(len(own)),
            active_share=own["n_active"] / size,
            orders_each=own["n_orders"] / own["n_active"].where(own["n_active"] > 0),
            revenue_an_order=own["revenue"] / own["n_orders"].where(own["n_orders"] > 0),
            revenue_each=own["revenue"] / size,
            revenue_so_far=own["revenue"].cumsum() / size,
        )


def compare_cohorts(
    dated: pd.DataFrame, nameless: pd.DataFrame, periods: Periods, *, new_from: int, confidence: float
) -> Cohorts:
    """What did each cohort bring in each period, and are newer ones as good as older ones were?

    Parameters
    ----------
    dated
        Of `sum_by_cohort`.
    nameless
        Of `sum_nameless`: orders that name no customer are a row of their own.
    periods
        Whose course the cohorts follow.
    new_from
        The first period whose first-seen customers are new ones; all seen earlier are ``from before``.
    confidence
        Level of the intervals.

    Notes
    -----
    Newer cohorts are the later half of those with a whole first period, older ones the earlier half: one comparison,
    fixed beforehand. The best cohort is named only where `find_leader` tells it from every other.
    """
    sizes = dated[dated["first_period"] == dated["period"]].set_index("first_period")["n_active"]
    named = dated.assign(
        cohort=[
            _name(first, periods, new_from) for first in dated["first_period"].to_numpy(dtype=float, na_value=np.nan)
        ],
        n_customers=dated["first_period"].map(sizes).fillna(0).astype("int64"),
    )
    quality = _judge(named, sizes, periods, new_from, confidence)
    return Cohorts(
        sums=_lay_out(named, sizes, nameless, periods, new_from),
        quality=quality.drop(columns=["second", "third"]),
        newer=_compare_halves(quality, confidence),
        best=_find_best(quality, confidence),
        shown=_choose_shown(quality),
    )


def _choose_shown(quality: pd.DataFrame) -> str | None:
    """What became of two customers is no course of a cohort."""
    if quality.empty:
        return None
    enough = quality.index[quality["n_customers"] >= _ENOUGH_TO_FOLLOW]
    return str(quality["cohort"].loc[enough[0] if len(enough) else quality["n_customers"].idxmax()])


def _name(first: float, periods: Periods, new_from: int) -> str:
    if np.isnan(first):
        return ONLY_RETURNS
    return BEFORE if first < new_from else periods.name_of_course(int(first))


def _lay_out(
    named: pd.DataFrame, sizes: pd.Series[int], nameless: pd.DataFrame, periods: Periods, new_from: int
) -> pd.DataFrame:
    """One cohort and period, those without a dealing as noughts, in the order of the cohorts."""
    summed = named.groupby(["cohort", "period"], as_index=False)[["n_active", "n_orders", "revenue", "cost"]].sum()
    guests = nameless.assign(cohort=NAMELESS, n_active=0)[[*summed.columns]]
    held = pd.concat([part for part in (summed, guests) if len(part)], ignore_index=True)
    if held.empty:
        return held.assign(n_customers=[], is_whole=[])
    last = int(held["period"].max())
    starts = {BEFORE: int(held["period"].min()), ONLY_RETURNS: last + 1, NAMELESS: last + 1}
    of = {BEFORE: int(sizes[sizes.index < new_from].sum())}
    for first in sizes.index[sizes.index >= new_from]:
        name = periods.name_of_course(int(first))
        starts[name], of[name] = int(first), int(sizes[first])
    rows = []
    names = [BEFORE, *[name for name in starts if name not in (BEFORE, ONLY_RETURNS, NAMELESS)], ONLY_RETURNS, NAMELESS]
    for name in names:
        own = held[held["cohort"] == name].set_index("period")
        if own.empty:
            continue
        # What lies before the cohort's first purchase (a return) keeps its own period.
        at = sorted({*own.index, *range(starts[name], last + 1)})
        full = own.drop(columns="cohort").reindex(at, fill_value=0).rename_axis("period").reset_index()
        rows.append(full.assign(cohort=name, n_customers=of.get(name, 0)))
    frame = pd.concat(rows, ignore_index=True)
    frame["is_whole"] = frame["period"].between(periods.first, periods.last)
    order = ["cohort", "period", "n_customers", "n_active", "n_orders", "revenue", "cost", "is_whole"]
    return frame[order]


def _judge(
    named: pd.DataFrame, sizes: pd.Series[int], periods: Periods, new_from: int, confidence: float
) -> pd.DataFrame:
    at = named.set_index(["first_period", "period"])
    rows = []
    for first in sizes.index[(sizes.index >= max(new_from, periods.first)) & (sizes.index <= periods.last)]:
        n = int(sizes[first])
        own = at.loc[(first, first)]
        mean, (second, third) = _moments(n, own["revenue"], own["square"], own["cube"])
        limits = _limit_mean(mean, second, third, n, confidence)
        row = {
            "cohort": periods.name_of_course(int(first)), "n_customers": n,
            "first_revenue": mean, "lower": float(limits.lower), "upper": float(limits.upper),
            "n_repeat": np.nan, "back_share": np.nan, "back_lower": np.nan, "back_upper": np.nan,
            "second": second, "third": third,
        }  # fmt: skip
        if first + 1 <= periods.last:
            back = int(at["n_active"].get((first, first + 1), 0))
            share = wilson_share(back, n, confidence=confidence)
            row |= {"n_repeat": back, "back_share": back / n}
            row |= {"back_lower": float(share.lower), "back_upper": float(share.upper)}
        rows.append(row)
    names = ["cohort", "n_customers", "first_revenue", "lower", "upper", "n_repeat", "back_share", "back_lower"]
    return pd.DataFrame(rows, columns=[*names, "back_upper", "second", "third"])


def _moments(n: float, total: float, square: float, cube: float) -> tuple[float, tuple[float, float]]:
    """Mean and the second and third central moments, of sums of powers."""
    mean, second, third = total / n, square / n, cube / n
    return mean, (max(second - mean**2, 0.0), third - 3 * mean * second + 2 * mean**3)


def _limit_mean(mean: float, second: float, third: float, n: int, confidence: float) -> Interval:
    if n < 2:
        return skewed_interval(mean, np.nan, 0.0, 1, confidence=confidence)
    error = np.sqrt(second / (n - 1))
    return skewed_interval(mean, error, skewness_of_mean(second, third, n), n - 1, confidence=confidence)


def _pool(quality: pd.DataFrame) -> tuple[float, tuple[float, float], int]:
    """Mean and central moments of the first revenue of the customers of several cohorts."""
    n = quality["n_customers"].to_numpy(dtype=float)
    mean = quality["first_revenue"].to_numpy(dtype=float)
    second, third = (quality[name].to_numpy(dtype=float) for name in ("second", "third"))
    raw = [mean, second + mean**2, third + 3 * mean * second + mean**3]
    total = n.sum()
    pooled, moments = _moments(total, *(float(n @ power) for power in raw))
    return pooled, moments, int(total)


def _compare_halves(quality: pd.DataFrame, confidence: float) -> pd.DataFrame:
    columns = ["measure", "older", "newer", "n_older", "n_newer", "estimate", "lower", "upper"]
    rows = []
    halves = _halves(quality)
    if halves is not None:
        (older, stood, n_older), (newer, moved, n_newer) = (_pool(half) for half in halves)
        limits = difference_from_limits(
            _limit_mean(newer, *moved, n_newer, confidence), _limit_mean(older, *stood, n_older, confidence)
        )
        rows.append(["first_revenue", older, newer, n_older, n_newer, *(float(part) for part in limits)])
    halves = _halves(quality[quality["n_repeat"].notna()])
    if halves is not None:
        (back_older, n_older), (back_newer, n_newer) = (
            (int(half["n_repeat"].sum()), int(half["n_customers"].sum())) for half in halves
        )
        share = newcombe_difference(back_newer, n_newer, back_older, n_older, confidence=confidence)
        shares = [back_older / n_older, back_newer / n_newer]
        rows.append(["back_share", *shares, n_older, n_newer, *(float(part) for part in share)])
    return pd.DataFrame(rows, columns=columns)


def _halves(quality: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The earlier and the later half of the cohorts; one in the middle is in neither."""
    half = len(quality) // 2
    if half == 0:
        return None
    older, newer = quality.iloc[:half], quality.iloc[-half:]
    fewest = min(older["n_customers"].sum(), newer["n_customers"].sum())
    return (older, newer) if fewest >= _FEWEST_TO_COMPARE else None


def _find_best(quality: pd.DataFrame, confidence: float) -> str | None:
    held = quality[quality["n_customers"] >= _FEWEST_TO_COMPARE]
    error = np.sqrt(held["second"] / (held["n_customers"] - 1))
    place = find_leader(held["first_revenue"], error, confidence=confidence)
    return None if place is None else str(held["cohort"].iloc[place])
