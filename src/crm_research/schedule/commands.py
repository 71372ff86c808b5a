"""The commands of a run, as a person would type them: the one place that knows how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from crm_research.schedule.checks import locate_study, locate_target
from crm_research.schedule.definition import resolve_as_of, resolve_parameters
from crm_research.schedule.file import SchedulesFile
from crm_research.settings import read_settings

FRESH: Final = "fresh"
RUN: Final = "run"
PUBLISH: Final = "publish"


@dataclass(frozen=True)
class Step:
    """One command of a run.

    Parameters
    ----------
    name
        Under which is kept that it has been done; what it does, and to where.
    kind
        ``fresh``, ``run`` or ``publish``.
    arguments
        What stands behind ``crm-research``.
    """

    name: str
    kind: str
    arguments: tuple[str, ...]


def steps_of(file: SchedulesFile, name: str, run_day: date) -> list[Step]:
    """What is done at a time of a schedule, one after the other."""
    rule = file.definition.schedules[name]
    run = Step(RUN, RUN, tuple(_run_arguments(file, name, run_day)))
    published = [
        Step(f"{PUBLISH}-{i}", PUBLISH, ("publish", locate_target(file, target), *_shelf_arguments(file, name)))
        for i, target in enumerate(rule.publish, start=1)
    ]
    if rule.recipients:
        addresses = [part for address in rule.recipients for part in ("--recipient", address)]
        published.append(Step(f"{PUBLISH}-mail", PUBLISH, ("publish", *_shelf_arguments(file, name), *addresses)))
    if rule.fresh is None:
        return [run, *published]
    asks = ("schedule", "check", name, "--file", str(file.path), "--data", "--day", run_day.isoformat())
    return [Step(FRESH, FRESH, asks), run, *published]


def folder_of_pages(file: SchedulesFile, name: str) -> Path:
    """Where the pages of a schedule go."""
    out = file.definition.schedules[name].out
    return read_settings().reports if out is None else (file.path.parent / Path(out).expanduser()).resolve()


def _run_arguments(file: SchedulesFile, name: str, run_day: date) -> list[str]:
    rule = file.definition.schedules[name]
    arguments = ["run", *rule.reports]
    for study in rule.studies:
        arguments += _study_arguments(file, study)
    as_of = resolve_as_of(rule, run_day)
    if as_of is not None:
        arguments += ["--as-of", as_of.isoformat()]
    for key, value in resolve_parameters(rule, run_day).items():
        arguments += ["-p", f"{key}={value}"]
    for option, number in (("--jobs", rule.jobs), ("--timeout", rule.timeout)):
        if number is not None:
            arguments += [option, str(number)]
    if rule.each is not None:
        arguments += ["--each", rule.each]
    if rule.audience is not None:
        arguments += ["--audience", rule.audience]
    arguments += [f"--{form}" for form in dict.fromkeys(rule.formats)]
    if not rule.lists:
        arguments.append("--no-lists")
    return [*arguments, "--out", str(folder_of_pages(file, name))]


def _shelf_arguments(file: SchedulesFile, name: str) -> list[str]:
    """Whose pages, and where they are."""
    studies = [part for study in file.definition.schedules[name].studies for part in _study_arguments(file, study)]
    return [*studies, "--out", str(folder_of_pages(file, name))]


def _study_arguments(file: SchedulesFile, study: str) -> list[str]:
    return ["--study", locate_study(file, study)]
