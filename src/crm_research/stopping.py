"""A wish to stop, remembered when it comes: libraries tell its exception as a fault of their own, or swallow it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_LOOK_SECONDS: Final = 1.0
# Longer than cleaning up takes: who is still at work then has not heard it.
_AGAIN_SECONDS: Final = 8.0


@dataclass
class _Wish:
    number: int = 0
    came_at: float = 0.0
    is_listening: bool = False


_wish: Final = _Wish()


def was_stopped() -> bool:
    """Has somebody asked this process to stop, whatever became of the exception?"""
    return bool(_wish.number)


def heed_stop() -> None:
    """Stop now, if somebody asked for it and a library swallowed it.

    Raises
    ------
    KeyboardInterrupt
        If so.
    """
    if was_stopped():
        raise KeyboardInterrupt


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let Ctrl-C, a schedule's SIGTERM, and a terminal that is closed end what runs here, with the same cleaning up.

    Raises
    ------
    KeyboardInterrupt
        In the main thread, when one of them comes; and again, if what runs here goes on for long as if none had come.

    Notes
    -----
    What is ignored already stays so: whoever starts a run with nohup wants it to outlive the terminal. Within another
    such context nothing is done: that one listens.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        _wish.number, _wish.came_at = number, time.monotonic()
        raise KeyboardInterrupt

    if _wish.is_listening:
        yield
        return
    asked = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    taken = [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]
    is_done = threading.Event()
    try:
        before = [(number, signal.signal(number, stop)) for number in taken]
    except ValueError:
        # Not the main thread: whoever called looks after signals.
        yield
        return
    _wish.is_listening = True
    threading.Thread(target=_ask_again, args=(is_done,), daemon=True, name="stopping").start()
    try:
        yield
    finally:
        is_done.set()
        for number, handler in before:
            signal.signal(number, handler)
        _wish.number, _wish.is_listening = 0, False


def _ask_again(is_done: threading.Event) -> None:
    """Send the signal again, should it have come while nobody could hear it (within a call back from C, say)."""
    while not is_done.wait(_LOOK_SECONDS):
        if was_stopped() and time.monotonic() - _wish.came_at > _AGAIN_SECONDS and hasattr(signal, "pthread_kill"):
            _wish.came_at = time.monotonic()
            signal.pthread_kill(threading.main_thread().ident or 0, _wish.number)
