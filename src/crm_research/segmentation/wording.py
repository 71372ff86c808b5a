"""The segmentation in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.segmentation.holdout import CELLS, OUTCOMES
from crm_research.theme import join_words, say_count, say_date, say_percent, say_small_count

if TYPE_CHECKING:
    from crm_research.segmentation.segments import Grouping, Segmentation

_VERDICTS = {
    "natural": (
        "The groups are natural: clear of each other, found again in resamples, and clearer than one cloud can be cut."
    ),
    "reproducible": (
        "The groups are reproducible, not natural: the same lines are found again in resamples, but they divide a "
        "continuum, and customers near a line could stand on either side."
    ),
    "constructed": (
        "The groups are constructed: not every group is found again in resamples. Use them to order the work, not as "
        "kinds of customers that exist."
    ),
}


def answer_segments(segmentation: Segmentation) -> list[str]:
    """How many groups, whether they are real, and whether they foretell what customers do next."""
    found = segmentation.found
    if found is None:
        return [f"These records do not carry a segmentation. {segmentation.why_not}"]
    return [say_groups(found), _VERDICTS[found.verdict], say_holdout(segmentation)]


def say_groups(found: Grouping) -> str:
    """The number of groups, and what the best of them is and brings."""
    best = found.cards.iloc[0]
    brings = ""
    if best["revenue_share"] == best["revenue_share"]:
        brings = f" and {say_percent(best['revenue_share'])} of the revenue"
    return (
        f"The {say_count(found.n_customers, 'customer')} fall into {say_small_count(found.k)} groups; those who spend "
        f"most, “{best['segment']}”, are {say_percent(best['size_share'])} of the customers{brings}."
    )


def say_holdout(segmentation: Segmentation) -> str:
    """Do the groups foretell later spend better than RFM cells?"""
    found = segmentation.found
    if found is None or found.holdout is None:
        return "The study keeps no holdout, so nothing says yet whether the groups foretell what customers do."
    gains = found.holdout.gains
    row = gains[(gains["outcome"] == OUTCOMES["holdout_spend"]) & (gains["against"] == CELLS)].iloc[0]
    if row["estimate"] != row["estimate"]:
        return "In the holdout nobody spent anything different from the others, so nothing can be foretold."
    scores = found.holdout.scores
    spend = scores[scores["outcome"] == OUTCOMES["holdout_spend"]].set_index("grouping")["explained_share"]
    groups, cells = (say_percent(max(float(spend[name]), 0.0)) for name in ("segments", CELLS))
    said = f"the groups explain {groups} of the differences in later spend, plain RFM quintiles {cells}"
    if row["upper"] < 0:
        return f"For foretelling spend take RFM quintiles, not these groups: {said}."
    if row["lower"] > 0:
        return f"The groups foretell spend better than RFM quintiles do: {said}."
    return f"The groups foretell spend no better and no worse than RFM quintiles, as far as one can tell: {said}."


def note_segments(segmentation: Segmentation) -> str:
    """What a reader must know before using the groups, in one paragraph."""
    found = segmentation.found
    if found is None:
        return f"Nothing below can be shown. {segmentation.why_not}"
    used = join_words([str(what) for what in found.inputs.choice.loc[found.inputs.choice["is_used"], "what"]])
    said = [f"Customers are compared by {used}, as known on {say_date(segmentation.as_of)}."]
    if found.inputs.n_filled:
        n = found.inputs.n_filled
        said.append(f"{say_count(n, 'customer')} had a gap in one of these, filled with the median.")
    if found.n_fitted < found.n_customers:
        said.append(f"The groups were found on {found.n_fitted:,} customers drawn at random; all were then assigned.")
    if not found.criteria["qualifies"].any():
        said.append("No number of groups qualified; the most stable one is shown.")
    return " ".join(said)


def say_fidelity(segmentation: Segmentation) -> str:
    """How often the readable rules are right."""
    found = segmentation.found
    if found is None:
        return segmentation.why_not
    rules = found.rules
    value, lower, upper = (say_percent(float(part)) for part in rules.fidelity)
    return (
        f"Customers left out when the rules were made are placed rightly in {value} of the cases ({lower} to {upper}); "
        f"putting everybody into the largest group would be right in {say_percent(rules.largest_share)}."
    )
