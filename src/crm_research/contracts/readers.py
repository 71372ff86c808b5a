"""Which reports read which table; a test holds this to the catalogue, which stands on a higher floor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FILE: Final = "customer-file"
_MONEY: Final = ("value", "grades", _FILE)  # reports that count money of customers
_VIEW: Final = ("single-view",)
# Reports that say how much of their main number hangs on the joins of records.
_JOINED: Final = ("customer-base", "segmentation", "churn", "value")
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
        "order_lines": ("customer-base", "segmentation", "loyalty", "brand-loyalty", _FILE),
        "products": ("segmentation", "brand-loyalty", _FILE),
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
        "surveys": ("satisfaction", "segmentation", "loyalty", "grades", _FILE),
        "campaigns": ("segmentation", "loyalty", "value", "data-quality", _FILE),
        "campaign_targets": ("segmentation", "loyalty", "value", "data-quality", _FILE, "single-view"),
        "campaign_responses": ("segmentation", "loyalty", _FILE),
        "activities": _MONEY,
        "activity_use": ("segmentation", *_MONEY),
        "invoices": _MONEY,
        "partners": (_FILE,),
        "indicators": (_FILE,),
        "people": (_FILE,),
        "customer_records": ("data-quality", *_VIEW),
        "repairs": ("data-quality",),
        "links": (_FILE, *_VIEW, *_JOINED),
        "customer_relations": _VIEW,
        "link_events": _VIEW,
        "link_pairs": _VIEW,
        "link_doubts": (*_JOINED, _FILE),
        "link_judgements": _VIEW,
    }
)
