"""Days told by the day of a run."""

from __future__ import annotations

from datetime import date

import pytest

from crm_research.schedule.days import as_day, day_of, is_day, seems_day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run_day", "2026-05-14"),
        ("yesterday", "2026-05-13"),
        ("week_start", "2026-05-11"),
        ("month_start", "2026-05-01"),
        ("quarter_start", "2026-04-01"),
        ("year_start", "2026-01-01"),
        ("week_end", "2026-05-10"),
        ("month_end", "2026-04-30"),
        ("quarter_end", "2026-03-31"),
        ("year_end", "2025-12-31"),
        ("month_start - 1 month", "2026-04-01"),
        ("month_end - 2 months", "2026-02-28"),
        ("quarter_end - 1 quarter", "2025-12-31"),
        ("quarter_end + 1 day", "2026-04-01"),
        ("run_day-3 weeks", "2026-04-23"),
        ("year_start + 1 year", "2027-01-01"),
        ("2024-06-30", "2024-06-30"),
    ],
)
def test_a_day_is_told_by_the_day_of_the_run(text, expected):
    assert day_of(as_day(text), date(2026, 5, 14)).isoformat() == expected


def test_a_day_that_a_month_lacks_is_its_last():
    assert day_of("run_day + 1 month", date(2026, 1, 31)) == date(2026, 2, 28)
    assert day_of("month_end", date(2026, 3, 1)) == date(2026, 2, 28)
    assert day_of("quarter_end", date(2026, 1, 1)) == date(2025, 12, 31)


@pytest.mark.parametrize(
    "wrong", ["month_strat", "month_start - 1", "__import__('os')", "today", "", "month_start -- 1 day"]
)
def test_nothing_else_is_a_day(wrong):
    assert not is_day(wrong)
    with pytest.raises(ValueError, match="is no day"):
        as_day(wrong)


def test_the_nearest_name_is_offered():
    with pytest.raises(ValueError, match="Did you mean 'month_start'"):
        as_day("month_strat")
    assert seems_day("quater_end") == "quarter_end"
    assert seems_day("payment_method") is None


def test_an_offset_beyond_the_calendar_is_refused():
    with pytest.raises(ValueError, match="beyond the calendar"):
        as_day("year_end - 99999 years")
