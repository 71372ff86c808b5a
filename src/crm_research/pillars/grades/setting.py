"""Whom grades compare, over which months and by what: the notes that a reader needs before the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Final

from crm_research.pillars.grades.criteria import COST, LIFETIME, MARGIN, POSITION, SATISFACTION, TREND, VOLUME
from crm_research.pillars.grades.weighing import JUDGED
from crm_research.theme import join_words, say_count, say_date, say_months, say_percent, say_plainly, word_for

if TYPE_CHECKING:
    from crm_research.pillars.grades.measure import Grades

_NEARLY_ALL: Final = 0.995
_MONEYS: Final = (MARGIN, VOLUME, LIFETIME)
# Criteria that go together so closely tell the same twice.
ALIKE: Final = 0.9
_UNKNOWN_FOR: Final = {
    TREND: "the others are customers for too short a time, or brought nothing in both stretches",
    SATISFACTION: "the others have never answered, and those who answer may be others than those who do not",
    POSITION: "of the others none is recorded",
}


def say_window(found: Grades) -> str:
    """The months by their first and last day, and their number."""
    window = found.window
    days = f"{say_date(window.start)} to {say_date(window.last_day)}"
    return f"{days} ({say_months(window.months)})" if window.months else days


def noun(found: Grades, n: float) -> str:
    """How many customers of the kind that is graded."""
    return say_count(n, "customer" if found.is_all_kinds else "business customer")


def say_ranked(found: Grades) -> str:
    """Whom the grades compare."""
    if not found.n_ranked:
        kind = "customer" if found.is_all_kinds else "business customer"
        return f"No {kind} has money or costs from {say_window(found)}."
    start = f"{'Graded' if found.is_graded else 'Looked at'} {word_for(found.n_ranked, 'is', 'are')}"
    said = f"{start} {noun(found, found.n_ranked)} with money or costs from {say_window(found)}"
    if found.n_ranked < found.n_all:
        income = float(found.rows["income"].sum())
        part = f", {say_percent(income / found.income_all)} of what all bring" if found.income_all > 0 else ""
        said += f": those of {say_count(found.n_all)} who bring most{part}. The others have no grade"
    return f"{said}."


def say_rule(found: Grades) -> str:
    """What makes a grade."""
    how = {
        "given": "all criteria weigh the same, since no weights are given"
        if found.used in found.weightings and found.weighting.is_equal
        else "the weights are those given",
        "judgements": "the weights follow from judgements of pairs",
        "entropy": "a criterion weighs the more, the more customers differ in it",
    }[found.used]
    a, b = say_percent(found.a_share), say_percent(found.b_share)
    return (
        f"Customers stand in the order of how near they are to the best of everything and how far from the worst; "
        f"{how}. "
        f"Grade A, strategic, are the first {a}; grade B the next {b}; grade C, standard, all others. Whoever is alike "
        "across a limit gets the lower grade."
    )


def cautions(found: Grades) -> Iterator[str]:
    """What is missing, doubtful or left out, one sentence each."""
    if not found.kinds:
        yield "The study does not tell businesses from consumers, so customers of all kinds are graded together."
    if found.window.is_shorter and found.window.months:
        yield f"The records hold {say_months(found.window.months)} of the {found.window.asked} asked for."
    if not found.window.months:
        yield "The records hold no whole calendar month: all that they hold is counted."
    if found.n_ranked < 2:
        return
    for name, why in found.criteria.left_out.items():
        yield f"{name.capitalize()} is left out: {why}."
    yield from _of_weights(found)
    yield from _of_knowledge(found)
    costed = found.costing.costed_share
    if MARGIN in found.criteria.names and costed is not None and costed < _NEARLY_ALL:
        yield (
            f"The cost of goods is recorded for {say_percent(costed)} of sales only: the margin of who bought others "
            "is too high."
        )
    if found.costing.refused:
        yield f"The use of activities is charged to nobody. {found.costing.refused}"


def _of_weights(found: Grades) -> Iterator[str]:
    for weighting in found.weightings.values():
        if weighting.unweighed:
            named, n = join_words(list(weighting.unweighed)), len(weighting.unweighed)
            whose = "The judgements" if weighting.name == JUDGED else "The weights given"
            yield f"{whose} do not name {named}, so {word_for(n, 'it weighs', 'they weigh')} nothing there."
    for name in found.criteria.same:
        if name in (TREND, SATISFACTION):
            yield f"What is seen of {name} differs no more than by chance: it tells nobody apart, whatever it weighs."
        else:
            yield f"All customers are alike in {name}: it tells nobody apart, whatever it weighs."
    for one, other in combinations([name for name in _MONEYS if name in found.criteria.names], 2):
        values = found.criteria.cells
        if len(values) < 3 or {one, other} & set(found.criteria.same):
            continue
        if float(values[one].corr(values[other], method="spearman")) >= ALIKE:
            yield (
                f"{one.capitalize()} and {other} put customers in nearly the same order, so what both say counts "
                "twice: give one of them less weight if that is not meant."
            )


def _of_knowledge(found: Grades) -> Iterator[str]:
    n = found.n_ranked
    for name in found.criteria.names:
        known = found.criteria.n_known[name]
        if known < n:
            doubt = "" if name in found.criteria.same else ", and the limits of the place hold the doubt"
            yield (
                f"{name.capitalize()} is known of {say_count(known)} of {say_count(n)}: {_UNKNOWN_FOR[name]}. Whoever "
                f"is not known stands at the mean{doubt}."
            )


def say_items(found: Grades) -> str:
    """Which questions satisfaction is taken from."""
    if SATISFACTION not in found.criteria.names:
        return ""
    named = [f"“{say_plainly(item)}”" for item in found.criteria.items[:4]]
    more = len(found.criteria.items) - len(named)
    return f"Satisfaction is the mean of {join_words([*named, f'{more} more'] if more > 0 else named)}."


def say_meaning(found: Grades, name: str) -> str:
    """What a criterion is."""
    return found.criteria.ahead if name == LIFETIME else _MEANINGS[name]


_MEANINGS: Final = {
    MARGIN: "what is left of revenue after goods",
    VOLUME: "revenue and fees",
    COST: "use of activities, contacts and money owed; less is better",
    TREND: "revenue of these months as a share of that of these and as many before: half is no change",
    "years together": "since the first that is known of the customer",
    SATISFACTION: "mean answer, from 0 (worst) to 1 (best)",
    POSITION: "how the customer stands in the industry, as recorded",
}
