"""May moves be read as a chain? Tests of its memory and of its stability over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]
_EXPECTED: Final = 5.0
_ENOUGH_ROWS: Final = 12


@dataclass(frozen=True, kw_only=True)
class ChainTest:
    """A likelihood-ratio test on counts of moves.

    Parameters
    ----------
    chi_squared, degrees, p_value
        NaN, 0 and NaN where the counts leave nothing to test.
    n
        Moves the test saw.
    """

    chi_squared: float
    degrees: int
    p_value: float
    n: int


def check_order(counts: pd.DataFrame) -> ChainTest:
    """Does it matter for the next move where a customer was before, given where he is now?

    Parameters
    ----------
    counts
        ``before_state``, ``from_state``, ``to_state``, ``n``. For the test of order 0 (does it matter where he is at
        all?) give the current state as before_state and one constant as from_state.

    Returns
    -------
    ChainTest
        A small p-value says that the last state alone does not tell the whole story.

    References
    ----------
    Anderson and Goodman (1957), Annals of Mathematical Statistics 28, 89-110, section 4.
    """
    return _likelihood_ratio(counts, within="from_state", rows="before_state", columns="to_state")


def check_stability(counts: pd.DataFrame) -> ChainTest:
    """Are the shares of moves the same in all periods?

    Parameters
    ----------
    counts
        ``period``, ``from_state``, ``to_state``, ``n``.

    References
    ----------
    Anderson and Goodman (1957), section 3.
    """
    return _likelihood_ratio(counts, within="from_state", rows="period", columns="to_state")


def _likelihood_ratio(counts: pd.DataFrame, *, within: str, rows: str, columns: str) -> ChainTest:
    """Independence of rows and columns in each stratum, added up; only cells that could hold anybody count.

    Rare columns are put together with one another, and sparse rows with their neighbours, until a cell expects 5: below
    that the statistic is not chi-squared, and a long record of few moves would look stable whatever it holds.
    """
    chi, degrees = 0.0, 0
    for table in _tables(counts, within, rows, columns):
        kept = _pool(table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0])
        if min(kept.shape, default=0) < 2:
            continue
        expected = np.outer(kept.sum(axis=1), kept.sum(axis=0)) / kept.sum()
        seen = kept > 0
        chi += 2 * float((kept[seen] * np.log(kept[seen] / expected[seen])).sum())
        degrees += (kept.shape[0] - 1) * (kept.shape[1] - 1)
    n = int(counts["n"].sum())
    if not degrees:
        return ChainTest(chi_squared=float(np.nan), degrees=0, p_value=float(np.nan), n=n)
    return ChainTest(chi_squared=chi, degrees=degrees, p_value=float(stats.chi2.sf(chi, degrees)), n=n)


def _pool(table: FloatArray) -> FloatArray:
    """The table with its rare columns put together, and then its rows, so that every cell expects 5 on average."""
    if not table.size:
        return table
    order = np.argsort(table.sum(axis=0), kind="stable")
    columns = _put_together(table[:, order].T, _EXPECTED * min(len(table), _ENOUGH_ROWS)).T
    return _put_together(columns, _EXPECTED * columns.sum() / columns.sum(axis=0).min())


def _put_together(table: FloatArray, least: float) -> FloatArray:
    """Neighbouring rows added up until each sum is large enough; what is left over joins the last."""
    found: list[FloatArray] = []
    held = np.zeros(table.shape[1])
    for row in table:
        held = held + row
        if held.sum() >= least:
            found.append(held)
            held = np.zeros(table.shape[1])
    if held.sum() > 0:
        if found:
            found[-1] = found[-1] + held
        else:
            found.append(held)
    return np.array(found).reshape(-1, table.shape[1])


def _tables(counts: pd.DataFrame, within: str, rows: str, columns: str) -> Sequence[FloatArray]:
    return [
        part.pivot_table(index=rows, columns=columns, values="n", aggfunc="sum", fill_value=0).to_numpy(
            dtype=np.float64
        )
        for _, part in counts.groupby(within, sort=True)
    ]
