"""What the records say of a customer or a product, one row each, whatever they repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from crm_research.study import Study


def describe_customers(study: Study, names: Iterable[str]) -> ir.Table:
    """One customer known at as_of: customer_id and those of the named columns that the study's customers have.

    Where a customer is recorded twice the earliest registered record stands, so that a join never counts anybody
    twice. The contract of customers forbids such records; a study may still have chosen to live with some.
    """
    records = known_rows(study, "customers")
    held = [name for name in dict.fromkeys(names) if name in records.columns]
    times = [name for name in ("registered_at",) if name in records.columns]
    order = [records[name] for name in dict.fromkeys([*times, *held])]
    if not order:
        return records.select("customer_id").distinct()
    number = ibis.row_number().over(group_by=records.customer_id, order_by=order)
    numbered = records.select("customer_id", *held, _number=number)
    return numbered.filter(numbered._number == 0).select("customer_id", *held)


def describe_products(study: Study) -> ir.Table:
    """One product: product_id, and category and is_own_brand where the study has them."""
    products = known_rows(study, "products")
    measures = {}
    if "category" in products.columns:
        measures["category"] = products.category.min()
    if "is_own_brand" in products.columns:
        measures["is_own_brand"] = products.is_own_brand.any()
    return products.group_by("product_id").agg(**measures) if measures else products.select("product_id").distinct()
