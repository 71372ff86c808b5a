"""What is said of a clause of the question that a survey cannot answer: why not, and what would tell."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.conviction import ALL_ANONYMOUS, NO_ATTITUDE, NO_ORDERS
from crm_research.pillars.satisfaction.importance import NO_DRIVER, NO_OUTCOME
from crm_research.show import Step

_FEW: Final = "few"
_ALIKE: Final = "alike"
# The reason, in the sentence of the answer, and what to do about it.
_PRIORITIES: Final = MappingProxyType(
    {
        NO_OUTCOME: (
            "nobody was asked whether they are satisfied or would recommend us, which would tell",
            "Ask customers whether they are satisfied, beside the things that they rate.",
        ),
        NO_DRIVER: (
            "nothing was asked for that could lead to satisfaction; ratings of price, quality or service would tell",
            "Ask customers to rate single things, such as price, quality and service.",
        ),
        _ALIKE: (
            "all gave the same answers, so nothing goes with anything; questions that divide them would tell",
            "Ask for what customers miss, or on a finer scale: answers that are all alike tell nothing apart.",
        ),
        _FEW: (
            "too few answered all questions, or their answers differ too little; more answers would tell",
            "Ask more customers, and all the same questions.",
        ),
    }
)
_NO_PURCHASES: Final = (
    "it shows where what customers say is put beside what they buy, and these records hold no purchases; orders under "
    "the ids of those who answer would tell"
)
_NAMELESS: Final = (
    "all answers are anonymous, so nobody's can be put beside what they buy; answers under a customer's id would tell"
)
_CONVICTION: Final = MappingProxyType(
    {
        NO_ATTITUDE: (
            "nobody was asked what they think of us, which would tell beside what they buy",
            "Ask customers whether they are satisfied or would come back.",
        ),
        NO_ORDERS: (_NO_PURCHASES, "Hand in the orders of those who answer, under the same ids."),
        ALL_ANONYMOUS: (_NAMELESS, "Ask under customers' ids, so that answers can be put beside purchases."),
        _FEW: (
            "too few of those who buy answered under their id, or they answered too much alike; more would tell",
            "Ask more of those who buy, under their ids.",
        ),
    }
)


def priorities_unanswered(found: SatisfactionAnalysis) -> str:
    """Why it is not known what matters to customers."""
    return f"What matters to customers is not known: {_PRIORITIES[_why_unranked(found)][0]}."


def conviction_unanswered(found: SatisfactionAnalysis) -> str:
    """Why it is not known who is loyal by conviction."""
    return f"Who is loyal by conviction rather than by habit is not known: {_CONVICTION[_why_untold(found)][0]}."


def steps_unanswered(found: SatisfactionAnalysis, *, is_ranked: bool, is_told: bool) -> Iterator[Step]:
    """What to ask or hand in, for each clause that stays open."""
    if found.wave is None:
        yield Step("Ask customers how satisfied they are, and whether they would recommend us.", "survey")
        return
    if not is_ranked:
        yield Step(_PRIORITIES[_why_unranked(found)][1], "priorities")
    if not is_told:
        yield Step(_CONVICTION[_why_untold(found)][1], "conviction")


def _why_unranked(found: SatisfactionAnalysis) -> str:
    notes = () if found.priorities is None else found.priorities.notes
    named = next((note for note in notes if note in _PRIORITIES), None)
    if named is not None:
        return named
    answers = found.survey.answers.loc[found.survey.answers["wave"] == found.wave, found.survey.names]
    return _ALIKE if len(answers) > 1 and (answers.nunique() <= 1).all() else _FEW


def _why_untold(found: SatisfactionAnalysis) -> str:
    notes = () if found.conviction is None else found.conviction.notes
    return next((note for note in notes if note in _CONVICTION), _FEW)
