"""Loyalty to brands, categories, stores or the own brand: against the norm of their size."""

from crm_research.brand_loyalty.analysis import BrandLoyalty, describe_brands
from crm_research.brand_loyalty.charts import draw_double_jeopardy, draw_duplication, draw_excess, draw_trend
from crm_research.brand_loyalty.figures import (
    ESTIMATORS,
    duplication_figures,
    excess_figures,
    key_figures,
    parameter_figures,
    scr_figures,
)
from crm_research.brand_loyalty.heavy_words import heavy_finding
from crm_research.brand_loyalty.holdout import PenetrationCheck, check_penetrations
from crm_research.brand_loyalty.page import (
    show_brands,
    show_heavy_buyers,
    show_holdout,
    show_norm,
    show_requirements,
    show_setting,
    show_shared_buyers,
)
from crm_research.brand_loyalty.setting import Setting, choose_market
from crm_research.brand_loyalty.tables import brand_table, growth_table, heavy_table, money_table
from crm_research.brand_loyalty.words import answer, excess_finding, judged_brands, size_finding

__all__ = [
    "ESTIMATORS",
    "BrandLoyalty",
    "PenetrationCheck",
    "Setting",
    "answer",
    "brand_table",
    "check_penetrations",
    "choose_market",
    "describe_brands",
    "draw_double_jeopardy",
    "draw_duplication",
    "draw_excess",
    "draw_trend",
    "duplication_figures",
    "excess_figures",
    "excess_finding",
    "growth_table",
    "heavy_finding",
    "heavy_table",
    "judged_brands",
    "key_figures",
    "money_table",
    "parameter_figures",
    "scr_figures",
    "show_brands",
    "show_heavy_buyers",
    "show_holdout",
    "show_norm",
    "show_requirements",
    "show_setting",
    "show_shared_buyers",
    "size_finding",
]
