"""Loyalty to brands, against the norm of their size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class BrandLoyaltyParameters(ReportParameters):
    """What competes, in which category, over which window, and how the norm is fitted."""

    study: str = "complete-journey"
    unit: Literal["brand", "category", "store", "own_brand"] | None = Field(
        default=None, description="What competes; None takes the first the study has."
    )
    category: str | None = Field(
        default=None, description="One category, 'all', or None for the one bought most often with a choice of brands."
    )
    months: int | None = Field(
        default=None, ge=1, le=120, description="Length of the window before as_of; None takes the last year."
    )
    occasion: Literal["day", "order"] = Field(
        default="day", description="What one purchase is: each day with the brand, or every order."
    )
    method: Literal["zeros", "likelihood"] = Field(
        default="zeros", description="How the norm is fitted: means and zeros, or maximum likelihood."
    )


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.brand_loyalty.setting import choose_market

    if values["unit"] is not None or values["category"] is not None:
        choose_market(study, **{name: values[name] for name in ("unit", "category", "months", "occasion")})


REPORT = Report(
    id="brand-loyalty",
    title="Loyalty to brands",
    question="Which brands are loyal beyond their size, and did heavy buyers lose interest?",
    notebook="05_brand_loyalty.ipynb",
    parameters=BrandLoyaltyParameters,
    needs_any_of=(("orders", "order_lines", "products"),),
    look_up=_look_up,
    may_read=("customers", "order_lines", "orders", "products"),
    figure_ids=("loyalty.scr", "loyalty.dirichlet_m", "loyalty.dirichlet_k", "loyalty.dirichlet_s", "loyalty.excess"),
)
