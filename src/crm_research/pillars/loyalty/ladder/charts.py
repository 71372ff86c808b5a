"""Pictures of the ladder: shares over time, and the moves as a heat map."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.features.states import DEVELOPING, FADING, LOST, LOYAL, NEW, RETURNED, STATES
from crm_research.pillars.loyalty.ladder import words
from crm_research.pillars.loyalty.ladder.measure import Ladder
from crm_research.theme import (
    ACCENT,
    MUTED,
    PAPER,
    TALL,
    chart_style,
    draw_heat,
    draw_intervals,
    format_share,
    label_points,
    new_axes,
    place_dates,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = MappingProxyType(
    {NEW: "#009e73", DEVELOPING: "#4596d1", LOYAL: ACCENT, RETURNED: "#a35fa0", FADING: "#b8860b", LOST: "#9aa5b1"}
)
# From the bottom of the picture: the loyal stand on the ground, the lost hang from the ceiling.
_PILE: Final = (LOYAL, DEVELOPING, NEW, RETURNED, FADING, LOST)
_LEAST_LABELLED: Final = 0.02
_MOST_LABELS: Final = 7
_STEPS_MONTHS: Final = (1, 2, 3, 6, 12, 24, 36, 60, 120, 240)


def draw_state_shares(ladder: Ladder, ax: Axes | None = None) -> Axes:
    """Which share of customers stood on each rung at the end of each period?"""
    wide = ladder.shares.pivot_table(index="period_start", columns="state", values="share").reindex(
        columns=list(_PILE), fill_value=0.0
    )
    ax = new_axes(
        title=words.share_title(ladder),
        subtitle=f"Customers so far by their state at the end of each {words.period_name(ladder)}; "
        f"{say_count(ladder.standing['n_customers'].max(), 'customer')} in the last",
        size=TALL,
        ax=ax,
    )
    dates = place_dates(ax, wide.index)
    values = wide.to_numpy(dtype=float)
    with chart_style():
        ax.stackplot(dates, values.T, colors=[COLOURS[state] for state in _PILE], linewidth=0.6, edgecolor=PAPER)
    if len(wide) == 1:
        bottom = np.concatenate([[0.0], np.cumsum(values[0])[:-1]])
        ax.bar(dates, values[0], bottom=bottom, width=10, color=[COLOURS[state] for state in _PILE])
    else:
        ax.set_xlim(dates[0], dates[-1])
    _thin_dates(ax, dates, wide.index, ladder.period_months)
    ax.set_ylim(0, 1)
    format_share(ax)
    tops = np.cumsum(values[-1])
    label_points(
        ax,
        [
            (dates[-1], top - share / 2, f"{state} {say_percent(share)}", COLOURS[state])
            for state, top, share in zip(_PILE, tops, values[-1], strict=True)
            if share >= _LEAST_LABELLED
        ],
    )
    return ax


def draw_moves(ladder: Ladder, ax: Axes | None = None) -> Axes:
    """Of the customers in each state, which share is in which state a period later? A heat map."""
    table = ladder.moves.table
    wide = table.pivot_table(index="from_state", columns="to_state", values="share").reindex(
        index=list(STATES), columns=list(STATES)
    )
    wide = wide.loc[wide.notna().any(axis=1)]
    sizes = table.drop_duplicates("from_state").set_index("from_state")["n_from"]
    period = words.period_name(ladder)
    ax = new_axes(
        title=words.move_title(ladder),
        subtitle=f"In 100 customers of a state (row, with the number seen), how many are in which state (column) one "
        f"{period} later",
        xlabel=f"a {period} later",
        size=(TALL[0], 1.9 + 0.42 * len(wide)),
        grid="none",
        ax=ax,
    )
    values = wide.to_numpy(dtype=float)
    texts = [[_say_share(value) for value in row] for row in values]
    draw_heat(ax, values, limits=(0, 1), texts=texts, pale_from=0.55, points=9.5)
    with chart_style():
        ax.set_xticks(range(len(wide.columns)), list(wide.columns))
        ax.set_yticks(range(len(wide)), [f"{state}  ({sizes[state]:,})" for state in wide.index])
    return ax


def _say_share(value: float) -> str:
    if not value > 0:
        return ""
    return f"{100 * value:.0f}" if value >= 0.005 else "<1"


def draw_signs(ladder: Ladder, ax: Axes | None = None) -> Axes:
    """After which signs do customers move down more or less often? Differences in points, with intervals."""
    before = ladder.before.iloc[::-1].reset_index(drop=True)
    frame = before.assign(estimate=before["difference"])
    ax = new_axes(
        title=words.sign_title(ladder),
        subtitle=f"Share that moved down, with the sign in the {words.period_name(ladder)} before less without it, "
        f"{say_percent(ladder.confidence, 0)} intervals",
        size=(TALL[0], 1.5 + 0.45 * len(frame)),
        grid="x",
        ax=ax,
    )
    ax.axvline(0, color=MUTED, linewidth=1.0)
    draw_intervals(ax, frame, at=range(len(frame)))
    with chart_style():
        ax.set_yticks(range(len(frame)), [_two_lines(row) for _, row in frame.iterrows()])
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.set_xlabel("points")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}" if abs(value) > 1e-9 else "0")
    return ax


def _thin_dates(ax: Axes, places: Any, starts: Any, period_months: int) -> None:
    """About seven labels at most, at round months."""
    n_months = len(starts) * period_months
    step = next((step for step in _STEPS_MONTHS if n_months / step <= _MOST_LABELS), n_months)
    shown = [number for number, start in enumerate(starts) if (start.year * 12 + start.month - 1) % step == 0] or [0]
    ax.set_xticks([places[number] for number in shown], [f"{starts[number]:%Y-%m}" for number in shown])


def _two_lines(row: pd.Series) -> str:
    return f"{row['move']}\nafter {row['sign']}"
