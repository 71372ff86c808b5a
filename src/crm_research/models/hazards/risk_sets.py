"""Who is at risk at each end, and sums over those sets that never lay out rows times tenures.

Every row is at risk for the ends numbered [first, last). A sum over each risk set is a running difference of sums of
rows that stop (and begin) together; a sum over each row's ends is a difference of two running values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray

# With at least so many rows to one end, adding up neighbours is faster than sorting rows into bins.
_ROWS_TO_AN_END: Final = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskSets:
    """Which ends is each row at risk for? Rows are in the order of `order`, ends numbered by stratum and tenure.

    Parameters
    ----------
    order
        Rows of the input in the order of the arrays here: of the last end they are at risk for.
    first, last
        Row i is at risk for the ends numbered first[i] to last[i] - 1.
    stratum, tenure_days, n_ended
        Of each numbered end (a tenure of a stratum at which anybody ended).
    event_rows, event_place, event_nth
        Rows that ended, the number of that end, and 0, 1, ... among those who ended together.
    """

    order: IntArray
    first: IntArray
    last: IntArray
    stratum: IntArray
    tenure_days: FloatArray
    n_ended: IntArray
    event_rows: IntArray
    event_place: IntArray
    event_nth: IntArray

    @cached_property
    def tie_share(self) -> FloatArray:
        """Efron's share of those who ended together that is taken out of the risk set, for each end."""
        return np.asarray(self.event_nth / self.n_ended[self.event_place])

    @cached_property
    def has_ties(self) -> bool:
        """Did anybody end together? If not, every end has a number of its own."""
        return len(self.event_place) > len(self.tenure_days)

    @cached_property
    def _begin_together(self) -> bool:
        return not self.first.any()

    @cached_property
    def _stops(self) -> IntArray | None:
        """Where runs of rows with the same last end begin; None where runs are short."""
        if len(self.last) < _ROWS_TO_AN_END * len(self.tenure_days):
            return None
        return np.flatnonzero(np.concatenate([[True], self.last[1:] != self.last[:-1]]))

    @cached_property
    def _event_starts(self) -> IntArray:
        return np.flatnonzero(self.event_nth == 0)

    @cached_property
    def _begin_with_stratum(self) -> list[tuple[int, int]] | None:
        """Where the ends of each of several strata begin and stop, if no row begins late in its own."""
        starts = np.flatnonzero(np.diff(self.stratum, prepend=-1))
        if len(starts) < 2 or not np.isin(self.first[self.last > self.first], starts).all():
            return None
        return list(zip(starts.tolist(), [*starts[1:].tolist(), len(self.stratum)], strict=True))

    def risk_sums(self, values: FloatArray) -> FloatArray:
        """Sum over the rows at risk, at each numbered end."""
        if self._begin_with_stratum is not None:
            # Each stratum by itself: beside a large weight of another one no digit is lost.
            moves = self._by_last(np.where(self.last > self.first, values, 0.0))
            sums = np.empty(len(self.tenure_days))
            for start, stop in self._begin_with_stratum:
                sums[start:stop] = np.cumsum(moves[stop:start:-1])[::-1]
            return sums
        moves = self._by_last(values)
        if self._begin_together:
            return np.asarray(np.cumsum(moves[:0:-1])[::-1])
        # Running differences: long doubles keep small late risk sets exact.
        moves -= np.bincount(self.first, values, len(moves))
        return np.cumsum(moves[:0:-1].astype(np.longdouble))[::-1].astype(np.float64)

    def event_sums(self, values: FloatArray) -> FloatArray:
        """Sum over the rows at risk at each row's end, less Efron's share of those who ended together."""
        sums = self.risk_sums(values)
        if not self.has_ties:
            return sums
        place = self.event_place
        tied = self.sum_by_end(values[self.event_rows])
        return np.asarray(sums[place] - self.tie_share * tied[place])

    def row_hazard(self, each_event: FloatArray) -> FloatArray:
        """For each row, the sum of a value per end over the ends it was at risk for, allowing for its own tie."""
        total = np.concatenate([[0.0], np.cumsum(self.sum_by_end(each_event))])
        rows = total[self.last]
        if not self._begin_together:
            rows -= total[self.first]
        if self.has_ties:
            own = self.sum_by_end(each_event * self.tie_share)
            rows[self.event_rows] -= own[self.event_place]
        return np.asarray(rows)

    def sum_by_end(self, each_event: FloatArray) -> FloatArray:
        """Values of those who ended, added up at each numbered end."""
        if not self.has_ties:
            return each_event
        if len(self.event_place) >= _ROWS_TO_AN_END * len(self.tenure_days):
            return np.asarray(np.add.reduceat(each_event, self._event_starts))
        return np.asarray(np.bincount(self.event_place, each_event, len(self.tenure_days)), dtype=np.float64)

    def _by_last(self, values: FloatArray) -> FloatArray:
        size = len(self.tenure_days) + 1
        if self._stops is None:
            return np.asarray(np.bincount(self.last, values, size), dtype=np.float64)
        sums = np.zeros(size)
        if len(values):
            sums[self.last[self._stops]] = np.add.reduceat(values, self._stops)
        return sums


def build_risk_sets(entry: FloatArray, tenure: FloatArray, ended: NDArray[np.bool_], stratum: IntArray) -> RiskSets:
    """Number the ends, and find for each row those it is at risk for: after its entry, up to its tenure.

    Whoever enters at 0 is at risk at 0 too.
    """
    order = np.lexsort((tenure, stratum))
    entry, tenure, ended, stratum = entry[order], tenure[order], ended[order], stratum[order]
    ends_stratum, ends_tenure, n_ended = _number_ends(tenure[ended], stratum[ended])
    first, last = np.zeros(len(tenure), np.int64), np.zeros(len(tenure), np.int64)
    late = entry > 0
    for number in np.unique(stratum):
        rows = slice(*np.searchsorted(stratum, [number, number + 1]))
        base, beyond = np.searchsorted(ends_stratum, [number, number + 1])
        days = ends_tenure[base:beyond]
        last[rows] = base + np.searchsorted(days, tenure[rows], side="right")
        first[rows] = base
        first[rows][late[rows]] += np.searchsorted(days, entry[rows][late[rows]], side="right")
    # Of those with the same last end, the ones that ended come first.
    again = np.argsort(2 * last + ~ended, kind="stable")
    order, first, last, ended = order[again], first[again], last[again], ended[again]
    event_rows = np.flatnonzero(ended)
    place = last[event_rows] - 1
    starts = np.searchsorted(place, np.arange(len(ends_tenure)))
    return RiskSets(
        order=order,
        first=first,
        last=last,
        stratum=ends_stratum,
        tenure_days=ends_tenure,
        n_ended=n_ended,
        event_rows=event_rows,
        event_place=place,
        event_nth=np.arange(len(place)) - starts[place],
    )


def _number_ends(tenure: FloatArray, stratum: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Stratum, tenure and number of those who ended (in order of both), once for each tenure of a stratum."""
    is_new = np.ones(len(tenure), dtype=bool)
    is_new[1:] = (tenure[1:] != tenure[:-1]) | (stratum[1:] != stratum[:-1])
    starts = np.flatnonzero(is_new)
    return stratum[starts], tenure[starts], np.diff(np.append(starts, len(tenure)))
