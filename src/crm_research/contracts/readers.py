"""Which reports read which table; a test holds this to the catalogue, which stands on a higher floor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_MONEY: Final = ("value", "grades")  # reports that count money of customers
_VIEW: Final = ("single-view",)
READERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "customers": (
            "customer-base",
            "segmentation",
            "loyalty",
            "silent-churn",
            "satisfaction",
            *_MONEY,
            "data-quality",
        ),
        "orders": (
            "customer-base",
            "segmentation",
            "churn",
            "loyalty",
            "silent-churn",
            "brand-loyalty",
            "satisfaction",
            "customer-base-audit",
            *_MONEY,
            "data-quality",
            "single-view",
        ),
        "order_lines": ("customer-base", "segmentation", "loyalty", "brand-loyalty"),
        "products": ("segmentation", "brand-loyalty"),
        "contracts": (
            "customer-base",
            "segmentation",
            "churn",
            "loyalty",
            "silent-churn",
            "satisfaction",
            *_MONEY,
            "data-quality",
        ),
        "contract_states": ("churn", *_MONEY),
        "contacts": ("segmentation", "churn", "loyalty", *_MONEY, "data-quality"),
        "surveys": ("satisfaction", "segmentation", "loyalty", "grades"),
        "campaigns": ("segmentation", "loyalty", "value", "data-quality"),
        "campaign_targets": ("segmentation", "loyalty", "value", "data-quality", "single-view"),
        "campaign_responses": ("segmentation", "loyalty"),
        "activities": _MONEY,
        "activity_use": ("segmentation", *_MONEY),
        "invoices": _MONEY,
        "customer_records": ("data-quality", *_VIEW),
        "repairs": ("data-quality",),
        "links": _VIEW,
        "customer_relations": _VIEW,
        "link_events": _VIEW,
        "link_pairs": _VIEW,
        "link_judgements": _VIEW,
    }
)
