"""Reading a schedules file: YAML to `SchedulesDefinition`, with every problem told at once and by its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from crm_research.errors import CrmError, nearest_name, offer_names
from crm_research.said_by_others import join_wanted, say_wanted
from crm_research.schedule.definition import (
    FreshRule,
    ScheduleRule,
    SchedulesDefinition,
)
from crm_research.sources.strict_yaml import StrictLoader, parse_yaml, place_of, short_text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME: Final = "schedules.yaml"
_LONGEST: Final = 500_000
_MENDS: Final[Mapping[str, str]] = {
    "cron": 'Write cron: "0 6 1 * *", minute, hour, day of the month, month and day of the week.',
    "studies": "Write studies: [my-shop], names of study files or their paths.",
    "schedules": "Write at least one schedule under schedules:.",
    "table": "Write table: orders.",
    "within_days": "Write within_days: 3.",
}
_TOLD_APART: Final = ("extra_forbidden", "missing", "value_error")


class SchedulesError(CrmError):
    """A schedules file cannot be used as it stands."""


@dataclass(frozen=True)
class SchedulesFile:
    """A schedules file that has been read.

    Parameters
    ----------
    path
        Where it lies; what it names by relative paths lies beside it.
    definition
        What it says.
    lines
        Place of a key, such as ``schedules.month.cron``, to its line.
    """

    path: Path
    definition: SchedulesDefinition
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    def say_place(self, place: str) -> str:
        """File, line and key, as an error begins."""
        return _say_place(self.path, self.lines, place)


def read_schedules(path: Path) -> SchedulesFile:
    """What does this schedules file say?

    Raises
    ------
    SchedulesError
        If the file is missing, is no YAML or breaks the format: a line for each problem, with the file's line, the
        key's path, what was found and the mend.
    """
    text = _read_text(path)
    content = parse_yaml(path, text, SchedulesError)
    root = yaml.compose(text, Loader=StrictLoader)
    if not isinstance(content, dict):
        raise SchedulesError(f"{path}: a schedules file holds keys such as timezone and schedules; found none.")
    lines = dict(_walk_lines(root, "")) if root is not None else {}
    try:
        return SchedulesFile(path, SchedulesDefinition.model_validate(content), lines)
    except ValidationError as problem:
        told = sorted(_explain_all(problem.errors(), content), key=lambda each: _line_of(lines, each[0]) or 0)
        raise SchedulesError("\n".join(f"{_say_place(path, lines, place)}{said}" for place, said in told)) from None


def _read_text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise SchedulesError(f"{path}: is no file but a folder, a pipe or a device. Check the path.")
        if path.stat().st_size > _LONGEST:
            raise SchedulesError(
                f"{path}: is {path.stat().st_size:,} bytes long; a schedules file is a page of text. Check the path."
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SchedulesError(
            f"There is no schedules file {path}. Write one (crm-research manual schedule shows how), or name it with "
            "--file."
        ) from None
    except UnicodeDecodeError as problem:
        raise SchedulesError(f"{path}: byte {problem.start:,} is not UTF-8. Save the file as UTF-8.") from None
    except OSError as problem:
        raise SchedulesError(f"{path}: cannot be read: {problem.strerror}.") from None


def _walk_lines(node: yaml.Node, place: str) -> Iterator[tuple[str, int]]:
    """Each key's place with its line, counted from one."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                inner = f"{place}.{key.value}" if place else str(key.value)
                yield inner, key.start_mark.line + 1
                yield from _walk_lines(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield f"{place}.{i}", value.start_mark.line + 1
            yield from _walk_lines(value, f"{place}.{i}")


def _line_of(lines: Mapping[str, int], place: str) -> int | None:
    """The line of a key, or of the nearest one above it that the file holds."""
    here = place
    while here and here not in lines:
        here = here.rpartition(".")[0]
    return lines.get(here)


def _say_place(path: Path, lines: Mapping[str, int], place: str) -> str:
    line = _line_of(lines, place)
    at_line = f" line {line}" if line else ""
    return f"{path}{at_line}: {place}: " if place else f"{path}: "


def _explain_all(errors: Sequence[ErrorDetails], content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Place and sentence; a value that may be one thing or another is told of once."""
    by_place: dict[str, list[ErrorDetails]] = {}
    for error in errors:
        by_place.setdefault(place_of(error, content), []).append(error)
    for place, found in by_place.items():
        told = [error for error in found if error["type"] in _TOLD_APART]
        for error in told:
            yield from _explain_one(place, error)
        if not told:
            yield place, f"must be {join_wanted(map(say_wanted, found))}; found {short_text(found[0]['input'])}."


def _explain_one(place: str, error: ErrorDetails) -> Iterator[tuple[str, str]]:
    kind, message = error["type"], error["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        yield place, f"unknown key. {_offer_keys(error['loc'])}"
    elif kind == "missing":
        yield place, f"is missing. {_MENDS.get(str(error['loc'][-1]), 'Add it.')}"
    elif not place:
        for line in message.splitlines():
            inner, _, said = line.partition(": ")
            yield inner, said
    else:
        yield place, message if message.endswith("?") else f"{message}."


def _offer_keys(place: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = SchedulesDefinition
    for depth, part in enumerate(place[:-1]):
        if part == "schedules" and depth == 0:
            model = ScheduleRule
        elif part == "fresh" and depth == 2:
            model = FreshRule
    known = [entry.alias or name for name, entry in model.model_fields.items()]
    name = str(place[-1])
    return offer_names(name, known) if nearest_name(name, known) else f"Known: {', '.join(known)}."
