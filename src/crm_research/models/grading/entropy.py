"""Weights from the data themselves: a criterion tells the more, the less alike customers are in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData


def weigh_by_entropy(values: pd.DataFrame) -> pd.Series:
    """How much does each criterion part the customers?

    Parameters
    ----------
    values
        One row a customer, one column a criterion, no empty cells. Each column is first put on 0 to 1 (its least and
        its greatest value), so that losses and units do not matter.

    Returns
    -------
    pandas.Series
        Criterion to its weight; they sum to 1. One in which all are alike weighs 0.

    Raises
    ------
    NotEnoughData
        Fewer than two customers, or all alike in everything.

    Notes
    -----
    Shannon's entropy of each column's shares over its greatest, log n; the weight is what is left of 1, as a share of
    all. It says which criteria tell customers apart, not which matter: one rare extreme makes its column weigh most.
    Hwang and Yoon (1981), "Multiple Attribute Decision Making", section 3.2.
    """
    if len(values) < 2:
        raise NotEnoughData("A weight from the data: customers", needed=2, found=len(values))
    cells = values.to_numpy(dtype=float)
    least, greatest = cells.min(axis=0), cells.max(axis=0)
    varies = greatest > least
    if not varies.any():
        raise NotEnoughData("A weight from the data: criteria in which customers differ", needed=1, found=0)
    scaled = (cells[:, varies] - least[varies]) / (greatest[varies] - least[varies])
    shares = scaled / scaled.sum(axis=0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    left = np.zeros(cells.shape[1])
    left[varies] = 1 + (shares * logs).sum(axis=0) / np.log(len(cells))
    return pd.Series(left / left.sum(), index=values.columns.rename("criterion"), name="weight")
