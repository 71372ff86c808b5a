"""Who is missing from the records at each tenure, and the weights that stand in for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.survival.kaplan_meier import product_limit
from crm_research.models.survival.risk import FloatArray, IntArray, RiskTable, build_risk_table, count_rows

FEWEST_WATCHED: Final = 20
_LEAST_SEEN: Final = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcomes:
    """What became of the customers that were judged.

    Parameters
    ----------
    entry, tenure, ended
        From when on each was watched, until when, and whether that was the end.
    table, survival
        Everybody at risk by tenure, and Kaplan-Meier after each.
    owner
        Number of the customer each row belongs to, where some have several; None where every row stands alone.
    """

    entry: FloatArray
    tenure: FloatArray
    ended: NDArray[np.bool_]
    table: RiskTable
    survival: FloatArray
    owner: IntArray | None = None

    @property
    def n(self) -> int:
        """Rows judged: customers, or contracts."""
        return len(self.tenure)

    def error_of(self, influence: FloatArray) -> float:
        """The standard error of a sum, from what each row moves it by; rows of one customer move together."""
        each = influence if self.owner is None else np.bincount(self.owner, influence)
        return float(np.sqrt(np.sum(each**2)))

    def seen(self, days: FloatArray, *, after: bool = False) -> FloatArray:
        """The share of those still there that the records watch just before each tenure, up to one factor for all.

        Without late entry this is Kaplan-Meier of the censoring, G, exactly: at risk = n S G. With late entry it
        also allows for those who left before anybody watched.

        Parameters
        ----------
        after
            Just after the tenure instead.
        """
        survival = np.concatenate([[1.0], self.survival])
        place = np.searchsorted(self.table.tenure_days, days, side="right" if after else "left")
        staying = survival[place]
        at_risk = self.watched(days, after=after)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(staying > 0, at_risk / (staying * self.n), 0.0)

    @cached_property
    def own_seen(self) -> FloatArray:
        """`seen` at each one's own tenure."""
        return self.seen(self.tenure)

    def watched(self, days: FloatArray, *, after: bool = False) -> FloatArray:
        """How many were under observation just before (or after) each tenure?"""
        entered = np.sort(np.where(self.entry <= 0, -1.0, self.entry))
        left = np.sort(self.tenure)
        side: Literal["left", "right"] = "right" if after else "left"
        inside = np.searchsorted(entered, days, side=side) - np.searchsorted(left, days, side=side)
        return np.asarray(inside, dtype=np.float64)

    def kaplan_meier(self, days: FloatArray) -> FloatArray:
        """Survival at these tenures."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.table.tenure_days, days, side="right")]


def read_outcomes(frame: pd.DataFrame) -> Outcomes:
    """Check and count what became of the customers.

    Parameters
    ----------
    frame
        One row for each customer judged: ``tenure_days`` (or days since as_of), ``is_ended``, ``entry_days``
        (0 without the column), ``customer_id`` (optional: rows of one customer vary together).
    """
    for name in ("tenure_days", "is_ended"):
        if name not in frame.columns:
            raise ParameterError(f"The outcomes have no column {name!r}. {offer_names(name, frame.columns)}")
    tenure = frame["tenure_days"].to_numpy(dtype=np.float64)
    entry = frame["entry_days"].to_numpy(dtype=np.float64) if "entry_days" in frame.columns else np.zeros(len(frame))
    ended = frame["is_ended"].to_numpy(dtype=bool)
    if not (np.isfinite(tenure).all() and np.isfinite(entry).all()) or bool(np.any((tenure <= entry) & (entry > 0))):
        raise ParameterError("Outcomes need a tenure in every row, beyond the tenure at which observation began.")
    if not ended.any():
        raise NotEnoughData("A validation card", needed=1, found=0, mend="Nobody ended in the time judged.")
    counts = count_rows(pd.Series(tenure), pd.Series(ended), entry_days=pd.Series(np.maximum(entry, 0.0)))
    table = build_risk_table(counts)
    return Outcomes(
        entry=entry,
        tenure=tenure,
        ended=ended,
        table=table,
        survival=product_limit(table)[0],
        owner=_owners(frame),
    )


def _owners(frame: pd.DataFrame) -> IntArray | None:
    if "customer_id" not in frame.columns or not frame["customer_id"].duplicated().any():
        return None
    return np.asarray(pd.factorize(frame["customer_id"], use_na_sentinel=False)[0], dtype=np.int64)


def usable_horizon(outcomes: Outcomes, *, least_seen: float = _LEAST_SEEN) -> float:
    """Up to which tenure are enough customers still watched for their weights to be trusted?

    The last tenure at which at least 20 are watched and the share seen is at least 5 % of its largest value:
    beyond it single customers stand for dozens of others.
    """
    days = outcomes.table.tenure_days
    seen, watched = outcomes.seen(days), outcomes.watched(days)
    largest = float(seen.max())
    solid = (watched >= min(FEWEST_WATCHED, outcomes.n)) & (seen >= least_seen * largest)
    return float(days[np.flatnonzero(solid)[-1]]) if solid.any() else float(days[0])
