"""The picture of who leaves, by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research import theme
from crm_research.pillars.segmentation.groups.leaving_words import say_leaving, say_when, widest_gap
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.segmentation.result import Grouping


def draw_leaving(found: Grouping, ax: Axes | None = None) -> Axes:
    """What share of each segment is still there, with limits for all segments together?"""
    check = found.leaving
    if check is None:
        return theme.empty_axes(say_leaving(found), ax)
    pair = widest_gap(check)
    gap = 0.0 if pair is None else abs(float(pair["survival_gap"]))
    title = (
        f"Segments are {theme.say_points(gap)} apart in who leaves {say_when(check)}"
        if pair is not None
        else "The segments are not seen to differ clearly in who leaves"
    )
    since = "since the study's date" if check.is_later else "since the contract began"
    ax = theme.new_axes(
        title=title,
        subtitle=f"Share still there by months {since}, with "
        f"{theme.say_percent(check.confidence, 0)} bands at one time for all segments together",
        xlabel=f"months {since}",
        size=theme.TALL,
        ax=ax,
    )
    names = list(found.cards["segment"])
    colours = theme.colours_of(names)
    lines = []
    for name in check.curves.groups:
        curve = check.curves.curves[check.curves.curves["group"] == name]
        if not check.is_later and check.from_days == 0 and curve["tenure_days"].iloc[0] > 0:
            first = curve.iloc[[0]].assign(tenure_days=0.0, survival=1.0, lower=1.0, upper=1.0)
            curve = pd.concat([first, curve])
        months = curve["tenure_days"] / DAYS_PER_MONTH
        theme.draw_band(ax, months, curve["lower"], curve["upper"], colour=colours[name], is_step=True, alpha=0.10)
        lines += ax.step(months, curve["survival"], where="post", color=colours[name], linewidth=1.8)
    ax.set_xlim(check.from_days / DAYS_PER_MONTH, None)
    ax.set_ylim(0, 1.02)
    theme.format_share(ax)
    with theme.chart_style():
        ax.legend(
            handles=lines, labels=[theme.shorten(name, 60) for name in check.curves.groups], loc="upper center",
            bbox_to_anchor=(0.4, -0.16), frameon=False, ncols=1, labelcolor=theme.INK, fontsize=9.5,
        )  # fmt: skip
    return ax
