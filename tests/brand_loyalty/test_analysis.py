"""What the report says of brands drawn from a known market, and of records too thin for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError, StudyError
from crm_research.models.dirichlet import ABOVE, BELOW
from crm_research.pillars import brand_loyalty as bl
from crm_research.pillars.brand_loyalty import charts, figures, heavy_words, tables, words
from crm_research.pillars.brand_loyalty.heavy_words import newcomer_finding, trend_title
from crm_research.pillars.brand_loyalty.words import holdout_finding, law_finding, own_brand_finding
from crm_research.theme import chart_style
from tests.brand_loyalty.worlds import NAMES, a_juice_market, a_study_of
from tests.builders import a_study, orders
from tests.models.dirichlet.markets import draw_purchases

DRAWINGS = (charts.draw_double_jeopardy, charts.draw_excess, charts.draw_duplication, charts.draw_trend)


def show_everything(loyalty):
    """The whole page must come out whatever the records hold."""
    lines = words.answer(loyalty)
    assert 1 <= len(lines) <= 3
    assert all(line.strip() and "nan" not in line and "inf" not in line for line in lines)
    everything = [figures.key_figures, figures.parameter_figures, figures.scr_figures, figures.excess_figures]
    for figure in (figure for make in everything for figure in make(loyalty)):
        figure.as_record()
    for draw in DRAWINGS:
        with chart_style():
            draw(loyalty).figure.savefig(BytesIO(), format="svg")
    page = bl.BrandLoyaltyPage(a_juice_market(3))
    page.result = loyalty
    for part in page.sections().values():
        part.show()
    for table in (tables.brand_table, tables.money_table, tables.growth_table, tables.heavy_table):
        table(loyalty)


@pytest.fixture(scope="module")
def juice():
    return bl.describe_brands(a_juice_market())


def test_the_market_is_found_and_recovered(juice):
    assert juice.setting.market.category == "juice"  # milk has one brand only
    assert juice.n_customers == 1500
    used = juice.fit.params[juice.fit.params["is_used"]].set_index("name")
    for name, truth in (("m", 5.0), ("k", 0.8), ("s", 1.6)):
        assert used.loc[name, "lower"] * 0.93 <= truth <= used.loc[name, "upper"] * 1.07
    assert set(juice.norm["brand"]) == set(NAMES)
    assert "no brand is loyal beyond its size, and none below it" in words.answer(juice)[0]
    assert juice.norm["n_buyers"].sum() > 0
    show_everything(juice)


def test_money_is_kept_apart_from_purchases(juice):
    both = tables.money_table(juice)
    assert both["share_of_purchases"].sum() == pytest.approx(100, abs=0.5)
    assert both["share_of_revenue"].tolist() == both["share_of_purchases"].tolist()  # every purchase costs the same
    cells = {figure.group: figure for figure in figures.scr_figures(juice)}
    largest = cells[juice.norm.loc[0, "brand"]]
    assert largest.lower < largest.estimate < largest.upper
    assert largest.unit == "share"


@pytest.mark.slow
def test_a_brand_bought_oftener_than_its_size_is_named():
    purchases = draw_purchases(2000, m=5, k=0.8, s=1.6, seed=9)[0]
    keen = np.flatnonzero(purchases[:, 2])[::2]
    purchases[keen, 2] += np.random.default_rng(0).poisson(7, len(keen))
    loyalty = bl.describe_brands(a_study_of(purchases))
    assert loyalty.norm.set_index("brand").loc["云鼎", "verdict"] == ABOVE
    assert "云鼎 (+" in words.answer(loyalty)[0]
    assert "is loyal beyond its size" in words.answer(loyalty)[0]
    excess = {figure.group: figure for figure in figures.excess_figures(loyalty)}["云鼎"]
    assert excess.id == "loyalty.excess"
    assert excess.lower > 0
    show_everything(loyalty)


def test_the_holdout_judges_the_norm():
    first, second = draw_purchases(2500, m=5, k=0.8, s=1.6, seed=3, periods=2)
    one, other = a_study_of(first), a_study_of(second, seed=2)
    tables = {name: one.table(name).execute() for name in ("orders", "order_lines", "products")}
    later, lines = other.table("orders").execute(), other.table("order_lines").execute()
    for frame in (later, lines):
        frame["order_id"] = "later " + frame["order_id"]
    later["ordered_at"] += pd.Timedelta(days=365)
    study = a_study(
        as_of="2024-01-01",
        holdout_until="2024-12-31",
        orders=pd.concat([tables["orders"], later]),
        order_lines=pd.concat([tables["order_lines"], lines]),
        products=tables["products"],
    )
    loyalty = bl.describe_brands(study)
    check = loyalty.holdout
    assert check.miss < 0.015
    assert (
        check.brands["observed"] - (second > 0).mean(axis=0)[[NAMES.index(b) for b in check.brands["brand"]]]
    ).abs().max() < 1e-9
    assert "penetrations of 7 brands among 2,500 customers missed by" in check.say()
    assert "lie within the interval" in holdout_finding(loyalty)
    assert all("holdout" in figure.validation for figure in figures.parameter_figures(loyalty))


def test_the_window_is_the_last_year_or_what_was_asked_for():
    study = a_juice_market(400)
    whole, half = bl.describe_brands(study), bl.describe_brands(study, months=6)
    assert whole.setting.market.after.date() <= datetime(2023, 1, 2).date()
    assert half.setting.market.after == datetime(2023, 7, 1)
    assert half.n_purchases < whole.n_purchases
    assert "2023-07-02 to 2024-01-01" in half.window
    long = bl.describe_brands(study, months=60)
    assert "all that the records hold; 60 months were asked for" in " ".join(long.setting.why)


@pytest.mark.parametrize(
    ("unit", "method"), [("category", "zeros"), ("store", "zeros"), ("own_brand", "zeros"), ("brand", "likelihood")]
)
@pytest.mark.slow
def test_every_unit_gives_a_whole_page(unit, method):
    loyalty = bl.describe_brands(a_juice_market(300), unit=unit, category="all", method=method, occasion="order")
    assert loyalty.fit.is_truncated
    show_everything(loyalty)
    if unit == "own_brand":
        assert "Inside our shelves the own brand has" in own_brand_finding(loyalty)
        assert any("says little" in note for note in loyalty.notes)
    if unit == "store":
        assert any("nearness" in note for note in loyalty.notes)


def loyal_all():
    purchases = np.zeros((300, 7), dtype=int)
    purchases[np.arange(300), np.arange(300) % 7] = 1 + np.arange(300) % 4
    return a_study_of(purchases)


def many_brands():
    rng = np.random.default_rng(4)
    purchases = np.zeros((400, 500), dtype=int)
    for row in purchases:
        np.add.at(row, rng.integers(0, 500, 6), 1)
    return a_study_of(purchases, names=tuple(f"牌{i}" for i in range(500)))


def without_names():
    study = a_juice_market(80)
    products = study.table("products").execute().assign(brand=None, category="juice")
    return a_study(
        as_of="2024-01-01",
        orders=study.table("orders").execute(),
        order_lines=study.table("order_lines").execute(),
        products=products.astype({"brand": "string"}),
    )


THIN = {
    "orders only": (lambda: a_study(orders=orders(("a", "2024-01-01", 1.0))), False),
    "nothing yet": (lambda: a_juice_market(60, as_of="2022-01-01"), False),
    "one brand": (
        lambda: a_study_of(draw_purchases(200, m=4, k=1, s=1, seed=1)[0][:, :1], names=("Alpen",), extra=0),
        False,
    ),
    "no names": (without_names, False),
    "twenty customers": (lambda: a_juice_market(20), False),
    "two brands": (
        lambda: a_study_of(draw_purchases(300, m=4, k=1, s=1, shares=np.array([0.6, 0.4]))[0], names=("A", "B")),
        True,
    ),
    "all loyal to one": (loyal_all, True),
    "500 brands": (many_brands, True),
    "hardly anybody": (lambda: a_juice_market(110), True),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", THIN)
def test_thin_records_give_a_whole_page(case):
    make, is_fitted = THIN[case]
    loyalty = bl.describe_brands(make())
    assert (loyalty.fit is not None) == is_fitted
    show_everything(loyalty)
    if not is_fitted:
        assert "cannot say" in words.answer(loyalty)[0]
    if case == "all loyal to one":
        assert "too few customers bought two of them" in law_finding(loyalty)
    if case == "500 brands":
        assert len(loyalty.norm) == 21


def test_what_was_asked_for_and_is_not_there_is_an_error():
    study = a_juice_market(60)
    with pytest.raises(ParameterError, match="juice"):
        bl.describe_brands(study, category="juices")
    with pytest.raises(StudyError, match="cannot be split by store"):
        bl.describe_brands(a_study(orders=orders(("a", "2024-01-01", 1.0)), as_of="2024-07-01"), unit="store")
    with pytest.raises(ParameterError, match="months"):
        bl.describe_brands(study, months=0)
    with pytest.raises(ParameterError, match="method"):
        bl.describe_brands(study, method="guess")
    bare = study.table("products").execute()[["product_id", "brand"]]
    nameless = a_study(
        as_of="2024-01-01",
        orders=study.table("orders").execute(),
        order_lines=study.table("order_lines").execute(),
        products=bare,
    )
    with pytest.raises(StudyError, match="knows no category"):
        bl.describe_brands(nameless, category="juice")
    assert bl.describe_brands(nameless).setting.market.category is None


def a_shop_over_time(*, new: float, fall: float = 0.0, before: bool = True, n: int = 2500, seed: int = 1):
    """Customers with steady rates over two years (or one); part of them join during the last year."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.8, 12.0, n)
    joins = np.where(rng.random(n) < new, 1 + rng.random(n), 0.0)
    many = rng.poisson(rates * 2)
    owner = np.r_[np.repeat(np.arange(n), many), np.arange(n)]
    when = np.r_[2 * rng.random(many.sum()), joins]
    kept = (when >= joins[owner]) & (when >= (0 if before else 1))
    kept &= ~((when > 1.5) & (rates[owner] > 15) & (rng.random(len(owner)) < fall))
    owner, when = owner[kept], when[kept]
    ids = [f"o{i}" for i in range(len(owner))]
    at = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.floor(when * 365), unit="D") + pd.Timedelta(hours=9)
    held = pd.DataFrame({"order_id": ids, "customer_id": [f"c{i}" for i in owner], "ordered_at": at, "revenue": 2.0})
    lines = pd.DataFrame({"order_id": ids, "quantity": 1.0, "revenue": 2.0})
    lines["product_id"] = rng.choice(["a", "b", "c"], len(ids), p=[0.5, 0.3, 0.2])
    products = pd.DataFrame({"product_id": ["a", "b", "c"], "category": "juice", "brand": ["Ard", "Bel", "Cor"]})
    return a_study(as_of="2024-01-01", orders=held, order_lines=lines, products=products)


@pytest.mark.slow
def test_growth_by_newcomers_is_no_fall_of_heavy_buyers():
    loyalty = bl.describe_brands(a_shop_over_time(new=0.6))
    assert loyalty.is_settled
    assert loyalty.trend.heavy["gap_upper"] >= 0
    assert loyalty.trend.level == pytest.approx(1.0, abs=0.05)
    assert "more than chance" not in heavy_words.heavy_finding(loyalty)
    assert "growth by newcomers is no fall" in newcomer_finding(loyalty)
    assert (loyalty.by_brand["gap_upper"] >= 0).all()
    show_everything(loyalty)


def test_a_fall_of_heavy_buyers_is_found_beside_newcomers():
    loyalty = bl.describe_brands(a_shop_over_time(new=0.5, fall=0.5))
    assert "is more than chance" in heavy_words.heavy_finding(loyalty)
    assert trend_title(loyalty).endswith("by more than chance explains")
    unsettled = replace(loyalty, is_settled=False)
    assert "may be no loss at all" in heavy_words.heavy_finding(unsettled)
    assert "newcomers leave open" in trend_title(unsettled)


def test_without_records_from_before_a_fall_is_left_open():
    loyalty = bl.describe_brands(a_shop_over_time(new=0.7, before=False, fall=0.2))
    assert not loyalty.is_settled
    assert loyalty.trend.newcomer_share > 0.05
    assert "whether newcomers explain it is open" in heavy_words.heavy_finding(loyalty)
    assert "newcomers leave open" in trend_title(loyalty)
    assert "too few customers from before the window" in newcomer_finding(loyalty)
    show_everything(loyalty)


@pytest.mark.slow
def test_a_level_that_all_lost_is_not_called_kept_loyalty():
    steady = bl.describe_brands(a_shop_over_time(new=0.0))
    fallen = replace(steady, trend=replace(steady.trend, level=0.6, level_lower=0.55, level_upper=0.65))
    assert "no loss of loyalty" in heavy_words.heavy_finding(steady)
    assert "no loss of loyalty" not in heavy_words.heavy_finding(fallen)
    assert "with all buyers followed at 0.60 times what it explains" in heavy_words.heavy_finding(fallen)


@pytest.mark.parametrize(
    ("verdicts", "shown"),
    [
        # Dorado lies farther above its size than Brise; that Esker lies farther off, below it, comes second.
        ({"Brise": ABOVE, "Dorado": ABOVE, "Esker": BELOW}, "Dorado"),
        ({"Esker": BELOW, "Alpen": BELOW}, "Esker"),
        ({}, "Alpen"),
    ],
)
def test_the_excess_on_the_first_screen_is_a_sure_one_or_the_largest_brands(juice, verdicts, shown):
    excess = {"Alpen": -0.11, "Brise": 0.14, "Dorado": 0.26, "Esker": -0.31}
    norm = juice.norm.assign(
        verdict=[verdicts.get(brand, "as the norm") for brand in juice.norm["brand"]],
        excess_ratio=[excess.get(brand, 0.4) for brand in juice.norm["brand"]],
    )
    first = figures.key_figures(replace(juice, norm=norm))[0]
    assert (first.group, first.estimate) == (shown, excess[shown])
