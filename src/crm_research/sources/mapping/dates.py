"""Dates as people write them: which declared formats fit these examples?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

_DAYS: Final = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
    "%d-%b-%y", "%d/%b/%y", "%d/%b/%Y", "%b-%d-%y", "%b-%d-%Y", "%Y年%m月%d日",
)  # fmt: skip
_CLOCKS: Final = (
    "",
    " %H:%M:%S",
    " %H:%M",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M:%S",
    "T%H:%M",
    " %H.%M",
    ", %H:%M:%S",
    ", %H:%M",
    ", %I:%M %p",
    ", %I:%M:%S %p",
)
FORMATS: Final = tuple(f"{day}{clock}" for day in _DAYS for clock in _CLOCKS)


def formats_fitting(examples: Sequence[str]) -> list[str]:
    """All known formats that read every one of these examples."""
    return [form for form in FORMATS if examples and all(_reads(example, form) for example in examples)]


def _reads(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
