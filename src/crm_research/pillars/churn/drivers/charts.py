"""Pictures of ratios that are not one number: along a tenure, and along a covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.pillars.churn.drivers.views import say_covariate
from crm_research.theme import (
    ACCENT,
    MUTED,
    draw_band,
    empty_axes,
    join_words,
    mark_level,
    new_axes,
    new_panels,
    say_count,
    say_percent,
)
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
