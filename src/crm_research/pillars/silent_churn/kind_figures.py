"""Kinds of buyers as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis

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
    make = FigureMaker(window=window, confidence=kinds.fit.confidence)
    return [
        make.one(
            PURCHASE_RATIO if row["effect"] == PURCHASES else DROPOUT_RATIO,
            f"Times the {row['effect']}",
            (row["ratio"], row["lower"], row["upper"]),
            unit="",
            n=int(row["n"]),
            estimator=f"{kinds.fit.model} with covariates, maximum likelihood",
            group=f"{row['covariate']}: {row['level']} against {row['reference']}",
        )
        for _, row in kind_table(kinds).iterrows()
    ]
