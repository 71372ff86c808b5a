"""What the targets say, in sentences that are true whatever the numbers are, and their figures."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, says_nothing, verdict_of
from crm_research.pillars.churn.decisions.targets import RetentionTargets
from crm_research.stats.leading import find_leader_within, widen
from crm_research.theme import (
    join_words,
    say_count,
    say_date,
    say_estimate,
    say_interval,
    say_percent,
    say_points,
    word_for,
)

RETENTION_NEEDED: Final = "churn.target.retention_needed"
RETENTION_SEEN: Final = "churn.target.retention_seen"
_NEEDED: Final = "Yearly retention needed"


def target_finding(targets: RetentionTargets) -> str:
    """What share must stay, what share did, and what that means."""
    if targets.overall is None:
        return " ".join(targets.notes)
    row = targets.overall.iloc[0]
    base, wanted = int(row["n_running"]), targets.target_base
    aim = f"To have {say_count(wanted, 'contract')} a year after {say_date(targets.as_of)}"
    if row["needed"] > 1:
        more = row["n_more_newcomers"]
        extra = (
            f"{say_count(math.ceil(more), 'newcomer')} more than in the last year "
            f"{word_for(math.ceil(more), 'is', 'are')} needed"
            if math.isfinite(more)
            else "newcomers who stay are needed, and of those of the last year none did"
            if row["n_new"] > 0
            else "newcomers are needed, and none came in the last year"
        )
        none = word_for(base, "the one contract never", f"none of {base:,} contracts")
        return f"{aim} is not possible by retention alone: even if {none} ended, {extra}."
    if row["needed"] <= 0:
        return f"{aim}, the newcomers of a year like the last are enough, whoever else stays."
    need = say_estimate(row["needed"], row["needed_lower"], row["needed_upper"], say_percent, targets.confidence)
    seen = f"{say_percent(row['retention'])} did in the last year"
    if says_nothing(row["needed_lower"], row["needed_upper"], span=1.0):
        return (
            f"{aim}: how many of today's {base:,} must stay for that is not known, for too few came in the last year; "
            f"{say_percent(row['retention'])} stayed then."
        )
    return f"{aim}, {need} of today's {base:,} must stay; {seen}. {_say_gap(row)}"


def met_late_note(targets: RetentionTargets) -> str:
    """That contracts which came into the records during the year count in one place and not in the other."""
    n = targets.n_met_late
    return (
        f"{say_count(n, 'running contract')} came into the records during the year without having begun in it; "
        f"{word_for(n, 'it counts', 'they count')} in the base, but not in the retention seen."
    )


def _say_gap(row: pd.Series[float]) -> str:
    gap = say_interval(abs(row["gap_lower"]), abs(row["gap_upper"]), say_points)
    if row["gap_lower"] > 0:
        fewer = say_interval(row["fewer_lower"], row["fewer_upper"], lambda n: f"{n:,.0f}")
        instead = row["n_newcomers_instead"]
        other = ""
        if math.isfinite(instead):
            other = (
                f", or {say_count(math.ceil(instead), 'newcomer')} "
                f"{word_for(math.ceil(instead), 'comes', 'come')} instead of "
            )
            other += f"{row['n_new']:,.0f}"
        return (
            f"That falls short by {say_points(row['gap'])} ({gap}): {row['n_fewer_leavers']:,.0f} fewer must leave in "
            f"a year ({fewer}){other}."
        )
    if row["gap_upper"] < 0:
        back = say_interval(abs(row["gap_upper"]), abs(row["gap_lower"]), say_points)
        return f"That is enough, with {say_points(abs(row['gap']))} to spare ({back}), if as many come as last year."
    return "The difference is within what chance explains."


def group_target_finding(targets: RetentionTargets) -> str:
    """Which groups fall short? Empty without groups."""
    if targets.by_group is None or len(targets.by_group) < 2:
        return ""
    short = _sure_shortfalls(targets.by_group, targets.confidence)
    if short.empty:
        return f"No {targets.group} falls short of its share of the target beyond chance."
    row = short.iloc[0]
    rest = f"; {len(short)} of {len(targets.by_group)} fall short" if len(short) > 1 else ""
    if len(short) > 1 and not _leads(short, targets.confidence):
        names = join_words([f"'{name}'" for name in short["group"]])
        fewer = short["n_fewer_leavers"].sum()
        return f"{names} fall short of their share of the target, together by {say_count(fewer, 'leaver')} too many."
    # By leavers too many, not by points: a small group may lack more points and fewer contracts.
    who = f"Only '{row['group']}' falls short" if len(short) == 1 else f"'{row['group']}' falls short by most contracts"
    if row["needed"] > 1:
        return f"{who}: it cannot reach its share of the target by retention alone, even if nobody left{rest}."
    return (
        f"{who}: {say_percent(row['retention'])} stayed, {say_percent(row['needed'])} are needed, "
        f"{row['n_fewer_leavers']:,.0f} fewer must leave{rest}."
    )


def _sure_shortfalls(by_group: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Groups that fall short by limits that hold for all groups at once, the most leavers too many first."""
    limits = widen(
        by_group["gap"], by_group["gap_lower"], by_group["gap_upper"], n_compared=len(by_group), confidence=confidence
    )
    return by_group.loc[limits.lower > 0].sort_values("n_fewer_leavers", ascending=False)


def _leads(short: pd.DataFrame, confidence: float) -> bool:
    """Is the first's number of leavers too many surely the largest? Its error is that of the gap, in contracts."""
    each = short["n_fewer_leavers"] / short["gap"]
    leader = find_leader_within(
        short["n_fewer_leavers"], each * short["gap_lower"], each * short["gap_upper"], level=confidence,
        confidence=confidence,
    )  # fmt: skip
    return leader == 0


def target_figures(targets: RetentionTargets) -> list[Figure]:
    """Retention needed and seen, and needed by group; without an estimate where the records do not hold the year."""
    if targets.overall is None:
        label = f"{_NEEDED} to hold the base (these records cannot tell)"
        return [_target(targets, RETENTION_NEEDED, label, None, "needed", None)]
    row = targets.overall.iloc[0]
    figures = [
        _target(targets, RETENTION_NEEDED, f"{_NEEDED}{_say_beyond(row)}", row, "needed", None),
        _target(targets, RETENTION_SEEN, "Retention seen in the last year", row, "retention", None),
    ]
    if targets.by_group is not None:
        figures += [
            _target(targets, RETENTION_NEEDED, f"{_NEEDED}{_say_beyond(one)}", one, "needed", str(one["group"]))
            for _, one in targets.by_group.iterrows()
        ]
    return figures


def _say_beyond(row: pd.Series[float]) -> str:
    if row["needed"] > 1:
        return " (more than all: not possible without more newcomers)"
    return " (none: newcomers alone are enough)" if row["needed"] <= 0 else ""


def _target(
    targets: RetentionTargets, id_: str, label: str, row: pd.Series[float] | None, name: str, group: str | None
) -> Figure:
    how = (
        "balance of the base: (target - newcomers who stay) / base today, newcomers as in the last year, exact Poisson "
        "limits"
        if name == "needed"
        else "share of the contracts running a year ago that still run, Wilson limits"
    )
    return FigureMaker(window=targets.window, confidence=targets.confidence).one(
        id_,
        label,
        None if row is None else (row[name], row[f"{name}_lower"], row[f"{name}_upper"]),
        unit="share",
        n=0 if row is None else int(row["n_running"] if name == "needed" else row["n_before"]),
        estimator=how,
        validation=targets.check if name == "retention" and targets.check else NO_VALIDATION,
        verdict=verdict_of(targets.check_holds) if name == "retention" else None,
        group=group,
    )
