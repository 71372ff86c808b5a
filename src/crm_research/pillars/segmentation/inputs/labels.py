"""How an input is spoken of: what it is in short words, how its values are written, what a customer high in it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crm_research.theme import join_words, say_percent

Kind = Literal["part", "level", "answer", "number"]
SHARE: Final = "share of "
ANSWER: Final = "answer to "
USE: Final = "use of "
# Levels that stand for a gap, and for all levels too rare to stand alone; the same of parts of a whole.
UNKNOWN: Final = "unknown"
REST: Final = "any other"
ALL_ELSE: Final = "all the rest"
_PART: Final = re.compile(r"(.+?) (on|through|in|at) (.+)")
_JOINTS: Final = (" on", " through", " in", " at", " to", " of")


@dataclass(frozen=True, kw_only=True)
class Term:
    """An input taken apart.

    Parameters
    ----------
    name
        As among the inputs.
    words
        Short words for it.
    kind
        part (share of a whole: spend, purchases, usage), level (of a category: 0 or 1), answer (to an item, over its
        scale) or number.
    head, part
        What it is a part or level of (``spend on``, ``region``), and which (``fresh food``, ``north``); the item of an
        answer; otherwise empty.
    """

    name: str
    words: str
    kind: Kind
    head: str = ""
    part: str = ""

    @property
    def is_percent(self) -> bool:
        """Are its values shares?"""
        return self.kind != "number" or self.name.endswith("_share")

    def say_value(self, value: float) -> str:
        """A value in words: per cent of a whole, of customers or of a scale; otherwise the number."""
        if not math.isfinite(value):
            return ""
        if not self.is_percent:
            return say_number(value)
        is_edge = value in (0.0, 1.0)
        return f"{100 * value:.0f} %" if is_edge else say_percent(value, 0 if 0.1 <= value <= 0.9 else 1)

    def say_not(self) -> str:
        """A level that somebody does not have: ``region not north``, ``age known``."""
        return f"{self.head} known" if self.part == UNKNOWN else f"{self.head} not {self.part}"

    def say_exactly(self, value: float) -> str:
        """What is asked of a customer by one value: ``“number of purchases” is exactly 1``, ``“region” is “north”``."""
        if self.kind == "level":
            return f"“{self.head}” is not known" if self.part == UNKNOWN else f"“{self.head}” is “{self.part}”"
        return f"“{self.words}” is exactly {self.say_value(value)}"


def read_term(name: str, what: str = "") -> Term:
    """What kind of input is it, by its name and its words?"""
    words = (what or name).replace("_", " ")
    if name.startswith(SHARE):
        short = name.removeprefix(SHARE)
        found = _PART.fullmatch(short)
        head, part = (f"{found[1]} {found[2]}", found[3]) if found else ("", short)
        return Term(name=name, words=short, kind="part", head=head, part=part)
    if name.startswith(ANSWER):
        item = name.removeprefix(ANSWER).replace("_", " ")
        return Term(name=name, words=f"{ANSWER}{item}", kind="answer", head=ANSWER.strip(), part=item)
    if ": " in what and name != what:
        head, part = what.split(": ", 1)
        return Term(name=name, words=what, kind="level", head=head.replace("_", " "), part=part)
    if name.startswith(USE):
        return Term(name=name, words=words, kind="number", head=USE.strip(), part=words.removeprefix(USE))
    return Term(name=name, words=words, kind="number")


def read_terms(words: Mapping[str, str]) -> dict[str, Term]:
    """Name to words, as terms."""
    return {name: read_term(name, what) for name, what in words.items()}


def list_terms(terms: Iterable[Term], *, with_levels: bool = True) -> str:
    """Several inputs in one breath, those of one whole together: spend on tea and coffee, spend through web.

    Without levels a category is named once.
    """
    by_head: dict[str, list[str]] = {}
    for term in terms:
        if term.kind == "level" and not with_levels:
            by_head[term.head] = [""]
            continue
        by_head.setdefault(term.head or term.words, []).append(term.part)
    said = []
    for head, parts in by_head.items():
        joint = " " if head.endswith(_JOINTS) else ": "
        said.append(head + joint + join_words(parts) if all(parts) else head)
    has_lists = any(len(parts) > 1 for parts in by_head.values())
    return ", ".join(said) if has_lists else join_words(said)


def say_number(value: float) -> str:
    """A number as a person would write it: three digits are enough."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.3g}"
