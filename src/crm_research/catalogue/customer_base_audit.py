"""The customer-base audit: who brings the revenue, and what moved it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters


class CustomerBaseAuditParameters(ReportParameters):
    """Which periods are compared."""

    study: str = "simulated"
    period: Literal["year", "half-year", "quarter", "month"] | None = Field(
        default=None,
        description="Length of the calendar periods that are compared; None takes the longest of which the records "
        "hold two whole.",
    )


REPORT = Report(
    id="customer-base-audit",
    title="Customer-base audit",
    question="Does the customer base get healthier, or does it live on old customers; what made revenue rise or fall, "
    "and on how few does it rest?",
    notebook="07_customer_base_audit.ipynb",
    parameters=CustomerBaseAuditParameters,
    needs_any_of=(("orders",),),
    may_read=("orders",),
    figure_ids=("audit.revenue",),
)
