"""Parameters from the command line: text made into what a report's model says, or a sentence that says why not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import ValidationError

from crm_research.catalogue import Report
from crm_research.errors import ParameterError, offer_names
from crm_research.said_by_others import join_wanted, say_wanted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Given by options of their own, since they decide what is opened and where pages go.
_OWN_OPTIONS: Final = {"study": "--study", "as_of": "--as-of"}


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE texts as a mapping; values stay text."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise ParameterError(f"-p {text!r} is no parameter. Write -p NAME=VALUE.")
        if name in _OWN_OPTIONS:
            raise ParameterError(f"-p {name} is given with {_OWN_OPTIONS[name]}.")
        if name in given:
            raise ParameterError(f"-p {name} is given twice: {given[name]!r} and {value!r}. Keep one.")
        given[name] = value
    return given


def check_names(given: Iterable[str], reports: Sequence[Report]) -> None:
    """Every name must be a parameter of at least one of the reports; all that are not are named at once."""
    known = {name for report in reports for name in report.parameters.model_fields} - set(_OWN_OPTIONS)
    unknown = [name for name in given if name not in known]
    if unknown:
        ids = ", ".join(report.id for report in reports)
        words = " ".join(f"{name!r}: {offer_names(name, known)}" for name in unknown)
        raise ParameterError(f"No parameter of that name in the reports of this run ({ids}). {words}")


def complete_parameters(report: Report, given: Mapping[str, Any], *, study: str, as_of: date | None) -> dict[str, Any]:
    """All parameters of a report, checked by its model, as JSON-ready values.

    Text stays text where the model says text, so ``-p since=007`` does not become 7; an empty value means None
    where the model allows it.

    Raises
    ------
    ParameterError
        Naming every parameter that does not fit, what was found and what is expected.
    """
    fields = report.parameters.model_fields
    own = {name: _or_none(value, fields[name].annotation) for name, value in given.items() if name in fields}
    values: dict[str, Any] = {**own, "study": study, "as_of": as_of}
    try:
        return report.parameters.model_validate(values).model_dump(mode="json")
    except ValidationError as problem:
        again = {**values, **_read_as_json(own, problem)}
    try:
        return report.parameters.model_validate(again).model_dump(mode="json")
    except ValidationError as problem:
        raise ParameterError(_in_words(report, own, problem)) from None


def _or_none(value: Any, annotation: Any) -> Any:
    return None if value == "" and type(None) in get_args(annotation) else value


def _read_as_json(own: Mapping[str, Any], problem: ValidationError) -> dict[str, Any]:
    # Lists, None and the like cannot be written as plain text; only values that did not fit are read again.
    misfits = {str(error["loc"][0]) for error in problem.errors() if error["loc"]}
    read: dict[str, Any] = {}
    for name in misfits & set(own):
        text = str(own[name]).strip()
        if text.lower() in ("", "none", "null"):
            read[name] = None
            continue
        try:
            read[name] = json.loads(text)
        except ValueError:
            continue
    return read


def _in_words(report: Report, own: Mapping[str, Any], problem: ValidationError) -> str:
    by_name: dict[str, list[ErrorDetails]] = {}
    for error in problem.errors():
        by_name.setdefault(str(error["loc"][0]) if error["loc"] else "", []).append(error)
    sentences = []
    for name, errors in by_name.items():
        found = f"; found {str(own[name])!r}" if name in own else ""
        told = [error["msg"].removeprefix("Value error, ") for error in errors if error["type"] == "value_error"]
        said = "; ".join(told) or f"must be {join_wanted(map(say_wanted, errors))}"
        sentences.append(f"{name or 'the parameters'}: {said.rstrip('.')}{found}.")
    return f"Report {report.id!r} cannot take these parameters. {' '.join(sentences)}"
