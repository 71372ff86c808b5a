"""Models at the edge of their family: everybody alike, nobody dropping out; and the best of them found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from crm_research.models.btyd.maximise import Objective, Optimum, maximise
from crm_research.stats.intervals import FloatArray

# Logarithm of a shape at which customers differ by less than 1 %: for every purpose they are then alike.
ALIKE: Final = 9.5
NOBODY_LEAVES: Final = "nobody drops out"
# Log-likelihoods of all customers this close are the same; of the models that reach it the simplest is named.
_SAME: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Side:
    """One half of a model (buying, or dropping out) as it is, or at an edge of its parameters.

    Parameters
    ----------
    base, matrix
        The log parameters of this half (two, or three) are base + matrix @ what is still free.
    project
        What is still free, from the log parameters near the edge.
    names
        Of what is still free.
    edges
        Values that the parameters approach; None where they stay parameters.
    words
        What customers are like there; empty inside.
    """

    base: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    project: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    edges: tuple[float | None, ...] = (None, None)
    words: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Limit:
    """Both halves together: how all log parameters follow from the free ones.

    Parameters
    ----------
    base, matrix
        All log parameters are base + matrix @ the free ones.
    project
        The free ones from all.
    names
        Of the free ones.
    edges
        Values that the parameters approach; NaN where they stay parameters.
    is_open
        Whether anything is free in the half that a parameter belongs to.
    words
        What customers are like; empty for the model itself.
    """

    base: FloatArray
    matrix: FloatArray
    project: FloatArray
    names: tuple[str, ...]
    edges: FloatArray
    is_open: np.ndarray
    words: tuple[str, ...]

    @property
    def is_inside(self) -> bool:
        """Is this the model itself, at no edge?"""
        return not self.words


def free(*names: str) -> Side:
    """All parameters of this half as they are."""
    unit = tuple(tuple(float(row == column) for column in names) for row in names)
    return Side(base=(0.0,) * len(names), matrix=unit, project=unit, names=names, edges=(None,) * len(names))


def alike(first: str, other: str, words: str, *, log_shape: float = ALIKE) -> Side:
    """Both parameters at infinity (or, with a negative `log_shape`, at 0), where only their ratio counts."""
    edge = np.inf if log_shape > 0 else 0.0
    return Side(
        base=(log_shape, log_shape),
        matrix=((0.0,), (-1.0,)),
        project=((1.0, -1.0),),
        names=(f"{first} / {other}",),
        edges=(edge, edge),
        words=words,
    )


def fixed(log_values: tuple[float, ...], edges: tuple[float, ...], words: str) -> Side:
    """Nothing free: this half of the model has gone."""
    return Side(base=log_values, matrix=((),) * len(log_values), project=(), names=(), edges=edges, words=words)


def combine(sides: Sequence[Side]) -> Limit:
    """Halves side by side as one limit of the whole."""
    widths = [len(side.base) for side in sides]
    n_free, n_all = sum(len(side.names) for side in sides), sum(widths)
    matrix, project = np.zeros((n_all, n_free)), np.zeros((n_free, n_all))
    top = at = 0
    for side, width in zip(sides, widths, strict=True):
        rows, columns = slice(top, top + width), slice(at, at + len(side.names))
        matrix[rows, columns] = np.array(side.matrix).reshape(width, len(side.names))
        project[columns, rows] = np.array(side.project).reshape(len(side.names), width)
        top, at = top + width, at + len(side.names)
    edges = [np.nan if edge is None else edge for side in sides for edge in side.edges]
    return Limit(
        base=np.array([value for side in sides for value in side.base]),
        matrix=matrix,
        project=project,
        names=tuple(name for side in sides for name in side.names),
        edges=np.array(edges),
        is_open=np.repeat([bool(side.names) for side in sides], widths),
        words=tuple(side.words for side in sides if side.words),
    )


def reduce_objective(objective: Objective, limit: Limit) -> Objective:
    """The likelihood as a function of what is still free at a limit."""

    def reduced(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(limit.base + limit.matrix @ point)
        return value, np.asarray(limit.matrix.T @ gradient)

    return reduced


def find_limit(
    objective: Objective, sides: Sequence[Sequence[Side]], ended: Optimum, *, n_customers: float
) -> tuple[Limit, Optimum] | None:
    """At which edge of the model does the likelihood, which rises without a top, come to rest?

    Parameters
    ----------
    sides
        For each half of the model its forms: itself first, then its edges.
    ended
        Where the search on all parameters ended without a top.

    Returns
    -------
    (Limit, Optimum) or None
        The simplest limit with a top of its own that is as high as the search came; None where there is none.
    """
    found = []
    for limit in _limits(sides):
        start = np.clip(limit.project @ ended.log_params, -6.0, 6.0)
        top = maximise(reduce_objective(objective, limit), [start], n_customers=n_customers, names=limit.names)
        if top.is_converged:
            found.append((limit, top))
    highest = max((top.value for _, top in found), default=-np.inf)
    if (highest - ended.value) * n_customers < -_SAME:
        return None
    good = [pair for pair in found if (highest - pair[1].value) * n_customers < _SAME]
    return min(good, key=lambda pair: (len(pair[0].names), -pair[1].value)) if good else None


def _limits(sides: Sequence[Sequence[Side]]) -> Iterator[Limit]:
    return (limit for limit in map(combine, product(*sides)) if not limit.is_inside)
