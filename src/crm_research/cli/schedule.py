"""``crm-research schedule``: reports that are made at their times, and what became of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_research.cli.options import Day
from crm_research.errors import CrmError, offer_names
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.schedule.file import SchedulesFile
    from crm_research.schedule.scheduler import Scheduler

_file_option = click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The schedules (default: schedules.yaml in the folder of the work).",
)
_state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="What schedulers of this file share (default: schedules.state beside it).",
)
_at_once_option = click.option(
    "--at-once", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at the same time."
)


@click.group("schedule", short_help="Make reports at their times: serve, run-due, next, log, check.")
def command() -> None:
    """Make reports at their times, as schedules.yaml says.

    \b
    crm-research schedule check                 is the file in order, and what would come?
    crm-research schedule next --count 5        the coming runs, with their parameters
    crm-research schedule serve                 a service that makes them
    crm-research schedule run-due               make what is due now, from cron or a systemd timer
    crm-research schedule log                   what became of them

    crm-research manual schedule tells how schedules.yaml is written.
    """  # noqa: D301  (click needs the bare \b)


@command.command("serve")
@_file_option
@_state_option
@_at_once_option
def serve_command(path: Path | None, state: Path | None, at_once: int) -> None:
    """Look after the schedules until SIGTERM or Ctrl-C.

    \b
    crm-research schedule serve
    crm-research schedule serve --file /srv/desk/schedules.yaml --at-once 2

    Several may look after one file, on several machines: no run is made twice. A changed file is read again by itself
    (or on SIGHUP); one at fault is told of, and the schedules stay as they were. Ended, it asks the run at work to
    stop; whoever is started next takes it up.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.schedule.serving import Wishes, serve

    wishes = Wishes()
    scheduler = _scheduler(path, state, at_once)
    with wishes.heard():
        serve(scheduler, wishes)


@command.command("run-due")
@_file_option
@_state_option
@_at_once_option
def run_due_command(path: Path | None, state: Path | None, at_once: int) -> None:
    """Make what is due now, and end.

    \b
    */5 * * * *  crm-research schedule run-due --file /srv/desk/schedules.yaml

    A time that was missed is made up once, the latest only; tries that failed are tried again by a later call. Exit
    status: 0 nothing was due or all went well, 1 something failed, 2 the file is at fault. The first call only notes
    from when on the schedules are known.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.schedule.serving import Wishes, run_due

    wishes = Wishes()
    scheduler = _scheduler(path, state, at_once)
    with wishes.heard():
        is_well = run_due(scheduler, wishes)
    if not is_well:
        sys.exit(1)


@command.command("next")
@_file_option
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many runs.")
@click.option("--after", type=Day(), metavar="YYYY-MM-DD", help="Runs after this day begins (UTC), not after now.")
@click.option("--schedule", "name", metavar="NAME", help="Of this schedule only.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, for programs.")
def next_command(path: Path | None, count: int, after: datetime | None, name: str | None, as_json: bool) -> None:
    """Which runs come next, on what and with which parameters?

    \b
    crm-research schedule next
    crm-research schedule next --schedule month --count 12 --after 2027-01-01
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.schedule.clock import SystemClock
    from crm_research.schedule.coming import coming_runs

    file = _open(path)
    if name is not None:
        _require(file, name)
    start = SystemClock().instant() if after is None else after.replace(tzinfo=UTC)
    runs = coming_runs(file, after=start, count=count, schedule=name)
    if as_json:
        click.echo(json.dumps([run.as_record() for run in runs], indent=2, ensure_ascii=False))
        return
    _print_table(
        ("time", "schedule", "reports", "parameters", "published to"),
        [
            (run.local, run.schedule, f"{run.reports} of {run.studies}", "\n".join(run.parameters), run.published)
            for run in runs
        ],
    )


@command.command("check")
@click.argument("name", required=False)
@_file_option
@click.option("--data", "asks_data", is_flag=True, help="Look whether the data of NAME are fresh, as its file asks.")
@click.option("--day", type=Day(), metavar="YYYY-MM-DD", help="For a run of this day (default: today).")
def check_command(name: str | None, path: Path | None, asks_data: bool, day: datetime | None) -> None:
    """Is the file in order, with all that it names? With --data: would the data of a schedule do for a run?

    \b
    crm-research schedule check
    crm-research schedule check month --data
    crm-research schedule check month --data --day 2026-12-01

    Exit status: 0 in order (and fresh), 1 the data are not fresh, 2 the file is at fault.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.schedule.clock import SystemClock

    file = _open(path)
    now = SystemClock().instant()
    if name is not None:
        _require(file, name)
    if asks_data:
        if name is None:
            raise click.UsageError("--data needs the NAME of a schedule.")
        zone = file.definition.timetable_of(name)
        _check_data(file, name, day.date() if day else zone.local(now).date())
        return
    names = [name] if name else list(file.definition.schedules)
    click.echo(f"{file.path} is in order: {say_count(len(file.definition.schedules), 'schedule')}.")
    from crm_research.schedule.words import say_instant

    _warn_of_mail(file, names)
    for each in names:
        coming = file.definition.timetable_of(each).first_after(now)
        said = "never comes again" if coming is None else f"next {say_instant(coming, file.definition.zone_of(each))}"
        click.echo(f"  {each}: {said}")


@command.command("log")
@_file_option
@_state_option
@click.option("--schedule", "name", metavar="NAME", help="Of this schedule only.")
@click.option("--last", type=click.IntRange(1, 100_000), default=40, show_default=True, help="So many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as they are kept, one JSON object each.")
def log_command(path: Path | None, state: Path | None, name: str | None, last: int, as_json: bool) -> None:
    """What became of the runs?

    \b
    crm-research schedule log
    crm-research schedule log --schedule month --last 100
    crm-research schedule log --json --last 1000 > log.jsonl
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.schedule.journal import Journal
    from crm_research.schedule.words import say_event

    folder = _state_of(_find(path), state) / "log"
    records, n_torn = Journal(folder).read()
    wanted = [record for record in records if name is None or record.get("schedule") == name][-last:]
    for record in wanted:
        told = json.dumps(record, ensure_ascii=False) if as_json else _say_line(record, say_event)
        click.echo(told)
    if not wanted and not as_json:
        click.echo(f"The log in {folder} holds nothing{f' of {name}' if name else ''} yet.")
    if n_torn:
        were = word_for(n_torn, "was", "were")
        click.echo(
            f"{say_count(n_torn, 'line')} {were} cut off, as by a machine that went down, and passed over.", err=True
        )


def _say_line(record: Mapping[str, Any], say: Callable[[Mapping[str, Any]], str]) -> str:
    return f"{datetime.fromisoformat(str(record['at'])):%Y-%m-%d %H:%M:%S}Z  {say(record)}"


def _find(path: Path | None) -> Path:
    from crm_research.schedule.file import FILE_NAME
    from crm_research.settings import read_settings

    return (path or read_settings().home / FILE_NAME).expanduser().absolute()


def _open(path: Path | None) -> SchedulesFile:
    from crm_research.schedule.checks import open_schedules

    return open_schedules(_find(path))


def _state_of(path: Path, state: Path | None) -> Path:
    return (state or path.parent / f"{path.stem}.state").expanduser().absolute()


def _require(file: SchedulesFile, name: str) -> None:
    if name not in file.definition.schedules:
        raise CrmError(f"{file.path} has no schedule {name!r}. {offer_names(name, file.definition.schedules)}")


def _scheduler(path: Path | None, state: Path | None, at_once: int) -> Scheduler:
    from crm_research.reporting.shelf import require_room
    from crm_research.schedule.clock import SystemClock
    from crm_research.schedule.processes import ProcessLauncher
    from crm_research.schedule.scheduler import Scheduler

    file = _open(path)
    folder = _state_of(file.path, state)
    require_room(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Scheduler(
        file,
        folder,
        clock=SystemClock(),
        launcher=ProcessLauncher(),
        at_once=at_once,
        say=click.echo,
    )


def _check_data(file: SchedulesFile, name: str, run_day: date) -> None:
    from crm_research.schedule.freshness import look_at_freshness

    found = look_at_freshness(file, name, run_day)
    if not found:
        click.echo(f"{name} asks for no fresh data (fresh: in {file.path}).")
    for each in found:
        click.echo(each.in_words())
    if not all(each.is_fresh for each in found):
        sys.exit(1)


def _warn_of_mail(file: SchedulesFile, names: Sequence[str]) -> None:
    from crm_research.schedule.notify import SENDER, SERVER

    missing = [name for name in (SERVER, SENDER) if not os.environ.get(name)]
    if missing and any(file.definition.told_of(name) for name in names):
        lacks = f"{' and '.join(missing)} {word_for(len(missing), 'is', 'are')} not set"
        click.echo(
            f"Failures could not be told from here: {lacks}, which name the mail server and its sender.", err=True
        )


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        shown.add_column(head, overflow="fold", no_wrap=head in {"time", "schedule", "parameters"})
    for row in rows:
        shown.add_row(*row)
    Console(file=sys.stdout, highlight=False, emoji=False, markup=False).print(shown)
