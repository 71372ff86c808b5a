"""What is said where the model used cannot tell whether customers who bought once are gone."""

from __future__ import annotations

from crm_research.figures import says_nothing
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.fits import BG_NBD
from crm_research.theme import say_count, say_estimate, say_percent, word_for


def blind_finding(silence: SilentChurn, refuted: str) -> str:
    """How many customers are probably still active, of those of whom the model says anything?

    Parameters
    ----------
    refuted
        What the holdout says against it, to stand at the end.
    """
    once, again, found = silence.n_customers - silence.n_repeaters, silence.n_repeaters, silence.alive_again
    start = (
        f"Of {say_count(silence.n_customers, 'customer')} {say_count(once)} bought once only; whether "
        f"{word_for(once, 'this one is', 'they are')} still active is not known, for in the model used "
        "here nobody can be gone before a second purchase"
    )
    if found is None:
        return f"{start}{refuted}."
    share, lower, upper = (float(part) for part in found)
    if says_nothing(lower, upper, span=1.0):
        return f"{start}; nor is it known of the {say_count(again)} who bought again{refuted}."
    n_active = round(share * again)
    said = say_estimate(share, lower, upper, say_percent, silence.confidence)
    return (
        f"{start}. Of the {say_count(again)} who bought again about {say_count(n_active)} "
        f"{word_for(n_active, 'is', 'are')} probably still active: {said}{refuted}."
    )


def blind_note(silence: SilentChurn) -> str:
    """That customers who bought once are called active by construction; empty where the model can tell."""
    if not silence.is_blind_to_once:
        return ""
    once = silence.n_customers - silence.n_repeaters
    customers = word_for(
        once, "The one customer who bought once counts", f"All {once:,} customers who bought once count"
    )
    return (
        f" {customers} as surely active here, which is how the {BG_NBD} is "
        "made and no finding: in it nobody can be gone before a second purchase."
    )
