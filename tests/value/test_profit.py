"""Profit of customers counted by hand: what each brings, costs and leaves, and what is nobody's."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars import value
from crm_research.pillars.value.profit.measure import AFTER_SERVICE, PROFIT, REVENUE, measure_profit, open_books
from crm_research.pillars.value.profit.measure import profit_table as table_of
from crm_research.pillars.value.setting import cautions
from tests.builders import a_study, contracts, orders
from tests.features.test_dialects import SparkOptions
from tests.value.worlds import ACTIVITIES, BOUGHT, USE, a_company

# 300 for 300 minutes: 1 a minute. A call costs 20, an order 5.
EXPECTED = pd.DataFrame(
    [
        ("ann", 1000.0, 500.0, 10.0, 0.0, 490.0),
        ("bob", 100.0, 40.0, 85.0, 6.0, -31.0),
        ("cy", -20.0, -8.0, 10.0, 0.0, -22.0),
        ("dee", 31.0 * 16 / 31 + 31.0, 0.0, 0.0, 0.0, 47.0),
    ],
    columns=["customer_id", "income", "goods", "service", "contacts", "profit"],
).set_index("customer_id")


@pytest.fixture(scope="module")
def found():
    return measure_profit(a_company())


def profits(study, **asked):
    return table_of(study, open_books(study, **asked)).to_pandas().set_index("customer_id").sort_index()


def test_each_customer_by_hand():
    pd.testing.assert_frame_equal(profits(a_company())[EXPECTED.columns], EXPECTED, check_index_type=False)


@pytest.mark.slow
def test_money_owed_costs_its_days(found):
    # 365.25 for 30 days of the window, and 730.5 for 30 more: 30 + 60 money-years of a day.
    assert profits(a_company(), capital_rate=0.1).loc["ann", "capital"] == pytest.approx(9.0)
    assert profits(a_company(), capital_rate=0.1).loc["ann", "profit"] == pytest.approx(481.0)
    assert found.of_customers("receivables") == pytest.approx(90.0)
    assert any("Customers owed 89.75 EUR on average" in said or "Customers owed" in said for said in cautions(found))


def test_what_names_nobody_or_nobody_known_is_in_the_ledger_and_with_no_customer(found):
    ledger = found.reconciled.set_index("what")
    assert ledger.loc["revenue after discount, returns taken off", "of_nobody_known"] == 40.0
    assert ledger.loc["activities used", "of_nobody_known"] == 20.0
    assert ledger.loc["activities used", "ledger"] == 125.0
    assert found.is_reconciled
    assert found.pools["amount"].tolist() == pytest.approx([105.0, 20.0, 40.0, 135.0, 300.0])
    said = list(cautions(found))
    assert "40 EUR of revenue name no customer: they are in the ledger and with no customer." in said
    assert any(line.startswith("Costs of 20 EUR are of customers who stand in no table") for line in said)


@pytest.mark.slow
def test_the_cost_of_work_spread_by_volume_is_the_same_money():
    table = profits(a_company())
    assert (table["by_volume"] - table["profit"]).sum() == pytest.approx(0.0, abs=1e-9)
    # Of 105, by what each brings: 1,000, 100, 0 (less than nothing) and 47.
    before = table["profit"] + table["service"]
    assert (before - table["by_volume"]).tolist() == pytest.approx(
        [105 * 1000 / 1147, 105 * 100 / 1147, 0.0, 105 * 47 / 1147]
    )
    by_orders = profits(a_company(), volume="orders")
    assert (by_orders["profit"] + by_orders["service"] - by_orders["by_volume"]).tolist() == pytest.approx(
        [105 * 2 / 4, 105 / 4, 105 / 4, 0.0]
    )
    assert table["is_moved"].tolist() == [False, True, False, False]


def test_losses_and_the_curve(found):
    assert (found.n_customers, found.n_losing, found.loss) == (4, 2, pytest.approx(-53.0))
    assert found.total == pytest.approx(484.0)
    assert float(found.whale.peak.estimate) == pytest.approx(537 / 484)
    assert found.whale.earners_share == 0.5
    assert found.top20 is None  # four customers have no fifth


@pytest.mark.slow
@pytest.mark.parametrize(
    ("left_out", "noun"),
    [
        ({}, PROFIT),
        ({"orders": BOUGHT.drop(columns="cost")}, AFTER_SERVICE),
        ({"orders": BOUGHT.drop(columns="cost"), "activities": None, "contacts": None}, REVENUE),
        ({"orders": None}, PROFIT),
        ({"orders": None, "activities": None, "contacts": None}, REVENUE),
    ],
)
def test_what_is_left_is_called_profit_only_where_costs_are_known(left_out, noun):
    study = a_company(**left_out)
    page = value.ValuePage(study)
    assert page.result.noun == noun
    said = "\n".join(map(repr, page.sections().values()))
    assert "nan" not in said
    if noun == REVENUE:
        assert "Which customers cost money is not known: the study records no costs" in repr(page.answer)
        assert "profit" not in repr(page.answer).replace("no profit", "").replace("Share of profit from", "")


def test_a_rate_of_twelve_is_asked_back():
    with pytest.raises(ParameterError, match=r"12 would be 1,200 % a year\. If 12 % is meant, give 0\.12\."):
        measure_profit(a_company(), capital_rate=12)
    with pytest.raises(ParameterError, match=r"capital_rate is a share a year, 0 or more .* not -0\.1"):
        measure_profit(a_company(), capital_rate=-0.1)
    with pytest.raises(ParameterError, match="volume must be one of revenue, orders"):
        measure_profit(a_company(), volume="units")


@pytest.mark.slow
def test_use_without_a_cost_and_cost_without_use_are_named():
    odd = ACTIVITIES.assign(activity=["$visits$", "orders"], resource=[None, "desk"])
    said = list(cautions(measure_profit(a_company(activities=odd))))
    assert "'calls' is used and has no cost: the use is not charged." in said
    assert "'$visits$' is paid for and used by nobody: the cost is charged to nobody." in said


@pytest.mark.slow
def test_use_beyond_capacity_charges_no_more_than_was_spent():
    found = measure_profit(a_company(activities=ACTIVITIES.assign(capacity=[20.0, 10.0])))
    assert found.pools["amount"].iloc[-2] == pytest.approx(0.0)
    assert found.is_reconciled
    assert any("'desk' is used beyond the capacity paid for" in line for line in cautions(found))


@pytest.mark.slow
def test_books_that_do_not_add_up_are_louder_than_anything_else():
    from dataclasses import replace

    found = measure_profit(a_company())
    ledger = found.reconciled.assign(
        difference=[0.02, *[0.0] * (len(found.reconciled) - 1)],
        is_equal=[False, *[True] * (len(found.reconciled) - 1)],
    )
    broken = replace(found, reconciled=ledger)
    page = value.ValuePage(a_company())
    page.__dict__["result"] = broken
    assert repr(page.answer).startswith(
        "Caution: THE BOOKS DO NOT ADD UP: revenue after discount, returns taken off by"
    )
    assert page.gravest_doubt().startswith("THE BOOKS DO NOT ADD UP")
    assert {one.verdict for one in page.statement.figures} == {"refuted"}


@pytest.mark.slow
def test_one_customer_with_one_order():
    page = value.ValuePage(a_study(orders=orders(("ann", "2024-01-05", 5.0), cost=[2.0])))
    assert page.result.total == pytest.approx(3.0)
    assert "1 customer is too few to part into gold, iron and lead." in repr(page.answer)
    assert "nan" not in "\n".join(map(repr, page.sections().values()))


@pytest.mark.slow
def test_nobody_in_the_window():
    page = value.ValuePage(
        a_study(
            orders=orders(("ann", "2022-01-05", 5.0)), contracts=contracts(("bob", "2021-01-01", "2021-02-01", "x"))
        )
    )
    assert repr(page.answer).startswith("Nobody brought anything from 2023-07-01 to 2024-06-30 (12 months).")


@pytest.fixture
def spark_options():
    before = ibis.options.pyspark
    ibis.options.pyspark = SparkOptions()
    yield
    ibis.options.pyspark = before


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_what_the_engine_is_asked_compiles_where_the_data_live(dialect, spark_options):
    from dataclasses import replace

    from crm_research.features.customer_costs import use_within
    from crm_research.features.profit import build_money, build_profit
    from crm_research.pillars.value.tiers.rule import tier_of

    study = a_company()
    books = open_books(study)
    unbound = replace(
        study, tables={name: ibis.table(table.schema(), name=name) for name, table in study.tables.items()}
    )
    plan = books.costing.plan
    money = build_money(unbound, books.window, plan)
    assert "customer_id" in ibis.to_sql(money, dialect=dialect)
    table = build_profit(money, plan, volume=1147.0, service=105.0, noise=books.noise)
    placed = table.mutate(place=tier_of(table.profit, (10.0, 1.0)))
    for column in placed.columns:
        assert column in ibis.to_sql(placed, dialect=dialect)
    assert ibis.to_sql(use_within(unbound, books.window), dialect=dialect)


@pytest.mark.postgres
@pytest.mark.slow
def test_postgresql_says_the_same(postgres_url):
    from tests.features.test_engines import moved_to
    from tests.postgres import connect_to_write

    study = moved_to(a_company(), connect_to_write(postgres_url))
    assert study.backend.name == "postgres"
    pd.testing.assert_frame_equal(profits(study)[EXPECTED.columns], EXPECTED, check_index_type=False, check_dtype=False)
    page = value.ValuePage(study)
    assert "\n".join(map(repr, page.sections().values()))
    assert page.result.is_reconciled


def test_use_of_another_unit_of_time_is_found():
    from crm_research.features.customer_costs import find_grain_months

    assert find_grain_months(a_company()) == 3
    assert find_grain_months(a_company(activity_use=USE.assign(period="2024-01-01"))) == 1


@pytest.mark.slow
def test_work_of_unknown_length_is_charged_to_nobody_and_said():
    found = measure_profit(a_company(activities=ACTIVITIES.drop(columns="unit_time")))
    assert found.costing.rates is None
    assert next(cautions(found)).startswith(
        "The use of activities is charged to nobody. activities.unit_time: 'calls' shares the resource 'desk'"
    )
    assert found.is_reconciled
    assert found.of_customers("service") == 0
