"""Does a customer's place hang on the weights? Places under many weights that one could as well have given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.grading.topsis import Measure, between, ideals, proportions
from crm_research.stats.intervals import FloatArray

_MOST_CELLS = 20_000_000
Ties = Literal["average", "max"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RankLimits:
    """Which places can each customer take, and who is among the first whatever the weights?

    Parameters
    ----------
    places
        In the order of the customers given: closeness, place (1 is the best), lower, upper (limits
        of the place under doubtful weights), top_share (share of the drawn weights under which it is among the first).
    n_top
        How many count as the first.
    n_draws, spread, confidence
        Drawn weights; how far they stray (None: any weights at all); level of the limits.
    """

    places: pd.DataFrame
    n_top: int
    n_draws: int
    spread: float | None
    confidence: float


def rank_under_doubt(
    values: pd.DataFrame,
    measures: Sequence[Measure],
    weights: Mapping[str, float] | pd.Series,
    *,
    n_top: int,
    spread: float | None = None,
    ties: Ties = "average",
    errors: pd.DataFrame | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    confidence: float = 0.95,
    n_draws: int = 500,
    seed: int = 20170101,
) -> RankLimits:
    """Which places can each customer take when nobody knows the weights exactly, nor all that is weighed?

    Parameters
    ----------
    values, measures, weights
        As `closeness` takes them; all customers that are ranked.
    n_top
        How many of the first count as strategic.
    spread
        Typical error of a weight of one half, from above 0 to below .5: weights are drawn from Dirichlet's distribution
        around those given. None draws any weights at all, each mix as likely as another (stochastic acceptability):
        whoever is always among the first then is so whatever the weights.
    ties
        Who is alike shares the mean of their places (``average``), or the last of them (``max``).
    errors
        Standard error of each cell, in the shape of `values`; 0 where it is known. With each draw of weights such cells
        are drawn, too, and the best and the worst of their criteria are those of the draw. None: all is known.
    bounds
        Criterion to the least and the greatest that it can be: what is drawn beyond stands there.
    confidence, n_draws, seed
        Level of the limits, number and start of the draws.

    References
    ----------
    Lahdelma, Hokkanen and Salminen (1998), "SMAA: stochastic multiobjective acceptability analysis", European Journal
    of Operational Research 106(1), 137-143.
    """
    if not 1 <= n_top <= len(values):
        raise ParameterError(f"n_top must be from 1 to the {len(values):,} customers that are ranked; not {n_top}.")
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence must be between 0 and 1; not {confidence!r}.")
    if len(values) * n_draws > _MOST_CELLS:
        raise ParameterError(
            f"{len(values):,} customers under {n_draws:,} weights are too many places to hold. Rank the best few "
            "thousand, or draw fewer weights."
        )
    given = proportions(measures, weights)
    best, worst = ideals(measures)
    if not (best != worst)[given > 0].any():
        raise NotEnoughData("A place: criteria that weigh and in which customers differ", needed=1, found=0)
    names = [measure.name for measure in measures]
    cells = values[names].to_numpy(dtype=float)
    lengths = np.array([measure.length for measure in measures])
    rng = np.random.default_rng(seed)
    drawn = _draw_weights(given, spread, n_draws, rng)
    doubt = None if errors is None else errors[names].to_numpy(dtype=float)
    if doubt is None or not (doubt[:, given > 0] > 0).any():
        found = np.stack([_place(between(cells / lengths, best, worst, one), ties) for one in drawn])
    else:
        limits = np.array([(bounds or {}).get(name, (-np.inf, np.inf)) for name in names]).T
        is_better = np.array([measure.more_is_better for measure in measures])
        found = np.stack([_place(_near_in_a_draw(cells, doubt, limits, is_better, one, rng), ties) for one in drawn])
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(found, [tail, 1 - tail], axis=0, method="inverted_cdf")
    near = between(cells / lengths, best, worst, given)
    places = pd.DataFrame(
        {
            "closeness": near,
            "place": _place(near, ties),
            "lower": lower,
            "upper": upper,
            "top_share": (found <= n_top).mean(axis=0),
        },
        index=values.index,
    )
    return RankLimits(places=places, n_top=n_top, n_draws=n_draws, spread=spread, confidence=confidence)


def _near_in_a_draw(
    cells: FloatArray,
    errors: FloatArray,
    limits: FloatArray,
    is_better: NDArray[np.bool_],
    weights: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    values = np.clip(cells + errors * rng.standard_normal(cells.shape), limits[0], limits[1])
    lengths = np.sqrt(np.square(values).sum(axis=0))
    scaled = values / np.where(lengths > 0, lengths, 1.0)
    least, greatest = scaled.min(axis=0), scaled.max(axis=0)
    return between(scaled, np.where(is_better, greatest, least), np.where(is_better, least, greatest), weights)


def _draw_weights(given: FloatArray, spread: float | None, n_draws: int, rng: np.random.Generator) -> FloatArray:
    weighs = given > 0
    drawn = np.zeros((n_draws, len(given)))
    if spread is None:
        drawn[:, weighs] = rng.dirichlet(np.ones(int(weighs.sum())), size=n_draws)
        return drawn
    if not 0 < spread < 0.5:
        raise ParameterError(f"spread is the error of a weight of one half, above 0 and below .5; not {spread!r}.")
    # A beta variable with mean one half and this error has these many observations behind it.
    behind = 0.25 / spread**2 - 1
    drawn[:, weighs] = rng.dirichlet(behind * given[weighs], size=n_draws)
    return drawn


def _place(near: FloatArray, ties: Ties) -> FloatArray:
    """1 for the nearest. Closeness that differs by rounding alone is a tie."""
    return np.asarray(stats.rankdata(-np.round(near, 12), method=ties), dtype=float)
