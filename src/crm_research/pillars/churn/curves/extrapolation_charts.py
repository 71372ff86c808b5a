"""How long contracts last beyond the records as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation
from crm_research.theme import (
    ACCENT,
    MUTED,
    REST,
    draw_band,
    format_share,
    label_points,
    mark_level,
    new_axes,
    say_days,
    say_percent,
)
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from crm_research.pillars.churn.curves.extrapolation_words import SHAPE_NAMES, say_contract, say_reach


def draw_extrapolation(leaving: ChurnAnalysis, found: TenureExtrapolation, ax: Axes | None = None) -> Axes:
    """What share is still there as far as contracts were watched, and beyond by the chosen shape and its rivals?"""
    beyond = (
        f", carried on (dashed, {SHAPE_NAMES[found.choice.shape]}), with {say_percent(found.confidence, 0)} bands; "
        "grey: other shapes"
    )
    ax = new_axes(
        title=_title(found),
        subtitle=f"Share of contracts still running: seen up to {say_days(found.watched_days)}"
        f"{beyond if found.is_needed else ''}",
        xlabel="years since the contract began" if _in_years(found) else "months since the contract began",
        ax=ax,
    )
    unit = DAYS_PER_YEAR if _in_years(found) else DAYS_PER_MONTH
    seen = leaving.survival.curves if leaving.survival is not None else pd.DataFrame()
    end = min(found.watched_days, found.horizon_days)
    seen = seen.loc[seen["tenure_days"] <= end]
    seen = pd.concat([seen, seen.tail(1).assign(tenure_days=end)], ignore_index=True)
    draw_band(ax, seen["tenure_days"] / unit, seen["lower"], seen["upper"], is_step=True)
    ax.step(seen["tenure_days"] / unit, seen["survival"], where="post", color=ACCENT, linewidth=2.0)
    ax.set_xlim(0, found.horizon_days / unit)
    ax.set_ylim(0, 1.02)
    format_share(ax)
    if found.is_needed:
        _draw_beyond(ax, found, unit)
    return ax


def _draw_beyond(ax: Axes, found: TenureExtrapolation, unit: float) -> None:
    ends = []
    for shape, curve in found.rival_curves.groupby("shape", sort=False):
        if shape != found.choice.shape:
            ax.plot(curve["tenure_days"] / unit, curve["survival"], color=REST, linewidth=1.0, alpha=0.8)
            last = curve.iloc[-1]
            ends.append((float(last["tenure_days"] / unit), float(last["survival"]), SHAPE_NAMES[str(shape)], MUTED))
    curve = found.curve
    draw_band(ax, curve["tenure_days"] / unit, curve["lower"], curve["upper"])
    ax.plot(curve["tenure_days"] / unit, curve["survival"], color=ACCENT, linewidth=2.0, linestyle=(0, (4, 2)))
    last = curve.iloc[-1]
    name = SHAPE_NAMES[found.choice.shape]
    # The highest and the lowest rival are named, the rest would only crowd the edge.
    named = [min(ends, key=lambda end: end[1]), max(ends, key=lambda end: end[1])] if ends else []
    own = (float(last["tenure_days"] / unit), float(last["survival"]), name, ACCENT)
    label_points(ax, [own, *dict.fromkeys(named)], points=8.5)
    mark_level(ax, found.watched_days / unit, "watched until here", axis="x", at=1.0)


def _title(found: TenureExtrapolation) -> str:
    row = found.expected.iloc[0]
    if not found.is_needed or not row["beyond_share"] > 0:
        return f"{say_contract(found)} lasts {say_days(row['expected_days'])} on average within {say_reach(found)}"
    return (
        f"{say_percent(row['beyond_share'])} of the expected {say_days(row['expected_days'])} lie where few were "
        "watched"
    )


def _in_years(found: TenureExtrapolation) -> bool:
    return found.horizon_days >= 3 * DAYS_PER_YEAR
