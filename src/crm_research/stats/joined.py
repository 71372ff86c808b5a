"""How far a number moves when doubtful joins of records are decided otherwise, beside what else is uncertain of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from crm_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from crm_research.stats.intervals import FloatArray

HOW: Final = (
    "variance over draws of the doubtful joins as a share of that and of the sampling variance; limits from the number "
    "of draws (chi-square), the sampling variance taken as known"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class HangsOnJoins:
    """How much of a number hangs on the joins?

    Parameters
    ----------
    point
        The number as the records are linked.
    values
        The same number in each draw.
    median, lower, upper
        Of the draws: the middle, and the range that holds them with the level of confidence.
    own_lower, own_upper
        Limits of the number by itself; None where it has none.
    of_joins
        Variance over draws.
    of_sampling
        Variance of the number by itself, from its own interval; None where it has none.
    share, share_lower, share_upper
        Of both variances together, that of the joins, 0 to 1; None where there is no other uncertainty to hold it to,
        unless nothing moves, which is 0.
    """

    point: float
    values: FloatArray
    median: float
    lower: float
    upper: float
    own_lower: float | None
    own_upper: float | None
    of_joins: float
    of_sampling: float | None
    share: float | None
    share_lower: float | None
    share_upper: float | None
    confidence: float

    @property
    def moves(self) -> bool:
        """Does any draw give another number?"""
        return bool((self.values != self.point).any())


def sum_up_draws(
    point: float, values: FloatArray, *, lower: float | None, upper: float | None, confidence: float
) -> HangsOnJoins:
    """How far does a number move over draws of the joins, and which share of its uncertainty is that?

    Parameters
    ----------
    point
        As the records are linked.
    values
        Of each draw; those that are not finite are left out.
    lower, upper
        The number's own interval, as the records are linked; None where it has none.
    confidence
        Level of that interval and of the range over draws.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        known = np.full(2, point)
    # What is left of adding up in another order is nothing.
    is_still = np.abs(known - point).max() <= 1e-9 * max(abs(point), 1.0)
    known = np.full(len(known), point) if is_still else known
    of_joins = 0.0 if is_still else float(known.var(ddof=1))
    of_sampling: float | None = None
    own: tuple[float | None, float | None] = (None, None)
    if lower is not None and upper is not None and np.isfinite(lower) and np.isfinite(upper) and upper > lower:
        own = (float(lower), float(upper))
        of_sampling = float(((upper - lower) / (2 * normal_quantile(confidence))) ** 2)
    tail = (1 - confidence) / 2
    # Weibull's places: what is true lies between the ends as often as one draw more would.
    ends = np.quantile(known, [tail, 0.5, 1 - tail], method="weibull")
    shares: list[float | None] = [None, None, None]
    if is_still:
        shares = [0.0, 0.0, 0.0]
    elif of_sampling is not None:
        df = len(known) - 1
        scaled = [of_joins * df / float(stats.chi2.ppf(1 - end, df)) for end in (tail, 1 - tail)]
        shares = [part / (part + of_sampling) for part in (of_joins, min(scaled), max(scaled))]
    return HangsOnJoins(
        point=float(point), values=known, median=float(ends[1]), lower=float(ends[0]), upper=float(ends[2]),
        own_lower=own[0], own_upper=own[1], of_joins=of_joins, of_sampling=of_sampling, share=shares[0],
        share_lower=shares[1], share_upper=shares[2], confidence=confidence,
    )  # fmt: skip
