"""Pictures of the single view: in which systems customers stand, and how sure the links are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research import theme
from crm_research.pillars.single_view import words
from crm_research.pillars.single_view.tables import combinations_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.single_view.measure import SingleView


def draw_combinations(view: SingleView, *, ax: Axes | None = None) -> Axes:
    """Bars: how many customers stand in which systems together."""
    shown = combinations_table(view)[::-1]
    if shown.empty:
        return theme.empty_axes(words.say_customers(view), ax=ax)
    ax = theme.new_axes(
        title=words.together_seen(view),
        subtitle="Customers by the systems that they stand in",
        size=(theme.SIZE[0], 1.6 + 0.36 * len(shown)),
        grid="x",
        ax=ax,
    )
    theme.draw_bars(ax, range(len(shown)), shown["customers"])
    theme.name_rows(ax, list(shown["systems"]), columns=36)
    theme.label_values(ax, [f"{n:,}" for n in shown["customers"]])
    ax.set_xlim(0, 1.16 * float(shown["customers"].max()))
    theme.format_count(ax, "x")
    return ax


def sureness_frame(view: SingleView) -> pd.DataFrame:
    """what, known_by, estimate, lower, upper: how good the links are, by each of the two ways that tell."""
    rows = []
    for how, good in (("own reckoning", view.by_model), ("judged", view.by_judgements)):
        if good is None:
            continue
        rows += [
            (what, how, *one)
            for what, one in (
                ("belong together", good.precision),
                ("were found", good.recall),
                ("both in one", good.f1),
            )
            if one is not None
        ]
    return pd.DataFrame(rows, columns=["what", "known_by", "estimate", "lower", "upper"])


def draw_sureness(view: SingleView, *, ax: Axes | None = None) -> Axes:
    """Dots with limits: which share of pairs belongs together, and which share of such pairs was found."""
    shown = sureness_frame(view)[::-1].reset_index(drop=True)
    if shown.empty:
        return theme.empty_axes(words.say_sureness(view) or words.say_customers(view), ax=ax)
    ax = theme.new_axes(
        title=words.sureness_seen(view),
        subtitle="Share of pairs of records that belong together or were found, with limits",
        size=(theme.SIZE[0], 1.7 + 0.36 * len(shown)),
        grid="x",
        ax=ax,
    )
    theme.draw_intervals(ax, shown, at=np.arange(len(shown)))
    names = [f"{what}, {how}" for what, how in zip(shown["what"], shown["known_by"], strict=True)]
    theme.name_rows(ax, names, columns=36)
    least = float(shown["lower"].min())
    span = max(1 - least, 0.01)
    ax.set_xlim(max(least - 0.05 * span, -0.02), 1 + 0.05 * span)
    ax.set_ylim(-0.6, len(shown) - 0.4)
    theme.format_share(ax, "x")
    return ax
