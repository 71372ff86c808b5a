"""What goes with leaving for each reason as tables for the page."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.pillars.churn.drivers.words import say_covariate
from crm_research.pillars.churn.reasons.measure import ReasonDrivers


def reason_table(drivers: ReasonDrivers) -> pd.DataFrame:
    """Both ratios of every reason and comparison in words, the clearest comparison first.

    Returns
    -------
    pandas.DataFrame
        Grain: comparison and reason. The columns of `ReasonDrivers.ratios` with ``compared`` (the level against its
        reference) in place of both.
    """
    table = drivers.ratios.copy()
    table["covariate"] = [say_covariate(str(name)) for name in table["covariate"]]
    compared = [f"{plainly(a)} against {plainly(b)}" for a, b in zip(table["level"], table["reference"], strict=True)]
    table = table.drop(columns=["level", "reference"])
    table.insert(2, "compared", compared)
    return _order(table)


def _order(table: pd.DataFrame) -> pd.DataFrame:
    """Comparisons by the clearest of their ratios, and reasons in their own order."""
    if table.empty:
        return table
    strength = pd.concat([ratio_strength(table, ""), ratio_strength(table, "share_")], axis=1).max(axis=1)
    best = strength.groupby([table["covariate"], table["compared"]]).transform("max")
    place = table["reason"].map({name: number for number, name in enumerate(table["reason"].unique())})
    order = pd.DataFrame({"best": -best, "name": table["covariate"] + table["compared"], "place": place})
    return table.loc[order.sort_values(["best", "name", "place"], kind="stable").index].reset_index(drop=True)


def plainly(level: object) -> str:
    """A level as a reader sees it: yes and no for what is true or false."""
    return {"True": "yes", "False": "no"}.get(str(level), str(level))


def ratio_strength(table: pd.DataFrame, prefix: str) -> pd.Series[float]:
    """How far a ratio lies from 1, in units of its interval."""
    ratio, lower, upper = (table[f"{prefix}{name}"].astype(float) for name in ("hazard_ratio", "lower", "upper"))
    strength = abs(np.log(ratio)) / (np.log(upper) - np.log(lower))
    return pd.Series(strength, index=table.index).fillna(0.0)
