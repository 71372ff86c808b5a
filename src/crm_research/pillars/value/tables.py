"""Customer value as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.value.figures import profit_figures

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit


def summary_table(profit: Profit) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in profit_figures(profit):
        digits = 2 if figure.unit in ("share", "") else 0
        rows.append((figure.id, "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])
