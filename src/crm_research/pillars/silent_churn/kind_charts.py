"""Kinds of buyers as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.btyd import EffectsFit
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.theme import (
    ACCENT,
    REST,
    WARNING,
    chart_style,
    draw_intervals,
    empty_axes,
    name_rows,
    new_axes,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from crm_research.pillars.silent_churn.kind_tables import kind_table
from crm_research.pillars.silent_churn.kind_words import kind_title

_MOST_SHOWN: Final = 12
_TICKS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)


def draw_kinds(kinds: KindAnalysis, ax: Axes | None = None) -> Axes:
    """By how much do kinds of customers differ in buying and in dropping out? The clearest first."""
    table = kind_table(kinds)
    if table.empty:
        return empty_axes(kind_title(kinds), ax)
    keys = [f"{row.covariate}: {row.level} against {row.reference}" for row in table.itertuples()]
    order = list(dict.fromkeys(keys))[:_MOST_SHOWN]
    place = {key: row for row, key in enumerate(order)}
    shown = table.assign(y=[place.get(key, np.nan) for key in keys]).dropna(subset=["y", "lower", "upper"])
    effects = list(dict.fromkeys(table["effect"]))
    ax = new_axes(
        title=kind_title(kinds),
        subtitle=_say_basis(kinds),
        xlabel="times as much (1 means no difference)",
        size=(8.0, 2.2 + 0.5 * len(order)),
        grid="x",
        ax=ax,
    )
    for number, (effect, colour) in enumerate(zip(effects, (ACCENT, WARNING), strict=False)):
        rows = shown.loc[shown["effect"] == effect].rename(columns={"ratio": "estimate"})
        offset = 0.0 if len(effects) == 1 else -0.14 + 0.28 * number
        draw_intervals(ax, rows, at=rows["y"].to_numpy() + offset, colour=colour)
    ax.axvline(1.0, color=REST, linewidth=1.0)
    _scale(ax, shown)
    name_rows(ax, order, columns=44)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.invert_yaxis()
    with chart_style():
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        ax.figure.legend(
            handles=dots, labels=effects, loc="outside lower center", ncols=2, frameon=False, fontsize=9.5,
            labelcolor="linecolor",
        )  # fmt: skip
    return ax


def _say_basis(kinds: KindAnalysis) -> str:
    fit: EffectsFit | None = kinds.fit
    if fit is None:
        return ""
    level = say_percent(fit.confidence, 0)
    return f"{fit.model}, everything else alike, with {level} intervals; {say_count(fit.n_customers, 'customer')}"


def _scale(ax: Axes, shown: pd.DataFrame) -> None:
    low, high = float(shown["lower"].clip(lower=0.02).min()), float(shown["upper"].clip(upper=50).max())
    ax.set_xscale("log")
    ax.set_xlim(min(low, 0.9) / 1.1, max(high, 1.1) * 1.1)
    ticks = [tick for tick in _TICKS if low / 1.1 <= tick <= high * 1.1 or tick == 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
