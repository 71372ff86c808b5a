"""From counts by tenure to events and numbers at risk: the sufficient statistics of every curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData

EVERYONE = "all"
COUNT_COLUMNS = ("tenure_days", "n_entered", "n_ended", "n_censored")

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskTable:
    """How many were under observation just before each tenure, and how many ended then?

    Arrays run over the distinct tenures at which anything happens (an entry, an end or a censoring), rising.

    Parameters
    ----------
    tenure_days
        The tenures.
    n_at_risk
        Spells that entered before the tenure and had neither ended nor been censored before it. Somebody who
        enters at a tenure above 0 is at risk from just after it; at tenure 0 all who enter there are at risk.
    n_ended, n_censored, n_entered
        What happens at the tenure; those who end and those who are censored at the same tenure are both at risk.
    reach_days
        The longest tenure at which anybody could have been observed, had he stayed: beyond it nothing is known, though
        all may have ended before.
    """

    tenure_days: FloatArray
    n_at_risk: IntArray
    n_ended: IntArray
    n_censored: IntArray
    n_entered: IntArray
    reach_days: float

    @property
    def n_spells(self) -> int:
        """Spells observed."""
        return int(self.n_entered.sum())

    @property
    def last_days(self) -> float:
        """The longest tenure at which anybody was observed."""
        return float(self.tenure_days[-1])

    @property
    def first_days(self) -> float:
        """The shortest tenure at which observation began; above 0 every curve is conditional on reaching it."""
        return float(self.tenure_days[self.n_entered > 0][0])

    @property
    def known_days(self) -> float:
        """Up to which tenure is the share left known? Where all have ended, as far as they could have been seen."""
        all_ended = self.n_ended[-1] > 0 and self.n_ended[-1] == self.n_at_risk[-1]
        return max(self.last_days, self.reach_days) if all_ended else self.last_days

    def at_risk(self, days: FloatArray) -> IntArray:
        """How many were under observation just before each of these tenures?"""
        place = np.searchsorted(self.tenure_days, days, side="left")
        return np.append(self.n_at_risk, 0)[place]


def greenwood_steps(table: RiskTable) -> FloatArray:
    """What each tenure adds to the variance of log survival, d / (n (n - d)); nothing where all at risk end."""
    at_risk, ended = table.n_at_risk.astype(float), table.n_ended.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((ended > 0) & (at_risk > ended), ended / (at_risk * (at_risk - ended)), 0.0)


def build_risk_table(counts: pd.DataFrame) -> RiskTable:
    """How many were at risk at each tenure, given how many entered, ended and were censored there?

    Parameters
    ----------
    counts
        One row per tenure (rows of the same tenure are added up): ``tenure_days`` (0 or more), ``n_entered``
        (spells whose observation begins there), ``n_ended``, ``n_censored``. A row without any of them says that a
        spell could have been observed for so long, had it lasted (one begun first, and ended since).

    Raises
    ------
    NotEnoughData
        Without a single spell.
    ValueError
        If a tenure or count is negative or missing, or more leave than were under observation: a spell whose
        observation starts at or after its end must be dropped before counting.
    """
    table = counts[list(COUNT_COLUMNS)].astype(float)
    if table.isna().to_numpy().any() or (table.to_numpy() < 0).any():
        raise ValueError("Counts by tenure must be given and not negative in every row.")
    totals = table.groupby("tenure_days", sort=True).sum()
    reach = float(totals.index.max()) if len(totals) else 0.0
    totals = totals.loc[totals.sum(axis=1) > 0]
    if totals.empty or totals["n_entered"].sum() == 0:
        raise NotEnoughData("A survival curve", needed=1, found=0, mend="No spell has been observed for any time.")
    days = totals.index.to_numpy(dtype=float)
    entered, ended, censored = (totals[name].to_numpy().astype(np.int64) for name in COUNT_COLUMNS[1:])
    left_before = np.cumsum(ended + censored) - (ended + censored)
    entered_before = np.cumsum(entered) - np.where(days == 0, 0, entered)
    at_risk = entered_before - left_before
    if bool(np.any(ended + censored > at_risk)):
        worst = float(days[np.argmax(ended + censored > at_risk)])
        raise ValueError(
            f"At tenure {worst:g} days more spells leave than are under observation. Drop spells whose observation "
            "begins at or after their end before counting them."
        )
    return RiskTable(
        tenure_days=days, n_at_risk=at_risk, n_ended=ended, n_censored=censored, n_entered=entered, reach_days=reach
    )


def split_groups(counts: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each group of the counts with its rows, in the order of first appearance; one group without the column."""
    if "group" not in counts.columns:
        yield EVERYONE, counts
        return
    for group, rows in counts.groupby("group", sort=False, dropna=False, observed=True):
        yield str(group), rows


def count_rows(
    exit_days: pd.Series[float],
    ended: pd.Series[bool],
    *,
    entry_days: pd.Series[float] | None = None,
    group: pd.Series[str] | None = None,
    reach_days: float | None = None,
) -> pd.DataFrame:
    """What do single spells say, counted by tenure? For small tables already at hand; the engine counts large ones.

    Parameters
    ----------
    reach_days
        The longest tenure at which anybody (of each group) could have been observed; None takes the longest observed.

    Returns
    -------
    pandas.DataFrame
        Grain: group (where given) and tenure. Columns ``group``, ``tenure_days``, ``n_entered``, ``n_ended``,
        ``n_censored``.
    """
    entry = pd.Series(0.0, index=exit_days.index) if entry_days is None else entry_days.astype(float)
    label = pd.Series(EVERYONE, index=exit_days.index) if group is None else group
    flag = ended.astype(bool)
    entries = pd.DataFrame({"group": label, "tenure_days": entry, "n_entered": 1, "n_ended": 0, "n_censored": 0})
    exits = pd.DataFrame(
        {
            "group": label,
            "tenure_days": exit_days.astype(float),
            "n_entered": 0,
            "n_ended": flag.astype(int),
            "n_censored": (~flag).astype(int),
        }
    )
    reach = pd.DataFrame({"group": label.unique(), "tenure_days": reach_days, "n_entered": 0, "n_ended": 0})
    rows = [entries, exits] if reach_days is None else [entries, exits, reach.assign(n_censored=0)]
    counted = pd.concat(rows).groupby(["group", "tenure_days"], as_index=False, sort=True).sum()
    return counted.drop(columns="group") if group is None else counted
