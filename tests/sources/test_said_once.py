"""What a file says once an order and leaves empty on its other lines belongs to the whole order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ContractViolation
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, orders_of

# A shop's export: state, total, currency and the day of cancellation stand on the first line of an order.
SHOP = (
    "Name,Email,State,Total,Cancelled at,Cur,Created at,Pieces,Price,Item\n"
    "#1,a@x.com,paid,50,,EUR,2024-01-05,1,20,P1\n"
    "#1,a@x.com,,,,,2024-01-05,2,15,P2\n"
    "#2,b@x.com,voided,100,2024-02-06,EUR,2024-02-05,1,60,P1\n"
    "#2,b@x.com,,,,,2024-02-05,1,40,P2\n"
    "#3,c@x.com,voided,70,2024-03-06,EUR,2024-03-05,1,70,P1\n"
    "#4,a@x.com,refunded,-30,,EUR,2024-04-05,-1,20,P1\n"
    "#4,a@x.com,,,,,2024-04-05,-1,10,P2\n"
)
HEAD = "order_id,customer_id,ordered_at,revenue,"
COLUMNS = {"order_id": "Name", "customer_id": "Email", "ordered_at": "Created at", "revenue": "Total"}
BY_LINE = COLUMNS | {"revenue": {"expr": "Pieces * Price"}}
KINDS = {"#1": "sale", "#2": "cancelled", "#3": "cancelled", "#4": "return"}
REVENUE = {"#1": 50.0, "#2": 100.0, "#3": 70.0, "#4": -30.0}


def _shop(folder, text=SHOP, **rule):
    return orders_of(folder, text, sum_lines=True, **rule)


def _by_order(study, column):
    return dict(held(study, "orders", "order_id", column))


@pytest.mark.parametrize(
    "cancellations",
    ["State = 'voided'", "State in ('voided')", '"Cancelled at" is not null', "coalesce(State, 'ok') = 'voided'",
     "case when State = 'voided' then true else false end", "starts_with(State, 'void')",
     "\"Cancelled at\" > date '2024-01-01'"],
)  # fmt: skip
@pytest.mark.parametrize("columns", [COLUMNS, BY_LINE])
def test_a_cancelled_order_is_cancelled_on_all_its_lines_and_adds_nothing(tmp_path, cancellations, columns):
    study = _shop(tmp_path, columns=columns, cancellations=cancellations, returns="State = 'refunded'")
    assert _by_order(study, "kind") == KINDS
    assert _by_order(study, "revenue") == REVENUE
    # 50 - 30 = 20 came about
    assert sum(REVENUE[order] for order, kind in KINDS.items() if kind != "cancelled") == 20.0
    assert "(said once an order: " in study.inputs[0].source


def test_what_a_line_says_of_itself_is_not_spread(tmp_path):
    # one of the two articles of order 1 came back: the order is a sale of what is left, 20 - 30 = -10
    text = SHOP.replace("#1,a@x.com,,,,,2024-01-05,2,15", "#1,a@x.com,,,,,2024-01-05,-2,15")
    study = _shop(tmp_path, text, columns=BY_LINE, cancellations="State = 'voided'", returns="Pieces < 0")
    assert _by_order(study, "kind") == KINDS
    assert _by_order(study, "revenue") == REVENUE | {"#1": -10.0}


def test_a_word_on_some_lines_is_a_lines_own_where_every_line_has_the_rest(tmp_path):
    text = (
        "order_id,customer_id,ordered_at,revenue,came back\n1,A,2024-01-05,10,\n1,A,2024-01-05,-5,damaged\n"
        "2,B,2024-01-06,-7,damaged\n3,C,2024-01-07,4,\n3,C,2024-01-07,6,\n"
    )
    study = _shop(tmp_path, text, returns='"came back" is not null')
    assert _by_order(study, "kind") == {"1": "sale", "2": "return", "3": "sale"}
    assert _by_order(study, "revenue") == {"1": 5.0, "2": -7.0, "3": 10.0}


def test_a_condition_that_nothing_is_known_of_leaves_the_order_to_its_other_lines(tmp_path):
    # the state stands on the second line, so the file is no list of heads and lines, and yet the order is voided
    text = HEAD + "state\n1,A,2024-01-05,10,\n1,A,2024-01-05,5,voided\n2,B,2024-01-06,7,\n"
    study = _shop(tmp_path, text, cancellations="state = 'voided'")
    assert _by_order(study, "kind") == {"1": "cancelled", "2": "sale"}


def test_cancelled_money_is_never_brought_back_by_a_line_without_money(tmp_path):
    text = HEAD + "state\n1,A,2024-01-05,90,void\n1,A,2024-01-05,,ok\n2,B,2024-01-06,7,ok\n"
    study = _shop(tmp_path, text, cancellations="state = 'void'")
    assert _by_order(study, "kind") == {"1": "sale", "2": "sale"}
    revenue = _by_order(study, "revenue")
    assert revenue["1"] != revenue["1"], "the money of what is left is not known, so check calls it missing"
    assert revenue["2"] == 7.0


def test_an_order_of_one_returned_line_among_others_is_a_sale(tmp_path):
    text = "order_id,customer_id,ordered_at,revenue,n\n1,A,2024-01-05,10,1\n1,A,2024-01-05,-4,-1\n1,A,2024-01-05,3,1\n"
    assert _by_order(_shop(tmp_path, text, returns="n < 0"), "kind") == {"1": "sale"}


def test_the_customer_said_once_is_the_customer_of_all_lines(tmp_path):
    text = SHOP.replace("#1,a@x.com,,", "#1,,,").replace("#2,b@x.com,,", "#2,,,").replace("#4,a@x.com,,", "#4,,,")
    study = _shop(tmp_path, text, columns=COLUMNS, cancellations="State = 'voided'")
    assert _by_order(study, "customer_id") == {"#1": "a@x.com", "#2": "b@x.com", "#3": "c@x.com", "#4": "a@x.com"}


LAST = (
    "order,day,mail,state,total\n1,2024-01-05,,,\n1,2024-01-05,a@x.com,paid,50.00\n2,2024-01-06,,,\n2,2024-01-06,,,\n"
    "2,2024-01-06,b@x.com,voided,100.00\n3,2024-02-06,a@x.com,paid,30.50\n3,2024-02-06,,,\n"
)
LAST_COLUMNS = {"order_id": "order", "customer_id": "mail", "ordered_at": "day", "revenue": "total"}


def test_what_is_said_once_stands_for_the_order_on_whichever_line_it_stands(tmp_path):
    study = _shop(tmp_path, LAST, columns=LAST_COLUMNS, cancellations="state = 'voided'")
    assert _by_order(study, "customer_id") == {"1": "a@x.com", "2": "b@x.com", "3": "a@x.com"}
    assert _by_order(study, "kind") == {"1": "sale", "2": "cancelled", "3": "sale"}
    assert _by_order(study, "revenue") == {"1": 50.0, "2": 100.0, "3": 30.5}


def test_two_orders_with_a_customer_on_another_line_than_the_first_may_be_so_by_chance(tmp_path):
    two = LAST[: LAST.index("3,2024-02-06,a")]
    with pytest.raises(ContractViolation, match="belongs to one customer"):
        _shop(tmp_path, two, columns=LAST_COLUMNS)


def test_one_line_without_its_customer_among_many_that_have_it_is_still_refused(tmp_path):
    text = SHOP.replace("#1,a@x.com,,", "#1,,,")
    with pytest.raises(ContractViolation, match="belongs to one customer"):
        _shop(tmp_path, text, columns=COLUMNS)


def test_where_keeps_all_lines_of_an_order_that_it_keeps(tmp_path):
    study = _shop(tmp_path, columns=BY_LINE, where="State <> 'voided'")
    # 20 + 2 x 15 = 50; -20 - 10 = -30
    assert _by_order(study, "revenue") == {"#1": 50.0, "#4": -30.0}


def test_a_currency_said_once_is_that_of_every_line(tmp_path):
    text = SHOP.replace("paid,50,,EUR", "paid,50,,USD")
    columns = BY_LINE | {"revenue": {"expr": "Pieces * Price", "currency_column": "Cur"}}
    study = _shop(tmp_path, text, columns=columns, head={"exchange_rates": {"USD": 0.5}})
    assert _by_order(study, "revenue") == REVENUE | {"#1": 25.0}


def test_money_of_a_line_that_the_orders_state_decides(tmp_path):
    columns = COLUMNS | {"revenue": {"expr": "case when State = 'voided' then 0 else Pieces * Price end"}}
    assert _by_order(_shop(tmp_path, columns=columns), "revenue") == REVENUE | {"#2": 0.0, "#3": 0.0}


def test_lines_of_orders_know_the_state_of_their_order_too(tmp_path):
    (tmp_path / "orders.csv").write_text(SHOP)
    columns = {"order_id": "Name", "product_id": "Item", "quantity": "Pieces", "revenue": {"expr": "Pieces * Price"}}
    rule = {"from": "orders.csv", "columns": columns, "where": "State = 'paid'"}
    study = open_study(a_study_file(tmp_path, {"order_lines": rule}))
    assert held(study, "order_lines", "product_id", "revenue") == [("P1", 20.0), ("P2", 30.0)]
    assert not [name for name in study.table("order_lines").columns if "of its order" in name]


def test_an_unknown_kind_among_summed_lines_is_kept_for_the_check(tmp_path):
    text = HEAD + "kind\n1,A,2024-01-05,9,refund\n1,A,2024-01-05,1,sale\n2,A,2024-01-06,5,return\n"
    assert _by_order(_shop(tmp_path, text), "kind") == {"1": "refund", "2": "return"}


@settings(max_examples=25, deadline=None)
@given(
    orders=st.lists(
        st.tuples(st.sampled_from(["paid", "voided", "refunded"]), st.integers(1, 4), st.booleans()),
        min_size=2,
        max_size=8,
    )
)
@pytest.mark.slow
def test_lines_may_repeat_what_the_order_says_or_leave_it_out(tmp_path_factory, orders):
    """The same world written both ways gives the same orders."""

    def written(is_repeated):
        lines = ["order_id,customer_id,ordered_at,revenue,state,total,n"]
        for i, (state, n_lines, _) in enumerate(orders):
            for line in range(n_lines):
                head = f"{state},{n_lines}" if line == 0 or is_repeated else ","
                lines.append(f"{i},c{i},2024-01-{i + 1:02d},{line + 1},{head},{line}")
        return "\n".join(lines) + "\n"

    rule = {"cancellations": "state = 'voided'", "returns": "state = 'refunded'"}
    rows = [
        held(_shop(tmp_path_factory.mktemp("once"), written(way), **rule), "orders", "order_id", "kind", "revenue")
        for way in (False, True)
    ]
    assert rows[0] == rows[1]
    kinds = {"paid": "sale", "voided": "cancelled", "refunded": "return"}
    assert [row[1] for row in rows[0]] == [kinds[state] for state, _, _ in orders]


@pytest.mark.slow
def test_a_sum_of_what_is_said_once_an_order_is_not_asked_about_on_its_other_lines(tmp_path):
    # 50 - 20 = 30 of order 1; what both lines need is asked: 2 * 15 + an empty total
    text = SHOP.replace("Cur,", "Cur,Back,").replace("EUR,", "EUR,0,").replace(",,,,,", ",,,,,,")
    text = text.replace("#1,a@x.com,paid,50,,EUR,0", "#1,a@x.com,paid,50,,EUR,20").replace("-30,,EUR,0", "-30,,EUR,0")
    text = text.replace("#3,c@x.com,voided,70,2024-03-06,EUR,0", "#3,c@x.com,paid,70,,EUR,0")
    columns = COLUMNS | {"revenue": {"expr": "Total - abs(coalesce(Back, 0))"}}
    found = _by_order(_shop(tmp_path, text, columns=columns, cancellations="State = 'voided'"), "revenue")
    assert found == {"#1": 30.0, "#2": 100.0, "#3": 70.0, "#4": -30.0}
    mixed = COLUMNS | {"revenue": {"expr": "Total + Pieces * Price"}}
    with pytest.raises(ContractViolation, match="the parts of a sum are all there, or all empty"):
        _shop(tmp_path, text, columns=mixed)
