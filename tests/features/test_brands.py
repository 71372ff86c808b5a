"""Purchases by brand: by hand, against pandas, and in other engines' SQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import LeakageError, ParameterError, StudyError
from crm_research.features.brand_lines import Market, build_lines, units_of
from crm_research.features.brands import build_brand_counts, count_brands, count_buyers, count_categories
from tests.builders import a_study, orders
from tests.features.test_dialects import spark_options  # noqa: F401
from tests.features.test_engines import moved_to
from tests.postgres import connect_to_write

AFTER, UNTIL = datetime(2023, 12, 31), datetime(2024, 7, 1)


def a_shop(**options):
    """Ann buys tea twice on one day and once later, and a cup; Bob another tea; Cy only brings something back."""
    bought = orders(
        ("ann", "2024-01-10 09:00", 7.0),
        ("ann", "2024-01-10 18:00", 5.0),
        ("ann", "2024-06-01", 8.0),
        ("bob", "2024-02-01", 4.0),
        ("cy", "2024-03-01", -4.0),
        ("dee", "2024-03-02", 9.0),
        ("ann", "2024-08-01", 3.0),
        kind=["sale", "sale", "sale", "sale", "return", "cancelled", "sale"],
        store=["north", "north", "south", "", "north", "north", "north"],
    )
    lines = pd.DataFrame(
        [
            ("o1", "green", 1.0, 5.0),
            ("o1", "cup", 1.0, 2.0),
            ("o2", "green", 1.0, 5.0),
            ("o3", "black", 1.0, 8.0),
            ("o3", "free", 1.0, 0.0),
            ("o4", "black", 1.0, 3.0),
            ("o4", "unnamed", 1.0, 1.0),
            ("o5", "black", -1.0, -4.0),
            ("o6", "green", 1.0, 9.0),
            ("o7", "black", 1.0, 3.0),
        ],
        columns=["order_id", "product_id", "quantity", "revenue"],
    )
    products = pd.DataFrame(
        {
            "product_id": ["green", "black", "free", "cup", "unnamed"],
            "category": ["tea", "tea", "tea", "cups", "tea"],
            "brand": ["山茶", "Zest", "Zest", "山茶", None],
            "is_own_brand": [True, False, False, True, None],
        }
    )
    return a_study(
        **{"as_of": "2024-07-01", "holdout_until": "2024-09-01", "orders": bought, "order_lines": lines, **options},
        **({"products": products} if "products" not in options else {}),
    )


def a_market(**options):
    return Market(**{"unit": "brand", "category": None, "after": AFTER, "until": UNTIL, **options})


def by_brand(counts):
    names = dict(zip(counts.units["place"], counts.units["name"], strict=True))
    summed = counts.brands.assign(purchases=counts.brands["n"] * counts.brands["customers"]).groupby("place").sum()
    return summed.rename(index=names)


def test_brands_by_hand():
    counts = count_brands(a_shop(), a_market(category="tea"))
    found = by_brand(counts)
    # Ann's two visits of 10 January are one purchase; the free sachet and Cy's return are none; Dee cancelled.
    assert found["purchases"].to_dict() == {"Zest": 2, "山茶": 1}
    assert found["customers"].to_dict() == {"Zest": 2, "山茶": 1}
    assert found["category_purchases"].to_dict() == {"Zest": 3, "山茶": 2}
    assert found["sole_buyers"].to_dict() == {"Zest": 1, "山茶": 0}
    assert found["revenue"].to_dict() == {"Zest": 11.0, "山茶": 10.0}
    assert found["category_revenue"].to_dict() == {"Zest": 21.0, "山茶": 18.0}
    assert counts.population["customers"].sum() == 2
    assert counts.n_unnamed == 1
    assert counts.n_units == 2
    assert counts.sets.groupby("mask")["customers"].sum().to_dict() == {0b01: 1, 0b11: 1}


def test_every_order_is_a_purchase_if_one_says_so():
    found = by_brand(count_brands(a_shop(), a_market(category="tea", occasion="order")))
    assert found["purchases"].to_dict() == {"Zest": 2, "山茶": 2}


def test_halves_by_hand():
    counts = count_brands(a_shop(), a_market())
    assert a_market().middle == datetime(2024, 3, 31)
    of_all = counts.halves[counts.halves["place"] == -1]
    # First half: Ann one day of 山茶 (tea and cup), then one of Zest; Bob one of Zest, then nothing.
    assert of_all.groupby("n")[["customers", "later"]].sum().to_dict("index") == {1: {"customers": 2, "later": 1}}


def test_who_had_bought_before_the_window_is_marked():
    """Before 20 January only Ann had bought; Cy's return and Dee's cancelled order make no customer."""
    halves = count_brands(a_shop(), a_market(after=datetime(2024, 1, 20), until=datetime(2024, 12, 31))).halves
    of_all = halves[halves["place"] == -1]
    assert of_all[["settled", "n", "customers"]].to_numpy().tolist() in ([[1, 1, 1], [0, 1, 1]], [[0, 1, 1], [1, 1, 1]])
    zest = halves[halves["place"] == 0]
    assert zest.groupby("settled")["customers"].sum().to_dict() == {0: 1, 1: 1}
    assert (count_brands(a_shop(), a_market()).halves["settled"] == 0).all()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("category", {"tea": 3, "cups": 1}),
        ("own_brand", {"own brand": 1, "other brands": 2}),
        ("store", {"north": 1, "south": 1}),
    ],
)
def test_other_units(unit, expected):
    assert by_brand(count_brands(a_shop(), a_market(unit=unit)))["purchases"].to_dict() == expected


def test_the_small_ones_stand_together():
    counts = count_brands(a_shop(), a_market(unit="category", most=1))
    assert counts.units["name"].tolist() == ["tea"]
    assert counts.n_units == 2
    assert sorted(counts.brands["place"].unique()) == [0, 1]


def test_the_holdout_is_read_only_when_asked():
    study, market = a_shop(), a_market()
    later = Market(unit="brand", category=None, after=UNTIL, until=datetime(2024, 9, 1))
    assert build_lines(study, later).count().execute() == 0
    found = count_buyers(study, later, ["山茶"], population=market, outcomes=True)
    assert found.to_dict("records") == [{"place": 1, "buyers": 1, "purchases": 1}]
    with pytest.raises(LeakageError):
        build_lines(a_shop(holdout_until=None), later, outcomes=True)


def test_categories_to_choose_from():
    found = count_categories(a_shop(), a_market(), unit="brand").set_index("category")
    assert found["n_lines"].to_dict() == {"tea": 4, "cups": 1}
    assert found.loc["tea", "n_units"] == 2
    assert found.loc["tea", "largest_share"] == 0.5


def test_what_cannot_be_had_is_said():
    assert units_of(a_shop()) == ("brand", "category", "store", "own_brand")
    bare = a_study(orders=orders(("a", "2024-01-01", 1.0)))
    assert units_of(bare) == ()
    with pytest.raises(StudyError, match="cannot be split by brand"):
        count_brands(bare, a_market())
    with pytest.raises(ParameterError, match="occasion"):
        count_brands(a_shop(), a_market(occasion="week"))
    with pytest.raises(ParameterError, match="window"):
        count_brands(a_shop(), a_market(until=AFTER))


def test_against_pandas_whatever_the_order_of_rows():
    rng = np.random.default_rng(7)
    n = 3000
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i // 2}" for i in range(n)],
            "product_id": rng.choice(["p1", "p2", "p3", "p4"], n, p=[0.5, 0.3, 0.15, 0.05]),
            "quantity": 1.0,
            "revenue": rng.choice([0.0, 2.0, 3.0, -1.0], n),
        }
    )
    owners = rng.integers(0, 150, n // 2)
    days = pd.Timestamp("2024-01-02") + pd.to_timedelta(rng.integers(0, 170, n // 2), unit="D")
    bought = orders(*[(f"c{c}", str(d), 5.0) for c, d in zip(owners, days, strict=True)])
    bought["order_id"] = [f"o{i}" for i in range(n // 2)]
    products = pd.DataFrame({"product_id": ["p1", "p2", "p3", "p4"], "brand": ["A", "B", "A", "C"]})
    shuffled = frame.sample(frac=1, random_state=1)
    for lines in (frame, shuffled):
        counts = count_brands(a_study(orders=bought, order_lines=lines, products=products), a_market())
        found = by_brand(counts)
        joined = frame[frame["revenue"] > 0].merge(bought[["order_id", "customer_id", "ordered_at"]]).merge(products)
        visits = joined.drop_duplicates(["customer_id", "brand", "ordered_at"])
        per = visits.groupby(["customer_id", "brand"]).size()
        assert found["purchases"].to_dict() == per.groupby("brand").sum().to_dict()
        assert found["customers"].to_dict() == per.groupby("brand").size().to_dict()
        total = per.groupby("customer_id").sum()
        of_category = counts.category.groupby("n")["customers"].sum().to_dict()
        assert of_category == total.value_counts().sort_index().to_dict()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_other_engines_can_say_it(dialect, spark_options):  # noqa: F811 - a fixture
    study = a_shop()
    bare = {name: ibis.table(table.schema(), name=name) for name, table in study.tables.items()}
    query = build_brand_counts(replace(study, tables=bare), a_market(category="tea"))
    assert "UNION ALL" in ibis.to_sql(query, dialect=dialect)


@pytest.mark.postgres
def test_postgresql_counts_the_same(postgres_url):
    """All but the groups, which come from each engine's own hash of the customer's id."""
    here = a_shop()
    there = moved_to(here, connect_to_write(postgres_url))
    market = a_market(category="tea", most=1)
    one, other = count_brands(here, market), count_brands(there, market)
    pd.testing.assert_frame_equal(by_brand(one).drop(columns="group"), by_brand(other).drop(columns="group"))
    assert (one.n_units, one.n_unnamed) == (other.n_units, other.n_unnamed)
    assert one.sets["mask"].sort_values().tolist() == other.sets["mask"].sort_values().tolist()
