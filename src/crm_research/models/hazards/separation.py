"""Levels and numbers that tell those who leave from the others without overlap: where no finite ratio is the likeliest.

If of everybody at risk at each end the one who ends has the largest value of x d, for some direction d, then the
likelihood rises for ever along d. In the limit each end is compared only with those at risk who have the same x d:
that is the likelihood with a baseline of its own for each value of x d. Its other ratios are those that R's coxph
stops at with its warning "coefficient may be infinite"; and each group's own baseline is what that group shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from crm_research.models.hazards.collinearity import Label, as_label
from crm_research.models.hazards.newton import Evaluated, invert, maximise, solve
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray

# How far the logarithm of a ratio may move in one step of the careful search.
_AT_ONCE: Final = 4.0
_CAREFUL_STEPS: Final = 150
# At the top a finite best value is approached by steps of next to nothing, an infinite one by steps of about 1.
_STILL_MOVING: Final = 0.02
_SETTLED: Final = 1e-5
_BENT: Final = 1e-10
_DOUBTFUL: Final = 5.0
_TRIED: Final = 2.0
# Not further: sums over strata are running differences, and lose their digits beside weights of e^40.
_AHEAD: Final = 8.0
_NO_FALL: Final = 1e-9
_ROUNDING: Final = 1e-6
_SMALL_PART: Final = 1e-3
_SAME: Final = 1e-4
_SAME_NUMBER: Final = 1e-12
_MOST_STEPS_OUT: Final = 40
NOWHERE: Final = "\0not seen"


@dataclass(frozen=True, eq=False, kw_only=True)
class Direction:
    """One direction along which the likelihood rises for ever.

    Parameters
    ----------
    loadings
        Of each column of the model as recorded; nought for those without a part in it.
    values
        Values of the columns times the loadings that occur and of which somebody ended, rising.
    main
        The value of those whose baseline keeps its name.
    label
        Of the columns with a part in it, in words.
    """

    loadings: FloatArray
    values: FloatArray
    main: float
    label: str

    def place(self, x: FloatArray) -> IntArray:
        """The number of each row's value; -1 for one that was not seen to end."""
        columns = np.flatnonzero(self.loadings)
        at = x[:, columns] @ self.loadings[columns]
        span = max(float(np.ptp(self.values)), 1.0)
        near = np.clip(np.searchsorted(self.values, at), 1, max(len(self.values) - 1, 1))
        near = near if len(self.values) > 1 else np.zeros(len(at), np.int64)
        with np.errstate(invalid="ignore"):
            lower = np.maximum(near - 1, 0)
            nearest = np.where(np.abs(self.values[lower] - at) <= np.abs(self.values[near] - at), lower, near)
            is_known = np.abs(self.values[nearest] - at) <= _tolerance(self.loadings) * span
        return np.where(is_known, nearest, -1).astype(np.int64)

    def name(self, strata: NDArray[np.object_], x: FloatArray) -> NDArray[np.object_]:
        """The strata of rows, those away from the main value with a name of their own."""
        place, named = self.place(x), strata.copy()
        main = int(np.argmin(np.abs(self.values - self.main)))
        many = len(self.values) > 2
        for number in np.unique(place[(place >= 0) & (place != main)]):
            own = f"{self.label} ({number + 1})" if many else self.label
            rows = place == number
            is_plain = rows & (strata == EVERYONE)
            named[is_plain] = own
            named[rows & ~is_plain] = strata[rows & ~is_plain] + f", {own}"
        named[place < 0] = NOWHERE
        return named


def is_far(span: FloatArray, at: Evaluated) -> bool:
    """Is a coefficient so little known or still moving so much that there may be no finite best value?

    A concave likelihood that is bent in every direction where its slope is nought has its top there, however far out.

    Parameters
    ----------
    span
        Of the columns, which come first in the likelihood: largest less smallest values.
    at
        The likelihood where the search stopped.
    """
    n = len(span)
    moved = np.abs(solve(at.information, at.score)[:n]) * span
    doubt = np.sqrt(np.maximum(np.diag(invert(at.information))[:n], 0.0)) * span
    if not (np.isfinite(moved).all() and np.isfinite(doubt).all()):
        return True
    if moved.max(initial=0.0) <= _SETTLED and _is_bent(at.information):
        # On the way out a step stays as long as the last one: this is a top, however flat (bends of a skewed number).
        return False
    return bool((moved > _STILL_MOVING).any() or (doubt > _DOUBTFUL).any())


def _is_bent(information: FloatArray) -> bool:
    """Does the likelihood bend in every direction, by more than the digits that may be lost?"""
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        return False
    values = np.linalg.eigvalsh(information / np.outer(scale, scale))
    return bool(values[0] > _BENT * values[-1])


def find_direction(
    likelihood: Callable[[FloatArray], Evaluated],
    n: int,
    span: FloatArray,
    start: FloatArray | None = None,
    centre: FloatArray | None = None,
) -> FloatArray | None:
    """Along which direction does the likelihood rise for ever? None where it has a top.

    Parameters
    ----------
    n
        Columns, which come first among the coefficients; what follows is free (the periods of the grouped model).
    span
        As in `is_far`.
    start
        Coefficients from which to search; 0 without it.
    centre
        What was taken from each column, where further coefficients would have to make up for it.

    Notes
    -----
    Newton's steps are kept short, so that the information keeps its digits on the way out: there a step of the search
    is the direction itself. It is one if the likelihood does not fall 8 further along it.
    """

    def shorten(step: FloatArray) -> float:
        return min(1.0, _AT_ONCE / max(float((np.abs(step[:n]) * span).max()), 1e-300))

    begin = np.zeros(n) if start is None else start
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        beta, here, _ = maximise(likelihood, begin, shorten=shorten, n_steps=_CAREFUL_STEPS)
        step = solve(here.information, here.score)
    reach = np.abs(step[:n]) * span
    candidates = []
    if np.isfinite(step).all() and reach.max() > _STILL_MOVING:
        candidates.append(step)
    # A chance that has come to one in all digits no longer moves: what has gone far is tried, together and alone.
    middle = np.zeros(n) if centre is None else centre
    moved = beta - begin
    moved[n:] -= moved[:n] @ middle
    gone = np.sign(moved) * (np.abs(moved) * np.concatenate([span, np.ones(len(beta) - n)]) > _TRIED)
    gone[:n] /= span
    tried = [gone, *(np.where(np.arange(len(beta)) == column, gone, 0.0) for column in np.flatnonzero(gone[:n]))]
    for direction in tried if gone[:n].any() else ():
        direction[n:] += direction[:n] @ middle
        candidates.append(direction)
    for direction in candidates:
        found = _clean(direction, n, span)
        away = beta + _AHEAD * found
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            there = likelihood(away)
        fall = here.log_likelihood - there.log_likelihood
        if fall <= _ROUNDING + _NO_FALL * abs(here.log_likelihood):
            return np.asarray(found[:n], dtype=np.float64)
    return None


def _clean(direction: FloatArray, n: int, span: FloatArray) -> FloatArray:
    """The direction with a reach of 1, without what is rounding."""
    reach = np.abs(direction[:n]) * span
    cleaned = direction / reach.max()
    cleaned[:n][reach < _SMALL_PART * reach.max()] = 0.0
    return np.asarray(cleaned, dtype=np.float64)


def describe_direction(
    loadings: FloatArray, x: FloatArray, ended: FloatArray, labels: Sequence[Label], n: FloatArray
) -> Direction:
    """The values that occur along a direction, and which of them keeps the baseline of everybody.

    Parameters
    ----------
    loadings
        Of each column of the model as recorded.
    x, ended, n
        Columns of the rows, their ends, and how many each stands for.
    """
    at = x @ loadings
    order = np.argsort(at, kind="stable")
    span = max(float(np.ptp(at)), 1e-300)
    same = _tolerance(loadings) * span
    is_new = np.concatenate([[True], np.diff(at[order]) > same])
    group = np.cumsum(is_new) - 1
    sizes = np.bincount(group, n[order])
    ends = np.bincount(group, ended[order])
    values = np.bincount(group, at[order]) / np.bincount(group)
    seen = ends > 0
    # Rows of the references have no part in the direction; without such, most rows.
    main = int(np.argmax(np.where(seen, sizes + 1e9 * (np.abs(values) <= same) * (sizes > 0), -1.0)))
    named = ", ".join(as_label(labels[int(column)]) for column in np.flatnonzero(loadings))
    return Direction(loadings=loadings, values=values[seen], main=float(values[main]), label=named)


def _tolerance(loadings: FloatArray) -> float:
    """Of the range: values of one column are what they are, sums of several carry the rounding of their parts."""
    return _SAME_NUMBER if np.count_nonzero(loadings) == 1 else _SAME


def limit_ratio(
    likelihood: Callable[[FloatArray, FloatArray], Evaluated],
    x: FloatArray,
    weights: FloatArray,
    top: float,
    is_up: bool,
    confidence: float,
    free: FloatArray | None = None,
) -> tuple[float, float]:
    """How large must the ratio be at the least (at the most, where it runs down), and the p-value of none.

    Parameters
    ----------
    likelihood
        Of columns and coefficients.
    weights
        The comparison: its logarithm is the coefficients times these.
    top
        The greatest log likelihood, which no finite ratio reaches.
    is_up
        Whether the ratio runs to infinity, and not to 0.
    free
        Where the search of further coefficients starts, which stand behind those of the columns.

    Returns
    -------
    tuple of float
        The end of the interval of the profile likelihood on the logarithm of the ratio, and the p-value.
    """
    if not weights.any():
        return np.nan, np.nan
    lead = int(np.argmax(np.abs(weights)))
    others = [column for column in range(x.shape[1]) if column != lead]
    turned = np.asfortranarray(
        np.column_stack([x[:, [lead]] / weights[lead], x[:, others] - x[:, [lead]] * (weights[others] / weights[lead])])
    )
    drop = float(stats.chi2.ppf(confidence, 1)) / 2
    start = np.concatenate([np.zeros(len(others)), np.empty(0) if free is None else free])
    seen: dict[float, float] = {}

    def fall(log_ratio: float) -> float:
        if log_ratio not in seen:
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                _, at, _ = maximise(lambda b: _Held(likelihood(turned, np.concatenate([[log_ratio], b]))), start)
            seen[log_ratio] = top - at.log_likelihood
        return seen[log_ratio] - drop

    sign = 1.0 if is_up else -1.0
    p_value = float(stats.chi2.sf(2 * max(fall(0.0) + drop, 0.0), 1))
    near, far = 0.0, sign if fall(0.0) > 0 else -sign
    inward = fall(0.0) > 0
    for _ in range(_MOST_STEPS_OUT):
        if (fall(far) <= 0) == inward:
            break
        near, far = far, far + (far - near) * 1.5
    else:
        return (np.nan, p_value)
    low, high = sorted((near, far))
    return float(optimize.brentq(fall, low, high, xtol=1e-4)), p_value


@dataclass(frozen=True, eq=False)
class _Held:
    """A likelihood with its first coefficient held."""

    whole: Evaluated

    @property
    def log_likelihood(self) -> float:
        return self.whole.log_likelihood

    @property
    def score(self) -> FloatArray:
        return self.whole.score[1:]

    @property
    def information(self) -> FloatArray:
        return self.whole.information[1:, 1:]

    def is_finite(self) -> bool:
        return self.whole.is_finite()
