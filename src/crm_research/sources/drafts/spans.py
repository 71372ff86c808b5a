"""Headers that name a span of the calendar: a month, a quarter, half a year or a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_QUARTER: Final = r"(?:q|qtr|quarter|quartal|trim|trimestre|kw?artal|kwartaal|t|кв|季度?|분기|四半期)"
_HALF: Final = r"(?:h|hy|half|halbjahr|hj|semestre|sem|s|półrocze|halfjaar|半年|반기|上半期|下半期)"
_YEAR: Final = r"(?:fy|cy|year|jahr|gj|geschäftsjahr|ejercicio|exercice|année|año|anno|ano|rok|jaar|год)"
_IN_YEARS: Final = r"((?:19|20)\d{2}|'?\d{2})"
_FULL: Final = r"((?:19|20)\d{2})"
# Whatever is counted may stand before or behind: Q1 2023 kWh, Sales 2023-Q1.
_ORDERED: Final = tuple(
    (months, re.compile(pattern))
    for months, most, word in ((3, 4, _QUARTER), (6, 2, _HALF))
    for pattern in (
        rf"(?:^|.*[\s_:-]){word}[ .-]?(?P<n>[1-{most}])[ ._/'-]*(?P<y>{_IN_YEARS})(?:[\s_:(].*)?",
        rf"(?:^|.*[\s_:-])(?P<n>[1-{most}])\.? ?{word}\.?[ ._/'-]*(?P<y>{_IN_YEARS})(?:[\s_:(].*)?",
        rf"(?:^|.*[\s_:-])(?P<y>{_FULL})[ ._/-]*{word}[ .-]?(?P<n>[1-{most}])(?:[\s_:(].*)?",
        rf"(?:^|.*[\s_:-])(?P<y>{_FULL}) ?年? ?第?(?P<n>[1-{most}一二三四上下])\.? ?{word}(?:[\s_:(].*)?",
    )
)
_YEARS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:^|.*[\s_:-]){_YEAR}[ ._/'-]?(?P<y>{_IN_YEARS})(?:[\s_:(].*)?",
        rf"(?:[^\d]*[\s_:-])?(?P<y>{_FULL})(?: ?(?:年|年度|год|г\.|年间|[^\d]*))?",
    )
)
_NUMERALS: Final = {"一": 1, "二": 2, "三": 3, "四": 4, "上": 1, "下": 2}


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span of the calendar: its first day, and how many months it takes."""

    start: datetime
    months: int

    @property
    def end(self) -> datetime:
        """The first day after it."""
        n = self.start.year * 12 + self.start.month - 1 + self.months
        return datetime(n // 12, n % 12 + 1, 1)


def span_of(header: str) -> Span | None:
    """The quarter, half-year or year that a header names; None where it names none, or a month."""
    plain = " ".join(header.strip().lower().split())
    for months, pattern in _ORDERED:
        if found := pattern.fullmatch(plain):
            year, said = _year(found["y"]), found["n"]
            n = _NUMERALS.get(said) or int(said)
            return Span(start=datetime(year, 1 + months * (n - 1), 1), months=months)
    found = next((match for pattern in _YEARS if (match := pattern.fullmatch(plain))), None)
    return None if found is None else Span(start=datetime(_year(found["y"]), 1, 1), months=12)


def _year(said: str) -> int:
    year = int(said.strip("'"))
    return year if year > 99 else 2000 + year
