"""Which share of what is billed is never paid, by how late customers have paid before?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

# So many customers' worth of the loss of all stand beside those of a group: a few tell little by themselves.
_BORROWED: Final = 2.0
# With losses of fewer customers their own spread is no guide to how far chance goes.
_FEWEST_LOSING: Final = 10
_HALF: Final = 0.5


def estimate_losses(sums: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """The share of billed money that is lost, of each group of customers.

    Parameters
    ----------
    sums
        One row a group: ``n_customers``, ``n_losing``, ``due`` and ``lost`` (money), and over customers the sums
        ``due_due``, ``due_lost`` and ``lost_lost``; ``bill_bill``, the sum of squares of single bills.

    Returns
    -------
    pandas.DataFrame
        `sums` with ``share``, ``lower``, ``upper`` and ``variance``.

    Notes
    -----
    A share of money, drawn towards that of all groups by two customers' worth. It is as sure as that many customers of
    one size would make it, all or nothing of each; where ten or more customers of all groups have cost something, as
    much surer as their spread within groups makes the sum of all, and no surer than single bills would make it. Limits
    are those of a beta distribution (Jeffreys).
    """
    due, lost, squared = (sums[name].to_numpy(dtype=float) for name in ("due", "lost", "due_due"))
    overall = lost.sum() / due.sum() if due.sum() > 0 else 0.0
    own = np.divide(lost, due, out=np.full(len(due), overall), where=due > 0)
    equal = np.divide(due**2, squared, out=np.zeros(len(due)), where=squared > 0)
    times = 1.0
    if int(sums["n_losing"].sum()) >= _FEWEST_LOSING and 0 < overall < 1:
        seen = float((sums["lost_lost"] - 2 * own * sums["due_lost"] + own**2 * squared).sum())
        seen = max(seen, overall * (1 - overall) * float(sums["bill_bill"].sum()))
        times = max(overall * (1 - overall) * float(squared.sum()) / seen, 1.0) if seen > 0 else 1.0
    size, borrowed = times * equal, times * _BORROWED
    share = (size * own + borrowed * overall) / (size + borrowed)
    hits, misses = (size + borrowed) * share, (size + borrowed) * (1 - share)
    left_out = (1 - confidence) / 2
    spread = stats.beta(hits + _HALF, misses + _HALF)
    return sums.assign(
        share=share,
        lower=np.where(hits > 0, np.minimum(spread.ppf(left_out), share), 0.0),
        upper=np.where(misses > 0, np.maximum(spread.ppf(1 - left_out), share), 1.0),
        variance=spread.var(),
    )
