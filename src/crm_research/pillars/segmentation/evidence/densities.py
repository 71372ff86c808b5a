"""Segments as clouds with sizes and shapes of their own: who belongs to the likeliest cloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture:
    """What tells the clouds of a Gaussian mixture apart beside their centres.

    Parameters
    ----------
    kind
        Of the covariances, as scikit-learn names them: spherical, diag, tied or full.
    weights
        Share of each cloud, all above 0.
    covariances
        One matrix a cloud, of the scaled inputs.

    Raises
    ------
    ValueError
        If a weight is not above 0, or a matrix is no covariance of full rank.
    """

    kind: str
    weights: NDArray[np.float64]
    covariances: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and (self.weights > 0).all()):
            raise ValueError("a weight of the mixture is not above 0")
        n_clouds = len(self.weights)
        if self.covariances.ndim != 3 or len(self.covariances) != n_clouds or not np.isfinite(self.covariances).all():
            raise ValueError("the covariances do not fit the weights of the mixture")
        try:
            np.linalg.cholesky(self.covariances)
        except np.linalg.LinAlgError:
            raise ValueError("a covariance of the mixture is not positive definite") from None

    def constants(self) -> NDArray[np.float64]:
        """Minus twice the logarithm of each weight over the root of its determinant."""
        determinants: NDArray[np.float64] = np.linalg.slogdet(self.covariances)[1]
        constants: NDArray[np.float64] = determinants - 2.0 * np.log(self.weights)
        return constants

    def forms(self, centres: NDArray[np.float64]) -> Iterator[tuple[Any, Any, float]]:
        """Of each cloud: weights and offsets of linear forms whose squares sum to the distance, and its constant."""
        for factor, centre, constant in zip(self._factors(), centres, self.constants(), strict=True):
            yield factor, -(factor @ centre), float(constant)

    def measure(self, points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Minus twice the logarithm of weight times density of each point (rows) in each cloud, but for a constant."""
        values = [
            ((points @ weights.T + offsets) ** 2).sum(axis=1) + constant
            for weights, offsets, constant in self.forms(centres)
        ]
        return np.column_stack(values)

    def _factors(self) -> NDArray[np.float64]:
        """Inverse of each Cholesky factor: its product with its own transpose on the left is the precision."""
        factors: NDArray[np.float64] = np.linalg.inv(np.linalg.cholesky(self.covariances))
        return factors

    def take(self, places: NDArray[np.int64]) -> Mixture:
        """The same clouds in another order."""
        return Mixture(kind=self.kind, weights=self.weights[places], covariances=self.covariances[places])

    def as_record(self, place: int) -> dict[str, Any]:
        """One cloud, JSON-ready."""
        return {"weight": float(self.weights[place]), "covariance": self.covariances[place].tolist()}


def read_mixture(model: Any) -> tuple[NDArray[np.float64], Mixture]:
    """Centres and clouds of a fitted ``sklearn.mixture.GaussianMixture``."""
    centres = np.asarray(model.means_, dtype=float)
    k, p = centres.shape
    found, kind = np.asarray(model.covariances_, dtype=float), str(model.covariance_type)
    if kind == "full":
        covariances = found
    elif kind == "tied":
        covariances = np.repeat(found[None], k, axis=0)
    else:
        spread = found if kind == "diag" else np.repeat(found[:, None], p, axis=1)
        covariances = np.stack([np.diag(row) for row in spread])
    return centres, Mixture(kind=kind, weights=np.asarray(model.weights_, dtype=float), covariances=covariances)
