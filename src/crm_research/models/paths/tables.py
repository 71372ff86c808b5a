"""The tables of a path model: estimates beside what resamples make of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.paths.algorithm import Composites, FloatArray
from crm_research.models.paths.consistent import correct_paths
from crm_research.models.paths.plan import PathPlan
from crm_research.models.paths.points import effects_in_points, measure_performance, share_items
from crm_research.models.scales.coefficients import alpha_of, ave_of, rho_a_of, rho_c_of
from crm_research.models.scales.validity import Pairs, ratios_of
from crm_research.stats.correlations import Moments
from crm_research.stats.drawn_limits import expand_p_value, expand_percentiles, explained_limits

_SINGULAR: Final = 1e-9
_LEAST_POSSIBLE: Final = 0.99


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What the resamples gave, turned to the signs of the original; those that did not settle are left out.

    Shapes as in `Composites`; `loadings` and `weights` are those of each item with its own construct, (n, items);
    `corrected` has NaN where a correction is not possible; `performance` is (n, constructs) in points, `points` the
    total effects in points, `ratios` the HTMT of each pair; `n_owners` customers were drawn each time.
    """

    loadings: FloatArray
    weights: FloatArray
    paths: FloatArray
    corrected: FloatArray
    total: FloatArray
    points: FloatArray
    r2: FloatArray
    performance: FloatArray
    ratios: FloatArray
    n_failed: int
    n_owners: int

    @property
    def n(self) -> int:
        """Resamples used."""
        return len(self.loadings)

    @classmethod
    def collect(
        cls,
        plan: PathPlan,
        original: Composites,
        batches: Iterable[tuple[Moments, Composites]],
        pairs: Pairs,
        n_owners: int,
    ) -> Drawn:
        """Put batches of resamples together, each of so many customers."""
        own = (np.arange(len(plan.items)), plan.owner)
        first = original.loadings[0][own]
        kept: list[dict[str, FloatArray]] = []
        n_failed = 0
        for moments, batch in batches:
            good = batch.has_converged
            n_failed += int((~good).sum())
            loadings = batch.loadings[:, own[0], own[1]]
            turn = np.where((loadings * first) @ plan.mask < 0, -1.0, 1.0)
            pair = turn[:, :, None] * turn[:, None, :]
            items = turn[:, plan.owner]
            found = {
                "loadings": loadings * items,
                "weights": batch.weights[:, own[0], own[1]] * items,
                "paths": batch.paths * pair,
                "corrected": correct_paths(plan, moments.correlations, batch) * pair,
                "total": batch.total_effects * pair,
                "points": effects_in_points(plan, moments, batch) * pair,
                "r2": batch.r2,
                "performance": measure_performance(plan, moments, batch),
                "ratios": ratios_of(moments.correlations, pairs),
            }
            kept.append({name: values[good] for name, values in found.items()})
        kept = kept or [_nothing(plan, len(pairs))]
        found_of = {name: np.concatenate([part[name] for part in kept]) for name in kept[0]}
        return cls(**found_of, n_failed=n_failed, n_owners=n_owners)

    def limits(self, sample: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Limits from one of the parts, or of its columns."""
        return expand_percentiles(sample, n=self.n_owners, confidence=confidence)


def _nothing(plan: PathPlan, n_pairs: int) -> dict[str, FloatArray]:
    size, k = len(plan.items), len(plan.constructs)
    flat = {"loadings": size, "weights": size, "r2": k, "performance": k, "ratios": n_pairs}
    return {name: np.empty((0, columns)) for name, columns in flat.items()} | {
        name: np.empty((0, k, k)) for name in ("paths", "corrected", "total", "points")
    }


def tabulate_loadings(
    plan: PathPlan, moments: Moments, found: Composites, drawn: Drawn, confidence: float
) -> pd.DataFrame:
    """One row for each item, as in `PathModel.loadings`."""
    place = np.arange(len(plan.items))
    own = found.loadings[0][place, plan.owner]
    others = np.where(plan.mask > 0, -np.inf, np.abs(found.loadings[0])).max(axis=1)
    lower, upper = drawn.limits(drawn.loadings, confidence)
    weight_lower, weight_upper = drawn.limits(drawn.weights, confidence)
    return pd.DataFrame(
        {
            "construct": [plan.constructs[owner] for owner in plan.owner],
            "item": list(plan.items),
            "loading": own,
            "lower": lower,
            "upper": upper,
            "weight": found.weights[0][place, plan.owner],
            "weight_lower": weight_lower,
            "weight_upper": weight_upper,
            "largest_other": others,
            "share": share_items(plan, moments, found)[0][0],
            "performance": moments.means[0],
        }
    )


def tabulate_paths(
    plan: PathPlan, moments: Moments, found: Composites, drawn: Drawn, confidence: float
) -> pd.DataFrame:
    """One row for each path, as in `PathModel.paths`."""
    rows = []
    corrected = correct_paths(plan, moments.correlations, found)[0]
    for cause, result in plan.arrows:
        sample = drawn.paths[:, cause, result]
        lower, upper = drawn.limits(sample, confidence)
        r2 = float(found.r2[0, result])
        rows.append(
            {
                "source": plan.constructs[cause],
                "target": plan.constructs[result],
                "estimate": float(found.paths[0, cause, result]),
                "lower": float(lower),
                "upper": float(upper),
                "std_error": float(sample.std(ddof=1)) if len(sample) > 1 else np.nan,
                "p_value": _p_value(sample, drawn.n_owners),
                "corrected": float(corrected[cause, result]),
                **_corrected_limits(drawn.corrected[:, cause, result], drawn.n_owners, confidence),
                "vif": _inflation(plan, found, cause, result),
                "f2": (r2 - _without(plan, found, cause, result)) / (1 - r2) if r2 < 1 else np.inf,
            }
        )
    return pd.DataFrame(rows)


def tabulate_effects(
    plan: PathPlan, moments: Moments, found: Composites, drawn: Drawn, confidence: float
) -> pd.DataFrame:
    """One row for each pair with a way between them, as in `PathModel.effects`."""
    total, points = found.total_effects[0], effects_in_points(plan, moments, found)[0]
    size = len(plan.constructs)
    reach = np.linalg.matrix_power(np.eye(size) + plan.leads_to, size) > 0
    rows = []
    for cause in range(size):
        for result in range(cause + 1, size):
            if not reach[cause, result]:
                continue
            lower, upper = drawn.limits(drawn.total[:, cause, result], confidence)
            points_lower, points_upper = drawn.limits(drawn.points[:, cause, result], confidence)
            direct = float(found.paths[0, cause, result])
            rows.append(
                {
                    "source": plan.constructs[cause],
                    "target": plan.constructs[result],
                    "direct": direct,
                    "indirect": float(total[cause, result]) - direct,
                    "total": float(total[cause, result]),
                    "lower": float(lower),
                    "upper": float(upper),
                    "points": float(points[cause, result]),
                    "points_lower": float(points_lower),
                    "points_upper": float(points_upper),
                }
            )
    return pd.DataFrame(rows)


def tabulate_performance(
    plan: PathPlan, moments: Moments, found: Composites, drawn: Drawn, confidence: float
) -> pd.DataFrame:
    """One row for each construct, as in `PathModel.performance`."""
    lower, upper = drawn.limits(drawn.performance, confidence)
    return pd.DataFrame(
        {
            "construct": list(plan.constructs),
            "performance": measure_performance(plan, moments, found)[0],
            "lower": lower,
            "upper": upper,
        }
    )


def tabulate_quality(
    plan: PathPlan, correlations: FloatArray, found: Composites, drawn: Drawn, n: int, confidence: float
) -> pd.DataFrame:
    """One row for each construct, as in `PathModel.quality`."""
    lower, upper = explained_limits(found.r2[0], drawn.r2, n=drawn.n_owners, confidence=confidence)
    rows = []
    for place, name in enumerate(plan.constructs):
        items = plan.items_of(place)
        block = correlations[np.ix_(items, items)]
        loadings, weights = found.loadings[0][items, place], found.weights[0][items, place]
        reflects = plan.modes[place] == "A"
        r2, causes = float(found.r2[0, place]), len(plan.causes_of(place))
        rows.append(
            {
                "construct": name,
                "n_items": len(items),
                "r2": r2,
                "r2_lower": float(lower[place]),
                "r2_upper": float(upper[place]),
                "r2_adjusted": 1 - (1 - r2) * (n - 1) / (n - causes - 1) if causes and n > causes + 1 else np.nan,
                "alpha": float(alpha_of(block)) if reflects else np.nan,
                "rho_a": float(rho_a_of(block, weights)) if reflects else np.nan,
                "rho_c": float(rho_c_of(loadings)) if reflects else np.nan,
                "ave": float(ave_of(loadings)) if reflects else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _corrected_limits(sample: FloatArray, n_owners: int, confidence: float) -> dict[str, float]:
    """NaN where too many resamples gave no possible correction: what is left would be a chosen part."""
    possible = sample[np.isfinite(sample)]
    if len(possible) < _LEAST_POSSIBLE * len(sample):
        possible = possible[:0]
    lower, upper = expand_percentiles(possible, n=n_owners, confidence=confidence)
    return {"corrected_lower": float(lower), "corrected_upper": float(upper)}


def _inflation(plan: PathPlan, found: Composites, cause: int, result: int) -> float:
    """How many times the variance of a path grows because the cause goes with the other causes."""
    causes = plan.causes_of(result)
    among = found.correlations[0][np.ix_(causes, causes)]
    if np.linalg.eigvalsh(among)[0] < _SINGULAR:
        return float(np.inf)
    return float(np.linalg.inv(among)[list(causes).index(cause), list(causes).index(cause)])


def _without(plan: PathPlan, found: Composites, cause: int, result: int) -> float:
    """R squared of a construct if one of its causes were left out."""
    others = [int(place) for place in plan.causes_of(result) if place != cause]
    if not others:
        return 0.0
    among = found.correlations[0]
    with_result = among[others, result]
    return float(with_result @ np.linalg.pinv(among[np.ix_(others, others)]) @ with_result)


def _p_value(sample: FloatArray, n_owners: int) -> float:
    if not len(sample):
        return float(np.nan)
    beyond = min((sample <= 0).mean(), (sample >= 0).mean())
    return expand_p_value(min(1.0, max(2 * beyond, 1 / len(sample))), n=n_owners)
