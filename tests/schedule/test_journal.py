"""The log: lines are added, a half one is passed over, and machines have files of their own."""

from __future__ import annotations

from crm_research.schedule import journal as room
from crm_research.schedule.journal import Journal
from crm_research.schedule.words import say_event
from tests.schedule.conftest import utc


def test_a_line_that_breaks_off_is_passed_over_and_the_next_begins_anew(tmp_path):
    journal = Journal(tmp_path)
    journal.add(utc("2026-03-01T05:00:00"), "begins", schedule="a")
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes() + b'{"at": "2026-03-01T05:0')
    journal.add(utc("2026-03-01T06:00:00"), "ends", schedule="a")
    records, n_torn = journal.read()
    assert [record["event"] for record in records] == ["begins", "ends"]
    assert n_torn == 1
    assert file.stat().st_mode & 0o777 == 0o600


def test_lines_of_several_machines_and_months_stand_in_order_of_their_time(tmp_path, monkeypatch):
    for host, at in (("b", "2026-03-31T23:59:59"), ("a", "2026-04-01T00:00:01"), ("b", "2026-03-02T00:00:00")):
        monkeypatch.setattr(room, "host_name", lambda host=host: host)
        Journal(tmp_path).add(utc(at), "begins", host=host)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-03.b.jsonl", "2026-04.a.jsonl"]
    assert [record["at"][:10] for record in Journal(tmp_path).read()[0]] == ["2026-03-02", "2026-03-31", "2026-04-01"]


def test_what_is_no_record_is_passed_over(tmp_path):
    (tmp_path / "x.jsonl").write_text('[1]\n{"event": "begins"}\n\n{"at": "2026-03-01T00:00:00+00:00", "event": "e"}\n')
    records, n_torn = Journal(tmp_path).read()
    assert (len(records), n_torn) == (1, 2)


def test_events_are_told_in_the_zone_of_their_schedule():
    record = {"event": "begins", "schedule": "month", "time": "2026-07-01T04:00:00+00:00", "zone": "Europe/Berlin"}
    assert say_event({**record, "attempt": 1}) == "month, 2026-07-01 06:00 CEST: begins."
    late = {**record, "attempt": 2, "late_seconds": 7200, "missed": 3}
    assert say_event(late) == (
        "month, 2026-07-01 06:00 CEST: begins again (try 2), 2.0 h late, 3 earlier times missed and not made up."
    )
    sao_paulo = {"event": "ends", "schedule": "m", "time": "2026-07-01T04:00:00+00:00", "zone": "America/Sao_Paulo"}
    assert say_event({**sao_paulo, "outcome": "well"}) == "m, 2026-07-01 01:00 UTC-0300: well."
