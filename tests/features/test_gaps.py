"""Gaps between purchases, counted in days or in the dates that occur."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.gaps import DatesSeen, count_gaps, count_spans, look_at_dates
from crm_research.models.btyd import estimate_regularity
from tests.builders import a_study, orders
from tests.features.worlds import rows

BOUGHT = (
    ("ann", "2024-01-01", 1.0),
    ("ann", "2024-01-11 23:30", 1.0),
    ("ann", "2024-01-14 01:00", 1.0),  # gaps of 10 and 3 days
    ("bob", "2024-01-01", 1.0),
    ("bob", "2024-01-05", 1.0),
    ("bob", "2024-01-15", 1.0),  # 4 and 10 days
    ("cid", "2024-01-01", 1.0),
    ("cid", "2024-01-01 09:00", 1.0),  # one purchase, no gap
    ("dot", "2024-01-11", 1.0),
    ("dot", "2024-01-15", 1.0),  # 4 days
)


def test_gaps_and_spans_in_days_by_hand():
    study = a_study(orders=orders(*BOUGHT))
    gaps, spans = rows(count_gaps(study)), rows(count_spans(study))
    assert list(zip(gaps["gap"], gaps["n"], strict=True)) == [(3, 1), (4, 2), (10, 2)]
    counted = list(zip(spans["n_gaps"], spans["span"], spans["n_customers"], strict=True))
    assert counted == [(1, 4, 1), (2, 13, 1), (2, 14, 1)]


def test_gaps_and_spans_in_dates_by_hand():
    # The dates are the 1st, 5th, 11th, 14th and 15th: ann is on the 1st, 3rd and 4th of them, bob on 1, 2 and 5.
    study = a_study(orders=orders(*BOUGHT))
    gaps, spans = rows(count_gaps(study, unit="date")), rows(count_spans(study, unit="date"))
    assert list(zip(gaps["gap"], gaps["n"], strict=True)) == [(1, 2), (2, 2), (3, 1)]
    counted = list(zip(spans["n_gaps"], spans["span"], spans["n_customers"], strict=True))
    assert counted == [(1, 2, 1), (2, 3, 1), (2, 4, 1)]


def test_dates_are_counted_by_as_of_alone():
    study = a_study(as_of="2024-01-14 12:00", orders=orders(*BOUGHT, ("eve", "2023-12-31", 1.0)))
    # By then six days apart from the first: 31 December to 14 January are 15 days; ann 3, bob 2, cid, dot and eve 1.
    assert look_at_dates(study) == DatesSeen(n_dates=5, n_days=15, n_purchases=8)
    nobody = a_study(as_of="2020-01-01", orders=orders(*BOUGHT))
    assert look_at_dates(nobody) == DatesSeen(n_dates=0, n_days=0, n_purchases=0)
    assert look_at_dates(nobody).unit == "day"


@pytest.mark.parametrize(
    ("n_dates", "n_days", "n_purchases", "unit"),
    [
        (30, 900, 5000, "date"),  # months
        (130, 900, 5000, "date"),  # weeks
        (640, 900, 5000, "date"),  # Mondays to Fridays: 71 %
        (771, 900, 50000, "day"),  # all but Sundays: 86 %
        (719, 900, 10**6, "date"),  # just under four fifths of all days
        (720, 900, 10**6, "day"),
        (29, 900, 29, "day"),  # few purchases meet few days: 28.5 by chance
        (22, 900, 29, "date"),
        (1, 1, 12, "day"),  # all on one day
    ],
)
def test_dates_are_coarse_where_far_fewer_than_by_chance(n_dates, n_days, n_purchases, unit):
    assert DatesSeen(n_dates=n_dates, n_days=n_days, n_purchases=n_purchases).unit == unit


def test_counted_gaps_lose_nothing_of_a_regularity_test():
    rng = np.random.default_rng(5)
    drawn = [(f"c{i}", g) for i in range(60) for g in rng.gamma(3.0, 10.0, int(rng.integers(1, 6))).round() + 1]
    each = pd.DataFrame(drawn, columns=["customer_id", "gap"])
    at = pd.Timestamp("2022-01-01") + pd.to_timedelta(each.groupby("customer_id")["gap"].cumsum(), unit="D")
    bought = [(c, str(day.date()), 1.0) for c, day in zip(each["customer_id"], at, strict=True)]
    first = [(c, "2022-01-01", 1.0) for c in each["customer_id"].unique()]
    study = a_study(orders=orders(*first, *bought))
    counted = estimate_regularity(rows(count_spans(study)), rows(count_gaps(study)))
    spans = each.groupby("customer_id")["gap"].agg(n_gaps="size", span="sum").reset_index(drop=True)
    alone = estimate_regularity(spans, each[["gap"]])
    assert (counted.shape, counted.lower) == pytest.approx((alone.shape, alone.lower), rel=1e-7)
    assert (counted.n_gaps, counted.n_customers) == (alone.n_gaps, alone.n_customers)


def test_another_unit_is_refused():
    with pytest.raises(ParameterError, match="unit must be one of day, date; not 'week'"):
        count_gaps(a_study(orders=orders(("ann", "2024-01-01", 1.0))), unit="week")
