"""Do groups mean the same thing by a construct? (MICOM, from moments of permuted groups.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.paths.algorithm import Composites, FloatArray, Scheme, weigh_items
from crm_research.models.paths.plan import PathPlan
from crm_research.stats.correlations import Moments


@dataclass(frozen=True, eq=False, kw_only=True)
class Contrast:
    """What two groups differ in, for each set (the groups themselves, or one permutation): (n_sets, ...).

    Parameters
    ----------
    agreement
        (n_sets, constructs): correlation, over both groups, of the construct weighed as either group would.
    mean_difference, log_variance_ratio
        (n_sets, constructs): of the construct weighed as both together would, in its standard deviations.
    one, other
        (n_sets, constructs, constructs): the paths of either group, turned as those of both together.
    has_converged
        (n_sets,).
    """

    agreement: FloatArray
    mean_difference: FloatArray
    log_variance_ratio: FloatArray
    one: FloatArray
    other: FloatArray
    has_converged: NDArray[np.bool_]


def contrast(
    plan: PathPlan, pooled: Composites, together: FloatArray, one: Moments, other: Moments, scheme: Scheme
) -> Contrast:
    """What the two differ in, set by set.

    Parameters
    ----------
    pooled
        Fitted to both groups together.
    together
        (items, items), the correlations of both together.
    one, other
        Moments of items standardised over both together.

    References
    ----------
    Henseler, Ringle and Sarstedt (2016), International Marketing Review 33, 405-431.
    """
    fits = [weigh_items(plan, moments.correlations, scheme=scheme) for moments in (one, other)]
    turns = [orient(fit, pooled, together) for fit in fits]
    weights = [fit.weights * turn[:, None, :] for fit, turn in zip(fits, turns, strict=True)]
    paths = [fit.paths * turn[:, :, None] * turn[:, None, :] for fit, turn in zip(fits, turns, strict=True)]
    between = np.einsum("sic,ij,sjc->sc", weights[0], together, weights[1], optimize=True)
    own = [np.einsum("sic,ij,sjc->sc", w, together, w, optimize=True) for w in weights]
    common = pooled.weights[0]
    means = [moments.means @ common for moments in (one, other)]
    variances = [np.einsum("ic,sij,jc->sc", common, m.covariances, common, optimize=True) for m in (one, other)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return Contrast(
            agreement=np.nan_to_num(between / np.sqrt(own[0] * own[1])),
            mean_difference=means[0] - means[1],
            log_variance_ratio=np.log(variances[0]) - np.log(variances[1]),
            one=paths[0],
            other=paths[1],
            has_converged=fits[0].has_converged & fits[1].has_converged,
        )


def tabulate_invariance(plan: PathPlan, found: Contrast, permuted: Contrast, confidence: float) -> pd.DataFrame:
    """One row for each construct, as in `PathComparison.invariance` (without the names of the groups)."""
    rows = []
    level = 1 - confidence
    for place, name in enumerate(plan.constructs):
        agreement, by_chance = float(found.agreement[0, place]), permuted.agreement[:, place]
        is_single = len(plan.items_of(place)) == 1
        composition = 1.0 if is_single else chance_below(agreement, by_chance)
        mean = chance_beyond(float(found.mean_difference[0, place]), permuted.mean_difference[:, place])
        variance = chance_beyond(float(found.log_variance_ratio[0, place]), permuted.log_variance_ratio[:, place])
        is_composed_alike = composition > level
        rows.append(
            {
                "construct": name,
                "agreement": agreement,
                "agreement_by_chance": float(np.quantile(by_chance, level)) if len(by_chance) else np.nan,
                "agreement_p": composition,
                "mean_difference": float(found.mean_difference[0, place]),
                "mean_p": mean,
                "variance_ratio": float(np.exp(found.log_variance_ratio[0, place])),
                "variance_p": variance,
                "invariance": _judge(is_composed_alike, mean > level and variance > level),
            }
        )
    return pd.DataFrame(rows)


def chance_below(value: float, by_chance: FloatArray) -> float:
    """Share of permutations at or below the value, itself counted."""
    return float((1 + (by_chance <= value + 1e-9).sum()) / (1 + len(by_chance)))


def chance_beyond(value: float, by_chance: FloatArray) -> float:
    """Share of permutations at least as far from nought, itself counted."""
    return float((1 + (np.abs(by_chance) >= abs(value) - 1e-12).sum()) / (1 + len(by_chance)))


def _judge(is_composed_alike: bool, is_equal: bool) -> str:
    if not is_composed_alike:
        return "none"
    return "full" if is_equal else "partial"


def orient(fit: Composites, pooled: Composites, together: FloatArray) -> FloatArray:
    """(n_sets, constructs): signs that point each group's constructs the way both together do."""
    alike = np.einsum("sic,ij,jc->sc", fit.weights, together, pooled.weights[0], optimize=True)
    return np.where(alike < 0, -1.0, 1.0)
