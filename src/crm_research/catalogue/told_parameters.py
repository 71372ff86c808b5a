"""What can be set on a report: its parameters as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd
    from pydantic.fields import FieldInfo

_KINDS: Final = {int: "whole number", float: "number", str: "text", bool: "yes or no", date: "day"}
_MANY: Final = {int: "whole numbers", float: "numbers", str: "texts"}
_LIMITS: Final = (("gt", "above {}"), ("ge", "at least {}"), ("lt", "below {}"), ("le", "at most {}"))


def parameters(report: str) -> pd.DataFrame:
    """What can be set on this report, and what does it take where nothing is set?

    Parameters
    ----------
    report
        Id of the report, such as ``churn``.

    Returns
    -------
    pandas.DataFrame
        Grain: parameter, in the order of the notebook's cell. Columns ``parameter``, ``takes`` (in words), ``default``
        (as it is written behind ``-p``; empty where the report chooses), ``meaning``.

    Raises
    ------
    UnknownReport
        If there is none of that id.

    Examples
    --------
    >>> parameters("churn").set_index("parameter").loc["margin_share", "takes"]
    'number, above 0, at most 1'
    """
    import pandas as pd

    from crm_research.catalogue import find_report

    fields = find_report(report).parameters.model_fields
    rows = [
        {
            "parameter": name,
            "takes": ", ".join(_say_taken(field)),
            "default": _say_default(field.default),
            "meaning": field.description or "",
        }
        for name, field in fields.items()
        if name != "study"
    ]
    return pd.DataFrame(rows, columns=["parameter", "takes", "default", "meaning"])


def _say_taken(field: FieldInfo) -> Iterator[str]:
    yield _say_kind(field.annotation)
    for name, words in _LIMITS:
        limits = [getattr(limit, name) for limit in field.metadata if hasattr(limit, name)]
        yield from (words.format(f"{limit:g}" if isinstance(limit, float) else limit) for limit in limits)
    fewest = next((limit.min_length for limit in field.metadata if hasattr(limit, "min_length")), None)
    most = next((limit.max_length for limit in field.metadata if hasattr(limit, "max_length")), None)
    if fewest and fewest == most:
        yield say_count(fewest, "of them", "of them")


def _say_kind(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_say_kind(part) for part in parts if part is not type(None)))
    if origin is Literal:
        return " or ".join(map(str, parts))
    if origin is dict:
        return f"{_say_kind(parts[1])} for each of {_say_kind(parts[0]).replace(' or ', ', ')}"
    if origin is not None:
        return f"list of {_MANY.get(parts[0], 'values')}"
    return _KINDS.get(kind, str(kind))


def _say_default(value: Any) -> str:
    if value is None:
        return ""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, (list, tuple)) else str(value)
