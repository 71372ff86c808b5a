"""What kind of fault a rule tells of, and who can mend it: one list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VALIDITY: Final = "validity"
UNIQUENESS: Final = "uniqueness"
TIMELINESS: Final = "timeliness"
CONSISTENCY: Final = "consistency"
COMPLETENESS: Final = "completeness"
DIMENSIONS: Final = (COMPLETENESS, VALIDITY, UNIQUENESS, TIMELINESS, CONSISTENCY)

# Each rule of the contract, and what it tells of; a test holds that none is left out.
# Rows after the study's window are true ones that are not read: the window may move, and no record needs a mend.
AFTER_WINDOW: Final = "after-window"
DIMENSION_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "empty-table": COMPLETENESS,
        "missing-column": COMPLETENESS,
        "missing-key": COMPLETENESS,
        "missing-value": COMPLETENESS,
        "attribute-empty": COMPLETENESS,
        "order-without-lines": COMPLETENESS,
        "undescribed": COMPLETENESS,
        "no-dealings": COMPLETENESS,
        "wrong-type": VALIDITY,
        "placeholder-key": VALIDITY,
        "rounded-key": VALIDITY,
        "cut-key": VALIDITY,
        "total-row": VALIDITY,
        "total-name": VALIDITY,
        "not-allowed": VALIDITY,
        "below-minimum": VALIDITY,
        "not-finite": VALIDITY,
        "too-large": VALIDITY,
        "negative-revenue": VALIDITY,
        "positive-return": VALIDITY,
        "discount-beyond-reason": VALIDITY,
        "outside-scale": VALIDITY,
        "scale-reversed": VALIDITY,
        "before-1900": VALIDITY,
        "beyond-calendar": VALIDITY,
        "zero-date": VALIDITY,
        AFTER_WINDOW: VALIDITY,
        "one-spelling": UNIQUENESS,
        "duplicate-key": UNIQUENESS,
        "repeated-row": UNIQUENESS,
        "crowd-account": UNIQUENESS,
        "nothing-known": TIMELINESS,
        "stale": TIMELINESS,
        "holdout-empty": TIMELINESS,
        "holdout-short": TIMELINESS,
        "orphan": CONSISTENCY,
        "line-sign": CONSISTENCY,
        "known-too-early": CONSISTENCY,
        "time-order": CONSISTENCY,
        "early-payment": CONSISTENCY,
        "overlap": CONSISTENCY,
        "goes-on": CONSISTENCY,
        "lines-sum": CONSISTENCY,
        "one-customer": CONSISTENCY,
        "one-scale": CONSISTENCY,
    }
)
# What a reading or an export does to records, wherever they come from.
_EXPORTED: Final = frozenset(
    {
        "empty-table", "missing-column", "wrong-type", "rounded-key", "cut-key", "total-row", "total-name",
        "beyond-calendar", "zero-date", "not-finite", "stale", "holdout-empty", "holdout-short", "nothing-known",
        "repeated-row", "duplicate-key",
    }
)  # fmt: skip
EXPORTER: Final = "whoever exports the records"
_KEEPERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customers": "whoever keeps the customer records",
        "customer_records": "whoever keeps the records of that system",
        "links": "whoever links the records",
        "customer_relations": "whoever links the records",
        "repairs": "whoever repairs the records",
        "link_events": "whoever links the records",
        "link_pairs": "whoever links the records",
        "link_doubts": "whoever links the records",
        "link_judgements": "whoever links the records",
        "people": "sales",
        "orders": "sales",
        "order_lines": "sales",
        "products": "whoever keeps the list of products",
        "contracts": "whoever enters contracts",
        "contract_states": "whoever enters contracts",
        "contacts": "service",
        "surveys": "whoever runs the surveys",
        "campaigns": "marketing",
        "campaign_targets": "marketing",
        "campaign_responses": "marketing",
        "activities": "whoever keeps the costs of activities",
        "activity_use": "whoever keeps the costs of activities",
        "invoices": "finance",
        "partners": "whoever looks after partners",
        "partner_results": "whoever looks after partners",
        "indicators": "whoever loads the figures of the economy",
    }
)


def keeper_of(table: str, rule: str = "") -> str:
    """Who can mend what is wrong in a table; what a rule tells of exports is the exporter's."""
    return EXPORTER if rule in _EXPORTED else _KEEPERS.get(table, "whoever keeps the table")
