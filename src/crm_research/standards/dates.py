"""Birth dates in many spellings; where day and month could change places, neither is chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from crm_research.standards.text import fold

DAY_FIRST: Final = "day first"
MONTH_FIRST: Final = "month first"
_OLDEST: Final = 1870
_YOUNGEST: Final = 2199
_MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            "january jan januar janner jaenner janvier janv enero ene gennaio gen janeiro januari styczen ledna",
            "february feb februar febr fevrier fevr fev febrero febbraio fevereiro februari luty unora",
            "march mar marz maerz mars marzo marco maart marzec brezna mrz",
            "april apr avril avr abril abr aprile kwiecien dubna",
            "may mai mayo mag maggio maio mei maj kvetna",
            "june jun juni juin junio giugno giu junho czerwiec cervna",
            "july jul juli juillet juil julio luglio lug julho lipiec cervence",
            "august aug aout agosto ago augustus augusti sierpien srpna",
            "september sep sept septembre septiembre settembre set setembro wrzesien zari",
            "october oct oktober okt octobre octubre ottobre ott outubro out pazdziernik rijna",
            "november nov novembre noviembre novembro listopad listopadu",
            "december dec dezember dez decembre diciembre dic dicembre dezembro grudzien prosince",
        ),
        start=1,
    )
    for name in names.split()
}
_ISO: Final = re.compile(r"(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})(?:[t ]\d{1,2}:\d{2}.*)?")
_SPLIT: Final = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?: \d{1,2}:\d{2}.*)?")
_CHINESE: Final = re.compile(r"(民国)?(\d{2,4}|元)年(?:(\d{1,2})月(?:(\d{1,2})[日号])?)?生?")
_NUMERALS: Final = {"〇": 0, "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMERAL: Final = re.compile("[〇零一二三四五六七八九十]+")
_WORDED: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|er|o|a)?(?: |-|/)?(?:de |of )?([a-z]{3,})\.?(?: |-|/|, )?(?:de |of )?(\d{4}|'?\d{2})"
)
_WORDED_FIRST: Final = re.compile(r"([a-z]{3,})\.? ?(\d{1,2})(?:st|nd|rd|th)?(?:, ?| |-)(\d{4}|'?\d{2})")
_PACKED: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR: Final = re.compile(r"(\d{4})(?:\.0)?")
_YEAR_MONTH: Final = re.compile(r"(\d{4})[-/.](\d{1,2})")


@dataclass(frozen=True, kw_only=True)
class BirthDate:
    """A date of birth.

    Parameters
    ----------
    day
        As year-month-day; None where it is not known to the day.
    year
        Four digits, also where the day is not known.
    flaw
        Empty, "ambiguous" (two readings, or a century that could be either) or "refused".
    """

    day: str | None = None
    year: str | None = None
    flaw: str = ""


_REFUSED: Final = BirthDate(flaw="refused")


def read_birth_date(text: str, order: str | None = None, latest_year: int | None = None) -> BirthDate:
    """A birth date as it is written.

    Parameters
    ----------
    order
        "day first" or "month first" where what else the system holds shows it.
    latest_year
        The last year that the records know of: nobody is born after it, and a year of two digits above it is of the
        century before.
    """
    said = _digits(fold(text).rstrip(".").removesuffix(" 00:00:00"))
    latest = latest_year or _YOUNGEST
    if match := _CHINESE.fullmatch(said.replace(" ", "")):
        return _chinese(match, latest, latest_year)
    if match := _ISO.fullmatch(said):
        return _day(int(match[1]), int(match[3]), int(match[4]), latest)
    if match := _PACKED.fullmatch(said):
        return _day(int(match[1]), int(match[2]), int(match[3]), latest)
    if match := _YEAR.fullmatch(said):
        return _year(int(match[1]), latest)
    if match := _YEAR_MONTH.fullmatch(said):
        return _year(int(match[1]), latest) if 1 <= int(match[2]) <= 12 else _REFUSED
    for pattern, day, month in ((_WORDED, 1, 2), (_WORDED_FIRST, 2, 1)):
        if (match := pattern.fullmatch(said)) and match[month] in _MONTHS:
            return _in_century(match[3], _MONTHS[match[month]], int(match[day]), latest_year)
    if match := _SPLIT.fullmatch(said):
        return _either(int(match[1]), int(match[3]), match[4], match[2], order, latest_year)
    return _REFUSED


def _either(first: int, second: int, year: str, mark: str, order: str | None, latest_year: int | None) -> BirthDate:
    """Two numbers and a year: with dots the day stands first; else one above 12 tells, or the system's order."""
    by_day = _in_century(year, second, first, latest_year)
    by_month = _in_century(year, first, second, latest_year)
    if mark == ".":
        return by_day
    if by_day.flaw == "refused" or by_day.day == by_month.day:
        return by_month if by_day.flaw == "refused" else by_day
    if by_month.flaw == "refused" or order == DAY_FIRST:
        return by_day
    if order == MONTH_FIRST:
        return by_month
    return BirthDate(year=by_day.year, flaw="ambiguous")


def order_shown(text: str) -> str | None:
    """Which of day and month stands first, where this date shows it by itself?"""
    match = _SPLIT.fullmatch(_digits(fold(text)))
    if match is None or match[2] == ".":
        return None
    first, second = int(match[1]), int(match[3])
    if 12 < first <= 31 and 1 <= second <= 12:
        return DAY_FIRST
    if 12 < second <= 31 and 1 <= first <= 12:
        return MONTH_FIRST
    return None


def _chinese(match: re.Match[str], latest: int, latest_year: int | None) -> BirthDate:
    republic, year, month, day = match.groups()
    if republic:
        number = 1911 + (1 if year == "元" else int(year))
    elif year == "元":
        return _REFUSED
    elif len(year) == 2 and month and day:
        return _in_century(year, int(month), int(day), latest_year)
    else:
        number = int(year)
    if not month or not day:
        return _year(number, latest)
    return _day(number, int(month), int(day), latest)


def _in_century(year: str, month: int, day: int, latest_year: int | None) -> BirthDate:
    """A year of two digits is of the century before where the other lies ahead; else it could be either."""
    digits = year.removeprefix("'")
    latest = latest_year or _YOUNGEST
    if len(digits) == 4:
        return _day(int(digits), month, day, latest)
    earlier, later = (_day(century + int(digits), month, day, latest) for century in (1900, 2000))
    if latest_year is not None and later.flaw == "refused":
        return earlier
    return _REFUSED if earlier.flaw == later.flaw == "refused" else BirthDate(flaw="ambiguous")


def _day(year: int, month: int, day: int, latest: int) -> BirthDate:
    if not _OLDEST <= year <= latest:
        return _REFUSED
    try:
        return BirthDate(day=date(year, month, day).isoformat(), year=str(year))
    except ValueError:
        return _REFUSED


def _year(year: int, latest: int) -> BirthDate:
    return BirthDate(year=str(year)) if _OLDEST <= year <= latest else _REFUSED


def _digits(text: str) -> str:
    """Chinese numerals as digits: 一九八四年三月十四日."""
    if text.isascii() or not ("年" in text or "月" in text):
        return text
    return _NUMERAL.sub(lambda match: _number(match[0]), text)


def _number(numeral: str) -> str:
    if "十" not in numeral:
        return "".join(str(_NUMERALS[sign]) for sign in numeral)
    tens, _, ones = numeral.partition("十")
    return str(10 * (_NUMERALS.get(tens, 1)) + _NUMERALS.get(ones, 0))
