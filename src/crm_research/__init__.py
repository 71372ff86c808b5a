"""crm_research: a research desk for customer relationships.

Notebooks open a study and ask the pillars one question each::

    from crm_research import open_study

    records = open_study("cdnow")
    records.table("orders")  # an Ibis table; nothing is read until something is computed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_research.version import __version__

if TYPE_CHECKING:
    from crm_research import show
    from crm_research.catalogue.applying import reports_of
    from crm_research.catalogue.told_parameters import parameters
    from crm_research.features.overview import overview
    from crm_research.figures import Figure
    from crm_research.pillars import (
        brand_loyalty,
        churn,
        customer_base,
        customer_base_audit,
        customer_file,
        data_quality,
        grades,
        loyalty,
        satisfaction,
        segmentation,
        silent_churn,
        single_view,
        summary,
        value,
    )
    from crm_research.sources.opening import open_study
    from crm_research.study import Study

__all__ = [
    "Figure",
    "Study",
    "__version__",
    "brand_loyalty",
    "churn",
    "customer_base",
    "customer_base_audit",
    "customer_file",
    "data_quality",
    "grades",
    "loyalty",
    "open_study",
    "overview",
    "parameters",
    "reports_of",
    "satisfaction",
    "segmentation",
    "show",
    "silent_churn",
    "single_view",
    "summary",
    "value",
]
# Rooms of the package that are offered at its door.
_ROOMS = {
    "customer_base_audit": "crm_research.pillars.customer_base_audit",
    "brand_loyalty": "crm_research.pillars.brand_loyalty",
    "churn": "crm_research.pillars.churn",
    "customer_base": "crm_research.pillars.customer_base",
    "customer_file": "crm_research.pillars.customer_file",
    "grades": "crm_research.pillars.grades",
    "data_quality": "crm_research.pillars.data_quality",
    "loyalty": "crm_research.pillars.loyalty",
    "satisfaction": "crm_research.pillars.satisfaction",
    "segmentation": "crm_research.pillars.segmentation",
    "silent_churn": "crm_research.pillars.silent_churn",
    "single_view": "crm_research.pillars.single_view",
    "show": "crm_research.show",
    "summary": "crm_research.pillars.summary",
    "value": "crm_research.pillars.value",
}

_HOMES = {
    "Figure": "crm_research.figures",
    "Study": "crm_research.study",
    "open_study": "crm_research.sources.opening",
    "overview": "crm_research.features.overview",
    "parameters": "crm_research.catalogue.told_parameters",
    "reports_of": "crm_research.catalogue.applying",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import crm_research` itself stays quick."""
    from importlib import import_module

    if name in _ROOMS:
        return import_module(_ROOMS[name])
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """What Tab offers: the pillars, `open_study`, and what they hand out."""
    return sorted(__all__)
