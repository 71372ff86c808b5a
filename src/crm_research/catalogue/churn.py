"""Churn of contracts: when and why customers leave."""

from __future__ import annotations

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters


class ChurnParameters(ReportParameters):
    """How far to look, and which groups to compare."""

    study: str = "telco"
    horizon_months: int | None = Field(
        default=None,
        ge=1,
        le=600,
        description="How far the pictures look; None as far as enough contracts were watched.",
    )
    group: str | None = Field(default=None, description="Attribute to compare; None takes the study's first category.")


REPORT = Report(
    id="churn",
    title="Contract churn",
    question="When do customers end their contracts, for which reasons, and which groups leave sooner?",
    notebook="02_churn.ipynb",
    parameters=ChurnParameters,
    needs_any_of=(("contracts",),),
    figure_ids=("churn.contract.median_tenure_days", "churn.contract.survival_12m"),
)
