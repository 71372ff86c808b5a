"""Answers in words, from the lowest to the highest: the ladders that questionnaires use most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook

# A rung with several words is written in one of them.
_WRITTEN: Final = """
strongly disagree, disagree / somewhat disagree, neutral / neither agree nor disagree / undecided, agree / somewhat agree, strongly agree
very dissatisfied, dissatisfied / somewhat dissatisfied, neutral / neither satisfied nor dissatisfied, satisfied / somewhat satisfied, very satisfied
very unsatisfied, unsatisfied, neutral, satisfied, very satisfied
very unlikely, unlikely, neutral / neither likely nor unlikely, likely, very likely
very poor / very bad, poor / bad, fair / average / neutral, good, very good / excellent
not at all important, slightly important, moderately important, important, very important / extremely important
never, rarely / seldom, sometimes / occasionally, often / usually, always
stimme gar nicht zu / stimme überhaupt nicht zu, stimme eher nicht zu / stimme nicht zu, teils teils / teils/teils / neutral, stimme eher zu / stimme zu, stimme voll zu / stimme voll und ganz zu
sehr unzufrieden, unzufrieden / eher unzufrieden, neutral / teils teils / teils/teils, zufrieden / eher zufrieden, sehr zufrieden
pas du tout d'accord, plutôt pas d'accord / pas d'accord, neutre, plutôt d'accord / d'accord, tout à fait d'accord
très insatisfait, insatisfait / plutôt insatisfait / peu satisfait, neutre / ni satisfait ni insatisfait, satisfait / plutôt satisfait, très satisfait
médiocre, passable, bien, très bien, excellent
très mauvais, mauvais, moyen, bon, très bon / excellent
poor, fair, good, very good, excellent
非常不同意 / 完全不同意, 不同意, 一般 / 中立 / 不确定, 同意, 非常同意 / 完全同意
非常不满意, 不满意, 一般, 满意, 非常满意
很不满意, 不满意, 一般, 满意, 很满意
muy insatisfecho, insatisfecho, neutral / ni satisfecho ni insatisfecho / indiferente, satisfecho, muy satisfecho
totalmente en desacuerdo / muy en desacuerdo, en desacuerdo, neutral / ni de acuerdo ni en desacuerdo, de acuerdo, totalmente de acuerdo / muy de acuerdo
nie, selten, manchmal / gelegentlich, oft / häufig, immer
schlecht / sehr schlecht, mangelhaft / eher schlecht, mittel / befriedigend, gut, sehr gut
"""  # noqa: E501  (a ladder is a line)
_LADDERS: Final = tuple(
    tuple(tuple(word.strip() for word in rung.split(" / ")) for rung in line.split(","))
    for line in _WRITTEN.strip().splitlines()
)
_FEWEST_RUNGS: Final = 3
_ENDINGS: Final = re.compile(r"\((e|es|s|ne|a|o|as|os|en|n|r|in)\)")


def find_ladder(column: ColumnLook) -> list[str] | None:
    """The words of a column's answers from the lowest to the highest; None where no ladder holds them all."""
    return ladder_of(column.values)


def ladder_of(values: Sequence[str]) -> list[str] | None:
    """These words from the lowest to the highest; None where no ladder holds them all."""
    # Satisfait(e) is satisfait, whoever answers.
    found = {_ENDINGS.sub("", value.strip().lower()): value.strip() for value in values}
    if len(found) < len({value.strip() for value in values}):
        return None
    if len(found) < _FEWEST_RUNGS:
        return None
    for ladder in _LADDERS:
        rungs = [next((found[word] for word in rung if word in found), None) for rung in ladder]
        if len([rung for rung in rungs if rung is not None]) == len(found):
            return [rung or words[0] for rung, words in zip(rungs, ladder, strict=True)]
    return None
