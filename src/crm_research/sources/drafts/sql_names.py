"""Columns as an expression of a study file may name them, and what they say as the session asks it."""

from __future__ import annotations

import re
from typing import Final

from crm_research.sources.session import quoted


def name_in_sql(name: str) -> str:
    """A column's name as an expression may write it: bare where that is safe."""
    from crm_research.sources.mapping.expressions import AS_OF

    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in {*_KEYWORDS, AS_OF}
    return name if is_plain else quoted(name)


def filled_text(column: str) -> str:
    """SQL of the session for what a column says, as text; NULL where it is empty or blank."""
    return f"nullif(trim(CAST({quoted(column)} AS VARCHAR)), '')"


_KEYWORDS: Final = frozenset(
    [
        "all",
        "and",
        "any",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "check",
        "column",
        "current_date",
        "current_time",
        "default",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "from",
        "group",
        "having",
        "in",
        "interval",
        "into",
        "is",
        "lateral",
        "like",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "primary",
        "qualify",
        "references",
        "returning",
        "select",
        "some",
        "table",
        "then",
        "to",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "when",
        "where",
        "window",
        "with",
    ]
)
