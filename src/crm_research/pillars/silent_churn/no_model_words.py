"""What is said, and what is to be done, where no model of buying and leaving can be had."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.models.btyd.patterns import MIN_CUSTOMERS, MIN_REPEATERS
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.figures import say_weeks
from crm_research.show import Step
from crm_research.theme import say_count, word_for


def no_model_answer(silence: SilentChurn) -> list[str]:
    """What the records can and cannot tell, in a manager's words: who left, who is slipping away, what came after."""
    if silence.n_customers == 0:
        return [
            "These records cannot say who has left: no purchase is known on the study's date.",
            "Needed: orders with a customer and a time before as_of.",
        ]
    n, again = silence.n_customers, silence.n_repeaters
    who = word_for(n, "whether the one customer has", f"how many of the {n:,} customers have")
    slipping = (
        f"Nor can anybody be named who is slipping away: {say_count(again, 'customer')} bought on more than one day, "
        f"{say_count(n - again)} did not."
    )
    return [f"These records cannot say {who} left: {_why(silence)}.", slipping, _came_after(silence)]


def _why(silence: SilentChurn) -> str:
    n, again = silence.n_customers, silence.n_repeaters
    if n < MIN_CUSTOMERS:
        return f"how long customers stay away and still come back is learnt from {MIN_CUSTOMERS} of them at the least"
    if again == 0:
        return "nobody bought a second time, so how long a customer stays away and still comes back is not known"
    if again < MIN_REPEATERS:
        return f"only {again} bought a second time, too few to learn how long one stays away and still comes back"
    return "their purchases follow no pattern that tells how long one stays away and still comes back"


def _came_after(silence: SilentChurn) -> str:
    check = silence.holdout
    if check is None:
        return ""
    came = say_count(check.observed, "purchase") if check.observed else "no purchase"
    return f"In the {say_weeks(check.horizon_days)} after, {came} of these customers came."


def no_model_steps(silence: SilentChurn) -> Iterator[Step]:
    """What to record, and until when to wait."""
    n, again = silence.n_customers, silence.n_repeaters
    if n == 0:
        yield Step("Record orders with their customer and their day: nobody's silence can be read without them.")
        return
    if n < MIN_CUSTOMERS or again < MIN_REPEATERS:
        so_far = f"{say_count(n)} and {say_count(again)} so far"
        yield Step(
            f"Record on, and look again once there are {MIN_CUSTOMERS} customers of whom {MIN_REPEATERS} bought again "
            f"({so_far}): until then call nobody lost.",
            "models",
        )
    else:
        yield Step(
            "Record on, and look again when customers have had longer to come back: until then call nobody lost.",
            "models",
        )
    if again < MIN_REPEATERS <= n:
        yield Step(
            "See to it that an order carries the id that its customer had before: with a new id at every order all "
            "look new.",
            "intake",
        )
