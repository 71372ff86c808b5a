"""A payment that passes through several states is one payment; what went back is a return."""

from __future__ import annotations

import re

import pytest
import yaml

from crm_research.errors import ContractViolation
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.opening import open_study
from tests.sources.files import held, orders_of

_WAYS = {
    "kept": ["Received", "Authorised", "SentForSettle", "Settled"],
    "refused": ["Received", "Refused"],
    "refunded": ["Received", "Authorised", "SentForSettle", "Settled", "SentForRefund", "Refunded"],
    "charged back": ["Authorised", "Settled", "NotificationOfChargeback", "Chargeback"],
}
# Twelve payments of 10, 11, ... 21, three each way: 10 + 14 + 18 = 42 are kept and were not given back.
_PAID = [(10 + i, list(_WAYS.values())[i % 4]) for i in range(12)]
_NET = 42.0
COLUMNS = {"order_id": "Psp Reference", "customer_id": "Shopper Reference", "ordered_at": "At", "revenue": "Amount"}


def _log(sign=1.0):
    back = {"Refunded", "Chargeback"}
    rows = [
        f"psp{i},s{i % 5},2024-01-{i + 1:02d} 1{place}:00,{amount * (sign if state in back else 1):g},{state}"
        for i, (amount, states) in enumerate(_PAID)
        for place, state in enumerate(states)
    ]
    return "\n".join(["Psp Reference,Shopper Reference,At,Amount,Record Type", *rows]) + "\n"


def _by_kind(study):
    orders = study.table("orders").execute()
    return orders.groupby("kind")["revenue"].agg(["count", "sum"]).to_dict("index")


# 12 + 16 + 20 were refunded and 13 + 17 + 21 charged back: 99.
RIGHT = {"sale": {"count": 9, "sum": 141.0}, "return": {"count": 6, "sum": -99.0}}


def _offered(problem):
    found = yaml.safe_load("{" + re.search(r"write (where: .*) \(where and returns", str(problem.value))[1] + "}")
    columns = {name: found.pop(name) for name in list(found) if name in COLUMNS}
    return {**found, "columns": {**COLUMNS, **columns}}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("revenue", ["Amount", {"column": "Amount", "once_an_order": True}, {"expr": "Amount * 1"}])
def test_lines_that_are_states_are_not_added_and_the_mend_counts_each_once(tmp_path, revenue, sign):
    with pytest.raises(ContractViolation, match="several states of 'Record Type'") as problem:
        orders_of(tmp_path, _log(sign), columns={**COLUMNS, "revenue": revenue}, sum_lines=True)
    study = orders_of(tmp_path, _log(sign), sum_lines=True, **_offered(problem))
    assert _by_kind(study) == RIGHT
    assert study.table("orders").revenue.sum().execute() == _NET


def test_conditions_of_the_study_are_kept_in_the_mend(tmp_path):
    with pytest.raises(ContractViolation) as problem:
        orders_of(tmp_path, _log(), columns=COLUMNS, sum_lines=True, where="Amount < 20")
    # Of 10 to 19, the refused 11, 15 and 19 never came about; 12, 13, 16 and 17 went back.
    assert _by_kind(orders_of(tmp_path, _log(), sum_lines=True, **_offered(problem))) == {
        "sale": {"count": 7, "sum": 100.0},
        "return": {"count": 4, "sum": -58.0},
    }


def test_lines_with_money_of_their_own_and_a_state_each_are_added(tmp_path):
    text = "no,who,day,money,state\n" + "".join(
        f"{order},a,2024-01-{order:02d},{order * 10 + line},{'refunded' if line and order == 3 else 'paid'}\n"
        for order in range(1, 9)
        for line in range(2)
    )
    columns = {"order_id": "no", "customer_id": "who", "ordered_at": "day", "revenue": "money"}
    study = orders_of(tmp_path, text, columns=columns, sum_lines=True)
    assert study.table("orders").revenue.sum().execute() == sum(20 * order + 1 for order in range(1, 9))


def test_whoever_says_that_each_line_has_its_own_is_believed(tmp_path):
    revenue = {"column": "Amount", "once_an_order": False}
    study = orders_of(tmp_path, _log(), columns={**COLUMNS, "revenue": revenue}, sum_lines=True)
    assert study.table("orders").revenue.sum().execute() == sum(amount * len(states) for amount, states in _PAID)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_draft_counts_each_payment_once_and_marks_it(tmp_path, sign):
    (tmp_path / "payments.csv").write_text(_log(sign))
    text = draft_study("mine", [tmp_path / "payments.csv"], beside=tmp_path).text
    (tmp_path / "mine.yaml").write_text(text)
    assert _by_kind(open_study(tmp_path / "mine.yaml")) == RIGHT
    for key in ("where:", "returns:", "revenue:", "order_id:"):
        assert "CHECK" in next(line for line in text.splitlines() if line.strip().startswith(key))


def test_a_draft_without_money_back_needs_no_returns(tmp_path):
    text = "\n".join(line for line in _log().splitlines() if "efund" not in line and "harge" not in line) + "\n"
    (tmp_path / "payments.csv").write_text(text)
    (tmp_path / "mine.yaml").write_text(draft_study("mine", [tmp_path / "payments.csv"], beside=tmp_path).text)
    orders = open_study(tmp_path / "mine.yaml").table("orders").execute()
    assert (len(orders), orders["revenue"].sum()) == (9, 141.0)


def test_a_return_with_its_minus_under_the_number_of_its_sale_is_a_part_of_it(tmp_path):
    # 50 - 50, 70 - 70 and 20; the same money without the minus is asked about
    text = (
        "order_id,customer_id,ordered_at,revenue,state\n1,a,2024-01-05,50,SUCCESS\n1,a,2024-01-06,-50,REFUND\n"
        "2,b,2024-01-05,70,SUCCESS\n2,b,2024-01-06,-70,REFUND\n3,b,2024-01-07,20,SUCCESS\n"
    )
    assert dict(held(orders_of(tmp_path, text, sum_lines=True), "orders", "order_id", "revenue")) == {
        "1": 0.0,
        "2": 0.0,
        "3": 20.0,
    }
    with pytest.raises(ContractViolation, match="in several states of 'state'"):
        orders_of(tmp_path, text.replace(",-", ","), sum_lines=True)
