"""Single view: how many customers stand behind the records of several systems."""

from __future__ import annotations

from crm_research.catalogue.entry import Report, ReportParameters


class SingleViewParameters(ReportParameters):
    """Only what every report takes."""

    study: str = "several-systems"


REPORT = Report(
    id="single-view",
    title="Single view",
    question="How many customers do we really have, how sure are we, and what do the doubles cost?",
    notebook="11_single_view.ipynb",
    parameters=SingleViewParameters,
    needs_any_of=(("customer_records", "links"),),
    may_read=(
        "customer_records",
        "links",
        "link_pairs",
        "link_judgements",
        "link_events",
        "customer_relations",
        "orders",
        "campaign_targets",
    ),
    figure_ids=("link.customers", "link.duplicates_share", "link.precision", "link.recall", "link.f1"),
    lacks="records of several systems (customer_records) and links between them: name each system in the study file, "
    "then run crm-research link",
)
