"""Figures of the base line and of the treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.figures import Figure, FigureMaker
from crm_research.theme import join_words

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.rfm.rules import RfmGroups
    from crm_research.pillars.segmentation.use.treatment import Treatment


def rfm_figures(rfm: RfmGroups, *, window: str) -> list[Figure]:
    """Share of net revenue of each named group that has customers."""
    how = f"given cut points of {join_words(rfm.given)}" if rfm.given else "quintiles, tied customers together"
    make = FigureMaker(window=window, confidence=rfm.confidence)
    return [
        make.one(
            "segmentation.rfm_revenue_share",
            "Share of net revenue",
            (row["revenue_share"], row["lower"], row["upper"]),
            unit="share",
            n=int(row["n_customers"]),
            estimator=f"rule over scores by {how}; ratio over customers, linearised, limits out to the long tail",
            validation="none: customers as if drawn from many alike",
            group=row["group"],
        )
        for row in rfm.groups[rfm.groups["n_customers"] > 0].dropna(subset="revenue_share").to_dict("records")
    ]


def treatment_figures(plan: Treatment, *, window: str) -> list[Figure]:
    """Share of strategic customers in each segment."""
    make = FigureMaker(window=window, confidence=plan.confidence)
    return [
        make.one(
            "segmentation.strategic_share",
            "Customers of the highest fifth by value",
            (row["strategic_share"], row["lower"], row["upper"]),
            unit="share",
            n=int(row["n_customers"]),
            estimator=f"{plan.basis}; Wilson",
            limits="for all segments together",
            validation="none: a class by rule",
            group=row["segment"],
        )
        for row in plan.segments.to_dict("records")
        if row["n_customers"]
    ]
