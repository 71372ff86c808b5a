"""Whom is this page about, where some customers also have a contract?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.features.window import known_rows
from crm_research.steps import step
from crm_research.theme import say_count

if TYPE_CHECKING:
    from crm_research.study import Study


@step
def explain_setting(study: Study) -> str:
    """Why is leaving inferred here, and what do contracts say of it where the study has some?"""
    why = "An order ends nothing: nobody records that a customer has left, so it is inferred from silence. "
    if not study.has("contracts"):
        return f"{why}The study holds no contracts."
    contracts = known_rows(study, "contracts").select("customer_id")
    n_contracted = int(contracts.customer_id.nunique().to_pyarrow().as_py())
    buyers = known_rows(study, "orders").select("customer_id").distinct()
    n_both = int(buyers.semi_join(contracts, "customer_id").count().to_pyarrow().as_py())
    return (
        f"{why}The study also holds contracts of {say_count(n_contracted, 'customer')}, {n_both:,} of them among the "
        "buyers: the end of a contract is recorded and is the matter of the report on contract churn; here only their "
        "orders count, so a customer may be silent and still under contract."
    )
