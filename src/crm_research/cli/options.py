"""Options that several commands take."""

from __future__ import annotations

import math
from typing import Any

import click

LONGEST_SECONDS = 7 * 86_400.0
# Each report at work is a process with an engine of its own.
MOST_JOBS = 256


class Day(click.DateTime):
    """A day, written with year, month and day: ``2024-07-01``."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or say how a day is written."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no day; write year, month and day, such as 2024-07-01.", param, ctx)


class Seconds(click.ParamType[float]):
    """A time in seconds, from one second to a week."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; what is no finite number, or lies outside, is refused."""
        try:
            seconds = float(value)
        except (TypeError, ValueError):
            self.fail(f"{str(value)[:40]!r} is no number of seconds.", param, ctx)
        if not math.isfinite(seconds) or not 1 <= seconds <= LONGEST_SECONDS:
            self.fail(f"{value} must lie between 1 and {LONGEST_SECONDS:,.0f} seconds.", param, ctx)
        return seconds


class Share(click.ParamType[float]):
    """A share from 0 to 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; what is none (nan neither), or lies outside, is refused."""
        try:
            share = float(value)
        except (TypeError, ValueError):
            self.fail(f"{str(value)[:40]!r} is no number.", param, ctx)
        if not 0 <= share <= 1:
            self.fail(f"{value} must lie between 0 and 1.", param, ctx)
        return share


timeout_option = click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help="Longest that reading and checking may take (default: two minutes, and more for large files and servers).",
)
