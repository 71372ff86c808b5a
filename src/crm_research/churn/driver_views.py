"""The drivers of leaving as a manager reads them: one table, one picture, one sentence, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.churn.drivers import DriverAnalysis
from crm_research.figures import NO_VALIDATION, Figure
from crm_research.theme import (
    ACCENT,
    REST,
    draw_intervals,
    empty_axes,
    name_rows,
    new_axes,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HAZARD_RATIO: Final = "churn.contract.hazard_ratio"
_CARD_FIGURES: Final = {
    "uno_c": ("churn.contract.uno_c", "Of two customers, how often the one said to be at more risk left first"),
    "ibs": ("churn.contract.ibs", "Integrated Brier score of the risks"),
    "ibs_null": ("churn.contract.ibs_null", "Integrated Brier score of the curve by tenure alone"),
}


def driver_table(drivers: DriverAnalysis) -> pd.DataFrame:
    """The ratios a manager can read, the clearest first; numbers, bent or not, as upper against lower quartile.

    Returns
    -------
    pandas.DataFrame
        Columns ``covariate``, ``compared`` (the level and its reference), ``hazard_ratio``,
        ``lower``, ``upper``, ``n``, ``n_ended``, ``is_clear`` (the interval leaves out 1), ``is_doubtful`` (the
        ratio changes with tenure).
    """
    terms = drivers.fit.contrasts()
    checked = drivers.fit.proportionality
    doubtful = set(checked.loc[checked["is_doubtful"], "covariate"]) if len(checked) else set()
    table = terms[["covariate", "hazard_ratio", "lower", "upper", "n", "n_ended"]].assign(
        is_clear=(terms["lower"] > 1) | (terms["upper"] < 1), is_doubtful=terms["covariate"].isin(doubtful)
    )
    against = [
        f"{_plainly(level)} against {_plainly(base)}"
        for level, base in zip(terms["level"], terms["reference"], strict=True)
    ]
    table.insert(1, "compared", against)
    # The logarithm over half the interval's width: how far the ratio lies from 1, in units of its error.
    width = np.log(table["upper"]) - np.log(table["lower"])
    strength = (np.log(table["hazard_ratio"]).abs() / width).sort_values(ascending=False, kind="stable").index
    ordered: pd.DataFrame = table.loc[strength].reset_index(drop=True)
    return ordered


def _plainly(level: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(level), str(level))


def driver_finding(drivers: DriverAnalysis) -> str:
    """The clearest driver in one sentence."""
    table = driver_table(drivers)
    table = table.loc[table["is_clear"]]
    if table.empty:
        return "None of the characteristics recorded goes with leaving sooner or later beyond chance."
    row = table.iloc[0]
    level = say_percent(drivers.fit.confidence, 0)
    return (
        f"After allowing for the rest, {row['covariate']} ({row['compared']}) goes with "
        f"{row['hazard_ratio']:.2f} times the danger of leaving ({row['lower']:.2f} to {row['upper']:.2f} at {level})."
    )


def draw_drivers(drivers: DriverAnalysis, ax: Axes | None = None, *, n_most: int = 20) -> Axes:
    """By how much is the danger of leaving multiplied, everything else alike? The strongest first."""
    table = driver_table(drivers).head(n_most)
    if table.empty:
        return empty_axes("No characteristic of the contracts could be given a ratio") if ax is None else ax
    ax = new_axes(
        title=_title(table),
        subtitle="Hazard ratio with everything else alike (Cox regression) and its "
        f"{say_percent(drivers.fit.confidence, 0)} interval; {say_count(drivers.fit.n, 'contract')}, "
        f"{say_count(drivers.fit.n_ended, 'end')}; * changes with tenure, an average",
        xlabel="times the danger of leaving (1 means no difference)",
        size=(8.0, 1.6 + 0.42 * len(table)),
        grid="x",
        ax=ax,
    )
    rows = table.rename(columns={"hazard_ratio": "estimate"})
    for is_clear, colour in ((True, ACCENT), (False, REST)):
        part = rows.loc[rows["is_clear"] == is_clear]
        if len(part):
            draw_intervals(ax, part, y=part.index.to_numpy(), colour=colour)
    ax.axvline(1.0, color=REST, linewidth=1.0)
    ax.set_xscale("log")
    low, high = float(rows["lower"].clip(lower=0.02).min()), float(rows["upper"].clip(upper=50).max())
    ax.set_xlim(min(low, 0.9) / 1.1, max(high, 1.1) * 1.1)
    wide = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
    steps = wide if high / low > 8 else (0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5)
    ticks = [t for t in steps if low / 1.1 <= t <= high * 1.1 or t == 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    names = [
        f"{name}: {compared}" + (" *" if doubtful else "")
        for name, compared, doubtful in zip(table["covariate"], table["compared"], table["is_doubtful"], strict=True)
    ]
    name_rows(ax, names, columns=44)
    ax.invert_yaxis()
    return ax


def driver_figures(drivers: DriverAnalysis, *, window: str) -> list[Figure]:
    """The ratios, one for each term, and what the risks were worth in the holdout.

    Parameters
    ----------
    window
        The period of the records, in words.
    """
    table = driver_table(drivers)
    level = f"{say_percent(drivers.fit.confidence, 0)} interval"
    figures = [
        Figure(
            id=HAZARD_RATIO,
            label="Danger of leaving",
            estimate=float(row["hazard_ratio"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            unit="",
            n=int(row["n"]),
            window=window,
            estimator=f"{drivers.fit.estimator}; {level}",
            validation=NO_VALIDATION,
            group=f"{row['covariate']}: {row['compared']}",
        )
        for _, row in table.iterrows()
    ]
    if drivers.card is None:
        return figures
    rows = drivers.card.measures.drop_duplicates("measure").set_index("measure")
    for measure, (id_, label) in _CARD_FIGURES.items():
        row = rows.loc[measure]
        figures.append(
            Figure(
                id=id_,
                label=label,
                estimate=float(row["estimate"]),
                lower=float(row["lower"]),
                upper=float(row["upper"]),
                unit="",
                n=drivers.card.n,
                window=window,
                estimator=f"{row['estimator']}; {level}",
                validation="holdout",
            )
        )
    return figures


def _title(table: pd.DataFrame) -> str:
    clear = table.loc[table["is_clear"]]
    if clear.empty:
        return "Nothing recorded goes with leaving beyond chance"
    return f"'{clear.iloc[0]['covariate']}' tells leavers from stayers most clearly"
