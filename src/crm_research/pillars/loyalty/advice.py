"""What to do about loyalty: when to remind, whom to write to, which purchase to aim at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crm_research.figures import says_nothing
from crm_research.pillars.loyalty.repeat import words
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.measure import IN_RHYTHM, OVERDUE, RhythmAnalysis
from crm_research.show import Step
from crm_research.theme import first_capital, say_count, say_days_like, say_percent, word_for


def steps(loyalty: LoyaltyAnalysis, rhythm: RhythmAnalysis | None) -> Iterator[Step]:
    """When to remind, whom to write to, and which purchase to aim at, each only where the records speak for it."""
    if loyalty.time_to_second is None:
        return
    yield Step(_remind(loyalty), "time_to_second")
    if rhythm is not None:
        yield from _overdue(rhythm)
    refuted = bool(words.say_refuted(loyalty))
    if loyalty.won is not None and loyalty.won["gap_lower"].iloc[0] > 0:
        told = "whoever has bought twice comes back more surely" if refuted else words.depth_finding(loyalty)
        yield Step(
            "Test whether a second purchase holds customers: offer it to half of the first-time buyers, drawn by lot, "
            f"and see how many of each half come back later. {first_capital(told)}, but may have been the surer one "
            "from the start.",
            "depth",
        )


def gravest_doubt(loyalty: LoyaltyAnalysis) -> str:
    """What would most change the answer."""
    if loyalty.time_to_second is None:
        return ""
    check = loyalty.holdout
    if check is not None and not check.holds:
        return (
            words.holdout_finding(loyalty).split(". ", 1)[0] + " in the months kept apart: the curve may not hold on."
        )
    if loyalty.retention.first_holds_old_customers:
        return (
            "Most customers of the first months were customers before the records begin, so the share that has bought "
            "again is that of a settled base, not of new customers."
        )
    if check is not None:
        return ""
    if loyalty.keeps_holdout:
        return "Nothing here was checked on later purchases: the curve reaches nobody in the months kept apart."
    return "Nothing here was checked on later purchases: the study keeps none apart."


def _remind(loyalty: LoyaltyAnalysis) -> str:
    if words.say_refuted(loyalty):
        return (
            "Write to first-time buyers soon after their first purchase, and take no fixed day from the curve: it did "
            "not hold in the months kept apart."
        )
    if words.is_few(loyalty):
        n = say_count(loyalty.repeat["n"].iloc[0])
        return f"Wait before judging first-time buyers: there are too few, {n}, so far."
    found = words.return_within(loyalty)
    median = None if loyalty.time_to_second is None else loyalty.time_to_second.medians.iloc[0]
    if median is not None and says_nothing(median["lower"], median["upper"]):
        return "Wait before judging first-time buyers: too few have been watched to say how soon they come back."
    if median is not None and np.isfinite(median["median_days"]):
        say = say_days_like(median["median_days"], median["lower"], median["upper"])
        return (
            f"Remind first-time buyers after {say(float(median['median_days']))}: by then half are back by themselves."
        )
    if found is None:
        return "Wait before judging first-time buyers: none has been watched for long enough."
    share = say_percent(found[1])
    return (
        f"Write to first-time buyers soon after their first purchase: only {share} are back within "
        f"{words.say_span(found[0])}, and most have not been seen again."
    )


def _overdue(rhythm: RhythmAnalysis) -> Iterator[Step]:
    rows = rhythm.standing.loc[rhythm.standing["band"] == OVERDUE, "n"]
    n = int(rows.iloc[0]) if len(rows) else 0
    if not n:
        return
    later = rhythm.later.set_index("band") if len(rhythm.later) else None
    if later is not None and {IN_RHYTHM, OVERDUE} <= set(later.index):
        if float(later["upper"][OVERDUE]) < float(later["lower"][IN_RHYTHM]):
            yield Step(
                f"Write to the {word_for(n, 'customer who is', f'{n:,} customers who are')} overdue by their own "
                "rhythm, "
                "the most valuable first: such customers bought less often later.",
                "overdue",
            )
            return
        yield Step(
            f"Do not act on a broken rhythm alone: {say_count(n, 'customer')} {word_for(n, 'is', 'are')} overdue, "
            "and that was not seen "
            "to predict who stays away.",
            "overdue",
        )
        return
    yield Step(
        f"Try a letter to half of the {n:,} customers who are overdue by their own rhythm, drawn by lot."
        if n > 1
        else "Write to the one customer who is overdue by a rhythm of their own.",
        "overdue",
    )
