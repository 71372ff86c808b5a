"""Customer file: who a few customers are, what they are worth, what is at stake, and what is to be done next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study

_TOP = "top"


class CustomerFileParameters(ReportParameters):
    """Whose file it is."""

    study: str = "simulated"
    customers: Literal["top"] | list[str] = Field(
        default="top",
        description="Ids of 1 to 20 customers, or their pseudonyms; top takes those with most at stake.",
    )
    n_top: int = Field(default=5, ge=1, le=20, description="How many customers top takes.")

    @field_validator("customers", mode="before")
    @classmethod
    def _read_customers(cls, value: Any) -> Any:
        """A text that is no list names one customer; numbers are the texts of ids."""
        if isinstance(value, str) and value.strip() == _TOP:
            return _TOP
        if isinstance(value, str):
            held = _read_list(value)
            return [value.strip()] if held is None else held
        return [str(one) for one in value] if isinstance(value, (list, tuple)) else value


def _read_list(text: str) -> list[str] | None:
    if not text.strip().startswith("["):
        return None
    try:
        held = json.loads(text)
    except ValueError:
        return None
    return [str(one) for one in held] if isinstance(held, list) else None


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.customer_file.choose import find_customers

    if values["customers"] != _TOP:
        find_customers(study, values["customers"])


REPORT = Report(
    id="customer-file",
    title="Customer file",
    question="Who are these customers, what are they worth, what is at stake, and what is to be done next?",
    notebook="12_customer_file.ipynb",
    parameters=CustomerFileParameters,
    # A file gathers what several tables tell; of orders alone the report on value says of each customer what is known.
    needs_any_of=(("contacts",), ("people",), ("contracts",)),
    look_up=_look_up,
    may_read=(
        "activities",
        "activity_use",
        "campaign_responses",
        "campaign_targets",
        "campaigns",
        "contacts",
        "contract_states",
        "contracts",
        "customers",
        "indicators",
        "invoices",
        "links",
        "link_doubts",
        "link_pairs",
        "order_lines",
        "orders",
        "partners",
        "people",
        "products",
        "surveys",
    ),
    figure_ids=("file.contribution", "file.value", "file.at_stake"),
    tells_of_single=True,
    names_customers=("customers",),
)
