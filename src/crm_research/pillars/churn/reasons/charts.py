"""The picture of the drivers of leaving by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.churn.drivers.words import say_covariate
from crm_research.pillars.churn.reasons.measure import ReasonDrivers
from crm_research.pillars.churn.reasons.tables import reason_table
from crm_research.theme import (
    ACCENT,
    QUALITATIVE,
    REST,
    draw_intervals,
    empty_axes,
    join_words,
    name_rows,
    new_panels,
    say_count,
    say_percent,
    wrap_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS: Final = 10
_SHARE_COLOUR: Final = QUALITATIVE[1]
_LIMITS: Final = (0.1, 10.0)
_APART: Final = 0.17
_MOST_IN_TITLE: Final = 3


def draw_reason_drivers(drivers: ReasonDrivers) -> list[Axes]:
    """By how much do speed and share of leaving for each reason differ? One panel a reason, the clearest rows first."""
    table = reason_table(drivers)
    if table.empty:
        return [empty_axes("No reason has enough ends for a comparison")]
    rows = table[["covariate", "compared"]].drop_duplicates().reset_index(drop=True)
    shown = rows.head(_MOST_ROWS)
    reasons = list(drivers.fits.cause_specific) if drivers.fits else []
    panels = new_panels(
        len(reasons),
        title=_title(drivers),
        subtitle=_subtitle(drivers, len(shown), len(rows)),
        panel_titles=[wrap_name(name, 15) for name in reasons],
        size=(max(5.2, 2.6 + 1.3 * len(reasons)), 2.5 + 0.5 * len(shown)),
        sharex=True,
        sharey=True,
    )
    for ax, reason in zip(panels, reasons, strict=True):
        own = shown.reset_index().merge(table.loc[table["reason"] == reason], on=["covariate", "compared"])
        _draw_pairs(ax, own)
    _scale(panels[0], table)
    names = [f"{name}: {compared}" for name, compared in shown.itertuples(index=False)]
    name_rows(panels[0], names, columns=27)
    panels[0].set_ylim(len(shown) - 0.5, -0.5)
    panels[len(panels) // 2].set_xlabel("times as much (1: no difference)")
    return panels


def _draw_pairs(ax: Axes, own: pd.DataFrame) -> None:
    ax.grid(visible=True, axis="x", alpha=0.6)
    ax.axvline(1.0, color=REST, linewidth=1.0)
    for prefix, colour, marker, shift in (("", ACCENT, "o", -_APART), ("share_", _SHARE_COLOUR, "D", _APART)):
        ratio, lower, upper = (own[f"{prefix}{name}"].clip(*_LIMITS) for name in ("hazard_ratio", "lower", "upper"))
        tints = [colour if is_clear else REST for is_clear in own[f"{prefix}is_clear"].astype(bool)]
        draw_intervals(
            ax,
            pd.DataFrame({"estimate": ratio, "lower": lower, "upper": upper}),
            at=own["index"].to_numpy() + shift,
            colour=tints,
            width=1.8,
            size=6.0 if marker == "o" else 5.2,
            marker=marker,
        )


def _scale(ax: Axes, table: pd.DataFrame) -> None:
    ends = table[["lower", "share_lower", "upper", "share_upper"]].clip(*_LIMITS).to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    low, high = min(low, 0.8) / 1.08, max(high, 1.25) * 1.08
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    steps = (0.1, 0.3, 1, 3, 10) if high / low > 15 else (0.5, 1, 2) if high / low > 3 else (0.7, 1, 1.4)
    ticks = [tick for tick in steps if low <= tick <= high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def _title(drivers: ReasonDrivers) -> str:
    """The drivers that surely differ by reason; else those that surely are any."""
    table = reason_table(drivers)
    clear = table.loc[table["is_clear"].astype(bool)]
    if clear.empty:
        return "With all else alike, nothing recorded goes with leaving for any one reason beyond chance"
    sure = drivers.differences.loc[drivers.differences["p_value"] < 1 - drivers.confidence]
    if len(sure):
        ordered = sure.sort_values("p_value", kind="stable")["covariate"]
        names = [f"'{say_covariate(str(name))}'" for name in dict.fromkeys(ordered)]
        verb = "works" if len(names) == 1 else "work"
        return f"Reasons have drivers of their own: {_list(names)} {verb} differently"
    names = [f"'{name}'" for name in dict.fromkeys(clear["covariate"])]
    verb = "goes" if len(names) == 1 else "go"
    return f"{_list(names)} {verb} with leaving beyond chance; no driver surely differs by reason"


def _list(names: list[str]) -> str:
    rest = len(names) - _MOST_IN_TITLE
    return join_words(names if rest <= 0 else [*names[:_MOST_IN_TITLE], f"{rest} more"])


def _subtitle(drivers: ReasonDrivers, n_shown: int, n_rows: int) -> str:
    fewer = f"the {n_shown} clearest of {say_count(n_rows, 'comparison')}; " if n_shown < n_rows else ""
    fitted = drivers.fits.cause_specific if drivers.fits else {}
    ends = ", ".join(f"{name} {fit.n_ended:,}" for name, fit in fitted.items())
    return (
        "Blue dots: how fast those still there leave for the reason (cause-specific). Orange diamonds: the share who "
        f"end up leaving for it (Fine-Gray). Grey: not beyond chance (Holm, all comparisons). {fewer}"
        f"{say_percent(drivers.confidence, 0)} intervals, each by itself; "
        f"{say_count(drivers.n_contracts, 'contract')}; ends: {ends}"
    )
