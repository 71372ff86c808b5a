"""Grades of business customers: who is strategic, on which weights it hangs, and whether the service fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class GradesParameters(ReportParameters):
    """Who is graded, by what, with which weights, and how many are strategic."""

    study: str = "simulated"
    who: Literal["business", "all"] = Field(
        default="business", description="Who is graded; all where the study does not tell businesses apart."
    )
    months: int = Field(
        default=12, ge=1, le=120, description="Whole calendar months up to as_of over which money is counted."
    )
    capital_rate: float | None = Field(
        default=None,
        ge=0,
        description="Cost of money that customers owe, a year, as a factor (0.08 for 8 %); None: it is not charged.",
    )
    contact_costs: bool = Field(default=True, description="Are the contacts' own costs charged beside activities?")
    position: str | None = Field(
        default=None, description="Column of customers, a number, that says how they stand in their industry."
    )
    satisfaction_items: list[str] | None = Field(
        default=None, description="Questions that ask for satisfaction; None takes those whose names say so."
    )
    lifetime_value: bool = Field(
        default=True, description="Is what customers will still bring a criterion, as the report on value expects it?"
    )
    horizon_years: float = Field(default=3.0, gt=0, le=50, description="Years ahead over which that is counted.")
    discount_rate: float = Field(
        default=0.1, ge=0, description="Yearly discount rate of that, as a factor: 0.1 for 10 %."
    )
    weights: dict[str, float] | None = Field(
        default=None, description="Criterion to its weight; None takes the study's own, else all weigh the same."
    )
    judgements: dict[str, float | str] | None = Field(
        default=None,
        description="Pair of criteria, as in margin over volume, to how many times as important the first is (1/9 to "
        "9); None takes the study's own.",
    )
    weighting: Literal["given", "judgements", "entropy"] = Field(
        default="given", description="Which weights make the grades: given, by judgements, or as customers differ."
    )
    a_share: float = Field(default=0.2, gt=0, lt=1, description="Share of customers of grade A, the strategic ones.")
    b_share: float = Field(default=0.3, ge=0, lt=1, description="Share of customers of grade B.")
    n_ranked: int = Field(
        default=2_000, ge=2, le=20_000, description="How many customers are graded at most: those who bring most."
    )
    spread: float = Field(
        default=0.1, gt=0, lt=0.5, description="Typical error of a weight of one half, for the limits of places."
    )


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.models.lifetime_value import check_yearly_rate
    from crm_research.pillars.grades.measure import check_asked

    if values["capital_rate"] is not None:
        check_yearly_rate(values["capital_rate"], "capital_rate")
    check_yearly_rate(values["discount_rate"], "discount_rate")
    check_asked(
        study, **{name: values[name] for name in ("position", "satisfaction_items", "weights", "judgements")},
        shares=(values["a_share"], values["b_share"]),
    )  # fmt: skip


REPORT = Report(
    id="grades",
    title="Grades of business customers",
    question="Which business customers are strategic, does it hang on the weights, and do they get the service that "
    "fits?",
    notebook="09_grades.ipynb",
    parameters=GradesParameters,
    needs_any_of=(("orders",), ("contracts",)),
    look_up=_look_up,
    may_read=(
        "activities",
        "activity_use",
        "contacts",
        "contract_states",
        "contracts",
        "customers",
        "invoices",
        "orders",
        "surveys",
    ),
    figure_ids=("grades.contribution_share", "grades.strategic_whatever_share", "grades.consistency_ratio"),
)
