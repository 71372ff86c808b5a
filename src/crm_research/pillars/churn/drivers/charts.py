"""Pictures of ratios that are not one number: along a tenure, and along a covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.theme import (
    ACCENT,
    REST,
    draw_intervals,
    empty_axes,
    join_words,
    name_rows,
    new_axes,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from typing import TYPE_CHECKING, Any

from crm_research.pillars.churn.drivers.tables import driver_table
from crm_research.pillars.churn.drivers.words import say_covariate
from crm_research.theme import (
    MUTED,
    draw_band,
    mark_level,
    new_panels,
)
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMED: Final = 3
_ENDS_OF_AXIS: Final = (0.02, 50.0)

_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_NEAR_STEPS: Final = (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5)


def draw_drift(drivers: DriverAnalysis, *, n_most: int = 6) -> Axes:
    """How do the ratios that change with tenure run? One panel for each comparison, the covariates in doubt only."""
    drift = drivers.drift
    if drift.empty:
        return empty_axes("No ratio is seen to change with tenure")
    groups = [(key, part) for key, part in drift.groupby(["covariate", "level", "reference"], sort=False)]
    shown = groups[:n_most]
    n_columns = min(2, len(shown))
    names = [f"{say_covariate(str(c))}: {_plainly(level)} against {_plainly(base)}" for (c, level, base), _ in shown]
    changed = list(dict.fromkeys(say_covariate(str(key[0])) for key, _ in shown))
    verb = "does" if len(changed) == 1 else "do"
    panels = new_panels(
        n_columns,
        title=f"What goes with {_list(changed)} {verb} not stay the same over a contract's life",
        subtitle=f"Hazard ratio by tenure, everything else alike: smoothed scaled Schoenfeld residuals with their "
        f"{say_percent(drivers.confidence, 0)} band, {say_count(drivers.fit.n_ended, 'end')}"
        + ("; dotted: where early and late are told apart" if drivers.cut_days is not None else ""),
        panel_titles=names,
        size=(7.4, 1.2 + 2.3 * -(-len(shown) // n_columns)),
        sharex=True,
    )
    for ax, (_, part) in zip(panels, shown, strict=True):
        months = part["tenure_days"] / DAYS_PER_MONTH
        _draw_ratio(ax, months, part)
        if drivers.cut_days is not None:
            ax.axvline(drivers.cut_days / DAYS_PER_MONTH, color=MUTED, linewidth=1.0, linestyle=":")
    for ax in panels[-n_columns:]:
        ax.set_xlabel("months of tenure")
        ax.tick_params(labelbottom=True)
    return panels[0]


def draw_bend(drivers: DriverAnalysis, covariate: str, ax: Axes | None = None) -> Axes:
    """How does the risk of leaving run along this number, against its median?"""
    curve = drivers.fit.curve(covariate)
    name = say_covariate(covariate)
    ax = new_axes(
        title=f"Along '{name}' the risk does not run straight: it is {_say_extreme(curve)}",
        subtitle=f"Hazard ratio against the median, everything else alike, with its "
        f"{say_percent(drivers.confidence, 0)} band; from the lowest to the highest twentieth of the values",
        xlabel=name,
        ylabel="times the risk of leaving",
        size=(6.6, 3.2),
        ax=ax,
    )
    _draw_ratio(ax, curve["value"], curve)
    return ax


def _say_extreme(curve: pd.DataFrame) -> str:
    """Where the curve turns, if it does: its lowest place rather than its ends, which may both be high."""
    ratio, value = curve["hazard_ratio"].to_numpy(dtype=float), curve["value"].to_numpy(dtype=float)
    low, high = int(ratio.argmin()), int(ratio.argmax())
    if 0 < low < len(ratio) - 1 and not 0 < high < len(ratio) - 1:
        return f"lowest near {value[low]:,.3g}"
    return f"highest near {value[high]:,.3g}"


def _draw_ratio(ax: Axes, x: Any, curve: pd.DataFrame) -> None:
    low, high = float(curve["hazard_ratio"].min()), float(curve["hazard_ratio"].max())
    # A band that runs off where nobody ended must not press the curve flat.
    bottom = max(float(curve["lower"].min()), min(low, 1.0) / 4)
    top = min(float(curve["upper"].max()), max(high, 1.0) * 4)
    bottom, top = min(bottom, 0.9), max(top, 1.1)
    draw_band(ax, x, curve["lower"].clip(lower=bottom / 2), curve["upper"].clip(upper=top * 2))
    ax.plot(x, curve["hazard_ratio"], color=ACCENT, linewidth=2.0)
    ax.set_yscale("log")
    ax.set_ylim(bottom, top)
    steps = _NEAR_STEPS if top / bottom < 20 else _STEPS
    ticks = [step for step in steps if bottom <= step <= top]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    mark_level(ax, 1.0, "")


def _plainly(level: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(level), str(level))


def _list(names: list[str]) -> str:
    return join_words([f"'{name}'" for name in names])


def draw_drivers(drivers: DriverAnalysis, ax: Axes | None = None, *, n_most: int = 20) -> Axes:
    """By how much is the risk of leaving multiplied, everything else alike? The strongest first."""
    whole = driver_table(drivers)
    table = whole.head(n_most)
    if table.empty:
        return empty_axes("No characteristic of the contracts could be given a ratio", ax)
    ax = new_axes(
        title=_title(table),
        subtitle=_subtitle(drivers, table, len(whole)),
        xlabel="times the risk of leaving (1 means no difference)",
        size=(8.0, 1.7 + 0.42 * len(table)),
        grid="x",
        ax=ax,
    )
    rows = table.rename(columns={"hazard_ratio": "estimate"})
    lowest, highest = _ENDS_OF_AXIS
    rows[["estimate", "lower", "upper"]] = rows[["estimate", "lower", "upper"]].clip(lowest, highest)
    for is_clear, colour in ((True, ACCENT), (False, REST)):
        part = rows.loc[rows["is_clear"] == is_clear]
        if len(part):
            draw_intervals(ax, part, at=part.index.to_numpy(), colour=colour)
    _scale(ax, float(rows["lower"].min()), float(rows["upper"].max()))
    name_rows(ax, [_name(row) for _, row in table.iterrows()], columns=46)
    ax.set_ylim(len(table) - 0.5, -0.5)
    return ax


def _name(row: pd.Series[str]) -> str:
    when = f", {row['when']}" if row["when"] else ""
    return f"{say_covariate(row['covariate'])}: {row['compared']}{when}" + (" *" if row["is_doubtful"] else "")


def _subtitle(drivers: DriverAnalysis, table: pd.DataFrame, n_rows: int) -> str:
    fewer = f"the {len(table)} clearest of {say_count(n_rows, 'comparison')}; " if len(table) < n_rows else ""
    star = "; * changes with tenure, an average" if table["is_doubtful"].any() else ""
    return (
        f"Hazard ratio with everything else alike ({drivers.fit.estimator}) and its "
        f"{say_percent(drivers.confidence, 0)} interval, dark where it is clear of 1; {fewer}"
        f"{say_count(drivers.n_contracts, 'contract')}, {say_count(drivers.n_ended, 'end')}{star}"
    )


def _scale(ax: Axes, low: float, high: float) -> None:
    ax.axvline(1.0, color=REST, linewidth=1.0)
    ax.set_xscale("log")
    ax.set_xlim(min(low, 0.9) / 1.1, max(high, 1.1) * 1.1)
    wide = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
    steps = wide if high / low > 8 else (0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5)
    ticks = [t for t in steps if low / 1.1 <= t <= high * 1.1 or t == 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def _title(table: pd.DataFrame) -> str:
    clear = table.loc[table["is_clear"]]
    if clear.empty:
        return "With all else alike, nothing recorded goes with leaving beyond chance"
    names = [f"'{say_covariate(name)}'" for name in dict.fromkeys(clear["covariate"])]
    rest = len(names) - _MOST_NAMED
    shown = names if rest <= 0 else [*names[:_MOST_NAMED], f"{rest} more"]
    return f"{join_words(shown)} {'goes' if len(names) == 1 else 'go'} with leaving beyond chance"
