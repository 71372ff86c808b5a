"""Memory that was freed, given back to the system: what is kept for the next use counts beside all other processes."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from typing import Final

# M_MMAP_THRESHOLD of glibc's malloc.h, which then stays as it is set.
_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1024**2


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
