"""An empty part of a sum is told with the mend, or counted beside the source; it never takes the other parts away."""

from __future__ import annotations

import re

import pytest
import yaml

from crm_research.contracts.checks import check_study
from crm_research.errors import ContractViolation
from tests.sources.files import orders_of

# Shipping stands on the first line of an order only: 10 + 20 and 24 make 54, and order 2 has 20 and nothing else.
LINES = (
    "order_id,customer_id,ordered_at,price,ship,state\n"
    "1,a,2024-01-05,30,20,x\n1,a,2024-01-05,24,,x\n2,b,2024-01-06,20,,y\n"
)


def _opened(folder, expr, text=LINES, **rule):
    return orders_of(folder, text, columns={"revenue": {"expr": expr}}, **{"sum_lines": True, **rule})


def _money(study):
    found = study.table("orders").order_by("order_id").revenue.to_pyarrow().to_pylist()
    return [value if value is None else round(value, 6) for value in found]


def _mended(problem):
    return yaml.safe_load("{" + re.search(r"write (revenue: .*?); where it means", str(problem.value))[1] + "}")


@pytest.mark.parametrize(
    ("expr", "values"),
    [
        ("price + ship", [74.0, 20.0]),
        ("ship + price", [74.0, 20.0]),
        ("price - ship", [34.0, 20.0]),
        ("price + (ship - 1) * 2", [92.0, 20.0]),  # 30 + 38 and 24 + nothing
        ("price * 2 + ship * 3 + 1", [170.0, 41.0]),  # 60 + 60 + 1, 48 + 1; 40 + 1
        ("coalesce(price + ship, 0)", [74.0, 20.0]),  # the coalesce would have hidden it
        ("case when state = 'x' then price + ship else price end", [74.0, 20.0]),
        ("case when ship is null then price else price + ship end", [74.0, 20.0]),
        ("round(price + ship, 2)", [74.0, 20.0]),
    ],
)
def test_an_empty_part_of_a_sum_is_told_with_a_mend_that_is_right(tmp_path, expr, values):
    with pytest.raises(ContractViolation, match="the parts of a sum are all there, or all empty") as problem:
        _opened(tmp_path, expr)
    mended = _mended(problem)["revenue"]["expr"]
    assert _money(_opened(tmp_path, mended)) == values


@pytest.mark.parametrize(
    ("expr", "values"),
    [
        ("price + coalesce(ship, 0)", [74.0, 20.0]),
        ("coalesce(price + ship, price)", [74.0, 20.0]),
        ("case when state = 'x' then price + coalesce(ship, 0) end", [74.0, None]),
        ("price + 1", [56.0, 21.0]),
    ],
)
def test_whoever_says_what_an_empty_part_means_is_not_asked(tmp_path, expr, values):
    assert _money(_opened(tmp_path, expr)) == values


def test_rows_of_which_nothing_is_said_and_rows_left_out_are_not_asked_about(tmp_path):
    text = LINES.replace("24,,x", ",,x").replace("20,,y", "20,5,y")
    assert _money(_opened(tmp_path, "price + ship", text)) == [50.0, 25.0]
    study = _opened(tmp_path, "price + ship", where="price = 30")
    assert _money(study) == [50.0]


def test_rows_that_stand_for_themselves_are_told_too(tmp_path):
    text = LINES.replace("1,a,2024-01-05,24", "3,a,2024-01-05,24").replace("20,,y", "20,5,y")
    with pytest.raises(ContractViolation, match="1 of 3 is not"):
        _opened(tmp_path, "price + ship", text, sum_lines=False)


def test_who_accepts_missing_values_keeps_them_missing(tmp_path):
    text = LINES.replace("1,a,2024-01-05,24", "3,a,2024-01-05,24")
    study = _opened(tmp_path, "price + ship", text, sum_lines=False, accept={"missing-value": 1})
    assert _money(study) == [50.0, None, None]


def test_a_product_with_an_empty_factor_is_counted_beside_the_source(tmp_path):
    study = _opened(tmp_path, "price * ship")
    assert "(revenue is empty on 2 of the lines that are added, since a part of it is)" in study.inputs[0].source
    (summary,) = check_study(study).tables
    assert "revenue is empty on 2" in summary.source
    whole = _opened(tmp_path, "price * 2")
    assert "is empty" not in whole.inputs[0].source
