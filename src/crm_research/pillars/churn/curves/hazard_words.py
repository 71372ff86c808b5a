"""When is the danger greatest? Months are named only where they stand out among all that were looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.theme import join_words, say_count, say_interval, say_percent

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.models.survival import Peaks
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis

_MOST_STRETCHES: Final = 4


def hazard_clause(leaving: ChurnAnalysis) -> str:
    """In which months of tenure do more leave than chance explains? A clause of the answer; empty without an end."""
    if not _has_ends(leaving) or leaving.peaks is None:
        return ""
    if leaving.peaks.standing.empty:
        return f"no {leaving.period} of a contract stands out as more dangerous than the average {leaving.period}"
    row = _shown(leaving.peaks)
    when = f"{leaving.period} {row['period_index'] + 1:.0f}"
    share = f"{say_percent(row['share'])} of those still there leave"
    between = say_interval(row["lower"], row["upper"], say_percent)
    if leaving.peaks.leader is not None:
        return f"the danger is greatest in {when} of a contract, in which {share} ({between})"
    if len(leaving.peaks.standing) == 1:
        return (
            f"{when} of a contract stands out as more dangerous than the average {leaving.period}: {share} ({between})"
        )
    standing = _say_standing(leaving.peaks, leaving.period)
    return f"the danger stands out in {standing} of a contract; in {when}, {share} ({between})"


def hazard_finding(leaving: ChurnAnalysis) -> str:
    """When is the danger, in one line?"""
    if not _has_ends(leaving) or leaving.peaks is None:
        return "Too few contracts have ended to say when the danger is greatest"
    average = say_percent(average_share(leaving))
    if len(leaving.peaks.tested) < 2:
        row = leaving.peaks.tested.iloc[0]
        when = f"{leaving.period.capitalize()} {row['period_index'] + 1:.0f}"
        return f"{when}: {say_percent(row['share'])} of those still there leave"
    if leaving.peaks.standing.empty:
        return f"No {leaving.period} stands out: in an average {leaving.period} {average} of those still there leave"
    row = _shown(leaving.peaks)
    when = f"{leaving.period.capitalize()} {row['period_index'] + 1:.0f}"
    against = f"{say_percent(row['share'])} leave, against {average} in an average {leaving.period}"
    if leaving.peaks.leader is not None:
        return f"{when} is the most dangerous: {against}"
    if len(leaving.peaks.standing) == 1:
        return f"{when} stands out: {against}"
    standing = _say_standing(leaving.peaks, leaving.period)
    return f"The danger stands out in {standing}; in {when.lower()}, {against}"


def average_share(leaving: ChurnAnalysis) -> float:
    """Share that leaves in a period if the same left in each: the rule of thumb, carried to the period's length."""
    if leaving.rule is None or not np.isfinite(leaving.rule.monthly_rate):
        return float("nan")
    return float(-np.expm1(-leaving.rule.monthly_rate * leaving.period_months))


def say_dangerous(leaving: ChurnAnalysis) -> str:
    """The months that stand out as more dangerous than the average one; empty where none does."""
    if not _has_ends(leaving) or leaving.peaks is None or leaving.peaks.standing.empty:
        return ""
    return _say_standing(leaving.peaks, leaving.period)


def _has_ends(leaving: ChurnAnalysis) -> bool:
    return leaving.rates is not None and bool(leaving.rates["n_ended"].sum() > 0)


def _shown(peaks: Peaks) -> pd.Series:
    """The leader, or of months that stand out alike the first: which of all is the worst is not known."""
    return peaks.leader if peaks.leader is not None else peaks.standing.iloc[0]


def _say_standing(peaks: Peaks, period: str) -> str:
    """The months that stand out: ``months 1 to 3 and 12``."""
    numbers = [int(place) + 1 for place in peaks.standing["period_index"]]
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(numbers)) if b != a + 1), len(numbers)]
    stretches = [numbers[a:b] for a, b in pairwise(breaks)]
    said = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in stretches[:_MOST_STRETCHES]]
    n_more = sum(len(run) for run in stretches[_MOST_STRETCHES:])
    if n_more:
        said.append(f"{say_count(n_more)} more")
    return f"{period}{'' if len(numbers) == 1 else 's'} {join_words(said)}"
