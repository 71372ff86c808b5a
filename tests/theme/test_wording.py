import pytest

from crm_research.theme import (
    join_words,
    say_count,
    say_days,
    say_days_like,
    say_estimate,
    say_interval,
    say_money,
    say_months,
    say_of_ten,
    say_percent,
    say_range,
    say_short,
)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.5501, "55 %"),
        (0.031, "3.1 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.9997, "99.97 %"),
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
    assert say_estimate(0.2, 0.199, 0.2, say_percent) == "20 % (95 % interval 20 % to 20 %)"
