"""Time-driven activity-based costing against the numbers of Kaplan and Anderson (2004)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.errors import StudyError
from crm_research.models.costing import rate_activities

# Kaplan and Anderson (2004), HBR 82(11): a customer service department of 560,000 with 700,000 minutes.
NAMES = ["customer orders", "inquiries", "credit checks"]
USED = pd.Series([49_000.0, 1_400.0, 2_500.0], index=NAMES)


def department(**changes):
    columns = {
        "activity": NAMES, "driver": ["orders", "inquiries", "checks"], "cost_pool": [560_000.0, 0.0, 0.0],
        "capacity": [700_000.0, 0.0, 0.0], "unit_time": [8.0, 44.0, 50.0], "resource": ["department"] * 3,
    }  # fmt: skip
    return pd.DataFrame({**columns, **changes})


def test_the_published_department():
    found = rate_activities(department(), USED)
    assert found.rates == pytest.approx({"customer orders": 6.40, "inquiries": 35.20, "credit checks": 40.00})
    (row,) = found.resources.to_dict("records")
    assert row["unit_rate"] == pytest.approx(0.80)
    assert row["used"] == 578_600
    assert row["used"] / row["capacity"] == pytest.approx(0.827, abs=5e-4)
    assert (found.assigned, found.unused, found.cost) == pytest.approx((462_880, 97_120, 560_000))
    assert (row["basis"], found.repeated, found.unpriced) == ("capacity", (), {})


def test_cost_and_capacity_written_in_parts_give_the_same():
    parts = department(cost_pool=[300_000.0, 200_000.0, 60_000.0], capacity=[100_000.0, 350_000.0, 250_000.0])
    assert rate_activities(parts, USED).rates == pytest.approx(rate_activities(department(), USED).rates)


def test_cost_of_the_whole_repeated_in_every_row_is_noticed():
    found = rate_activities(department(cost_pool=[560_000.0] * 3, capacity=[700_000.0] * 3), USED)
    assert found.repeated == ("department",)


def test_without_capacity_the_pool_is_spread_over_what_was_used():
    plain = pd.DataFrame({"activity": ["visits"], "driver": ["visits"], "cost_pool": [900.0]})
    found = rate_activities(plain, pd.Series({"visits": 30.0}))
    assert (found.rates["visits"], found.unused) == (30.0, 0.0)
    assert found.resources["basis"].tolist() == ["use"]


def test_capacity_without_time_is_in_units_of_the_driver():
    plain = pd.DataFrame({"activity": ["visits"], "driver": ["visits"], "cost_pool": [900.0], "capacity": [45.0]})
    found = rate_activities(plain, pd.Series({"visits": 30.0}))
    assert (found.rates["visits"], found.assigned, found.unused) == (20.0, 600.0, 300.0)


def test_no_more_is_assigned_than_was_spent_where_capacity_was_exceeded():
    found = rate_activities(department(), USED * 2)
    assert found.assigned == pytest.approx(560_000)
    assert found.unused == pytest.approx(0)
    assert found.resources["basis"].tolist() == ["use beyond capacity"]


def test_what_nobody_used_is_unused_and_what_stands_in_no_pool_is_named():
    plain = pd.DataFrame({"activity": ["visits"], "driver": ["visits"], "cost_pool": [900.0]})
    found = rate_activities(plain, pd.Series({"calls": 7.0}))
    assert (found.assigned, found.unused, found.unpriced) == (0.0, 900.0, {"calls": 7.0})
    assert found.resources["basis"].tolist() == ["nobody used it"]


def test_shared_work_of_unknown_length_is_refused():
    with pytest.raises(StudyError, match="'inquiries' shares the resource 'department'"):
        rate_activities(department(unit_time=[8.0, None, 50.0]), USED)


@given(
    pools=st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    capacity=st.just(0.0) | st.floats(0.01, 1e6),
    used=st.just(0.0) | st.floats(0.01, 1e5),
)
def test_what_is_assigned_and_unused_is_what_was_spent(pools, capacity, used):
    names = [f"a{place}" for place in range(len(pools))]
    frame = pd.DataFrame({"activity": names, "driver": names, "cost_pool": pools, "capacity": capacity})
    found = rate_activities(frame, pd.Series(used, index=names))
    assert found.assigned + found.unused == pytest.approx(sum(pools), abs=1e-6, rel=1e-9)
    assert (found.resources["unused"] >= -1e-6).all()
