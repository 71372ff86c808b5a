"""What time it is, and waiting: the one clock of schedules, which tests replace by one they turn themselves."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def instant(self) -> datetime:
        """The present instant in UTC."""

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""


class SystemClock:
    """The clock of this machine."""

    def instant(self) -> datetime:
        """The present instant in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def wait(self, seconds: float) -> None:
        """Sleep; a signal is looked at when it comes, and the rest is slept on."""
        time.sleep(seconds)
