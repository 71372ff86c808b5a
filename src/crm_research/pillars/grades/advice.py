"""What to do about grades: whom to look after, what to ask, what to agree on first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crm_research.pillars.grades import words
from crm_research.pillars.grades.criteria import LIFETIME
from crm_research.pillars.grades.setting import noun
from crm_research.show import Step
from crm_research.theme import say_count, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.grades.measure import Grades
    from crm_research.pillars.grades.service import Service

# A trial with fewer would show nothing.
_ENOUGH_TO_TRY: Final = 20


def steps(found: Grades, service: Service | None) -> Iterator[Step]:
    """What to mend first, whom to look after, whom to ask, whose service to look at."""
    judged = found.judged
    if judged is not None and judged.judged is not None and not judged.judged.is_consistent:
        worst = judged.judged.pairs.iloc[0]
        yield Step(f"Judge again, beginning with {worst['criterion']} over {worst['other']}.", "judgements")
    if not found.is_graded:
        return
    n = int(found.is_sure.sum())
    if not found.hangs_on_weights:
        yield Step("Find more to grade customers by: all that tells them apart puts them in one order.", "criteria")
    elif n:
        who = f"the {noun(found, n)}" if n > 1 else "the one customer"
        yield Step(
            f"Give {who} who {word_for(n, 'is', 'are')} strategic whatever the weights a person in charge.", "sure"
        )
    else:
        yield Step("Agree first on what matters: who is strategic hangs on it.", "criteria")
    unasked = words.say_unasked(found)
    if unasked:
        who = say_count(unasked, "strategic customer")
        they = word_for(
            unasked,
            "it is: it has never answered, and its place hangs",
            "they are: they have never answered, and their place hangs",
        )
        yield Step(f"Ask {who} how satisfied {they} on it.", "criteria")
    if service is not None and len(service.under):
        n = len(service.under)
        yield Step(
            f"Call on the {say_count(n)} of grade A who {word_for(n, 'gets', 'get')} less than grade C.", "misfits"
        )
    if service is not None and len(service.over):
        n = len(service.over)
        yield Step(
            f"Look at what the {say_count(n)} of grade C who {word_for(n, 'gets', 'get')} more than grade A "
            f"{word_for(n, 'is', 'are')} given, and at what price.",
            "misfits",
        )
    ratio = None if service is None else service.ratio
    n_strategic = int((found.places["worth"] == "A").sum())
    if ratio is not None and ratio["lower"] <= 1 and n_strategic >= _ENOUGH_TO_TRY:
        yield Step(
            "Try more visits with half of the strategic customers, drawn by lot, and compare what both halves bring.",
            "service",
        )
    if "position" in found.criteria.left_out and not found.is_all_kinds:
        yield Step("Record how customers stand in their industry, so that the grade can see who will grow.", "counted")


def gravest_doubt(found: Grades) -> str:
    """What would most change the answer."""
    judged = found.judged
    if judged is not None and judged.judged is not None and not judged.judged.is_consistent:
        return words.say_consistency(judged.judged)
    if not found.is_graded:
        return ""
    if found.hangs_on_weights and found.n_ways > 1 and not found.has_same_grade.all():
        share = say_percent(1 - float(found.has_same_grade.mean()))
        return f"The grade hangs on the weights: {share} of customers have another one by another way of weighing."
    # What another report says is looked up there; what the records lack is the graver.
    left = sorted(found.criteria.left_out.items(), key=lambda pair: pair[0] == LIFETIME)
    return next(iter(f"{name.capitalize()} is left out: {why}." for name, why in left), "")
