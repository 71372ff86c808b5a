"""The drivers of leaving as a manager reads them: one table, one picture, one sentence, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.changing import RECENT_COMPLAINT, RECENT_DAYS
from crm_research.figures import Figure
from crm_research.models.second_opinion import put_beside
from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.stats.multiplicity import adjust_holm
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

HAZARD_RATIO: Final = "churn.contract.hazard_ratio"
_MOST_NAMED: Final = 3
_ENDS_OF_AXIS: Final = (0.02, 50.0)


def driver_table(drivers: DriverAnalysis) -> pd.DataFrame:
    """The ratios a manager can read, the clearest first; numbers, bent or not, as upper against lower quartile.

    Returns
    -------
    pandas.DataFrame
        Columns ``covariate``, ``compared`` (the level and its reference), ``when`` (the months of a contract for which
        it holds; empty where it holds throughout), ``hazard_ratio``, ``lower``, ``upper``, ``n`` (contracts),
        ``n_ended``, ``is_clear`` (the interval leaves out 1, the whole covariate is not chance, Holm over the
        covariates, nor is the level among its levels, Holm over them), ``is_doubtful`` (an average of a ratio that
        changes with tenure).
    """
    terms = drivers.ratios
    table = terms[["covariate", "period", "hazard_ratio", "lower", "upper", "n", "n_ended", "is_doubtful"]].rename(
        columns={"period": "when"}
    )
    against = [
        f"{_plainly(level)} against {_plainly(base)}"
        for level, base in zip(terms["level"], terms["reference"], strict=True)
    ]
    table.insert(1, "compared", against)
    is_off_one = (table["lower"] > 1) | (table["upper"] < 1)
    # A number that bends has several coefficients: its quartiles may differ by chance while the whole says nothing.
    table.insert(8, "is_clear", is_off_one & (_adjusted(terms) < 1 - drivers.confidence))
    # The logarithm over half the interval's width: how far the ratio lies from 1, in units of its error.
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.log(table["upper"]) - np.log(table["lower"])
        strength = (np.log(table["hazard_ratio"]).abs() / width).fillna(0.0)
    # Early and late stay together, early first.
    together = strength.groupby([table["covariate"], table["compared"]]).transform("max")
    place = pd.DataFrame({"by": -together, "row": np.arange(len(table))}).sort_values(["by", "row"], kind="stable")
    ordered: pd.DataFrame = table.loc[place.index].reset_index(drop=True)
    return ordered


def _adjusted(terms: pd.DataFrame) -> pd.Series[float]:
    """The larger p-value: of the whole covariate (and period) among all, or of the level among those of the covariate.

    The test of the whole is one number for all its levels; that of a level is its own.
    """
    keys = [terms["covariate"], terms["period"]]
    wholes = terms["p_whole"].groupby(keys).first()
    whole = pd.Series(adjust_holm(wholes), index=wholes.index)
    of_whole = whole.loc[pd.MultiIndex.from_arrays(keys)].to_numpy(dtype=np.float64)
    of_level = terms["p_value"].groupby(keys).transform(adjust_holm).to_numpy(dtype=np.float64)
    return pd.Series(np.maximum(of_whole, of_level), index=terms.index)


def _plainly(level: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(level), str(level))


def say_covariate(name: str) -> str:
    """The name of a covariate as people read it."""
    return f"complaint in the last {RECENT_DAYS} days" if name == RECENT_COMPLAINT else name.replace("_", " ")


def driver_finding(drivers: DriverAnalysis) -> str:
    """One driver that is surely one, told so that the risk is multiplied rather than divided.

    It is the one furthest from chance of those that pass together; that it matters most is not said.
    """
    table = driver_table(drivers)
    clear = table.loc[table["is_clear"]]
    if clear.empty:
        return "With all else alike, no characteristic recorded goes with leaving sooner or later beyond chance."
    row = clear.iloc[0]
    both = table.loc[(table["covariate"] == row["covariate"]) & (table["compared"] == row["compared"])]
    turned = bool(row["hazard_ratio"] < 1)
    level, base = row["compared"].split(" against ", 1)
    compared = f"{base} against {level}" if turned else row["compared"]
    said = []
    for number, (_, part) in enumerate(both.iterrows()):
        low, ratio, high = (float(part[name]) for name in ("lower", "hazard_ratio", "upper"))
        if turned:
            low, ratio, high = 1 / high, 1 / ratio, 1 / low
        when = f" {'in the ' if str(part['when']).startswith('first') else ''}{part['when']}" if part["when"] else ""
        risk = " the risk of leaving" if number == 0 else ""
        told, least, most = say_ratios(ratio, low, high)
        said.append(f"{told} times ({least} to {most}){risk}{when}")
    star = " It is an average: it changes with tenure." if both["is_doubtful"].any() else ""
    return (
        f"After allowing for the rest, {say_covariate(row['covariate'])} ({compared}) goes with "
        f"{' and '.join(said)}; {say_percent(drivers.confidence, 0)} intervals in brackets.{star}"
    )


def say_ratios(ratio: float, *others: float) -> list[str]:
    """A ratio with the digits it deserves, and its limits with the same."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1.95 else 2
    return [f"{value:,.{digits}f}" if np.isfinite(value) else "not known" for value in (ratio, *others)]


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
    fewer = f"the {len(table)} clearest of {n_rows} comparisons; " if len(table) < n_rows else ""
    star = "; * changes with tenure, an average" if table["is_doubtful"].any() else ""
    return (
        f"Hazard ratio with everything else alike ({drivers.fit.estimator}) and its "
        f"{say_percent(drivers.confidence, 0)} interval, dark where it is clear of 1; {fewer}"
        f"{say_count(drivers.n_contracts, 'contract')}, {say_count(drivers.fit.n_ended, 'end')}{star}"
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


def driver_figures(drivers: DriverAnalysis, *, window: str) -> list[Figure]:
    """The ratios, one for each comparison.

    Parameters
    ----------
    window
        The period of the records, in words.
    """
    level = f"{say_percent(drivers.confidence, 0)} interval"
    check, verdict = put_beside(drivers.opinion)
    return [
        Figure(
            id=HAZARD_RATIO,
            label="Risk of leaving",
            estimate=float(row["hazard_ratio"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            unit="",
            n=int(row["n"]),
            window=window,
            estimator=f"{drivers.fit.estimator}; {level}",
            validation=check,
            verdict=verdict,
            group=f"{say_covariate(row['covariate'])}: {row['compared']}" + (f", {row['when']}" if row["when"] else ""),
        )
        for _, row in driver_table(drivers).iterrows()
    ]


def _title(table: pd.DataFrame) -> str:
    clear = table.loc[table["is_clear"]]
    if clear.empty:
        return "With all else alike, nothing recorded goes with leaving beyond chance"
    names = [f"'{say_covariate(name)}'" for name in dict.fromkeys(clear["covariate"])]
    rest = len(names) - _MOST_NAMED
    shown = names if rest <= 0 else [*names[:_MOST_NAMED], f"{rest} more"]
    return f"{join_words(shown)} {'goes' if len(names) == 1 else 'go'} with leaving beyond chance"
