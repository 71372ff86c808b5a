"""What rhythms say: sentences, and the picture of who is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.loyalty.rhythm.measure import BANDS, IN_RHYTHM, OVERDUE, SILENT, RhythmAnalysis
from crm_research.theme import (
    ACCENT,
    REST,
    UNKNOWN,
    WIDE,
    chart_style,
    draw_bars,
    format_share,
    new_axes,
    say_count,
    say_days,
    say_estimate,
    say_interval,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rhythm_finding(rhythm: RhythmAnalysis) -> str:
    """What is the usual rhythm, and how far do customers differ in theirs?"""
    scale = rhythm.scale
    typical = float(np.exp(min(scale.centre, 20.0)))
    low, high = (float(np.exp(min(scale.centre + sign * 1.2816 * scale.between_sd, 20.0))) for sign in (-1, 1))
    said = f"Half of the gaps of a typical customer who came back are shorter than {say_days(typical)}"
    if scale.between_sd <= 0:
        return f"{said}; customers do not differ in their rhythm beyond chance ({say_count(rhythm.n_gaps, 'gap')})."
    alike = say_days(low) == say_days(high)
    between = f"is about {say_days(low)}" if alike else f"lies between {say_days(low)} and {say_days(high)}"
    return (
        f"{said}; for eight of ten such customers that number {between} "
        f"({say_count(rhythm.n_gaps, 'gap')} of {say_count(rhythm.n_customers, 'customer')})."
    )


def overdue_finding(rhythm: RhythmAnalysis) -> str:
    """Who has broken the rhythm, and is that many?"""
    said = say_estimate(*_limits(rhythm.standing, OVERDUE), say_percent, rhythm.confidence)
    if said == UNKNOWN:
        return "How many customers are overdue by their own rhythm is not known: too few have one."
    silent = say_percent(_limits(rhythm.standing, SILENT)[0])
    text = (
        f"{said} of customers are overdue by their own rhythm, and {silent} have been "
        "silent for longer than 19 of 20 such gaps."
    )
    if np.isfinite(rhythm.usual_overdue_share):
        text += (
            f" To be overdue is not yet to be lost: customers who did come back had spent "
            f"{say_percent(rhythm.usual_overdue_share)} of the time between purchases beyond the first of these limits."
        )
    return text


def overdue_title(rhythm: RhythmAnalysis) -> str:
    """The picture's finding."""
    share = _limits(rhythm.standing, OVERDUE)[0]
    if not {IN_RHYTHM, OVERDUE} <= set(rhythm.later["band"]):
        return f"{say_percent(share)} of customers are overdue by their own rhythm"
    came, kept = (say_percent(_limits(rhythm.later, band)[0]) for band in (OVERDUE, IN_RHYTHM))
    return f"{say_percent(share)} of customers are overdue; of those {came} bought later, of those in rhythm {kept}"


def later_finding(rhythm: RhythmAnalysis) -> str:
    """Did those who had broken their rhythm come back less?"""
    if rhythm.later.empty:
        return "The study keeps no holdout, so whether a broken rhythm predicts anything was not checked."
    rows = rhythm.later.set_index("band")
    said = "; ".join(
        f"{band}: {say_percent(row['share'])} of {row['n']:,.0f} "
        f"({say_interval(row['lower'], row['upper'], say_percent)})"
        for band, row in rows.iterrows()
    )
    if not {IN_RHYTHM, OVERDUE} <= set(rows.index):
        return f"Bought in the holdout - {said}."
    holds = _limits(rhythm.later, OVERDUE)[2] < _limits(rhythm.later, IN_RHYTHM)[1]
    verdict = (
        "A broken rhythm predicts who stays away"
        if holds
        else "A broken rhythm was not seen to predict anything beyond chance"
    )
    return f"{verdict}. Bought in the holdout - {said}."


def cycle_finding(rhythm: RhythmAnalysis) -> str:
    """Which share of customers is won, if to be won is to buy again in a new cycle?"""
    days = say_days(rhythm.cycle_days)
    head = f"A buying cycle is {days} here ({rhythm.cycle_basis})."
    if rhythm.won.empty:
        return f"{head} Nobody was followed for two cycles, so who bought again in a new one is not known yet."
    rows = rhythm.won.set_index("measure")
    first, any_later = rows.iloc[0], rows.iloc[1]
    again = say_estimate(first["share"], first["lower"], first["upper"], say_percent, rhythm.confidence)
    if again == UNKNOWN:
        return f"{head} Too few were followed for two cycles to say how many bought again in a new one."
    return (
        f"{head} Of {say_count(first['n'], 'customer')} followed for two cycles, {again} bought in the "
        f"cycle after the one of their first purchase, and {say_percent(any_later['share'])} "
        f"({say_interval(any_later['lower'], any_later['upper'], say_percent)}) in it or later so far. Purchases "
        "within the first cycle, a second trip for something forgotten, do not count here."
    )


def _limits(table: pd.DataFrame, band: str) -> tuple[float, float, float]:
    row = table.loc[table["band"] == band].iloc[0]
    return float(row["share"]), float(row["lower"]), float(row["upper"])


def draw_bands(rhythm: RhythmAnalysis, ax: Axes | None = None) -> Axes:
    """Which share of customers is in rhythm, overdue and long silent, and who bought later?"""
    held = "" if rhythm.later.empty else "; dark part: bought in the holdout"
    ax = new_axes(
        title=overdue_title(rhythm),
        subtitle=f"Customers by their silence against their own rhythm{held}",
        size=(WIDE[0], WIDE[1] + 0.3),
        grid="x",
        ax=ax,
    )
    rows = rhythm.standing.set_index("band").reindex(list(BANDS))
    came = rhythm.later.set_index("band")["share"].reindex(list(BANDS)) if not rhythm.later.empty else None
    places = np.arange(len(BANDS))[::-1]
    share = rows["share"].to_numpy(dtype=float)
    with chart_style():
        draw_bars(ax, places, share, colours=ACCENT if came is None else REST, thickness=0.6)
        if came is not None:
            draw_bars(ax, places, share * came.fillna(0.0).to_numpy(dtype=float), thickness=0.6)
        for place, value, n in zip(places, share, rows["n"], strict=True):
            ax.annotate(
                f"{say_percent(value)}  (n {n:,.0f})", xy=(value, place), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=9.5,
            )  # fmt: skip
    ax.set_yticks(places, list(BANDS))
    ax.set_xlim(0, min(1.35, float(np.nanmax(share)) * 1.35 + 0.05))
    format_share(ax, "x")
    return ax
