"""Whether a contract ended, from a column of flags or codes: which of its values mean that it did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_research.sources.drafts.look import ColumnLook

_ENDED: Final = re.compile(
    r"y|yes|true|t|ja|oui|o|是|dead|died|event|exit(ed)?|left|gone|inactive|lapsed?|closed|cancell?ed|terminated|"
    r"churn(ed|er)?|attrit.*|gekuendigt|gekündigt|resilie|résilié|(已)?(流失|退保|终止|解约|离网|销户|注销|失效|死亡)"
)
_RUNS: Final = re.compile(
    r"n|no|false|f|nein|non|否|alive|censored|active|running|current|existing.*|stay(ed|s)?|retained|renewed|"
    r"no[nt]?[ -]?churn(ed|er)?|aktiv|actif|在网|有效|正常|存续|存活|删失|续约|未(流失|离网|终止|退保)"
)
# A column named so says the opposite: that the contract goes on, or that watching stopped before it ended.
_OPPOSITE: Final = frozenset(
    [
        "censor",
        "censored",
        "censoring",
        "cens",
        "alive",
        "active",
        "running",
        "retained",
        "renewed",
        "stayed",
        "aktiv",
        "删失",
        "是否删失",
    ]
)
_MOST_CODES: Final = 6


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a column says of ends.

    Parameters
    ----------
    ended
        Values that mean an end; several are reasons that compete.
    """

    column: str
    ended: tuple[str, ...]
    why: str
    is_number: bool
    reasons: Mapping[str, str] = field(default_factory=dict)

    def condition(self, sql: str) -> str:
        """SQL that is true of those that ended."""
        values = [value if self.is_number else "'" + value.replace("'", "''") + "'" for value in self.ended]
        return f"{sql} = {values[0]}" if len(values) == 1 else f"{sql} in ({', '.join(values)})"

    def reason(self, sql: str) -> str | None:
        """SQL of the reason's name; None where there is only one."""
        if len(self.ended) < 2:
            return None
        cases = " ".join(f"when {sql} = {value} then '{name}'" for value, name in self.reasons.items())
        return f"case {cases} end"


def read_ending(look: ColumnLook) -> Ending | None:
    """Which values of this column mean an end? None where it cannot be such a column."""
    values = [value for value in look.values if value.strip()]
    if look.is_time or not 2 <= look.n_distinct <= _MOST_CODES or len(values) < look.n_distinct:
        return None
    is_opposite = bool(_OPPOSITE & set(header_words(look.name)))
    if look.is_number:
        return _of_codes(look, sorted(values, key=float), is_opposite=is_opposite)
    if look.n_distinct != 2:
        return None
    ended = [value for value in values if _ENDED.fullmatch(_plain(value)) and not _RUNS.fullmatch(_plain(value))]
    running = [value for value in values if _RUNS.fullmatch(_plain(value))]
    if is_opposite and _says_yes_or_no(values):
        ended, running = running, ended
    if not ended and len(running) == 1:
        ended = [value for value in values if value != running[0]]
    if len(ended) != 1:
        return None
    return Ending(
        column=look.name, ended=(ended[0],), why=f"{look.name} = {ended[0]} is taken as ended", is_number=False
    )


def _plain(value: str) -> str:
    return value.strip().rstrip(".").lower()


def _says_yes_or_no(values: list[str]) -> bool:
    return {value.lower()[:1] for value in values} <= {"y", "n", "t", "f", "j", "o", "是", "否"}


def _of_codes(look: ColumnLook, codes: list[str], *, is_opposite: bool) -> Ending | None:
    if not look.is_whole:
        return None
    plain = [f"{float(code):g}" for code in codes]
    if len(plain) == 2:
        ended = plain[0] if is_opposite else plain[1]
        why = f"{look.name} = {ended} is taken as ended"
        why += f", as {look.name} says the opposite; in some files {plain[1]} is the end" if is_opposite else ""
        return Ending(column=look.name, ended=(ended,), why=why, is_number=True)
    if plain[0] != "0" or is_opposite:
        return None
    return Ending(
        column=look.name,
        ended=tuple(plain[1:]),
        why=f"{look.name} = 0 is taken as running, the other codes as reasons of an end",
        is_number=True,
        reasons={code: f"{look.name} {code}" for code in plain[1:]},
    )


def ending_lines(ending: Ending, at: str = "as_of") -> list[Guess]:
    """The lines of the end, and of its reason where codes tell several."""
    column = name_in_sql(ending.column)
    value = {"expr": f"case when {ending.condition(column)} then {at} end"}
    lines = [Guess(key="ended_at", value=value, why=ending.why, is_unsure=True)]
    reason = ending.reason(column)
    if reason is not None:
        lines.append(Guess(key="end_reason", value={"expr": reason}, why="give the codes their names", is_unsure=True))
    return lines
