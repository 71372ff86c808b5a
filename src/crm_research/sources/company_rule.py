"""What a study file says of the company itself: what it calls its segments, and where its own look and rules lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from crm_research.addresses import scheme_of
from crm_research.errors import StudyError

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class SegmentationRule(BaseModel):
    """What the company calls its segments, and what service each gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: dict[str, _Name] = Field(default_factory=dict)
    policy: dict[str, _Name] = Field(default_factory=dict)


def _as_own_file(path: str) -> str:
    if scheme_of(path) is not None:
        raise ValueError("is an address; name a file of this machine, such as house.yaml beside the study file")
    if not path.lower().endswith((".yaml", ".yml")) or "\x00" in path:
        raise ValueError(f"{path[:60]!r} is no YAML file; name one that ends in .yaml, such as house.yaml")
    return path


OwnFile = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_as_own_file)]


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
