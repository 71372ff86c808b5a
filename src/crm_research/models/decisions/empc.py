"""What is a model worth to a retention campaign, whatever the list's length?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.resampling import poisson_bootstrap_interval


@dataclass(frozen=True, kw_only=True)
class MaximumProfit:
    """What the best list of a model brings on average over the save rates thought possible.

    Parameters
    ----------
    profit, lower, upper
        Expected maximum profit a customer of the whole base, in the unit of the customer's value.
    fraction
        Share of the base that is contacted, on average over the save rates.
    n
        Customers judged.
    """

    profit: float
    lower: float
    upper: float
    fraction: float
    n: int


def expected_maximum_profit(
    score: FloatArray,
    is_leaver: FloatArray,
    *,
    weight: FloatArray | None = None,
    customer_value: float = 200.0,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
    alpha: float = 6.0,
    beta: float = 14.0,
    confidence: float = 0.95,
    n_resamples: int = 0,
    seed: int = 0,
) -> MaximumProfit:
    """What does a campaign on the customers with the highest scores bring, at its best length?

    Parameters
    ----------
    score
        Higher means more likely to leave.
    is_leaver
        Who left (1 or 0).
    weight
        How many customers each row stands for (`horizon_weights`, where some were not watched to the end); 1 each.
    customer_value, incentive_cost, contact_cost
        Worth of a kept customer, cost of the offer (taken by every stayer contacted, and by the leavers it keeps),
        cost of a contact. The defaults are those of the publication, in euro.
    alpha, beta
        Of the beta distribution of the save rate; 6 and 14 as published (mean 0.30).
    n_resamples
        For the interval (Poisson bootstrap of customers); with 0 there is none.

    References
    ----------
    Verbraken, Verbeke and Baesens (2013), IEEE Transactions on Knowledge and Data Engineering 25, 961-973, equations
    of the expected maximum profit (EMPC) and of the fraction targeted; the cutoffs lie on the convex hull of the ROC
    curve, and the integral over the beta distribution is closed.
    """
    if not (customer_value > incentive_cost >= 0 and contact_cost >= 0 and alpha > 0 and beta > 0):
        raise ParameterError(
            "The expected maximum profit needs a customer worth more than the incentive, costs of 0 or more and a "
            "beta distribution with positive alpha and beta."
        )
    known = np.isfinite(score)
    order = np.argsort(-score[known], kind="stable")
    ranked, left = score[known][order], np.asarray(is_leaver, dtype=float)[known][order]
    mass = np.ones(len(ranked)) if weight is None else np.asarray(weight, dtype=float)[known][order]
    if float((mass * left).sum()) <= 0 or float((mass * (1 - left)).sum()) <= 0:
        raise NotEnoughData("The expected maximum profit", needed=1, found=0, mend="All left, or nobody did.")
    last = np.append(np.flatnonzero(np.diff(ranked) != 0), len(ranked) - 1)

    def value(resampled: FloatArray) -> FloatArray:
        if not (mass * resampled).any():
            # Nobody was drawn: of a base of nobody there is no profit a head, and the resample is left out.
            return np.full(2, np.nan)
        hull = _hull(mass * resampled * left, mass * resampled * (1 - left), last)
        return np.array(_integrate(*hull, customer_value, incentive_cost, contact_cost, alpha, beta))

    profit, fraction = value(np.ones(len(ranked)))
    lower = upper = np.nan
    if n_resamples:
        found = poisson_bootstrap_interval(
            value, n=len(ranked), seed=seed, confidence=confidence, n_resamples=n_resamples
        )
        lower, upper = float(found.lower[0]), float(found.upper[0])
    return MaximumProfit(profit=float(profit), lower=lower, upper=upper, fraction=float(fraction), n=len(ranked))


def _hull(leavers: FloatArray, stayers: FloatArray, last: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Corners of the convex hull of the ROC curve: shares of the base that are leavers and stayers, contacted so far.

    The hull is the isotonic regression of leaving on the score (pool adjacent violators).
    """
    total = float(leavers.sum() + stayers.sum())
    steps = [np.diff(np.cumsum(part)[last], prepend=0.0) for part in (leavers, stayers)]
    mass = steps[0] + steps[1]
    held = mass > 0
    rate = steps[0][held] / mass[held]
    blocks = optimize.isotonic_regression(rate, weights=mass[held], increasing=False).blocks
    ends = blocks[1:] - 1
    corners = [np.concatenate([[0.0], np.cumsum(step[held])[ends]]) / total for step in steps]
    return corners[0], corners[1]


def _integrate(
    leavers: FloatArray,
    stayers: FloatArray,
    worth: float,
    incentive: float,
    contact: float,
    alpha: float,
    beta: float,
) -> tuple[float, float]:
    """Profit and share contacted, over the save rates at which each corner of the hull is the best."""
    gain = (worth - incentive) * np.diff(leavers)
    cost = contact * np.diff(leavers) + (contact + incentive) * np.diff(stayers)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.where(gain > 0, cost / gain, np.inf)
    edges = np.concatenate([[0.0], np.clip(np.maximum.accumulate(turn), 0.0, 1.0), [1.0]])
    chance = np.diff(stats.beta.cdf(edges, alpha, beta))
    mean = alpha / (alpha + beta) * np.diff(stats.beta.cdf(edges, alpha + 1, beta))
    profit = (worth - incentive) * leavers @ mean - (contact * leavers + (contact + incentive) * stayers) @ chance
    return float(profit), float((leavers + stayers) @ chance)
