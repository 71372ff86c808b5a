"""The tables of a path model: estimates beside what resamples make of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.models.paths.algorithm import Composites, FloatArray
from crm_research.models.paths.plan import PathPlan
from crm_research.models.scales.coefficients import alpha_of, ave_of, rho_a_of, rho_c_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What the resamples gave, turned to the signs of the original; those that did not settle are left out.

    Shapes as in `Composites`; `loadings` and `weights` are those of each item with its own construct, (n, items).
    """

    loadings: FloatArray
    weights: FloatArray
    paths: FloatArray
    total: FloatArray
    r2: FloatArray
    n_failed: int

    @property
    def n(self) -> int:
        """Resamples used."""
        return len(self.loadings)

    @classmethod
    def collect(cls, plan: PathPlan, original: Composites, batches: Iterable[Composites]) -> Drawn:
        """Put batches of resamples together."""
        own = (np.arange(len(plan.items)), plan.owner)
        first = original.loadings[0][own]
        kept: list[tuple[FloatArray, ...]] = []
        n_failed = 0
        for batch in batches:
            good = batch.has_converged
            n_failed += int((~good).sum())
            loadings = batch.loadings[good][:, own[0], own[1]]
            together = (loadings * first) @ plan.mask
            turn = np.where(together < 0, -1.0, 1.0)
            pair = turn[:, :, None] * turn[:, None, :]
            items = turn[:, plan.owner]
            kept.append(
                (
                    loadings * items,
                    batch.weights[good][:, own[0], own[1]] * items,
                    batch.paths[good] * pair,
                    batch.total_effects[good] * pair,
                    batch.r2[good],
                )
            )
        size, k = len(plan.items), len(plan.constructs)
        empty = (np.empty((0, size)), np.empty((0, size)), np.empty((0, k, k)), np.empty((0, k, k)), np.empty((0, k)))
        loadings, weights, paths, total, r2 = (np.concatenate(parts) for parts in zip(*(kept or [empty]), strict=True))
        return cls(loadings=loadings, weights=weights, paths=paths, total=total, r2=r2, n_failed=n_failed)


def tabulate_loadings(plan: PathPlan, found: Composites, drawn: Drawn, confidence: float) -> pd.DataFrame:
    """One row for each item, as in `PathModel.loadings`."""
    place = np.arange(len(plan.items))
    own = found.loadings[0][place, plan.owner]
    others = np.where(plan.mask > 0, -np.inf, np.abs(found.loadings[0])).max(axis=1)
    lower, upper = _limits(drawn.loadings, confidence)
    weight_lower, weight_upper = _limits(drawn.weights, confidence)
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
        }
    )


def tabulate_paths(plan: PathPlan, found: Composites, drawn: Drawn, confidence: float) -> pd.DataFrame:
    """One row for each path, as in `PathModel.paths`."""
    rows = []
    for cause, result in plan.arrows:
        sample = drawn.paths[:, cause, result]
        lower, upper = _limits(sample, confidence)
        r2 = float(found.r2[0, result])
        rows.append(
            {
                "source": plan.constructs[cause],
                "target": plan.constructs[result],
                "estimate": float(found.paths[0, cause, result]),
                "lower": float(lower),
                "upper": float(upper),
                "std_error": float(sample.std(ddof=1)) if len(sample) > 1 else np.nan,
                "p_value": _p_value(sample),
                "f2": (r2 - _without(plan, found, cause, result)) / (1 - r2) if r2 < 1 else np.inf,
            }
        )
    return pd.DataFrame(rows)


def tabulate_effects(plan: PathPlan, found: Composites, drawn: Drawn, confidence: float) -> pd.DataFrame:
    """One row for each pair with a way between them, as in `PathModel.effects`."""
    total = found.total_effects[0]
    size = len(plan.constructs)
    reach = np.linalg.matrix_power(np.eye(size) + plan.leads_to, size) > 0
    rows = []
    for cause in range(size):
        for result in range(cause + 1, size):
            if not reach[cause, result]:
                continue
            lower, upper = _limits(drawn.total[:, cause, result], confidence)
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
                }
            )
    return pd.DataFrame(rows)


def tabulate_quality(
    plan: PathPlan, correlations: FloatArray, found: Composites, drawn: Drawn, n: int, confidence: float
) -> pd.DataFrame:
    """One row for each construct, as in `PathModel.quality`."""
    lower, upper = _limits(drawn.r2, confidence)
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


def _without(plan: PathPlan, found: Composites, cause: int, result: int) -> float:
    """R squared of a construct if one of its causes were left out."""
    others = [int(place) for place in plan.causes_of(result) if place != cause]
    if not others:
        return 0.0
    among = found.correlations[0]
    with_result = among[others, result]
    return float(with_result @ np.linalg.pinv(among[np.ix_(others, others)]) @ with_result)


def _limits(sample: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    if not len(sample):
        return np.full(sample.shape[1:], np.nan), np.full(sample.shape[1:], np.nan)
    lower, upper = np.quantile(sample, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return np.asarray(lower), np.asarray(upper)


def _p_value(sample: FloatArray) -> float:
    if not len(sample):
        return float(np.nan)
    beyond = min((sample <= 0).mean(), (sample >= 0).mean())
    return float(min(1.0, max(2 * beyond, 1 / len(sample))))
