"""Pictures of loyalty by conviction and by habit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research.models.attitude import GROUPS
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.followed import ENDED, REPEAT
from crm_research.pillars.satisfaction.words import has_link
from crm_research.theme import (
    MUTED,
    PAPER,
    REST,
    SIZE,
    chart_style,
    draw_intervals,
    empty_axes,
    format_share,
    name_rows,
    new_axes,
    new_panels,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHORT = {
    "true loyalty": "true loyalty: thinks highly of us, buys often",
    "latent loyalty": "latent loyalty: thinks highly of us, buys rarely",
    "spurious loyalty": "spurious loyalty: buys often, thinks less of us",
    "no loyalty": "no loyalty: neither",
}


def draw_groups(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """How many are loyal by conviction, how many by habit?"""
    groups = None if found.conviction is None else found.conviction.groups
    if groups is None:
        return empty_axes("Attitude and behaviour of the same customers are needed.", ax)
    table = groups.shares.iloc[::-1].rename(columns={"share": "estimate"})
    ax = new_axes(
        title=_title(found),
        subtitle=f"Share of {say_count(groups.n, 'customer')} in each group with its "
        f"{say_percent(found.confidence, 0)} "
        "interval; rings: what cutting the observed scores would give",
        size=(SIZE[0], 3.0),
        grid="x",
        ax=ax,
    )
    ax.plot(table["naive_share"], range(4), "o", color=PAPER, markeredgecolor=MUTED, markersize=8, zorder=1)
    draw_intervals(ax, table, at=range(4))
    name_rows(ax, [_SHORT[group] for group in table["group"]], columns=28)
    ax.set_ylim(-0.6, 3.6)
    ax.set_xlim(0, min(1.0, 1.15 * float(np.nanmax([table["upper"].max(), table["naive_share"].max()]))))
    format_share(ax, "x")
    return ax


def draw_later(found: SatisfactionAnalysis) -> Axes:
    """What did the groups do afterwards?"""
    later = None if found.conviction is None else found.conviction.later
    if later is None or later.empty:
        return empty_axes("No holdout, or too few customers to follow into it.")
    outcomes = [outcome for outcome in (REPEAT, ENDED) if (later["outcome"] == outcome).any()]
    panels = new_panels(
        len(outcomes),
        title=_later_title(found),
        subtitle=f"Share of each group in the holdout, with {say_percent(found.confidence, 0)} intervals",
        panel_titles=outcomes,
        size=(SIZE[0], 3.4),
        sharey=True,
    )
    for ax, outcome in zip(panels, outcomes, strict=True):
        table = later.loc[later["outcome"] == outcome].set_index("group").loc[list(GROUPS)][::-1]
        table = table.rename(columns={"value": "estimate"})
        ax.grid(visible=False)
        ax.grid(visible=True, axis="x", color=REST, linewidth=0.4, alpha=0.5)
        draw_intervals(ax, table, at=range(4))
        ax.set_ylim(-0.6, 3.6)
        ax.set_xlim(0, min(1.02, 1.2 * max(float(table["upper"].max()), 0.02)))
        format_share(ax, "x")
        with chart_style():
            name_rows(ax, list(table.index))
    return panels[0]


def _title(found: SatisfactionAnalysis) -> str:
    groups = found.conviction.groups if found.conviction is not None else None
    if groups is None:
        return ""
    if not has_link(groups):
        return "Those who buy often think no better of us than the others, as far as one can tell"
    share = groups.shares.set_index("group")["share"]
    often = share["true loyalty"] + share["spurious loyalty"]
    part = share["true loyalty"] / often if often > 0 else np.nan
    return f"Of those who buy often, {say_percent(part)} do so by conviction, the others by habit"


def _later_title(found: SatisfactionAnalysis) -> str:
    contrasts = found.conviction.contrasts if found.conviction is not None else None
    if contrasts is None or contrasts.empty:
        return "What the groups did afterwards"
    sure = contrasts.loc[(contrasts["lower"] > 0) | (contrasts["upper"] < 0)]
    kept = [row for _, row in sure.iterrows() if row["outcome"] in (REPEAT, ENDED)]
    if not kept:
        return "At the same habit, conviction made no sure difference to what customers did next"
    said = [f"{row['outcome']} {'more' if row['gap'] > 0 else 'less'} often" for row in kept]
    return f"At the same habit, those loyal by conviction {' and '.join(said)}"
