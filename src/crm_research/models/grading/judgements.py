"""Judgements of pairs as people write them: ``margin over volume: 3``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Final

from crm_research.errors import ParameterError, offer_names

_BETWEEN: Final = " over "
_FURTHEST: Final = 9


def read_judgements(given: Mapping[str, float | str], criteria: Collection[str]) -> dict[tuple[str, str], float]:
    """Which criterion is how many times as important as which other?

    Parameters
    ----------
    given
        ``ONE over OTHER`` to how many times as important the first is: a number from 1/9 to 9, or a fraction such as
        ``1/3``.
    criteria
        Names that can be judged; blanks may be written as underscores.

    Raises
    ------
    ParameterError
        It is not written so, names another criterion, judges a pair twice or one with itself, or lies outside of 1/9
        to 9.
    """
    found: dict[tuple[str, str], float] = {}
    for text, judged in given.items():
        one, other = _read_pair(text, criteria)
        if one == other:
            raise ParameterError(f"{one!r} is compared with itself. Leave that judgement out.")
        if (one, other) in found or (other, one) in found:
            raise ParameterError(f"{one!r} and {other!r} are compared twice. Keep one of the two judgements.")
        found[one, other] = _read_ratio(judged, text)
    return found


def read_name(text: str, criteria: Collection[str]) -> str:
    """The criterion of that name, however its blanks and capitals are written."""
    name = " ".join(str(text).replace("_", " ").lower().split())
    if name not in criteria:
        raise ParameterError(f"There is no criterion {str(text)[:60]!r}. {offer_names(name, sorted(criteria))}")
    return name


def _read_pair(text: str, criteria: Collection[str]) -> tuple[str, str]:
    parts = re.split(_BETWEEN, str(text).replace("_", " "), flags=re.IGNORECASE)
    if len(parts) != 2:
        raise ParameterError(
            f"{str(text)[:80]!r} compares no two criteria. Write ONE over OTHER: 3, such as margin over volume: 3."
        )
    return read_name(parts[0], criteria), read_name(parts[1], criteria)


def _read_ratio(judged: float | str, text: str) -> float:
    try:
        if isinstance(judged, bool):
            raise ValueError
        ratio = float(Fraction(judged.strip())) if isinstance(judged, str) else float(judged)
    except (ValueError, ZeroDivisionError):
        ratio = float("nan")
    if not 1 / _FURTHEST - 1e-9 <= ratio <= _FURTHEST:
        raise ParameterError(
            f"{text!r} is judged {judged!r}: give a number from 1/9 (far less important) over 1 (equal) to 9 (far "
            "more)."
        )
    return ratio
