"""What every model of leaving can be asked, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd


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
