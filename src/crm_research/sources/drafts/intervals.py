"""How often a fee is paid: the months that a word such as yearly, 3 months or P1Y stands for."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = (
    (6.0, r"semi[ -]?annual|half[ -]?year|bi[ -]?annual|halbj(ä|ae)hr|semest|半年|полугод|halfjaar"),
    (3.0, r"quarter|quartal|viertelj(ä|ae)hr|trimest|季|квартал|kwartaal"),
    (24 * 7 / 365.25, r"bi[ -]?week|fortnight"),
    (2.0, r"bi[ -]?month|zweimonat|bimest"),
    (24.0, r"biennial|zweij(ä|ae)hr"),
    (1.0, r"month|monat|mensu|mensil|mois|mes(es)?$|maand|miesi|月|месяц|месячн"),
    (12.0, r"year|annual|annuel|anual|annuo|anno|j(ä|ae)hr|jahr|jaar|ans?$|a(ñ|n)os?$|年|год"),
    (12 * 7 / 365.25, r"week|w(ö|oe)ch|semaine|semana|周|недел"),
    (12 / 365.25, r"day|daily|t(ä|ae)g|jour|d(í|i)a|天|日|дн"),
)
_SHORT: Final = {"d": 12 / 365.25, "w": 84 / 365.25, "m": 1.0, "q": 3.0, "y": 12.0}
_ONCE: Final = re.compile(r"once|one[ -]?(time|off)|single|einmal|unique|趸|lifetime|разов", re.IGNORECASE)


def months_of(said: str) -> float | None:
    """How many months does this interval take? None where it says none that is known."""
    plain = said.strip().lower()
    short = re.fullmatch(r"p?(\d*)\s*([dwmqy])", plain)
    if short:
        return int(short[1] or 1) * _SHORT[short[2]]
    unit = next((months for months, word in _UNITS if re.search(word, plain)), None)
    counted = re.search(r"(?<![\d.])(\d{1,2})(?![\d.])", plain)
    return None if unit is None else unit * (int(counted[1]) if counted and int(counted[1]) else 1)


def is_paid_once(said: str) -> bool:
    """Does this say that there is one payment and no interval?"""
    return bool(_ONCE.search(said))
