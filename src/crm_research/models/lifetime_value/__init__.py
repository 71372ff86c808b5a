"""Lifetime value: what customers will still bring, discounted, with limits of the mean and of the outcome."""

from crm_research.models.lifetime_value.amounts import SpendModel, choose_spend, credit_spend, spend_of_gamma_gamma
from crm_research.models.lifetime_value.backtest import compare_forecasts, score_forecast
from crm_research.models.lifetime_value.contracts import ContractValue, value_contracts
from crm_research.models.lifetime_value.courses import order_quantile
from crm_research.models.lifetime_value.credit import estimate_losses
from crm_research.models.lifetime_value.discount import check_yearly_rate, margin_multiple
from crm_research.models.lifetime_value.fees import FeeGrowth, estimate_growth
from crm_research.models.lifetime_value.forward import Forward, look_forward
from crm_research.models.lifetime_value.orders import OrderValue, expect_orders, value_orders
from crm_research.models.lifetime_value.parts import add_outcomes
from crm_research.models.lifetime_value.totals import add_totals, outcome_quantile, total_limits

__all__ = [
    "ContractValue",
    "FeeGrowth",
    "Forward",
    "OrderValue",
    "SpendModel",
    "add_outcomes",
    "add_totals",
    "check_yearly_rate",
    "choose_spend",
    "compare_forecasts",
    "credit_spend",
    "estimate_growth",
    "estimate_losses",
    "expect_orders",
    "look_forward",
    "margin_multiple",
    "order_quantile",
    "outcome_quantile",
    "score_forecast",
    "spend_of_gamma_gamma",
    "total_limits",
    "value_contracts",
    "value_orders",
]
