"""The one way from calendar months to tenure."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.vocabulary import days_in_months, month_of_tenure, months_of_days, whole_months_in

DAYS = st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2050-12-31").date())


def test_the_longest_that_so_many_months_can_be():
    # July and August; May to August lacks one: 3 x 31 + 30; March to December; a year with 29 February; twice a year
    # holds one such day; four years always do.
    asked = (0, 1, 2, 4, 10, 12, 13, 24, 48, 69, 120)
    assert [days_in_months(months) for months in asked] == [0, 31, 62, 123, 306, 366, 397, 731, 1461, 2103, 3653]


@given(DAYS, st.integers(1, 200))
def test_a_tenure_of_whole_months_lies_in_their_last_month_whenever_it_began(start, months):
    # pandas stops at the last day of a month that is too short, as study files and SQL do.
    tenure = (pd.Timestamp(start) + pd.DateOffset(months=months) - pd.Timestamp(start)).days
    assert days_in_months(months - 1) < tenure <= days_in_months(months)
    assert month_of_tenure(tenure) == months_of_days(tenure) == whole_months_in(tenure) == months


@given(st.integers(0, 6000))
def test_every_tenure_lies_in_one_month(days):
    month = month_of_tenure(days)
    assert days <= days_in_months(month)
    assert days > days_in_months(month - 1) or days == 0


@pytest.mark.parametrize(("days", "months"), [(27, 0), (28, 1), (58, 1), (59, 2), (364, 11), (365, 12), (366, 12)])
def test_months_that_have_passed_for_those_who_began_in_the_shortest(days, months):
    assert whole_months_in(days) == months
