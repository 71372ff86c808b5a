"""Who is slipping away, and what other models say of how many are still there."""

from __future__ import annotations

import numpy as np

from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.figures import say_weeks
from crm_research.theme import say_interval, say_percent, word_for


def slipping_finding(silence: SilentChurn, *, is_refuted: bool) -> str:
    """Who of the valuable customers is slipping away? Nobody is named where the holdout refutes the chances."""
    if silence.chosen is None:
        return "Who of the valuable ones is slipping away cannot be said without a model."
    if is_refuted:
        told = say_came_back(silence)
        return (
            "Who of the valuable ones is slipping away cannot be named: those whom the model called gone bought again "
            f"too often{f' ({told})' if told else ''}."
        )
    n = len(silence.going_silent)
    if not n:
        return "None of the valuable customers is seen to be slipping away."
    return (
        "Probably slipping away among the valuable ones: the "
        f"{word_for(n, 'customer who is', f'{n:,} customers who are')} listed."
    )


def say_came_back(silence: SilentChurn) -> str:
    """How many of those called gone bought again, where the holdout tells it; empty where it does not."""
    check = silence.holdout
    told = None if check is None else check.called_gone
    if check is None or told is None:
        return ""
    who, _, share = told
    bought = say_percent(float(np.asarray(share.estimate))) if share.estimate else "none"
    return f"of those called {who}, {bought} bought again in the {say_weeks(check.horizon_days)} after"


def say_readings(told: tuple[float, float]) -> str:
    """The share still active by the readings not chosen."""
    if told[0] == told[1]:
        return f"{say_percent(told[0])} by another model"
    return f"{say_interval(*told, say_percent)} by other models"
