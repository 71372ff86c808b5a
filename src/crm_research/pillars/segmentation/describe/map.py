"""A map of the customers: the two directions that show most, and how much the map leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest
from crm_research.theme import join_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.result import Grouping

Method = Literal["components", "discriminants"]
METHODS: Final = ("components", "discriminants")
_MOST_POINTS: Final = 1_500
_FEWEST_POINTS: Final = 60
_CARRIES: Final = 0.4


@dataclass(frozen=True, eq=False, kw_only=True)
class SegmentMap:
    """Where do the customers and the segments lie, seen from above?

    Parameters
    ----------
    points
        A sample of the customers: x, y, segment. The sample holds each segment in its share, the smallest at least
        60 times where it has so many.
    centres
        segment, x, y: the means of all members.
    axes
        axis (x, y), share (of the variance; for discriminants of that between the segments), words (the inputs it
        runs along).
    loadings
        input, what, x, y: correlation of each input with the axes.
    placed_share
        Customers of the sample who lie nearest to their own segment's mean on the map: what the map does not show
        stands against it.
    """

    points: pd.DataFrame
    centres: pd.DataFrame
    axes: pd.DataFrame
    loadings: pd.DataFrame
    placed_share: float
    method: Method
    n: int


def map_segments(found: Grouping, *, method: Method = "components", seed: int = 20170101) -> SegmentMap:
    """Where do the segments lie to each other?

    Parameters
    ----------
    found
        The groups.
    method
        ``components``: the two directions in which the customers differ most (principal components), whatever the
        segments. ``discriminants``: those in which the segments differ most (Fisher's), which flatter them.
    seed
        Start of the draw of the sample.

    Notes
    -----
    One input gives a map with one direction; the other axis then carries nothing. Signs are fixed so that the input
    that weighs most points to the right and up.

    References
    ----------
    Jolliffe (2002), Principal Component Analysis; Fisher (1936), Annals of Eugenics 7, 179-188.
    """
    if method not in METHODS:
        raise ParameterError(f"method must be one of {', '.join(METHODS)}; not {method!r}.")
    points = found.inputs.scaled - found.inputs.scaled.mean(axis=0)
    groups = found.cards["group"].to_numpy()
    is_member = np.isin(found.labels, groups)
    directions, shares = (_components if method == "components" else _discriminants)(points, found.labels, groups)
    flat = points @ directions
    means = np.array([flat[found.labels == group].mean(axis=0) for group in groups])
    drawn = _draw(found.labels, groups, seed=seed)
    names = found.cards.set_index("group")["segment"]
    own = np.array([int(np.flatnonzero(groups == label)[0]) for label in found.labels[drawn]], dtype=np.int64)
    nearest = assign_nearest(flat[drawn], means)
    weights = is_member[drawn] / np.bincount(own, minlength=len(groups))[own]
    weights *= np.bincount(_places(found.labels, groups), minlength=len(groups))[own]
    loadings = _correlate(points, flat)
    words = [found.inputs.terms[name].words for name in found.inputs.used]
    return SegmentMap(
        points=pd.DataFrame({"x": flat[drawn, 0], "y": flat[drawn, 1], "segment": names.loc[groups[own]].to_numpy()}),
        centres=pd.DataFrame({"segment": found.cards["segment"], "x": means[:, 0], "y": means[:, 1]}),
        axes=pd.DataFrame(
            {"axis": ["x", "y"], "share": shares, "words": [_say(loadings[:, i], words) for i in (0, 1)]}
        ),
        loadings=pd.DataFrame({"input": found.inputs.used, "what": words, "x": loadings[:, 0], "y": loadings[:, 1]}),
        placed_share=float((weights * (nearest == own)).sum() / weights.sum()) if weights.sum() else float("nan"),
        method=method,
        n=int(is_member.sum()),
    )


def _components(
    points: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[NDArray[np.float64], list[float]]:
    del labels, groups
    values, vectors = np.linalg.eigh(np.atleast_2d(points.T @ points) / len(points))
    return _take_two(values[::-1], vectors[:, ::-1])


def _discriminants(
    points: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[NDArray[np.float64], list[float]]:
    from scipy.linalg import eigh

    within = np.zeros((points.shape[1],) * 2)
    between = np.zeros_like(within)
    for group in groups:
        members = points[labels == group]
        middle = members.mean(axis=0)
        within += (members - middle).T @ (members - middle)
        between += len(members) * np.outer(middle, middle)
    # A little of the total keeps an input that is constant within the segments from dividing by nought.
    within += np.eye(len(within)) * 1e-6 * max(float(np.trace(within + between)), 1e-12) / len(within)
    values, vectors = eigh(between, within)
    return _take_two(np.maximum(values[::-1], 0.0), vectors[:, ::-1] * np.sqrt(len(points)))


def _take_two(values: NDArray[np.float64], vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[float]]:
    if vectors.shape[1] < 2:
        vectors = np.column_stack([vectors, np.zeros(len(vectors))])
        values = np.append(values, 0.0)
    heaviest = np.abs(vectors[:, :2]).argmax(axis=0)
    signs = np.sign(vectors[heaviest, [0, 1]])
    total = values.sum()
    shares = [float(value / total) if total > 0 else 0.0 for value in values[:2]]
    return vectors[:, :2] * np.where(signs == 0, 1.0, signs), shares


def _places(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.argsort(groups)
    held = labels[np.isin(labels, groups)]
    return np.asarray(order[np.searchsorted(groups[order], held)], dtype=np.int64)


def _draw(labels: NDArray[np.int64], groups: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    share = min(1.0, _MOST_POINTS / max(len(labels), 1))
    drawn = []
    for group in groups:
        members = np.flatnonzero(labels == group)
        n = min(len(members), max(_FEWEST_POINTS, round(share * len(members))))
        drawn.append(rng.choice(members, size=n, replace=False))
    return np.sort(np.concatenate(drawn))


def _correlate(points: NDArray[np.float64], flat: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = points.std(axis=0)[:, None] * flat.std(axis=0)[None, :]
    covariance = points.T @ (flat - flat.mean(axis=0)) / len(points)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 0, covariance / spread, 0.0))


def _say(loadings: NDArray[np.float64], words: list[str]) -> str:
    order = [i for i in np.argsort(-np.abs(loadings), kind="stable") if abs(loadings[i]) >= _CARRIES][:2]
    sides = (
        ("more", [words[i] for i in order if loadings[i] > 0]),
        ("less", [words[i] for i in order if loadings[i] < 0]),
    )
    return "; ".join(f"{side}: {join_words(named)}" for side, named in sides if named) or "no input by itself"
