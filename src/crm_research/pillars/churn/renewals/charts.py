"""Pictures of renewals. Each takes the renewals, says its finding in the title, accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.pillars.churn.renewals.describe import Renewals
from crm_research.pillars.churn.renewals.words import projection_title, say_high_share, say_later
from crm_research.theme import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    PAPER,
    SIZE,
    TALL,
    chart_style,
    draw_band,
    draw_intervals,
    empty_axes,
    format_share,
    label_points,
    new_axes,
    say_count,
    say_percent,
    say_range,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

_NOTHING: Final = "No contract has come to a renewal"


def draw_retention(renewals: Renewals, ax: Axes | None = None) -> Axes:
    """Of those who come to each renewal, what share goes on: as seen, by the model, and by one constant rate?"""
    if renewals.fit is None:
        return empty_axes(_NOTHING, ax)
    seen = renewals.shown
    ax = new_axes(
        title=_retention_title(renewals),
        subtitle=f"Share of those up for each renewal (every {renewals.every}) who go on: dots as seen with their "
        f"{say_percent(renewals.confidence, 0)} interval, {_line_name(renewals)} (line, dashed beyond the records)"
        f"{_rule_name(renewals)}",
        xlabel="renewal",
        size=TALL,
        ax=ax,
    )
    ahead = renewals.carried
    _shade_beyond(ax, renewals)
    _draw_seen(ax, seen)
    draw_band(ax, ahead["renewal"], ahead["retention_lower"], ahead["retention_upper"])
    _draw_line(ax, renewals, "retention")
    if not renewals.fit.is_constant:
        ax.plot(ahead["renewal"], ahead["rule_retention"], color=INK, linewidth=1.3, linestyle=(0, (1, 2)))
    low = min(float(seen["lower"].min()) if len(seen) else 1.0, float(ahead["retention"].min()))
    ax.set_ylim(max(0.0, low - 0.12 * (1.02 - low)), 1.0 + 0.03 * (1.02 - low))
    _finish(ax, renewals)
    return ax


def _draw_seen(ax: Axes, rows: pd.DataFrame) -> None:
    dots = rows.rename(columns={"retention": "estimate"})
    draw_intervals(ax, dots, at=rows["renewal"], colour=MUTED, is_upright=True, width=1.3, size=5.5)


def draw_projection(renewals: Renewals, ax: Axes | None = None) -> Axes:
    """What share of a new intake is still there after each renewal, also beyond the records?"""
    if renewals.fit is None:
        return empty_axes(_NOTHING, ax)
    ahead = renewals.carried
    last, modelled = ahead.iloc[-1], ahead.dropna(subset=["survival"]).iloc[-1]
    ax = new_axes(
        title=projection_title(renewals),
        subtitle=f"Share of a new intake left after each renewal: as seen (dots), {_line_name(renewals)} with its "
        f"{say_percent(renewals.confidence, 0)} band (dashed beyond the records){_rule_name(renewals)}",
        xlabel="renewal",
        size=TALL,
        ax=ax,
    )
    _shade_beyond(ax, renewals)
    draw_band(ax, ahead["renewal"], ahead["lower"], ahead["upper"])
    _draw_line(ax, renewals, "survival")
    seen = renewals.shown
    ax.plot(seen["renewal"], seen["survival"], "o", color=MUTED, markersize=5, markeredgecolor=PAPER)
    ends = [
        (
            float(modelled["renewal"]),
            float(modelled["survival"]),
            "one rate" if renewals.fit.is_constant else "model",
            ACCENT,
        )
    ]
    if not renewals.fit.is_constant:
        ax.plot(ahead["renewal"], ahead["rule_survival"], color=INK, linewidth=1.3, linestyle=(0, (1, 2)))
        ends.append((float(last["renewal"]), float(last["rule_survival"]), "one rate", INK))
    ax.set_ylim(0, 1.02)
    _finish(ax, renewals)
    label_points(ax, ends)
    return ax


def draw_intakes(renewals: Renewals, ax: Axes | None = None) -> Axes:
    """What share of each intake was still there after so many renewals?"""
    table = renewals.triangle
    if table.empty:
        return empty_axes(_why_no_intakes(renewals), ax)
    values = table.to_numpy(dtype=float)
    ax = new_axes(
        title=_intake_title(renewals),
        subtitle=f"Share of each intake (row) still there after so many renewals (column, every {renewals.every}), "
        "in %",
        xlabel="renewals",
        size=(SIZE[0], 1.7 + 0.34 * len(table)),
        grid="none",
        ax=ax,
    )
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    scale = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    # Pale to full in the accent colour; figures turn white where the ground is dark.
    with chart_style():
        for row, column in np.argwhere(np.isfinite(values)):
            depth = 0.12 + 0.78 * float(scale[row, column])
            ax.add_patch(_cell(column, row, depth))
            ax.text(
                column, row, f"{100 * values[row, column]:.0f}", ha="center", va="center", fontsize=10,
                color=PAPER if depth > 0.55 else INK,
            )  # fmt: skip
    ax.set_xlim(-0.5, values.shape[1] - 0.5)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xticks(range(values.shape[1]), [str(renewal) for renewal in table.columns])
    ax.set_yticks(range(len(table)), [str(name) for name in table.index])
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return ax


def draw_renewal_check(renewals: Renewals, ax: Axes | None = None) -> Axes:
    """What share went on at the renewals kept apart, and what had the forecasts said?"""
    check = renewals.check
    if check is None:
        return empty_axes("Too few renewals could be kept apart", ax)
    verdict = {"sBG": "The model came closer than one rate", "constant rate": "One constant rate came closer"}
    rows = check.by_renewal.loc[check.by_renewal["n_up"] >= max(5.0, 0.01 * check.by_renewal["n_up"].max())]
    ax = new_axes(
        title=verdict.get(str(check.winner), "Model and constant rate came equally close"),
        subtitle=f"Share that went on at each renewal, {check.basis}: dots as it came with the "
        f"{say_percent(renewals.confidence, 0)} interval; sBG (line), BdW (dashed) and one constant rate (dotted) "
        "forecast",
        xlabel="renewal",
        ax=ax,
    )
    _draw_seen(ax, rows)
    ax.plot(rows["renewal"], rows["sbg"], color=ACCENT, linewidth=2.0)
    ax.plot(rows["renewal"], rows["bdw"], color=ACCENT, linewidth=1.4, linestyle=(0, (4, 2)))
    ax.plot(rows["renewal"], rows["rule"], color=INK, linewidth=1.3, linestyle=(0, (1, 2)))
    _whole_ticks(ax)
    format_share(ax)
    return ax


def _cell(column: int, row: int, depth: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, facecolor=ACCENT, alpha=depth, linewidth=0)


def _draw_line(ax: Axes, renewals: Renewals, column: str) -> None:
    """The model as far as the records reach, and dashed from there."""
    ahead, last = renewals.carried, _last_seen(renewals)
    within, beyond = ahead.loc[ahead["renewal"] <= last], ahead.loc[ahead["renewal"] >= last]
    ax.plot(within["renewal"], within[column], color=ACCENT, linewidth=2.0)
    ax.plot(beyond["renewal"], beyond[column], color=ACCENT, linewidth=2.0, linestyle=(0, (4, 2)))


def _shade_beyond(ax: Axes, renewals: Renewals) -> None:
    end = float(renewals.projection["renewal"].max()) + 0.5
    if _last_seen(renewals) + 0.5 >= end:
        return
    ax.axvspan(_last_seen(renewals) + 0.5, end, color=GRID, alpha=0.45, linewidth=0, zorder=0)
    with chart_style():
        ax.annotate(
            "not yet seen", xy=(end, 1), xycoords=("data", "axes fraction"), xytext=(-5, -5),
            textcoords="offset points", ha="right", va="top", fontsize=9, color=MUTED,
        )  # fmt: skip


def _finish(ax: Axes, renewals: Renewals) -> None:
    ax.set_xlim(0.5, float(renewals.projection["renewal"].max()) + 0.5)
    _whole_ticks(ax)
    format_share(ax)


def _whole_ticks(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def _last_seen(renewals: Renewals) -> float:
    return float(renewals.shown["renewal"].max())


def _line_name(renewals: Renewals) -> str:
    is_constant = renewals.fit is None or renewals.fit.is_constant
    return "one constant rate" if is_constant else "the model of customers who differ (sBG)"


def _rule_name(renewals: Renewals) -> str:
    return "" if renewals.fit is None or renewals.fit.is_constant else ", and one constant rate (dotted)"


def _retention_title(renewals: Renewals) -> str:
    first, later = renewals.shown.iloc[0], renewals.later
    start = f"{say_high_share(first['retention'])} go on at renewal {first['renewal']:.0f}"
    if later is None:
        return f"{start} of {say_count(first['n_up'], 'contract')}"
    return f"{start}, {say_high_share(later['retention'])} {say_later(later)}"


def _intake_title(renewals: Renewals) -> str:
    """The column that most intakes reached, from its lowest to its highest."""
    counted = renewals.triangle.notna().sum()
    column = counted[counted >= 2].index.max() if (counted >= 2).any() else renewals.triangle.columns[0]
    values = renewals.triangle[column].dropna()
    after = f"after {column} {'renewal' if column == 1 else 'renewals'}"
    if len(values) < 2:
        return f"Of the intake {values.index[0]}, {say_percent(values.iloc[0])} were there {after}"
    return f"{say_range(values.min(), values.max(), say_percent)} of an intake are there {after}"


def _why_no_intakes(renewals: Renewals) -> str:
    if renewals.detection.is_snapshot:
        return "All ends bear one date, so intakes cannot be followed one by one"
    return "No intake had five contracts up for its first renewal"
