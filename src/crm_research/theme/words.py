"""Numbers in words: how the printed answers and the labels of charts say a share, money, days and intervals.

Formats carry a ``z``: what rounds to nought has no minus.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import TypeVar

from crm_research.figures import has_no_width, says_nothing
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR, UNKNOWN, say_count, word_for

# Signs that no text uses (Unicode, private use), around limits while `marked_limits` lasts.
OPENS, CLOSES = "\ue0f1", "\ue0f2"
_ARE_MARKED: ContextVar[bool] = ContextVar("limits_are_marked", default=False)
_End = TypeVar("_End")
_SMALL = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SCALES = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def _is_missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def say_percent(share: float | None, digits: int | None = None) -> str:
    """A share (0 to 1) as a percentage: 0.123 is ``12 %``; small ones keep a digit, so that they are not nothing."""
    if share is None or _is_missing(share):
        return UNKNOWN
    # What the last digits of a float say is no part of the number: 1 - 0.9 is 10 %, not just under it.
    percent = round(100 * share, 9)
    if digits is None and 0 < abs(percent) < 0.005:
        return "under 0.01 %" if percent > 0 else "over -0.01 %"
    if digits is None and 99.995 <= percent < 100:
        return "over 99.99 %"
    if digits is None:
        digits = 0 if abs(percent) >= 10 or percent == 0 else 1
        # 99.97 and 100.03 must not be printed as 100, nor 0.01 as 0.0.
        if percent != round(percent) and (99.5 < abs(percent) < 100.5 or abs(percent) < 0.05):
            digits = 2
    return f"{percent:z,.{digits}f} %"


def say_small_count(count: int) -> str:
    """A small count as a word (``three``), a larger one in digits."""
    return _SMALL[count] if 0 <= count < len(_SMALL) else f"{count:,}"


def say_of_ten(share: float | None) -> str:
    """A share as so many of ten: 0.21 is ``about two of ten``; near the ends in percent."""
    if share is None or _is_missing(share):
        return UNKNOWN
    tenths = round(10 * share)
    return f"about {_SMALL[tenths]} of ten" if 1 <= tenths <= 9 else say_percent(share)


def say_short(value: float | None, digits: int = 3) -> str:
    """A number at so many significant digits with k, m or bn: 4,596,039 is ``4.60 m``; below ten thousand in full."""
    if value is None or _is_missing(value):
        return UNKNOWN
    if abs(value) < 10_000:
        places = 0 if abs(value) >= 100 or float(value).is_integer() else max(digits - 1, 1)
        return f"{value:z,.{places}f}"
    # 999,950 would round up to 1,000 k: a value near the next scale belongs to it.
    scale, letter = next(pair for pair in _SCALES if abs(value) >= pair[0] * 0.9995)
    scaled = value / scale
    whole = len(f"{abs(scaled):.0f}")
    return f"{scaled:,.{max(digits - whole, 0)}f} {letter}"


def say_money(value: float | None, currency: str, digits: int = 3) -> str:
    """Money with its currency: ``4.60 m USD``, ``12.35 EUR``."""
    return UNKNOWN if _is_missing(value) else f"{say_short(value, digits)} {currency}"


def say_days(days: float | None) -> str:
    """A length of time in the unit people use for it: days up to 90, then months, from two years on years."""
    return UNKNOWN if days is None or _is_missing(days) else say_days_like(days)(days)


def say_months(months: float) -> str:
    """A number of months with its noun: ``1 month``, ``12 months``, ``1.5 months``."""
    return f"{months:g} {word_for(months, 'month') if float(months).is_integer() else 'months'}"


def say_days_like(days: float | None, *ends: float | None) -> Callable[[float], str]:
    """How to say other lengths of time in the unit that suits this one: an interval keeps to its estimate's unit.

    Parameters
    ----------
    ends
        Limits to be said beside it: in days where the unit cannot tell them apart, and 3 months (3 months to 3 months)
        would look like certainty.
    """
    say = _say_days_as(days)
    known = [end for end in ends if end is not None and not _is_missing(end)]
    if len(known) > 1 and len({f"{end:.0f}" for end in known}) > 1 and len({say(end) for end in known}) == 1:
        return _say_days_as(None)
    return say


def _say_days(days: float) -> str:
    return say_count(days, "day") if abs(days) >= 10 or days == int(days) else f"{days:z.1f} days"


def _say_days_as(days: float | None) -> Callable[[float], str]:
    if days is None or _is_missing(days) or abs(days) < 90:
        return _say_days
    if abs(days) < 2 * DAYS_PER_YEAR:
        return lambda other: say_count(round(other / DAYS_PER_MONTH), "month")
    return lambda other: f"{other / DAYS_PER_YEAR:z.1f} years"


def say_date(moment: datetime | None) -> str:
    """The day of an instant, in ISO order."""
    return UNKNOWN if moment is None or moment != moment else f"{moment:%Y-%m-%d}"  # noqa: PLR0124


def say_interval(lower: float | None, upper: float | None, say: Callable[[float], str]) -> str:
    """An interval in words: ``53 % to 56 %``; an end that was never reached is said to be open.

    Where both ends are printed alike they are said once: ``53 %``.

    One that leaves nearly everything open (`figures.says_nothing`) is ``not known``, and so is one of which neither end
    is known.
    """
    if says_nothing(lower, upper, span=_span_of(say)) or (_is_missing(lower) and _is_missing(upper)):
        return UNKNOWN
    low = "below what we saw" if lower is None or _is_missing(lower) else say(lower)
    high = "beyond what we saw" if upper is None or _is_missing(upper) else say(upper)
    said = low if low == high else f"{low} to {high}"
    return f"{OPENS}{said}{CLOSES}" if _ARE_MARKED.get() else said


@contextmanager
def marked_limits() -> Iterator[None]:
    """As long as the block lasts, limits that are said stand between two signs, so that they can be found again."""
    token = _ARE_MARKED.set(True)
    try:
        yield
    finally:
        _ARE_MARKED.reset(token)


def say_estimate(
    estimate: float | None,
    lower: float | None,
    upper: float | None,
    say: Callable[[float], str],
    confidence: float = 0.95,
) -> str:
    """An estimate with its interval: ``54 % (95 % interval 53 % to 56 %)``; not known where that says nothing."""
    if estimate is None or _is_missing(estimate) or says_nothing(lower, upper, span=_span_of(say)):
        return UNKNOWN
    if _is_missing(lower) and _is_missing(upper):
        return say(estimate)
    if _adds_nothing(estimate, lower, upper, say):
        return say(estimate)
    return f"{say(estimate)} ({say_percent(confidence, 0)} interval {say_interval(lower, upper, say)})"


def say_with_limits(
    estimate: float, lower: float | None, upper: float | None, say: Callable[[float], str], of: str = ""
) -> str:
    """An estimate and its limits without their level, such as ``54 % (53 % to 56 %)``.

    Parameters
    ----------
    of
        What stands between the two: `` of the customers``.
    """
    if _adds_nothing(estimate, lower, upper, say):
        return f"{say(estimate)}{of}"
    return f"{say(estimate)}{of} ({say_interval(lower, upper, say)})"


def _adds_nothing(estimate: float, lower: float | None, upper: float | None, say: Callable[[float], str]) -> bool:
    """Are the limits the estimate again, or printed like it?"""
    if lower is None or upper is None or _is_missing(lower) or _is_missing(upper):
        return False
    return has_no_width(lower, upper) or say(lower) == say(estimate) == say(upper)


def say_points(share: float) -> str:
    """A difference of shares in percentage points: 0.123 is ``12 points``, 0.0412 ``4.1 points``."""
    return f"{100 * share:z.1f} points" if abs(share) < 0.095 else f"{100 * share:.0f} points"


def say_range(low: _End, high: _End, say: Callable[[_End], str]) -> str:
    """From the smallest to the largest of several: ``17 % to 24 %``, or ``24 %`` where both are printed alike."""
    return say(low) if say(low) == say(high) else f"{say(low)} to {say(high)}"


def say_signed_points(share: float) -> str:
    """A difference of shares in points with its sign and without the unit: 0.0412 is ``+4.1``, nought ``0.0``."""
    text = f"{100 * share:+z.1f}"
    return "0.0" if text == "+0.0" else text


def say_p_value(p_value: float | None) -> str:
    """A p-value to three places, and never as nought: ``0.023``, ``under 0.001``."""
    if p_value is None or _is_missing(p_value):
        return UNKNOWN
    return "under 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _span_of(say: Callable[[float], str]) -> float | None:
    """How far apart two values can lie that are said so: shares 1, differences of shares 2, other numbers no end."""
    said = say.func if isinstance(say, partial) else say
    return 1.0 if said is say_percent else 2.0 if said is say_points else None


def say_plainly(remark: str) -> str:
    """A remark of a fit, which speaks of columns, with blanks in their names: ``online security``."""
    return re.sub(r"(?<=\w)_(?=\w)", " ", remark)


def first_capital(words: str) -> str:
    """The words as a sentence begins with them; what follows the first letter stays as it is."""
    return words[:1].upper() + words[1:]


def join_words(words: Sequence[str], last: str = "and") -> str:
    """A list in a sentence: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
