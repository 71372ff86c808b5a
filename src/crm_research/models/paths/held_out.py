"""What is learnt from some respondents about the answers of others, by a path model and by plain regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from crm_research.models.paths.algorithm import Composites, FloatArray, Scheme, weigh_items
from crm_research.models.paths.plan import PathPlan
from crm_research.models.scales.reading import fill_with_means
from crm_research.stats.correlations import Moments, weigh_moments

Antecedents = Literal["earliest", "direct"]
ANTECEDENTS: Final = ("earliest", "direct")
RULES: Final = ("paths", "linear", "mean")


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """For each (repeat, fold) what was learnt from the others: (n_sets, items) and (n_sets, items, items)."""

    means: FloatArray
    spreads: FloatArray
    by_paths: FloatArray
    by_linear: FloatArray
    n_failed: int


def cut_folds(n_owners: int, n_folds: int, n_repeats: int, seed: int) -> NDArray[np.int64]:
    """(n_repeats, n_owners): the fold of each customer."""
    rng = np.random.default_rng(seed)
    even = np.arange(n_owners) % n_folds
    return np.stack([rng.permutation(even) for _ in range(n_repeats)])


def fit_without(
    plan: PathPlan,
    raw: FloatArray,
    weight: FloatArray,
    folds: NDArray[np.int64],
    n_folds: int,
    scheme: Scheme,
    antecedents: Antecedents,
) -> Fitted:
    """What the path model and the linear model learn when each fold of each cut, (n_repeats, n), is left out."""
    found = list[tuple[FloatArray, FloatArray]]()
    for cut in folds:
        for fold in range(n_folds):
            rows = np.flatnonzero(cut != fold)
            filled = fill_with_means(raw[rows], weight[rows])
            centre = filled.mean(axis=0)
            moments = weigh_moments(filled - centre, weight[rows][None, :])
            found.append((moments.means[0] + centre, moments.covariances[0]))
    moments = Moments(means=np.stack([means for means, _ in found]), covariances=np.stack([c for _, c in found]))
    correlations = moments.correlations
    composites = weigh_items(plan, correlations, scheme=scheme)
    return Fitted(
        means=moments.means,
        spreads=moments.spreads,
        by_paths=_rule_of_paths(plan, composites, antecedents),
        by_linear=_rule_of_regression(plan, correlations, antecedents),
        n_failed=int((~composites.has_converged).sum()),
    )


def _rule_of_paths(plan: PathPlan, found: Composites, antecedents: Antecedents) -> FloatArray:
    """(n_sets, items, items): what each standardised item adds to the predicted standardised item."""
    effects = found.paths
    if antecedents == "earliest":
        is_first = np.asarray(~plan.leads_to.any(axis=0))
        effects = found.total_effects * is_first[None, :, None]
    own = found.loadings * plan.mask
    return np.asarray(found.weights @ effects @ own.transpose(0, 2, 1))


def _rule_of_regression(plan: PathPlan, correlations: FloatArray, antecedents: Antecedents) -> FloatArray:
    """The same by regression of every item on all items of the constructs it is predicted from."""
    rule = np.zeros_like(correlations)
    for place in range(len(plan.constructs)):
        if not len(plan.causes_of(place)):
            continue
        sources = _sources(plan, place, antecedents)
        targets = plan.items_of(place)
        among = correlations[:, sources][:, :, sources]
        inverse = np.linalg.pinv(among, hermitian=True, rcond=1e-10)
        rule[:, sources[:, None], targets[None, :]] = inverse @ correlations[:, sources][:, :, targets]
    return rule


def _sources(plan: PathPlan, place: int, antecedents: Antecedents) -> NDArray[np.int64]:
    if antecedents == "direct":
        chosen = set(plan.causes_of(place).tolist())
    else:
        ways = np.linalg.matrix_power(np.eye(len(plan.constructs)) + plan.leads_to, len(plan.constructs))
        reaches = np.asarray(ways[:, place] > 0) & np.asarray(~plan.leads_to.any(axis=0))
        chosen = set(np.flatnonzero(reaches).tolist())
    return np.flatnonzero([owner in chosen for owner in plan.owner])


def predict(
    raw: FloatArray, folds: NDArray[np.int64], n_folds: int, fitted: Fitted
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """For each rule (n, items) of squared and of absolute errors, averaged over the repeats; NaN where no answer is."""
    totals = {rule: (np.zeros_like(raw), np.zeros_like(raw)) for rule in RULES}
    for repeat, cut in enumerate(folds):
        for fold in range(n_folds):
            rows, at = cut == fold, repeat * n_folds + fold
            mean, spread = fitted.means[at], fitted.spreads[at]
            centred = raw[rows] - mean
            known = np.where(np.isfinite(centred), centred, 0.0) / np.where(spread > 0, spread, 1.0)
            predicted = {
                "paths": known @ fitted.by_paths[at] * spread,
                "linear": known @ fitted.by_linear[at] * spread,
                "mean": np.zeros_like(centred),
            }
            for rule, values in predicted.items():
                error = centred - values
                totals[rule][0][rows] += error**2
                totals[rule][1][rows] += np.abs(error)
    return {rule: (squared / len(folds), absolute / len(folds)) for rule, (squared, absolute) in totals.items()}
