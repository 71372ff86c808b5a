"""What to do about satisfaction: what to improve, whom to give a reason to stay, whom to ask."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.pillars.satisfaction import words
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.unanswered import steps_unanswered
from crm_research.show import Step
from crm_research.theme import join_words, say_percent


def steps(found: SatisfactionAnalysis) -> Iterator[Step]:
    """What to improve, whom to give a reason to stay, and whom to ask."""
    groups = None if found.conviction is None else found.conviction.groups
    is_ranked = found.priorities is not None and found.priorities.model is not None
    weak, leading = words.weak_drivers(found), words.leading_drivers(found)
    if weak:
        yield Step(f"Improve {join_words(weak)} first: it matters more than the rest and is rated lower.", "priorities")
    elif leading:
        yield Step(f"Hold what is good in {join_words(leading)}: satisfaction goes with it above all.", "priorities")
    elif is_ranked:
        yield Step("Do not stake much on one improvement: no single thing asked for stands out.", "priorities")
    if groups is not None and words.has_link(groups):
        habit = float(groups.shares.set_index("group")["share"]["spurious loyalty"])
        yield Step(
            f"Give those who buy often while thinking less of us ({say_percent(habit)}) a reason to stay.",
            "conviction",
        )
    elif groups is not None:
        yield Step(
            "Do not part customers into loyal by conviction and loyal by habit: here it tells nobody apart.",
            "conviction",
        )
    yield from steps_unanswered(found, is_ranked=is_ranked, is_told=groups is not None)
    parts = found.response
    if parts is not None and parts.n_customers and parts.n_answered < parts.n_customers:
        yield Step("Call some thirty of those who did not answer: nobody else can say what they think.", "response")


def gravest_doubt(found: SatisfactionAnalysis) -> str:
    """What would most change the answer: those who did not answer."""
    parts = found.response
    if parts is None or not parts.n_customers or parts.n_answered >= parts.n_customers:
        return ""
    share = say_percent(parts.n_answered / parts.n_customers)
    return f"Only {share} of the customers known then answered under their name, and the others may think otherwise."
