"""Segmentation: which groups of customers differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class SegmentationParameters(ReportParameters):
    """What to group for, how many groups to try, and how often to try them."""

    study: str = "complete-journey"
    k_min: int = Field(default=2, ge=2, le=20, description="Fewest groups tried.")
    k_max: int = Field(default=8, ge=2, le=20, description="Most groups tried.")
    n_bootstraps: int = Field(default=100, ge=20, le=2000, description="Resamples that judge stability.")
    served_min: int = Field(default=4, ge=2, le=20, description="Fewest groups that can be served apart.")
    served_max: int = Field(default=7, ge=2, le=20, description="Most groups that can be served apart.")
    purpose: Literal["behaviour", "needs", "rhythm", "usage", "contracts", "attributes", "attitudes"] | None = Field(
        default=None,
        description="What to group for: how they buy, what they buy, when they buy, how they use, what they hold, who "
        "they are, what they answer; the first that the records carry, unless one is named.",
    )
    inputs: list[str] | None = Field(
        default=None, min_length=1, description="Features or attributes to group by, instead of those of the purpose."
    )
    rfm_cuts: dict[Literal["recency", "frequency", "money"], list[float]] | None = Field(
        default=None, description="Four ascending cut points of days, purchases or money, instead of quintiles."
    )

    @model_validator(mode="after")
    def _check_order(self) -> SegmentationParameters:
        if self.k_max < self.k_min:
            raise ValueError(f"k_max must be at least k_min; {self.k_max} is less than {self.k_min}")
        if self.served_max < self.served_min:
            raise ValueError(
                f"served_max must be at least served_min; {self.served_max} is less than {self.served_min}"
            )
        return self


def _spare(tables: Collection[str], values: Mapping[str, Any]) -> set[str]:
    """Buyers are grouped without contracts, and without answers or use of activities where these are not asked for."""
    purpose = values.get("purpose")
    if "orders" not in tables:
        return set()
    spared = set() if purpose == "contracts" else {"contracts"}
    if purpose not in ("contracts", "attitudes"):
        spared.add("surveys")
    return spared if purpose == "usage" else {*spared, "activities", "activity_use"}


def _look_up(study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.pillars.segmentation.inputs.purposes import check_asked
    from crm_research.pillars.segmentation.rfm.rules import check_cuts

    if values["rfm_cuts"] is not None:
        check_cuts(values["rfm_cuts"])
    if values["purpose"] is not None or values["inputs"] is not None:
        check_asked(study, purpose=values["purpose"], inputs=values["inputs"])


REPORT = Report(
    id="segmentation",
    title="Customer segmentation",
    question="Which groups of customers differ in how they buy or what they hold, and are the groups real?",
    notebook="01_segmentation.ipynb",
    parameters=SegmentationParameters,
    needs_any_of=(("orders",), ("contracts",), ("customers",), ("surveys",), ("activity_use",)),
    may_read=(
        "activities",
        "activity_use",
        "campaign_responses",
        "campaign_targets",
        "campaigns",
        "contacts",
        "contracts",
        "customers",
        "links",
        "link_doubts",
        "link_pairs",
        "order_lines",
        "orders",
        "products",
        "surveys",
    ),
    spares=_spare,
    look_up=_look_up,
    figure_ids=("segmentation.k", "segmentation.verdict", "segmentation.silhouette"),
)
