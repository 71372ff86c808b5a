"""A limit on the time that reading and checking may take: nothing of ours stands still for ever.

The limit raises in the main thread, and interrupts the scans of the embedded engines that were told to it. Where a
single step of foreign code does not come back, a second clock ends the process with the same words.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from crm_research.errors import CrmError

# What reading and checking a study may take unless told otherwise, and a second more for so many bytes of its files.
DEFAULT_SECONDS: Final = 120.0
_BYTES_PER_SECOND: Final = 1_000_000
# A server answers for tables of unknown size.
SERVER_SECONDS: Final = 900.0
# After the limit, how long a single step may still take to come back before the process is ended.
_GRACE_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 1.0
_INTERRUPT_SECONDS: Final = 0.25


class TimeLimitExceeded(CrmError):
    """Reading or checking took longer than it may."""


class _Expired(BaseException):
    """Raised by the clock; no error, so that no handler of errors takes it for a fault of a file."""


@dataclass(kw_only=True)
class _Limit:
    what: str
    ends_at: float
    seconds: float
    is_fixed: bool
    is_over: bool = False


_current: list[_Limit] = []
# By identity: two engines in memory are equal to Ibis.
_engines: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


@contextmanager
def time_limit(what: str, *, seconds: float | None = None) -> Iterator[None]:
    """End what is done within after so many seconds.

    Parameters
    ----------
    what
        What is being done, as a sentence's subject: "Reading study shop".
    seconds
        The limit; None takes `DEFAULT_SECONDS`, and more as `allow_for` tells how much there is to read.

    Raises
    ------
    TimeLimitExceeded
        When the time is over. Within another limit, or outside the main thread, nothing is limited.
    """
    if _current or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    length = DEFAULT_SECONDS if seconds is None else seconds
    limit = _Limit(what=what, ends_at=time.monotonic() + length, seconds=length, is_fixed=seconds is not None)

    def ring(_signal: int, _frame: FrameType | None) -> None:
        limit.is_over = True
        raise _Expired

    before = signal.signal(signal.SIGALRM, ring)
    is_done = threading.Event()
    threading.Thread(target=_end_at_last, args=(limit, is_done), daemon=True, name="time limit").start()
    _current.append(limit)
    try:
        _set_clock(limit)
        yield
    except BaseException as problem:
        if limit.is_over and isinstance(problem, (Exception, _Expired)):
            raise TimeLimitExceeded(_words(limit)) from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        is_done.set()
        _current.clear()
        signal.signal(signal.SIGALRM, before)


def allow_for(*, n_bytes: int = 0, seconds: float = 0.0) -> None:
    """Give the present limit the time that so much data needs; a limit that was asked for stays as it is."""
    if not _current or _current[0].is_fixed:
        return
    limit = _current[0]
    more = max(n_bytes / _BYTES_PER_SECOND, seconds - limit.seconds)
    if more > 0:
        limit.seconds += more
        limit.ends_at += more
        _set_clock(limit)


def interruptible(engine: Any) -> None:
    """Let a limit interrupt what this engine (an Ibis backend over DuckDB) is doing when the time is over."""
    _engines[id(engine)] = engine


def seconds_left() -> float | None:
    """How much of the present limit is left? None where there is none."""
    return max(0.0, _current[0].ends_at - time.monotonic()) if _current else None


def _set_clock(limit: _Limit) -> None:
    # It rings again each second, should a handler of errors have taken the first.
    signal.setitimer(signal.ITIMER_REAL, max(0.001, limit.ends_at - time.monotonic()), _AGAIN_SECONDS)


def _end_at_last(limit: _Limit, is_done: threading.Event) -> None:
    while (left := limit.ends_at + _GRACE_SECONDS - time.monotonic()) > 0:
        # Awake a little after the limit, and then again and again: one scan may follow another.
        to_the_end = limit.ends_at - time.monotonic()
        if is_done.wait(min(left, max(to_the_end, 0) + _INTERRUPT_SECONDS)):
            return
        if time.monotonic() > limit.ends_at:
            limit.is_over = True
            for engine in list(_engines.values()):
                with suppress(Exception):
                    engine.con.interrupt()
    if not is_done.is_set():
        print(f"crm-research: {_words(limit)}", file=sys.stderr, flush=True)  # noqa: T201  (the process ends here)
        os._exit(2)


def _words(limit: _Limit) -> str:
    return (
        f"{limit.what} took longer than {limit.seconds:,.0f} s and was stopped. A join without its condition, a "
        "recursion without an end and a server that does not answer do this; if there is only much to read, allow more "
        "by --timeout."
    )
