"""Pictures for decisions. Each says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.churn.decisions.decomposition import ChangeAnalysis
from crm_research.pillars.churn.decisions.decomposition_words import change_rows, say_reason_title, say_way, signed
from crm_research.pillars.churn.decisions.targets import RetentionTargets
from crm_research.pillars.churn.decisions.treatment import Treatment
from crm_research.pillars.churn.decisions.treatment_check import TreatmentCheck
from crm_research.stats.leading import find_leader_within
from crm_research.theme import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    REST,
    SIZE,
    WARNING,
    chart_style,
    draw_band,
    draw_bars,
    draw_intervals,
    empty_axes,
    format_count,
    format_money,
    format_share,
    label_points,
    mark_level,
    name_rows,
    new_axes,
    say_money,
    say_percent,
    say_points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_targets(targets: RetentionTargets, ax: Axes | None = None) -> Axes:
    """What share stayed, and what share must stay, overall and by group?"""
    if targets.overall is None:
        return empty_axes("The records do not hold the retention of a year.", ax)
    parts = [targets.overall.assign(group="all contracts")]
    if targets.by_group is not None:
        parts.append(targets.by_group)
    rows = pd.concat(parts, ignore_index=True)
    rows["group"] = rows["group"].astype(str)
    row = targets.overall.iloc[0]
    ax = new_axes(
        title=_target_title(row),
        subtitle="Share that still runs after a year: seen in the last year (blue, with its "
        f"{say_percent(targets.confidence, 0)} interval), and needed in the next (orange, newcomers being in doubt)",
        xlabel="yearly retention",
        size=(SIZE[0], 1.9 + 0.55 * len(rows)),
        grid="x",
        ax=ax,
    )
    place = np.arange(len(rows), dtype=float)
    for name, colour, shift in (("retention", ACCENT, -0.12), ("needed", WARNING, 0.12)):
        shown = rows.rename(columns={name: "estimate", f"{name}_lower": "lower", f"{name}_upper": "upper"})
        draw_intervals(ax, shown[["estimate", "lower", "upper"]].astype(float), at=place + shift, colour=colour)
    found = rows[["retention_lower", "needed_lower", "retention_upper", "needed_upper"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(found)), float(np.nanmax(found))
    room = max(0.06 * (high - low), 0.01)
    ax.set_xlim(max(low - room, -0.02) if low >= 0 else low - room, high + room)
    if high >= 1:
        mark_level(ax, 1.0, "nobody leaves", axis="x", at=0.02)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    format_share(ax, "x")
    name_rows(ax, list(rows["group"]))
    ax.invert_yaxis()
    return ax


def _target_title(row: pd.Series[float]) -> str:
    if row["needed"] > 1:
        return "Retention alone cannot reach the target"
    if row["gap_lower"] > 0:
        return f"Retention falls short of what is needed by {say_points(row['gap'])}"
    if row["gap_upper"] < 0:
        return "Retention is higher than what is needed"
    return "Retention is about what is needed"


def draw_change(found: ChangeAnalysis, ax: Axes | None = None) -> Axes:
    """Which parts raised the churn rate, and which lowered it? The bars sum to the last."""
    rows = change_rows(found)
    if rows.empty or found.change is None:
        return empty_axes("The records do not hold two periods to compare.", ax)
    total = float(rows["estimate"].iloc[-1])
    by = f"by {signed(abs(total)).lstrip('+')} per 100 contract-years"
    title = f"Leaving {say_way(total, f'rose {by}', f'fell {by}', 'stayed as it was')}"
    title += _main_part(rows, total, found.confidence) if found.is_clear else ", no more than chance explains"
    return _draw_bars(
        rows,
        title=title,
        subtitle=f"What adds up to the change, {found.window}; bars sum to the last one, lines are "
        f"{say_percent(found.confidence, 0)} intervals",
        ax=ax,
    )


def _main_part(rows: pd.DataFrame, total: float, confidence: float) -> str:
    """The part that is surely the largest of those that made the change; empty where none is."""
    parts = rows.iloc[:-1]
    leader = find_leader_within(
        parts["estimate"] * np.sign(total), parts["lower"], parts["upper"], level=confidence, confidence=confidence
    )
    if leader is None or float(parts["estimate"].iloc[leader]) * total <= 0:
        return ""
    return f", mostly: {parts['part'].iloc[leader]}"


def draw_reason_change(found: ChangeAnalysis, ax: Axes | None = None) -> Axes:
    """Which reasons of leaving grew, and which shrank? The bars sum to the change of the rate."""
    if found.reasons is None or found.reasons.empty:
        return empty_axes("The records give no reason for any end.", ax)
    rows = found.reasons.rename(columns={"reason": "part"}).assign(is_total=False)
    return _draw_bars(
        rows.rename(columns={"change": "estimate"}),
        title=say_reason_title(found),
        subtitle=f"Change of ends per 100 contract-years by reason, {found.window}, with "
        f"{say_percent(found.confidence, 0)} intervals",
        ax=ax,
    )


def _draw_bars(rows: pd.DataFrame, *, title: str, subtitle: str, ax: Axes | None) -> Axes:
    ax = new_axes(
        title=title,
        subtitle=subtitle,
        xlabel="ends per 100 contract-years, more (right) or fewer (left)",
        size=(SIZE[0], 1.7 + 0.42 * len(rows)),
        grid="x",
        ax=ax,
    )
    values = 100 * rows["estimate"].to_numpy(dtype=float)
    low, high = (100 * rows[name].to_numpy(dtype=float) for name in ("lower", "upper"))
    colours = [
        INK if is_total else (WARNING if value > 0 else ACCENT)
        for value, is_total in zip(values, rows["is_total"], strict=True)
    ]
    place = np.arange(len(rows))
    draw_bars(ax, place, values, colours=colours, thickness=0.6, alpha=0.85)
    ax.hlines(place, low, high, color=[REST if total else MUTED for total in rows["is_total"]], linewidth=1.3)
    ax.axvline(0.0, color=MUTED, linewidth=1.0)
    left, right = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    room = 0.16 * max(right - left, 1e-6)
    ax.set_xlim(left - 0.04 * (right - left), right + room)
    with chart_style():
        for y, value, end in zip(place, values, high, strict=True):
            ax.annotate(
                signed(value / 100), xy=(max(end, 0.0), y), xytext=(5, 0), textcoords="offset points", va="center",
                fontsize=9.5, color=INK,
            )  # fmt: skip
    name_rows(ax, list(rows["part"].astype(str)), columns=30)
    ax.invert_yaxis()
    return ax


def draw_profit(treatment: Treatment, currency: str, ax: Axes | None = None) -> Axes:
    """What does a list of each length bring, and where is the best?"""
    curve, targeting = treatment.targeting.curve, treatment.targeting
    if treatment.rows.empty:
        return empty_axes("No contract has both a risk and a margin.", ax)
    best = treatment.best
    title = (
        f"Contacting {targeting.n_best:,} of {len(treatment.rows):,} brings most: "
        f"{say_money(float(best['expected']), currency)} expected"
        if targeting.n_best
        else "No list is worth its contacts at the save rate assumed"
    )
    ax = new_axes(
        title=title,
        subtitle="Expected profit by length of the list, the most profitable first (blue, with its "
        f"{say_percent(treatment.confidence, 0)} band) or by risk alone (dashed); orange: "
        "the best length, and where it may lie; the save rate is assumed",
        xlabel="contracts contacted",
        ylabel=currency,
        ax=ax,
    )
    draw_band(ax, curve["n"], curve["lower"], curve["upper"])
    ax.plot(curve["n"], curve["by_risk"], color=REST, linewidth=1.5, linestyle=(0, (4, 3)))
    ax.plot(curve["n"], curve["expected"], color=ACCENT, linewidth=2.0)
    ax.axhline(0.0, color=MUTED, linewidth=1.0)
    if targeting.n_best:
        ax.axvspan(targeting.n_lower, targeting.n_upper, ymax=0.03, color=WARNING, alpha=0.5, linewidth=0)
        ax.plot([targeting.n_best], [float(best["expected"])], "o", color=WARNING, markersize=7)
    ax.set_xlim(0, max(float(curve["n"].iloc[-1]), 1.0))
    # Long lists can lose many times what the best one brings; the picture is about the best.
    top, bottom = float(curve["upper"].max()), float(curve["lower"].min())
    if top > 0 and bottom < -1.5 * top:
        ax.set_ylim(-1.5 * top, 1.1 * top)
    format_count(ax, "x")
    format_money(ax, axis="y")
    return ax


def _benefit_title(check: TreatmentCheck) -> str:
    """Whether the risks are surely better than all or none where a contact breaks even, or else anywhere."""
    sure = check.curve.loc[(check.curve["lower"] > 0) & (check.curve["over_all_lower"] > 0), "threshold"]
    if np.isfinite(check.threshold):
        verdict = "better" if bool(np.isclose(sure, check.threshold).any()) else "not surely better"
        return (
            f"Where a contact breaks even (risk {say_percent(check.threshold)}), acting on these risks is {verdict} "
            "than contacting all or nobody"
        )
    if sure.empty:
        return "Acting on these risks is at no threshold surely better than contacting all or nobody"
    return f"Acting on these risks is better than contacting all or nobody at {say_percent(float(sure.iloc[0]))}"


def draw_net_benefit(check: TreatmentCheck, confidence: float, ax: Axes | None = None) -> Axes:
    """At which thresholds is acting on the risks better than contacting everybody, or nobody?"""
    curve = check.curve.dropna(subset=["net_benefit"])
    if curve.empty:
        return empty_axes("Nobody was watched long enough to judge the risks.", ax)
    ax = new_axes(
        title=_benefit_title(check),
        subtitle="Net benefit in the holdout: leavers found per contract, less the stayers contacted at the odds of "
        f"the threshold; band: {say_percent(confidence, 0)}",
        xlabel="risk from which on one would contact",
        ax=ax,
    )
    draw_band(ax, curve["threshold"], curve["lower"], curve["upper"])
    ax.plot(curve["threshold"], curve["net_benefit"], color=ACCENT, linewidth=2.0)
    ax.plot(curve["threshold"], curve["treat_all"], color=REST, linewidth=1.5)
    ax.axhline(0.0, color=INK, linewidth=1.0)
    top = float(np.nanmax(curve[["net_benefit", "upper", "treat_all"]].to_numpy()))
    ax.set_ylim(-0.25 * max(top, 1e-6), 1.1 * max(top, 1e-6))
    ax.set_xlim(0, float(curve["threshold"].max()))
    if np.isfinite(check.threshold) and check.threshold <= float(curve["threshold"].max()):
        mark_level(ax, check.threshold, "a contact breaks even", axis="x", colour=WARNING, at=0.97)
    format_share(ax, "x")
    # Named where the three lines lie apart: everybody early on, the risks in the middle, nobody at the end.
    left, middle = curve.iloc[0], curve.iloc[len(curve) // 2]
    ends = [
        (float(left["threshold"]), float(left["treat_all"]), "everybody", REST),
        (float(middle["threshold"]), float(middle["upper"]), "these risks", ACCENT),
        (float(curve["threshold"].quantile(0.85)), 0.06 * -top, "nobody", INK),
    ]
    label_points(ax, ends)
    ax.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    return ax
