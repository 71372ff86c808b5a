"""What to do about churn: whom to contact and how to learn from it, which months and groups to look after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_research.pillars.churn.curves import group_words, hazard_words
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.show import Step
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from crm_research.pillars.churn.decisions.treatment import Treatment


def steps(
    leaving: ChurnAnalysis, treatment: Treatment | None, *, may_list: bool, nobody_apart: bool = False
) -> Iterator[Step]:
    """Whom to contact, when in a contract to be there, which group to look at, and what to ask.

    `nobody_apart` says that the risks were judged and were no surer than chance of who leaves first.
    """
    if leaving.survival is None:
        return
    n_best = 0 if treatment is None or treatment.rows.empty else treatment.targeting.n_best
    size = leaving.survival.sizes.iloc[0]
    if size["n_ended"] == size["n"]:
        # Nobody is left to be contacted, looked after or kept.
        yield Step(
            "Look at why they left, and at whom to win back: no contract runs any more, so nobody is left to keep.",
            "reasons",
        )
        return
    if nobody_apart:
        yield Step(
            "Pick nobody by risk, for the risks tell nobody apart. Try a contact on running contracts drawn by lot: "
            "only the comparison with the others shows whether it keeps anybody.",
            "contacts",
        )
    elif n_best and may_list:
        yield Step(
            f"Contact a random half of the {n_best:,} contracts that are worth it, and leave the other half alone: "
            "only the comparison shows whether a contact keeps anybody."
            if n_best > 1
            else "Only one contract is worth a contact: to contact it shows nothing, so wait until there are more.",
            "contacts",
        )
    elif n_best:
        yield Step(
            "Call nobody from a list yet: the risks of single customers did not hold or were not checked.", "risk_check"
        )
    elif treatment is not None and len(treatment.rows):
        yield Step("Contact nobody with this offer: no contact would bring more than it costs.", "contacts")
    standing = hazard_words.say_dangerous(leaving)
    if standing:
        yield Step(f"Be there for customers in {standing} of a contract, when more leave than usual.", "hazard")
    extremes = group_words.extreme_groups(leaving)
    if extremes is not None and group_words.say_order(leaving):
        low, high = str(extremes[0]["group"]), str(extremes[1]["group"])
        yield Step(
            f"Find out what keeps '{high}' and drives '{low}' away: the gap is more than chance, but its cause is not "
            "shown.",
            "groups",
        )
    if leaving.counts.reasons is None and size["n_ended"]:
        yield Step("Ask those who leave why, and record it: these records give no reasons.", "reasons")


def gravest_doubt(leaving: ChurnAnalysis, treatment: Treatment | None) -> str:
    """What would most change the answer."""
    if leaving.survival is None:
        return ""
    if leaving.setting.may_lack_early_leavers:
        return (
            "Customers who left early may be missing from these records; then contracts last less long than said here."
        )
    if treatment is None or treatment.rows.empty or not treatment.targeting.n_best:
        return ""
    won = say_percent(treatment.save_rate.mean)
    return f"That a contact wins over {won} of those who would leave is assumed: nothing in these records measures it."
