"""What a list of customers to contact says, in sentences that are true whatever the numbers are, and its figures."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, REFUTED, Figure, FigureMaker
from crm_research.pillars.churn.decisions.treatment import CONTACT, LEAVE_ALONE, Treatment
from crm_research.pillars.churn.decisions.treatment_check import TreatmentCheck
from crm_research.theme import (
    say_count,
    say_estimate,
    say_interval,
    say_money,
    say_months,
    say_percent,
    say_range,
    word_for,
)

TREAT_CUSTOMERS: Final = "churn.treat.customers"
TREAT_PROFIT: Final = "churn.treat.expected_profit"


def treatment_finding(treatment: Treatment, currency: str) -> str:
    """Whom to contact and what it brings, in two sentences."""
    rows, best = treatment.rows, treatment.best
    if rows.empty:
        return "No contract has both a risk and a margin, so there is nobody to choose from."
    loss = int((rows["verdict"] == LEAVE_ALONE).sum())
    spare = f" {say_count(loss, 'contract')} ({say_percent(loss / len(rows))}) should be left alone." if loss else ""
    if treatment.targeting.n_best == 0:
        return (
            f"Contact nobody: at a save rate of {say_percent(treatment.save_rate.mean)} no contact brings more than "
            f"it costs.{spare}"
        )
    said = say_estimate(
        best["expected"], best["lower"], best["upper"], lambda value: say_money(value, currency), treatment.confidence
    )
    length = say_range(treatment.targeting.n_lower, treatment.targeting.n_upper, say_count)
    doubt = "" if best["lower"] > 0 else " A loss is not ruled out."
    return (
        f"Contact {treatment.targeting.n_best:,} of {say_count(len(rows), 'contract')} ({length} in the light of what "
        f"is not known): expected profit {said}.{doubt}{spare}"
    )


def strategy_finding(treatment: Treatment, currency: str) -> str:
    """What the list brings more than the simpler rules."""
    if treatment.targeting.n_best == 0:
        return ""
    everybody, by_risk = treatment.strategy("everybody"), treatment.strategy("as many by risk alone")
    return (
        f"Contacting everybody would bring {say_money(everybody['expected'], currency)}, as many by risk alone "
        f"{say_money(by_risk['expected'], currency)}, nobody 0."
    )


def save_rate_warning(treatment: Treatment) -> str:
    """That the save rate is assumed, and how low it may be."""
    belief = treatment.save_rate
    between = say_interval(belief.lower, belief.upper, say_percent)
    told = (
        f"The save rate of {say_percent(belief.mean)} ({between}) is an ASSUMPTION: nothing in these records measures "
        "whether a contact keeps anybody."
    )
    even = treatment.targeting.break_even
    if math.isfinite(even):
        told += f" Below a save rate of {say_percent(even)} the list loses money."
    return told


def trial_finding(treatment: Treatment) -> str:
    """The trial that would measure the save rate."""
    trial = treatment.trial
    if trial is None:
        return (
            "Only a trial with a control group would show whether more can be saved than assumed; until then "
            "contacting is not advised."
        )
    if not math.isfinite(trial.n_each):
        return "Nobody on the list is expected to leave, so a trial could not measure the save rate."
    need = math.ceil(trial.n_each)
    told = (
        "Next step: contact a random half of the list, leave the other half alone, and compare. "
        f"{say_percent(trial.leave_alone)} should leave if left alone and {say_percent(trial.leave_contacted)} if "
        f"contacted; {need:,} in each half {word_for(need, 'shows', 'show')} that in 8 of 10 trials (two-sided, 5 %)."
    )
    if trial.n_listed >= 2 * need:
        return f"{told} The list of {trial.n_listed:,} is long enough."
    return (
        f"{told} The list of {trial.n_listed:,} is too short for that: halved, it would show it in "
        f"{say_percent(trial.power)} of trials; repeat it with the lists of later months and add the results up."
    )


def treatment_figures(
    treatment: Treatment, currency: str, *, window: str, check: TreatmentCheck | None = None
) -> list[Figure]:
    """Contracts to contact and the expected profit of it."""
    best, targeting = treatment.best, treatment.targeting
    how = (
        "contracts whose expected profit of a contact is above 0; save rate (beta) and risks (normal on the logit) "
        "simulated; the save rate is an assumption"
    )
    n = len(treatment.rows)
    make = FigureMaker(
        window=window,
        confidence=treatment.confidence,
        validation=check.say() if check is not None else NO_VALIDATION,
        # That the risks hold is not yet that the list brings what it says: nothing measures the save rate.
        verdict=REFUTED if check is not None and not check.holds else None,
    )
    return [
        make.one(
            TREAT_CUSTOMERS,
            "Contracts to contact",
            (targeting.n_best, targeting.n_lower, targeting.n_upper),
            unit="contracts",
            n=n,
            estimator=how,
        ),
        make.one(
            TREAT_PROFIT,
            f"Expected profit of contacting them, over {say_months(treatment.offer.value_months)}",
            (best["expected"], best["lower"], best["upper"]),
            unit=currency,
            n=n,
            estimator=how,
        ),
    ]


def verdict_table(treatment: Treatment) -> pd.DataFrame:
    """How many contracts get which verdict, and why. Columns ``verdict``, ``why``, ``n``, ``mean_risk_share``."""
    rows = treatment.rows
    found = rows.groupby(["verdict", "why"], as_index=False).agg(n=("risk", "size"), mean_risk_share=("risk", "mean"))
    place = found["verdict"].map({CONTACT: 0, LEAVE_ALONE: 2}).fillna(1)
    return found.assign(place=place).sort_values(["place", "n"], ascending=[True, False]).drop(columns="place")


def check_finding(check: TreatmentCheck | None) -> str:
    """What the holdout says of the list."""
    if check is None:
        return (
            "The list was not checked out of time: that takes a holdout as long as the horizon, in which contracts "
            "ended."
        )
    if check.n_listed == 0:
        return "Nobody is on the list, so there is nothing to check in the holdout."
    held = check.lower <= check.expected_share <= check.upper
    verdict = "as their risks said" if held else f"where their risks said {say_percent(check.expected_share)}"
    between = say_interval(check.lower, check.upper, say_percent)
    return (
        f"In the holdout, in which nobody was contacted because of it, {say_percent(check.observed_share)} of the "
        f"listed left ({between}), {verdict}; the list is {say_percent(check.listed_share)} of the contracts and held "
        f"{say_percent(check.leavers_share)} of the leavers."
    )
