"""Mapping: the user's columns become the canonical ones, and what cannot is told with its place and its mend."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.contracts import contract_of
from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file, held, orders_of

LINES = (
    "invoice,client,when,pieces,price,state\n"
    "1,a,2024-01-05 10:05,2,10,ok\n"
    "1,a,2024-01-05 10:00,1,5,ok\n"
    "2,b,2024-02-01,1,7,ok\n"
    "C3,b,2024-02-03,-1,7,ok\n"
    "4,a,2024-03-01,-2,10,ok\n"
    "5,c,2024-03-02,1,4,void\n"
    "5,c,2024-03-02,1,6,ok\n"
)
LINE_COLUMNS = {
    "order_id": "invoice",
    "customer_id": "client",
    "ordered_at": "when",
    "revenue": {"expr": "pieces * price"},
}


def test_lines_that_repeat_the_order_number_become_one_order_each(tmp_path):
    study = orders_of(tmp_path, LINES, columns=LINE_COLUMNS, sum_lines=True, where="state = 'ok'")
    found = held(study, "orders", "order_id", "customer_id", "revenue")
    assert found == [("1", "a", 25.0), ("2", "b", 7.0), ("4", "a", -20.0), ("5", "c", 6.0), ("C3", "b", -7.0)]
    first = study.table("orders").filter(lambda t: t.order_id == "1").execute()
    assert str(first["ordered_at"][0]) == "2024-01-05 10:00:00"


def test_returns_and_cancellations_are_told_apart_and_a_cancelled_line_leaves_its_order(tmp_path):
    study = orders_of(
        tmp_path,
        LINES,
        columns=LINE_COLUMNS,
        sum_lines=True,
        returns="pieces < 0",
        cancellations="starts_with(invoice, 'C') or state = 'void'",
    )
    found = {order: (kind, revenue) for order, kind, revenue in held(study, "orders", "order_id", "kind", "revenue")}
    assert found == {
        "1": ("sale", 25.0),
        "2": ("sale", 7.0),
        "C3": ("cancelled", -7.0),
        "4": ("return", -20.0),
        "5": ("sale", 6.0),
    }


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(7)))
@pytest.mark.slow
def test_the_order_of_the_lines_changes_no_order(tmp_path_factory, order):
    head, *lines = LINES.splitlines()
    text = "\n".join([head, *(lines[i] for i in order)]) + "\n"
    folder = tmp_path_factory.mktemp("lines")
    study = orders_of(folder, text, columns=LINE_COLUMNS, sum_lines=True)
    columns = ("order_id", "customer_id", "ordered_at", "revenue")
    as_written = orders_of(folder, LINES, columns=LINE_COLUMNS, sum_lines=True)
    assert held(study, "orders", *columns) == held(as_written, "orders", *columns)


def test_an_order_of_two_customers_is_refused_with_its_number(tmp_path):
    text = LINES.replace("1,a,2024-01-05 10:00", "1,b,2024-01-05 10:00")
    with pytest.raises(ContractViolation, match="belongs to one customer") as caught:
        orders_of(tmp_path, text, columns=LINE_COLUMNS, sum_lines=True)
    assert (caught.value.n_bad, caught.value.examples) == (1, ("'1'",))


def test_an_order_of_a_customer_and_of_nobody_is_refused_too(tmp_path):
    text = LINES.replace("1,a,2024-01-05 10:00", "1,,2024-01-05 10:00")
    with pytest.raises(ContractViolation, match="belongs to one customer"):
        orders_of(tmp_path, text, columns=LINE_COLUMNS, sum_lines=True)


def test_lines_without_an_order_number_are_not_summed_to_one_giant_order(tmp_path):
    with pytest.raises(ContractViolation, match="has an order number; broken by 2"):
        orders_of(tmp_path, LINES.replace("\n5,", "\n,"), columns=LINE_COLUMNS, sum_lines=True)


def test_money_in_another_currency_or_unit_is_scaled(tmp_path):
    study = orders_of(
        tmp_path,
        GOOD_ORDERS.replace("revenue", "revenue,cost_usd,rebate", 1)
        .replace("10.5", "10.5,4,50")
        .replace(",20\n", ",20,5,\n"),
        columns={
            "cost": {"column": "cost_usd", "currency": "USD"},
            "discount": {"column": "rebate", "scale": 0.01},
            "revenue": {"column": "revenue", "currency": "EUR"},
        },
        head={"exchange_rates": {"USD": 0.5}},
    )
    rows = study.table("orders").order_by("order_id").execute()
    assert rows["cost"].tolist() == [2.0, 2.5]
    assert rows["discount"].tolist()[0] == 0.5
    assert rows["revenue"].tolist() == [10.5, 20.0]


def test_constants_expressions_and_as_of_fill_columns(tmp_path):
    study = orders_of(
        tmp_path,
        GOOD_ORDERS,
        columns={
            "channel": {"value": "shop"},
            "ordered_at": {"expr": "as_of - interval 3 day"},
            "revenue": {"expr": "case when revenue > 15 then revenue else 0 end"},
        },
    )
    rows = held(study, "orders", "channel", "ordered_at", "revenue")
    assert [(channel, f"{at:%Y-%m-%d}", money) for channel, at, money in rows] == [
        ("shop", "2024-06-28", 0.0),
        ("shop", "2024-06-28", 20.0),
    ]


def test_as_of_of_an_expression_is_the_files_own_wherever_the_study_stands(tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    path = a_study_file(tmp_path, {"orders": {"from": "orders.csv", "columns": {"ordered_at": {"expr": "as_of"}}}})
    study = open_study(path, as_of="2024-01-31")
    assert f"{study.as_of:%Y-%m-%d}" == "2024-01-31"
    assert f"{held(study, 'orders', 'ordered_at')[0][0]:%Y-%m-%d}" == "2024-07-01"


def test_attributes_take_their_declared_type_and_other_columns_stay_as_they_are(tmp_path):
    text = 'customer_id,age_group,hh_income,is_vip,Remark\na,3,"1000",yes,x\nb,,,no,\n'
    (tmp_path / "customers.csv").write_text(text)
    attributes = {
        "age_group": "category",
        "income": {"column": "hh_income", "type": "number"},
        "is_vip": "flag",
        "doubled": {"expr": "hh_income * 2", "type": "number"},
    }
    study = open_study(a_study_file(tmp_path, {"customers": {"from": "customers.csv", "attributes": attributes}}))
    assert dict(study.attributes_of("customers")) == {
        "age_group": "category",
        "income": "number",
        "is_vip": "flag",
        "doubled": "number",
    }
    schema = {name: str(kind) for name, kind in study.table("customers").schema().items()}
    assert schema == {
        "customer_id": "string",
        "age_group": "string",
        "income": "float64",
        "is_vip": "boolean",
        "doubled": "float64",
        "Remark": "string",
    }
    first = study.table("customers").filter(lambda t: t.customer_id == "a").execute().iloc[0]
    assert (first["income"], first["doubled"], bool(first["is_vip"])) == (1000.0, 2000.0, True)


def test_a_flag_that_says_perhaps_is_refused(tmp_path):
    text = (
        GOOD_ORDERS.replace("revenue", "revenue,is_new", 1).replace("10.5", "10.5,perhaps").replace("20\n", "20,yes\n")
    )
    with pytest.raises(ContractViolation, match="every value is yes or no"):
        orders_of(tmp_path, text, attributes={"is_new": "flag"})


def test_headers_are_matched_whatever_their_case_and_no_column_appears_twice(tmp_path):
    study = orders_of(tmp_path, GOOD_ORDERS.replace("order_id,customer_id", "Order_ID,CUSTOMER_ID"))
    assert study.table("orders").columns == ("order_id", "customer_id", "ordered_at", "revenue")


def test_every_table_has_its_contracts_types_whatever_the_source(tmp_path):
    contract = contract_of("orders")
    schema = orders_of(tmp_path, GOOD_ORDERS).table("orders").schema()
    for name, kind in schema.items():
        assert str(kind).startswith(contract.column(name).type)


def test_missing_columns_are_all_told_at_once_with_the_columns_there_are(tmp_path):
    with pytest.raises(StudyError) as caught:
        orders_of(tmp_path, "nr,client,day\n1,a,2024-01-01\n", columns={"order_id": "nr", "customer_id": "clint"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "columns.customer_id: orders.csv has no column 'clint'. Did you mean 'client'?" in lines[0]
    assert "orders.ordered_at (when it was placed) is missing; orders.csv has the columns nr, client, day" in lines[1]
    assert "Write revenue: COLUMN under columns" in lines[2]


def test_several_columns_with_bad_values_are_told_together(tmp_path):
    with pytest.raises(StudyError) as caught:
        orders_of(tmp_path, "order_id,customer_id,ordered_at,revenue\n1,a,soon,much\n")
    assert "orders.ordered_at" in str(caught.value)
    assert "orders.revenue" in str(caught.value)


def test_rows_that_where_leaves_out_may_hold_anything(tmp_path):
    study = orders_of(tmp_path, GOOD_ORDERS + "9,z,soon,much\n", where="customer_id <> 'z'")
    assert len(held(study, "orders")) == 2


def test_a_number_used_in_where_must_be_one_in_every_row(tmp_path):
    with pytest.raises(ContractViolation, match="every value is a number"):
        orders_of(tmp_path, GOOD_ORDERS + "9,z,2024-01-01,much\n", where="revenue > 0")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("(select 1)", "not allowed"),
        ("sum(revenue)", "not allowed"),
        ("row_number() over ()", "not allowed"),
        ("read_csv('/etc/passwd')", "not allowed"),
        ("pg_read_file('/etc/passwd')", "not allowed"),
        ("getenv('HOME')", "not allowed"),
        ("random()", "not allowed"),
        ("now() - interval 1 day", "today's date"),
        ("current_date", "today's date"),
        ("1; drop table orders", "one SQL expression|not allowed"),
        ("revenue +", "no SQL expression"),
        ("revenu * 2", "Did you mean 'revenue'"),
        ('customer_id = "a"', "single quotes"),
        ("orders.revenue", "without a table"),
        ("*", "not allowed"),
        ("revenue as money", "not allowed"),
        ("", "one SQL expression"),
    ],
)
def test_an_expression_computes_one_value_of_one_row_and_nothing_else(tmp_path, written, said):
    with pytest.raises(StudyError, match=said) as caught:
        orders_of(tmp_path, GOOD_ORDERS, columns={"revenue": {"expr": written}})
    assert "tables.orders.columns.revenue" in str(caught.value)


def test_an_expression_the_engine_refuses_is_told_with_its_table(tmp_path):
    with pytest.raises(StudyError, match=r"tables\.orders"):
        orders_of(tmp_path, GOOD_ORDERS, columns={"revenue": {"expr": "date_trunc('month', revenue) * 2"}})


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("revenue > 15", ["2"]),
        ("revenue between 5 and 15", ["1"]),
        ("-revenue < -15", ["2"]),
        ("ordered_at < as_of - interval 150 day", ["1"]),
        ("ordered_at >= date '2024-02-01'", ["2"]),
        ("customer_id in ('007')", ["1"]),
        ("starts_with(customer_id, '00')", ["1", "2"]),
        ("not (revenue = 20) and customer_id is not null", ["1"]),
        ("coalesce(revenue, 0) = 20", ["2"]),
        ("year(ordered_at) = 2024 and month(ordered_at) = 2", ["2"]),
        ("order_id % 2 = 0", ["2"]),
    ],
)
def test_text_columns_are_numbers_and_times_where_a_condition_treats_them_so(tmp_path, condition, kept):
    study = orders_of(tmp_path, GOOD_ORDERS, where=condition)
    assert [row[0] for row in held(study, "orders", "order_id")] == kept
