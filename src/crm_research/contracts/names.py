"""Names of columns that the package makes beside a user's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from crm_research.contracts.tables import TABLES

# What features lay beside declared attributes: stretches of a contract, groups and weights, histories of purchases.
# A test walks what they make and fails where a name is not here. A spell's own (tenure_days, is_ended) are never read.
_MADE: Final = frozenset(
    {
        "at_days", "goes_on", "first_period", "last_period", "period_index", "ended", "n_at_risk", "n_ended",
        "group", "cluster", "weight", "n_customers", "n_orders", "spend", "days_since_last", "frequency",
        "recency_days", "age_days", "first_seen", "first_channel", "first_store", "first_purchase_value",
        "first_order_at", "last_order_at", "mean_order_value", "discount_share", "n_returns", "n_gaps", "mean_gap_days",
        "median_gap_days", "cv_gap", "n_products", "n_categories", "contacts_a_month", "complaints_a_month",
        "is_answered", "local_id", *(f"in_{table}" for table in TABLES),
    }
)  # fmt: skip
_CANONICAL: Final = frozenset(name for contract in TABLES.values() for name in contract.column_names)
_RECORDED: Final = "recorded"


def is_internal(name: str) -> bool:
    """Does a name look like a passing column (`_place`) or like what a join adds (`customer_id_right`)?"""
    return name.startswith("_") or (name.lower().endswith("_right") and name.lower()[: -len("_right")] in _CANONICAL)


def name_apart(name: str, taken: Collection[str] = ()) -> str:
    """Under which name is a user's column kept, so that none of ours takes its place?

    Nearly always its own. One that is ours, or looks so, is called as recorded: ``_place`` is ``place_recorded`` and
    ``weight`` is ``weight_recorded``; with a number behind it where another of `taken` is called so.
    """
    if not is_internal(name) and name.lower() not in _MADE:
        return name
    stem = f"{name.strip('_') or 'column'}_{_RECORDED}"
    others = {other.lower() for other in taken}
    return next(
        made for made in (stem, *(f"{stem}_{n}" for n in range(2, len(others) + 3))) if made.lower() not in others
    )
