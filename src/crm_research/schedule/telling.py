"""Telling people of runs that came to nothing: once each, and again where the mail server does not take it."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from crm_research.errors import CrmError
from crm_research.schedule.claims import BAD, SETTLED, Occasion
from crm_research.schedule.notify import Notice, notify, sender_address, smtp_sender
from crm_research.schedule.words import failure_notice

if TYPE_CHECKING:
    from crm_research.schedule.scheduler import Scheduler

_MOST_TRIES: Final = 5
_AGAIN: Final = timedelta(minutes=2)


def tell_failures(scheduler: Scheduler, name: str) -> None:
    """Tell of each time of a schedule that ended badly and was not told of yet."""
    for occasion, attempts in scheduler.open_occasions(name):
        if not attempts or attempts[-1].outcome not in SETTLED:
            continue
        if attempts[-1].outcome in BAD and not (occasion.read_note("told") or {}).get("is_over"):
            _tell_one(scheduler, name, occasion)
        else:
            scheduler.forget(occasion)


def _tell_one(scheduler: Scheduler, name: str, occasion: Occasion) -> None:
    definition, now = scheduler.file.definition, scheduler.clock.instant()
    to, tell = definition.told_of(name), scheduler._tell(name, occasion)
    handle = os.open(occasion.folder / "tell.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        # Another scheduler may have told while this one waited.
        before = occasion.read_note("told") or {}
        if before.get("is_over") or _is_too_early(before.get("again_at"), now):
            return
        if not to:
            occasion.note("told", {"is_over": True, "to": []})
            tell("not told", said="nobody was told, for the file names nobody under tell.")
            return
        n_tries = int(before.get("tries", 0)) + 1
        try:
            notify(
                _notice(scheduler, name, occasion, to), sender=sender_address(), send=scheduler.send or smtp_sender()
            )
        except CrmError as problem:
            is_last = n_tries >= _MOST_TRIES
            again = (now + _AGAIN * n_tries).isoformat()
            occasion.note("told", {"is_over": is_last, "tries": n_tries, "again_at": again})
            more = "it is not tried again" if is_last else "it is tried again"
            tell("not told", said=f"{', '.join(to)} could not be told, and {more}: {problem}")
            return
        occasion.note("told", {"is_over": True, "tries": n_tries, "to": list(to), "at": now.isoformat()})
        tell("told", said=f"{', '.join(to)} was told of it by mail.")
    finally:
        os.close(handle)


def _is_too_early(again_at: object, now: datetime) -> bool:
    try:
        return now < datetime.fromisoformat(str(again_at))
    except ValueError:
        return False


def _notice(scheduler: Scheduler, name: str, occasion: Occasion, to: list[str]) -> Notice:
    attempts = occasion.attempts()
    tries = [
        datetime.fromisoformat(str(attempt.held["began_at"]))
        for attempt in attempts
        if attempt.held.get("began_at") and not attempt.held.get("without")
    ]
    subject, lines = failure_notice(
        {**(attempts[-1].end or {}), "outcome": attempts[-1].outcome},
        schedule=name,
        time=occasion.instant,
        zone=scheduler.file.definition.zone_of(name),
        tries=tries or [occasion.instant],
        log=f"crm-research schedule log --schedule {name} --file {scheduler.file.path}",
    )
    return Notice(to=to, subject=subject, lines=lines)
