"""The tables of a world keep their contracts and agree with one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.contracts import TABLES
from crm_research.simulate import World
from crm_research.simulate.study_file import DRAWN
from tests.simulate.reading import read_parameters, read_table, to_cents

_ARROW_TYPES = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "boolean": pa.bool_(),
}


def _columns(name):
    """Of the contract, but for the numbers of several systems in the place of a customer_id."""
    return [column for column in TABLES[name].columns if column.name not in {"system", "local_id"}]


@pytest.mark.parametrize("name", DRAWN)
def test_a_table_has_every_column_of_its_contract_in_its_type(world: World, name: str) -> None:
    schema = pq.read_table(world.path / name).schema
    for column in _columns(name):
        assert schema.field(column.name).type == _ARROW_TYPES[column.type], column.name


@pytest.mark.parametrize("name", DRAWN)
def test_a_table_has_rows_and_tells_how_many(world: World, name: str) -> None:
    assert len(read_table(world, name)) == world.n_rows[name] > 0


@pytest.mark.parametrize("name", DRAWN)
def test_values_keep_the_rules_of_their_columns(world: World, name: str) -> None:
    rows = read_table(world, name)
    for column in _columns(name):
        values = rows[column.name]
        if not column.nullable:
            assert values.notna().all(), column.name
        if column.allowed is not None:
            assert set(values.dropna()) <= set(column.allowed), column.name
        if column.minimum is not None:
            assert (values.dropna() >= column.minimum).all(), column.name
        if column.type == "float64":
            assert np.isfinite(values.dropna()).all(), column.name


@pytest.mark.parametrize("name", DRAWN)
def test_keys_are_unique_and_references_resolve(world: World, name: str) -> None:
    rows, contract = read_table(world, name), TABLES[name]
    if contract.key:
        assert not rows.duplicated(list(contract.key)).any()
    for reference in contract.references:
        known = read_table(world, reference.to_table)[reference.to_column]
        assert rows[reference.column].dropna().isin(known).all(), reference


@pytest.mark.parametrize("name", [name for name in DRAWN if TABLES[name].known_at])
def test_nothing_is_recorded_after_the_records_end_nor_closed_before_it_began(world: World, name: str) -> None:
    rows, contract = read_table(world, name), TABLES[name]
    assert (rows[contract.known_at] < pd.Timestamp(world.settings.end)).all()
    for column in contract.columns:
        if column.happens_later:
            later = rows[column.name]
            assert (later.isna() | (later >= rows[contract.known_at])).all(), column.name
            assert not (later >= pd.Timestamp(world.settings.end)).any(), column.name


def test_lines_sum_to_their_order_to_the_cent(world: World) -> None:
    orders, lines = read_table(world, "orders").set_index("order_id"), read_table(world, "order_lines")
    for column in ("revenue", "discount", "cost"):
        summed = to_cents(lines[column]).groupby(lines["order_id"]).sum()
        pd.testing.assert_series_equal(
            summed.sort_index(), to_cents(orders[column]).sort_index(), check_names=False, obj=column
        )


def test_a_return_gives_back_an_earlier_sale_of_the_same_customer(world: World) -> None:
    orders = read_table(world, "orders")
    back = orders[orders["kind"] == "return"].assign(order_id=lambda rows: rows["order_id"].str.replace("R", "O"))
    both = back.merge(orders, on="order_id", suffixes=("", "_sold"))
    assert len(both) == len(back) > 20
    assert (both["customer_id"] == both["customer_id_sold"]).all()
    assert (both["ordered_at"] > both["ordered_at_sold"]).all()
    assert (both["revenue"] == -both["revenue_sold"]).all()
    assert (both["kind_sold"] == "sale").all()


def test_sales_bring_money_and_about_the_stated_shares_come_back_or_are_cancelled(world: World) -> None:
    orders = read_table(world, "orders")
    assert (orders.loc[orders["kind"] == "sale", "revenue"] > 0).all()
    shares = orders["kind"].value_counts(normalize=True)
    assert shares["return"] == pytest.approx(world.settings.return_rate, rel=0.25)
    assert shares["cancelled"] == pytest.approx(world.settings.cancel_rate, rel=0.25)


def test_nobody_orders_before_registering(world: World) -> None:
    customers = read_table(world, "customers").set_index("customer_id")
    orders = read_table(world, "orders")
    assert (orders["ordered_at"] >= orders["customer_id"].map(customers["registered_at"])).all()


def test_no_product_stands_on_two_lines_of_an_order(world: World) -> None:
    assert not read_table(world, "order_lines").duplicated(["order_id", "product_id"]).any()


def test_each_cost_pool_pays_for_its_minutes_and_a_unit_of_them_is_its_true_cost(world: World) -> None:
    use = read_table(world, "activity_use")
    known = use[use["period"] <= pd.Timestamp(world.settings.as_of)].groupby("activity")["quantity"].sum()
    true = pd.DataFrame(read_parameters(world)["activities"]).T
    rows = read_table(world, "activities").set_index("activity")
    a_minute = rows["cost_pool"] / rows["capacity"]
    assert a_minute.groupby(rows["resource"]).nunique().eq(1).all()
    assert (rows["unit_time"] * a_minute).to_dict() == pytest.approx(true["unit_cost"].to_dict(), rel=1e-12)
    assert rows["unit_time"].to_dict() == true["unit_minutes"].to_dict()
    spare = rows["capacity"] - known * rows["unit_time"] * rows["resource"].map(
        {"order desk": 1.25, "warehouse": 1.1, "service team": 1.2}
    )
    assert spare.between(-1e-6, 2).all()


def test_activities_count_what_stands_in_the_other_tables(world: World) -> None:
    used = read_table(world, "activity_use").groupby("activity")["quantity"].sum()
    contacts = read_table(world, "contacts")["kind"].value_counts()
    assert used["order handling"] == world.n_rows["orders"]
    assert used["picking"] == world.n_rows["order_lines"]
    assert used["invoicing"] == world.n_rows["invoices"]
    assert used["complaint handling"] == contacts["complaint"]
    assert used["customer visits"] == contacts["visit"]


def test_a_dealers_revenue_is_that_of_the_orders_it_took(world: World) -> None:
    orders = read_table(world, "orders")
    taken = orders[(orders["channel"] == "dealer") & (orders["kind"] != "cancelled")]
    month = taken["ordered_at"].dt.to_period("M").dt.to_timestamp()
    expected = to_cents(taken["revenue"]).groupby([taken["store"], month]).sum()
    results = read_table(world, "partner_results").query("measure == 'revenue'")
    reported = to_cents(results.set_index(["partner_id", "period"])["value"])
    assert reported[reported != 0].to_dict() == expected[expected != 0].to_dict()


def test_every_sale_to_a_business_is_invoiced_and_nothing_else(world: World) -> None:
    orders, customers = read_table(world, "orders"), read_table(world, "customers")
    businesses = customers.loc[customers["kind"] == "business", "customer_id"]
    sales = orders[orders["customer_id"].isin(businesses) & (orders["kind"] == "sale")]
    invoices = read_table(world, "invoices")
    billed = dict(zip(invoices["invoice_id"].str[1:], invoices["amount"], strict=True))
    assert billed == dict(zip(sales["order_id"].str[1:], sales["revenue"], strict=True))


def test_contract_states_follow_one_another_from_start_to_end(world: World) -> None:
    contracts = read_table(world, "contracts").set_index("contract_id")
    states = read_table(world, "contract_states").sort_values(["contract_id", "valid_from"])
    of_contract = states.groupby("contract_id")
    assert set(states["contract_id"]) == set(contracts.index)
    first = of_contract.first()
    assert (first["valid_from"] == contracts["started_at"].reindex(first.index)).all()
    assert (first["plan"] == contracts["plan"].reindex(first.index)).all()
    assert (first["fee"] == contracts["fee"].reindex(first.index)).all()
    following = of_contract["valid_from"].shift(-1)
    assert (states.loc[following.notna(), "valid_to"] == following.dropna()).all()
    ends = of_contract["valid_to"].nth(-1)
    last = states.loc[ends.index].set_index("contract_id")["valid_to"]
    ended = contracts["ended_at"].reindex(last.index)
    assert (last.isna() == ended.isna()).all()
    assert (last.dropna() == ended.dropna()).all()


def test_older_contracts_are_seen_from_the_beginning_of_the_records_only(world: World) -> None:
    contracts, start = read_table(world, "contracts"), pd.Timestamp(world.settings.start)
    older = contracts["started_at"] < start
    assert older.sum() > 50
    assert (contracts.loc[older, "observed_from"] == start).all()
    assert contracts.loc[~older, "observed_from"].isna().all()
    assert not (contracts["ended_at"] < start).any()
    assert contracts["end_reason"].isna().equals(contracts["ended_at"].isna())


def test_some_customers_have_several_contracts_and_some_none(world: World) -> None:
    per_customer = read_table(world, "contracts")["customer_id"].value_counts()
    assert (per_customer > 1).sum() > 50
    assert len(per_customer) < 0.7 * world.settings.n_customers


def test_names_and_words_of_customers_are_chinese_among_others(world: World) -> None:
    for values in (read_table(world, "customers")["name"], read_table(world, "contacts")["text"]):
        share = values.str.contains("[\u4e00-\u9fff]").mean()
        assert 0.1 < share < 0.6


def test_a_response_does_not_tell_whose_it_is(world: World) -> None:
    surveys = read_table(world, "surveys").drop_duplicates("response_id")
    assert 0.01 < surveys["customer_id"].isna().mean() < 0.12
    named = surveys.dropna(subset=["customer_id"]).sort_values("customer_id")
    assert not named["response_id"].is_monotonic_increasing
