"""Where the files lie that a study file names for its own look and rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.errors import StudyError

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition


@dataclass(frozen=True)
class OwnFiles:
    """Files of a study's own look and rules; None where its file names none, and the company's are taken."""

    house: Path | None = None
    rules: Path | None = None


def locate_own_files(definition: StudyDefinition, file: Path) -> OwnFiles:
    """Where they lie; a relative path is beside the study file. Whether they are there is not looked at."""
    house, rules = (
        None if told is None else file.parent / Path(told).expanduser() for told in (definition.house, definition.rules)
    )
    return OwnFiles(house=house, rules=rules)


def find_own_files(definition: StudyDefinition, file: Path) -> OwnFiles:
    """The same, looked at.

    Raises
    ------
    StudyError
        If one is not there, with the key that names it.
    """
    found = locate_own_files(definition, file)
    for key, path in (("house", found.house), ("rules", found.rules)):
        if path is not None and not path.is_file():
            raise StudyError(
                f"{file}: {key}: there is no file {path}. Check the path, which is from the study file, or leave the "
                f"key out for the company's own."
            )
    return found
