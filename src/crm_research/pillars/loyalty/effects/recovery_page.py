"""What followed complaints by how they were handled, and campaigns without a control group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.loyalty.effects.exposures import (
    QUICK,
    SLOW,
    TOOK,
    find_addressed,
    find_complaints,
    find_takers,
)
from crm_research.pillars.loyalty.effects.follow_up import follow_days
from crm_research.pillars.loyalty.effects.landmarks import choose_width, compare_from_landmarks
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
from crm_research.show import Note, Section, Table
from crm_research.theme import join_words, say_count, say_interval, say_signed_points

if TYPE_CHECKING:
    from crm_research.study import Study

_SHOWN = ("group", "n_matched", "share", "share_alike", "difference", "lower", "upper", "raw_difference")
_CHECKS = ("group", "before_difference", "before_lower", "before_upper", "e_value_limit")


def recovery_section(study: Study, loyalty: LoyaltyAnalysis, rhythm: RhythmAnalysis | None) -> Section:
    """After a complaint handled well, or a campaign: do customers buy again more often than those alike?"""
    days = follow_days(study, loyalty, rhythm)
    width = choose_width(days)
    sources = (find_complaints(study, width_days=width), find_addressed(study), find_takers(study))
    found = [
        compare_from_landmarks(study, source, days=days, occasion=loyalty.occasion, confidence=loyalty.confidence).table
        for source in sources
        if source is not None
    ]
    found = [table for table in found if not table.empty]
    if not found:
        return Section.missing(
            "Nothing can be said of how complaints were handled, or of campaigns without a control group: they are not "
            "recorded with their times, or fewer than 20 customers had one, had others alike beside them and were "
            f"followed for {say_count(days, 'day')}."
        )
    table = pd.concat(found, ignore_index=True)
    differs = table.loc[(table["before_lower"] > 0) | (table["before_upper"] < 0), "group"].tolist()
    when = f"the {width} days" if width > 1 else "the day"
    return Section(
        Note(recovery_finding(table, days)),
        Note(
            f"Before it happened, {join_words([f'those {_article(name)}' for name in differs])} differed already from "
            "others alike at that time in how many bought (second table): what follows is not due to it alone.",
            kind="caution",
        )
        if differs
        else None,
        Table(
            table[list(_SHOWN)],
            f"Bought within {say_count(days, 'day')} of the end of {when} it happened in, against customers who "
            "were alike",
            formats=dict.fromkeys(("share", "share_alike"), "share") | dict.fromkeys(_SHOWN[4:], say_signed_points),
            note="Differences in points. Alike: same time, as many purchases in those days and about as many so far, "
            "weighted until purchases, silence, tenure and sales agree, all as known at their end. Raw: without that.",
        ),
        Table(
            table[list(_CHECKS)],
            f"The same difference in the {say_count(days, 'day')} before, when nothing had happened yet",
            formats=dict.fromkeys(_CHECKS[1:4], say_signed_points) | {"e_value_limit": "{:.2f}"},
            note="Points; nought if the comparison is fair. E value limit: how strongly something unrecorded must go "
            "with both sides to undo what followed; 1 where nothing sure followed. Associations all the same.",
        ),
        result=table,
    )


def recovery_finding(table: pd.DataFrame, days: float) -> str:
    """What follows, group by group."""
    said = []
    for _, row in table.iterrows():
        limits = say_interval(row["lower"], row["upper"], say_signed_points)
        way = "more" if row["lower"] > 0 else "fewer" if row["upper"] < 0 else "not clearly more or fewer"
        said.append(
            f"{_after(str(row['group']))} {way} bought within {say_count(days, 'day')} than of those alike "
            f"({say_signed_points(row['difference'])} points, {limits})"
        )
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}.{_quick_against_slow(table)}"


def _after(group: str) -> str:
    return f"after a {group}" if group in (QUICK, SLOW) else f"of those {_article(group)}"


def _article(group: str) -> str:
    return f"with a {group}" if group in (QUICK, SLOW) else f"who {group}" if group == TOOK else group


def _quick_against_slow(table: pd.DataFrame) -> str:
    if not {QUICK, SLOW} <= set(table["group"]):
        return ""
    quick, slow = (table.loc[table["group"] == name].iloc[0] for name in (QUICK, SLOW))
    gap, half = float(quick["difference"] - slow["difference"]), float(np.hypot(_half(quick), _half(slow)))
    limits = say_interval(gap - half, gap + half, say_signed_points)
    verdict = (
        "Quick handling goes with more repurchase than slow"
        if gap - half > 0
        else "Quick handling goes with less repurchase than slow"
        if gap + half < 0
        else "Quick and slow handling are not told apart"
    )
    return f" {verdict} ({say_signed_points(gap)} points, {limits})."


def _half(row: pd.Series) -> float:
    return float(row["upper"] - row["lower"]) / 2
