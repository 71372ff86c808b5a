"""Loyalty to brands, categories, stores or the own brand: against the norm of their size."""

from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty, describe_brands
from crm_research.pillars.brand_loyalty.holdout import PenetrationCheck, check_penetrations
from crm_research.pillars.brand_loyalty.page import BrandLoyaltyPage
from crm_research.pillars.brand_loyalty.setting import Setting, choose_market
from crm_research.pillars.brand_loyalty.tables import brand_table

__all__ = [
    "BrandLoyalty",
    "BrandLoyaltyPage",
    "PenetrationCheck",
    "Setting",
    "brand_table",
    "check_penetrations",
    "choose_market",
    "describe_brands",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
