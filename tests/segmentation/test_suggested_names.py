import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.pillars.segmentation import name_groups
from crm_research.pillars.segmentation.describe.summary import describe_groups
from crm_research.pillars.segmentation.inputs.base import WORTH
from crm_research.pillars.segmentation.inputs.choose import Inputs
from crm_research.pillars.segmentation.inputs.labels import list_terms, read_term


@pytest.mark.parametrize(
    ("shift", "name"),
    [
        ({"n_orders": 1.2, "days_since_last": -0.9}, "Recent frequent buyers"),
        ({"n_orders": -0.8, "days_since_last": 0.9}, "Long-silent occasional buyers"),
        ({"n_orders": 0.1, "days_since_last": -0.2}, "Middling buyers"),
        # Of one whole the high part speaks, whatever is low beside it.
        ({"share of spend on pantry": -1.4, "share of spend on garden": 1.0}, "Garden buyers"),
        ({"share of spend on FUEL": 1.0, "share of spend on own brands": 0.8}, "Own-brand FUEL buyers"),
        ({"share of spend on FUEL": 1.0, "share of spend on other brands": -0.8}, "Own-brand FUEL buyers"),
        ({"share of spend on tea": 1.0, "share of spend through web": 0.6}, "Tea buyers through web"),
        ({"share of spend on tea": 1.0, "share of spend through web": -0.6}, "Tea buyers, seldom through web"),
        ({"share of spend on tea": -1.0, "share of spend on milk": 0.2}, "Light tea buyers"),
        ({"share of purchases in quarter 3": 1.0, "share of purchases on weekdays": -0.5}, "Weekend third-quarter buyers"),  # noqa: E501
        ({"share of purchases on evenings": 1.0}, "Evening buyers"),
        ({"use of roaming": 1.0, "share of use in quarter 2": 0.5}, "Heavy second-quarter users of roaming"),
        ({"answer to trust": 1.0, "answer to price": -0.5}, "High on trust, low on price"),
        ({f"answer to q{i}": 0.7 for i in range(5)}, "High on nearly everything asked"),
        ({"income": -0.7}, "Customers with low income"),
        ({"age": -0.7}, "Younger customers"),
    ],
)  # fmt: skip
def test_a_name_is_what_a_manager_would_say(shift, name):
    assert name_groups([pd.Series(shift)]) == [name]


@pytest.mark.parametrize(
    ("shift", "name"),
    [
        ({"region north": 1.0, "region south": -0.9}, "North customers"),
        ({"region north": 1.0, "region south": 0.5, "age": 0.4}, "Older north or south customers"),
        ({"size 2": 1.0, "region north": -0.5}, "Customers with size 2"),
        ({"partner true": 1.0, "region north": 0.5}, "North customers, partner"),
        ({"partner true": -1.0}, "Customers with no partner"),
        ({"size unknown": 1.0, "region north": 0.5}, "North customers"),
        ({"size unknown": 1.0}, "Customers with unknown size"),
        ({"region 北京": 1.0}, "北京 customers"),
        # Values of the records stand as they are written there.
        ({"plan A < B": 1.0}, "A < B customers"),
        ({"plan =SUM(A1)": 1.0}, "Customers with plan =SUM(A1)"),
        ({"plan PREMIUM": 1.0, "age": -0.5}, "Younger PREMIUM customers"),
        ({"plan iPhone": 1.0}, "iPhone customers"),
    ],
)
def test_levels_speak_for_themselves_where_they_can(shift, name):
    words = {one: one.replace(" ", ": ", 1) for one in shift if one != "age"}
    assert name_groups([pd.Series(shift)], words) == [name]


def test_groups_that_would_be_called_alike_are_told_by_what_parts_them():
    alike = {"n_orders": 1.0, "days_since_last": -1.0}
    names = name_groups([pd.Series({**alike, "mean_order_value": high}) for high in (0.3, -0.3)])
    assert names == ["Recent frequent large-basket buyers", "Recent frequent small-basket buyers"]


@given(st.lists(st.lists(st.floats(-3, 3), min_size=4, max_size=4), min_size=1, max_size=9))
def test_names_are_all_different(rows):
    inputs = ["n_orders", "share of spend on tea", "region north", "strange_number"]
    words = {"region north": "region: north"}
    names = name_groups([pd.Series(row, index=inputs) for row in rows], words)
    assert len(set(names)) == len(rows)
    assert all(name == name.strip() and name for name in names)


def test_a_part_that_is_high_only_on_the_log_ratio_names_nobody():
    # The group spends less on tea than the others; on the scale of the log ratios it lies higher all the same.
    tea = np.r_[np.full(30, 0.10), np.full(30, 0.20)]
    customers = pd.DataFrame({"customer_id": [f"c{i}" for i in range(60)], WORTH: 1.0, "share of spend on tea": tea})
    choice = pd.DataFrame({"input": ["share of spend on tea"], "what": ["spend on tea"]})
    inputs = Inputs(
        customers=customers,
        scaled=np.r_[np.full(30, 1.0), np.full(30, -1.0)][:, None],
        used=("share of spend on tea",),
        choice=choice,
        n_filled=0,
    )
    cards = describe_groups(inputs, np.repeat([0, 1], 30), 2)
    assert cards["segment"].tolist() == ["Middling buyers (1)", "Middling buyers (2)"]


def test_inputs_of_one_whole_are_named_together():
    names = ("share of spend on tea", "share of spend on milk", "share of spend through web", "n_orders")
    terms = [*map(read_term, names), read_term("region north", "region: north"), read_term("region x", "region: x")]
    assert list_terms(terms) == "spend on tea and milk, spend through web, n orders, region: north and x"
    assert list_terms(terms[4:], with_levels=False) == "region"
    assert read_term("region north", "region: north").say_exactly(1.0) == "“region” is “north”"
    assert read_term("region unknown", "region: unknown").say_exactly(0.0) == "“region” is not known"
    assert read_term("share of spend on tea").say_value(0.417) == "42 %"
