"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from crm_research.churn.curves.analysis import ChurnAnalysis
from crm_research.theme import join_words, say_count, say_days, say_days_like, say_estimate, say_interval, say_percent
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_FEWEST_ENDS: Final = 5
_SMALL_P: Final = 0.001
_NEARLY_A_YEAR: Final = 350


def answer(leaving: ChurnAnalysis) -> list[str]:
    """The answer in at most three sentences: how long they stay, when the danger is, who leaves sooner and why."""
    if leaving.survival is None:
        return [
            f"These records cannot say when customers leave: {leaving.setting.explain()}",
            "Needed: contracts with a start before as_of, and the ends of those that are over.",
        ]
    third = group_finding(leaving) or reason_finding(leaving)
    first = stay_finding(leaving)
    if leaving.setting.may_lack_early_leavers:
        first = f"{first.rstrip('.')}, if no early leavers are missing from the records."
    return [line for line in (first, danger_finding(leaving), third) if line]


def stay_finding(leaving: ChurnAnalysis) -> str:
    """How long do contracts last?"""
    if leaving.survival is None:
        return "No contract was watched."
    median, size = leaving.survival.medians.iloc[0], leaving.survival.sizes.iloc[0]
    if size["n_ended"] == 0:
        return (
            f"None of {say_count(size['n'], 'contract')} has ended in up to {say_days(size['last_days'])} of watching: "
            "nothing can be said yet about when customers leave."
        )
    if np.isfinite(median["median_days"]):
        said = say_estimate(
            median["median_days"],
            median["lower"],
            median["upper"],
            say_days_like(median["median_days"]),
            leaving.confidence,
        )
        return f"Half of the contracts have ended after {said}."
    last = leaving.survival.curves.iloc[-1]
    said = say_estimate(last["survival"], last["lower"], last["upper"], say_percent, leaving.confidence)
    longest = _say_longest(size["last_days"])
    return f"More than half of the contracts outlast the records: {said} still run after {longest}."


def _say_longest(days: float) -> str:
    """The longest tenure watched; in days where months would round to the year that was not reached."""
    return say_count(days, "day") if _NEARLY_A_YEAR <= days < DAYS_PER_YEAR else say_days(days)


def year_finding(leaving: ChurnAnalysis) -> str:
    """What share stays for a year?"""
    if leaving.survival is None:
        return "No contract was watched."
    row = leaving.survival.at(leaving.days_at(12)).iloc[0]
    if not np.isfinite(row["survival"]):
        longest = _say_longest(leaving.survival.sizes["last_days"].iloc[0])
        return f"No contract was watched for 12 months (the longest for {longest}), so 12-month survival is not known."
    # 99 % (99 % to 99 %) would look like certainty.
    is_narrow = say_percent(row["lower"]) == say_percent(row["upper"])
    say = partial(say_percent, digits=1) if is_narrow else say_percent
    said = say_estimate(row["survival"], row["lower"], row["upper"], say, leaving.confidence)
    return f"{said} of the contracts last longer than 12 months."


def danger_finding(leaving: ChurnAnalysis) -> str:
    """In which month of tenure is leaving most frequent?"""
    year = year_finding(leaving)
    worst = worst_month(leaving)
    if worst is None:
        return year
    between = say_interval(worst["lower"], worst["upper"], say_percent)
    when = f"{leaving.period} {worst['period_index'] + 1:.0f}"
    return (
        f"{year.rstrip('.')}; the danger is greatest in {when} of a contract, in which "
        f"{say_percent(worst['rate'])} of those still there leave ({between})."
    )


def worst_month(leaving: ChurnAnalysis) -> pd.Series | None:
    """The month of tenure whose rate is surely highest (by its lower limit, five ends or more); None without one."""
    if leaving.rates is None:
        return None
    solid = leaving.rates.loc[leaving.rates["n_ended"] >= _FEWEST_ENDS]
    return None if solid.empty else solid.sort_values("lower", kind="stable").iloc[-1]


def hazard_finding(leaving: ChurnAnalysis) -> str:
    """When is the danger, in one line?"""
    worst = worst_month(leaving)
    if worst is None:
        return "Too few contracts have ended to say when the danger is greatest"
    month = int(worst["period_index"]) + 1
    late = leaving.rates
    if late is None or len(late) < 2:
        return f"{leaving.period.capitalize()} {month}: {say_percent(worst['rate'])} of those still there leave"
    mean = late["n_ended"].sum() / (late["exposure_days"].sum() / DAYS_PER_MONTH / leaving.period_months)
    return (
        f"{leaving.period.capitalize()} {month} is the most dangerous: {say_percent(worst['rate'])} leave, "
        f"against {say_percent(mean)} in an average {leaving.period}"
    )


def extreme_groups(leaving: ChurnAnalysis) -> tuple[pd.Series, pd.Series] | None:
    """The groups with the lowest and the highest survival at the common horizon; None with fewer than two."""
    if leaving.pairs is None or leaving.by_group is None:
        return None
    at = leaving.by_group.at(float(leaving.pairs["horizon_days"].iloc[0])).dropna(subset=["survival"])
    if len(at) < 2:
        return None
    ordered = at.sort_values("survival", kind="stable")
    return ordered.iloc[0], ordered.iloc[-1]


def group_finding(leaving: ChurnAnalysis) -> str:
    """Which group leaves soonest, by how much, and is it chance? Empty without groups."""
    found = extreme_groups(leaving)
    if found is None or leaving.pairs is None:
        return ""
    low, high = found
    gap = pair_gap(leaving.pairs, str(high["group"]), str(low["group"]))
    horizon = say_days(float(leaving.pairs["horizon_days"].iloc[0]))
    name = leaving.counts.group
    if not gap["p_adjusted"] <= 1 - leaving.confidence:
        return (
            f"By {name} no difference stands out from chance: after {horizon} {say_percent(low['survival'])} "
            f"({low['group']}) to {say_percent(high['survival'])} ({high['group']}) are still there."
        )
    return (
        f"By {name}, '{low['group']}' leaves soonest and '{high['group']}' last: after {horizon} "
        f"{say_percent(low['survival'])} against {say_percent(high['survival'])} are still there, a difference of "
        f"{say_points(gap['gap'])} ({say_interval(gap['lower'], gap['upper'], say_points)})."
    )


def pair_gap(pairs: pd.DataFrame, first: str, other: str) -> dict[str, float]:
    """Survival of the first group less that of the other, with limits, whichever way round the pair stands."""
    for _, row in pairs.iterrows():
        if (row["group"], row["other_group"]) == (first, other):
            names = ("survival_gap", "gap_lower", "gap_upper")
            return dict(zip(("gap", "lower", "upper"), (float(row[name]) for name in names), strict=True)) | {
                "p_adjusted": float(row["p_adjusted"])
            }
        if (row["group"], row["other_group"]) == (other, first):
            names = ("survival_gap", "gap_upper", "gap_lower")
            return dict(zip(("gap", "lower", "upper"), (-float(row[name]) for name in names), strict=True)) | {
                "p_adjusted": float(row["p_adjusted"])
            }
    return {"gap": np.nan, "lower": np.nan, "upper": np.nan, "p_adjusted": np.nan}


def chance_finding(leaving: ChurnAnalysis) -> str:
    """The log-rank test in words. Empty without groups."""
    if leaving.test is None:
        return ""
    if not np.isfinite(leaving.test.p_value):
        return "The groups were never at risk together with an end among them, so they cannot be compared."
    small = leaving.test.p_value < _SMALL_P
    chance = "less than one in a thousand" if small else f"{leaving.test.p_value:.3f}"
    return (
        f"If all groups left alike, differences this large would come about by chance with probability {chance} "
        f"(log-rank chi-squared {leaving.test.chi_squared:,.1f} on {leaving.test.degrees} degrees of freedom)."
    )


def reason_finding(leaving: ChurnAnalysis) -> str:
    """For which reason do most leave within a year? Empty without reasons."""
    if leaving.incidence is None:
        return ""
    at = leaving.incidence.at(min(leaving.days_at(12), leaving.horizon_days)).dropna(subset=["incidence"])
    if at.empty:
        return ""
    top = at.sort_values("incidence", ascending=False).iloc[0]
    said = say_estimate(top["incidence"], top["lower"], top["upper"], say_percent, leaving.confidence)
    return f"Most often they leave because of '{top['reason']}': {said} within {say_days(top['tenure_days'])}."


def rule_finding(leaving: ChurnAnalysis) -> str:
    """Would one monthly rate for everybody have done?"""
    if leaving.rule is None:
        return "No contract was watched, so there is nothing to hold the rule against."
    compared = leaving.rule.compared
    if not np.isfinite(leaving.rule.monthly_rate):
        return "No contract was watched for a whole day, so there is no monthly rate to hold against the curve."
    told = f"The rule of thumb, {say_percent(leaving.rule.monthly_rate)} leave every month, "
    if compared.empty:
        return told + "cannot be compared: nobody was watched for a month."
    if leaving.rule.n_misses == 0:
        return told + "agrees with the curve at every tenure compared: here the simple rule is good enough."
    worst = compared.iloc[int(np.argmax(np.abs(compared["rule"] - compared["survival"])))]
    way = "too dark" if worst["rule"] < worst["survival"] else "too bright"
    return told + (
        f"lies outside the interval at {leaving.rule.n_misses} of {len(compared)} tenures compared, and is {way} by "
        f"{say_points(abs(worst['rule'] - worst['survival']))} after {say_days(worst['months'] * DAYS_PER_MONTH)}."
    )


def holdout_finding(leaving: ChurnAnalysis) -> str:
    """Did the curve foretell the holdout?"""
    check = leaving.holdout
    if check is None and leaving.setting.is_snapshot:
        return (
            "Nothing here was checked out of time: all ends bear one date, so no later window can be kept apart. "
            "Records with the dates of their ends would tell whether the curve foretells."
        )
    if check is None:
        return (
            "Nothing here was checked out of time: the study keeps no holdout, or none of its running contracts can be "
            "judged by the curve. Set holdout_until in the study's file to learn whether the curve "
            "foretells."
        )
    verdict = (
        "The curve holds out of time"
        if check.holds
        else "The curve does not hold out of time: leaving has changed, or the running contracts differ from the old"
    )
    better = (
        "the curve is better than one rate for everybody"
        if check.errors.lower > 0
        else "one rate for everybody is better than the curve"
        if check.errors.upper < 0
        else "the curve is no better than one rate for everybody"
    )
    return (
        f"{verdict}. Of {say_count(check.n, 'contract')} running at as_of it expected "
        f"{say_percent(check.expected_share)} "
        f"to end in the holdout; {say_percent(check.observed_share)} did "
        f"({say_interval(check.lower, check.upper, say_percent)}). Contract by contract, {better} (Brier score "
        f"{check.errors.score:.4f} against {check.errors.other_score:.4f})."
    )


def say_points(share: float) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * share:.1f} points" if abs(share) < 0.095 else f"{100 * share:.0f} points"


def say_p(p_value: float) -> str:
    """A p-value to three places, and never as nought."""
    return "< 0.001" if p_value < _SMALL_P else f"{p_value:.3f}"


def groups_told_apart(leaving: ChurnAnalysis) -> str:
    """How many of the pairs differ beyond chance, after adjustment? Empty without pairs."""
    if leaving.pairs is None:
        return ""
    apart = int((leaving.pairs["p_adjusted"] <= 1 - leaving.confidence).sum())
    left_out = ""
    if leaving.counts.n_levels > len(leaving.counts.by_group["group"].unique()):  # type: ignore[index]
        left_out = f" {leaving.counts.group} has {leaving.counts.n_levels} values; the small ones are put together."
    return (
        f"{apart} of {say_count(len(leaving.pairs), 'pair')} of groups differ beyond chance "
        f"(p-values adjusted by Holm, intervals widened by Bonferroni).{left_out}"
    )


def needs(leaving: ChurnAnalysis) -> str:
    """What would the records have to hold for the parts that are missing? Empty if nothing is missing."""
    missing = []
    if leaving.by_group is None:
        missing.append("a declared category of the contracts or customers (to compare groups)")
    if leaving.incidence is None:
        missing.append("end_reason (to tell why they leave)")
    if leaving.holdout is None:
        is_dated = not leaving.setting.is_snapshot
        missing.append(
            "holdout_until (to check the curve out of time)"
            if is_dated
            else "the dates of the ends (to check the curve out of time, and to tell what has changed)"
        )
    return f"This page would say more with {join_words(missing)}." if missing else ""
