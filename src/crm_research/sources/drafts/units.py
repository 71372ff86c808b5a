"""Lengths of time in a file without dates: in which unit they are, and how an expression counts them back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.words import header_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_research.sources.drafts.look import ColumnLook

_WORDS: Final = {
    "days": ("day", "days", "tag", "tage", "jour", "jours", "天", "日"),
    "weeks": ("week", "weeks", "wk", "wks", "woche", "wochen", "semaine", "semaines", "周"),
    "months": ("month", "months", "mo", "mos", "mth", "mths", "mon", "monat", "monate", "mois", "个月", "月"),
    "years": ("year", "years", "yr", "yrs", "jahr", "jahre", "an", "ans", "annee", "annees", "年"),
}  # fmt: skip
_SAID: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*([A-Za-zé\u4e00-\u9fff]+)\.?")
_DAYS_IN: Final = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
_LONGEST_MONTHS: Final = 120
_LONGEST_YEARS: Final = 10
_LONGEST_FRACTION: Final = 15
_FEWEST_DISTINCT: Final = 5


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The unit of a column of lengths of time, and how it was found; `is_sure` where the file says it."""

    name: str
    why: str
    is_sure: bool
    is_whole: bool = True


def unit_signs(values: Sequence[str]) -> list[str]:
    """The words of a unit that stand behind every one of these numbers (``12 months``), the longest first.

    To be taken off before the number is read; empty where there are none, or of several units.
    """
    found = [_SAID.fullmatch(value.strip()) for value in values]
    if not found or not all(found):
        return []
    words = {match[1] for match in found if match}
    units = {unit for word in words if (unit := _unit_of_word(word.lower())) is not None}
    known = all(_unit_of_word(word.lower()) is not None for word in words)
    return sorted(words, key=lambda word: (-len(word), word)) if known and len(units) == 1 else []


def unit_of(look: ColumnLook, *, usual: str | None = None) -> Unit:
    """In which unit are the lengths of time of this column? `usual`: that of its name, where numbers leave it open."""
    behind = unit_signs(look.values)
    if behind:
        unit = _unit_of_word(behind[0].lower())
        return Unit(name=str(unit), why="its values say so", is_sure=True, is_whole=look.is_whole)
    for word in reversed(header_words(look.name)):
        unit = _unit_of_word(word) or _unit_in_chinese(word)
        if unit is not None:
            return Unit(name=unit, why="its name says so", is_sure=True, is_whole=look.is_whole)
    low, high = float(look.low or 0), float(look.high or 0)
    between = f"numbers from {low:,.6g} to {high:,.6g}"
    return Unit(name=_by_size(look, high, usual), why=between, is_sure=False, is_whole=look.is_whole)


def _unit_in_chinese(word: str) -> str | None:
    return next(
        (unit for unit, words in _WORDS.items() if any(not one.isascii() and one in word for one in words)), None
    )


def _unit_of_word(word: str) -> str | None:
    plain = word.replace("é", "e")
    return next((unit for unit, words in _WORDS.items() if plain in words), None)


def _by_size(look: ColumnLook, high: float, usual: str | None) -> str:
    """The unit that makes the longest one a length that contracts have."""
    if high <= (_LONGEST_YEARS if look.is_whole else _LONGEST_FRACTION) and look.n_distinct >= _FEWEST_DISTINCT:
        return "years"
    if high <= _LONGEST_MONTHS or (usual == "months" and high <= 10 * _LONGEST_MONTHS):
        return "months"
    return "days"


def as_interval(sql: str, unit: Unit) -> str:
    """An expression of the length of time: calendar months and years where they are whole, else days."""
    if unit.is_whole and unit.name in {"months", "years"}:
        return f"to_{unit.name}(cast(round({sql}) as integer))"
    factor = _DAYS_IN[unit.name]
    days = sql if factor == 1 else f"{factor:g} * ({sql})" if " " in sql else f"{factor:g} * {sql}"
    return f"to_days(cast(round({days}) as integer))"
