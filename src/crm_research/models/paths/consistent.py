"""Paths between the constructs themselves, once errors of measurement are allowed for (PLSc)."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.models.paths.algorithm import Composites, FloatArray, regress
from crm_research.models.paths.plan import PathPlan
from crm_research.models.scales.coefficients import rho_a_of

_LEAST_EIGENVALUE: Final = 1e-6


def correct_paths(plan: PathPlan, correlations: FloatArray, found: Composites) -> FloatArray:
    """(n_sets, constructs, constructs): the paths if every construct were measured without error.

    Correlations of composites are divided by the roots of the reliabilities (rho_A) of those whose items reflect them;
    single items and constructs that are formed by their items count as free of error. NaN for a set where this gives
    no possible correlations (a reliability of nought or less, constructs that correlate beyond 1).

    References
    ----------
    Dijkstra and Henseler (2015), MIS Quarterly 39, 297-316.
    """
    reliability = np.ones((len(correlations), len(plan.constructs)))
    for place, mode in enumerate(plan.modes):
        items = plan.items_of(place)
        if mode == "A" and len(items) > 1:
            reliability[:, place] = rho_a_of(correlations[:, items][:, :, items], found.weights[:, items, place])
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.where(reliability > 0, reliability, np.nan))
    corrected = found.correlations / (root[:, :, None] * root[:, None, :])
    np.einsum("scc->sc", corrected)[:] = 1.0
    is_possible = np.isfinite(corrected).all(axis=(1, 2))
    is_possible[is_possible] = np.linalg.eigvalsh(corrected[is_possible])[:, 0] > _LEAST_EIGENVALUE
    paths = np.full(corrected.shape, np.nan)
    paths[is_possible] = regress(plan, corrected[is_possible])[0]
    return paths
