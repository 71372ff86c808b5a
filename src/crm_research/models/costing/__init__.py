"""What an hour of work costs, what of it nobody used, and which costs a study's customers are charged with."""

from crm_research.models.costing.charging import VOLUMES, Costing, plan_costs
from crm_research.models.costing.time_driven import UNUSED_NAMES, CostRates, rate_activities

__all__ = ["UNUSED_NAMES", "VOLUMES", "CostRates", "Costing", "plan_costs", "rate_activities"]
