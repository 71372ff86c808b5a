"""Customer value: who earns us money, and how sure are we."""

from __future__ import annotations

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters


class ValueParameters(ReportParameters):
    """Over which months money is counted."""

    study: str = "simulated"
    months: int = Field(
        default=12, ge=1, le=120, description="Whole calendar months up to as_of over which money is counted."
    )


REPORT = Report(
    id="value",
    title="Customer value",
    question="Who earns us money?",
    notebook="08_value.ipynb",
    parameters=ValueParameters,
    needs_any_of=(("orders",), ("contracts",)),
    may_read=("contracts", "customers", "orders"),
    figure_ids=("value.revenue",),
)
