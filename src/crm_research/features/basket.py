"""Breadth: how much of the range customers buy, how much of it on offer, how much of our own brands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.common_tables import asked_by_many
from crm_research.features.purchases import keep_dealings
from crm_research.features.records import describe_products
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_MEASURES: Final = ("n_products", "n_categories", "discount_share", "own_brand_share")


def build_basket(study: Study) -> ir.Table:
    """How broadly does each customer buy, and how much of it at a discount or of our own brands?

    Parameters
    ----------
    study
        Needs orders; order_lines, products and discounts as far as it has them.

    Returns
    -------
    ibis table
        One customer with at least one purchase at as_of: customer_id; n_products and n_categories (different ones
        bought); discount_share (discount over revenue and discount, where the discount is recorded); own_brand_share
        (share of the revenue of lines whose brand is known to be ours or not). A column for which the study has no
        data is left out, never filled with zeros; a value that cannot be had is empty. Returns do not count.
    """
    orders = keep_dealings(known_rows(study, "orders"))
    sales = orders.filter(orders.is_sale)
    by_customer = sales.group_by("customer_id")
    if "discount" in sales.columns:
        baskets = by_customer.agg(discount_share=_share_of_discount(sales))
    else:
        baskets = sales.select("customer_id").distinct()
    if not study.has("order_lines"):
        return baskets
    breadth = _measure_breadth(study, sales)
    joined = baskets.left_join(breadth, "customer_id")
    return asked_by_many(joined.select("customer_id", *(name for name in _MEASURES if name in joined.columns)))


def _measure_breadth(study: Study, sales: ir.Table) -> ir.Table:
    # The join with known sales is what dates the lines, which carry no time of their own.
    dates = sales.select("order_id", "customer_id").distinct()
    lines = study.table("order_lines").inner_join(dates, "order_id")
    if study.has("products"):
        lines = lines.left_join(describe_products(study), "product_id").drop("product_id_right")
    measures = {"n_products": lines.product_id.nunique()}
    if "category" in lines.columns:
        measures["n_categories"] = lines.category.nunique()
    if "discount" in lines.columns and "discount" not in sales.columns:
        measures["discount_share"] = _share_of_discount(lines)
    if "is_own_brand" in lines.columns:
        known = lines.revenue.sum(where=lines.is_own_brand.notnull())
        ours = lines.revenue.sum(where=lines.is_own_brand).fill_null(0.0)
        measures["own_brand_share"] = (known > 0).ifelse(ours / known.nullif(0.0), None)
    return lines.group_by("customer_id").agg(**measures)


def _share_of_discount(rows: ir.Table) -> ir.FloatingScalar:
    is_known = rows.discount.notnull()
    taken_off = rows.discount.sum(where=is_known)
    full_price = rows.revenue.sum(where=is_known) + taken_off
    return (full_price > 0).ifelse(taken_off / full_price.nullif(0.0), None)
