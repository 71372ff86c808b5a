"""Schedulers at work: as a service that stays, or once for what is due."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from crm_research.schedule.claims import WAITING, WELL
from crm_research.schedule.scheduler import Scheduler
from crm_research.schedule.words import say_instant

_TICK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0
_QUIET: Final = timedelta(minutes=10)


class Wishes:
    """What signals have asked for."""

    def __init__(self) -> None:
        self.ending: str | None = None
        self.is_rereading = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within it SIGTERM and SIGINT ask to end, and SIGHUP to read the file again."""

        def end(number: int, _frame: Any) -> None:
            self.ending = self.ending or signal.Signals(number).name

        def reread(_number: int, _frame: Any) -> None:
            self.is_rereading = True

        wanted = [("SIGTERM", end), ("SIGINT", end), ("SIGHUP", reread)]
        present = [(getattr(signal, name), handler) for name, handler in wanted if hasattr(signal, name)]
        before = [(number, signal.signal(number, handler)) for number, handler in present]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)


def serve(scheduler: Scheduler, wishes: Wishes) -> None:
    """Look after the schedules until somebody asks to end; say so before and behind."""
    clock = scheduler.clock
    coming = {name: time for name, time in scheduler.next_times(clock.instant()).items() if time is not None}
    first = min(coming, key=lambda name: coming[name], default=None)
    soon = f"; next {first}, {say_instant(coming[first], scheduler.file.definition.zone_of(first))}" if first else ""
    names = ", ".join(scheduler.file.definition.schedules)
    scheduler.log("serves", said=f"looking after {names} of {scheduler.file.path}{soon}.")
    said_at = clock.instant() - 2 * _QUIET
    try:
        while wishes.ending is None:
            try:
                if wishes.is_rereading:
                    wishes.is_rereading = False
                    scheduler.reread()
                else:
                    scheduler.reread_if_changed()
                scheduler.tick()
            except OSError as problem:
                # A disk that is full, or a folder of a network that is away, may come back.
                now = clock.instant()
                said = f"{problem.filename or scheduler.shared.folder}: {problem.strerror or problem}"
                if now - said_at > _QUIET:
                    scheduler.say(f"{said}; this is tried again until it is mended.")
                    said_at = now
                clock.wait(_PAUSE_SECONDS)
            clock.wait(_TICK_SECONDS)
    finally:
        at_work = ", ".join(course.name for course in scheduler.courses)
        if at_work:
            scheduler.log("stopping", said=f"{wishes.ending or 'an error'}: {at_work} is asked to stop.")
        scheduler.stop()
        left = f" What {at_work} had begun is taken up by the next scheduler." if at_work else ""
        scheduler.log("served", said=f"ended by {wishes.ending or 'an error'}.{left}")


def run_due(scheduler: Scheduler, wishes: Wishes) -> bool:
    """Make what is due now, and wait for it. Is nothing of it worse than put off?"""
    try:
        scheduler.tick(is_looking=True)
        while scheduler.courses and wishes.ending is None:
            scheduler.clock.wait(_TICK_SECONDS)
            scheduler.tick()
    finally:
        scheduler.stop()
    return all(outcome in {WELL, WAITING} for outcome in scheduler.outcomes)
