"""Customer value: who earns us money, what losing them would cost, and which customers cost money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters

if TYPE_CHECKING:
    from crm_research.study import Study


class ValueParameters(ReportParameters):
    """Over which months money is counted, how costs are charged, and what makes a customer gold."""

    study: str = "simulated"
    months: int = Field(
        default=12, ge=1, le=120, description="Whole calendar months up to as_of over which money is counted."
    )
    volume: Literal["revenue", "orders"] = Field(
        default="revenue", description="What costing by volume spreads the cost of activities by."
    )
    capital_rate: float | None = Field(
        default=None,
        ge=0,
        description="Cost of money that customers owe, a year, as a factor (0.08 for 8 %); None: it is not charged.",
    )
    contact_costs: bool = Field(default=True, description="Are the contacts' own costs charged beside activities?")
    tier_rule: Literal["share", "quantile", "value"] = Field(
        default="share",
        description="What makes the tiers: share of what is earned, share of customers, or money that each leaves.",
    )
    gold_from: float | None = Field(
        default=None, description="Where gold ends: a share (0.8 of what is earned, 0.2 of customers), or money."
    )
    iron_from: float | None = Field(
        default=None, description="Where iron ends: a share (0.95 of what is earned, 0.8 of customers), or money."
    )
    horizon_years: float = Field(
        default=3.0, gt=0, le=50, description="How many years ahead the value of customers is counted."
    )
    discount_rate: float = Field(
        default=0.1, ge=0, description="What money due in a year is worth less, as a share (0.1 for 10 %)."
    )
    margin_share: float | None = Field(
        default=None, description="Margin as a share of revenue, where orders carry no cost; None leaves revenue."
    )
    n_backtests: int = Field(
        default=3, ge=0, le=12, description="Past dates at which forecasts are held against what came."
    )


def _look_up(_study: Study, values: Mapping[str, Any]) -> None:
    from crm_research.models.lifetime_value import check_yearly_rate
    from crm_research.pillars.value.lifetime.money import check_margin
    from crm_research.pillars.value.tiers.rule import make_rule

    if values["capital_rate"] is not None:
        check_yearly_rate(values["capital_rate"], "capital_rate")
    check_yearly_rate(values["discount_rate"], "discount_rate")
    check_margin(values["margin_share"])
    make_rule(values["tier_rule"], values["gold_from"], values["iron_from"])


REPORT = Report(
    id="value",
    title="Customer value",
    question="Who earns us money, what would losing them cost, and which customers cost money?",
    notebook="08_value.ipynb",
    parameters=ValueParameters,
    needs_any_of=(("orders",), ("contracts",)),
    look_up=_look_up,
    may_read=(
        "activities",
        "activity_use",
        "campaign_targets",
        "campaigns",
        "contacts",
        "contract_states",
        "contracts",
        "customers",
        "invoices",
        "links",
        "link_doubts",
        "link_pairs",
        "orders",
    ),
    figure_ids=(
        "value.top20_profit_share",
        "value.gini",
        "value.whale_peak",
        "value.loss_making_share",
        "value.tier_share",
        "value.equity",
        "value.clv_mean",
        "value.gg_p",
        "value.gg_q",
        "value.gg_gamma",
        "value.backtest_error",
        "value.backtest_naive_error",
        "value.retention_5pt_profit",
        "value.risk_adjusted",
        "value.risk_adjusted_each_share",
        "value.churn_doubt_share",
    ),
)
