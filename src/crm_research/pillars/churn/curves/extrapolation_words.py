"""The curve beyond the records as a manager reads it: sentences, one picture, tables and figures."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.models.parametric import HELD_FLAT
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation
from crm_research.pillars.churn.setting import say_condition
from crm_research.theme import (
    UNKNOWN,
    say_count,
    say_days,
    say_days_like,
    say_estimate,
    say_percent,
    say_points,
    say_range,
)
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    pass

SHAPE_NAMES: Final = MappingProxyType(
    {
        "exponential": "one constant danger",
        "weibull": "Weibull",
        "log_normal": "log-normal",
        "log_logistic": "log-logistic",
        "gompertz": "Gompertz",
        "spline": "spline",
        HELD_FLAT: "held flat",
    }
)
_LITTLE: Final = 0.05
_MUCH: Final = 0.20
_CLOSE: Final = 0.03
_MIXED: Final = 0.10


def expected_finding(found: TenureExtrapolation) -> str:
    """How long does a new contract last, and how much of that is carried on beyond the records?"""
    row = found.expected.iloc[0]
    said = say_estimate(
        row["expected_days"],
        row["lower"],
        row["upper"],
        say_days_like(row["expected_days"], row["lower"], row["upper"]),
        found.confidence,
    )
    if said == UNKNOWN:
        return f"How long a new contract lasts within its first {say_reach(found)} is not known: too few were watched."
    told = f"{say_contract(found)} is expected to last {said} within its first {say_reach(found)}"
    if not found.is_needed or not row["beyond_share"] > 0:
        return f"{told}; contracts were watched that long, so nothing is guessed."
    return (
        f"{told}; {say_percent(row['beyond_share'])} of that lies beyond {say_days(found.watched_days)}, where too few "
        f"contracts were watched, and is carried on by a curve ({SHAPE_NAMES[found.choice.shape]})."
    )


def why_certain(found: TenureExtrapolation) -> str:
    """Why nothing is said of how long contracts last within the years counted; empty where that is to be learnt."""
    if not 0 < found.horizon_days <= found.begins_days:
        return ""
    return (
        f"How long contracts last within their first {say_reach(found)} cannot be told: the curve begins at a tenure "
        f"of {say_days(found.begins_days)}, so all that it knows of have lasted that long."
    )


def parting_finding(leaving: ChurnAnalysis, found: TenureExtrapolation) -> str:
    """Which of two curves tells the share still there, where the carried one begins before the records end?"""
    if leaving.survival is None or not found.is_needed:
        return ""
    known, year = float(leaving.survival.sizes["known_days"].iloc[0]), leaving.days_at(12)
    if not found.watched_days < year <= known:
        return ""
    return (
        f"From {say_days(found.watched_days)} on few were watched, and the dashed curve need not meet the share still "
        "there after 12 months that stands above: it serves the sum of tenure alone."
    )


def trust_finding(found: TenureExtrapolation) -> str:
    """How far may one trust the part that no record speaks for?"""
    if not found.is_needed:
        return ""
    return " ".join(part for part in (_say_test(found), _say_rivals(found), _say_reach(found), _say_mix(found)) if part)


def is_trusted(found: TenureExtrapolation) -> bool:
    """Did it predict closely, do rivals lead to much the same, and do the groups agree with the whole?"""
    close = found.choice.is_tested and found.error <= _CLOSE and _rival_range(found)[2] <= _MUCH
    return not found.is_needed or (close and not _say_reach(found) and not _say_mix(found))


def _say_test(found: TenureExtrapolation) -> str:
    n_trials = len(found.choice.trials)
    if not n_trials:
        return (
            "Nothing tests this curve, which was chosen by its fit (AIC): too few contracts were watched long enough "
            "to hide the longer tenures and predict them from the shorter ones."
        )
    verdict = (
        "closely"
        if found.error <= _CLOSE
        else "only roughly"
        if found.error < found.flat_error
        else "no better than holding the curve flat would"
    )
    return (
        f"With longer tenures hidden ({say_count(n_trials, 'trial')}), the curve predicted them {verdict}: the share "
        f"still there was missed by {say_points(found.error)} on average, by {say_points(found.flat_error)} if the "
        f"curve is held flat{_say_constant(found)}."
    )


def _say_constant(found: TenureExtrapolation) -> str:
    scores = found.choice.scores
    constant = scores.loc[scores["shape"] == "exponential", "survival_error"]
    if constant.empty or found.choice.shape == "exponential":
        return ""
    return f", and by {say_points(float(constant.iloc[0]))} with one constant danger"


def _say_rivals(found: TenureExtrapolation) -> str:
    low, high, spread = _rival_range(found)
    chosen = float(found.expected["expected_days"].iloc[0])
    if len(found.rivals) < 2 or not chosen > 0:
        return ""
    weight = (
        "little hangs on the choice"
        if spread <= _LITTLE
        else "the choice matters"
        if spread <= _MUCH
        else "the number depends on the choice more than a budget should"
    )
    return f"Other shapes lead to {_say_apart(low, high, chosen)}: {weight}."


def _say_apart(low: float, high: float, like: float) -> str:
    """Shortest to longest in the unit of the number told; in days where that unit cannot tell them apart."""
    say = say_days_like(like)
    if say(low) == say(high) and f"{low:.0f}" != f"{high:.0f}":
        return f"{low:,.0f} to {high:,.0f} days"
    return say_range(low, high, say)


def _rival_range(found: TenureExtrapolation) -> tuple[float, float, float]:
    """Shortest and longest expected tenure over all shapes, and their distance as a share of the chosen one's."""
    led = found.rivals["expected_days"]
    chosen = float(found.expected["expected_days"].iloc[0])
    return float(led.min()), float(led.max()), float((led.max() - led.min()) / chosen) if chosen > 0 else np.nan


def _say_mix(found: TenureExtrapolation) -> str:
    """Do the groups, each by itself, add up to the whole? If not, newer contracts are of other kinds than old ones."""
    groups = found.by_group
    if groups is None or groups["expected_days"].isna().any() or len(groups) < 2:
        return ""
    mixed = float(np.average(groups["expected_days"], weights=groups["n"]))
    whole = float(found.expected["expected_days"].iloc[0])
    if not abs(mixed - whole) > _MIXED * whole:
        return ""
    say = say_days_like(whole)
    return (
        f"The groups, each by itself and weighted by their contracts, give {say(mixed)} instead of {say(whole)}: which "
        "groups contracts belong to goes with how long they were watched, so trust the groups more than the whole."
    )


def _say_reach(found: TenureExtrapolation) -> str:
    if not len(found.choice.trials) or not found.watched_days > 0:
        return ""
    tested = float((found.choice.trials["to_days"] / found.choice.trials["from_days"]).max())
    asked = found.horizon_days / found.watched_days
    if asked <= tested:
        return ""
    return (
        f"The trials reach up to {tested:.1f} times the tenure known, the horizon lies at {asked:.1f} times: the far "
        "end is tested by nothing."
    )


def say_contract(found: TenureExtrapolation) -> str:
    """Of which contracts is the curve, in words that begin a sentence?"""
    return f"A contract{say_condition(found.begins_days)}" if found.begins_days > 0 else "A new contract"


def say_reach(found: TenureExtrapolation) -> str:
    """How far does the extrapolation go, in words?"""
    years = found.horizon_days / DAYS_PER_YEAR
    if years >= 2 and abs(years - round(years)) < 0.01:
        return say_count(round(years), "year")
    months = found.horizon_days / DAYS_PER_MONTH
    return say_count(round(months), "month") if months >= 1 else say_count(round(found.horizon_days), "day")
