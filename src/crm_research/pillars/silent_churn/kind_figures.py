"""Kinds of buyers as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.figures import NO_VALIDATION, Figure
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.theme import (
    say_percent,
)

if TYPE_CHECKING:
    pass
from crm_research.pillars.silent_churn.kind_tables import kind_table
from crm_research.pillars.silent_churn.kind_words import PURCHASES

PURCHASE_RATIO: Final = "churn.silent.purchase_ratio"
DROPOUT_RATIO: Final = "churn.silent.dropout_ratio"


def kind_figures(kinds: KindAnalysis, *, window: str) -> list[Figure]:
    """The ratios, one figure for each comparison and effect."""
    if kinds.fit is None:
        return []
    level = f"{say_percent(kinds.fit.confidence, 0)} interval"
    return [
        Figure(
            id=PURCHASE_RATIO if row["effect"] == PURCHASES else DROPOUT_RATIO,
            label=f"Times the {row['effect']}",
            estimate=float(row["ratio"]),
            lower=float(row["lower"]) if np.isfinite(row["lower"]) else None,
            upper=float(row["upper"]) if np.isfinite(row["upper"]) else None,
            unit="",
            n=int(row["n"]),
            window=window,
            estimator=f"{kinds.fit.model} with covariates, maximum likelihood; {level}",
            validation=NO_VALIDATION,
            group=f"{row['covariate']}: {row['level']} against {row['reference']}",
        )
        for _, row in kind_table(kinds).iterrows()
    ]
