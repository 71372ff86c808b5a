"""The customer base: what the study holds."""

from __future__ import annotations

from crm_research.catalogue.entry import Report, ReportParameters


class CustomerBaseParameters(ReportParameters):
    """Only what every report takes."""

    study: str = "complete-journey"


REPORT = Report(
    id="customer-base",
    title="Customer base",
    question="Whom do we know, how well, and how much of the revenue rests on how few?",
    notebook="00_customer_base.ipynb",
    parameters=CustomerBaseParameters,
    needs_any_of=(("orders",), ("contracts",), ("customers",)),
    figure_ids=("base.customers", "base.orders", "base.revenue", "base.top20_revenue_share"),
)
