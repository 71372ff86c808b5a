"""A wish to stop (Ctrl-C, a schedule's SIGTERM, a terminal that is closed) is remembered from the moment it comes.

Python tells of it by an exception, which does not arrive everywhere: an engine at work turns it into an error of its
own, a module that is just being imported is left half there, and what calls back from C swallows it.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
# What takes so long to hear it has not heard it; cleaning up takes less.
_AGAIN_SECONDS: Final = 10.0


class _Wish:
    """Did anybody ask to stop, and has that been heard?"""

    def __init__(self) -> None:
        self.is_listening = False
        self.is_asked = False
        self.is_heard = False

    def come(self, number: signal.Signals) -> None:
        is_first = not self.is_asked
        self.is_asked = True
        if is_first:
            threading.Thread(target=self._repeat, args=(number,), daemon=True, name="stopping").start()
        if not self.is_heard:
            raise KeyboardInterrupt

    def _repeat(self, number: signal.Signals) -> None:
        time.sleep(_AGAIN_SECONDS)
        while self.is_listening and not self.is_heard:
            _ring(number)
            time.sleep(_AGAIN_SECONDS)


def _ring(number: signal.Signals) -> None:
    """To the main thread, which also hears it while it waits."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(number)


_wish = _Wish()


@contextmanager
def listening() -> Iterator[None]:
    """Within it these signals are wishes to stop; outside the main thread whoever called looks after them."""
    global _wish  # noqa: PLW0603  (signals come to a process, not to an object)
    if _wish.is_listening or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        _wish.come(signal.Signals(number))

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # Whoever starts a run with nohup wants it to outlive the terminal.
    taken = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    _wish = _Wish()
    _wish.is_listening = True
    before = [(number, signal.signal(number, stop)) for number in taken]
    try:
        yield
    finally:
        _wish.is_listening = False
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it a wish to stop ends what is done, whatever it was turned into on its way; after it one may clean up.

    Raises
    ------
    KeyboardInterrupt
        In place of any error that was raised after somebody had asked to stop.
    """
    try:
        yield
        stop_if_asked()
    except Exception:
        if _wish.is_listening and _wish.is_asked:
            raise KeyboardInterrupt from None
        raise
    finally:
        if _wish.is_asked:
            _wish.is_heard = True


def stop_if_asked() -> None:
    """Between two steps of long work: has a wish to stop come that was lost in the last one?"""
    if _wish.is_listening and _wish.is_asked and not _wish.is_heard:
        raise KeyboardInterrupt
