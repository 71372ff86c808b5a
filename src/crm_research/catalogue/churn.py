"""Churn of contracts: when and why customers leave, and whom to keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class ChurnParameters(ReportParameters):
    """How far to look, which groups and characteristics to compare, and what a contact costs and brings."""

    study: str = "telco"
    horizon_months: int | None = Field(
        default=None,
        ge=1,
        le=600,
        description="How far the pictures look; None as far as enough contracts were watched.",
    )
    group: str | None = Field(
        default=None, description="Attribute to compare; None takes the plan, else the category that differs most."
    )
    covariates: list[str] | None = Field(
        default=None, description="What may go with leaving; None takes plan, fee, attributes and what changes in time."
    )
    risk_months: list[int] = Field(
        default=[1, 3, 6, 12], min_length=1, description="Horizons of the risks of single customers."
    )
    target_base: float | None = Field(
        default=None, gt=0, description="Contracts to be held a year from now; None holds today's number."
    )
    margin_per_month: float | None = Field(
        default=None, ge=0, description="Margin of a contract; None takes margin_share of its fee."
    )
    margin_share: float = Field(default=0.5, gt=0, le=1, description="Share of the fee that is margin.")
    contact_cost: float | None = Field(
        default=None, ge=0, description="Of one contact; None takes 0.5 % of a customer's mean value."
    )
    incentive_cost: float | None = Field(
        default=None, ge=0, description="Of what those who accept are given; None takes 5 % of the mean value."
    )
    save_rates: list[float] = Field(
        default=[0.3, 0.126, 0.512],
        min_length=3,
        max_length=3,
        description="Share of would-be leavers a contact keeps: best guess, lower and upper end. An assumption.",
    )


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.churn.named import check_named

    check_named(study, group=values["group"], covariates=values["covariates"])


REPORT = Report(
    id="churn",
    title="Contract churn",
    question="When do customers end their contracts, for which reasons, and whom is it worth keeping?",
    notebook="02_churn.ipynb",
    parameters=ChurnParameters,
    needs_any_of=(("contracts",),),
    look_up=_look_up,
    may_read=(
        "contacts",
        "contract_states",
        "contracts",
        "customers",
        "links",
        "link_doubts",
        "link_pairs",
        "orders",
    ),
    figure_ids=(
        "churn.contract.median_tenure_days",
        "churn.contract.survival_3m",
        "churn.contract.survival_12m",
        "churn.contract.survival_24m",
        "churn.renewal.retention_1",
        "churn.target.retention_needed",
    ),
)
