"""Satisfaction and attitude: what customers say, what matters to them, and who is loyal by conviction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class SatisfactionParameters(ReportParameters):
    """What the questions ask, where their names do not tell, and how loyalty by conviction is cut."""

    study: str = "simulated"
    recommend: str | None = Field(
        default=None, description="Item of the net promoter score; None looks for one from 0 to 10 by its name."
    )
    constructs: dict[str, list[str]] | None = Field(
        default=None, description="Construct to its items; None puts items together that differ by a number at the end."
    )
    paths: list[list[str]] | None = Field(
        default=None, description="Pairs (cause, consequence); None takes the order of the satisfaction indices."
    )
    pairs: dict[str, str] | None = Field(
        default=None, description="Expectation item to experience item; None reads their names."
    )
    compare_by: str | None = Field(
        default=None,
        description="Attribute of customers (or wave) whose groups' paths are compared; None: the first that fits.",
    )
    wave_gap_days: int = Field(default=30, ge=1, le=3650, description="Longer pauses than this part two waves.")
    patronage_days: int = Field(
        default=365, ge=30, le=3650, description="How far back purchases are counted beside attitude."
    )
    attitude_cut: float | None = Field(
        default=None, ge=0, le=100, description="Where a high attitude begins, on 0 to 100; None takes the median."
    )
    rate_cut: float | None = Field(
        default=None, gt=0, description="Where frequent buying begins, in repeat purchases a year; None: the median."
    )
    n_bootstraps: int = Field(default=1000, ge=100, le=20_000, description="Resamples behind intervals.")


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.satisfaction.named import check_named

    asked = {name: values[name] for name in ("recommend", "constructs", "paths", "pairs", "compare_by")}
    if any(value is not None for value in asked.values()):
        check_named(study, **asked, wave_gap_days=values["wave_gap_days"])


REPORT = Report(
    id="satisfaction",
    title="Satisfaction and attitude",
    question="How satisfied are customers, what matters to them, and who is loyal by conviction rather than by habit?",
    notebook="06_satisfaction.ipynb",
    parameters=SatisfactionParameters,
    needs_any_of=(("surveys",),),
    look_up=_look_up,
    # Who could have answered: everybody whom any of these names.
    may_read=(
        "activity_use",
        "campaign_responses",
        "campaign_targets",
        "contacts",
        "contracts",
        "customers",
        "invoices",
        "orders",
        "surveys",
    ),
    figure_ids=("satisfaction.nps", "satisfaction.item_mean"),
)
