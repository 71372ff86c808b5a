"""Pictures of leaving. Each takes the analysis, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.churn.curves import words
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.group_words import group_finding, reason_finding, say_order
from crm_research.pillars.churn.curves.hazard_words import hazard_finding
from crm_research.pillars.churn.setting import say_condition
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    QUALITATIVE,
    REST,
    TALL,
    chart_style,
    draw_band,
    draw_intervals,
    empty_axes,
    format_share,
    label_points,
    mark_level,
    new_axes,
    say_count,
    say_percent,
    write_xlabel,
)
from crm_research.vocabulary import DAYS_PER_MONTH, days_in_months, months_of_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.models.survival import SurvivalCurves

_TENURE: Final = "months since the contract began"
_TICKS: Final = 6
_MOST_STEPS: Final = 300
_MOSTLY_EMPTY: Final = 0.5


def draw_survival(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """What share of all contracts is still there after each month, with its band and the numbers at risk?"""
    title = _as_title(words.curve_title(leaving))
    if leaving.survival is None:
        return empty_axes(title, ax)
    level = say_percent(leaving.confidence, 0)
    whole = _whole_band(leaving)
    band = "band" if whole is None else "band at each tenure (pale) and for the whole curve at once (dashed)"
    ax = new_axes(
        title=title,
        subtitle=f"Share of contracts{leaving.setting.watching.condition} still running by tenure, with "
        f"its {level} {band}; "
        f"{say_count(leaving.survival.sizes['n'].iloc[0], 'contract')}",
        xlabel=_TENURE,
        ax=ax,
    )
    # Where the curve begins beyond the months of a usual page, it is drawn from there to its end.
    begins = leaving.setting.watching.begins_days
    is_late = leaving.begins_beyond
    shown = float(leaving.survival.sizes["last_days"].iloc[0]) if is_late else leaving.horizon_days
    curve = _upto(leaving.survival.curves, shown)
    months = curve["tenure_days"] / DAYS_PER_MONTH
    draw_band(ax, months, curve["lower"], curve["upper"], is_step=True)
    if whole is not None:
        for limit in ("lower", "upper"):
            ax.step(
                whole["tenure_days"] / DAYS_PER_MONTH, whole[limit], where="post", color=ACCENT, linewidth=0.8,
                linestyle=(0, (5, 3)), alpha=0.7,
            )  # fmt: skip
    ax.step(months, curve["survival"], where="post", color=ACCENT, linewidth=2.0)
    last = round(shown / DAYS_PER_MONTH) if is_late else leaving.horizon_months
    first = _first_month(begins, last)
    ax.set_xlim(first, max(last, first + 1))
    ax.set_ylim(0, 1.02)
    format_share(ax)
    median = float(leaving.survival.medians["median_days"].iloc[0]) / DAYS_PER_MONTH
    if median <= last:
        mark_level(ax, 0.5, "half", at=1.0)
        ax.plot([median], [0.5], "o", color=ACCENT, markersize=6)
    _write_at_risk(ax, leaving.survival.curves)
    return ax


def draw_groups(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """What share of each group is still there after each month?"""
    finding = group_finding(leaving)
    if leaving.compared is None or not finding:
        return empty_axes("There are no two groups of contracts to compare", ax)
    title = say_order(leaving) or f"Contracts that differ by {leaving.counts.group} last alike, as far as can be told"
    ax = new_axes(
        title=title,
        subtitle=f"Share of contracts{_condition_of(leaving.compared)} still running by tenure and "
        f"{leaving.counts.group}, with {say_percent(leaving.confidence, 0)} bands",
        xlabel=_TENURE,
        size=TALL,
        ax=ax,
    )
    last = months_of_days(leaving.compared_days)
    ax.set_xlim(_first_month(float(leaving.compared.sizes["first_days"].max()), last), last)
    ax.set_ylim(0, 1.02)
    ends = []
    for place, name in enumerate(leaving.compared.groups):
        colour = QUALITATIVE[place] if place < len(QUALITATIVE) else REST
        curve = _upto(leaving.compared.curves.loc[leaving.compared.curves["group"] == name], leaving.compared_days)
        months = curve["tenure_days"] / DAYS_PER_MONTH
        draw_band(ax, months, curve["lower"], curve["upper"], colour=colour, is_step=True, alpha=0.10)
        ax.step(months, curve["survival"], where="post", color=colour, linewidth=1.8)
        ends.append((float(months.iloc[-1]), float(curve["survival"].iloc[-1]), name, colour))
    format_share(ax)
    label_points(ax, ends)
    return ax


def draw_hazard(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """Of those still there, what share leaves in each month of tenure (or year, where months are not known)?"""
    title = hazard_finding(leaving)
    if leaving.rates is None or leaving.hazard is None:
        return empty_axes(title, ax)
    # Between whole years there is nothing to smooth.
    is_smooth = leaving.period_months == 1 and not leaving.hazard.empty
    ax = new_axes(
        title=title,
        subtitle=f"Of those there when a {leaving.period} of the contract begins, the share that leaves in it, with "
        f"its {say_percent(leaving.confidence, 0)} interval{'; the line is smoothed' if is_smooth else ''}",
        xlabel=f"{leaving.period} of the contract",
        ax=ax,
    )
    rates = leaving.rates
    number = rates["period_index"] + 1
    smooth = -np.expm1(-leaving.hazard["hazard"])  # the same scale: a rate as the share that leaves in the period
    dots = rates.rename(columns={"share": "estimate"})
    draw_intervals(ax, dots, at=number, colour=MUTED, is_upright=True, width=1.2, size=4.5)
    if is_smooth:
        ax.plot(leaving.hazard["tenure_days"] / DAYS_PER_MONTH + 0.5, smooth, color=ACCENT, linewidth=2.0)
    solid = rates.loc[rates["n_ended"] > 0]
    top = float(min(rates["upper"].max(), 1.8 * max(solid["share"].max(), smooth.max()))) if len(solid) else 1.0
    ax.set_ylim(0, top)
    first = _first_month(leaving.setting.watching.begins_days, leaving.horizon_months)
    ax.set_xlim(first / leaving.period_months + 0.4, leaving.horizon_months / leaving.period_months + 0.6)
    format_share(ax)
    return ax


def draw_reasons(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """What share has left for each reason by each month? Reasons and those still there sum to one."""
    if leaving.incidence is None:
        return empty_axes("The records give no reason for any end", ax)
    ax = new_axes(
        title=_as_title(reason_finding(leaving)),
        subtitle="Share of contracts that have ended for each reason by tenure, stacked (cumulative incidence); "
        "above them those still running",
        xlabel=_TENURE,
        size=TALL,
        ax=ax,
    )
    wide = leaving.incidence.curves.pivot_table(index="tenure_days", columns="reason", values="incidence").ffill()
    order = list(wide.iloc[-1].sort_values(ascending=False).index)
    wide = _thin(wide.loc[wide.index <= leaving.horizon_days, order])
    months = np.append(0.0, wide.index.to_numpy(dtype=float) / DAYS_PER_MONTH)
    # As far as it is known, and no farther: beyond, nobody could have been watched.
    end = min(leaving.horizon_months, leaving.reasons_days / DAYS_PER_MONTH)
    months = np.append(months, end) if months[-1] < end else months
    base = np.zeros(len(months))
    ends = []
    for place, reason in enumerate(order):
        values = np.append(0.0, wide[reason].to_numpy())
        values = np.append(values, np.repeat(values[-1], len(months) - len(values)))
        colour = QUALITATIVE[place % len(QUALITATIVE)]
        ax.fill_between(months, base, base + values, step="post", color=colour, alpha=0.75, linewidth=0)
        ends.append((float(months[-1]), float(base[-1] + values[-1] / 2), str(reason), colour))
        base = base + values
    ax.set_xlim(_first_month(leaving.setting.watching.begins_days, leaving.horizon_months), leaving.horizon_months)
    ax.set_ylim(0, min(1.0, max(1.25 * float(base.max()), 0.01)))
    format_share(ax)
    label_points(ax, ends)
    return ax


def draw_holdout(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """Did as many end in the holdout as expected, in each quarter of risk?"""
    if leaving.holdout is None:
        return empty_axes("There is no holdout to judge the curve by", ax)
    check, bands = leaving.holdout, leaving.holdout.bands
    verb = "held" if check.holds else "did not hold"
    ax = new_axes(
        title=f"The forecast {verb}: {say_percent(check.expected_share)} expected to end, "
        f"{say_percent(check.observed_share)} did",
        subtitle="Share of contracts running at as_of that ended in the holdout of "
        f"{say_count(check.window_days, 'day')}, by "
        "quarter of expected risk: expected (grey), observed with its interval (blue)",
        xlabel="quarter of the running contracts, from the safest to the most endangered",
        ax=ax,
    )
    ax.plot(bands["band"], bands["expected_share"], "D", color=MUTED, markersize=7)
    seen = bands.rename(columns={"observed_share": "estimate"})
    draw_intervals(ax, seen, at=bands["band"], is_upright=True, width=2.2, size=7)
    ax.set_xticks(bands["band"].tolist())
    ax.set_xlim(0.5, float(bands["band"].max()) + 0.5)
    ax.set_ylim(0, None)
    format_share(ax)
    return ax


def draw_rule(leaving: ChurnAnalysis, ax: Axes | None = None) -> Axes:
    """Where does one monthly rate for everybody depart from the curve?"""
    if leaving.survival is None or leaving.rule is None:
        return empty_axes("There is no curve to hold the rule against", ax)
    if leaving.rule.monthly_rate == 0:
        return empty_axes("No contract has ended, so there is no monthly rate yet", ax)
    same = "agrees with the curve" if leaving.rule.n_misses == 0 else "misleads"
    ax = new_axes(
        title="Nobody was watched long enough to hold one monthly rate against"
        if leaving.rule.compared.empty
        else f"One monthly rate for everybody {same}",
        subtitle="Share still running: the curve with its band, and the rule that "
        f"{say_percent(leaving.rule.monthly_share)} "
        "leave every month (dashed)",
        xlabel=_TENURE,
        ax=ax,
    )
    curve = _upto(leaving.survival.curves, leaving.horizon_days)
    months = curve["tenure_days"] / DAYS_PER_MONTH
    draw_band(ax, months, curve["lower"], curve["upper"], is_step=True)
    ax.step(months, curve["survival"], where="post", color=ACCENT, linewidth=2.0)
    begins = leaving.setting.watching.begins_days
    grid = np.linspace(begins, max(leaving.horizon_days, begins), 60)
    ax.plot(
        grid / DAYS_PER_MONTH, leaving.rule.survival(grid - begins), color=INK, linewidth=1.4, linestyle=(0, (4, 3))
    )
    ax.set_xlim(_first_month(begins, leaving.horizon_months), leaving.horizon_months)
    ax.set_ylim(0, 1.02)
    format_share(ax)
    return ax


def _first_month(begins_days: float, last: float) -> int:
    """Where a picture begins: at the start, or where its curve does if most of the picture would be empty."""
    begins = round(begins_days / DAYS_PER_MONTH)
    return begins if begins_days > 0 and begins > _MOSTLY_EMPTY * last else 0


def _condition_of(curves: SurvivalCurves) -> str:
    return say_condition(float(curves.sizes["first_days"].max()))


def _whole_band(leaving: ChurnAnalysis) -> pd.DataFrame | None:
    """The limits that hold for the whole curve at once; None where too few ended."""
    if leaving.bands is None or len(leaving.bands.bands) < 2:
        return None
    inside = leaving.bands.bands.loc[leaving.bands.bands["tenure_days"] <= leaving.horizon_days]
    return _thin(inside) if len(inside) > 1 else None


def _upto(curve: pd.DataFrame, days: float) -> pd.DataFrame:
    """The curve up to some tenure, its last value carried there if it was known that far."""
    within = _thin(curve.loc[curve["tenure_days"] <= days])
    if within.empty:
        return curve.head(1)
    if days <= float(curve["tenure_days"].iloc[-1]):
        return pd.concat([within, within.tail(1).assign(tenure_days=days)], ignore_index=True)
    return within


def _thin(curve: pd.DataFrame) -> pd.DataFrame:
    """At most so many steps as the eye can tell apart: of each stretch of tenures the last, and the very first."""
    if len(curve) <= _MOST_STEPS:
        return curve
    stretch = pd.Series(np.linspace(0, _MOST_STEPS, len(curve), endpoint=False), index=curve.index).astype(int)
    keep = ~stretch.duplicated(keep="last")
    keep.iloc[0] = True
    return curve.loc[keep]


def _write_at_risk(ax: Axes, curve: pd.DataFrame) -> None:
    """Numbers at risk below the axis, where the ticks stand; read where the table of milestones reads them."""
    first, last = ax.get_xlim()
    step = max(1, round((last - first) / _TICKS))
    ticks = np.arange(first, last + 1e-9, step)
    ax.set_xticks(ticks)
    # Those still under observation when the months are over, as in the table of milestones.
    days = [days_in_months(round(tick)) + (1 if tick > 0 else 0) for tick in ticks]
    place = np.searchsorted(curve["tenure_days"].to_numpy(), days, side="left")
    at_risk = np.append(curve["n_at_risk"].to_numpy(), 0)[place]
    with chart_style():
        for tick, n in zip(ticks, at_risk, strict=True):
            ax.annotate(
                f"{n:,}",
                xy=(tick, 0),
                xycoords=ax.get_xaxis_transform(),
                xytext=(0, -27),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=MUTED,
                annotation_clip=False,
            )
    write_xlabel(ax, f"{ax.get_xlabel()}; below: contracts under observation", pad=24)


def _as_title(sentence: str) -> str:
    """The first sentence of a finding, without its interval and full stop."""
    first = sentence.split(": nothing", maxsplit=1)[0].rstrip(".")
    while " (" in first and ")" in first:
        start = first.index(" (")
        first = first[:start] + first[first.index(")", start) + 1 :]
    return first
