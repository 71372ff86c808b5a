"""What goes with leaving as tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    pass


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
