"""Do so many leave as were said to leave?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.models.survival.kaplan_meier import estimate_survival
from crm_research.models.survival.risk import FloatArray, count_rows
from crm_research.models.validation.measures import population_weights
from crm_research.models.validation.weights import Outcomes

_EDGE: Final = 1e-9
GROUP_COLUMNS: Final = ("horizon_days", "group", "n", "expected", "observed", "lower", "upper", "n_at_risk")


def calibrate_groups(
    outcomes: Outcomes, risk: FloatArray, *, days: float, n_groups: int, confidence: float
) -> pd.DataFrame:
    """Of customers with like risks, how many were expected to end by `days`, and how many did?

    Returns
    -------
    pandas.DataFrame
        Grain: group of risk, "all" first, then 1 for the lowest. Columns ``horizon_days``, ``group``, ``n``,
        ``expected`` (mean risk; weighted where some were met late), ``observed`` (one minus Kaplan-Meier),
        ``lower``, ``upper``, ``n_at_risk`` (still watched at the horizon).
    """
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, n_groups + 1)[1:-1]))
    number = 1 + np.searchsorted(edges, risk, side="left")
    everyone = _observe(outcomes, risk, np.full(outcomes.n, "all"), days, confidence)
    if len(np.unique(number)) < 2:
        return everyone
    groups = _observe(outcomes, risk, np.char.zfill(number.astype(str), 2), days, confidence)
    groups["group"] = groups["group"].str.lstrip("0")
    return pd.concat([everyone, groups], ignore_index=True)


def _observe(
    outcomes: Outcomes, risk: FloatArray, label: NDArray[np.str_], days: float, confidence: float
) -> pd.DataFrame:
    counts = count_rows(
        pd.Series(outcomes.tenure),
        pd.Series(outcomes.ended),
        entry_days=pd.Series(np.maximum(outcomes.entry, 0.0)),
        group=pd.Series(label),
        reach_days=days,  # horizons are judged where the records reach them
    )
    at = estimate_survival(counts, confidence=confidence).at([days]).set_index("group")
    weight = population_weights(outcomes, days)
    sums = pd.DataFrame({"n": 1, "weight": weight, "load": weight * risk}).groupby(label).sum().loc[at.index]
    return pd.DataFrame(
        {
            "horizon_days": float(days),
            "group": at.index,
            "n": sums["n"].to_numpy(),
            "expected": (sums["load"] / sums["weight"]).to_numpy(),
            "observed": 1.0 - at["survival"].to_numpy(),
            "lower": 1.0 - at["upper"].to_numpy(),
            "upper": 1.0 - at["lower"].to_numpy(),
            "n_at_risk": at["n_at_risk"].to_numpy(),
        },
        columns=list(GROUP_COLUMNS),
    )


def check_distribution(
    outcomes: Outcomes,
    survival_at_end: FloatArray,
    *,
    survival_before_end: FloatArray | None = None,
    n_bins: int = 10,
) -> tuple[pd.DataFrame, float]:
    """Are the chances to stay, read at each customer's own last tenure, spread evenly, as true chances would be?

    Parameters
    ----------
    survival_at_end
        Each customer's chance to have stayed beyond the ``tenure_days`` recorded (from ``entry_days`` on).
    survival_before_end
        The chance just before it. Where tenure is known by the month, chances fall in steps: whoever ended is then
        spread evenly over the step, or even the truth would fail.

    Returns
    -------
    tuple
        Grain: bin. Columns ``from_chance``, ``to_chance``, ``expected``, ``observed`` (customers; whoever was censored
        is spread over the bins still open), and the p-value of the chi-squared test that all bins are alike.

    References
    ----------
    D-calibration: Haider, Hoehn, Davis and Greiner (2020), Journal of Machine Learning Research 21 (85). Steps as in
    the non-randomised probability integral transform: Czado, Gneiting and Held (2009), Biometrics 65, 1254-1261.
    """
    chance = np.clip(survival_at_end, 0.0, 1.0)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    place = np.minimum((chance * n_bins).astype(int), n_bins - 1)
    if survival_before_end is None:
        filled = np.bincount(place[outcomes.ended], minlength=n_bins).astype(float)
    else:
        filled = _spread(chance[outcomes.ended], np.clip(survival_before_end[outcomes.ended], 0.0, 1.0), edges)
    open_chance, open_place = chance[~outcomes.ended], place[~outcomes.ended]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(open_chance > 0, (open_chance - edges[open_place]) / open_chance, 1.0)
        each = np.where(open_chance > 0, (1.0 / n_bins) / open_chance, 0.0)
    filled += np.bincount(open_place, own, n_bins)
    # Every bin below the one a censored chance lies in gets an equal part of it.
    below = np.bincount(open_place, each, n_bins)
    filled += np.concatenate([np.cumsum(below[::-1])[::-1][1:], [0.0]])
    expected = outcomes.n / n_bins
    chi = float(np.sum((filled - expected) ** 2) / expected)
    table = pd.DataFrame({"from_chance": edges[:-1], "to_chance": edges[1:], "expected": expected, "observed": filled})
    return table, float(stats.chi2.sf(chi, n_bins - 1))


def _spread(low: FloatArray, high: FloatArray, edges: FloatArray) -> FloatArray:
    """Each customer spread evenly from `low` to `high` over the bins; whole in one bin where the two are equal."""
    n_bins = len(edges) - 1
    filled = np.zeros(n_bins)
    width = high - low
    is_point = width <= _EDGE
    np.add.at(filled, np.minimum((low[is_point] * n_bins).astype(int), n_bins - 1), 1.0)
    low, high, width = low[~is_point], high[~is_point], width[~is_point]
    for place in range(n_bins):
        inside = np.minimum(high, edges[place + 1]) - np.maximum(low, edges[place])
        filled[place] += float(np.sum(np.maximum(inside, 0.0) / width))
    return filled
