"""What to do with segments: serve them apart or not, whom to look into first, and how to keep them alive."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.pillars.segmentation.evidence.verdicts import CONSTRUCTED
from crm_research.pillars.segmentation.groups.leaving_words import order_by_leaving, widest_gap
from crm_research.pillars.segmentation.groups.words import compare_with_cells
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.pillars.segmentation.result import Grouping, Segmentation
from crm_research.pillars.segmentation.use.holdout import OUTCOMES
from crm_research.show import Step
from crm_research.theme import say_percent, say_small_count


def steps(segmentation: Segmentation) -> Iterator[Step]:
    """Whether to serve the groups apart, what they tell of later, and how a person places a customer."""
    found = segmentation.found
    if found is None:
        return
    if found.verdict == CONSTRUCTED:
        yield Step("Use the groups to put the work in order, and draw no plan for years from them.", "stability")
    else:
        yield Step(
            f"Serve the {say_small_count(found.k)} groups apart only where that changes what a customer gets: write "
            "down for each what is done otherwise.",
            "use",
        )
    yield Step(_tell_later(found), "worth")
    yield Step(_place(found), "rules")
    yield Step("Place new customers with the saved segmentation, and draw it anew when it has aged.", "living")


def gravest_doubt(segmentation: Segmentation) -> str:
    """What would most change the answer."""
    found = segmentation.found
    if found is None:
        return ""
    if found.verdict == CONSTRUCTED:
        return "The groups are lines that this page has drawn: other records of the same customers may draw others."
    if found.inputs.base == BUYERS:
        return (
            "Nothing later was kept apart, so it is not known whether the groups tell what customers do next."
            if found.holdout is None
            else ""
        )
    if found.leaving is None:
        return "Nothing says what these customers did afterwards, so it is not known whether the groups are of use."
    return (
        ""
        if found.leaving.is_later
        else "Who has left is among those grouped, as described when the records were drawn: what changed because "
        "somebody was about to leave makes the groups look more useful than they are."
    )


def _place(found: Grouping) -> str:
    """By the simple rules, where these surely place more customers rightly than putting all into the largest group."""
    right, least = float(found.rules.fidelity.estimate), float(found.rules.fidelity.lower)
    if least > float(found.cards["size_share"].max()):
        return (
            f"Let staff place a customer by the simple rules: they are right for {say_percent(right)} of the customers."
        )
    return "Let nobody place customers by rules of thumb: no simple rule tells these groups apart."


def _tell_later(found: Grouping) -> str:
    if found.inputs.base != BUYERS:
        pair = None if found.leaving is None else widest_gap(found.leaving)
        if pair is None:
            return "Do not spend more on keeping one group than another: they are not seen to differ in who leaves."
        (sooner, _), (later, _) = order_by_leaving(pair)
        return (
            f"Find out what drives “{sooner}” away and keeps “{later}”: the gap is more than chance, but its cause is "
            "not shown."
        )
    better = compare_with_cells(found)
    if found.holdout is None:
        return "Keep some months apart as a holdout, so that the groups can be judged by what customers do next."
    if better is None:
        return (
            "Judge the groups again once customers have bought more: in the months kept apart nobody spent anything "
            "different from the others."
        )
    if better > 0:
        return "Plan spending by group: the groups tell later spend better than recency, frequency and money alone."
    if better == 0 and not _tells_spend(found):
        return "Forecast nobody's spend from these records: neither groups nor recency, frequency and money told it."
    return "Forecast spend by recency, frequency and money, and use the groups for what to say and to offer."


def _tells_spend(found: Grouping) -> bool:
    """Did the groups or the plain fifths explain any of the later spend, in the per cent that are printed?"""
    if found.holdout is None:
        return False
    scores = found.holdout.scores
    spend = scores.loc[scores["outcome"] == OUTCOMES["holdout_spend"], "explained_share"]
    return bool((spend >= 0.005).any())
