"""Each brand against the norm: what is observed, what size alone would give, the difference and its interval."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.dirichlet.fit import MEASURES, DirichletFit
from crm_research.models.dirichlet.solving import jackknife_interval
from crm_research.models.dirichlet.tallies import Tallies

ABOVE: Final = "above the norm"
BELOW: Final = "below the norm"
SLIGHTLY_ABOVE: Final = "slightly above the norm"
SLIGHTLY_BELOW: Final = "slightly below the norm"
AS_NORM: Final = "as the norm"
TOO_FEW: Final = "too few buyers"
FEWEST_BUYERS: Final = 50
NOTABLE: Final = 0.05  # a convention: smaller departures are not worth a manager's time


def compare_with_norm(tallies: Tallies, fit: DirichletFit, *, confidence: float = 0.95) -> pd.DataFrame:
    """Which brands are bought more, or by more, than their size alone explains?

    Returns
    -------
    pandas.DataFrame
        Grain: brand. Columns ``brand``, ``share``, ``n_buyers``; for each measure ``<measure>`` (observed),
        ``<measure>_norm``, ``<measure>_excess`` (observed less norm), ``<measure>_lower``, ``<measure>_upper`` (of the
        excess); ``excess_ratio`` (purchases per buyer over the norm, less 1), ``ratio_lower`` and ``ratio_upper`` (its
        limits, for all judged brands together); ``verdict`` (above, slightly above, as, slightly below or below the
        norm in purchases per buyer, too few buyers).

    Notes
    -----
    Limits come from leaving out one group of customers at a time and fitting again, so they hold the doubt about the
    norm too. Limits of the ratio hold for all judged brands together (Bonferroni), and the verdict follows them: surely
    off the norm is whoever has nought outside them, slightly so within 5 % of the norm, which is a convention. Limits
    of the measures are for one brand.
    """
    observed, norm = tallies.observed(), fit.measures()
    columns: dict[str, object] = {
        "brand": list(tallies.names),
        "share": tallies.shares[0],
        "n_buyers": tallies.buyers[0].astype(int),
    }
    for name in MEASURES:
        limits = jackknife_interval(observed[name] - norm[name], confidence=confidence)
        columns[name] = observed[name][0]
        columns[f"{name}_norm"] = norm[name][0]
        columns[f"{name}_excess"] = limits.estimate
        columns[f"{name}_lower"], columns[f"{name}_upper"] = limits.lower, limits.upper
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed["purchases_per_buyer"] / norm["purchases_per_buyer"] - 1
    judged = tallies.buyers[0] >= FEWEST_BUYERS
    sure = jackknife_interval(ratio, confidence=confidence, n_comparisons=max(int(judged.sum()), 1))
    verdict = np.full(len(judged), AS_NORM, dtype=object)
    verdict[sure.lower > 0] = SLIGHTLY_ABOVE
    verdict[sure.upper < 0] = SLIGHTLY_BELOW
    verdict[(sure.lower > 0) & (sure.estimate > NOTABLE)] = ABOVE
    verdict[(sure.upper < 0) & (sure.estimate < -NOTABLE)] = BELOW
    verdict[~judged | ~np.isfinite(sure.lower)] = TOO_FEW
    return pd.DataFrame(columns).assign(
        excess_ratio=ratio[0], ratio_lower=sure.lower, ratio_upper=sure.upper, verdict=verdict
    )
