"""Data quality: how far the records can be relied on, what is worst, and what it costs."""

from __future__ import annotations

from crm_research.catalogue.entry import Report, ReportParameters


class DataQualityParameters(ReportParameters):
    """Only what every report takes."""

    study: str = "simulated"


REPORT = Report(
    id="data-quality",
    title="Data quality",
    question="How far can the records be relied on, what is worst, and what does it cost?",
    notebook="10_data_quality.ipynb",
    parameters=DataQualityParameters,
    needs_any_of=(("orders",), ("contracts",), ("customers",)),
    passes_over_faults=True,
    figure_ids=("quality.completeness", "quality.invalid_share", "quality.suspect_share"),
)
