"""Memory is given back when the process has grown since the last time, and then only."""

from __future__ import annotations

from crm_research import freed_memory
from crm_research.engine import open_embedded_engine
from crm_research.freed_memory import GivesBack

MB = 1024**2


def test_a_process_gives_back_what_it_has_grown_by_since_the_last_time(monkeypatch):
    given, held = [], [100 * MB]
    monkeypatch.setattr(freed_memory, "_resident_bytes", lambda: held[0])

    def give_back():
        given.append(held[0] // MB)
        held[0] -= 20 * MB

    gives_back = GivesBack(give_back)
    seen = []
    # Grown by less than is worth it; by enough; not since; fallen, so that growth is told from there.
    for now in (131, 132, 143, 144, 90, 121, 122):
        held[0] = now * MB
        seen.append(gives_back())
    assert seen == [False, True, False, True, False, False, True]
    assert given == [132, 144, 122]


def test_where_the_system_does_not_say_nothing_is_given_back(monkeypatch):
    monkeypatch.setattr(freed_memory, "_resident_bytes", lambda: 0)
    assert not GivesBack(lambda: 1 / 0)()


def test_the_engine_keeps_its_limit_when_it_gives_back(monkeypatch):
    # Each look finds a process that has grown.
    grown = iter(range(0, 100_000 * MB, 40 * MB))
    monkeypatch.setattr(freed_memory, "_resident_bytes", lambda: next(grown))
    engine = open_embedded_engine(memory_gigabytes=0.4)
    asked = "SELECT current_setting('memory_limit') AS said"
    before = engine.con.execute(asked).fetchone()[0]
    said = [engine.sql(asked).to_pyarrow()["said"][0].as_py() for _ in range(3)]
    assert (before, said) == ("381.4 MiB", ["381.4 MiB"] * 3)
