"""Figures of the base line and of the treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.figures import Figure
from crm_research.theme import join_words, say_percent

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.rfm.rules import RfmGroups
    from crm_research.pillars.segmentation.use.treatment import Treatment


def rfm_figures(rfm: RfmGroups, *, window: str) -> list[Figure]:
    """Share of net revenue of each named group that has customers."""
    how = f"given cut points of {join_words(rfm.given)}" if rfm.given else "quintiles, tied customers together"
    return [
        Figure(
            id="segmentation.rfm_revenue_share",
            label="Share of net revenue",
            estimate=float(row["revenue_share"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            unit="share",
            n=int(row["n_customers"]),
            window=window,
            estimator=f"rule over scores by {how}; ratio over customers, linearised, limits out to the long tail",
            validation="none: customers as if drawn from many alike",
            group=row["group"],
        )
        for row in rfm.groups[rfm.groups["n_customers"] > 0].dropna(subset="revenue_share").to_dict("records")
    ]


def treatment_figures(plan: Treatment, *, window: str) -> list[Figure]:
    """Share of strategic customers in each segment."""
    return [
        Figure(
            id="segmentation.strategic_share",
            label="Customers of the highest fifth by value",
            estimate=float(row["strategic_share"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            unit="share",
            n=int(row["n_customers"]),
            window=window,
            estimator=(f"{plan.basis}; Wilson interval, {say_percent(plan.confidence, 0)} for all segments together"),
            validation="none: a class by rule",
            group=row["segment"],
        )
        for row in plan.segments.to_dict("records")
        if row["n_customers"]
    ]
