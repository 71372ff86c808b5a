"""What is due is made once: missed times, overlaps, deaths, tries, stale data; on a clock that tests turn."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import pairwise

import pytest

from crm_research.schedule import claims
from crm_research.schedule.file import read_schedules
from tests.schedule.conftest import die, utc

DAILY = """
timezone: Europe/Berlin
tell: [desk@example.org]
schedules:
  daily:
    cron: "0 6 * * *"
    studies: [cdnow]
    reports: [loyalty]
    as_of: month_start
    retries: 2
"""


def test_a_run_is_made_at_its_time_with_its_parameters_resolved(desk):
    desk.write(DAILY.replace("    retries: 2", "    parameters: {bound: week_end, seed: 3}\n    publish: intranet"))
    desk.live(desk.scheduler(), until="2026-03-03T04:00")
    assert desk.launcher.runs == [] or desk.launcher.runs[0] >= utc("2026-03-02T05:00")
    desk.live(desk.scheduler(), until="2026-03-03T05:10")
    (at, run), (_, publish) = desk.launcher.asked[-2:]
    assert utc("2026-03-03T05:00") <= at <= utc("2026-03-03T05:01")
    reports = run[run.index("--out") + 1]
    assert run == (
        "run", "loyalty", "--study", "cdnow", "--as-of", "2026-03-01", "-p", "bound=2026-03-01", "-p", "seed=3",
        "--out", reports,
    )  # fmt: skip
    assert publish == ("publish", "intranet", "--study", "cdnow", "--out", reports)


def test_what_came_before_a_schedule_was_known_is_not_made(desk):
    desk.write(DAILY)
    desk.live(desk.scheduler(), until="2026-03-03T04:59")
    assert desk.launcher.runs == []


def test_missed_times_are_made_up_once_the_latest_only(desk):
    desk.write(DAILY)
    first = desk.scheduler()
    desk.live(first, until="2026-03-03T06:00")
    die(first)
    desk.clock.at = utc("2026-03-08T11:00")  # four more times have come: the 4th to the 7th, and the 8th
    desk.live(desk.scheduler(), until="2026-03-08T12:00")
    assert len(desk.launcher.runs) == 2
    (begins,) = [event for event in desk.events("begins") if event["time"].startswith("2026-03-08")]
    assert begins["missed"] == 4
    assert begins["late_seconds"] == 6 * 3600


def test_a_changed_time_is_counted_from_the_change(desk):
    desk.write(DAILY)
    desk.live(desk.scheduler(), until="2026-03-02T12:00")
    desk.write(DAILY.replace("0 6", "0 9"))  # nine in the morning has been
    desk.live(desk.scheduler(), until="2026-03-02T13:00")
    assert desk.launcher.runs == []
    desk.live(desk.scheduler(), until="2026-03-03T08:05")
    assert len(desk.launcher.runs) == 1


def test_a_run_longer_than_its_period_is_not_begun_twice_and_the_log_says_so(desk):
    desk.write(DAILY.replace("0 6 * * *", "*/10 * * * *"))
    desk.launcher.seconds = 25 * 60
    desk.live(desk.scheduler(), desk.scheduler(), until="2026-03-02T07:00")
    starts = desk.launcher.runs
    assert all(later - earlier >= timedelta(minutes=25) for earlier, later in pairwise(starts))
    passed = [event for event in desk.events("ends") if event["outcome"] == claims.OVERLAPPED]
    assert len({event["time"] for event in passed}) == len(passed) == 7
    assert "still at work" in passed[0]["said"]


def test_a_run_that_lasts_past_many_times_is_still_known_to_be_at_work(desk):
    desk.write(DAILY.replace("0 6 * * *", "* * * * *"))
    desk.launcher.seconds = 3600
    desk.live(desk.scheduler(), desk.scheduler(), until="2026-03-02T05:50")
    assert len(desk.launcher.runs) == 1


def test_a_dead_one_is_taken_over_at_once_on_its_machine(desk):
    desk.write(DAILY)
    first, second = desk.scheduler(), desk.scheduler()
    desk.live(first, second, until="2026-03-03T05:00")
    desk.launcher.seconds = 600
    desk.live(first, second, until="2026-03-03T05:02")
    assert len(desk.launcher.runs) == 1
    die(first)
    desk.live(second, until="2026-03-03T05:30")
    assert len(desk.launcher.runs) == 2
    assert [event["event"] for event in desk.events("taken over", "ends")] == ["taken over", "ends"]
    assert desk.events("ends")[0]["outcome"] == claims.WELL


def test_one_on_another_machine_is_dead_when_its_beat_has_stopped(desk, monkeypatch):
    desk.write(DAILY)
    desk.launcher.seconds = 1800
    monkeypatch.setattr(claims, "host_name", lambda: "elsewhere")
    first = desk.scheduler()
    desk.live(first, until="2026-03-03T05:10")
    monkeypatch.setattr(claims, "host_name", lambda: "here")
    die(first)  # its last beat was just before ten past
    second = desk.scheduler()
    desk.live(second, until="2026-03-03T05:14")
    assert len(desk.launcher.runs) == 1
    desk.live(second, until="2026-03-03T05:20")
    assert len(desk.launcher.runs) == 2


def test_one_that_slept_and_was_taken_over_leaves_it_alone(desk, monkeypatch):
    desk.write(DAILY)
    desk.launcher.seconds = 1800
    monkeypatch.setattr(claims, "host_name", lambda: "elsewhere")
    monkeypatch.setattr(claims, "_lock", lambda handle, **_: None)  # locks that other machines do not see
    first = desk.scheduler()
    desk.live(first, until="2026-03-03T05:10")
    child = desk.launcher.children[0]
    monkeypatch.setattr(claims, "host_name", lambda: "here")
    second = desk.scheduler()
    desk.live(second, until="2026-03-03T05:20")
    assert len(desk.launcher.runs) == 2
    first.tick()
    assert child.stopped
    assert desk.events("taken away")
    desk.live(first, second, until="2026-03-03T06:00")
    assert [event["outcome"] for event in desk.events("ends")] == [claims.WELL]


def test_what_ends_schedulers_again_and_again_is_given_up_and_told(desk):
    desk.write(DAILY)
    desk.launcher.seconds = 600
    desk.live(desk.scheduler(), until="2026-03-02T05:30")
    desk.clock.at = utc("2026-03-03T05:00")
    for _ in range(3):
        scheduler = desk.scheduler()
        scheduler.tick()
        assert scheduler.courses
        die(scheduler)
    desk.live(desk.scheduler(), until="2026-03-03T05:05")
    assert len(desk.launcher.runs) == 3
    assert [event["outcome"] for event in desk.events("ends")] == [claims.GIVEN_UP]
    assert "ended without a word 3 times" in desk.mails[0].get_content()


def test_a_failed_run_is_tried_again_so_often_as_is_said_and_told_once(desk):
    desk.write(DAILY)
    desk.launcher.status = lambda arguments: 1
    desk.live(desk.scheduler(), desk.scheduler(), until="2026-03-03T08:00")
    assert len(desk.launcher.runs) == 3
    assert [event["outcome"] for event in desk.events("ends")] == [claims.RETRY, claims.RETRY, claims.FAILED]
    (mail,) = desk.mails
    assert mail["To"] == "desk@example.org"
    assert mail["Subject"] == "daily: reports of 2026-03-03 06:00 CET were not made"
    assert "Tried 3 times: 2026-03-03 06:00 CET, 2026-03-03 06:11 CET, 2026-03-03 06:22 CET" in mail.get_content()
    assert "said something" in mail.get_content()


def test_only_what_is_left_is_tried_again(desk):
    desk.write(DAILY.replace("    retries: 2", "    publish: [one, two]"))
    failing = iter([1, 0])
    desk.launcher.status = lambda arguments: next(failing) if "two" in arguments else 0
    desk.live(desk.scheduler(), until="2026-03-03T06:00")
    assert [arguments[:2] for _, arguments in desk.launcher.asked] == [
        ("run", "loyalty"), ("publish", "one"), ("publish", "two"), ("publish", "two"),
    ]  # fmt: skip
    assert [event["outcome"] for event in desk.events("ends")] == [claims.RETRY, claims.WELL]


def test_mail_that_is_not_taken_is_sent_again_and_not_for_ever(desk):
    from crm_research.errors import CrmError

    def refuse(message):
        raise CrmError("the server refuses")

    desk.write(DAILY.replace("retries: 2", "retries: 0"))
    desk.launcher.status = lambda arguments: 2
    desk.live(desk.scheduler(mail=("reports@example.org", refuse)), until="2026-03-03T09:00")
    told = desk.events("not told")
    assert len(told) == 5
    assert told[0]["said"].endswith("could not be told, and it is tried again: the server refuses")
    assert "it is not tried again" in told[-1]["said"]


FRESH = DAILY.replace("    retries: 2", "    fresh: {table: orders, within_days: 2, give_up_hours: 2}")


def test_reports_wait_for_fresh_data(desk):
    desk.write(FRESH)
    desk.launcher.status = lambda arguments: int(arguments[0] == "schedule" and desk.clock.at < utc("2026-03-03T06:10"))
    desk.live(desk.scheduler(), until="2026-03-03T08:00")
    asked = [arguments[0] for at, arguments in desk.launcher.asked if at > utc("2026-03-03T00:00")]
    assert asked == ["schedule", "schedule", "schedule", "schedule", "run"]
    assert "--day" in desk.launcher.asked[0][1]
    assert [event["outcome"] for event in desk.events("ends")] == [claims.WAITING] * 3 + [claims.WELL]
    assert desk.mails == []


def test_data_that_do_not_come_are_told_of(desk):
    desk.write(FRESH)
    desk.launcher.words = "cdnow: the newest row of orders is of 2026-02-20.\n"
    desk.launcher.status = lambda arguments: int(arguments[0] == "schedule")
    desk.live(desk.scheduler(), until="2026-03-03T12:00")
    assert desk.launcher.runs == []
    assert desk.events("ends")[-1]["outcome"] == claims.STALE
    (mail,) = desk.mails
    assert "the newest row of orders is of 2026-02-20" in mail.get_content()


def test_stopped_by_a_wish_is_taken_up_by_the_next(desk):
    desk.write(DAILY)
    desk.launcher.seconds = 600
    first = desk.scheduler()
    desk.live(first, until="2026-03-03T05:02")
    first.stop()
    assert [event["outcome"] for event in desk.events("ends")] == ["stopped"]
    desk.live(desk.scheduler(), until="2026-03-03T05:20")
    assert [event["outcome"] for event in desk.events("ends")] == ["stopped", claims.WELL]


def test_a_changed_file_is_read_again_and_a_broken_one_is_not_taken(desk, monkeypatch):
    monkeypatch.setattr("crm_research.schedule.scheduler.open_schedules", read_schedules)
    desk.write(DAILY)
    scheduler = desk.scheduler()
    desk.path.write_text(DAILY.replace("0 6", "0 66"), encoding="utf-8")
    scheduler.reread_if_changed()
    assert scheduler.file.definition.schedules["daily"].cron == "0 6 * * *"
    (event,) = desk.events("not read again")
    assert "stay as they were" in event["said"]
    assert "'66' as hour" in event["said"]
    desk.path.write_text(DAILY.replace("0 6", "0 16"), encoding="utf-8")
    scheduler.reread_if_changed()
    assert scheduler.file.definition.schedules["daily"].cron == "0 16 * * *"
    scheduler.reread_if_changed()
    assert len(desk.events("read again")) == 1


def test_whoever_looks_at_a_dead_run_is_not_taken_for_its_life(desk):
    import fcntl

    occasion = claims.SharedFolder(desk.state).occasion("daily", utc("2026-03-03T05:00"))
    hold = occasion.claim(1, {}, desk.clock.at)
    assert occasion.is_alive(1, desk.clock.at)
    hold.release()
    with (occasion.folder / "1.claim").open() as looking:
        # As another scheduler does for a moment.
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert not occasion.is_alive(1, desk.clock.at)


def test_a_claim_is_given_to_one_alone_even_without_links(desk, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(claims.os, "link", refuse)
    occasion = claims.SharedFolder(desk.state).occasion("daily", utc("2026-03-03T05:00"))
    hold = occasion.claim(1, {}, desk.clock.at)
    assert hold is not None
    assert occasion.claim(1, {}, desk.clock.at) is None
    # Such a claim has no lock, so it lives by its beat.
    assert occasion.is_alive(1, desk.clock.at + timedelta(minutes=4))
    assert not occasion.is_alive(1, desk.clock.at + timedelta(minutes=6))


@pytest.mark.slow
def test_old_times_are_swept_and_the_newest_stay(desk):
    desk.write(DAILY.replace("0 6 * * *", "*/5 * * * *"))
    desk.live(desk.scheduler(), until="2026-03-02T10:00")
    kept = claims.SharedFolder(desk.state).occasions("daily")
    assert len(desk.launcher.runs) == 59
    assert 30 <= len(kept) <= 32
    assert kept[-1].instant == utc("2026-03-02T09:55")


WEEK = """
timezone: Europe/Berlin
schedules:
  nightly: {cron: "30 2 * * *", studies: cdnow, retries: 0}
  hourly: {cron: "7 * * * *", studies: cdnow, retries: 0}
  new-york: {cron: "0 9 * * MON-FRI", timezone: America/New_York, studies: cdnow, retries: 0}
  weekly: {cron: "0 7 * * MON", studies: cdnow, retries: 0}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("start", "n_hourly"), [("2026-03-26T11:59", 7 * 24 + 1), ("2026-10-22T10:59", 7 * 24 + 1)])
def test_two_schedulers_for_a_week_make_each_run_once(desk, start, n_hourly):
    """Weeks in which clocks are put on, back, and neither; schedulers die and are started anew in each of them."""
    desk.write(WEEK)
    desk.clock.at = utc(start)
    desk.launcher.seconds = 150
    end = desk.clock.at + timedelta(days=7)
    one, other = desk.scheduler(at_once=4), desk.scheduler(at_once=4)
    turn = 0
    while desk.clock.at < end:
        for scheduler in (one, other) if turn % 2 else (other, one):
            scheduler.tick()
        turn += 1
        if turn % 81 == 0:
            die(one)
            one = desk.scheduler(at_once=4)
        if turn % 117 == 0:
            other.stop()
            other = desk.scheduler(at_once=4)
        desk.clock.wait(300)
    desk.live(one, other, until=(desk.clock.at + timedelta(minutes=20)).isoformat()[:19])
    well = [event for event in desk.events("ends") if event["outcome"] == claims.WELL]
    count = {
        name: [event["time"] for event in well if event["schedule"] == name]
        for name in ("nightly", "hourly", "new-york", "weekly")
    }
    assert all(len(times) == len(set(times)) for times in count.values())
    assert {name: len(times) for name, times in count.items()} == {
        "nightly": 7, "hourly": n_hourly, "new-york": 5, "weekly": 1,
    }  # fmt: skip
    # No run stood beside another of its schedule: what is begun twice was left by a scheduler that ended.
    begun = {(event["schedule"], event["time"], event["attempt"]) for event in desk.events("begins")}
    assert len(begun) == len(desk.events("begins"))
    left = len(desk.events("taken over")) + sum(event["outcome"] == "stopped" for event in desk.events("ends"))
    assert len(desk.events("begins")) == len(well) + left
    shutil.rmtree(desk.state)


def test_a_full_disk_is_waited_for_and_what_was_done_is_not_lost(desk, monkeypatch):
    from crm_research.schedule.serving import Wishes, serve

    desk.write(DAILY)
    desk.launcher.seconds = 5
    wishes, said = Wishes(), []
    scheduler = desk.scheduler(say=said.append)
    desk.clock.at = utc("2026-03-03T04:58:00")
    scheduler.tick()
    write = claims._write

    def write_or_not(path, value, **more):
        if utc("2026-03-03T05:00:03") < desk.clock.at < utc("2026-03-03T05:02:00"):
            raise OSError(28, "No space left on device", str(path))
        write(path, value, **more)

    monkeypatch.setattr(claims, "_write", write_or_not)
    wait = desk.clock.wait

    def wait_and_end(seconds):
        wait(seconds)
        wishes.ending = "SIGTERM" if desk.clock.at > utc("2026-03-03T05:05:00") else None

    desk.clock.wait = wait_and_end
    serve(scheduler, wishes)
    full = [line for line in said if "No space left on device; this is tried again until it is mended." in line]
    assert len(full) == 1
    assert len(desk.launcher.runs) == 1
    assert [event["outcome"] for event in desk.events("ends")] == [claims.WELL]


def test_a_service_that_ends_says_what_is_left(desk):
    from crm_research.schedule.serving import Wishes, serve

    desk.write(DAILY)
    desk.launcher.seconds = 3600
    desk.clock.at = utc("2026-03-03T04:58:00")
    desk.scheduler().tick()
    wishes, wait = Wishes(), desk.clock.wait

    def wait_and_end(seconds):
        wait(seconds)
        wishes.ending = "SIGTERM" if desk.clock.at > utc("2026-03-03T05:01:00") else None

    desk.clock.wait = wait_and_end
    serve(desk.scheduler(), wishes)
    assert [event["event"] for event in desk.events()] == ["serves", "begins", "stopping", "ends", "served"]
    assert desk.events("stopping")[0]["said"] == "SIGTERM: daily is asked to stop."
    assert desk.events("served")[0]["said"].endswith("What daily had begun is taken up by the next scheduler.")


def test_run_due_makes_what_is_due_waits_for_it_and_says_how_it_went(desk):
    from crm_research.schedule.serving import Wishes, run_due

    desk.write(DAILY)
    assert run_due(desk.scheduler(), Wishes())
    desk.clock.at = utc("2026-03-03T05:03:00")
    assert run_due(desk.scheduler(), Wishes())
    assert run_due(desk.scheduler(), Wishes())
    assert len(desk.launcher.runs) == 1
    desk.clock.at = utc("2026-03-04T05:03:00")
    desk.launcher.status = lambda arguments: 1
    assert not run_due(desk.scheduler(), Wishes())
    assert run_due(desk.scheduler(), Wishes())  # it is not yet time for the second try
    desk.clock.wait(700)
    assert not run_due(desk.scheduler(), Wishes())
    assert len(desk.launcher.runs) == 3
