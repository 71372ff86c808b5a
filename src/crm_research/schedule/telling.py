"""Telling people of runs that came to nothing: once each, and again where the mail server does not take it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError
from crm_research.schedule.claims import BAD, Attempt, Occasion
from crm_research.schedule.notify import Notice, Sender, notify, sender_address, smtp_sender
from crm_research.schedule.words import failure_notice

_TOLD: Final = "told"
_MOST_TRIES: Final = 5
_AGAIN: Final = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tells of the failures of one schedule.

    Parameters
    ----------
    name, zone, to
        The schedule, the zone of its times, and who hears of it.
    path
        The schedules file.
    send
        Sends mail; None takes the server that the environment names.
    """

    name: str
    zone: str
    to: Sequence[str]
    path: Path
    send: Sender | None

    def tell(self, occasion: Occasion, now: datetime, log: Callable[..., None]) -> None:
        """Tell of a time that ended badly, unless that was done, or another scheduler is at it."""
        handle = os.open(occasion.folder / "tell.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(ImportError):
                import fcntl

                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
            # Another scheduler may have told while this one waited.
            before = occasion.read_note(_TOLD) or {}
            if not before.get("is_over") and not _is_too_early(before.get("again_at"), now):
                self._tell(occasion, int(before.get("tries", 0)) + 1, now, log)
        finally:
            os.close(handle)

    def _tell(self, occasion: Occasion, n_tries: int, now: datetime, log: Callable[..., None]) -> None:
        if not self.to:
            occasion.note(_TOLD, {"is_over": True, "to": []})
            log("not told", said="nobody was told, for the file names nobody under tell.")
            return
        to = ", ".join(self.to)
        try:
            notify(self._notice(occasion), sender=sender_address(), send=self.send or smtp_sender())
        except CrmError as problem:
            is_last = n_tries >= _MOST_TRIES
            again = (now + _AGAIN * n_tries).isoformat()
            occasion.note(_TOLD, {"is_over": is_last, "tries": n_tries, "again_at": again})
            more = "it is not tried again" if is_last else "it is tried again"
            log("not told", said=f"{to} could not be told, and {more}: {problem}")
            return
        occasion.note(_TOLD, {"is_over": True, "tries": n_tries, "to": list(self.to), "at": now.isoformat()})
        log("told", said=f"{to} was told of it by mail.")

    def _notice(self, occasion: Occasion) -> Notice:
        attempts = occasion.attempts()
        tries = [
            datetime.fromisoformat(str(attempt.held["began_at"]))
            for attempt in attempts
            if attempt.held.get("began_at") and not attempt.held.get("without")
        ]
        subject, lines = failure_notice(
            {**(attempts[-1].end or {}), "outcome": attempts[-1].outcome},
            schedule=self.name,
            time=occasion.instant,
            zone=self.zone,
            tries=tries or [occasion.instant],
            log=f"crm-research schedule log --schedule {self.name} --file {self.path}",
        )
        return Notice(to=self.to, subject=subject, lines=lines)


def is_to_be_told(occasion: Occasion, attempts: Sequence[Attempt]) -> bool:
    """Did this time end badly, and has nobody been told of it?"""
    return attempts[-1].outcome in BAD and not (occasion.read_note(_TOLD) or {}).get("is_over")


def _is_too_early(again_at: object, now: datetime) -> bool:
    try:
        return now < datetime.fromisoformat(str(again_at))
    except ValueError:
        return False
