"""Hazards: drawing when something happens whose risk changes with tenure and in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.simulate.chance import Floats, Ints
from crm_research.simulate.settings import Reason


@dataclass(frozen=True, eq=False, kw_only=True)
class Steps:
    """Changes of the log hazard, one value each: of which subject, at which tenure in days, by how much."""

    subject: Ints
    at_days: Floats
    change: Floats


def cumulative_hazard(reason: Reason, tenure_days: Floats) -> Floats:
    """The reference contract's cumulative cause-specific hazard at a tenure."""
    return np.asarray((np.asarray(tenure_days) / reason.scale_days) ** reason.shape)


def draw_event_times(rng: np.random.Generator, reason: Reason, log_hazard_ratio: Floats, steps: Steps) -> Floats:
    """At which tenure would each subject leave for this reason, were it the only one?

    The hazard is proportional: Weibull by tenure, times exp(log_hazard_ratio), times exp of all steps so far. Times
    are exact, by inverting the cumulative hazard at a standard exponential draw. The least over several reasons, with
    the reason that gives it, has exactly these cause-specific hazards.

    Parameters
    ----------
    log_hazard_ratio
        One value for each subject, from tenure 0.
    steps
        Changes thereafter; those before tenure 0 count from 0.
    """
    n = len(log_hazard_ratio)
    subject = np.concatenate((np.arange(n), steps.subject))
    at_days = np.concatenate((np.zeros(n), np.maximum(steps.at_days, 0.0)))
    change = np.concatenate((log_hazard_ratio, steps.change))
    order = np.lexsort((at_days, subject))
    subject, at_days = subject[order], at_days[order]
    is_last = np.append(subject[1:] != subject[:-1], True) if n else np.zeros(0, dtype=bool)
    first = np.searchsorted(subject, np.arange(n))
    log_ratio = _sum_from(change[order], first, subject)
    at_hazard = cumulative_hazard(reason, at_days)
    until_hazard = np.where(is_last, at_hazard, np.append(at_hazard[1:], 0.0))
    gained = np.exp(log_ratio) * (until_hazard - at_hazard)
    reached = _sum_from(gained, first, subject)
    before = reached - gained
    threshold = rng.standard_exponential(n)[subject]
    hit = (before <= threshold) & ((threshold < reached) | is_last)
    # Rounding may let a threshold fall on the edge of two pieces: the first of them counts.
    place = np.full(n, len(subject))
    np.minimum.at(place, subject[hit], np.flatnonzero(hit))
    inside = at_hazard[place] + (threshold[place] - before[place]) * np.exp(-log_ratio[place])
    return np.asarray(reason.scale_days * inside ** (1.0 / reason.shape))


def _sum_from(values: Floats, first: Ints, subject: Ints) -> Floats:
    total = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(total[1:] - total[first][subject])
