"""Does the share of missing values rise or fall with the months, beyond chance?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.stats.multiplicity import adjust_holm

FEWEST_MONTHS: Final = 6
# Missing and present values, each at least so many, for a test to have anything to stand on.
FEWEST_VALUES: Final = 5
TREND_COLUMNS: Final = ("table", "column", "n_months", "first_share", "last_share", "slope", "p_value", "p_adjusted")
HOW: Final = (
    "straight line through the shares of months, weighed by rows; Armitage's test of its slope with the spread of the "
    "months about it, at least that of chance; Holm over all columns"
)


def judge_trends(months: pd.DataFrame) -> pd.DataFrame:
    """Which columns have more (or fewer) values missing as time goes on?

    Parameters
    ----------
    months
        table, column, month, n_asked, n_missing: whole months that are over.

    Returns
    -------
    pandas.DataFrame
        One row a column that could be tested: ``table``, ``column``, ``n_months``, ``first_share`` and ``last_share``
        (of the line, in the first and the last month), ``slope`` (a month), ``p_value``, ``p_adjusted`` (Holm over all
        rows).

    References
    ----------
    Armitage (1955), Biometrics 11, 375-386; the spread of counts beyond chance: McCullagh and Nelder (1989),
    Generalized Linear Models, section 4.5.
    """
    rows = []
    for (table, column), held in months.loc[months["n_asked"] > 0].groupby(["table", "column"], sort=False):
        n, missing = held["n_asked"].to_numpy(dtype=float), held["n_missing"].to_numpy(dtype=float)
        if len(held) < FEWEST_MONTHS or min(missing.sum(), (n - missing).sum()) < FEWEST_VALUES:
            continue
        rows.append((table, column, len(held), *_line(held["month"].to_numpy(dtype=float), n, missing)))
    found = pd.DataFrame(rows, columns=list(TREND_COLUMNS[:-1]))
    return found.assign(p_adjusted=adjust_holm(found["p_value"].to_numpy(dtype=float)))


def _line(at: np.ndarray, n: np.ndarray, missing: np.ndarray) -> tuple[float, float, float, float]:
    """Ends of the line through the shares, its slope, and how likely one as steep is if there is none."""
    share, whole = missing / n, missing.sum() / n.sum()
    far = at - np.average(at, weights=n)
    squares = float(n @ far**2)
    slope = float(n @ (far * share)) / squares
    line = whole + slope * far
    chance = whole * (1 - whole)
    spread = float(n @ (share - line) ** 2) / chance / (len(at) - 2)
    t = slope / np.sqrt(chance * max(spread, 1.0) / squares)
    first, last = np.clip([line[np.argmin(at)], line[np.argmax(at)]], 0.0, 1.0)
    return float(first), float(last), slope, float(2 * stats.t.sf(abs(t), len(at) - 2))
