"""Partial least squares on correlation matrices, many at once: a resample costs no pass over the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from crm_research.models.paths.plan import PathPlan

FloatArray = NDArray[np.float64]
Scheme = Literal["path", "factorial", "centroid"]
SCHEMES: Final = ("path", "factorial", "centroid")

_TOLERANCE: Final = 1e-7
_MOST_ROUNDS: Final = 300


@dataclass(frozen=True, eq=False, kw_only=True)
class Composites:
    """The constructs as weighted sums of their items, one set for each correlation matrix.

    Parameters
    ----------
    weights
        (n_sets, items, constructs): of standardised items, so that each construct has variance 1.
    loadings
        (n_sets, items, constructs): correlation of every item with every construct.
    correlations
        (n_sets, constructs, constructs).
    paths
        (n_sets, constructs, constructs): [i, j] is the coefficient of i in the regression of j on all that lead to it.
    r2
        (n_sets, constructs): explained variance; NaN where nothing leads to the construct.
    has_converged
        (n_sets,).
    """

    weights: FloatArray
    loadings: FloatArray
    correlations: FloatArray
    paths: FloatArray
    r2: FloatArray
    has_converged: NDArray[np.bool_]

    @property
    def total_effects(self) -> FloatArray:
        """(n_sets, constructs, constructs): effect of i on j along all ways, direct and through others."""
        size = self.paths.shape[-1]
        return np.asarray(np.linalg.inv(np.eye(size) - self.paths) - np.eye(size))


def weigh_items(plan: PathPlan, correlations: FloatArray, *, scheme: Scheme = "path") -> Composites:
    """Which weighted sums of the items make each construct best predict, or be predicted by, its neighbours?

    Wold's algorithm (the iteration of Lohmoeller 1989), run on the correlations of the items for all sets together; a
    set that has converged is left alone.

    Parameters
    ----------
    correlations
        (n_sets, items, items), in the order of the plan's items.
    scheme
        How neighbours are weighed: ``path`` (causes by regression, consequences by correlation), ``factorial``
        (correlation) or ``centroid`` (its sign).

    Notes
    -----
    A construct is turned so that its items load positively in sum. Items that a resample leaves constant get weight 0.

    References
    ----------
    Wold (1982); Lohmoeller (1989), Latent Variable Path Modeling with Partial Least Squares, 2.2; Tenenhaus, Esposito
    Vinzi, Chatelin and Lauro (2005), Computational Statistics & Data Analysis 48, 159-205.
    """
    mask = plan.mask
    weights = _unit_variance(np.broadcast_to(mask, (len(correlations), *mask.shape)).copy(), correlations)
    open_sets = np.arange(len(correlations))
    for _ in range(_MOST_ROUNDS):
        here = correlations[open_sets]
        before = weights[open_sets]
        loadings = here @ before
        after = _outer(plan, here, loadings @ _inner(plan, _among(before, loadings), scheme))
        after = _unit_variance(after * mask, here)
        after *= _sign(before, after)
        weights[open_sets] = after
        moved = np.abs(after - before).max(axis=(1, 2)) > _TOLERANCE
        open_sets = open_sets[moved]
        if not len(open_sets):
            break
    has_converged = np.ones(len(correlations), dtype=bool)
    has_converged[open_sets] = False
    return _describe(plan, correlations, weights, has_converged)


def _describe(
    plan: PathPlan, correlations: FloatArray, weights: FloatArray, has_converged: NDArray[np.bool_]
) -> Composites:
    loadings = correlations @ weights
    own = np.einsum("sic,ic->sc", loadings, plan.mask)
    turn = np.where(own < 0, -1.0, 1.0)[:, None, :]
    weights, loadings = weights * turn, loadings * turn
    among = _among(weights, loadings)
    paths, r2 = regress(plan, among)
    return Composites(
        weights=weights,
        loadings=loadings,
        correlations=among,
        paths=paths,
        r2=r2,
        has_converged=has_converged,
    )


def regress(plan: PathPlan, among: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients of each construct on those that lead to it, and what they explain, from their correlations."""
    paths = np.zeros_like(among)
    r2 = np.full(among.shape[:2], np.nan)
    for place in range(len(plan.constructs)):
        causes = plan.causes_of(place)
        if not len(causes):
            continue
        found = _solve(among[:, causes][:, :, causes], among[:, causes, place])
        paths[:, causes, place] = found
        r2[:, place] = np.einsum("si,si->s", found, among[:, causes, place])
    return paths, r2


def _inner(plan: PathPlan, among: FloatArray, scheme: Scheme) -> FloatArray:
    """(n_sets, constructs, constructs): how much each neighbour i counts for construct j."""
    joined = plan.leads_to | plan.leads_to.T
    if scheme == "centroid":
        return np.asarray(np.sign(among) * joined)
    if scheme == "factorial":
        return among * joined
    return among * plan.leads_to.T + regress(plan, among)[0]


def _outer(plan: PathPlan, correlations: FloatArray, with_proxy: FloatArray) -> FloatArray:
    """New weights: the items' correlations with the neighbours' sum (A), or their regression on it (B)."""
    found = with_proxy.copy()
    for place, mode in enumerate(plan.modes):
        if mode == "B":
            items = plan.items_of(place)
            found[:, items, place] = _solve(correlations[:, items][:, :, items], with_proxy[:, items, place])
    return found


def _among(weights: FloatArray, loadings: FloatArray) -> FloatArray:
    found = np.einsum("sic,sid->scd", weights, loadings, optimize=True)
    np.einsum("scc->sc", found)[:] = 1.0
    return np.asarray(found)


def _unit_variance(weights: FloatArray, correlations: FloatArray) -> FloatArray:
    variance = np.einsum("sic,sic->sc", weights, correlations @ weights)
    return np.asarray(weights / np.sqrt(np.where(variance > 0, variance, 1.0))[:, None, :])


def _sign(before: FloatArray, after: FloatArray) -> FloatArray:
    """Weights that only changed sign have not moved."""
    return np.where(np.einsum("sic,sic->sc", before, after) < 0, -1.0, 1.0)[:, None, :]


def _solve(among: FloatArray, with_result: FloatArray) -> FloatArray:
    """Regression coefficients for each set; collinear causes share (least squares of smallest length)."""
    if among.shape[-1] == 1:
        return with_result
    return np.asarray(np.einsum("sij,sj->si", np.linalg.pinv(among, hermitian=True, rcond=1e-10), with_result))
