"""Who buys which brand, and how often? Counted in the engine; what leaves it are distributions, never order lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis
import pandas as pd

from crm_research.features.brand_lines import Market, Unit, build_lines, label_products, occasion_key, read_sales
from crm_research.features.clock import instant
from crm_research.features.lots import lot_of
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

N_GROUPS: Final = 40
_VALUES: Final = (
    "n",
    "customers",
    "category_purchases",
    "sole_buyers",
    "revenue",
    "category_revenue",
    "later_squares",
    "settled",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class BrandCounts:
    """Purchases of brands in one window, as distributions by group of customers (``group``, drawn by their ids).

    Parameters
    ----------
    units
        Grain: unit told apart, largest first. Columns ``place``, ``name``, ``purchases``.
    population
        Grain: group. Columns ``group``, ``customers`` (with a purchase of anything in the window).
    category
        Grain: group and purchases of the category. Columns ``group``, ``n``, ``customers``.
    brands
        Grain: group, place and purchases of that unit. Columns ``group``, ``place``, ``n``, ``customers``,
        ``category_purchases``, ``sole_buyers``, ``revenue``, ``category_revenue`` of these customers.
    sets
        Grain: group and set of units bought. Columns ``group``, ``mask`` (bit `place` is set), ``customers``.
    halves
        Grain: group, place (-1: the category), purchases in the window's first half, from 1 on, and whether the
        customer had bought anything before the window. Columns ``group``, ``place``, ``n``, ``settled`` (0 or 1),
        ``customers``, ``later`` (their purchases in the second half), ``later_squares``.
    n_units, n_unnamed
        Different units bought; purchases whose unit is not known, which are left out.
    """

    units: pd.DataFrame
    population: pd.DataFrame
    category: pd.DataFrame
    brands: pd.DataFrame
    sets: pd.DataFrame
    halves: pd.DataFrame
    n_units: int
    n_unnamed: int


def count_brands(study: Study, market: Market) -> BrandCounts:
    """How many customers bought which brand how often, and what else did they buy?

    Returns
    -------
    BrandCounts
        Everything from one query over the order lines (`build_brand_counts`).

    Notes
    -----
    Purchases of the category are the sum of those of its units: a day with two brands is a purchase of each.
    """
    return _sort_out(build_brand_counts(study, market).to_pandas())


def build_brand_counts(study: Study, market: Market) -> ir.Table:
    """The distributions of `BrandCounts`, one under the other, told apart by the column part.

    Returns
    -------
    ibis table
        The engine aggregates lines to customers and units, and these to distributions; nothing finer leaves it.
    """
    lines = build_lines(study, market)
    counts, names, raw = _count_customers(lines, market)
    people = counts.group_by("customer_id").agg(
        category_n=counts.n.sum(),
        category_early=counts.n_early.sum(),
        category_revenue=counts.revenue.sum(),
        # Shifting bits is said differently by every engine; a list of cases is not.
        mask=counts.place.cases(*[(place, 1 << place) for place in range(market.most + 1)]).sum().cast("int64"),
    )
    orders = known_rows(study, "orders")
    people = _mark_settled(people.mutate(group=_group(people.customer_id)), orders, market)
    joined = counts.inner_join(people, "customer_id")
    sales = read_sales(orders, market)
    parts = [
        _brand_part(joined),
        _category_part(people),
        _set_part(people),
        _half_part(people.mutate(place=ibis.literal(-1, "int64"), n_early=people.category_early, n=people.category_n)),
        _half_part(joined),
        _population_part(sales),
        _align(names.filter(names.place < market.most), "units"),
        _align(names.aggregate(n=names.count()), "n_units"),
        _align(raw.filter(raw.unit.isnull()).aggregate(n=raw.n.sum()), "n_unnamed"),  # noqa: PD003 - Ibis
    ]
    return ibis.union(*parts)


def count_buyers(study: Study, market: Market, names: list[str], *, population: Market, outcomes: bool) -> pd.DataFrame:
    """How many of the customers of one window bought each of the named units in another?

    Parameters
    ----------
    market
        The window to count in.
    names
        Units in their order; all others are one more.
    population
        Whoever bought anything in this market's window is asked after.
    outcomes
        Is the window to count in the holdout?

    Returns
    -------
    pandas.DataFrame
        Grain: place. Columns ``place`` (that of the name, len(names) for the rest), ``buyers``, ``purchases``.
    """
    lines = build_lines(study, market, outcomes=outcomes)
    asked = read_sales(known_rows(study, "orders"), population).select("customer_id").distinct()
    lines = lines.filter(lines.unit.notnull()).semi_join(asked, "customer_id")  # noqa: PD004 - Ibis
    visits = lines.select("customer_id", "unit", at=occasion_key(lines, market)).distinct()
    named = visits.mutate(place=visits.unit.cases(*[(name, i) for i, name in enumerate(names)], else_=len(names)))
    per = named.group_by("customer_id", "place").agg(n=named.count())
    found: pd.DataFrame = (
        per.group_by("place").agg(buyers=per.count(), purchases=per.n.sum()).order_by("place").to_pandas()
    )
    return found.astype({"place": int, "buyers": int, "purchases": int})


def count_categories(study: Study, market: Market, *, unit: Unit, most: int = 40) -> pd.DataFrame:
    """Which categories are bought most, and between how many units do customers choose in each?

    Returns
    -------
    pandas.DataFrame
        Grain: category, most bought first. Columns ``category``, ``n_lines`` (sold lines), ``n_units``,
        ``largest_share`` (of the lines, the largest unit's).
    """
    sales = read_sales(known_rows(study, "orders"), market).select("order_id").distinct()
    lines = study.table("order_lines")
    products = label_products(study, Market(unit=unit, category=None, after=market.after, until=market.until))
    products = products.filter(products.category.notnull(), products.label.notnull())  # noqa: PD004 - Ibis
    sold = lines.filter(lines.revenue > 0).select("order_id", "product_id").semi_join(sales, "order_id")
    # Lines are added up by product before anything is looked up: there are far fewer products than lines.
    by_product = sold.group_by("product_id").agg(n=sold.count()).inner_join(products, "product_id")
    by_unit = by_product.group_by("category", "label").agg(n=by_product.n.sum())
    found = by_unit.group_by("category").agg(
        n_lines=by_unit.n.sum(), n_units=by_unit.count(), largest_share=by_unit.n.max() / by_unit.n.sum()
    )
    frame: pd.DataFrame = found.order_by(ibis.desc("n_lines"), "category").limit(most).to_pandas()
    return frame


def _group(customer_id: ir.Value) -> ir.IntegerValue:
    """A group for every customer, the same in every table: customers fall into it by chance, not by their dealings."""
    return (lot_of(customer_id) * N_GROUPS).floor().cast("int64")


def _count_customers(lines: ir.Table, market: Market) -> tuple[ir.Table, ir.Table, ir.Table]:
    """Purchases by customer and place; the units with their places; purchases by customer and raw unit."""
    keyed = lines.mutate(
        at=occasion_key(lines, market), is_early=(lines.ordered_at <= instant(market.middle)).ifelse(1, 0)
    )
    visits = keyed.group_by("customer_id", "unit", "at").agg(is_early=keyed.is_early.max(), revenue=keyed.revenue.sum())
    raw = visits.group_by("customer_id", "unit").agg(
        n=visits.count(), n_early=visits.is_early.sum(), revenue=visits.revenue.sum()
    )
    known = raw.filter(raw.unit.notnull())  # noqa: PD004 - Ibis
    totals = known.group_by("unit").agg(n=known.n.sum())
    order = ibis.window(order_by=[ibis.desc(totals.n), totals.unit])
    names = totals.mutate(place=ibis.row_number().over(order).cast("int64"))
    places = names.select("unit", place=ibis.least(names.place, market.most).cast("int64"))
    placed = known.inner_join(places, "unit")
    counts = placed.group_by("customer_id", "place").agg(
        n=placed.n.sum().cast("int64"), n_early=placed.n_early.sum().cast("int64"), revenue=placed.revenue.sum()
    )
    return counts, names, raw


def _mark_settled(people: ir.Table, orders: ir.Table, market: Market) -> ir.Table:
    """Who had bought anything before the window began, and so had all of both halves to buy in?"""
    dealings = keep_dealings(orders)
    before = dealings.filter(dealings.is_sale, dealings.ordered_at <= instant(market.after))
    known = before.select("customer_id", settled=ibis.literal(1, "int64")).distinct()
    marked = people.left_join(known, "customer_id")
    return marked.select(*people.columns, settled=marked.settled.fill_null(0))


def _brand_part(joined: ir.Table) -> ir.Table:
    found = joined.group_by("group", "place", "n").agg(
        customers=joined.count(),
        category_purchases=joined.category_n.sum(),
        sole_buyers=(joined.n == joined.category_n).sum(),
        revenue=joined.revenue.sum(),
        category_revenue=joined.category_revenue.sum(),
    )
    return _align(found, "brands")


def _category_part(people: ir.Table) -> ir.Table:
    return _align(people.group_by("group", n=people.category_n).agg(customers=people.count()), "category")


def _set_part(people: ir.Table) -> ir.Table:
    return _align(people.group_by("group", n=people.mask).agg(customers=people.count()), "sets")


def _half_part(rows: ir.Table) -> ir.Table:
    rows = rows.filter(rows.n_early > 0).mutate(later=rows.n - rows.n_early)
    early = rows.drop("n").rename(n="n_early")
    found = early.group_by("group", "place", "n", "settled").agg(
        customers=early.count(),
        category_purchases=early.later.sum(),
        later_squares=(early.later.cast("float64") * early.later).sum(),
    )
    return _align(found, "halves")


def _population_part(sales: ir.Table) -> ir.Table:
    people = sales.select("customer_id").distinct()
    people = people.mutate(group=_group(people.customer_id))
    return _align(people.group_by("group").agg(customers=people.count()), "population")


def _align(table: ir.Table, part: str) -> ir.Table:
    """The part in the columns that all parts of the one query share."""
    columns: dict[str, Any] = {"part": ibis.literal(part)}
    for name, kind in (("group", "int64"), ("place", "int64"), ("name", "string")):
        held = name in table.columns
        columns[name] = table[name].cast(kind) if held else ibis.null(kind)
    if "unit" in table.columns:
        columns["name"] = table["unit"].cast("string")
    for name in _VALUES:
        columns[name] = table[name].cast("float64") if name in table.columns else ibis.null("float64")
    return table.select(**columns)


def _sort_out(found: pd.DataFrame) -> BrandCounts:
    def part(name: str, columns: dict[str, str], keys: list[str]) -> pd.DataFrame:
        rows = found.loc[found["part"] == name, list(columns)].rename(columns=columns)
        whole = {
            column: "int64" for column in rows if column not in ("name", "revenue", "category_revenue", "later_squares")
        }
        return rows.astype(whole).sort_values(keys, ignore_index=True)

    def number(name: str) -> int:
        values = found.loc[found["part"] == name, "n"].dropna()
        return int(values.sum())

    same = {name: name for name in (*_VALUES, "group", "place", "name")}

    def keep(*names: str, **renamed: str) -> dict[str, str]:
        return {name: same[name] for name in names} | renamed

    return BrandCounts(
        units=part("units", keep("place", "name", n="purchases"), ["place"]),
        population=part("population", keep("group", "customers"), ["group"]),
        category=part("category", keep("group", "n", "customers"), ["group", "n"]),
        brands=part(
            "brands",
            keep(
                "group", "place", "n", "customers", "category_purchases", "sole_buyers", "revenue", "category_revenue"
            ),
            ["group", "place", "n"],
        ),
        sets=part("sets", keep("group", "customers", n="mask"), ["group", "mask"]),
        halves=part(
            "halves",
            keep("group", "place", "n", "settled", "customers", "later_squares", category_purchases="later"),
            ["group", "place", "n", "settled"],
        ),
        n_units=number("n_units"),
        n_unnamed=number("n_unnamed"),
    )
