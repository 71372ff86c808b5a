"""Constructs on the scale people answered on: points from 0 to 100 instead of standard deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crm_research.errors import ParameterError
from crm_research.models.paths.algorithm import Composites, FloatArray
from crm_research.models.paths.plan import PathPlan
from crm_research.stats.correlations import Moments

Bounds = Mapping[str, tuple[float, float]] | tuple[float, float]


def to_points(values: FloatArray, items: Sequence[str], bounds: Bounds | None) -> tuple[FloatArray, list[str]]:
    """Answers from 0 (the worst that could be ticked) to 100, and words on items whose scale is not known.

    Parameters
    ----------
    values
        (n, items).
    bounds
        Least and highest answer of every item, or one pair for all. Items without them are taken from the least to
        the highest answer that was given.

    Raises
    ------
    ParameterError
        For a scale without length, or an answer outside its scale.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    unknown = []
    for place, item in enumerate(items):
        given = bounds.get(item) if isinstance(bounds, Mapping) else bounds
        if given is None:
            unknown.append(item)
            continue
        least, most = float(given[0]), float(given[1])
        if not least < most:
            raise ParameterError(f"The scale of {item!r} must go from a lower to a higher number, not {given!r}.")
        if low[place] < least or high[place] > most:
            raise ParameterError(
                f"Answers to {item!r} run from {low[place]:g} to {high[place]:g}, outside its scale of {least:g} to "
                f"{most:g}. Correct the scale, or make such answers missing."
            )
        low[place], high[place] = least, most
    reach = np.where(high > low, high - low, 1.0)
    notes = []
    if unknown:
        whose = "no item's scale is" if len(unknown) == len(items) else f"the scales of {', '.join(unknown)} are not"
        notes.append(f"Points from 0 to 100 go from the least to the highest answer given, because {whose} known.")
    return np.asarray((values - low) / reach * 100), notes


def share_items(plan: PathPlan, moments: Moments, found: Composites) -> tuple[FloatArray, FloatArray]:
    """Each item's share of its construct in points, and how many standard deviations one point of a construct is.

    Returns
    -------
    arrays
        (n_sets, items), summing to 1 within a construct, and (n_sets, constructs).

    References
    ----------
    Ringle and Sarstedt (2016), Industrial Management & Data Systems 116, 1865-1886.
    """
    place = np.arange(len(plan.items))
    spread = moments.spreads
    sized = np.zeros_like(spread)
    np.divide(np.abs(found.weights[:, place, plan.owner]), spread, out=sized, where=spread > 0)
    units = sized @ plan.mask
    return np.asarray(sized / np.where(units > 0, units, 1.0)[:, plan.owner]), np.asarray(units)


def measure_performance(plan: PathPlan, moments: Moments, found: Composites) -> FloatArray:
    """(n_sets, constructs): mean score of each construct in points; items of negative weight count from the top."""
    shares, _ = share_items(plan, moments, found)
    weights = found.weights[:, np.arange(len(plan.items)), plan.owner]
    points = np.where(weights < 0, 100 - moments.means, moments.means)
    return np.asarray((shares * points) @ plan.mask)


def effects_in_points(plan: PathPlan, moments: Moments, found: Composites) -> FloatArray:
    """(n_sets, constructs, constructs): points of j for one more point of i, along all ways."""
    _, units = share_items(plan, moments, found)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found.total_effects * units[:, :, None] / units[:, None, :])
