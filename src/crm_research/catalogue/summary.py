"""The summary over all other reports of a study and its day."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters


class SummaryParameters(ReportParameters):
    """Where the other reports lie, for a notebook opened by hand."""

    study: str = "complete-journey"
    results: str | None = Field(
        default=None, description="Folder of the shelf with the other reports; None takes the run's own, or reports/."
    )


def _check_files(own: Path | None = None) -> None:
    from crm_research.pillars.summary.rules import company_rules, read_rules

    read_rules(company_rules(), own)


REPORT = Report(
    id="summary",
    title="Summary",
    question="What should who do, what has changed, and what do these records say to what everybody says?",
    notebook="99_summary.ipynb",
    parameters=SummaryParameters,
    needs_any_of=(("orders",), ("contracts",), ("customers",), ("surveys",)),
    may_read=("campaign_responses", "campaigns", "contracts", "customers", "orders", "surveys"),
    figure_ids=("summary.actions", "ledger.figures", "ledger.unvalidated"),
    is_last=True,
    check_files=_check_files,
)
