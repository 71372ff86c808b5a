"""The model behind a list of risks: one baseline for everybody, or one for each group whose danger runs otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from crm_research.models.hazards import CoxFit
from crm_research.pillars.churn.drivers.measure import fit_risk

_MOST_STRATA: Final = 2
_MOST_GROUPS: Final = 6
_FEWEST_ENDS: Final = 20


def fit_for_lists(
    rows: pd.DataFrame, covariates: Sequence[str], *, strata: Sequence[str] = (), confidence: float = 0.95
) -> CoxFit:
    """Which model tells chances to leave, where a ratio may change with tenure?

    A ratio that is an average over tenures understates some risks and overstates others. Where the ratios of a category
    change clearly (`check_proportionality`), its groups get a baseline of their own, the most doubtful first, and the
    rest is checked again. All of this looks at the rows and is in here, so that it is repeated where the risks are
    judged.

    Parameters
    ----------
    rows
        `read_rows`.
    strata
        Groups with a baseline of their own from the outset.

    Raises
    ------
    ParameterError, NotEnoughData
        As `fit_risk`.

    Notes
    -----
    At most two categories are treated so, of at most six groups, each with at least 20 ends.
    """
    own = list(strata)
    while True:
        kept = [name for name in covariates if name not in own]
        fit = fit_risk(rows, kept, strata=own, confidence=confidence)
        doubtful = _most_doubtful(fit, rows) if len(own) < _MOST_STRATA else None
        if doubtful is None:
            return fit
        own.append(doubtful)


def _most_doubtful(fit: CoxFit, rows: pd.DataFrame) -> str | None:
    """The category that most clearly changes its ratios over tenure, if each of its groups can carry a baseline."""
    checked = fit.proportionality
    if checked.empty:
        return None
    categories = {term.name for term in fit.covariate_terms if term.kind == "category"}
    # The test of a covariate as a whole stands without a level, or in the only row it has.
    doubtful = checked.loc[checked["is_doubtful"] & checked["covariate"].isin(categories)]
    strongest = doubtful.groupby("covariate", sort=False)["chi_squared"].max().sort_values(ascending=False)
    for name in strongest.index:
        ends = rows["is_ended"].astype(int).groupby(rows[name].astype("string").fillna("not known")).sum()
        if len(ends) <= _MOST_GROUPS and ends.min() >= _FEWEST_ENDS:
            return str(name)
    return None
