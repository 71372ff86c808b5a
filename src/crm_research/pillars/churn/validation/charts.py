"""The picture of the check: risks said against shares that left, by group of risk, at up to three horizons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.measure import Design
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    REST,
    WARNING,
    chart_style,
    draw_intervals,
    empty_axes,
    format_share,
    new_panels,
    say_count,
    say_percent,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_PANELS: Final = 3


def calibration_data(check: RiskCheck) -> pd.DataFrame:
    """The groups of risk that are drawn.

    Returns
    -------
    pandas.DataFrame
        Grain: horizon and group of risk. Columns ``design``, ``within``, and those of `calibrate_groups`, with
        ``is_within`` (the interval of what happened holds what was said).
    """
    parts = []
    for design, days in _panels(check):
        table = design.cards[check.name].calibration
        rows = table.loc[(table["horizon_days"] == days) & (table["group"] != "all")]
        if rows.empty:
            rows = table.loc[table["horizon_days"] == days]
        rows = rows.assign(is_within=(rows["expected"] >= rows["lower"]) & (rows["expected"] <= rows["upper"]))
        rows.insert(0, "within", say_horizon(days))
        rows.insert(0, "design", design.said)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def draw_calibration(check: RiskCheck) -> Axes:
    """Do as many leave as were said to, among those at low and at high risk?"""
    data = calibration_data(check)
    if data.empty:
        return empty_axes("The risks could not be judged, so there is nothing to compare them with.")
    panels = list(data.groupby(["design", "horizon_days"], sort=False))
    card = check.card
    n = card.n if card is not None else 0
    axes = new_panels(
        len(panels),
        title=calibration_title(data),
        subtitle="Share that left (dot, with its "
        f"{say_percent(check.confidence, 0)} interval) against the chance said, by group of like risk; on the line "
        f"both agree; {say_count(n, 'contract')}, {check.designs[0].said}{_other(check, data)}",
        panel_titles=[_panel_title(check, str(rows["design"].iloc[0]), rows) for _, rows in panels],
        size=(2.6 * max(len(panels), 2) + 0.6, 3.75),
    )
    for place, (ax, (_, rows)) in enumerate(zip(axes, panels, strict=True)):
        _draw_panel(ax, rows, has_label=place == 0)
    return axes[0]


def calibration_title(data: pd.DataFrame) -> str:
    """The finding: in how many groups said and seen agree."""
    n, agreed = len(data), int(data["is_within"].sum())
    if agreed == n:
        return (
            f"In {word_for(n, 'the one group', f'all {n} groups')} of risk the share that left agrees with the "
            "chance said"
        )
    return f"In {agreed or 'none'} of {say_count(n, 'group')} of risk the share that left agrees with the chance said"


def _panels(check: RiskCheck) -> list[tuple[Design, float]]:
    """Horizons of the best design, and the longest of another that reaches further."""
    if not check.designs:
        return []
    main = check.designs[0]
    chosen = [(main, days) for days in main.horizons_days]
    further = [d for d in check.designs[1:] if d.horizons_days[-1] > main.horizons_days[-1]]
    if further:
        extra = (further[0], further[0].horizons_days[-1])
        return [*(chosen[:1] if len(chosen) > 1 else []), chosen[-1], extra][-_MOST_PANELS:]
    return chosen[-_MOST_PANELS:]


def _panel_title(check: RiskCheck, said: str, rows: pd.DataFrame) -> str:
    title = f"within {rows['within'].iloc[0]}"
    return title if said == check.designs[0].said else f"{title} *"


def _other(check: RiskCheck, data: pd.DataFrame) -> str:
    """Words on the panels of another design than the best one."""
    others = [said for said in data["design"].unique() if said != check.designs[0].said]
    return "".join(f"; * {said}" for said in others)


def _draw_panel(ax: Axes, rows: pd.DataFrame, *, has_label: bool) -> None:
    top = min(1.04, 1.08 * float(max(rows["upper"].max(), rows["expected"].max(), 0.02)))
    ax.plot([0, top], [0, top], color=REST, linewidth=1.2)
    colours = [ACCENT if is_within else WARNING for is_within in rows["is_within"]]
    dots = rows.rename(columns={"observed": "estimate"})
    draw_intervals(ax, dots, at=rows["expected"], colour=colours, is_upright=True, size=5.5)
    with chart_style():
        ax.set_xlim(0, top)
        ax.set_ylim(0, top)
        ax.set_aspect("equal")
        format_share(ax, "x")
        format_share(ax, "y")
        ax.locator_params(nbins=4)
        ax.set_xlabel("chance said", labelpad=5, color=MUTED)
        ax.set_ylabel("share that left" if has_label else "", labelpad=5, color=MUTED)
        ax.title.set_color(INK)
