import pytest

from crm_research.pillars.customer_base import CustomerBasePage, count_contracts, measure_growth
from crm_research.pillars.customer_base.words import ends_note, say_growth
from tests.builders import a_study, contracts, orders


def _growth(*rows, as_of="2024-07-01", **extra):
    return measure_growth(a_study(as_of=as_of, orders=orders(*rows, **extra)))


def test_a_customer_is_first_seen_once():
    rows = [("a", f"2024-0{month}-10", 5.0) for month in range(1, 7)] + [("b", "2024-04-02", 5.0)]
    periods = _growth(*rows).periods
    assert periods["n_first_seen"].tolist() == [1, 0, 0, 1, 0, 0]
    assert periods["n_active"].tolist() == [1, 1, 1, 2, 1, 1]


def test_a_month_without_an_order_stands_as_nought():
    periods = _growth(("a", "2024-01-10", 5.0), ("a", "2024-05-10", 5.0)).periods
    assert periods["n_active"].tolist() == [1, 0, 0, 0, 1]


def test_those_seen_when_records_begin_are_not_called_new():
    rows = [("a", f"2024-01-{day:02}", 5.0) for day in (1, 11, 21)] + [
        ("b", "2024-01-03", 5.0),
        ("c", "2024-06-01", 5.0),
    ]
    growth = _growth(*rows)
    assert growth.warm_up_days == 10
    assert growth.n_first_seen_in_warm_up == 2


def test_without_a_repeat_purchase_old_and_new_cannot_be_told_apart():
    assert _growth(("a", "2024-01-01", 5.0), ("b", "2024-03-01", 5.0)).warm_up_days is None


def test_a_month_that_as_of_cuts_is_not_complete():
    growth = _growth(*[("a", f"2024-0{month}-01", 5.0) for month in range(1, 7)], as_of="2024-06-15")
    assert growth.periods["is_complete"].tolist() == [True] * 5 + [False]


def test_a_short_record_is_shown_by_week_or_day():
    assert _growth(("a", "2024-05-06", 5.0), ("a", "2024-06-29", 5.0)).grain == "week"
    assert _growth(("a", "2024-06-20", 5.0), ("a", "2024-06-29", 5.0)).grain == "day"


def test_a_return_is_no_purchase():
    rows = [("a", "2024-01-10", 5.0), ("a", "2024-05-10", -5.0)]
    growth = _growth(*rows, kind=["sale", "return"])
    assert growth.periods["n_active"].tolist() == [1, 0, 0, 0, 0]
    assert growth.periods["revenue"].tolist() == [5, 0, 0, 0, -5]


def test_a_stray_date_does_not_fill_the_page():
    assert len(_growth(("a", "1850-01-01", 5.0), ("a", "2024-06-01", 5.0)).periods) <= 1200


def test_nobody_has_bought_yet():
    assert _growth(("a", "2024-08-01", 5.0)) is None


def test_contracts_running_add_up():
    held = contracts(
        ("a", "2024-01-05", "2024-03-01", "price"),
        ("b", "2024-01-09", None, None),
        ("c", "2024-04-01", "2024-09-01", "x"),
    )
    months = count_contracts(a_study(contracts=held))
    assert months["n_running"].tolist() == [2, 2, 1, 2]


def test_one_customer_buys_and_the_last_month_is_told_by_itself():
    rows = [("a", "2024-01-05", 9.0), ("a", "2024-02-05", 9.0), ("a", "2024-03-05", 9.0), ("b", "2024-03-06", 9.0)]
    growth = measure_growth(a_study(as_of="2024-04-10", orders=orders(*rows, ("b", "2024-04-09", 9.0))))
    assert growth is not None
    told = say_growth(growth)
    if growth.grain == "month":
        assert told == (
            "In a usual month 1 customer buys; in the last whole one 2 did, 50 % of them for the first time."
        )


@pytest.mark.parametrize(
    ("n_in_one_month", "n_before", "said"),
    [
        (12, 0, "All 12 ends known are dated in one month, 2023-12, as where"),
        (9, 8, "9 of the 17 ends known are dated in one month, 2023-12, as where"),
        (9, 9, None),
        (9, 0, None),
        (10, 0, "All 10 ends known"),
    ],
)
def test_ends_that_lie_in_one_month_are_told_beside_the_picture(n_in_one_month, n_before, said):
    ends = ["2023-12-31"] * n_in_one_month + [f"2023-{month:02d}-05" for month in range(1, n_before + 1)]
    held = contracts(
        *((f"c{i}", "2022-03-01", end, None) for i, end in enumerate(ends)), ("z", "2022-03-01", None, None)
    )
    page = CustomerBasePage(a_study(as_of="2024-01-01", contracts=held))
    told = ends_note(page.result)
    assert (told is None) if said is None else told.startswith(said)
    assert page.growth.parts[0].caption == told
