"""How well are customers told apart, and how near are the chances to what happened?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.models.hazards.concordance import measure_concordance
from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation.weights import Outcomes


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """An estimate with what each customer moved it by.

    Parameters
    ----------
    estimate
        NaN where nothing can be compared.
    influence
        One value for each customer; the estimate's variance is the sum of squares. Empty where only the error is
        at hand.
    std_error
        By the infinitesimal jackknife; the weights are taken as known.
    """

    estimate: float
    influence: FloatArray
    std_error: float


def measure_uno(outcomes: Outcomes, score: FloatArray, *, until_days: float) -> Measured:
    """Of two customers, how often did the one with the higher score end first, whatever the censoring?

    Parameters
    ----------
    score
        Higher means sooner.
    until_days
        Ends after it make no pairs: there the weights are not to be trusted.

    References
    ----------
    Uno, Cai, Pencina, D'Agostino and Wei (2011), Statistics in Medicine 30, 1105-1117. With late entry the censoring
    weight is that of being watched at all, at risk / (n S), which without it is the same number.
    """
    seen = outcomes.own_seen
    with np.errstate(divide="ignore"):
        weight = np.where(outcomes.ended & (outcomes.tenure <= until_days) & (seen > 0), seen**-2.0, 0.0)
    found = measure_concordance(
        score, outcomes.tenure, outcomes.ended, entry=outcomes.entry, end_weight=weight, cluster=outcomes.owner
    )
    return Measured(estimate=found.estimate, influence=np.empty(0), std_error=found.std_error)


def horizon_weights(outcomes: Outcomes, days: float) -> tuple[FloatArray, FloatArray]:
    """Weights of those who ended by `days`, and of those watched beyond it; together they sum to one.

    The first sum to one minus Kaplan-Meier at `days`, the second to Kaplan-Meier. Whoever was censored before has
    no weight: others stand in. Whoever was censored at `days` itself is known to have stayed until then, and counts.

    References
    ----------
    Graf, Schmoor, Sauerbrei and Schumacher (1999), Statistics in Medicine 18, 2529-2545.
    """
    at = np.array([days])
    seen = outcomes.own_seen
    is_case = outcomes.ended & (outcomes.tenure <= days)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where Kaplan-Meier has come down to 0 (with late entry: everybody watched by then left), nothing is added.
        cases = np.where(is_case & (seen > 0), 1.0 / (outcomes.n * seen), 0.0)
    stayed = (outcomes.tenure > days) | ((outcomes.tenure == days) & ~outcomes.ended)
    beyond = stayed & ((outcomes.entry <= days) & (outcomes.entry < outcomes.tenure) | (outcomes.entry <= 0))
    n_beyond = float(beyond.sum())
    each = float(outcomes.kaplan_meier(at)[0]) / n_beyond if n_beyond else 0.0
    return cases, np.where(beyond, each, 0.0)


def population_weights(outcomes: Outcomes, days: float) -> FloatArray:
    """How much of the whole population does each customer stand for, when chances are averaged?

    One each, unless some were met late: these are survivors, and a plain mean over them would be too bright. Then
    those who ended by `days` and those watched beyond it carry the weights of `horizon_weights`.
    """
    if not bool(np.any(outcomes.entry > 0)):
        return np.ones(outcomes.n)
    cases, beyond = horizon_weights(outcomes, days)
    return np.asarray(cases + beyond)


def measure_auc(outcomes: Outcomes, score: FloatArray, *, days: float) -> Measured:
    """Of one who ended by `days` and one who stayed beyond, how often has the first the higher score?

    References
    ----------
    Cumulative cases, dynamic controls: Uno, Cai, Tian and Wei (2007), JASA 102, 527-537.
    """
    cases, controls = horizon_weights(outcomes, days)
    total = float(cases.sum() * controls.sum())
    if total <= 0:
        return Measured(estimate=np.nan, influence=np.full(outcomes.n, np.nan), std_error=np.nan)
    of_case, of_control = _share_below(score, controls), _share_below(-score, cases)
    estimate = float(cases @ of_case) / total
    influence = cases * (of_case - estimate * controls.sum()) + controls * (of_control - estimate * cases.sum())
    influence = influence / total
    return Measured(estimate=estimate, influence=influence, std_error=outcomes.error_of(influence))


def brier_parts(outcomes: Outcomes, survival: FloatArray, *, days: float) -> FloatArray:
    """What each customer adds to the mean squared error of the chance to stay beyond `days`; they sum to it."""
    cases, controls = horizon_weights(outcomes, days)
    return np.asarray(cases * survival**2 + controls * (1.0 - survival) ** 2)


def measure_brier(outcomes: Outcomes, survival: FloatArray, *, days: float) -> Measured:
    """How far, squared and on average, were the chances to stay beyond `days` from what happened?

    References
    ----------
    Graf and others (1999), as in `horizon_weights`.
    """
    return sum_parts(brier_parts(outcomes, survival, days=days), outcomes)


def sum_parts(parts: FloatArray, outcomes: Outcomes) -> Measured:
    """A weighted mean from what each customer adds to it."""
    estimate = float(parts.sum())
    influence = parts - estimate / outcomes.n
    return Measured(estimate=estimate, influence=influence, std_error=outcomes.error_of(influence))


def _share_below(score: FloatArray, weight: FloatArray) -> FloatArray:
    """For each score, the weight of the lower ones and half of that of its equals."""
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    low = total[np.searchsorted(ranked, score, side="left")]
    high = total[np.searchsorted(ranked, score, side="right")]
    return np.asarray((low + high) / 2)
