"""Pictures of certainty. Each says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.value.lifetime.words import say_span
from crm_research.pillars.value.risk.measure import by_tenth
from crm_research.pillars.value.risk.words import alike_title
from crm_research.theme import ACCENT, draw_intervals, empty_axes, format_share, new_axes, say_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.value.risk.measure import RiskAdjusted


def draw_alike(risk: RiskAdjusted, ax: Axes | None = None) -> Axes:
    """How sure is what is expected of customers of about equal value?"""
    table = by_tenth(risk)
    if table.empty:
        return empty_axes(alike_title(table), ax)
    ax = new_axes(
        title=alike_title(table),
        subtitle=f"Share of the expected that comes in the next {say_span(risk.lifetime.horizon_years)} with 9 of 10 "
        "chance at least: the middle customer of each tenth (dot), and all but the least and the most sure tenth of "
        "them (line)",
        xlabel=f"tenths of the customers, and what one is expected to bring on average ({risk.currency})",
        ylabel="share that is sure",
        ax=ax,
    )
    ends = pd.DataFrame({"estimate": table["middle"], "lower": table["low"], "upper": table["high"]})
    draw_intervals(ax, ends, at=table["tenth"].to_numpy(), colour=ACCENT, is_upright=True)
    labels = [say_short(round(expected), 2) for expected in table["expected"]]
    ax.set_xticks(table["tenth"].to_numpy(), labels)
    ax.set_ylim(bottom=min(0.0, float(table["low"].min())))
    format_share(ax)
    return ax
