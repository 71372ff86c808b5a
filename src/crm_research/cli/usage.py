"""What click says of a command that was written wrongly, in one paragraph as all errors, with where to look."""

from __future__ import annotations

import re
from typing import Final

import click

# How click words a fault, and how we do.
_WORDS: Final = (
    (r"is not in the range (\S+?)<=x<=(\S+)\.", r"must lie between \1 and \2."),
    (r"is not in the range x>=(\S+)\.", r"must be at least \1."),
    (r"is not a valid integer(?: range)?\.", "is no whole number."),
    (r"is not a valid float(?: range)?\.", "is no number."),
    (r"^No such option:? '?(--?[\w-]+)'?\.?", r"There is no option \1."),
    (r"^Missing (?:argument|option|parameter):? '(.+?)'\.", r"\1 is missing."),
    (r"^Option '(.+?)' requires an argument\.", r"\1 needs a value."),
    (r"^Option '(.+?)' does not take a value\.", r"\1 takes no value."),
    (r"^Got unexpected extra arguments? \((.+)\)", r"\1 is more than this command takes."),
    (r"'(--?[\w-]+)'\?", r"\1?"),
)


def say_usage(problem: click.ClickException, command: str) -> str:
    """The fault, and the help that shows how the command (or the one that click knows it of) is written."""
    said = problem.message.strip()
    if isinstance(problem, click.BadParameter) and not isinstance(problem, click.MissingParameter):
        hint = problem.param_hint or (problem.param.get_error_hint(problem.ctx) if problem.param else "")
        named = ", ".join([hint] if isinstance(hint, str) else hint).replace("'", "")
        said = f"{named}: {said}" if named else said
    else:
        said = problem.format_message().strip()
    for theirs, ours in _WORDS:
        said = re.sub(theirs, ours, said)
    said = said if said.endswith((".", "?", "!")) else f"{said}."
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    return f"{said} {context.command_path if context else command} --help shows how it is written."
