"""How often a fee is paid: the months that a word such as yearly, 3 months or P1Y stands for."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = (
    (6.0, r"semi[ -]?annual|half[ -]?year|bi[ -]?annual|halbj(ä|ae)hr|semest|半年|полугод|halfjaar|p(ó|o)(ł|l)ro"),
    (3.0, r"quarter|quartal|viertelj(ä|ae)hr|trimest|季|квартал|kwarta|qtr"),
    (24 * 7 / 365.25, r"bi[ -]?week|fortnight"),
    (2.0, r"bi[ -]?month|zweimonat|bimest"),
    (24.0, r"biennial|zweij(ä|ae)hr"),
    (1.0, r"month|monat|mensu|mensa|mensil|\bmth|\bmos?\b|mois|mes(es)?$|maand|miesi|月|месяц|месячн"),
    (12.0, r"year|annual|annuel|anual|annuo|anno|j(ä|ae)hr|jahr|jaar|ans?$|a(ñ|n)os?$|\byrs?\b|roczn|rok|lat\b|年|год"),
    (12 * 7 / 365.25, r"week|w(ö|oe)ch|semaine|semana|settiman|tydz|tygod|\bwks?\b|周|недел"),
    (12 / 365.25, r"day|daily|t(ä|ae)g|jour|d(í|i)a|天|日|дн"),
)
_SHORT: Final = {"d": 12 / 365.25, "w": 84 / 365.25, "m": 1.0, "q": 3.0, "y": 12.0}
_NUMBERS: Final = {
    word: number
    for number, words in {
        2: "two zwei deux dos due dwa 两 二", 3: "three drei trois tres tre trzy 三", 4: "four vier quatre cuatro",
        5: "five", 6: "six sechs seis sei 六", 9: "nine", 12: "twelve zwölf douze doce dodici", 18: "eighteen",
        24: "twenty-four", 36: "thirty-six",
    }.items()
    for word in words.split()
}  # fmt: skip
_TIMES_A_YEAR: Final = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)}) ?(?:x|times|mal|fois|veces|volte|payments)\b.*(?:year|jahr|an\b|año|anno)"
)
_ONCE: Final = re.compile(r"once|one[ -]?(time|off)|single|einmal|unique|趸|lifetime|разов", re.IGNORECASE)


def months_of(said: str) -> float | None:
    """How many months does this interval take? None where it says none that is known."""
    plain = " ".join(re.sub(r"[_-]", " ", said).lower().split())
    if re.search(r"\b(twice|zweimal|deux fois|dos veces|due volte)\b.*(year|jahr|\ban\b|año|anno)", plain):
        return 6.0
    if times := _TIMES_A_YEAR.search(plain):
        return 12 / (int(times[1]) if times[1].isdigit() else _NUMBERS[times[1]])
    short = re.fullmatch(r"p?(\d*)\s*([dwmqy])", plain)
    if short:
        return int(short[1] or 1) * _SHORT[short[2]]
    unit = next((months for months, word in _UNITS if re.search(word, plain)), None)
    if unit is None:
        return None
    # 1/4 jährlich is a quarter of a year, in half a year's place 0.5.
    counted = re.search(r"(?<![\d./])(?:(\d{1,2})/(\d{1,2})|(\d{1,3}(?:\.\d+)?))(?![\d./])", plain)
    n = 0.0 if counted is None else float(counted[3]) if counted[3] else int(counted[1]) / max(int(counted[2]), 1)
    return unit * (n or next((_NUMBERS[word] for word in plain.split() if word in _NUMBERS), 1))


def is_paid_once(said: str) -> bool:
    """Does this say that there is one payment and no interval?"""
    return bool(_ONCE.search(said))
