"""Places and grades under each way of weighing, and how far they hang on the weights and on what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.grading import RankLimits, rank_under_doubt, read_measures
from crm_research.pillars.grades.criteria import COSTS, CURRENT, FUTURE, Criteria
from crm_research.pillars.grades.weighing import (
    DATA,
    GIVEN,
    JUDGED,
    Cuts,
    Weighting,
    grade_of,
    near_by,
    place_of,
    weigh_as_given,
    weigh_as_judged,
    weigh_by_data,
)

_MOST_DRAWS: Final = 500
_FEWEST_DRAWS: Final = 100
FEWEST: Final = 2
_MOST_PLACES: Final = 5_000_000


def weigh(
    criteria: Criteria, weights: Mapping[str, float], judgements: Mapping[str, float | str]
) -> tuple[dict[str, Weighting], dict[str, str]]:
    """The weightings that these criteria bear, and why the others cannot be made."""
    found: dict[str, Weighting] = {}
    refused: dict[str, str] = {}
    ways: dict[str, Callable[[], Weighting]] = {
        GIVEN: partial(weigh_as_given, weights, criteria.names),
        JUDGED: partial(weigh_as_judged, judgements, criteria.names),
        DATA: partial(weigh_by_data, criteria.cells),
    }
    for name, make in ways.items():
        if name == JUDGED and not judgements:
            refused[name] = "no judgements are given"
            continue
        try:
            found[name] = make()
        except (NotEnoughData, ParameterError) as problem:
            refused[name] = str(problem)
    return found, refused


def count_draws(n: int) -> int:
    """Mixes of weights that are drawn for n customers: 500, fewer for more than 10,000."""
    return max(_FEWEST_DRAWS, min(_MOST_DRAWS, _MOST_PLACES // max(n, 1)))


def place(
    criteria: Criteria,
    weightings: Mapping[str, Weighting],
    refused: Mapping[str, str],
    used: str,
    cuts: Cuts,
    spread: float,
    confidence: float,
    seed: int,
) -> tuple[pd.DataFrame, str]:
    """Places and grades under each weighting, with limits; or why nobody has any."""
    n = len(criteria.cells)
    if n < FEWEST:
        return pd.DataFrame(), f"{n} of them can be ranked, and a grade compares at least {FEWEST}"
    if used not in weightings:
        return pd.DataFrame(), f"the weighting asked for cannot be made: {refused[used].rstrip('.')}"
    near = near_by(criteria.cells, weightings[used].weights)
    if near is None:
        return pd.DataFrame(), "all of them are alike in everything that weighs"
    made: dict[str, object] = {"near": near, "place": place_of(near)}
    made["grade"] = grade_of(place_of(near), cuts)
    for name, weighting in weightings.items():
        own = near_by(criteria.cells, weighting.weights)
        if own is not None:
            made[f"place_{name}"] = place_of(own)
            made[f"grade_{name}"] = grade_of(place_of(own), cuts)
    around = _rank(criteria, weightings[used].weights, cuts, spread, confidence, seed)
    anyhow = _rank(criteria, _all_that_weigh(criteria, weightings[used].weights), cuts, None, confidence, seed)
    made |= {
        "lower": np.minimum(around.places["lower"].to_numpy(), place_of(near)),
        "upper": np.maximum(around.places["upper"].to_numpy(), place_of(near)),
        "any_share": anyhow.places["top_share"].to_numpy(),
    }
    for side, names in (("current", CURRENT), ("future", FUTURE)):
        held = [name for name in criteria.names if name in names]
        own = near_by(criteria.cells, weightings[used].weights, held)
        made[side] = np.full(n, np.nan) if own is None else own
    worth = near_by(criteria.cells, weightings[used].weights, [name for name in criteria.names if name not in COSTS])
    made["worth"] = [""] * n if worth is None else grade_of(place_of(worth), cuts)
    return pd.DataFrame(made, index=criteria.cells.index), ""


def _all_that_weigh(criteria: Criteria, used: pd.Series) -> pd.Series:
    """The same weight for each criterion that weighs anything and in which customers differ."""
    weights = (used.reindex(criteria.names) > 0).astype(float)
    weights[criteria.same] = 0.0
    return weights


def _rank(
    criteria: Criteria, weights: pd.Series, cuts: Cuts, spread: float | None, confidence: float, seed: int
) -> RankLimits:
    measures = read_measures(criteria.cells, costs=[name for name in COSTS if name in criteria.names])
    return rank_under_doubt(
        criteria.cells,
        measures,
        weights,
        n_top=cuts.n_a,
        spread=spread,
        ties="max",
        errors=criteria.errors,
        bounds=criteria.bounds,
        confidence=confidence,
        n_draws=count_draws(len(criteria.cells)),
        seed=seed,
    )
