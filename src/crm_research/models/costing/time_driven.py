"""Time-driven activity-based costing: from cost pools, capacity and time to the cost of one unit of each activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import StudyError

# How a resource came to its rate.
BY_CAPACITY: Final = "capacity"
BY_USE: Final = "use"
OVER_CAPACITY: Final = "use beyond capacity"
NOBODY: Final = "nobody used it"
UNUSED_NAMES: Final = (BY_CAPACITY, BY_USE, OVER_CAPACITY, NOBODY)


@dataclass(frozen=True, eq=False, kw_only=True)
class CostRates:
    """What does one unit of each activity cost, and what did nobody use?

    Parameters
    ----------
    activities
        activity, driver, resource, unit_time, quantity (units used), used (time), rate (money a unit), assigned
        (money).
    resources
        resource, cost, capacity, used, unit_rate (money for one unit of capacity), assigned, unused (money), basis
        (``capacity``; ``use`` where no capacity is given; ``use beyond capacity``; ``nobody used it``).
    unpriced
        Activities that are used and stand in no cost pool, to the units used.
    repeated
        Resources all of whose activities carry the same cost and capacity: most likely that of the whole, repeated.
    """

    activities: pd.DataFrame
    resources: pd.DataFrame
    unpriced: dict[str, float]
    repeated: tuple[str, ...] = ()

    @property
    def rates(self) -> dict[str, float]:
        """Activity to the cost of one unit of its driver."""
        return dict(zip(self.activities["activity"], self.activities["rate"], strict=True))

    @property
    def cost(self) -> float:
        """All cost pools together."""
        return float(self.resources["cost"].sum())

    @property
    def assigned(self) -> float:
        """What was used, at its rates."""
        return float(self.activities["assigned"].sum())

    @property
    def unused(self) -> float:
        """What was paid for and nobody used: shown, and spread over nobody."""
        return float(self.resources["unused"].sum())


def rate_activities(activities: pd.DataFrame, used: pd.Series) -> CostRates:
    """What does one unit of each activity cost?

    Parameters
    ----------
    activities
        Grain: activity. activity, cost_pool (money over the period), driver; and where they are known capacity (what
        the pool pays for, in time, or in units of the driver), unit_time (time that one unit takes), resource (who does
        it, where several activities share their cost and capacity: those of its activities are added up).
    used
        Units of each activity used over the same period.

    Returns
    -------
    CostRates
        Without a capacity a pool is spread over what was used. A capacity that was exceeded is taken for as large as
        what was used, so that no more is assigned than was spent.

    Raises
    ------
    StudyError
        If activities share a resource and one of them does not say how long its unit takes: units of different drivers
        cannot be added up.

    References
    ----------
    Kaplan and Anderson (2004), Time-driven activity-based costing, Harvard Business Review 82(11), 131-138.
    """
    frame = _complete(activities)
    _check_shared(frame)
    frame["quantity"] = frame["activity"].map(used).fillna(0.0).astype(float)
    frame["used"] = frame["quantity"] * frame["unit_time"]
    resources = frame.groupby("resource", sort=False, as_index=False).agg(
        cost=("cost_pool", "sum"), capacity=("capacity", "sum"), used=("used", "sum")
    )
    cost, capacity, time = (resources[name].to_numpy(dtype=float) for name in ("cost", "capacity", "used"))
    base = np.maximum(capacity, time)
    unit_rate = np.divide(cost, base, out=np.zeros_like(cost), where=base > 0)
    resources["unit_rate"] = unit_rate
    resources["assigned"] = unit_rate * time
    resources["unused"] = np.where(time >= base, np.where(base > 0, 0.0, cost), cost - unit_rate * time)
    resources["basis"] = np.select(
        [time <= 0, capacity <= 0, time > capacity * (1 + 1e-12)], [NOBODY, BY_USE, OVER_CAPACITY], BY_CAPACITY
    )
    frame["rate"] = frame["unit_time"] * frame["resource"].map(dict(zip(resources["resource"], unit_rate, strict=True)))
    frame["assigned"] = frame["rate"] * frame["quantity"]
    known = set(frame["activity"])
    return CostRates(
        activities=frame[["activity", "driver", "resource", "unit_time", "quantity", "used", "rate", "assigned"]],
        resources=resources,
        unpriced={str(name): float(n) for name, n in used.items() if name not in known and n > 0},
        repeated=_repeated(frame),
    )


def _complete(activities: pd.DataFrame) -> pd.DataFrame:
    frame = activities.reset_index(drop=True).copy()
    for name in ("capacity", "unit_time"):
        frame[name] = pd.to_numeric(frame[name], errors="coerce") if name in frame.columns else np.nan
    shared = frame["resource"] if "resource" in frame.columns else pd.Series(None, index=frame.index, dtype=object)
    alone = frame["activity"].astype(object)
    frame["resource"] = shared.astype(object).where(shared.notna(), alone)
    frame["cost_pool"] = frame["cost_pool"].fillna(0.0).astype(float)
    frame["has_time"] = frame["unit_time"].notna()
    frame["unit_time"] = frame["unit_time"].fillna(1.0)
    frame["capacity"] = frame["capacity"].fillna(0.0)
    return frame


def _check_shared(frame: pd.DataFrame) -> None:
    several = frame.groupby("resource")["activity"].transform("size") > 1
    lacking = frame.loc[several & ~frame["has_time"], "activity"]
    if len(lacking):
        first = lacking.iloc[0]
        resource = frame.loc[frame["activity"] == first, "resource"].iloc[0]
        raise StudyError(
            f"activities.unit_time: {first!r} shares the resource {resource!r} with other activities and does not say "
            "how long one unit takes, so that their use cannot be added up. Fill unit_time, in the unit of capacity, "
            "for every activity of the resource, or leave resource out."
        )


def _repeated(frame: pd.DataFrame) -> tuple[str, ...]:
    found = []
    for resource, rows in frame.groupby("resource", sort=False):
        is_same = rows["cost_pool"].nunique() == 1 and rows["capacity"].nunique() == 1
        if len(rows) > 1 and is_same and (rows["capacity"] > 0).all():
            found.append(str(resource))
    return tuple(found)
