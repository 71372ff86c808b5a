"""Pictures of silent churn. Each takes the analysis, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.silent_churn import tracking_words
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.pictures import (
    average_by_silence,
    compare_frequencies,
    count_chances,
    merge_weeks,
    silence_that_halves,
)
from crm_research.theme import (
    ACCENT,
    MUTED,
    QUALITATIVE,
    REST,
    SIZE,
    WARNING,
    WIDE,
    chart_style,
    draw_bars,
    draw_distribution,
    empty_axes,
    format_count,
    format_months,
    format_share,
    label_points,
    mark_level,
    new_axes,
    place_dates,
    say_count,
    say_date,
    say_percent,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: Final = (REST, QUALITATIVE[4], ACCENT)


def draw_silence(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """How likely is a customer still active after so many weeks of silence?"""
    table = average_by_silence(silence)
    if table.empty:
        return empty_axes(silence_title(silence), ax)
    ax = new_axes(
        title=silence_title(silence),
        subtitle="Mean chance of still being active, by weeks since the last purchase; "
        f"{say_count(silence.n_customers, 'customer')}, on {say_date(silence.as_of)}",
        xlabel="weeks of silence on the study's date",
        ax=ax,
    )
    ends = []
    for colour, (name, rows) in zip(_COLOURS, _in_order(table), strict=False):
        ax.plot(rows["silent_weeks"], rows["active_rate"], "o-", color=colour, linewidth=2.0, markersize=4)
        ends.append((float(rows["silent_weeks"].iloc[-1]), float(rows["active_rate"].iloc[-1]), name, colour))
    last = max(end[0] for end in ends)
    ax.set_xlim(0, max(last, 1.0) * 1.02)
    ax.set_ylim(0, 1.03)
    format_share(ax)
    with chart_style():
        ax.legend(
            handles=ax.lines[: len(ends)], labels=[end[2] for end in ends], loc="best", frameon=False,
            fontsize=9.5, labelcolor="linecolor",
        )  # fmt: skip
    mark_level(ax, 0.5, "as likely gone as active")
    return ax


def _in_order(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), table.loc[table["customers"] == name]) for name in table["customers"].unique()]


def silence_title(silence: SilentChurn) -> str:
    """What a silence means, in one sentence."""
    found = silence_that_halves(silence)
    if silence.chosen is None:
        return "No model could be fitted, so a silence has no meaning yet"
    if silence.tells_nobody_apart:
        return "Silence tells nobody apart here: all customers are about equally likely to be still active"
    if found is None:
        return _say_fall(average_by_silence(silence))
    name, weeks = found
    said = f"hoever {name} is more likely gone than not after about {say_count(weeks, 'week')} of silence"
    if silence.holdout is not None and silence.holdout.is_refuted:
        return f"By the model, w{said}; what came after speaks against it"
    return f"W{said}"


def _say_fall(table: pd.DataFrame) -> str:
    """From which chance to which does a silence take those who bought most often?"""
    if table.empty:
        return "Too few customers are alike to say what a silence means"
    name, rows = _in_order(table)[-1]
    first, last = rows.iloc[0], rows.iloc[-1]
    weeks = say_count(round(first["silent_weeks"]), "week")
    early = f"{weeks} of silence {say_percent(first['active_rate'])} of those who {name}"
    if len(rows) == 1:
        return f"After about {early} are probably still active"
    if say_percent(first["active_rate"]) == say_percent(last["active_rate"]):
        return f"Among those who {name}, silence tells nobody apart: all are about equally likely to be still active"
    return (
        f"After {early} are still active, after {say_count(last['silent_weeks'], 'week')} "
        f"{say_percent(last['active_rate'])}"
    )


def silence_alt(silence: SilentChurn) -> str:
    """What one sees in the picture of silence: the finding, then the shape of the lines."""
    table = average_by_silence(silence)
    told = f"{silence_title(silence)}."
    if table.empty:
        return told
    rates = [rows["active_rate"] for _, rows in _in_order(table)]
    falls = any(rate.iloc[0] - rate.iloc[-1] > 0.005 for rate in rates)
    return f"{told} Lines {'fall as the weeks of silence grow' if falls else 'stay level over the weeks of silence'}."


def draw_chances(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """How many customers are surely there, surely gone, or in between?"""
    table = count_chances(silence)
    if table.empty:
        return empty_axes("No model could be fitted, so nobody has a chance of being active", ax)
    middle = float(table.loc[(table["from_rate"] > 0.15) & (table["to_rate"] < 0.85), "size_share"].sum())
    ax = new_axes(
        title="Nobody is told apart: all customers have about the same chance of being still active"
        if silence.tells_nobody_apart
        else f"{say_percent(middle)} of customers are in between, 20 to 80 % likely to be still active",
        subtitle="Customers by their chance of still being active, in tenths",
        xlabel="chance of still being active",
        ylabel="customers",
        size=WIDE,
        ax=ax,
    )
    kinds = ["active" if low >= 0.5 else "gone" for low in table["from_rate"]]
    edges = [*table["from_rate"], table["to_rate"].iloc[-1]]
    draw_distribution(ax, edges, table["n_customers"], kinds=kinds, colours={"gone": WARNING, "active": ACCENT})
    ax.set_xlim(0, 1)
    format_share(ax, "x")
    format_count(ax)
    return ax


def draw_weekly(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """Do expected purchases follow those that came, week by week and into the holdout?"""
    title = tracking_words.tracking_finding(silence)
    table, n_weeks = merge_weeks(silence.tracking)
    each = word_for(n_weeks, "whole week", f"{n_weeks} weeks")
    return _draw_tracking(silence, table, ("observed", "expected"), title, f"Repeat purchases in each {each}", ax)


def draw_cumulative(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """Do expected purchases add up to those that came?"""
    title = tracking_words.total_finding(silence)
    columns = ("observed_total", "expected_total")
    what = "Repeat purchases since the records begin"
    return _draw_tracking(silence, silence.tracking, columns, title, what, ax)


def _draw_tracking(
    silence: SilentChurn, table: pd.DataFrame, columns: tuple[str, str], title: str, what: str, ax: Axes | None
) -> Axes:
    if table.empty:
        return empty_axes(title, ax)
    ax = new_axes(
        title=title,
        subtitle=f"{what}: as they came (grey) and as the {silence.fit.model if silence.fit else ''} expects them "
        "from the days of first purchases alone (blue)",
        ylabel="purchases",
        size=(SIZE[0], 3.3),
        ax=ax,
    )
    ax.plot(table["ends_at"], table[columns[0]], color=MUTED, linewidth=1.4)
    ax.plot(table["ends_at"], table[columns[1]], color=ACCENT, linewidth=2.2)
    ax.set_ylim(bottom=0, top=1.15 * float(np.nanmax(table[list(columns)].to_numpy())) or 1.0)
    if table["is_holdout"].any():
        mark_level(ax, place_dates(ax, pd.Series([silence.as_of]))[0], "holdout", axis="x", at=1.0)
    format_months(ax)
    format_count(ax)
    return ax


def draw_frequencies(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """Does the model give as many customers with 0, 1, 2 ... repeats as there are?"""
    table = compare_frequencies(silence)
    if table.empty:
        return empty_axes("No model could be fitted", ax)
    off = float((table["observed"] - table["expected"]).abs().sum() / 2 / table["observed"].sum())
    ax = new_axes(
        title=f"The model misplaces {say_percent(off)} of customers by their number of repeat purchases",
        subtitle="Customers by repeat purchases so far: counted (grey) and as the model would have them (blue)",
        xlabel="repeat purchases so far",
        ylabel="customers",
        size=(SIZE[0], 3.3),
        ax=ax,
    )
    place = np.arange(len(table))
    draw_bars(ax, place - 0.2, table["observed"], colours=REST, is_upright=True, thickness=0.38)
    draw_bars(ax, place + 0.2, table["expected"], is_upright=True, thickness=0.38)
    ax.set_xticks(place, table["repeats"].tolist())
    format_count(ax)
    return ax


def draw_conditional(silence: SilentChurn, ax: Axes | None = None) -> Axes:
    """Do customers who bought so often before buy as much afterwards as expected?"""
    check = silence.holdout
    if check is None or silence.chosen is None:
        return empty_axes("Without a holdout and a model there is nothing to compare", ax)
    table = check.by_frequency
    n = table["n_customers"].to_numpy(dtype=float)
    off = {name: float(np.abs(table[name] - table["observed"]) @ n) for name in ("expected", "rule")}
    better = "The model" if off["expected"] <= off["rule"] else "The rule of thumb"
    ax = new_axes(
        title=f"{better} comes closer on average to what customers bought, given what they had bought before",
        subtitle=f"Mean purchases per customer in the holdout, by repeat purchases before it; rule: {check.best_rule}",
        xlabel="repeat purchases before the holdout",
        ax=ax,
    )
    place = np.arange(len(table))
    drawn = (
        ("rule", "rule of thumb", REST, "--"),
        ("observed", "as it came", MUTED, "-"),
        ("expected", "model", ACCENT, "-"),
    )
    for column, _, colour, line in drawn:
        ax.plot(place, table[column], line, color=colour, linewidth=2.0, marker="o", markersize=5)
    ax.set_xticks(place, [f"{row.repeats_before}\nn {row.n_customers:,}" for row in table.itertuples()], fontsize=8.5)
    ax.set_xlim(-0.4, len(table) - 0.5 + 0.18 * len(table))
    ax.set_ylim(bottom=0)
    label_points(ax, [(place[-1], float(table[column].iloc[-1]), name, colour) for column, name, colour, _ in drawn])
    return ax
