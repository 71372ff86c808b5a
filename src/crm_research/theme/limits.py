"""Sentences without their intervals, for an answer whose numbers stand with their limits on the cards beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from crm_research.theme import words

# The level and the word before the limits, up to what else stands in the brackets.
_LED: Final = r"(?:[\d.]+ % )?(?:interval )?"
_ALONE: Final = re.compile(rf" \({_LED}{words.OPENS}[^{words.CLOSES}]*{words.CLOSES}\)")
_FIRST: Final = re.compile(rf"\({_LED}{words.OPENS}[^{words.CLOSES}]*{words.CLOSES}[;,] ")
_LATER: Final = re.compile(rf"[;,] {_LED}{words.OPENS}[^{words.CLOSES}]*{words.CLOSES}(?=[;,)])")


def without_limits(say: Callable[..., Iterable[str]], *results: Any) -> list[str]:
    """The sentences that a function makes of its results, without the intervals that stand in brackets.

    What the data call by a name in brackets stays as it is: the limits are marked where they are made.
    """
    with words.marked_limits():
        said = list(say(*results))
    return [_plain(_LATER.sub("", _FIRST.sub("(", _ALONE.sub("", line)))) for line in said]


def _plain(line: str) -> str:
    return line.replace(words.OPENS, "").replace(words.CLOSES, "")
