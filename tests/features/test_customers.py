"""Whom we know, and their features in one row."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import ParameterError, StudyError
from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.rfm import build_rfm
from tests.builders import a_study, orders
from tests.features.worlds import a_full_study, a_shop, rows


def test_everybody_known_at_as_of_and_from_where():
    known = rows(build_customers(a_full_study()), "customer_id")
    assert known.customer_id.tolist() == ["ann", "bob", "cy", "dee", "fay"]
    assert known.in_customers.tolist() == [True, True, False, False, True]
    assert known.in_orders.tolist() == [True, True, True, True, False]
    assert known.in_contracts.tolist() == [True, True, False, False, False]
    assert known.in_contacts.tolist() == [True, False, False, False, False]
    assert known.kind.fillna("-").tolist() == ["consumer", "business", "-", "-", "consumer"]
    assert known.region.fillna("-").tolist() == ["north", "south", "-", "-", "north"]


def test_one_table_is_enough():
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0), ("ann", "2024-01-02", 1.0)))
    assert rows(build_customers(study)).to_dict("list") == {"customer_id": ["ann"], "in_orders": [True]}


def test_a_study_that_names_nobody_says_so():
    with pytest.raises(StudyError, match="names customers"):
        build_customers(a_study(products=pd.DataFrame({"product_id": ["p"]})))


def test_one_row_a_purchaser_with_all_sets_in_order():
    features = build_customer_features(a_full_study()).execute()
    assert features.customer_id.tolist() == ["ann", "bob"]
    assert {"frequency", "spend", "median_gap_days", "n_products", "own_brand_share"} <= set(features.columns)
    assert not any(column.endswith("_right") for column in features.columns)


def test_sets_may_be_chosen_and_repeat_themselves_without_harm():
    study = a_shop()
    chosen = build_customer_features(study, sets=("rfm", "rfm"))
    pd.testing.assert_frame_equal(chosen.execute(), rows(build_rfm(study), "customer_id"))


@pytest.mark.parametrize(("sets", "words"), [((), "At least one"), (("rmf",), "Did you mean 'rfm'")])
def test_an_unknown_set_is_refused_with_the_nearest_name(sets, words):
    with pytest.raises(ParameterError, match=words):
        build_customer_features(a_shop(), sets=sets)


def test_a_customer_recorded_twice_is_one_customer_with_the_earliest_record():
    study = a_study(
        orders=orders(("ann", "2024-01-01", 1.0)),
        customers=pd.DataFrame(
            {
                "customer_id": ["ann", "ann", "bob"],
                "registered_at": ["2024-02-01", "2024-01-01", "2024-01-01"],
                "region": ["south", "north", "west"],
            }
        ),
        attributes={"customers": {"region": "category"}},
    )
    known = rows(build_customers(study), "customer_id")
    assert known.customer_id.tolist() == ["ann", "bob"]
    assert known.region.tolist() == ["north", "west"]
