"""Numbers as people read them, by unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crm_research.figures import Figure

NOT_REACHED: Final = "not reached"
MISSING: Final = "–"
NOT_KNOWN: Final = "not known"
SHARE: Final = "share"
_DURATIONS: Final = ("days", "weeks", "months", "years")
_LENGTH_OF_CURRENCY_CODE: Final = 3


def format_value(value: float | None, unit: str = "") -> str:
    """How does a manager read this number?

    A share becomes per cent; a currency code loses its cents from 1,000 on; days and months keep one decimal where
    it says something; any other unit is a count and stands behind the number. What is missing or not finite is
    "not reached" for a duration and a dash for the rest.

    Examples
    --------
    >>> format_value(0.1234, "share"), format_value(1234567.8, "USD"), format_value(None, "days")
    ('12.3 %', '1,234,568 USD', 'not reached')
    """
    if value is None or not math.isfinite(value):
        return NOT_REACHED if unit in _DURATIONS else MISSING
    number = float(value)
    if unit == SHARE:
        return f"{_percent(number * 100)} %"
    if is_currency(unit):
        return f"{_plain(number, decimals=0 if abs(number) >= 1_000 else 2)} {unit}"
    if unit in _DURATIONS:
        return f"{_plain(number, decimals=0 if number.is_integer() or abs(number) >= 100 else 1)} {unit}"
    return f"{format_number(number)} {unit}".strip()


def format_estimate(figure: Figure) -> str:
    """The estimate of a figure; "not known" where its interval leaves nearly everything open."""
    if figure.estimate is not None and not figure.is_known:
        return NOT_KNOWN
    return format_value(figure.estimate, figure.unit)


def format_interval(figure: Figure) -> str | None:
    """The interval of a figure in words, such as ``11.2 % to 13.4 %``; None where there is none."""
    lower, upper = (_known(bound) for bound in (figure.lower, figure.upper))
    if (lower is None and upper is None) or (figure.estimate is not None and not figure.is_known):
        return None
    if lower is None:
        return f"up to {format_value(upper, figure.unit)}"
    if upper is None:
        return f"{format_value(lower, figure.unit)} or more"
    return f"{format_value(lower, figure.unit)} to {format_value(upper, figure.unit)}"


def format_number(value: float) -> str:
    """A pure number: whole ones without decimals, others with three significant digits, thousands parted."""
    number = float(value)
    if not math.isfinite(number):
        return MISSING
    if number.is_integer() or abs(number) >= 1_000:
        return _plain(number, decimals=0)
    if number and abs(number) < 1e-4:
        return f"{number:.2e}"
    return _plain(number, decimals=max(0, 2 - math.floor(math.log10(abs(number)))))


def is_currency(unit: str) -> bool:
    """Is the unit an ISO 4217 code, such as USD?"""
    return len(unit) == _LENGTH_OF_CURRENCY_CODE and unit.isascii() and unit.isalpha() and unit.isupper()


def _known(bound: Any) -> float | None:
    return None if bound is None or not math.isfinite(bound) else float(bound)


def _percent(percent: float) -> str:
    # A tenth of a per cent is enough, but a small share must not be printed as nought.
    if percent == 0 or abs(percent) >= 0.95:
        return _plain(percent, decimals=1)
    decimals = min(6, 1 - math.floor(math.log10(abs(percent))))
    return _plain(percent, decimals=decimals).rstrip("0").rstrip(".")


def _plain(number: float, *, decimals: int) -> str:
    text = f"{number:,.{decimals}f}"
    # Rounding may leave a minus before nought.
    return text.removeprefix("-") if not text.strip("-0.,") else text
