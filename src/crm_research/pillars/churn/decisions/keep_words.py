"""Whom is it worth keeping? One sentence for the first screen, true whatever the numbers are."""

from __future__ import annotations

from crm_research.pillars.churn.decisions.treatment import Treatment
from crm_research.theme import say_count, say_estimate, say_interval, say_money, say_percent, say_range, word_for


def keep_sentence(treatment: Treatment, currency: str, *, may_list: bool) -> str:
    """How many to contact, what that brings, and on which assumption; or that no contact pays.

    `may_list` says whether the risks held for customers whom the model had not seen, so that names may be printed.
    """
    if treatment.rows.empty:
        return "Whom to keep cannot be said: no contract has both a risk and a margin."
    won = say_percent(treatment.save_rate.mean)
    running = say_count(len(treatment.rows), "running contract")
    best, n_best = treatment.best, treatment.targeting.n_best
    if n_best == 0:
        none = word_for(len(treatment.rows), "the one running contract is not", f"of {running} none is")
        return f"Whom to keep: {none} worth a contact, if it wins over {won} of those who would leave (an assumption)."
    held = "" if may_list else " Nobody is named, for the risks did not hold or were not checked out of time."
    if best["lower"] > 0:
        gain = say_estimate(
            best["expected"],
            best["lower"],
            best["upper"],
            lambda value: say_money(value, currency),
            treatment.confidence,
        )
        return (
            f"Whom to keep: contact {n_best:,} of {running}, which should bring {gain} if a contact wins over "
            f"{won} of those who would leave (an assumption).{held}"
        )
    between = say_interval(best["lower"], best["upper"], lambda value: say_money(value, currency))
    return (
        f"Whom to keep: at best {n_best:,} of {running} {word_for(n_best, 'is', 'are')} worth a contact; it would "
        "bring "
        f"{say_money(best['expected'], currency)} if it wins over {won} of those who would leave (an assumption), and "
        f"a loss is not ruled out ({between}).{held}"
    )


def nobody_apart(ranking: tuple[float, float, float] | None, *, has_limits: bool) -> str:
    """That risks tell nobody apart, from how often of two contracts the one said to be at more risk left first."""
    if ranking is None:
        return "The risks tell nobody apart."
    often, lower, upper = ranking
    between = say_range(lower, upper, lambda end: f"{100 * end:.0f}")
    said = (
        "The risks tell nobody apart: of two contracts the one said to be at more risk left first in "
        f"{100 * often:.0f} of 100"
    )
    return (
        f"{said} pairs ({between}), and chance gives 50."
        if has_limits
        else f"{said} pairs, which chance may give as well."
    )


def cannot_say(why: str) -> str:
    """That it cannot be said whom to keep, and why."""
    return f"Whom to keep cannot be said. {why}"
