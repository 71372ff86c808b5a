"""An order's total that every line of it repeats is counted once, or asked about; never added."""

from __future__ import annotations

import pytest
import yaml

from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.opening import open_study
from tests.sources.files import held, orders_of

# Orders of 30, 100, 7 and 55: 192 in all, of which 100 is cancelled. Added over lines it would be 60 + 300 + 7 + 110.
LINES = """no,who,day,state,item,pieces,each,total
1,a,2024-01-05,paid,x,1,10,30
1,a,2024-01-05,paid,y,2,8.5,30
2,b,2024-01-06,voided,x,1,60,100
2,b,2024-01-06,voided,y,1,30,100
2,b,2024-01-06,voided,z,1,6,100
3,a,2024-01-08,paid,x,1,6,7
4,c,2024-01-09,paid,x,2,20,55
4,c,2024-01-09,paid,z,1,12,55
"""
COLUMNS = {"order_id": "no", "customer_id": "who", "ordered_at": "day"}


def opened(folder, revenue, text=LINES, **rule):
    more = {"sum_lines": True, "cancellations": "state = 'voided'", **rule}
    return orders_of(folder, text, columns={**COLUMNS, "revenue": revenue}, **more)


def test_a_total_on_every_line_is_refused_with_both_readings(tmp_path):
    with pytest.raises(ContractViolation) as problem:
        opened(tmp_path, "total")
    assert 'write revenue: {column: "total", once_an_order: true}' in str(problem.value)
    assert "all 3 orders of several lines" in str(problem.value)


@pytest.mark.parametrize("revenue", [{"column": "total"}, {"expr": "total * 1"}])
def test_said_to_be_the_order_s_it_is_counted_once(tmp_path, revenue):
    study = opened(tmp_path, {**revenue, "once_an_order": True})
    assert held(study, "orders", "order_id", "revenue", "kind") == [
        ("1", 30.0, "sale"),
        ("2", 100.0, "cancelled"),
        ("3", 7.0, "sale"),
        ("4", 55.0, "sale"),
    ]


def test_said_to_be_the_line_s_it_is_added(tmp_path):
    study = opened(tmp_path, {"column": "total", "once_an_order": False})
    assert [row[1] for row in held(study, "orders", "order_id", "revenue")] == [60.0, 300.0, 7.0, 110.0]


def test_totals_that_differ_within_an_order_are_not_once_an_order(tmp_path):
    with pytest.raises(ContractViolation, match="Leave once_an_order out"):
        opened(tmp_path, {"column": "each", "once_an_order": True})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1,a,2024-01-05,paid,y,2,8.5,30", "1,a,2024-01-05,paid,y,2,8.5,31"),  # lines have money of their own
        ("1,a,2024-01-05,paid,y,2,8.5,30", "1,a,2024-01-05,paid,y,2,8.5,"),  # the total stands on the first line
    ],
)
def test_money_of_lines_is_added_without_asking(tmp_path, old, new):
    assert opened(tmp_path, "total", LINES.replace(old, new)) is not None


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("12345678", "all 3 orders of several lines"),
        ("1236", "the one order of several lines"),
        ("12678", "all 2 orders"),
    ],
)
def test_few_orders_are_asked_about_as_well_where_money_differs_in_the_file(tmp_path, keep, said):
    rows = LINES.splitlines()
    text = "\n".join([rows[0], *(rows[int(i)] for i in keep)]) + "\n"
    with pytest.raises(ContractViolation, match=said):
        opened(tmp_path, "total", text)


def test_orders_of_nothing_tell_nothing(tmp_path):
    study = opened(tmp_path, "total", LINES.replace(",30\n", ",0\n").replace(",100\n", ",0\n").replace(",55\n", ",0\n"))
    assert [row[0] for row in held(study, "orders", "revenue")] == [0.0, 0.0, 0.0, 7.0]


def test_one_price_for_everything_is_no_total(tmp_path):
    rows = "".join(f"{order},a,2024-01-0{order},paid,x,1,5,5\n" for order in (1, 1, 2, 2, 3, 3, 4))
    study = opened(tmp_path, "total", LINES.splitlines()[0] + "\n" + rows)
    assert [row[0] for row in held(study, "orders", "revenue")] == [10.0, 10.0, 10.0, 5.0]


def test_only_money_that_is_summed_takes_it(tmp_path):
    with pytest.raises(StudyError, match="only money of orders made by sum_lines"):
        orders_of(tmp_path, LINES, columns={**COLUMNS, "revenue": {"column": "total", "once_an_order": True}})


def test_a_draft_counts_it_once_and_marks_it(tmp_path):
    head = "Order number,Contact email,Date created,Payment status,SKU,Qty,Price,Total\n"
    rows = "".join(
        f"{1000 + order},u{order % 7}@x.example,2024-01-{1 + order % 28:02d},{'Canceled' if order == 5 else 'Paid'},"
        f"S{line},1,{order + line},{100 + order}\n"
        for order in range(30)
        for line in range(1 + order % 3)
    )
    (tmp_path / "lines.csv").write_text(head + rows)
    text = draft_study("mine", [tmp_path / "lines.csv"], beside=tmp_path).text
    (tmp_path / "mine.yaml").write_text(text)
    assert yaml.safe_load(text)["tables"]["orders"]["columns"]["revenue"] == {"column": "Total", "once_an_order": True}
    assert "CHECK" in next(line for line in text.splitlines() if "once_an_order" in line)
    orders = open_study(tmp_path / "mine.yaml").table("orders").execute()
    # 100 + ... + 129 = 3,435, without the cancelled 105.
    assert orders.loc[orders["kind"] != "cancelled", "revenue"].sum() == 3330.0
    lines = open_study(tmp_path / "mine.yaml").table("order_lines").execute()
    assert lines["revenue"].sum() == sum(order + line for order in range(30) for line in range(1 + order % 3))
