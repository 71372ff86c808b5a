"""A wish to stop is remembered: no error in its place, and nobody who swallows it, keeps a command at work."""

from __future__ import annotations

import os
import signal
import sys
import time

import click
import duckdb
import pytest

from crm_research import cli, stopping
from crm_research.stopping import ending_on_signals, heed_stop, was_stopped


@pytest.fixture(autouse=True)
def _heard(monkeypatch):
    """A shell that starts the tests in the background hands down a Ctrl-C that is ignored."""
    handed_down = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handed_down)


@pytest.fixture
def call(monkeypatch, capsys):
    def run(work):
        monkeypatch.setattr("crm_research.cli.list_reports.command", click.command("list")(work))
        monkeypatch.setattr(sys, "argv", ["crm-research", "list"])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        return leaving.value.code, capsys.readouterr().err

    return run


def _stop_in_vain(number: int = signal.SIGINT) -> None:
    """Somebody asks to stop, and whoever is at work swallows it."""
    try:
        os.kill(os.getpid(), number)
        time.sleep(1)
    except KeyboardInterrupt:
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError("Query interrupted"),
        RecursionError("deep"),
        AttributeError("partially initialized module 'pandas'"),
    ],
    ids=["engine", "numpy", "pandas"],
)
def test_what_a_library_makes_of_it_is_a_stop_all_the_same(call, number, problem):
    def work() -> None:
        _stop_in_vain(number)
        raise problem

    assert call(work) == (130, "crm-research: stopped; nothing half-written was left.\n")


def test_the_engine_is_interrupted_in_its_work(call):
    def work() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        duckdb.sql("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range < b.range").fetchall()

    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        assert call(work)[0] == 130
    finally:
        signal.signal(signal.SIGALRM, before)


def test_what_was_swallowed_is_heeded_at_the_next_place():
    with ending_on_signals():
        heed_stop()
        _stop_in_vain()
        assert was_stopped()
        with ending_on_signals():
            pass
        with pytest.raises(KeyboardInterrupt):
            heed_stop()
    assert not was_stopped()


def test_who_goes_on_as_if_nothing_had_come_is_asked_again(monkeypatch):
    monkeypatch.setattr(stopping, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(stopping, "_AGAIN_SECONDS", 0.1)
    began = time.monotonic()
    with ending_on_signals():
        _stop_in_vain()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
    assert 0.1 < time.monotonic() - began < 4


def test_an_error_before_anybody_asked_is_told_as_what_it_is(call):
    def work() -> None:
        raise RuntimeError("Query interrupted")

    status, said = call(work)
    assert status == 2
    assert said.startswith("crm-research: unforeseen: RuntimeError")
