"""Numbers as people read them, by unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from crm_research.figures import NOT_KNOWN, has_no_width
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR, word_for

if TYPE_CHECKING:
    from crm_research.figures import Figure

NOT_REACHED: Final = "not reached"
MISSING: Final = "–"
SHARE: Final = "share"
DURATIONS: Final = ("days", "weeks", "months", "years")
_DAYS_UP_TO: Final = 90
_LENGTH_OF_CURRENCY_CODE: Final = 3
# Of a number in per cent: from here on tenths are enough, and below here a tenth would be printed as nought.
_ONE_DECIMAL_FROM: Final = 0.95
_NOUGHT_BELOW: Final = 0.05
# Money as long as this does not fit a card, and is said as sentences say it.
_IN_BILLIONS_FROM: Final = 1e9


def format_value(value: float | None, unit: str = "", *, beside: Iterable[float | None] = ()) -> str:
    """How does a manager read this number?

    A share becomes per cent; a currency code loses its cents from 1,000 on, and is in billions from one on;
    days and months keep one decimal where it says something; any other unit is a count and stands behind the number.
    What is missing or not finite is "not reached" for a duration and a dash for the rest.

    Parameters
    ----------
    value, unit
        The number and its unit.
    beside
        Numbers of the same unit that are printed beside it, such as its limits or the rest of its column: all of them
        get as many decimals.

    Examples
    --------
    >>> format_value(0.1234, "share"), format_value(1234567.8, "USD"), format_value(None, "days")
    ('12.3 %', '1,234,568 USD', 'not reached')
    >>> format_value(-881.92, "USD", beside=[5145.2])
    '-882 USD'
    """
    if value is None or not math.isfinite(value):
        return NOT_REACHED if unit in DURATIONS else MISSING
    number = float(value)
    all_ = [number, *(known for other in beside if (known := _known(other)) is not None)]
    largest = max(abs(each) for each in all_)
    if unit == SHARE:
        return f"{_percent(number * 100, largest * 100)} %"
    if is_currency(unit):
        if abs(number) >= _IN_BILLIONS_FROM:
            billions = len(f"{abs(number) / _IN_BILLIONS_FROM:.0f}")
            return f"{_plain(number / _IN_BILLIONS_FROM, decimals=max(3 - billions, 0))} bn {unit}"
        return f"{_plain(number, decimals=0 if largest >= 1_000 else 2)} {unit}"
    if unit in DURATIONS:
        is_whole = all(each.is_integer() for each in all_)
        return _with_unit(_plain(number, decimals=0 if is_whole or largest >= 100 else 1), unit)
    return _with_unit(format_number(number), unit)


def _with_unit(number: str, unit: str) -> str:
    """A printed number with what is counted, which agrees with it: ``1 customer``, ``1 end per 100 contract-years``."""
    noun, gap, rest = unit.partition(" ")
    return f"{number} {word_for(number == '1', noun.removesuffix('s'), noun)}{gap}{rest}".strip()


def format_estimate(figure: Figure) -> str:
    """The estimate of a figure, in its own words if it has any; "not known" where its interval leaves all open."""
    if figure.estimate is not None and not figure.is_known:
        return NOT_KNOWN
    return figure.said or _format_one(figure, figure.estimate)


def format_interval(figure: Figure) -> str | None:
    """The interval of a figure in words, such as ``11.2 % to 13.4 %``; None where there is none, or it has no width."""
    lower, upper = (_known(bound) for bound in (figure.lower, figure.upper))
    if (lower is None and upper is None) or (figure.estimate is not None and not figure.is_known):
        return None
    if lower is not None and upper is not None and has_no_width(lower, upper):
        return None
    if lower is None:
        return f"up to {_format_one(figure, upper)}"
    if upper is None:
        return f"{_format_one(figure, lower)} or more"
    first = _format_one(figure, lower)
    last = _format_one(figure, upper)
    if first == last:
        return None if first == _format_one(figure, figure.estimate) else first
    if figure.unit and not _has_own_decimals(figure.unit):
        return f"{first.split(' ', 1)[0]} to {last.split(' ', 1)[0]} {figure.unit}"
    return f"{first} to {last}"


def _format_one(figure: Figure, value: float | None) -> str:
    """The estimate or a limit, with as many decimals as the interval supports: two digits of its width.

    A length of time is told in the unit that sentences say it in: days up to 90, then months, then years.
    """
    if figure.unit == "days" and (known := _known(figure.estimate) or 0.0) >= _DAYS_UP_TO:
        is_long = known >= 2 * DAYS_PER_YEAR
        unit, length = ("years", DAYS_PER_YEAR) if is_long else ("months", DAYS_PER_MONTH)
        end = _known(value)
        return NOT_REACHED if end is None else f"{_plain(end / length, decimals=1)} {unit}"
    decimals = _supported_decimals(figure)
    if value is None or decimals is None or _has_own_decimals(figure.unit):
        return format_value(value, figure.unit, beside=(figure.estimate, figure.lower, figure.upper))
    return _with_unit(_plain(float(value), decimals=decimals), figure.unit)


def _has_own_decimals(unit: str) -> bool:
    """Shares, lengths of time and money have decimals of their own; other numbers as many as are known."""
    return unit == SHARE or unit in DURATIONS or is_currency(unit)


def _supported_decimals(figure: Figure) -> int | None:
    known = [_known(value) for value in (figure.lower, figure.estimate, figure.upper)]
    lower, _, upper = known
    if lower is None or upper is None or not upper > lower:
        return None
    if all(value is None or value.is_integer() for value in known):
        return 0
    # More than three digits of the largest say nothing, however narrow the interval.
    largest = max(abs(value) for value in known if value is not None)
    return max(0, min(1 - _magnitude(upper - lower), 2 - _magnitude(largest)))


def _magnitude(number: float) -> int:
    return math.floor(math.log10(number))


def format_number(value: float) -> str:
    """A pure number: whole ones without decimals, others with three significant digits, thousands parted."""
    number = float(value)
    if not math.isfinite(number):
        return MISSING
    if number.is_integer() or abs(number) >= 1_000:
        return _plain(number, decimals=0)
    if number and abs(number) < 1e-4:
        return f"{number:.2e}"
    return _plain(number, decimals=max(0, 2 - _magnitude(abs(number))))


def is_currency(unit: str) -> bool:
    """Is the unit an ISO 4217 code, such as USD?"""
    return len(unit) == _LENGTH_OF_CURRENCY_CODE and unit.isascii() and unit.isalpha() and unit.isupper()


def _known(bound: Any) -> float | None:
    return None if bound is None or not math.isfinite(bound) else float(bound)


def _percent(percent: float, largest: float) -> str:
    # A tenth of a per cent is enough, but a small share must not be printed as nought.
    if percent == 0 or (largest >= _ONE_DECIMAL_FROM and abs(percent) >= _NOUGHT_BELOW):
        return _plain(percent, decimals=1)
    decimals = min(6, 1 - _magnitude(abs(percent)))
    return _plain(percent, decimals=decimals).rstrip("0").rstrip(".")


def _plain(number: float, *, decimals: int) -> str:
    text = f"{number:,.{decimals}f}"
    # Rounding may leave a minus before nought.
    return text.removeprefix("-") if not text.strip("-0.,") else text
