"""A world of customers whose truth is known."""

from __future__ import annotations

from crm_research.simulate.setting_checks import COVARIATES
from crm_research.simulate.settings import Reason, WorldSettings
from crm_research.simulate.world import World, simulate_world

__all__ = ["COVARIATES", "Reason", "World", "WorldSettings", "simulate_world"]
