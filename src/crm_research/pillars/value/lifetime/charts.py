"""Pictures of lifetime value. Each says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.value.lifetime.forecasts import RULES
from crm_research.pillars.value.lifetime.measure import Lifetime, by_tenth
from crm_research.pillars.value.lifetime.words import say_dates, say_noun, say_span
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    draw_bars,
    draw_intervals,
    empty_axes,
    format_money,
    new_axes,
    say_days,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tenths_title(lifetime: Lifetime) -> str:
    """What share the first tenth is expected to bring."""
    table = by_tenth(lifetime)
    if table.empty:
        return "Too few customers buy to tell tenths of them apart"
    total = float(table["expected"].sum())
    if not total > 0:
        return "Today's buyers together are expected to cost more than they bring"
    share = float(table["expected"].iloc[0]) / total
    whole = "what is to come" if lifetime.fees is None else "the orders to come"
    return f"The most valuable tenth of buyers is expected to bring {say_percent(share)} of {whole}"


def draw_tenths(lifetime: Lifetime, ax: Axes | None = None) -> Axes:
    """What will each tenth of the customers bring, and how surely?"""
    table = by_tenth(lifetime)
    if table.empty:
        return empty_axes(tenths_title(lifetime), ax)
    ax = new_axes(
        title=tenths_title(lifetime),
        subtitle=f"Expected {say_noun(lifetime)} of the next {say_span(lifetime.horizon_years)} (bars); "
        f"whiskers: where "
        f"what really comes will lie, {say_percent(lifetime.confidence, 0)} of the time",
        xlabel="tenth of the customers, the most valuable first",
        ylabel=lifetime.currency,
        ax=ax,
    )
    at = np.arange(1, len(table) + 1)
    draw_bars(ax, at, table["expected"], colours=[ACCENT] + [MUTED] * (len(table) - 1), is_upright=True)
    ends = pd.DataFrame(
        {"estimate": table["expected"], "lower": table["outcome_lower"], "upper": table["outcome_upper"]}
    )
    draw_intervals(ax, ends, at=at, colour=INK, is_upright=True, width=1.4, size=0.0)
    ax.set_xticks(at)
    format_money(ax)
    return ax


def backtest_title(lifetime: Lifetime) -> str:
    """Who predicted best."""
    test = lifetime.backtest
    if test is None or test.best is None:
        return "No forecast was held against what came"
    rule, model = test.best_rule, test.best_model
    if rule is not None and bool(test.row(rule)["is_clearly_worse"]):
        return "At past dates the model would have predicted customers' money clearly better than simple rules"
    if model is not None and bool(test.row(model)["is_clearly_worse"]):
        return "At past dates a simple rule would have predicted customers' money clearly better than the models"
    return "At past dates neither the models nor the simple rules would have been clearly better"


def draw_backtest(lifetime: Lifetime, ax: Axes | None = None) -> Axes:
    """How far off was each forecast of a customer's money?"""
    test = lifetime.backtest
    if test is None or test.pooled.empty:
        return empty_axes(backtest_title(lifetime), ax)
    rows = test.pooled.iloc[::-1].reset_index(drop=True)
    ax = new_axes(
        title=backtest_title(lifetime),
        subtitle=f"Typical error of a customer's money within {say_days(test.horizon_days)}, forecast on "
        f"{say_dates(test)}",
        xlabel=f"{lifetime.currency}, smaller is better",
        grid="x",
        ax=ax,
    )
    at = np.arange(len(rows))
    colours = [MUTED if name in RULES else ACCENT for name in rows["forecast"]]
    draw_intervals(ax, rows.rename(columns={"rmse": "estimate"}), at=at, colour=colours)
    ax.set_yticks(at, rows["forecast"])
    ax.set_xlim(left=0)
    format_money(ax, axis="x")
    return ax
