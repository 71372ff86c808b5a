"""Kinds of buyers as tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.pillars.silent_churn.kinds import FIRST_SPEND
from crm_research.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    pass

_NAMES: Final = {FIRST_SPEND: "value of the first purchase"}


def kind_table(kinds: KindAnalysis) -> pd.DataFrame:
    """How often, and for how long, does each kind of customer buy beside the commonest kind?

    Returns
    -------
    pandas.DataFrame
        Grain: comparison and effect, covariates in the order of their evidence. Columns ``covariate`` (in words),
        ``level``, ``reference``, ``effect``, ``ratio``, ``lower``, ``upper``, ``n`` (customers of both levels),
        ``adjusted_p`` (likelihood ratio of the covariate's effects together, Holm over the covariates), ``is_clear``
        (the interval leaves out 1 and adjusted_p is below 1 - confidence). Empty without a fit.
    """
    columns = ["covariate", "level", "reference", "effect", "ratio", "lower", "upper", "n", "adjusted_p", "is_clear"]
    if kinds.fit is None:
        return pd.DataFrame(columns=columns)
    fit = kinds.fit
    tests = fit.tests.drop_duplicates("covariate")
    adjusted = dict(zip(tests["covariate"], adjust_holm(tests["p_value"]), strict=True))
    table = fit.effects.assign(
        n=fit.effects["n_customers"] + fit.effects["n_reference"],
        adjusted_p=fit.effects["covariate"].map(adjusted),
    )
    is_outside = (table["lower"] > 1) | (table["upper"] < 1)
    table["is_clear"] = is_outside & (table["adjusted_p"] < 1 - fit.confidence)
    ordered = table.sort_values(["adjusted_p", "covariate"], kind="stable", ignore_index=True)
    return ordered.assign(covariate=ordered["covariate"].map(plain_name))[columns]


def plain_name(covariate: str) -> str:
    """A covariate in words."""
    return _NAMES.get(covariate, covariate.replace("_", " "))
