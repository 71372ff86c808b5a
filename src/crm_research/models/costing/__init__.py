"""What an hour of work costs, and what of it nobody used: time-driven activity-based costing."""

from crm_research.models.costing.time_driven import UNUSED_NAMES, CostRates, rate_activities

__all__ = ["UNUSED_NAMES", "CostRates", "rate_activities"]
