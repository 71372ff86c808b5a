"""Is there a period of tenure in which more leave than chance explains, once all periods were looked at?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.stats.intervals import check_confidence
from crm_research.stats.multiplicity import adjust_holm

_FEWEST_PERIODS: Final = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Peaks:
    """Which periods of tenure stand out from one constant rate, and does one of them lead?

    Parameters
    ----------
    tested
        Grain: period. The rows of the rates that were tested, with ``p_value`` (of so many ends or more, were the rate
        the same in every period) and ``p_adjusted`` (Holm over all periods).
    standing
        Those of `tested` whose adjusted p-value is small enough, in the order of tenure.
    leader
        The one of `standing` whose rate lies above that of every other one beyond chance; None where none does.
    """

    tested: pd.DataFrame
    standing: pd.DataFrame
    leader: pd.Series | None = None


def find_peaks(rates: pd.DataFrame, *, confidence: float = 0.95) -> Peaks:
    """In which periods do more leave than one constant rate explains, with limits that hold for all periods at once?

    Parameters
    ----------
    rates
        Grain: period. Columns ``n_ended`` and ``exposure_days``, as in `estimate_period_shares` (without groups).
    confidence
        One less the chance that, were the rate constant, even one period is said to stand out.

    Notes
    -----
    Given all ends, those of a period are binomial with its part of the time under observation, were the rate constant.
    A leader has to pass the like test against each of the others, those that do not stand out among them (few may have
    been watched there), at a level divided by the number of periods: of equals one is then called the leader in at most
    that share of worlds.

    References
    ----------
    Comparison of Poisson counts given their sum: Przyborowski and Wilenski (1940), Biometrika 31, 313-323; families of
    tests: Holm (1979).
    """
    level = 1 - check_confidence(confidence)
    n_ended, exposure = rates["n_ended"].to_numpy(), rates["exposure_days"].to_numpy(dtype=float)
    p_values = np.full(len(rates), np.nan)
    if len(rates) >= _FEWEST_PERIODS and n_ended.sum() > 0:
        p_values = stats.binom.sf(n_ended - 1, n_ended.sum(), exposure / exposure.sum())
    tested = rates.assign(p_value=p_values, p_adjusted=adjust_holm(p_values))
    standing = tested.loc[tested["p_adjusted"] <= level]
    return Peaks(tested=tested, standing=standing, leader=_leader(tested, standing, level))


def _leader(tested: pd.DataFrame, standing: pd.DataFrame, level: float) -> pd.Series | None:
    if standing.empty:
        return None
    n_ended, exposure = tested["n_ended"].to_numpy(), tested["exposure_days"].to_numpy(dtype=float)
    top = int(np.flatnonzero(tested.index == (standing["n_ended"] / standing["exposure_days"]).idxmax())[0])
    others = np.arange(len(tested)) != top
    share = exposure[top] / (exposure[top] + exposure[others])
    p_values = stats.binom.sf(n_ended[top] - 1, n_ended[top] + n_ended[others], share)
    return tested.iloc[top] if bool(np.all(p_values <= level / len(tested))) else None
