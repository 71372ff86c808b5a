"""Reading a study file: YAML to `StudyDefinition`, with every problem of the file told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from crm_research.errors import StudyError, nearest_name, offer_names
from crm_research.sources.definition import (
    AttributeRule,
    ColumnRule,
    ItemRule,
    SourceRule,
    StudyDefinition,
    TableRule,
)
from crm_research.sources.files import DATA_ENDINGS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class _StrictLoader(yaml.SafeLoader):
    """A safe loader to which a key that is written twice is a mistake: YAML would keep the last and drop the other."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here a second time; keep one", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# Key on the way down a study file to the model that holds the keys below it.
_MODELS: Mapping[str, type[BaseModel]] = {
    "tables": TableRule,
    "columns": ColumnRule,
    "attributes": AttributeRule,
    "items": ItemRule,
    "from": SourceRule,
    "inputs": SourceRule,
}


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
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"There is no study file {path}. Check the path.") from None
    except UnicodeDecodeError as problem:
        raise StudyError(f"{path}: byte {problem.start:,} is not UTF-8. Save the study file as UTF-8.") from None
    except OSError as problem:
        raise StudyError(f"{path}: cannot be read: {problem.strerror}.") from None
    try:
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  (a SafeLoader that refuses repeated keys)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(problem, "problem", None) or "it cannot be parsed"
        raise StudyError(f"{path}{place}: no valid YAML: {reason}. Check indentation, colons and quotes.") from None
    if not isinstance(content, dict):
        raise StudyError(f"{path}: a study file holds keys such as name, currency, as_of and tables; found none.")
    try:
        return StudyDefinition.model_validate(content)
    except ValidationError as problem:
        lines = [line for error in problem.errors() for line in _explain(error)]
        raise StudyError("\n".join(f"{path}: {line}" for line in lines)) from None


def _explain(error: ErrorDetails) -> Iterator[str]:
    place = ".".join(str(part) for part in error["loc"])
    kind, message = error["type"], error["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        yield f"{place}: unknown key. {_offer_keys(error['loc'])}"
    elif kind == "missing":
        yield f"{place}: is missing. {_MENDS.get(str(error['loc'][-1]), 'Add it.')}"
    elif kind == "value_error" and not place:
        yield from message.splitlines()
    elif kind == "value_error":
        yield f"{place}: {message}."
    elif kind in _WANTED:
        yield f"{place}: must be {_WANTED[kind]}; found {_short(error['input'])}."
    else:
        yield f"{place}: {message}; found {_short(error['input'])}."


# The validator's kinds of error that speak of Python to the said thing in words.
_WANTED = {
    "dict_type": "keys with values below it, such as key: value",
    "model_type": "keys with values below it, such as from: FILE",
    "list_type": "a list, such as [a, b]",
    "string_type": "text; put quotes around it if it looks like a number",
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "bool_parsing": "true or false",
    "too_short": "filled with at least one entry",
}
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


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
