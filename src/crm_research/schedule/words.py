"""What happened, in words: the lines of the log for people, and the mail about a run that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm_research.schedule.claims import GIVEN_UP, STALE
from crm_research.vocabulary import say_count, word_for


def say_instant(instant: datetime, zone: str) -> str:
    """An instant as clocks in the zone show it: ``2026-12-01 06:00 CET``."""
    local = instant.astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    return f"{local:%Y-%m-%d %H:%M} {name if name.isalpha() else f'UTC{local:%z}'}"


def say_seconds(seconds: float) -> str:
    """How long something took."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def say_event(record: Mapping[str, Any]) -> str:
    """A line of the log as a sentence."""
    event, name = str(record["event"]), record.get("schedule")
    zone = str(record.get("zone") or "UTC")
    time = say_instant(datetime.fromisoformat(str(record["time"])), zone) if record.get("time") else ""
    head = f"{name}, {time}: " if time else f"{name}: " if name else ""
    said = str(record.get("said") or "")
    match event:
        case "begins":
            tries = record.get("attempt", 1)
            late, missed = float(record.get("late_seconds") or 0), int(record.get("missed") or 0)
            words = ["begins" if tries == 1 else f"begins again (try {tries})"]
            if late >= 120:
                words.append(f"{say_seconds(late)} late")
            if missed:
                words.append(f"{say_count(missed, 'earlier time')} missed and not made up")
            return f"{head}{', '.join(words)}."
        case "step":
            return f"{head}{record.get('step')} done in {say_seconds(float(record.get('seconds') or 0))}."
        case "ends":
            return f"{head}{record.get('outcome')}{f': {said}' if said else '.'}"
        case _:
            return f"{head}{said or event}"


def failure_notice(
    record: Mapping[str, Any], *, schedule: str, time: datetime, zone: str, tries: Sequence[datetime], log: str
) -> tuple[str, list[str]]:
    """Subject and lines of the mail about a time of a schedule that came to nothing.

    Parameters
    ----------
    record
        How its last try ended.
    tries
        When each try began.
    log
        The command that shows more.
    """
    when, outcome = say_instant(time, zone), str(record.get("outcome"))
    subject = f"{schedule}: reports of {when} were not made"
    failures = record.get("failures") or []
    if outcome == STALE:
        lines = ["The reports were not made, for the data were not fresh:", "", f"  {record.get('said')}"]
    elif outcome == GIVEN_UP:
        lines = [f"The reports were not made: {record.get('said')}"]
    elif failures:
        n = len(failures)
        lines = [f"{say_count(n, 'report')} failed:" if n > 1 else "A report failed:", ""]
        for failure in failures:
            lines += [
                f"  {failure['study']} / {failure['report']}",
                f"    where: {failure['place'] or 'in no cell'}",
                f"    said:  {failure['said']}",
            ]
    else:
        lines = [str(record.get("said") or "The run failed.")]
    began = ", ".join(say_instant(each, zone) for each in tries)
    times = word_for(len(tries), "once", f"{len(tries)} times")
    lines += ["", f"Schedule {schedule}, due {when}. Tried {times}: {began}."]
    if record.get("step"):
        lines.append(f"It ended at the step {record['step']}, on {record.get('host') or 'an unnamed machine'}.")
    stays = "Nothing of this run was published; what was published before stays as it was."
    if str(record.get("step", "")).startswith("publish"):
        stays = (
            "The pages were made. Targets before that step have them; that one and those behind it keep what they had."
        )
    lines.append(stays)
    last = record.get("last_words") or []
    if last:
        lines += ["", "What was said last:", "", *(f"  {line}" for line in last)]
    lines += ["", f"More is told by: {log}"]
    return subject, lines
