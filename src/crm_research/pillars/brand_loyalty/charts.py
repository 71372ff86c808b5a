"""Pictures of loyalty to brands. Each says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.models.dirichlet import ABOVE, BELOW, NOTABLE, SLIGHTLY_ABOVE, SLIGHTLY_BELOW
from crm_research.pillars.brand_loyalty import heavy_words, words
from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty
from crm_research.theme import (
    ACCENT,
    MUTED,
    PALE_BELOW_ABOVE,
    REST,
    TALL,
    WARNING,
    chart_style,
    draw_heat,
    draw_intervals,
    draw_points,
    empty_axes,
    format_share,
    mark_level,
    name_rows,
    new_axes,
    say_count,
    say_percent,
    shorten,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMES: Final = 9
_MOST_CELLS: Final = 8
_NAME_COLUMNS: Final = 18
_COLOURS: Final = {ABOVE: ACCENT, BELOW: WARNING}


def draw_double_jeopardy(loyalty: BrandLoyalty, ax: Axes | None = None) -> Axes:
    """Do small brands suffer twice, and who lies off the line?"""
    judged = words.judged_brands(loyalty)
    if loyalty.fit is None or judged.empty:
        return empty_axes(f"No {loyalty.unit} has enough buyers to be set against the norm.", ax)
    line = loyalty.fit.line()
    ax = new_axes(
        title=words.jeopardy_title(loyalty),
        subtitle=f"Purchases per buyer by the share of customers who buy at all; the curve is what size alone gives. "
        f"{loyalty.category}, {say_count(loyalty.n_customers, 'customer')}",
        xlabel="share of customers who bought it in the window",
        ylabel="purchases per buyer",
        size=TALL,
        grid="both",
        ax=ax,
    )
    reach = 1.12 * float(judged["penetration"].max())
    shown = line.loc[line["penetration"] <= reach]
    ax.plot(shown["penetration"], shown["purchases_per_buyer"], color=MUTED, linewidth=1.6)
    verdicts = [str(verdict) for verdict in judged["verdict"]]
    colours = {verdict: _COLOURS.get(verdict, REST) for verdict in dict.fromkeys(verdicts)}
    draw_points(
        ax, judged["penetration"], judged["purchases_per_buyer"], kinds=verdicts, colours=colours, size=64, edge=1.0
    )
    top = 1.1 * float(max(judged["purchases_per_buyer"].max(), shown["purchases_per_buyer"].max()))
    ax.set_xlim(0, reach * 1.06)
    ax.set_ylim(0, top)
    format_share(ax, "x")
    _name_points(ax, judged, shown)
    return ax


def draw_excess(loyalty: BrandLoyalty, ax: Axes | None = None) -> Axes:
    """By how much do purchases per buyer differ from what size gives?"""
    judged = words.judged_brands(loyalty)
    if judged.empty:
        return empty_axes(f"No {loyalty.unit} has enough buyers to be set against the norm.", ax)
    n_off = int(judged["verdict"].isin([ABOVE, BELOW]).sum())
    # Who surely lies off by less than is notable is no exception to "None differs" then.
    far = (
        f" by more than {say_percent(NOTABLE)}"
        if judged["verdict"].isin([SLIGHTLY_ABOVE, SLIGHTLY_BELOW]).any()
        else ""
    )
    rows = judged.iloc[::-1].reset_index(drop=True)
    ax = new_axes(
        title=f"{n_off or 'None'} of {say_count(len(judged), loyalty.unit, loyalty.units)} "
        f"{word_for(max(n_off, 1), 'differs from the norm of its size', 'differ from the norm of their size')}{far}",
        subtitle="Purchases per buyer above or below what size gives, with the "
        f"{say_percent(loyalty.confidence, 0)} interval for all together; largest first",
        size=(TALL[0], max(2.6, 1.7 + 0.27 * len(rows))),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(rows))
    dots = pd.DataFrame({"estimate": rows["excess_ratio"], "lower": rows["ratio_lower"], "upper": rows["ratio_upper"]})
    draw_intervals(ax, dots, at=places, colour=[_COLOURS.get(str(verdict), REST) for verdict in rows["verdict"]])
    mark_level(ax, 0.0, "norm", axis="x")
    name_rows(ax, [str(name) for name in rows["brand"]])
    ax.set_ylim(-0.6, len(rows) + 0.1)
    format_share(ax, "x")
    return ax


def draw_duplication(loyalty: BrandLoyalty, ax: Axes | None = None) -> Axes:
    """Whose buyers also buy whom, against what size alone would give?"""
    found = loyalty.duplication
    if found is None:
        return empty_axes(words.law_finding(loyalty), ax)
    names = list(found.table.index[:_MOST_CELLS])
    table = found.table.loc[names, names].to_numpy()
    reach = (
        loyalty.norm.set_index("brand").loc[names, "penetration"].to_numpy() if loyalty.norm is not None else table[0]
    )
    law = float(found.law.estimate) * reach[None, :] * np.ones_like(table)
    ratio = np.where(law > 0, table / np.where(law > 0, law, 1.0), np.nan)
    ax = new_axes(
        title=_duplication_title(loyalty, names),
        subtitle="Of the buyers in the row, the share (per cent) that also buys the column; blue above, orange below "
        f"the rule of size (D = {float(found.law.estimate):.2f})",
        size=(TALL[0], max(3.4, 1.9 + 0.42 * len(names))),
        grid="none",
        ax=ax,
    )
    texts = [[f"{100 * value:.0f}" if np.isfinite(value) else "" for value in row] for row in table]
    far = np.log2(np.clip(ratio, 0.25, 4.0))
    draw_heat(ax, far, limits=(-1.5, 1.5), colours=PALE_BELOW_ABOVE, texts=texts)
    ax.set_xticks(range(len(names)), [shorten(name, _NAME_COLUMNS) for name in names], rotation=35, ha="right")
    ax.set_yticks(range(len(names)), [shorten(name, _NAME_COLUMNS) for name in names])
    return ax


def draw_trend(loyalty: BrandLoyalty, ax: Axes | None = None) -> Axes:
    """What part of their first half's purchases did buyers make in the second, by how much they had bought?"""
    trend = loyalty.trend
    if trend is None:
        return empty_axes("Too few customers bought in the first half of the window to follow them.", ax)
    rows = trend.classes
    ax = new_axes(
        title=heavy_words.trend_title(loyalty),
        subtitle="Purchases in the second half over those in the first, by how many these were: observed with its "
        f"{say_percent(loyalty.confidence, 0)} interval (dots), by chance alone (line)",
        xlabel="purchases in the first half, and buyers with so many",
        ax=ax,
    )
    places = np.arange(len(rows))
    observed, expected = rows["observed"] / rows["first"], rows["expected"] / rows["first"]
    ax.plot(places, expected, color=MUTED, linewidth=1.8, marker="_", markersize=14)
    limits = {name: rows[name] / rows["first"] for name in ("lower", "upper")}
    draw_intervals(ax, pd.DataFrame({"estimate": observed, **limits}), at=places, is_upright=True, size=7)
    ax.set_xticks(places, [f"{_class_name(row['purchases'])}\n{row['n']:,.0f}" for _, row in rows.iterrows()])
    ax.set_xlim(-0.6, len(rows) - 0.4)
    highest = np.nanmax([(rows["upper"] / rows["first"]).max(), observed.max(), expected.max(), 1.0])
    ax.set_ylim(0, 1.1 * float(highest))
    mark_level(ax, 1.0, "as much as before", at=1.0)
    format_share(ax)
    return ax


def _duplication_title(loyalty: BrandLoyalty, names: list[str]) -> str:
    found, row = loyalty.duplication, words.close_pair(loyalty)
    if row is not None and {row["brand"], row["other"]} <= set(names):
        return f"{row['brand']} and {row['other']} share more buyers than their size explains"
    if found is None:
        return "No buyers are shared"
    return f"The {loyalty.units} share buyers by size, {100 * found.mean_miss:.1f} points off on average"


def _class_name(purchases: str) -> str:
    """Short enough for a tick: ``16–26``, ``45+``."""
    return purchases.replace(" to ", "–").replace(" or more", "+")


def _name_points(ax: Axes, judged: pd.DataFrame, line: pd.DataFrame) -> None:
    """Names beside points, the largest and those off the line first, each where it covers no other name or point."""
    off = judged["verdict"].isin([ABOVE, BELOW])
    order = pd.concat([judged.head(4), judged.loc[off], judged]).drop_duplicates("brand").head(_MOST_NAMES)
    figure: Any = ax.get_figure(root=True)
    width, height = 72 * figure.get_figwidth() * 0.86, 72 * figure.get_figheight() * 0.62
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()

    def in_points(x: Any, y: Any) -> np.ndarray:
        return np.column_stack(
            [(np.asarray(x) - left) / (right - left) * width, (np.asarray(y) - low) / (high - low) * height]
        )

    dots = in_points(judged["penetration"], judged["purchases_per_buyer"])
    curve = in_points(line["penetration"], line["purchases_per_buyer"])
    taken: list[tuple[float, float, float, float]] = [(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
    taken += [(x - 2, y - 2, x + 2, y + 2) for x, y in curve]
    with chart_style():
        for place, row in order.iterrows():
            text = shorten(str(row["brand"]), _NAME_COLUMNS)
            x, y = dots[int(str(place))]
            spot = _free_spot(x, y, 6.3 * sum(2 if ord(sign) > 0x2E80 else 1 for sign in text), taken, width, height)
            if spot is None:
                continue
            dx, dy, box = spot
            taken.append(box)
            ax.annotate(
                text,
                xy=(row["penetration"], row["purchases_per_buyer"]),
                xytext=(dx, dy),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                color=_COLOURS.get(str(row["verdict"]), MUTED),
                fontweight="bold" if row["verdict"] in _COLOURS else "normal",
            )


def _free_spot(
    x: float, y: float, length: float, taken: list[tuple[float, float, float, float]], width: float, height: float
) -> tuple[float, float, tuple[float, float, float, float]] | None:
    for dx, dy in (
        (8, 0),
        (-8 - length, 0),
        (-length / 2, 13),
        (-length / 2, -13),
        (8, 11),
        (8, -11),
        (-8 - length, 11),
    ):
        box = (x + dx, y + dy - 6, x + dx + length, y + dy + 6)
        inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
        if inside and all(box[2] < b[0] or b[2] < box[0] or box[3] < b[1] or b[3] < box[1] for b in taken):
            return dx, dy, box
    return None
