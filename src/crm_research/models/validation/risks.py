"""What every model of leaving can be asked, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from crm_research.models.survival.risk import FloatArray


class RiskModel(Protocol):
    """Anything that tells chances to leave: Cox, the grouped model, boosting, a rule of thumb."""

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """What is each row's chance to leave within each horizon, having stayed for its ``tenure_days`` so far?

        Returns
        -------
        pandas.DataFrame
            Grain: row of `frame`, in its order and with its index; one column for each horizon, named by it as a
            float. NaN where the model cannot tell.
        """
        ...


Fit = Callable[[pd.DataFrame], RiskModel]


def join_stretches(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each contract: as it was when first seen, and what became of it in the end.

    Parameters
    ----------
    rows
        Stretches of contracts over which what is known of them does not change: ``contract_id``, ``entry_days``,
        ``tenure_days``, ``is_ended`` and others.
    """
    if not rows["contract_id"].duplicated().any():
        return rows
    ordered = rows.sort_values(["contract_id", "entry_days"], kind="stable")
    first = ordered.drop_duplicates("contract_id").set_index("contract_id")
    final = ordered.drop_duplicates("contract_id", keep="last").set_index("contract_id")
    whole = first.assign(tenure_days=final["tenure_days"], is_ended=final["is_ended"])
    return whole.reset_index()[list(rows.columns)]


def risk_at_start(model: RiskModel, contracts: pd.DataFrame, days: float) -> FloatArray:
    """What chance has each contract, counted from its start, to have ended by this tenure?"""
    begun = contracts.assign(tenure_days=0.0, entry_days=0.0)
    return np.asarray(model.risk(begun, [days]).iloc[:, 0].to_numpy(dtype=np.float64))
