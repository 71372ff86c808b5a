"""Which part of a query asks for today, or for the moment at which it is run?"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

_ASKING: Final = (
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentTimestampLTZ, exp.CurrentDatetime,
    exp.Localtime, exp.Localtimestamp,
)  # fmt: skip
_NAMES: Final = re.compile(
    r"(now|today|getdate|sysdate|systimestamp|timeofday|(clock|statement|transaction)_timestamp|"
    r"get_current_(time|timestamp)|current_(localtime|localtimestamp|date|time|timestamp))"
)
# These ask for the moment where nothing, or the word now, says another.
_OF_A_TIME: Final = frozenset({"date", "time", "datetime", "julianday", "unixepoch", "unix_timestamp"})
_WORDS: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
_READING: Final = (exp.Cast, exp.TryCast, exp.Date, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.Timestamp)


def asks_for_now(node: exp.Expr) -> bool:
    """Does this part of a query give something else tomorrow?"""
    if isinstance(node, _ASKING):
        return True
    if isinstance(node, exp.Anonymous):
        name, given = node.name.lower(), node.expressions
        if name == "age":
            return len(given) == 1
        return bool(_NAMES.fullmatch(name)) or (name in _OF_A_TIME and (not given or any(map(_says_now, given))))
    if isinstance(node, (exp.Date, exp.UnixSeconds)) and not any(True for _ in node.iter_expressions()):
        return True
    if isinstance(node, (exp.Cast, exp.TryCast)) and not node.to.is_type(*exp.DataType.TEMPORAL_TYPES):
        return False
    return isinstance(node, _READING) and _says_now(node.this)


def _says_now(node: object) -> bool:
    return isinstance(node, exp.Literal) and node.is_string and node.name.strip().lower() in _WORDS
