"""Under which names a user's own columns are kept beside ours."""

from __future__ import annotations

import pytest

from crm_research.contracts import is_internal, name_apart

NAMES = {
    "_place": "place_recorded",
    "_at": "at_recorded",
    "__": "column_recorded",
    "customer_id_right": "customer_id_right_recorded",
    "at_days": "at_days_recorded",
    "Cluster": "Cluster_recorded",
    "weight": "weight_recorded",
    "in_orders": "in_orders_recorded",
    "days_since_last": "days_since_last_recorded",
    "hand_right": "hand_right",
    "region": "region",
    "云": "云",
}


@pytest.mark.parametrize("name", NAMES)
def test_only_names_that_are_ours_are_changed(name):
    assert name_apart(name) == NAMES[name]


def test_no_two_columns_come_under_one_name():
    assert name_apart("_place", {"Place_Recorded", "place_recorded_2"}) == "place_recorded_3"


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [("_x", True), ("customer_id_right", True), ("Revenue_Right", True), ("customer_id_left", False),
     ("hand_right", False), ("_right", True), ("right", False), ("x_", False)],
)  # fmt: skip
def test_passing_columns_and_what_a_join_adds_look_like_ours(name, is_ours):
    assert is_internal(name) is is_ours


def test_a_taken_name_gets_a_number_whatever_its_capitals_and_the_smallest_that_is_free():
    assert name_apart("weight", {"WEIGHT_recorded"}) == "weight_recorded_2"
    assert name_apart("weight", {"weight_recorded", "weight_recorded_3"}) == "weight_recorded_2"
    assert name_apart("region", {"region"}) == "region"
