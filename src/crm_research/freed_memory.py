"""Memory that was freed, given back to the system: what is kept for the next use counts beside all other processes."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

# M_MMAP_THRESHOLD of glibc's malloc.h, which then stays as it is set.
_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1024**2
# So much more than before is worth the milliseconds that giving back takes.
_WORTH_BYTES: Final = 32 * 1024**2


def give_back_when_freed() -> None:
    """Let glibc return each large array to the system as soon as it is freed.

    By itself it keeps up to 32 MB of each for the next one: columns of a million customers, of which the next is seldom
    as large.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_now() -> None:
    """Let glibc return what is free already: for a process that has done its work and waits for others."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


class GivesBack:
    """Gives back what an engine has freed, whenever the process has grown since the last time.

    An engine of its own allocator returns what a question took when its threads have nothing else to do: on a busy
    machine seconds later, when what was asked is long being worked on.
    """

    def __init__(self, give_back: Callable[[], object]) -> None:
        self._give_back = give_back
        self._held = _resident_bytes()

    def __call__(self) -> bool:
        """Look, and give back where it is worth it; whether it was."""
        held = _resident_bytes()
        has_grown = held >= self._held + _WORTH_BYTES
        if has_grown:
            self._give_back()
            held = _resident_bytes()
            self._held = held
        self._held = min(self._held, held)
        return has_grown


def _resident_bytes() -> int:
    """What the process holds in memory now; nought where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
