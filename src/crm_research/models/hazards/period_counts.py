"""Counts by period as the grouped model reads them: kinds of contracts, and how long each kind was watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.design import number_values
from crm_research.models.hazards.period_likelihood import Stretches, lay_out_stretches
from crm_research.models.survival.risk import FloatArray, IntArray

_MOST_CODES = 2**62
_DENSE_CODES = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Kinds:
    """Contracts that are alike in every covariate are of one kind; a model needs its columns once for each.

    Parameters
    ----------
    frame
        The covariates of each kind.
    kind
        Number of each counted row's kind.
    """

    frame: pd.DataFrame
    kind: IntArray

    def keep(self, known: NDArray[np.bool_]) -> tuple[Kinds, NDArray[np.bool_]]:
        """Only some of the kinds, and which counted rows are left."""
        rows = known[self.kind]
        number = np.cumsum(known) - 1
        return Kinds(frame=self.frame.iloc[np.flatnonzero(known)], kind=number[self.kind[rows]]), rows

    def add_up(self, values: FloatArray) -> FloatArray:
        """Values of the counted rows, added up for each kind."""
        return np.asarray(np.bincount(self.kind, values, len(self.frame)), dtype=np.float64)


def read_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts as stretches, from the first to the last period watched."""
    frame = counts
    if "period_index" in counts.columns and "first_period" not in counts.columns:
        frame = counts.assign(first_period=counts["period_index"], last_period=counts["period_index"])
    for name in ("first_period", "last_period", "n_at_risk", "n_ended"):
        if name not in frame.columns:
            raise ParameterError(f"The counts have no column {name!r}. {offer_names(name, frame.columns)}")
    wrong = (
        (frame["n_ended"] > frame["n_at_risk"])
        | (frame["n_ended"] < 0)
        | (frame["last_period"] < frame["first_period"])
    )
    if bool(wrong.any()):
        raise ValueError("Counts need 0 <= n_ended <= n_at_risk and first_period <= last_period in every row.")
    counted = frame["n_at_risk"] > 0
    return (frame if bool(counted.all()) else frame.loc[counted]).reset_index(drop=True)


def tell_kinds(frame: pd.DataFrame, covariates: Sequence[str]) -> Kinds:
    """Which counted rows have the same covariates?"""
    names = list(covariates)
    kind, size = np.zeros(len(frame), np.int64), 1
    for name in names:
        codes, distinct = number_values(frame[name])
        if size > _MOST_CODES // (len(distinct) + 1):
            kind, size = _number(kind, size)
        kind, size = kind * (len(distinct) + 1) + codes + 1, size * (len(distinct) + 1)
    kind, size = _number(kind, size)
    first = np.empty(size, np.int64)
    first[kind[::-1]] = np.arange(len(frame))[::-1]
    return Kinds(frame=frame[names].iloc[first], kind=kind)


def _number(codes: IntArray, size: int) -> tuple[IntArray, int]:
    """The codes that occur, numbered, and how many; without hashing where codes are few."""
    if size > _DENSE_CODES * len(codes):
        numbers, among = pd.factorize(codes)
        return numbers.astype(np.int64), len(among)
    occurs = np.zeros(size, dtype=bool)
    occurs[codes] = True
    return (np.cumsum(occurs) - 1)[codes], int(occurs.sum())


def add_up_periods(frame: pd.DataFrame) -> pd.DataFrame:
    """At risk and ended in each period, everybody together."""
    first, last = (frame[name].to_numpy(np.int64) for name in ("first_period", "last_period"))
    size = int(last.max()) + 2
    n, ended = frame["n_at_risk"].to_numpy(np.float64), frame["n_ended"].to_numpy(np.float64)
    at_risk = np.cumsum(np.bincount(first, n, size) - np.bincount(last + 1, n, size))
    table = pd.DataFrame(
        {"period_index": np.arange(size), "n_at_risk": at_risk, "n_ended": np.bincount(last, ended, size)}
    )
    return table.loc[table["n_at_risk"] > 0.5].round().astype(np.int64).reset_index(drop=True)


def number_periods(frame: pd.DataFrame, kinds: Kinds, periods: IntArray) -> tuple[Stretches, NDArray[np.bool_]]:
    """Periods in which nobody ended have no danger and no coefficient; stretches of only such say nothing."""
    begins, until = (frame[name].to_numpy(np.int64) for name in ("first_period", "last_period"))
    every = np.arange(int(until.max(initial=0)) + 1)
    first, last = (np.searchsorted(periods, every, side=side) for side in ("left", "right"))
    counted = (
        kinds.kind,
        first[begins],
        last[until] - 1,
        *(frame[name].to_numpy(np.float64) for name in ("n_at_risk", "n_ended")),
    )
    used = counted[2] >= counted[1]
    if not used.all():
        counted = tuple(values[used] for values in counted)
    return lay_out_stretches(*counted, n_kinds=len(kinds.frame), n_periods=len(periods)), used
