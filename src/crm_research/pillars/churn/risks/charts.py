"""The picture of the risks: where the expected leavers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research.pillars.churn.risks.assess import RiskList
from crm_research.pillars.churn.risks.words import risk_title, say_months
from crm_research.theme import (
    ACCENT,
    REST,
    draw_bars,
    empty_axes,
    is_for_phones,
    mark_level,
    new_axes,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_risks(risks: RiskList, ax: Axes | None = None) -> Axes:
    """How many of each tenth are expected to leave, the tenth most at risk first?"""
    tenths = risks.deciles
    if tenths.empty:
        return empty_axes("Too few running contracts could be judged to be split into tenths", ax)
    row = risks.at(risks.main_months)
    ax = new_axes(
        title=risk_title(risks),
        subtitle=f"Contracts expected to leave within {say_months(risks.main_months)} in each tenth of the "
        f"{say_count(row['n_judged'], 'contract')} judged, and between which limits the number will lie "
        f"({say_percent(risks.confidence, 0)})",
        xlabel="tenth of the contracts, the most at risk first; below it the mean risk",
        ylabel="expected to leave",
        ax=ax,
    )
    x = tenths["tenth"].to_numpy()
    colours = [ACCENT, *[REST] * (len(x) - 1)]
    draw_bars(ax, x, tenths["expected"], colours=colours, is_upright=True, thickness=0.72, alpha=0.85)
    ax.vlines(x, tenths["lower"], tenths["upper"], color="#333333", linewidth=1.4)
    names = [f"{place}\n{say_percent(risk)}" for place, risk in zip(x, tenths["mean_risk"], strict=True)]
    ax.set_xticks(x, names, fontsize=7.5 if is_for_phones() else None)
    even = float(row["expected"]) / len(tenths)
    mark_level(ax, even, "if all were alike", at=1.0)
    ax.set_ylim(0, float(np.nanmax(tenths["upper"])) * 1.08 or 1.0)
    return ax
