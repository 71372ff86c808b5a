"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from crm_research.figures import says_nothing
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.group_words import group_finding, reason_finding
from crm_research.pillars.churn.curves.hazard_words import hazard_clause
from crm_research.theme import (
    join_words,
    say_count,
    say_days,
    say_days_like,
    say_estimate,
    say_interval,
    say_percent,
    say_points,
    word_for,
)
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_SMALL_P: Final = 0.001
_NEARLY_A_YEAR: Final = 350
_FINER: Final[tuple[Callable[..., str], ...]] = (say_percent, *(partial(say_percent, digits=n) for n in (1, 2, 3)))


def answer(leaving: ChurnAnalysis) -> list[str]:
    """The answer in at most three sentences: how long they stay, when the danger is, who leaves sooner and why."""
    if leaving.survival is None:
        return [
            f"These records cannot say when customers leave: {leaving.setting.explain()}",
            "Needed: contracts with a start before as_of, and the ends of those that are over.",
        ]
    third = f"{why_finding(leaving)} {group_finding(leaving)}".strip()
    first = stay_finding(leaving)
    if leaving.setting.may_lack_early_leavers:
        first = f"{first.rstrip('.')}, if no early leavers are missing from the records."
    if leaving.other_reading is not None:
        first = f"{first} {leaving.other_reading.say(leaving.days_at(12))}"
    clause = hazard_clause(leaving)
    second = f"{year_finding(leaving).rstrip('.')}; {clause}." if clause else year_finding(leaving)
    return [line for line in (first, second, third) if line]


def why_finding(leaving: ChurnAnalysis) -> str:
    """For which reason do they leave, or why is that not known?"""
    if leaving.survival is None or leaving.survival.sizes["n_ended"].iloc[0] == 0:
        return ""
    return reason_finding(leaving) or "For which reasons they leave is not recorded."


def stay_finding(leaving: ChurnAnalysis) -> str:
    """How long do contracts last?"""
    if leaving.survival is None:
        return "No contract was watched."
    median, size = leaving.survival.medians.iloc[0], leaving.survival.sizes.iloc[0]
    if size["n_ended"] == 0:
        none = say_count(size["n"], "contract")
        return (
            f"{word_for(size['n'], 'The one contract has not', f'None of {none} has')} ended in up to "
            f"{say_days(size['last_days'])} of watching: "
            "nothing can be said yet about when customers leave."
        )
    if says_nothing(median["lower"], median["upper"]):
        whose = f"contracts{leaving.setting.watching.condition}"
        return f"Too few {whose} were watched: after how long half of them have ended is not known."
    if np.isfinite(median["median_days"]):
        said = say_estimate(
            median["median_days"],
            median["lower"],
            median["upper"],
            say_days_like(median["median_days"], median["lower"], median["upper"]),
            leaving.confidence,
        )
        return f"Half of the contracts{leaving.setting.watching.condition} have ended after {said}."
    whose = f"the contracts{leaving.setting.watching.condition}"
    return f"More than half of {whose} outlast the records: {_still_there(leaving)}."


def curve_title(leaving: ChurnAnalysis) -> str:
    """The finding over the curve: of a tenure that the picture shows, whatever the records hold beyond it."""
    if leaving.survival is None or leaving.survival.sizes["n_ended"].iloc[0] == 0:
        return stay_finding(leaving)
    median = float(leaving.survival.medians["median_days"].iloc[0])
    if not leaving.begins_beyond and np.isfinite(median) and median > leaving.horizon_days:
        return f"{_still_there(leaving)}."
    return stay_finding(leaving)


def _still_there(leaving: ChurnAnalysis) -> str:
    """The share still there at the end of the picture, or at the longest tenure watched where that is shorter."""
    if leaving.survival is None:
        return ""
    longest = float(leaving.survival.sizes["last_days"].iloc[0])
    days = min(leaving.horizon_days, longest)
    row = leaving.survival.at(days).iloc[0]
    said = say_estimate(row["survival"], row["lower"], row["upper"], say_percent, leaving.confidence)
    return f"{said} still run after {_say_longest(days)}"


def _say_longest(days: float) -> str:
    """The longest tenure watched; in days where months would round to the year that was not reached."""
    return say_count(days, "day") if _NEARLY_A_YEAR <= days < DAYS_PER_YEAR else say_days(days)


def year_finding(leaving: ChurnAnalysis) -> str:
    """What share stays for a year?"""
    if leaving.survival is None:
        return "No contract was watched."
    row = leaving.survival.at(leaving.days_at(12)).iloc[0]
    condition = leaving.setting.watching.condition
    if leaving.days_at(12) < leaving.setting.watching.begins_days:
        return f"Too few contracts were watched so early: nothing is known of 12 months but of contracts{condition}."
    if not np.isfinite(row["survival"]):
        size = leaving.survival.sizes.iloc[0]
        longest = _say_longest(size["known_days"])
        if size["known_days"] > size["last_days"]:
            return (
                f"All contracts have ended, but none could have been watched for 12 months: the first began {longest} "
                "before the records end, so 12-month survival is not known."
            )
        return f"No contract was watched for 12 months (the longest for {longest}), so 12-month survival is not known."
    # 99 % (99 % to 99 %) would look like certainty.
    say = next((say for say in _FINER if say(row["lower"]) != say(row["upper"])), say_percent)
    said = say_estimate(row["survival"], row["lower"], row["upper"], say, leaving.confidence)
    if says_nothing(row["lower"], row["upper"], span=1.0):
        return f"Too few contracts{condition} were watched for 12 months: the share that lasts longer is not known."
    return f"{said} of the contracts{condition} last longer than 12 months."


def chance_finding(leaving: ChurnAnalysis) -> str:
    """The log-rank test in words. Empty without groups."""
    if leaving.test is None:
        return ""
    if not np.isfinite(leaving.test.p_value):
        return "The groups cannot be compared: no contract ended while others, of more than one group, went on."
    small = leaving.test.p_value < _SMALL_P
    chance = "less than one in a thousand" if small else f"{leaving.test.p_value:.3f}"
    degrees = say_count(leaving.test.degrees, "degree")
    return (
        f"If all groups left alike, differences this large would come about by chance with probability {chance} "
        f"(log-rank chi-squared {leaving.test.chi_squared:,.1f} on {degrees} of freedom)."
    )


def rule_finding(leaving: ChurnAnalysis) -> str:
    """Would one monthly rate for everybody have done?"""
    if leaving.rule is None:
        return "No contract was watched, so there is nothing to hold the rule against."
    compared = leaving.rule.compared
    if not np.isfinite(leaving.rule.monthly_rate):
        return "No contract was watched for a whole day, so there is no monthly rate to hold against the curve."
    if leaving.rule.monthly_rate == 0:
        return "No contract has ended, so there is no monthly rate to hold against the curve."
    told = f"The rule of thumb, {say_percent(leaving.rule.monthly_share)} leave every month, "
    if compared.empty:
        return told + "cannot be compared: nobody was watched for a month."
    if leaving.rule.n_misses == 0:
        return told + "agrees with the curve at every tenure compared: nothing here speaks against the simple rule."
    missed = compared.loc[~compared["rule_is_within"].astype(bool)]
    worst = missed.iloc[int(np.argmax(np.abs(missed["rule"] - missed["survival"])))]
    way = "too pessimistic" if worst["rule"] < worst["survival"] else "too optimistic"
    far = say_points(abs(worst["rule"] - worst["survival"]))
    return told + (
        f"lies outside what the records allow at {leaving.rule.n_misses} of {say_count(len(compared), 'tenure')} "
        "compared, and is "
        f"{way} by {far} after {say_days(worst['months'] * DAYS_PER_MONTH)}."
    )


def holdout_finding(leaving: ChurnAnalysis) -> str:
    """Did the curve predict the holdout?"""
    check = leaving.holdout
    if check is None and leaving.setting.is_snapshot:
        return (
            "Nothing here was checked out of time: all ends bear one date, so no later window can be kept apart. "
            "Records with the dates of their ends would tell whether the curve predicts."
        )
    if check is None:
        why = (
            "none of the running contracts can be judged by the curve in the holdout."
            if leaving.keeps_holdout
            else "the study keeps no holdout. Set holdout_until in its file to learn whether the curve predicts."
        )
        return f"Nothing here was checked out of time: {why}"
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


def groups_told_apart(leaving: ChurnAnalysis) -> str:
    """How many of the pairs differ beyond chance, after adjustment? Empty without pairs."""
    if leaving.pairs is None:
        return ""
    told = leaving.pairs["p_adjusted"].notna()
    apart = int((leaving.pairs["p_adjusted"] <= 1 - leaving.confidence).sum())
    left_out = ""
    if leaving.counts.n_levels > len(leaving.counts.by_group["group"].unique()):  # type: ignore[index]
        left_out = f" {leaving.counts.group} has {leaving.counts.n_levels} values; the small ones are put together."
    if not told.any():
        return left_out.strip()
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
