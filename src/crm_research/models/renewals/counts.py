"""Renewals counted: how many were up for each one, and how many left. All that the models see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.stats.intervals import FloatArray

COUNT_COLUMNS = ("renewal", "n_up", "n_left")


@dataclass(frozen=True, eq=False, kw_only=True)
class RenewalCounts:
    """How many were up for each renewal, and how many of them left?

    Parameters
    ----------
    renewal
        Numbers of the renewals, rising, each once; the first is 1.
    n_up, n_left
        Customers who came to the renewal under observation, and of them those who did not renew.
    """

    renewal: FloatArray
    n_up: FloatArray
    n_left: FloatArray

    @property
    def n_decisions(self) -> int:
        """Decisions to renew or not."""
        return int(self.n_up.sum())

    @property
    def n_ended(self) -> int:
        """Of them, those against renewing."""
        return int(self.n_left.sum())


def sum_counts(counts: pd.DataFrame) -> RenewalCounts:
    """How many were up for each renewal and left, over all cohorts?

    Parameters
    ----------
    counts
        Rows of the same renewal (of several cohorts) are added up: ``renewal`` (1 or more), ``n_up``, ``n_left``.

    Returns
    -------
    RenewalCounts
        Renewals for which nobody was up are left out.

    Raises
    ------
    NotEnoughData
        If nobody was up for any renewal.
    ValueError
        For a missing, negative or impossible count.
    """
    table = counts[list(COUNT_COLUMNS)].astype(float)
    values = table.to_numpy()
    if not np.isfinite(values).all() or (values < 0).any() or (table["n_left"] > table["n_up"]).any():
        raise ValueError("Renewal counts need 0 <= n_left <= n_up in every row, and no value missing.")
    if (table["renewal"] < 1).any() or (table["renewal"] % 1 != 0).any():
        raise ValueError("Renewals are numbered 1, 2, 3, ...; the start of a contract is no renewal.")
    summed = table.groupby("renewal", sort=True)[["n_up", "n_left"]].sum()
    summed = summed.loc[summed["n_up"] > 0]
    if summed.empty:
        raise NotEnoughData("A model of renewals", needed=1, found=0, mend="Nobody has come to a renewal yet.")
    return RenewalCounts(
        renewal=summed.index.to_numpy(dtype=float),
        n_up=summed["n_up"].to_numpy(dtype=float),
        n_left=summed["n_left"].to_numpy(dtype=float),
    )
