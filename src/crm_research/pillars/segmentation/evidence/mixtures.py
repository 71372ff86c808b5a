"""Mixtures of Gaussians: the likelihood view of groups."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS: Final = ("spherical", "diag", "tied", "full")
_REGULARISED: Final = 1e-3
_MOST_STEPS: Final = 50


def fit_mixture(
    points: NDArray[np.float64], k: int, *, kind: str, seed: int, labels: NDArray[np.int64] | None = None
) -> Any | None:
    """A mixture of k Gaussians by expectation maximisation; None where it cannot be had.

    Parameters
    ----------
    points
        Scaled inputs.
    kind
        Covariances: spherical, diag, tied (one for all groups) or full.
    labels
        Groups to start from (all k of them must occur); k-means where not given.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    starts = None
    if labels is not None and len(np.unique(labels)) == k:
        starts = np.array([points[labels == group].mean(axis=0) for group in range(k)])
    model = GaussianMixture(
        k, covariance_type=kind, random_state=seed, reg_covar=_REGULARISED, max_iter=_MOST_STEPS, means_init=starts
    )
    with warnings.catch_warnings():
        # A few steps short of convergence moves the BIC by less than the numbers of groups differ in it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            return model.fit(points)
        except ValueError:  # fewer different customers than groups
            return None
