"""Loyalty as behaviour: who buys again and who stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class LoyaltyParameters(ReportParameters):
    """The length of the periods in which retention is counted, and what one purchase is."""

    study: str = "cdnow"
    period_months: int | None = Field(
        default=None,
        ge=1,
        le=24,
        description="Length of a retention period; None chooses 1, 3 or 12 by the time between purchases.",
    )
    repeat_days: list[int] | None = Field(
        default=None,
        min_length=1,
        max_length=4,
        description="After how many days the share that is back is read; None chooses by the time between purchases.",
    )
    occasion: Literal["day", "order"] = Field(
        default="day", description="What one purchase is: each day with orders, or every order."
    )
    loyal_from: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description="Purchases from which a customer within their rhythm is loyal; None reads it from the return "
        "rates.",
    )
    programme: str | None = Field(
        default=None,
        description="Plan, date of customers or campaign through which customers join a programme; None looks by name.",
    )


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.loyalty.effects.programme import find_membership

    if values["programme"] is not None:
        find_membership(study, values["programme"])


REPORT = Report(
    id="loyalty",
    title="Loyalty: repeat and retention",
    question="Who buys again, how soon, and how many of each intake are still buying?",
    notebook="03_loyalty.ipynb",
    parameters=LoyaltyParameters,
    needs_any_of=(("orders",),),
    look_up=_look_up,
    may_read=(
        "campaign_responses",
        "campaign_targets",
        "campaigns",
        "contacts",
        "contracts",
        "customers",
        "order_lines",
        "orders",
        "products",
        "surveys",
    ),
    figure_ids=("loyalty.repeat_rate", "loyalty.median_days_to_second"),
)
