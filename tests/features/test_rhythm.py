"""Gaps between purchases."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from crm_research.errors import ParameterError
from crm_research.features.rhythm import build_rhythm
from tests.builders import a_study, orders
from tests.features.test_rfm import some_orders
from tests.features.worlds import a_shop, rows


def test_three_gaps_by_hand():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01", 1.0),
            ("ann", "2024-01-11", 1.0),
            ("ann", "2024-01-13", 1.0),
            ("ann", "2024-01-19", 1.0),
        )
    )  # gaps of 10, 2 and 6 days: mean 6, median 6, sample deviation 4
    only = rows(build_rhythm(study)).iloc[0]
    assert (only.n_gaps, only.mean_gap_days, only.median_gap_days) == (3, 6.0, 6.0)
    assert only.cv_gap == pytest.approx(4 / 6)


def test_one_purchase_has_no_gap_and_two_at_one_instant_have_no_regularity():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01", 1.0),
            ("bob", "2024-01-01", 1.0),
            ("bob", "2024-01-01", 1.0),
            ("bob", "2024-01-01", 1.0),
        )
    )
    found = rows(build_rhythm(study), "customer_id")
    assert found.n_gaps.tolist() == [0, 2]
    assert math.isnan(found.mean_gap_days[0])
    assert found.mean_gap_days[1] == 0.0
    assert found.cv_gap.isna().all()


def test_shares_of_weekdays_and_of_parts_of_the_day():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01 05:59:59", 1.0),
            ("ann", "2024-01-06 06:00", 1.0),
            ("ann", "2024-01-07 12:00", 1.0),
            ("ann", "2024-01-07 23:00", 1.0),
        )
    )  # fmt: skip - a Monday, a Saturday and a Sunday twice
    week = rows(build_rhythm(study, clock="weekday")).iloc[0]
    assert (week.monday_share, week.tuesday_share, week.saturday_share, week.sunday_share) == (0.25, 0.0, 0.25, 0.5)
    day = rows(build_rhythm(study, clock="day_part")).iloc[0]
    assert (day.night_share, day.morning_share, day.afternoon_share, day.evening_share) == (0.25, 0.25, 0.25, 0.25)
    with pytest.raises(ParameterError, match="weekday, day_part or None"):
        build_rhythm(study, clock="month")


def test_returns_make_no_gap():
    assert rows(build_rhythm(a_shop()), "customer_id").n_gaps.tolist() == [2, 0]


@settings(max_examples=12, deadline=None)
@given(some_orders())
def test_the_median_agrees_with_pandas_and_gaps_add_up(frame):
    found = rows(build_rhythm(a_study(orders=frame)), "customer_id").set_index("customer_id")
    sales = frame[(frame.ordered_at <= "2024-07-01") & (frame.kind.fillna("sale") == "sale")]
    gaps = sales.sort_values("ordered_at").groupby("customer_id").ordered_at.diff() / pd.Timedelta(days=1)
    by_customer = gaps.groupby(sales.customer_id)
    expected = pd.DataFrame(
        {"n_gaps": by_customer.count(), "median_gap_days": by_customer.median(), "sd": by_customer.std()}
    )
    np.testing.assert_array_equal(found.n_gaps, expected.n_gaps)
    np.testing.assert_allclose(found.median_gap_days, expected.median_gap_days, atol=1e-12)
    np.testing.assert_allclose(
        (found.cv_gap * found.mean_gap_days).dropna(), expected.sd[found.cv_gap.notna()], atol=1e-9
    )
