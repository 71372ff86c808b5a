"""What the renewals say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.renewals.fitted import RenewalFit
from crm_research.pillars.churn.renewals.check import RULE, SBG
from crm_research.pillars.churn.renewals.describe import Renewals
from crm_research.theme import say_count, say_estimate, say_percent

_SMALL_P: Final = 0.01
_HIGH: Final = 0.9
_NEARLY_ALL: Final = 0.9995


def renewal_finding(renewals: Renewals) -> str:
    """What share renews, and does it rise?"""
    if renewals.fit is None and renewals.detection.is_snapshot:
        return (
            f"All ends bear one date, and not after whole periods of a {renewals.every}: who ended within a period has "
            "not come to the renewal after it, so renewals cannot be counted. The curve by days above counts them all."
        )
    if renewals.fit is None or renewals.observed.empty:
        return "No contract has come to a renewal yet, so nothing can be said about renewing."
    first, later = renewals.shown.iloc[0], renewals.later
    every = f"after the first {renewals.every}" if int(first["renewal"]) == 1 else f"at renewal {first['renewal']:.0f}"
    sentence = f"{_say_retention(first, renewals.confidence)} of the contracts go on {every}"
    if later is None:
        return f"{sentence}; later renewals have not been seen often enough."
    trend = "no clear change from the first"
    if first["upper"] < later["lower"]:
        trend = "more than at first"
    elif first["lower"] > later["upper"]:
        trend = "fewer than at first"
    then = _say_retention(later, renewals.confidence)
    return f"{sentence}; of those still there {say_later(later)}, {then} go on: {trend}."


def say_later(later: pd.Series) -> str:
    """Which renewals are held beside the first: ``at renewal 2``, ``at renewals 2 to 8 together``."""
    begin, end = (int(later[name]) for name in ("first_renewal", "last_renewal"))
    return f"at renewal {begin}" if begin == end else f"at renewals {begin} to {end} together"


def _say_retention(row: pd.Series, confidence: float) -> str:
    say = say_high_share if row["retention"] >= _HIGH else say_percent
    return say_estimate(row["retention"], row["lower"], row["upper"], say, confidence)


def say_high_share(share: float) -> str:
    """A share in percent; near 100 % with a decimal, since what matters is what is missing from it."""
    # From 99.95 % on one decimal would print 100.0 %: whoever is missing must not vanish.
    return say_percent(share, 1 if _HIGH <= share < _NEARLY_ALL else None)


def heterogeneity_finding(renewals: Renewals) -> str:
    """How do customers differ in their chance to leave, if the model is right?"""
    fit = renewals.fit
    if fit is None:
        return ""
    if fit.is_constant or not fit.is_converged:
        return " ".join(fit.notes)
    alpha, beta = np.exp(fit.log_params[:2])
    mean, spread = alpha / (alpha + beta), np.sqrt(alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1)))
    start = (
        f"Read as a mixture, customers leave at a renewal with a chance of {say_percent(mean)} on average, and these "
        f"chances spread by {say_percent(spread)} (standard deviation). "
    )
    if alpha < 1 and beta < 1:
        shape = "They lie near none or near certain: customers are of two kinds. "
    elif alpha < 1:
        shape = "Most customers hardly ever leave, and few leave soon. "
    elif beta < 1:
        shape = "Most customers are near certain to leave, and few stay for long. "
    else:
        shape = "Most customers lie around that average. "
    return f"{start}{shape}Retention then rises only because the restless go first; nobody need have become more loyal."


def nobody_left(renewals: Renewals) -> bool:
    """Has nobody left at any renewal seen, so that a forecast would only repeat it?"""
    return not renewals.observed.empty and not renewals.observed["n_left"].sum()


def projection_finding(renewals: Renewals) -> str:
    """How many of a new intake will still be there at the end of the horizon, by either forecast?"""
    if renewals.fit is None or renewals.projection.empty:
        return "There is nothing to project."
    if nobody_left(renewals):
        return "Nobody has left at a renewal yet, so how many of a new intake will is not forecast."
    missed = renewals.model_misses
    if missed is not None:
        return _say_miss(renewals, *missed)
    row = renewals.projection.iloc[-1]
    said = say_estimate(row["survival"], row["lower"], row["upper"], say_percent, renewals.confidence)
    after = f"after {say_count(row['renewal'], 'renewal')}"
    if renewals.fit.is_constant:
        return f"Of a new intake {said} will be there {after}, at one constant rate."
    rule = say_percent(row["rule_survival"])
    winner = None if renewals.check is None else renewals.check.winner
    if winner == RULE:
        return (
            f"Of a new intake {rule} will be there {after} at one constant rate, which came closer to what followed; "
            f"the model would have {said}."
        )
    if winner == SBG:
        return (
            f"Of a new intake {said} will be there {after} by the model; one constant rate, {rule}, proved less close."
        )
    return f"Of a new intake {said} will be there {after} by the model, {rule} if the same share left at every one."


def _say_miss(renewals: Renewals, renewal: int, modelled: float, seen: float) -> str:
    start = (
        f"The model does not hold where the records end: after {say_count(renewal, 'renewal')} it has "
        f"{say_percent(modelled)} of an "
        f"intake still there, and {say_percent(seen)} were seen. It is not carried beyond them"
    )
    if renewals.rule_misses:
        return f"{start}, nor is one constant rate, which has left what was seen as well."
    if renewals.check is None or renewals.check.winner != RULE:
        return f"{start}."
    row = renewals.projection.iloc[-1]
    after = f"{say_percent(row['rule_survival'])} after {row['renewal']:.0f}"
    return f"{start}; one constant rate, which came closer to what followed, has {after}."


def projection_title(renewals: Renewals) -> str:
    """The same as a picture's title."""
    missed = renewals.model_misses
    if missed is not None:
        renewal, modelled, seen = missed
        return (
            f"The model has {say_percent(modelled)} after {say_count(renewal, 'renewal')} where "
            f"{say_percent(seen)} were seen: "
            "it is not carried further"
        )
    row = renewals.projection.iloc[-1]
    after, model = f"After {say_count(row['renewal'], 'renewal')}", say_percent(row["survival"])
    if renewals.fit is None or renewals.fit.is_constant:
        return f"{after} {model} of an intake should still be there"
    rule = say_percent(row["rule_survival"])
    winner = None if renewals.check is None else renewals.check.winner
    if winner == SBG:
        return f"{after} {model} of an intake should still be there{'' if rule == model else f', not {rule}'}"
    proved = ", which proved closer" if winner == RULE else ""
    return f"{after} {model} are there by the model, {rule} at one rate{proved}"


def check_finding(renewals: Renewals) -> str:
    """Which forecast proved closer?"""
    if renewals.fit is None:
        return "No forecast of renewals was made, so there is none to judge."
    if renewals.check is None:
        return "Too few renewals could be kept apart to judge the forecast by, so trust it as far as the counts reach."
    return f"Judged on {renewals.check.say()}."


def fit_findings(renewals: Renewals) -> list[str]:
    """Where the model itself is in doubt; none if it is not."""
    fit, found = renewals.fit, []
    if fit is None:
        return []
    goodness = fit.goodness()
    if goodness.n_free > 0 and goodness.p_value < _SMALL_P:
        found.append(
            f"The {_name(fit)} misses the counts by more than chance: on average by "
            f"{say_percent(_mean_miss(renewals))} of those who come to a renewal. Its projection is a simplification."
        )
    if np.isfinite(renewals.shape_p_value) and renewals.shape_p_value < _SMALL_P and renewals.extension is not None:
        found.append(_say_extension(renewals.extension))
    return found


def _say_extension(extension: RenewalFit) -> str:
    c = float(np.exp(extension.log_params[-1]))
    moves = "rises" if c > 1 else "falls"
    sentence = (
        "The counts ask for more than customers who differ: each customer's own chance to leave "
        f"{moves} with the renewals "
    )
    if not extension.is_converged:
        return f"{sentence}(BdW), by how much they do not settle."
    row = extension.params.iloc[-1]
    return f"{sentence}(BdW, c = {row['estimate']:.2f}, {row['lower']:.2f} to {row['upper']:.2f}; 1 is no change)."


def _mean_miss(renewals: Renewals) -> float:
    if renewals.fit is None:
        return float("nan")
    seen = renewals.observed
    model = renewals.fit.retention(seen["renewal"].tolist())["retention"].to_numpy()
    return float(np.average(np.abs(model - seen["retention"]), weights=seen["n_up"]))


def _name(fit: RenewalFit) -> str:
    return "constant rate" if fit.is_constant else f"model ({fit.model})"


def counting_note(renewals: Renewals) -> str:
    """How renewals were counted, and what was assumed."""
    return f"{_say_counting(renewals)}{_say_several(renewals)}"


def _say_several(renewals: Renewals) -> str:
    """That limits do not know of customers with several contracts; empty where nobody has."""
    sizes = renewals.detection.sizes
    if sizes.n_contracts <= sizes.n_customers or not sizes.n_customers:
        return ""
    return (
        f" The {sizes.n_contracts:,} contracts belong to {say_count(sizes.n_customers, 'customer')}; all limits of "
        "renewals, of the model as well, take contracts as independent, and are too narrow where those of one "
        "customer end together."
    )


def _say_counting(renewals: Renewals) -> str:
    up = say_count(renewals.observed["n_up"].sum() if len(renewals.observed) else 0, "decision")
    is_due = renewals.detection.is_by_appointment
    how = f"A renewal every {renewals.every}" if is_due else f"Counted by the {renewals.every}"
    start = f"{how} ({renewals.why_period}); {up} to go on or not. "
    if renewals.detection.is_snapshot:
        free = f"Whoever is bound for longer than a {renewals.every} had no choice in between, and counts as going on. "
        return (
            f"{start}{'' if is_due else free}All ends bear one date, so who came to a renewal is read from tenure "
            "alone, and intakes cannot be followed one by one. If those who left earlier were dropped, all shares here "
            "are too high."
        )
    if renewals.detection.is_by_appointment:
        return f"{start}An end up to three days late counts at its renewal, and an early one at the next."
    return (
        f"{start}These contracts are not renewed at fixed moments: an end counts at the next {renewals.every}, "
        "as if it had been decided there. That is a way of counting, and the curve by days above is the finer one."
    )
