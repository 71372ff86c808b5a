"""What a smooth curve sees of spells: the tenures they end at, and the tenures over which they were watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.survival.risk import COUNT_COLUMNS, FloatArray

# A day is the finest the records tell: whoever left on the first day stayed for some part of it.
FIRST_DAY: Final = 0.5
_ROW_COLUMNS: Final = ("tenure_days", "is_ended")


@dataclass(frozen=True, eq=False, kw_only=True)
class Moves:
    """Tenures at which spells begin to be watched or cease to be.

    The log-likelihood of spells that are met at e and left at t is the log hazard at t (if they ended) less the
    cumulative hazard from e to t. Entries and exits add up separately, so counts of them by tenure are all that a
    model without covariates needs.

    Parameters
    ----------
    days
        The tenures, above 0.
    ended
        Spells that ended there.
    net
        Spells that left (ended or censored) less those met there.
    columns
        Columns of the model, one row for each tenure; no columns without covariates.
    n, n_ended
        Spells and ends in all.
    """

    days: FloatArray
    ended: FloatArray
    net: FloatArray
    columns: FloatArray
    n: float
    n_ended: float

    @property
    def exposure(self) -> float:
        """Days under observation, over all spells."""
        return float(self.net @ self.days)


def as_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Spells, or counts of them, in one form.

    Parameters
    ----------
    rows
        Counts by tenure (``tenure_days``, ``n_entered``, ``n_ended``, ``n_censored``), or one row for each spell:
        ``tenure_days``, ``is_ended``, ``entry_days`` (0 unless given) and ``weight`` (1 unless given; how many such
        spells there are). Further columns are kept.

    Returns
    -------
    pandas.DataFrame
        Grain: row of `rows`, in its order. ``entry_days``, ``tenure_days``, ``n_entered`` (met at ``entry_days``),
        ``n_ended``, ``n_censored``, and the further columns.

    Raises
    ------
    ParameterError
        If neither form fits, or a tenure or weight is negative or missing.
    """
    if set(COUNT_COLUMNS) <= set(rows.columns):
        out = rows.assign(entry_days=rows["tenure_days"])
    elif set(_ROW_COLUMNS) <= set(rows.columns):
        weight = rows["weight"] if "weight" in rows.columns else pd.Series(1.0, index=rows.index)
        ended = rows["is_ended"].astype(bool)
        out = rows.assign(
            entry_days=rows["entry_days"] if "entry_days" in rows.columns else 0.0,
            n_entered=weight,
            n_ended=weight.where(ended, 0.0),
            n_censored=weight.where(~ended, 0.0),
        )
    else:
        raise ParameterError(
            f"Spells need the columns {', '.join(_ROW_COLUMNS)}, and counts {', '.join(COUNT_COLUMNS)}; "
            f"found {', '.join(map(str, rows.columns)) or 'none'}."
        )
    numbers = ["entry_days", *COUNT_COLUMNS]
    out[numbers] = out[numbers].astype(float)
    if not np.isfinite(out[numbers].to_numpy()).all() or (out[numbers].to_numpy() < 0).any():
        raise ParameterError("Tenures, entries, weights and counts must be given and not negative in every row.")
    return out


def build_moves(counted: pd.DataFrame, columns: FloatArray) -> Moves:
    """Entries and exits of rows in the form of `as_counts`, each with its row's columns of the model.

    Raises
    ------
    NotEnoughData
        Without a single end.
    """
    exit_days, entry_days = (counted[name].to_numpy(dtype=float) for name in ("tenure_days", "entry_days"))
    n_entered, n_ended, n_censored = (counted[name].to_numpy(dtype=float) for name in COUNT_COLUMNS[1:])
    if n_ended.sum() <= 0:
        raise NotEnoughData("A smooth curve of tenure", needed=1, found=0, mend="No spell has ended yet.")
    left = n_ended + n_censored
    # Nothing is at stake for those met at 0: their cumulative hazard there is 0.
    late = (entry_days > 0) & (n_entered > 0)
    gone = left > 0
    days = np.concatenate([np.where(exit_days[gone] > 0, exit_days[gone], FIRST_DAY), entry_days[late]])
    ended = np.concatenate([n_ended[gone], np.zeros(int(late.sum()))])
    net = np.concatenate([left[gone], -n_entered[late]])
    table = np.concatenate([columns[gone], columns[late]])
    if not table.shape[1]:
        days, place = np.unique(days, return_inverse=True)
        ended, net = np.bincount(place, ended), np.bincount(place, net)
        table = np.empty((len(days), 0))
    return Moves(days=days, ended=ended, net=net, columns=table, n=float(n_entered.sum()), n_ended=float(n_ended.sum()))
