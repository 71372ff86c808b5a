"""Does every column add up to the ledger, to the cent?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.costing import Costing

if TYPE_CHECKING:
    from collections.abc import Mapping

# Half a cent, and what adding a billion of them up in another order may leave.
_CENT: Final = 0.005
_ROUNDING: Final = 1e-11
NAMES: Final = {
    "revenue": "revenue after discount, returns taken off",
    "discount": "discount",
    "goods": "goods",
    "fees": "fees of contracts",
    "service": "activities used",
    "contacts": "contacts",
    "receivables": "money owed, a year",
}


def reconcile(totals: pd.DataFrame, ledger: Mapping[str, float], ranked_total: float, profit: float) -> pd.DataFrame:
    """what, of_customers, of_nobody_known, ledger, difference, is_equal: each column against the records themselves.

    Parameters
    ----------
    totals
        Sums over customers known and over all others.
    ledger
        The same straight from the records.
    ranked_total, profit
        Profit of all customers as ranked, and as their columns make it.
    """
    known, others = (totals.loc[totals["is_known"] == flag] for flag in (True, False))
    rows = []
    for column, name in NAMES.items():
        mine, rest = (float(part[column].sum()) for part in (known, others))
        if ledger[column] or mine or rest:
            rows.append((name, mine, rest, ledger[column], mine + rest - ledger[column]))
    rows.append(("what is left", ranked_total, np.nan, profit, ranked_total - profit))
    frame = pd.DataFrame(rows, columns=["what", "of_customers", "of_nobody_known", "ledger", "difference"])
    frame["is_equal"] = is_equal(frame["difference"], frame["ledger"])
    return frame


def reconcile_pools(costing: Costing, totals: pd.DataFrame) -> pd.DataFrame:
    """what, amount: where the cost of all pools went, and what is left unexplained (nought, or the books are wrong)."""
    if costing.rates is None:
        return pd.DataFrame(columns=["what", "amount"])
    rates = costing.rates
    rate = costing.use["activity"].map(rates.rates).fillna(0.0)
    elsewhere = float((rate * (costing.use["quantity"] - costing.use["within"])).sum())
    known = float(totals.loc[totals["is_known"], "service"].sum())
    others = float(totals.loc[~totals["is_known"].astype(bool), "service"].sum())
    rows = [
        ("charged to customers in these months", known),
        ("used by nobody known in these months", others),
        ("used in other months", elsewhere),
        ("paid for and not used", rates.unused),
        ("all cost pools", rates.cost),
    ]
    return pd.DataFrame(rows, columns=["what", "amount"])


def pools_difference(pools: pd.DataFrame) -> float:
    """What of the cost of all pools went nowhere, or came from nowhere."""
    return 0.0 if pools.empty else float(pools["amount"].iloc[:-1].sum() - pools["amount"].iloc[-1])


def is_equal(difference: pd.Series | float, size: pd.Series | float) -> np.ndarray:
    """Is a difference less than half a cent?"""
    off, whole = (np.abs(np.asarray(value, dtype=float)) for value in (difference, size))
    return np.asarray(off < _CENT + _ROUNDING * whole)
