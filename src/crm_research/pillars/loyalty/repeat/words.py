"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.loyalty.repeat.measure import FEWEST_FOR_SHARES, LoyaltyAnalysis
from crm_research.pillars.loyalty.repeat.periods import MOST_IN_A_GAP, MOST_PERIODS, PERIODS_MONTHS
from crm_research.stats.leading import find_leader_within, widen
from crm_research.theme import (
    UNKNOWN,
    join_words,
    say_count,
    say_date,
    say_days,
    say_days_like,
    say_estimate,
    say_interval,
    say_percent,
    say_points,
    say_with_limits,
    word_for,
)
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_STILL_WATCHED: Final = 0.1
_FEWEST_JUDGED: Final = 20
_FAR_MORE: Final = 1.5
# A difference below this is nought to one decimal of a point.
_NO_GAP: Final = 0.0005


def answer(loyalty: LoyaltyAnalysis) -> list[str]:
    """The answer in at most three sentences: who comes back, how soon, and how many still buy later."""
    if loyalty.time_to_second is None:
        return [
            "These records cannot say who buys again: no purchase is known on the study's date.",
            "Needed: orders with a customer and a time before as_of.",
        ]
    return [line for line in (repeat_finding(loyalty), wait_finding(loyalty), retention_finding(loyalty)) if line]


def repeat_finding(loyalty: LoyaltyAnalysis) -> str:
    """What share has bought again?"""
    row = loyalty.repeat.iloc[0]
    if 0 < row["n"] < FEWEST_FOR_SHARES:
        return _count_again(int(row["n"]), round(row["repeat_rate"] * row["n"]))
    said = say_estimate(row["repeat_rate"], row["lower"], row["upper"], say_percent, loyalty.confidence)
    if said == UNKNOWN:
        who = word_for(row["n"], "Whether the one buyer", f"How many of {say_count(row['n'], 'buyer')}")
        few = word_for(row["n"], "one is", "they are")
        return f"{who} will be seen to buy again is not known: {few} too few."
    return f"Of {say_count(row['n'], 'buyer')}, {said} {word_for(row['n'], 'has', 'have')} bought again so far."


def _count_again(n: int, again: int) -> str:
    if n == 1:
        return f"The one buyer has{'' if again else ' not'} bought again so far."
    has = f"{say_count(again)} {word_for(again, 'has', 'have')}" if again else "none has"
    return f"Of {say_count(n, 'buyer')} {has} bought again so far."


def is_few(loyalty: LoyaltyAnalysis) -> bool:
    """Are there so few buyers that a share of them says nothing of others?"""
    return bool(loyalty.repeat["n"].iloc[0] < FEWEST_FOR_SHARES)


def wait_finding(loyalty: LoyaltyAnalysis) -> str:
    """How soon do they come back?"""
    if loyalty.time_to_second is None:
        return ""
    found = return_within(loyalty)
    whom = "" if loyalty.basis == "all buyers" else f" ({loyalty.basis})"
    if found is None:
        shortest = say_horizon(loyalty.period_choice.horizons_days[0])
        return f"Nobody was watched for {shortest}, so how soon they come back is not known yet."
    days, share, lower, upper = found
    back, said = say_estimate(share, lower, upper, say_percent, loyalty.confidence), say_refuted(loyalty)
    median = loyalty.time_to_second.medians.iloc[0]
    if np.isfinite(median["median_days"]):
        half = say_estimate(
            median["median_days"],
            median["lower"],
            median["upper"],
            say_days_like(median["median_days"], median["lower"], median["upper"]),
            loyalty.confidence,
        )
        return _say_wait(whom, half, back, f"within {say_span(days)}") + f"{said}."
    if back == UNKNOWN:
        return f"How many of the first-time buyers{whom} are back within {say_span(days)} is not known{said}."
    rest = "more than half have not been seen again yet"
    return f"Of first-time buyers{whom}, {back} are back within {say_span(days)}; {rest}{said}."


def _say_wait(whom: str, half: str, back: str, within: str) -> str:
    """After how long half are back, and how many within a time, of which either may not be known."""
    if half == back == UNKNOWN:
        return f"How soon first-time buyers{whom} come back is not known: too few were watched"
    if half == UNKNOWN:
        return f"Of first-time buyers{whom}, {back} are back {within}; after how long half of them are is not known"
    if back == UNKNOWN:
        return f"Of first-time buyers{whom}, half are back after {half}; how many are {within} is not known"
    return f"Of first-time buyers{whom}, half are back after {half}, and {back} {within}"


def say_refuted(loyalty: LoyaltyAnalysis) -> str:
    """That later purchases speak against the curve of waits, to stand beside its numbers; empty where they do not."""
    check = loyalty.holdout
    return "" if check is None or check.holds else "; what came after speaks against it"


def return_within(loyalty: LoyaltyAnalysis) -> tuple[float, float, float, float] | None:
    """Days, share back by then, and its limits, at the longest horizon that is known; None if none is."""
    if loyalty.time_to_second is None:
        return None
    for days in reversed(loyalty.period_choice.horizons_days):
        row = loyalty.time_to_second.at(days).iloc[0]
        if np.isfinite(row["survival"]):
            return days, 1 - float(row["survival"]), 1 - float(row["upper"]), 1 - float(row["lower"])
    return None


def retention_finding(loyalty: LoyaltyAnalysis) -> str:
    """How many of an intake buy in a later period?"""
    pooled = loyalty.retention.pooled
    if pooled.empty:
        return ""
    if is_few(loyalty):
        n = int(loyalty.repeat["n"].iloc[0])
        few = f"{say_count(n, 'buyer')} {word_for(n, 'is', 'are')} too few"
        return f"How many of an intake are still buying later is not known: {few} for shares."
    first, last = pooled.iloc[0], last_watched(pooled)
    period = period_name(loyalty)
    if (pooled["retention_rate"] == 0).all():
        until = f"{last['period_index']:.0f} {period}s" if last["period_index"] > 1 else f"the {period}"
        return f"Nobody has bought again in {until} after a first purchase."
    told = (
        f"Of the customers first seen in one {period} {say_percent(first['retention_rate'])} buy in the next "
        f"({say_interval(first['lower'], first['upper'], say_percent)})"
    )
    if last["period_index"] == first["period_index"]:
        return told + "."
    peak = retention_peak(loyalty)
    if peak is not None:
        told += (
            f", {peak['period_index']:.0f} {period}s on, at the peak, {say_percent(peak['retention_rate'])} "
            f"({say_interval(peak['lower'], peak['upper'], say_percent)})"
        )
    when = f"{last['period_index']:.0f} {period}s on"
    then = say_with_limits(last["retention_rate"], last["lower"], last["upper"], say_percent)
    alike = same_intakes(loyalty)
    if alike is None:
        return f"{told}, {when} {then}."
    n, share = alike
    whose = name_intakes(n)
    number = f"{last['period_index']:.0f}"
    watched = f"of those watched for {number} {period}s ({whose}) {say_percent(share)} did"
    return f"{told}; {watched}, and {number} {period}s on {then} buy."


def name_intakes(n: int) -> str:
    """``one intake``, ``2 intakes``."""
    return "one intake" if n == 1 else say_count(n, "intake")


def same_intakes(loyalty: LoyaltyAnalysis) -> tuple[int, float] | None:
    """How many intakes were watched to the last period told, and what share of those bought in the first after theirs?

    None where all were: early and late are then of the same customers already.
    """
    pooled, triangle = loyalty.retention.pooled, loyalty.retention.triangle
    first, last = pooled.iloc[0], last_watched(pooled)
    if int(last["n_cohorts"]) == int(first["n_cohorts"]):
        return None
    since = loyalty.retention.newcomers_from
    later = triangle if since is None else triangle.loc[triangle["cohort"] >= since]
    reached = later.loc[later["period_index"] == last["period_index"], "cohort"]
    then = later.loc[later["cohort"].isin(reached) & (later["period_index"] == first["period_index"])]
    return int(reached.nunique()), float(then["n_active"].sum() / then["n_customers"].sum())


def retention_peak(loyalty: LoyaltyAnalysis) -> pd.Series | None:
    """The later period in which an intake buys most; None unless far more than in the first and the last.

    It must lie above every other period beyond chance, and its lower limit, widened for all periods looked at, above
    one and a half times what the first and the last could be.
    """
    pooled = loyalty.retention.pooled
    first, last = pooled.iloc[0], last_watched(pooled)
    watched = pooled.loc[pooled["period_index"] <= last["period_index"]]
    limits = (watched["retention_rate"], watched["lower"], watched["upper"])
    leader = find_leader_within(*limits, level=loyalty.confidence, confidence=loyalty.confidence)
    if leader is None:
        return None
    wide = widen(*limits, n_compared=len(watched), confidence=loyalty.confidence)
    peak: pd.Series = watched.iloc[leader]
    return peak if wide.lower[leader] > _FAR_MORE * max(first["upper"], last["upper"]) else None


def last_watched(pooled: pd.DataFrame) -> pd.Series:
    """The last period that a tenth of those watched in the first were still watched in."""
    watched = pooled.loc[pooled["n_customers"] >= _STILL_WATCHED * pooled["n_customers"].iloc[0]]
    last: pd.Series = watched.iloc[-1]
    return last


def period_name(loyalty: LoyaltyAnalysis) -> str:
    """What one period is called."""
    return {1: "month", 3: "quarter", 12: "year"}.get(loyalty.retention.period_months, "period")


def say_span(days: float) -> str:
    """A length of time, in whole years where it is one of two years or more, of 365 to 366 days each."""
    years = round(days / DAYS_PER_YEAR)
    if years >= 2 and 365 * years <= days <= 366 * years:
        return f"{years} years"
    return say_days(days)


def say_horizon(days: float) -> str:
    """The same as a horizon was set: 90 days stay days."""
    return say_count(days, "day") if days < 0.99 * DAYS_PER_YEAR else say_span(days)


def period_finding(loyalty: LoyaltyAnalysis) -> str:
    """How long is a period, when is coming back read, and why?"""
    chosen = loyalty.period_choice
    period = f"{chosen.period_months} months" if period_name(loyalty) == "period" else f"a {period_name(loyalty)}"
    horizons = join_words([say_horizon(days) for days in chosen.horizons_days])
    measured = f"The records span {say_days(chosen.span_days)}, and " + (
        "too few customers came back to tell the usual time between purchases."
        if not np.isfinite(chosen.gap_days)
        else f"customers who came back usually let {say_days(chosen.gap_days)} pass between purchases (median)."
    )
    return (
        f"{measured} A period of retention is {period}, {_why_period(loyalty)}; the share that is back is read after "
        f"{horizons}, {_why_horizons(loyalty)}."
    )


def _why_horizons(loyalty: LoyaltyAnalysis) -> str:
    chosen = loyalty.period_choice
    if not chosen.are_horizons_chosen:
        return "as set by repeat_days"
    return "chosen by the time between purchases" if np.isfinite(chosen.gap_days) else "as is usual"


def _why_period(loyalty: LoyaltyAnalysis) -> str:
    chosen = loyalty.period_choice
    if not chosen.is_period_chosen:
        return "as set by period_months"
    shorter = [months for months in PERIODS_MONTHS if months < chosen.period_months]
    if not shorter:
        if not np.isfinite(chosen.gap_days):
            return "the shortest on offer, since the records hold few enough of them"
        return "the shortest on offer, since the records hold few enough of them and purchases follow soon enough"
    name = {1: "months", 3: "quarters"}[shorter[-1]]
    days = shorter[-1] * DAYS_PER_MONTH
    reasons = []
    if chosen.span_days > MOST_PERIODS * days:
        reasons.append(f"a picture cannot well show the {chosen.span_days / days:,.0f} {name} of the records")
    if chosen.gap_days > MOST_IN_A_GAP * days:
        reasons.append(f"few would come back in each of the {chosen.gap_days / days:,.0f} {name} between purchases")
    return f"because {join_words(reasons)}"


def depth_finding(loyalty: LoyaltyAnalysis) -> str:
    """Is a customer surer to come back after the second purchase than after the first?"""
    if loyalty.won is None:
        return "Too few customers have bought twice to say whether the second purchase makes the third surer"
    once, twice = _rates_at(loyalty, 1), _rates_at(loyalty, 2)
    days = say_span(loyalty.depths["within_days"].iloc[0])
    if loyalty.won["gap_lower"].iloc[0] > 0:
        return (
            f"Whoever has bought twice comes back more surely: {say_percent(twice)} within {days}, "
            f"against {say_percent(once)} after the first purchase"
        )
    if loyalty.won["gap_upper"].iloc[0] < 0:
        return (
            f"The second purchase does not make the third surer: {say_percent(twice)} are back within {days}, "
            f"against {say_percent(once)} after the first"
        )
    return (
        f"After the second purchase customers come back about as surely as after the first "
        f"({say_percent(twice)} and {say_percent(once)} within {days})"
    )


def won_finding(loyalty: LoyaltyAnalysis) -> str:
    """What do the data say of the claim that a customer is won only when he buys again?"""
    if loyalty.won is None:
        return "Fewer than 20 customers have bought twice, so the claim cannot be tested on these records."
    row = loyalty.won.iloc[0]
    between = say_interval(row["gap_lower"], row["gap_upper"], say_points)
    days = say_span(row["horizon_days"])
    way = "lower" if row["survival_gap"] < 0 else "higher"
    far = f"{say_points(abs(row['survival_gap']))} {way} after the second purchase than"
    if abs(row["survival_gap"]) < _NO_GAP:
        far = "the same after the second purchase as"
    gap = f"the share back within {days} is {far} after the first (difference {between})"
    if row["gap_lower"] > 0:
        return (
            f"The records speak for the claim: {gap}. Part of it is selection, for those who buy twice were the keener "
            "ones from the start; it does not show that a second purchase makes a customer loyal."
        )
    if row["gap_upper"] < 0:
        return f"The records speak against the claim: {gap}."
    return f"The records neither bear out nor refute the claim: {gap}."


def truncation_finding(loyalty: LoyaltyAnalysis) -> str:
    """Are customers who were won before the records begin counted as new?"""
    retention = loyalty.retention
    if not retention.first_intake:
        return (
            f"The records hold no whole {period_name(loyalty)} of first-seen customers, so it cannot be told whether "
            "they hold customers won before."
        )
    if not retention.first_holds_old_customers:
        return (
            f"The first {period_name(loyalty)} of the records brings "
            f"{say_count(retention.first_intake, 'first-seen customer')}, "
            f"the later ones usually {retention.usual_intake:,.0f}: nothing suggests that it holds customers won "
            "before."
        )
    return (
        f"The first {period_name(loyalty)} of the records brings {say_count(retention.first_intake, 'customer')}, "
        "the later "
        f"ones usually {retention.usual_intake:,.0f}. Most of the first were won before the records begin: their "
        "first purchase "
        f"seen is not their first. Waits for the second purchase are therefore those of {loyalty.basis}, and the "
        "pooled "
        f"retention leaves them out; the repeat rate of all buyers holds them."
    )


def holdout_finding(loyalty: LoyaltyAnalysis) -> str:
    """Did first-time buyers come back in the holdout as expected?"""
    check = loyalty.holdout
    if check is None:
        why = (
            "none of the first-time buyers can be judged by the curve in the holdout."
            if loyalty.keeps_holdout
            else "the study keeps no holdout. Set holdout_until in its file to learn whether the curve predicts."
        )
        return f"Nothing here was checked out of time: {why}"
    verdict = (
        "The curve holds out of time"
        if check.holds
        else "Fewer came back than expected"
        if check.observed_share < check.expected_share
        else "More came back than expected"
    )
    if check.n < _FEWEST_JUDGED:
        return (
            f"Only {say_count(check.n, 'first-time buyer')} waiting on {say_date(check.as_of)} could be followed into "
            f"the holdout ({say_percent(check.observed_share)} came back, {say_percent(check.expected_share)} had been "
            "expected): too few to judge the curve by."
        )
    better = (
        "the curve was better than one rate of return for every day"
        if check.errors.lower > 0
        else "one rate of return for every day was better than the curve"
        if check.errors.upper < 0
        else "the curve was no better than one rate of return for every day"
    )
    return (
        f"{verdict}. {say_count(check.n, 'first-time buyer')} waiting on {say_date(check.as_of)} "
        f"{word_for(check.n, 'was', 'were')} followed for "
        f"{say_count(check.mean_days, 'day')} on average: {say_percent(check.observed_share)} came back "
        f"({say_interval(check.lower, check.upper, say_percent)}), {say_percent(check.expected_share)} had been "
        "expected. "
        f"Customer by customer, {better} (Brier score {check.errors.score:.4f} against {check.errors.other_score:.4f})."
    )


def _rates_at(loyalty: LoyaltyAnalysis, depth: int) -> float:
    rows: pd.DataFrame = loyalty.depths.loc[loyalty.depths["depth"] == depth]
    return float(rows["return_rate"].iloc[0])
