"""A wish to stop ends what is done, whatever it is turned into on its way, and is told as such."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from crm_research import stopping
from crm_research.stopping import listening, stop_if_asked, stoppable


@pytest.fixture(autouse=True)
def signals():
    """As a program finds them that nobody started in the background or with nohup."""
    fresh = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in fresh.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ask(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_wish_arrives_as_one_whatever_signal_brings_it(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        ask(number)
    assert signal.getsignal(number) is before


def turn_into_an_error():
    try:
        ask()
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted") from None


def test_an_error_that_it_was_turned_into_is_that_wish():
    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        turn_into_an_error()


def test_an_error_of_ones_own_stays_one():
    with pytest.raises(RuntimeError, match="of its own"), listening(), stoppable():
        raise RuntimeError("of its own")


def swallow():
    try:
        ask()
    except KeyboardInterrupt:
        return


def test_one_that_was_swallowed_is_heard_at_the_next_step():
    reached = []

    def work():
        swallow()
        reached.append("here")
        stop_if_asked()
        reached.append("beyond")

    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        work()
    assert reached == ["here"]


def test_one_that_was_swallowed_is_heard_at_the_end_at_least():
    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        swallow()


def test_one_that_was_swallowed_comes_again(monkeypatch):
    monkeypatch.setattr(stopping, "_AGAIN_SECONDS", 0.05)

    def wait():
        swallow()
        signal.pause()

    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        wait()


def test_cleaning_up_is_not_stopped_by_impatience():
    cleaned = []

    def work():
        try:
            with stoppable():
                ask()
        finally:
            ask()
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt), listening():
        work()
    assert cleaned == [True]


def test_the_next_one_begins_anew():
    with pytest.raises(KeyboardInterrupt), listening(), stoppable():
        ask()
    with listening(), stoppable():
        stop_if_asked()


def test_whoever_lets_a_signal_pass_is_obeyed():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening(), stoppable():
            ask(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


AN_ENGINE_AT_WORK = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from crm_research import cli, stopping

def command(**_):
    import duckdb
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    duckdb.sql("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b").fetchall()

cli.cli = command
sys.argv = ["crm-research", "list"]
cli.main()
"""


def test_an_engine_that_is_interrupted_at_work_is_no_mistake_of_ours():
    done = subprocess.run([sys.executable, "-c", AN_ENGINE_AT_WORK], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "crm-research: stopped; nothing half-written was left.\n")
