from datetime import datetime
from functools import partial

import pandas as pd
import pytest

from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_days,
    say_days_like,
    say_estimate,
    say_interval,
    say_money,
    say_months,
    say_of_ten,
    say_p_value,
    say_percent,
    say_plainly,
    say_points,
    say_range,
    say_short,
    say_signed_points,
    say_small_count,
)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.5501, "55 %"),
        (0.031, "3.1 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.9997, "99.97 %"),
        (1.0003, "100.03 %"),
        (1.9407, "194 %"),
        (19.407, "1,941 %"),
        (0.0004, "0.04 %"),
        (0.00000685, "under 0.01 %"),
        (-0.334, "-33 %"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_a_share_is_said_in_percent_and_never_rounded_to_nothing_or_everything(share, words):
    assert say_percent(share) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(4_596_039.58, "4.60 m"), (999_960, "1.00 m"), (12_345, "12.3 k"), (9_999, "9,999"), (12.345, "12.35"), (7, "7")],
)
def test_large_numbers_are_short_and_small_ones_in_full(value, words):
    assert say_short(value) == words


def test_money_has_its_currency():
    assert say_money(4_596_039.58, "USD") == "4.60 m USD"


def test_one_customer_is_singular():
    assert [say_count(1, "customer"), say_count(2469, "customer")] == ["1 customer", "2,469 customers"]


@pytest.mark.parametrize(
    ("days", "words"), [(3.25, "3.2 days"), (27.4, "27 days"), (365, "12 months"), (1461, "4.0 years")]
)
def test_lengths_of_time_are_said_in_the_unit_people_use(days, words):
    assert say_days(days) == words


def test_two_of_ten_is_said_as_such_but_never_none_or_all():
    assert [say_of_ten(0.21), say_of_ten(0.99), say_of_ten(0.01)] == ["about two of ten", "99 %", "1.0 %"]


def test_an_end_never_reached_is_said_to_be_open():
    assert say_interval(100.0, None, say_days) == "3 months to beyond what we saw"
    for nothing in (None, float("nan"), float("inf")):
        assert say_interval(nothing, None, say_days) == "not known"
    assert say_interval(None, 40.0, say_days) == "below what we saw to 40 days"
    assert say_interval(float("nan"), 0.5, say_percent) == "below what we saw to 50 %"
    assert say_interval(5.0, float("inf"), say_days) == "5 days to beyond what we saw"


def test_an_estimate_carries_its_level():
    assert say_estimate(0.5, 0.4, 0.6, say_percent, 0.9) == "50 % (90 % interval 40 % to 60 %)"
    assert say_estimate(0.5, None, None, say_percent) == "50 %"


def test_lists_read_as_sentences():
    assert [join_words([]), join_words(["a"]), join_words(["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_an_interval_keeps_to_the_unit_of_its_estimate():
    said = say_estimate(712.0, 680.0, 771.0, say_days_like(712.0))
    assert said == "23 months (95 % interval 22 months to 25 months)"
    assert say_days_like(800.0)(700.0) == "1.9 years"
    assert say_days_like(12.0)(100.0) == "100 days"


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100 %"), (0.99999, "over 99.99 %"), (0.99995, "over 99.99 %"), (0.9999, "99.99 %"), (0.996, "99.60 %")],
)
def test_a_share_just_under_all_is_not_printed_as_all(share, words):
    assert say_percent(share) == words


def test_a_range_that_is_printed_alike_is_said_once():
    assert say_range(0.171, 0.242, say_percent) == "17 % to 24 %"
    assert say_range(0.238, 0.242, say_percent) == "24 %"


@pytest.mark.parametrize(("months", "said"), [(1, "1 month"), (1.5, "1.5 months"), (12, "12 months")])
def test_months_have_their_noun(months, said):
    assert say_months(months) == said


def test_limits_that_a_coarse_unit_cannot_tell_apart_are_said_in_days():
    def said(estimate: float, lower: float, upper: float) -> str:
        return say_estimate(estimate, lower, upper, say_days_like(estimate, lower, upper))

    assert said(90.0, 89.0, 91.0) == "90 days (95 % interval 89 days to 91 days)"
    assert said(90.0, 40.0, 91.0) == "3 months (95 % interval 1 month to 3 months)"
    assert said(800.0, 795.0, 801.0) == "800 days (95 % interval 795 days to 801 days)"


def test_an_interval_without_width_is_not_printed():
    # Every draw alike: 20 % (95 % interval 20 % to 20 %) would claim a certainty that nothing gives.
    assert say_estimate(0.2, 0.2, 0.2 + 1e-15, say_percent) == "20 %"
    assert say_estimate(0.2, 0.199, 0.2, say_percent) == "20 %"


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (0.023, "0.023"),
        (0.001, "0.001"),
        (0.000999, "under 0.001"),
        (0.0, "under 0.001"),
        (0.5, "0.500"),
        (1.0, "1.000"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_a_p_value_has_three_places_and_is_never_nought(p_value, words):
    assert say_p_value(p_value) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.00005, "0.01 %"),
        (0.0000499, "under 0.01 %"),
        (-0.0000499, "over -0.01 %"),
        (-0.00005, "-0.01 %"),
        (0.000499, "0.05 %"),
        (0.0005, "0.1 %"),
        (0.0999, "10.0 %"),
        (0.1, "10 %"),
        (-0.0999, "-10.0 %"),
        (-0.1, "-10 %"),
        (0.995, "100 %"),
        (0.9951, "99.51 %"),
        (-0.9951, "-99.51 %"),
        (0.99994, "99.99 %"),
        (1.00001, "100.00 %"),
        (float("inf"), "not known"),
    ],
)
def test_the_places_of_a_percentage_change_at_these_limits(share, words):
    assert say_percent(share) == words


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [(0.00001, 0, "0 %"), (0.99999, 1, "100.0 %"), (0.1234, 2, "12.34 %"), (0.95, 0, "95 %")],
)
def test_a_percentage_has_the_places_that_were_asked_for(share, digits, words):
    assert say_percent(share, digits) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (99.99, "99.99"),
        (100.4, "100"),
        (-100.4, "-100"),
        (9_999.4, "9,999"),
        (10_000, "10.0 k"),
        (-12_345, "-12.3 k"),
        (123_456, "123 k"),
        (999_499, "999 k"),
        (999_500, "1.00 m"),
        (999_499_000, "999 m"),
        (999_500_000, "1.00 bn"),
        (4_596_039_580_000, "4,596 bn"),
        (None, "not known"),
        (float("inf"), "not known"),
    ],
)
def test_a_short_number_changes_its_scale_at_these_limits(value, words):
    assert say_short(value) == words


def test_a_short_number_has_as_many_digits_as_are_asked_for():
    assert [say_short(45_678, 2), say_short(1.2345, 2), say_short(1.2345, 1), say_short(1.2345, 4)] == [
        "46 k", "1.2", "1.2", "1.234",
    ]  # fmt: skip
    assert say_money(45_678, "EUR", 2) == "46 k EUR"
    assert say_money(None, "EUR") == "not known"


def test_counts_have_their_noun_and_missing_ones_are_not_known():
    assert [say_count(1_234), say_count(0, "day"), say_count(2, "loss", "losses"), say_count(1.4, "day")] == [
        "1,234", "0 days", "2 losses", "1 day",
    ]  # fmt: skip
    assert [say_count(None, "day"), say_count(float("nan"))] == ["not known", "not known"]


def test_small_counts_are_words_up_to_ten():
    assert [say_small_count(count) for count in (-1, 0, 1, 9, 10, 11, 2_000)] == [
        "-1", "none", "one", "nine", "ten", "11", "2,000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.049, "4.9 %"),
        (0.051, "about one of ten"),
        (0.5, "about five of ten"),
        (0.949, "about nine of ten"),
        (0.951, "95 %"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_so_many_of_ten_are_one_to_nine(share, words):
    assert say_of_ten(share) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "0 days"),
        (1, "1 day"),
        (9.96, "10.0 days"),
        (10.4, "10 days"),
        (-3.5, "-3.5 days"),
        (-10.4, "-10 days"),
        (89.9, "90 days"),
        (90, "3 months"),
        (-90, "-3 months"),
        (730.4, "24 months"),  # two years are 730.5 days
        (730.5, "2.0 years"),
        (-730.5, "-2.0 years"),
        (None, "not known"),
        (float("inf"), "not known"),
    ],
)
def test_units_of_time_change_at_ninety_days_and_at_two_years(days, words):
    assert say_days(days) == words


def test_lengths_beside_one_that_is_not_known_are_said_in_days():
    assert say_days_like(None)(400.0) == "400 days"
    # A single known end, or two that days cannot tell apart, leave the unit as it is.
    assert say_days_like(400.0, 399.0, None)(400.0) == "13 months"
    assert say_days_like(400.0, 399.9, 400.1)(400.0) == "13 months"
    assert say_days_like(400.0, 398.0, 402.0, 700.0)(400.0) == "13 months"


def test_a_day_is_said_in_iso_order_and_a_missing_one_is_not_known():
    assert [say_date(datetime(2024, 3, 9, 23, 59)), say_date(None), say_date(pd.NaT)] == [
        "2024-03-09", "not known", "not known",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "words", "signed"),
    [
        (0.123, "12 points", "+12.3"),
        (0.0949, "9.5 points", "+9.5"),
        (0.095, "10 points", "+9.5"),
        (-0.0412, "-4.1 points", "-4.1"),
        (-0.123, "-12 points", "-12.3"),
        (0.0, "0.0 points", "0.0"),
        (0.0004, "0.0 points", "0.0"),
        (-0.0004, "0.0 points", "0.0"),
    ],
)
def test_differences_of_shares_are_points(share, words, signed):
    assert (say_points(share), say_signed_points(share)) == (words, signed)


def test_an_interval_that_leaves_everything_open_is_not_known_also_under_a_name_of_its_own():
    whole = partial(say_percent, digits=1)
    assert [say_interval(0.0, 1.0, say) for say in (say_percent, whole, say_points)] == [
        "not known", "not known", "0.0 points to 100 points",
    ]  # fmt: skip
    assert say_interval(-1.0, 1.0, say_points) == "not known"
    assert say_estimate(0.5, 0.0, 1.0, say_percent) == "not known"
    assert say_estimate(None, 0.1, 0.2, say_percent) == "not known"
    assert say_estimate(0.5, 0.4, None, say_percent) == "50 % (95 % interval 40 % to beyond what we saw)"


def test_names_of_columns_are_read_with_blanks_and_only_the_first_letter_becomes_a_capital():
    assert say_plainly("online_security and _x_ of a_b_c_") == "online security and _x_ of a b c_"
    assert [first_capital("nPS of Bonn"), first_capital("")] == ["NPS of Bonn", ""]
    assert [join_words(["a", "b"]), join_words(["a", "b", "c"], "or")] == ["a and b", "a, b or c"]


def test_what_rounds_to_nought_has_no_minus():
    assert [say_points(-0.0004), say_percent(-0.001, 0), say_count(-0.4, "day"), say_short(-0.001)] == [
        "0.0 points", "0 %", "0 days", "0.00",
    ]  # fmt: skip
    assert [say_days(-0.04), say_days_like(800)(-3.0), say_days_like(400)(-3.0)] == [
        "0.0 days", "0.0 years", "0 months",
    ]  # fmt: skip
