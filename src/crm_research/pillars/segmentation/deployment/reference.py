"""How customers lie around the centres of their segments: what is kept to see later whether they still lie so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.pillars.segmentation.evidence.number_of_groups import measure_silhouette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.evidence.densities import Mixture

# Under odds of two to one the customer could as well be placed elsewhere.
UNCERTAIN_BELOW: Final = 2 / 3
_PARTS: Final = 10
_LEAST_SPREAD: Final = 1e-12
_AT_ONCE: Final = 200_000


@dataclass(frozen=True, eq=False, kw_only=True)
class ReferenceProfile:
    """How did the customers lie around the centres at one instant?

    Parameters
    ----------
    sizes
        Customers of each segment.
    spread
        Variance within segments of one scaled input: the mean squared distance to the own centre, by input. Membership
        certainties are reckoned with it.
    distance, distance_sd
        Mean and standard deviation of the squared distance to the own centre.
    n_uncertain
        Customers with a certainty under two thirds.
    silhouette, silhouette_error, n_silhouette
        Mean silhouette on a sample, its standard error and the customers of the sample.
    edges
        Input to the limits of its bins, in the units of the feature: up to and with the first, above it up to and with
        the second, and so on; above the last.
    counts
        Input to the customers in each bin, and last those of whom it is not known.
    """

    sizes: tuple[int, ...]
    spread: float
    distance: float
    distance_sd: float
    n_uncertain: int
    silhouette: float
    silhouette_error: float
    n_silhouette: int
    edges: Mapping[str, tuple[float, ...]]
    counts: Mapping[str, tuple[int, ...]]

    @property
    def n_customers(self) -> int:
        """Customers in all segments."""
        return int(sum(self.sizes))

    def as_record(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the sizes, which stand with the segments."""
        return {
            "spread": self.spread,
            "squared_distance": {"mean": self.distance, "standard_deviation": self.distance_sd},
            "n_uncertain": self.n_uncertain,
            "silhouette": {
                "estimate": _finite(self.silhouette),
                "standard_error": _finite(self.silhouette_error),
                "n": self.n_silhouette,
            },
            "bins": {
                name: {"up_to": list(self.edges[name]), "n_customers": list(self.counts[name])} for name in self.edges
            },
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], sizes: Sequence[int]) -> ReferenceProfile:
        """Read back what `as_record` wrote."""
        bins, silhouette, distance = record["bins"], record["silhouette"], record["squared_distance"]
        for name, entry in bins.items():
            if len(entry["n_customers"]) != len(entry["up_to"]) + 2:
                raise ValueError(f"the bins of {name!r} do not fit their limits")
        return cls(
            sizes=tuple(int(size) for size in sizes),
            spread=max(float(record["spread"]), _LEAST_SPREAD),
            distance=float(distance["mean"]),
            distance_sd=float(distance["standard_deviation"]),
            n_uncertain=int(record["n_uncertain"]),
            silhouette=_number(silhouette["estimate"]),
            silhouette_error=_number(silhouette["standard_error"]),
            n_silhouette=int(silhouette["n"]),
            edges={name: tuple(float(edge) for edge in entry["up_to"]) for name, entry in bins.items()},
            counts={name: tuple(int(n) for n in entry["n_customers"]) for name, entry in bins.items()},
        )


def take_reference(
    raw: NDArray[np.float64],
    scaled: NDArray[np.float64],
    centres: NDArray[np.float64],
    names: Sequence[str],
    *,
    mixture: Mixture | None = None,
    seed: int = 20170101,
) -> ReferenceProfile:
    """How do these customers lie around these centres?

    Parameters
    ----------
    raw, scaled
        One row a customer, one column an input: in the units of the feature with gaps, and scaled.
    names
        Of the columns.
    mixture
        Where customers belong to the likeliest of clouds: distances are by the covariance of the own cloud then.
    """
    labels, nearest, certainty_of = measure_places(scaled, centres, mixture)
    n = len(scaled)
    spread = max(float(nearest.mean() / scaled.shape[1]) if n else 0.0, _LEAST_SPREAD)
    edges = {name: find_edges(raw[:, place]) for place, name in enumerate(names)}
    value, error, n_silhouette = measure_silhouette(scaled, labels, seed=seed) if n > 2 else (np.nan, np.nan, n)
    return ReferenceProfile(
        sizes=tuple(np.bincount(labels, minlength=len(centres)).tolist()),
        spread=spread,
        distance=float(nearest.mean()) if n else 0.0,
        distance_sd=float(nearest.std()) if n else 0.0,
        n_uncertain=int((certainty_of(spread if mixture is None else 1.0) < UNCERTAIN_BELOW).sum()),
        silhouette=value,
        silhouette_error=error,
        n_silhouette=n_silhouette,
        edges=edges,
        counts={name: count_bins(raw[:, place], edges[name]) for place, name in enumerate(names)},
    )


def measure_places(
    points: NDArray[np.float64], centres: NDArray[np.float64], mixture: Mixture | None = None
) -> tuple[Any, Any, Any]:
    """Segment of each point, its squared distance to the centre, and a function from the spread to the certainty."""
    squared = np.empty((len(points), len(centres)))
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        if mixture is not None:
            squared[part] = mixture.measure(points[part], centres)
            continue
        for place, centre in enumerate(centres):
            squared[part, place] = ((points[part] - centre) ** 2).sum(axis=1)
    labels = squared.argmin(axis=1)
    least = squared.min(axis=1, initial=np.inf) if len(points) else np.empty(0)

    def certainty(spread: float) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = np.exp((least[:, None] - squared) / (2 * spread)).sum(axis=1)
        return 1 / sums

    distance = least if mixture is None else np.maximum(least - mixture.constants()[labels], 0.0)
    return labels, distance, certainty


def find_edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Limits of at most eleven bins that hold about equally many; heaps of one value stay together in one bin."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ()
    # Values that occur, not between them: a heap must not straddle a limit.
    cuts = np.quantile(known, np.arange(1, _PARTS) / _PARTS, method="inverted_cdf")
    highest = known.max()
    if cuts[-1] == highest > known.min():  # a heap at the top is a bin of its own
        cuts = np.append(cuts, known[known < highest].max())
    return tuple(float(edge) for edge in np.unique(cuts) if edge < highest)


def count_bins(values: NDArray[np.float64], edges: Sequence[float]) -> tuple[int, ...]:
    """Customers in each bin, and last those without a value."""
    known = values[np.isfinite(values)]
    places = np.searchsorted(np.asarray(edges, dtype=float), known, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return (*counts.tolist(), len(values) - len(known))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
