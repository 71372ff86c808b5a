"""Customers by the contracts they hold."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.features.holders import build_habits, describe_holders, measure_fees
from tests.builders import a_study, contracts
from tests.features.worlds import rows


def _world(**more):
    frame = contracts(
        ("ann", "2023-01-01", "2024-03-01", None),
        ("ann", "2022-01-01", None, None),  # the older one runs: it stands for her
        ("bob", "2023-05-01", "2024-01-01", None),
        ("bob", "2021-01-01", "2024-06-01", None),  # both ended: the one begun last stands for him
        ("cy", "2024-02-01", None, None),
        ("cy", "2024-02-01", None, None),  # begun together: the first by id
        ("dee", "2024-08-01", None, None),  # not known yet
        plan=["a", "b", "c", "d", "e", "f", "g"],
        fee=[1.0, 2.0, 4.0, 8.0, 16.0, None, 32.0],
    )
    return a_study(contracts=frame, **more)


def test_which_contract_stands_for_a_customer():
    found = rows(describe_holders(_world(), ("plan", "fee", "nothing")), "customer_id")
    assert found.customer_id.tolist() == ["ann", "bob", "cy"]
    assert found.plan.tolist() == ["b", "c", "e"]
    assert found.fee.tolist() == [2.0, 4.0, 16.0]
    running = rows(describe_holders(_world(), ("plan",), is_running=True), "customer_id")
    assert running.to_dict("list") == {"customer_id": ["ann", "cy"], "plan": ["b", "e"]}


def test_fees_are_those_of_contracts_that_run():
    found = rows(measure_fees(_world()), "customer_id")
    assert found.set_index("customer_id")["fees"].to_dict() == {"ann": 2.0, "bob": 0.0, "cy": 16.0}
    no_fee = contracts(("ann", "2023-01-01", None, None))
    assert measure_fees(a_study(contracts=no_fee)) is None


def test_contacts_are_counted_over_a_year_at_most_and_since_the_contract_began():
    contacts = pd.DataFrame(
        {
            "contact_id": [f"c{i}" for i in range(6)],
            "customer_id": ["ann", "ann", "ann", "cy", "cy", "bob"],
            # 366 and 365 days before as_of; a day after it; the day before the contract, and its own.
            "opened_at": ["2023-07-01", "2023-07-02", "2024-07-02", "2024-01-31", "2024-02-01", "2024-06-01"],
            "kind": ["complaint", "complaint", "enquiry", "complaint", "enquiry", "complaint"],
        }
    )
    surveys = pd.DataFrame(
        {
            "response_id": ["r1", "r2", "r3", "r4"],
            "customer_id": ["cy", "cy", "cy", None],
            "asked_at": ["2024-05-01"] * 4,
            "item": ["q1", "q2", "q3", "q1"],
            "score": [4.0, 10.0, 12.0, 1.0],  # 3 of 4, 1 of 1, outside its scale
            "scale_min": [1.0, 0.0, 0.0, 1.0],
            "scale_max": [5.0, 10.0, 10.0, 5.0],
        }
    )
    found = rows(build_habits(_world(contacts=contacts, surveys=surveys)), "customer_id").set_index("customer_id")
    assert found.index.tolist() == ["ann", "cy"]
    month = 365.25 / 12
    assert found["contacts_a_month"].to_dict() == pytest.approx({"ann": month / 365, "cy": month / 151})
    assert found["complaints_a_month"].to_dict() == pytest.approx({"ann": month / 365, "cy": 0.0})
    assert found.loc["cy", "mean_answer_share"] == pytest.approx((0.75 + 1.0) / 2)
    assert pd.isna(found.loc["ann", "mean_answer_share"])
    bare = rows(build_habits(_world()), "customer_id")
    assert list(bare.columns) == ["customer_id"]
