"""Reading a study file: YAML to `StudyDefinition`, with every problem of the file told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from crm_research.errors import StudyError, nearest_name, offer_names
from crm_research.said_by_others import join_wanted, say_wanted
from crm_research.sources.definition import (
    AttributeRule,
    ColumnRule,
    ItemRule,
    SourceRule,
    StudyDefinition,
    TableRule,
)
from crm_research.sources.delivery_rule import PublishRule
from crm_research.sources.endings import DATA_ENDINGS
from crm_research.sources.engine_rule import EngineRule
from crm_research.sources.privacy_rule import PrivacyRule
from crm_research.sources.record_parts import lay_out_systems, made_beside
from crm_research.sources.strict_yaml import parse_yaml, place_of
from crm_research.sources.strict_yaml import short_text as _short
from crm_research.sources.survivorship_rule import SurvivorshipRule

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


# A study file is written by hand: beyond this it is something else.
_LONGEST = 2_000_000

# Key on the way down a study file to the model that holds the keys below it.
_MODELS: Mapping[str, type[BaseModel]] = {
    "tables": TableRule,
    "columns": ColumnRule,
    "attributes": AttributeRule,
    "items": ItemRule,
    "from": SourceRule,
    "inputs": SourceRule,
    "engine": EngineRule,
    "privacy": PrivacyRule,
    "survivorship": SurvivorshipRule,
    "publish": PublishRule,
}


_EVERY_MODEL: tuple[type[BaseModel], ...] = (StudyDefinition, *_MODELS.values())
_KEYS = frozenset(field.alias or name for model in _EVERY_MODEL for name, field in model.model_fields.items())


def read_study_file(path: Path) -> StudyDefinition:
    """What does this study file say?

    Raises
    ------
    StudyError
        If the file is missing, is no YAML or breaks the format: one line for each problem, with the key's path,
        what was found and the mend.
    """
    if path.is_file() and path.name.lower().endswith(DATA_ENDINGS):
        raise StudyError(
            f"{path} is a data file, no study file. Draft one from it: crm-research new study NAME --from {path.name}"
        )
    try:
        if path.exists() and not path.is_file():
            raise StudyError(f"{path}: is no file but a folder, a pipe or a device. Check the path.")
        if path.stat().st_size > _LONGEST:
            raise StudyError(
                f"{path}: is {path.stat().st_size:,} bytes long; a study file is a page of text. Check the path."
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"There is no study file {path}. Check the path.") from None
    except UnicodeDecodeError as problem:
        raise StudyError(f"{path}: byte {problem.start:,} is not UTF-8. Save the study file as UTF-8.") from None
    except OSError as problem:
        raise StudyError(f"{path}: cannot be read: {problem.strerror}.") from None
    content = parse_yaml(path, text, StudyError)
    if not isinstance(content, dict):
        raise StudyError(f"{path}: a study file holds keys such as name, currency, as_of and tables; found none.")
    try:
        content = lay_out_systems(content)
        definition = StudyDefinition.model_validate(content)
        made = made_beside(path, definition.tables) if definition.is_embedded else {}
        return StudyDefinition.model_validate({**content, "tables": content["tables"] | made}) if made else definition
    except ValidationError as problem:
        lines = _explain_all(problem.errors(), content)
        raise StudyError("\n".join(f"{path}: {line}" for line in lines)) from None
    except ValueError as problem:
        raise StudyError(f"{path}: {problem}") from None


def reads_beside(definition: StudyDefinition, table: str, file: Path) -> bool:
    """Is this table of the study the file that lies beside it, or will be once the file is there?"""
    rule = definition.tables.get(table)
    if rule is None:
        return definition.is_embedded
    return [Path(one).name for one in rule.source.path or ()] == [file.name]


def _explain_all(errors: Sequence[ErrorDetails], content: Mapping[str, Any]) -> list[str]:
    """One line for each place; a value that may be one thing or another is told of once."""
    by_place: dict[str, list[ErrorDetails]] = {}
    for error in errors:
        by_place.setdefault(place_of(error, content, _KEYS), []).append(error)
    lines = [(place, line) for place, found in by_place.items() for line in _explain(place, found)]
    # What a table takes over from the top of the file is told where it stands.
    told = {line.removeprefix(place) for place, line in lines if _stands(content, place)}
    return [line for place, line in lines if _stands(content, place) or line.removeprefix(place) not in told]


def _stands(content: Any, place: str) -> bool:
    """Does the file hold something in this place?"""
    here = content
    for part in place.split("."):
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, dict) and part in here:
            here = here[part]
        else:
            return False
    return True


def _explain(place: str, errors: Sequence[ErrorDetails]) -> Iterator[str]:
    told = [error for error in errors if error["type"] in _TOLD_APART]
    for error in told:
        yield from _explain_one(place, error)
    if not told:
        yield f"{place}: must be {join_wanted(map(say_wanted, errors))}; found {_short(errors[0]['input'])}."


_TOLD_APART = ("extra_forbidden", "missing", "value_error")


def _explain_one(place: str, error: ErrorDetails) -> Iterator[str]:
    kind, message = error["type"], error["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        yield f"{place}: unknown key. {_offer_keys(error['loc'])}"
    elif kind == "missing":
        yield f"{place}: is missing. {_MENDS.get(str(error['loc'][-1]), 'Add it.')}"
    elif kind == "value_error" and not place:
        yield from message.splitlines()
    else:
        yield f"{place}: {message}."


_MENDS = {
    "as_of": "Write as_of: 2024-06-30, the date up to which records are known.",
    "currency": "Write currency: EUR, the one currency of all money.",
    "from": "Write from: FILE, a path, a URL or sample:NAME.",
    "name": "Write name: my-shop.",
    "tables": "Map at least one table under tables:.",
    "type": "Write number, category, flag or time.",
}


def _offer_keys(place: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = StudyDefinition
    for part in place[:-1]:
        model = _MODELS.get(str(part), model)
    known = [field.alias or name for name, field in model.model_fields.items()]
    return offer_names(str(place[-1]), known) if nearest_name(str(place[-1]), known) else f"Known: {', '.join(known)}."
