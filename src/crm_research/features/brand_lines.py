"""Which sales of which brand, category or store fall into a market: what loyalty to brands is counted from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import ibis

from crm_research.errors import ParameterError, StudyError
from crm_research.features.clock import instant
from crm_research.features.purchases import Occasion, check_occasion, keep_dealings
from crm_research.features.window import known_rows, outcome_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Unit = Literal["brand", "category", "store", "own_brand"]
UNITS: Final[tuple[Unit, ...]] = ("brand", "category", "store", "own_brand")
OWN: Final = "own brand"
OTHERS: Final = "other brands"
MOST_UNITS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Market:
    """Which purchases are meant: of what, inside what, in which window, and what one purchase is.

    Parameters
    ----------
    unit
        What competes: ``brand``, ``category``, ``store`` or ``own_brand`` (own against the rest).
    category
        Only products of this category; None takes all.
    after, until
        The window, (after, until].
    occasion
        A customer's ``day`` or ``order`` with the brand counts once.
    most
        Units told apart, the largest by purchases; the rest are put together.
    """

    unit: Unit
    category: str | None
    after: datetime
    until: datetime
    occasion: Occasion = "day"
    most: int = MOST_UNITS

    @property
    def middle(self) -> datetime:
        """The midnight that halves the window: (after, middle] and (middle, until]."""
        half = self.after + (self.until - self.after) / 2
        return half.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def days(self) -> float:
        """Length of the window."""
        return (self.until - self.after) / timedelta(days=1)


def units_of(study: Study) -> tuple[Unit, ...]:
    """Which kinds of unit can purchases of this study be split by? In the order in which they are preferred."""
    held = []
    if study.has("orders", "order_lines", "products"):
        columns = study.table("products").columns
        held += [name for name in ("brand", "category") if name in columns]
        held += ["own_brand"] if "is_own_brand" in columns else []
    if study.has("orders") and "store" in study.table("orders").columns:
        held.append("store")
    return tuple(name for name in UNITS if name in held)


def build_lines(study: Study, market: Market, *, outcomes: bool = False) -> ir.Table:
    """Which sales of which unit did customers make in the window?

    Parameters
    ----------
    study
        Needs orders; order_lines and products unless the unit is the store and no category is chosen.
    outcomes
        Read the holdout instead of what was known at as_of.

    Returns
    -------
    ibis table
        One sold line: customer_id, order_id, ordered_at, unit (empty where not known), revenue. Returns, cancelled
        orders, and lines that brought no money are left out.
    """
    check_market(study, market)
    rows = outcome_rows(study, "orders") if outcomes else known_rows(study, "orders")
    sales = read_sales(rows, market)
    if market.unit == "store" and market.category is None:
        named = sales.mutate(unit=sales.store.cast("string").nullif(""))
        return named.filter(named.revenue > 0).select("customer_id", "order_id", "ordered_at", "unit", "revenue")
    lines = study.table("order_lines")
    lines = lines.filter(lines.revenue > 0).select("order_id", "product_id", "revenue")
    keys = ["order_id", "customer_id", "ordered_at"] + (["store"] if market.unit == "store" else [])
    dated = lines.inner_join(sales.select(*keys), "order_id")
    products = label_products(study, market)
    joined = (
        dated.inner_join(products, "product_id")
        if market.category is not None
        else dated.left_join(products, "product_id")
    )
    unit = joined.store if market.unit == "store" else joined.label
    return joined.mutate(unit=unit.cast("string").nullif("")).select(
        "customer_id", "order_id", "ordered_at", "unit", "revenue"
    )


def check_market(study: Study, market: Market) -> None:
    """Raise unless the study can be split that way."""
    check_occasion(market.occasion)
    held = units_of(study)
    if market.unit not in UNITS:
        raise ParameterError(f"unit must be one of {', '.join(UNITS)}; not {market.unit!r}.")
    if market.unit not in held:
        found = f"it can be split by {', '.join(held)}" if held else "it can be split by nothing"
        raise StudyError(
            f"Purchases of study {study.name!r} cannot be split by {market.unit}: {found}. Map the column in the "
            "study's "
            "file (products: brand, category, is_own_brand; orders: store)."
        )
    if market.category is not None and "category" not in held:
        raise StudyError(
            f"Study {study.name!r} knows no category of its products, so {market.category!r} cannot be chosen. "
            "Map products: category in its file."
        )
    if market.until <= market.after:
        raise ParameterError(f"The window must end after it begins; found {market.after} to {market.until}.")


def read_sales(orders: ir.Table, market: Market) -> ir.Table:
    """Orders of the window that are sales, whatever was bought."""
    dealings = keep_dealings(orders)
    return dealings.filter(
        dealings.is_sale,
        dealings.ordered_at > instant(market.after),
        dealings.ordered_at <= instant(market.until),
    )


def label_products(study: Study, market: Market) -> ir.Table:
    """One product, whatever its records repeat: product_id, label (the unit it is of) and category."""
    rows = known_rows(study, "products")
    if market.unit == "own_brand":
        is_own = rows.is_own_brand.any()
        label: Any = is_own.isnull().ifelse(None, is_own.ifelse(OWN, OTHERS))
    elif market.unit == "store":
        label = ibis.null("string")
    else:
        label = rows[market.unit].cast("string").nullif("").min()
    kept = {"label": label, **({"category": rows.category.min()} if "category" in rows.columns else {})}
    named = rows.group_by("product_id").agg(**kept)
    return named if market.category is None else named.filter(named.category == market.category)


def occasion_key(lines: ir.Table, market: Market) -> ir.Value:
    """What tells one purchase occasion of a customer from another: its day, or its order."""
    return lines.ordered_at.truncate("D") if market.occasion == "day" else lines.order_id
