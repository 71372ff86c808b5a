"""Birth dates: many spellings, and no guess where there are two readings."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.standards.dates import DAY_FIRST, MONTH_FIRST, order_shown, read_birth_date


@pytest.mark.parametrize(
    "text",
    ["1984-03-14", "1984/3/14", "19840314", "14.03.1984", "14.3.84", "14/03/1984", "03/14/1984", "14-Mar-1984",
     "March 14th, 1984", "14. März 1984", "14 mars 1984", "14 de marzo de 1984", "1984年3月14日",
     "１９８４年３月１４日",
     "一九八四年三月十四日", "民国73年3月14日", "1984-03-14T00:00:00", "1984-03-14 00:00:00", "14th of March 1984"],
)  # fmt: skip
def test_one_day_in_many_spellings(text):
    read = read_birth_date(text, latest_year=2026)
    assert (read.day, read.year, read.flaw) == ("1984-03-14", "1984", "")


def test_day_and_month_are_not_guessed():
    read = read_birth_date("04/03/1984")
    assert (read.day, read.year, read.flaw) == (None, "1984", "ambiguous")
    assert read_birth_date("04/03/1984", DAY_FIRST).day == "1984-03-04"
    assert read_birth_date("04/03/1984", MONTH_FIRST).day == "1984-04-03"
    assert read_birth_date("05/05/1984").day == "1984-05-05"
    # The other order cannot be: the system's own does not count against it.
    assert read_birth_date("03/14/1984", DAY_FIRST).day == "1984-03-14"


def test_a_century_is_not_guessed():
    assert read_birth_date("14.03.27", latest_year=2026).day == "1927-03-14"
    assert read_birth_date("14.03.26", latest_year=2026).flaw == "ambiguous"
    assert read_birth_date("14.03.84").flaw == "ambiguous"


@pytest.mark.parametrize(
    ("text", "year"), [("1984", "1984"), ("1984.0", "1984"), ("1984-03", "1984"), ("1984年", "1984")]
)
def test_a_year_alone_is_no_day(text, year):
    read = read_birth_date(text)
    assert (read.day, read.year, read.flaw) == (None, year, "")


@pytest.mark.parametrize(
    "text",
    [
        "30.02.1984",
        "0000-00-00",
        "1984-13-01",
        "30775",
        "unknown",
        "",
        "1869-12-31",
        "2027-01-01",
        "1984-00",
        "元年",
        "84-03-14",
    ],
)
def test_what_is_no_birth_date_is_none(text):
    read = read_birth_date(text, latest_year=2026)
    assert (read.day, read.year, read.flaw) == (None, None, "refused")


def test_the_limits_of_years():
    assert read_birth_date("1870-01-01", latest_year=2026).day == "1870-01-01"
    assert read_birth_date("2026-12-31", latest_year=2026).day == "2026-12-31"


def test_which_dates_show_their_order():
    shown = [order_shown(text) for text in ("13/12/1984", "12/13/1984", "12/12/1984", "13.12.1984", "32/12/1984", "x")]
    assert shown == [DAY_FIRST, MONTH_FIRST, None, None, None, None]


@settings(max_examples=60, deadline=None)
@given(
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y年%m月%d日", "%B %d, %Y"]),
)
def test_every_day_is_read_as_itself(day, spelling):
    assert read_birth_date(day.strftime(spelling), latest_year=2026).day == day.isoformat()
