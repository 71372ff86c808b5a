"""What to do about silent churn: whom to write to, what to plan with, what to distrust."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.pillars.silent_churn import words
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.figures import say_weeks
from crm_research.pillars.silent_churn.holdout import HoldoutCheck
from crm_research.pillars.silent_churn.no_model_words import no_model_answer, no_model_steps
from crm_research.pillars.silent_churn.slipping_words import say_readings, slipping_finding
from crm_research.show import Step
from crm_research.theme import say_count, say_percent


def answer(silence: SilentChurn) -> list[str]:
    """The answer for a manager: how many are still there, who is slipping away, and what they will buy.

    What speaks against the model is the gravest doubt, and how it fared against the rules is told with the holdout.
    """
    if silence.chosen is None:
        return no_model_answer(silence)
    slipping = slipping_finding(silence, is_refuted=bool(words.refuted_finding(silence)))
    return [words.alive_finding(silence, alone=True), slipping, words.future_finding(silence, alone=True)]


def proofs(silence: SilentChurn) -> tuple[str, ...]:
    """The sections that prove the lines of the answer, in their order."""
    return ("groups", "names", "tracking" if silence.chosen is not None else "holdout")


def steps(silence: SilentChurn) -> Iterator[Step]:
    """Whom to write to, and what to plan the next weeks with."""
    if silence.chosen is None:
        yield from no_model_steps(silence)
        return
    check = silence.holdout
    if words.refuted_finding(silence):
        yield Step("Write nobody off, and do not pick names by these chances: they did not hold.", "names")
    elif len(silence.going_silent):
        whom = say_count(len(silence.going_silent), "customer")
        if check is None:
            yield Step(
                f"Try a letter to half of the {whom} listed, drawn by lot: nothing has checked the list.", "names"
            )
        else:
            yield Step(f"Write to the {whom} listed, those who have spent most first.", "names")
    if check is not None and check.error_of(silence.chosen) is not None and check.error_of(check.best_rule) is not None:
        yield Step(_plan(check, say_weeks(silence.horizon_days)), "holdout")
    if silence.tells_nobody_apart:
        yield Step("Act on nobody's silence: in these records it tells nobody apart.", "groups")
    else:
        yield Step(
            "Read a customer's silence against how often they used to buy, not by a fixed number of days.", "groups"
        )


def _plan(check: HoldoutCheck, when: str) -> str:
    """What to plan with: never with a number that the check speaks against."""
    if check.gain.lower <= 0:
        return f"Plan the next {when} by the rule of thumb ({check.best_rule}): the model was no better."
    if check.total_holds is False or (check.total_holds is None and not check.share_holds):
        return (
            f"Do not plan the next {when} with the purchases that the model expects: it was closer than the rule of "
            f"thumb ({check.best_rule}), but its check speaks against it."
        )
    if not check.share_holds:
        return (
            f"Plan the next {when} with all purchases expected together, not with those of single customers: the "
            "check bears out their number, but not how many customers buy."
        )
    return f"Plan the next {when} with the purchases that the model expects of each customer."


def gravest_doubt(silence: SilentChurn) -> str:
    """What would most change the answer."""
    if silence.chosen is None:
        return ""
    check = silence.holdout
    if check is not None and not check.share_holds:
        return (
            f"The check speaks against this model: {say_percent(float(check.bought.estimate))} bought in the "
            f"{say_weeks(check.horizon_days)} kept apart, where it had expected {say_percent(check.expected_share)}."
        )
    if silence.intake.is_mostly_old:
        return (
            f"{say_percent(silence.intake.old_share)} were probably customers before the records begin, so the models "
            "take them to be younger than they are."
        )
    told = words.other_range(silence)
    if (
        told is not None
        and silence.alive is not None
        and not silence.alive.lower <= told[0] <= told[1] <= silence.alive.upper
    ):
        return f"The share still active hangs on the model: {say_readings(told)} of the same purchases."
    return "" if check is not None else words.check_finding(silence)
