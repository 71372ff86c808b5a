"""Validators of what stands in a study file: each gives the value back, or says what is wrong with it."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

from crm_research.addresses import is_stored, why_no_path, why_refused
from crm_research.contracts import name_apart
from crm_research.engine import DEFAULT_URL

WHITESPACE: Final = "whitespace"
# Ways of writing a minus: hyphens, dashes, the minus sign, also in full width, and brackets around the number.
MINUS_SIGNS: Final = "[-\u2010-\u2015\u2212\ufe63\uff0d()\uff08\uff09]"


def as_allowed(url: str) -> str:
    """An engine's address that is one of those read, and holds no password."""
    if url == "duckdb":
        return DEFAULT_URL
    refused = why_refused(url)
    if refused is not None:
        raise ValueError(refused)
    return url


def as_paths(paths: list[str]) -> list[str]:
    """Paths of files here or in stores, without credentials."""
    for path in paths:
        if (refused := why_no_path(path)) is not None:
            raise ValueError(refused)
    return paths


def as_sign(sign: str) -> str:
    """One character that parts or marks."""
    if len(sign) != 1 or sign in "\r\n\x00":
        raise ValueError(f"{sign[:20]!r} is not one sign; write one character")
    return sign


def as_signs(signs: list[str]) -> list[str]:
    """Texts that may be taken off numbers: never a minus or a digit, whose loss would change the number."""
    for sign in signs:
        if re.search(MINUS_SIGNS, sign) or re.fullmatch(r"[cd]r\.?", sign.strip().lower()):
            raise ValueError(
                f"{sign!r} says that a number is negative; taken off, money given back would count as sales. Leave it "
                "out: -100, 100-, (100) and \u2212100 are read as they stand, and CR and DR are told apart by an expr"
            )
        if not re.search(r"[^\W\d]|[^\w\s.,']", sign):
            raise ValueError(
                f"{sign!r} is a part of numbers; list texts that stand beside them, such as '€', or say how numbers "
                "are written by decimal and thousands"
            )
    return signs


def as_delimiter(sign: str) -> str:
    """One character between cells, or the word for blanks of any length."""
    return sign if sign == WHITESPACE else as_sign(sign)


def as_quote(sign: str) -> str:
    """One character around cells, or none."""
    return sign if sign == "" else as_sign(sign)


def as_encoding(name: str) -> str:
    """The name of an encoding of text."""
    try:
        # Some codecs of Python turn bytes into bytes, and one refuses everything.
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise ValueError(
            f"there is no encoding {name[:40]!r} of text; known are utf-8, cp1252, gb18030, utf-16 and others"
        ) from None
    return name


def as_date_formats(formats: list[str]) -> list[str]:
    """Ways of writing a time, each of which says the year; without it every time would be of 1900."""
    for form in formats:
        if "%" in form and not re.search(r"%-?[YyGcx]", form):
            raise ValueError(
                f"{form[:40]!r} says no year (%Y or %y), so that all times would be of 1900; where the file has the "
                "year elsewhere, put the two together by expr"
            )
    return formats


def as_zone(name: str) -> str:
    """A time zone that is known by its IANA name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone; write one such as Europe/Berlin or UTC") from None
    return name


def as_comment(comment: str) -> str:
    """The sign that lines begin with which are notes."""
    if not comment.strip() or re.search(r"[\w\s]", comment.strip()):
        raise ValueError(f"{comment!r} must be the sign that such lines begin with, such as '#'")
    return comment.strip()


def as_days(value: Any) -> Any:
    """A number of days, or text such as ``7 days`` or ``2 weeks``."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*(\d+)\s*(day|week)s?\s*", value)
    if not found:
        raise ValueError(f"{value!r} is no number of days; write it as 7 days")
    return int(found.group(1)) * (7 if found.group(2) == "week" else 1)


def as_finite(value: Any) -> Any:
    """A value that is no infinity and no NaN."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is no number; write one that is finite")
    return value


class _HasOrigin(Protocol):
    column: str | None
    expr: str | None
    _called: str

    def model_copy(self, *, update: dict[str, Any]) -> Self: ...


Rule = TypeVar("Rule", bound=_HasOrigin)


def as_named_apart(attributes: dict[str, Rule]) -> dict[str, Rule]:
    """Attributes under names that none of our own columns has; each is still read from the column that was named."""
    kept: dict[str, Rule] = {}
    for name, rule in attributes.items():
        apart = name_apart(name, {*attributes, *kept})
        if apart != name:
            has_origin = rule.column is not None or rule.expr is not None
            kept[apart] = rule.model_copy(update={} if has_origin else {"column": name})
            kept[apart]._called = name
        else:
            kept[name] = rule
    return kept


def as_source(value: Any) -> Any:
    """Short forms of ``from``: a path, a list of paths, a URL or ``sample:NAME``."""
    if isinstance(value, list):
        return {"path": value}
    if not isinstance(value, str):
        return value
    if value.startswith("sample:"):
        return {"sample": value.removeprefix("sample:")}
    return {"url": value} if "://" in value and not is_stored(value) else {"path": value}
