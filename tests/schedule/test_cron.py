"""When schedules come: each time once, none lost, in zones that put their clocks on, back, or change their mind."""

from __future__ import annotations

from datetime import UTC, timedelta
from itertools import islice

import pytest

from crm_research.schedule.cron import Timetable, as_cron
from tests.schedule.conftest import utc


def times(cron: str, zone: str, after: str, until: str) -> list[str]:
    table, found = Timetable(cron, zone), []
    for time in table.after(utc(after)):
        if time > utc(until):
            return found
        found.append(time.strftime("%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "after", "until", "expected"),
    [
        # Spring: 02:30 is left out on 29 March 2026, so it comes at 03:00, which is 01:00 UTC.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-27T12:00",
            "2026-03-31T00:00",
            ["03-28 01:30", "03-29 01:00", "03-30 00:30"],
        ),
        # Autumn: 02:30 comes twice on 25 October 2026 and is taken once.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-23T12:00",
            "2026-10-26T12:00",
            ["10-24 00:30", "10-25 00:30", "10-26 01:30"],
        ),
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-07T00:00",
            "2026-03-09T12:00",
            ["03-07 07:30", "03-08 07:00", "03-09 06:30"],
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-10-31T00:00",
            "2026-11-02T12:00",
            ["10-31 05:30", "11-01 05:30", "11-02 06:30"],
        ),
        # Half an hour only, and in the southern spring.
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-02T00:00",
            "2026-10-05T00:00",
            ["10-02 15:45", "10-03 15:30", "10-04 15:15"],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-03T00:00",
            "2026-04-06T00:00",
            ["04-03 14:45", "04-04 14:45", "04-05 15:15"],
        ),
        # Midnight itself is left out.
        (
            "0 0 * * *",
            "Africa/Cairo",
            "2026-04-22T12:00",
            "2026-04-25T12:00",
            ["04-22 22:00", "04-23 22:00", "04-24 21:00"],
        ),
        # Samoa left out 30 December 2011: that day's time comes as soon as there is one.
        (
            "0 6 * * *",
            "Pacific/Apia",
            "2011-12-28T12:00",
            "2012-01-01T00:00",
            ["12-28 16:00", "12-29 16:00", "12-30 10:00", "12-30 16:00", "12-31 16:00"],
        ),
        # Moscow went back for good in 2014, and has had no summer time since.
        ("30 1 * * *", "Europe/Moscow", "2014-10-25T00:00", "2014-10-27T12:00", ["10-25 21:30", "10-26 22:30"]),
        # What comes every hour goes on by real time: 23 in spring, 25 in autumn.
        (
            "0 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:30",
            "2026-10-25T02:30",
            ["10-25 00:00", "10-25 01:00", "10-25 02:00"],
        ),
        ("0 * * * *", "Europe/Berlin", "2026-03-29T00:30", "2026-03-29T02:30", ["03-29 01:00", "03-29 02:00"]),
        ("0 12 * * *", "Asia/Shanghai", "2026-03-01T00:00", "2026-03-03T00:00", ["03-01 04:00", "03-02 04:00"]),
    ],
)
def test_each_time_comes_once_and_none_is_lost(cron, zone, after, until, expected):
    assert times(cron, zone, after, until) == expected


def test_two_times_that_fall_on_one_instant_are_one():
    # 02:00, 02:30 and 03:00 all are 03:00 on the day the clocks are put on.
    found = times("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T12:00")
    assert found == ["03-29 01:00", "03-29 01:30"]


def test_who_starts_within_the_repeated_hour_does_not_make_its_time_again():
    # 00:40 UTC is 02:40 summer time, and 01:10 UTC is 02:10 winter time: 02:30 has been.
    for start in ("2026-10-25T00:40", "2026-10-25T01:10"):
        assert times("30 2 * * *", "Europe/Berlin", start, "2026-10-26T12:00") == ["10-26 01:30"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 0 * * *", "15,45 1-3 * * *"])
def test_a_year_has_each_day_once(zone, cron):
    per_day = {"30 2 * * *": 1, "0 0 * * *": 1, "15,45 1-3 * * *": 6}[cron]
    table = Timetable(cron, zone)
    start = utc("2026-01-01T12:00")
    found = [time for time in islice(table.after(start), 366 * per_day) if time < start + timedelta(days=365)]
    assert found == sorted(set(found))
    # Where two times of a day fall together as clocks are put on, they are one.
    n_together = 365 * per_day - len(found)
    assert 0 <= n_together <= (0 if per_day == 1 else 2)


def test_the_latest_is_the_last_of_those_that_came():
    table = Timetable("30 2 * * *", "Europe/Berlin")
    for now in ("2026-03-29T00:59", "2026-03-29T01:00", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-26T01:29"):
        came = [time for time in islice(table.after(utc("2026-03-01T00:00")), 400) if time <= utc(now)]
        assert table.latest(after=utc("2026-03-01T00:00"), until=utc(now)) == came[-1]


def test_the_latest_is_found_over_years_and_not_before_one_asks():
    leap = Timetable("0 6 29 2 *", "UTC")
    assert leap.latest(after=utc("2000-01-01T00:00"), until=utc("2027-12-31T00:00")) == utc("2024-02-29T06:00")
    assert leap.latest(after=utc("2024-02-29T06:00"), until=utc("2027-12-31T00:00")) is None
    assert leap.count(after=utc("2000-01-01T00:00"), before=utc("2024-02-29T06:00")) == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("0 6 30 2 *", "never comes"),
        ("0 6 31 4,6 *", "never comes"),
        ("61 * * * *", "'61' as minute, which must be 0 to 59"),
        ("0 24 * * *", "'24' as hour"),
        ("0 6 1 * * 2026", "6 of the five fields"),
        ("0 6 1 13 *", "'13' as month"),
        ("0 6 * * MOON", "'MOON' as day of the week"),
        ("*/0 * * * *", "'*/0' as minute"),
        ("@fortnightly", "write @hourly, @daily"),
        ("", "0 of the five fields"),
    ],
)
def test_what_cannot_be_is_told_by_its_field(wrong, said):
    with pytest.raises(ValueError, match="(?i)" + said.replace("*", r"\*").replace("(", r"\(")):
        as_cron(wrong)


def test_short_forms_come_as_they_say():
    assert times(as_cron("@monthly"), "UTC", "2026-01-15T00:00", "2026-03-15T00:00") == ["02-01 00:00", "03-01 00:00"]
    assert Timetable("@daily", "Europe/Berlin").first_after(utc("2026-06-01T00:00")).astimezone(UTC).hour == 22
