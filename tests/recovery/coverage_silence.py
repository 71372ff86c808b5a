"""How many are still active, and how many purchases are to be expected? Judged on buyers whose future is drawn too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from crm_research.models.btyd import BtydFit, fit_mbg_nbd, fit_pareto_nbd
from crm_research.pillars.silent_churn.scores import (
    estimate_alive,
    estimate_expected,
    forecast_total,
    score_patterns,
    sharpen_alive,
)
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

HORIZON_DAYS = 182.0
_WEEK = 7.0
# Rates of buying gamma(r, alpha days); leaving after a purchase beta(a, b), or at rates gamma(s, beta days).
_TRUTHS: Mapping[str, tuple[float, float, float, float]] = {
    "MBG/NBD": (0.8, 40.0, 0.9, 2.5),
    "Pareto/NBD": (0.8, 40.0, 1.2, 150.0),
}
_FITTERS: Mapping[str, Callable[[pd.DataFrame], BtydFit]] = {"MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}


class Buyers(NamedTuple):
    """Histories until today, who is still active today, and what each buys within the horizon."""

    patterns: pd.DataFrame
    is_active: np.ndarray
    later: np.ndarray


def draw_buyers(rng: np.random.Generator, n: int, model: str) -> Buyers:
    """Customers followed for 150 to 300 days, purchase by purchase, and then for the horizon."""
    r, alpha, one, other = _TRUTHS[model]
    rate = rng.gamma(r, size=n) / alpha
    age = rng.integers(150, 300, n).astype(float)
    is_tossed = model == "MBG/NBD"
    dropout = rng.beta(one, other, n) if is_tossed else np.zeros(n)
    life = np.full(n, np.inf) if is_tossed else rng.exponential(size=n) * other / rng.gamma(one, size=n)
    clock, recency = np.zeros(n), np.zeros(n)
    frequency, later = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    goes_on = rng.random(n) >= dropout
    is_active = goes_on & (life > age)
    while goes_on.any():
        clock = clock + rng.exponential(size=n) / rate
        buys = goes_on & (clock <= np.minimum(life, age + HORIZON_DAYS))
        is_past = buys & (clock <= age)
        frequency += is_past
        recency = np.where(is_past, clock, recency)
        later += buys & ~is_past
        goes_on = buys & (rng.random(n) >= dropout)
        is_active &= ~is_past | goes_on
    frame = pd.DataFrame({"frequency": frequency, "recency_days": recency, "age_days": age, "n_customers": 1})
    return Buyers(frame, is_active, later)


def still_active(worlds: int, sizes: Sequence[int] = (150, 500)) -> list[Coverage]:
    """The share still active, and the purchases of all within half a year: as expected of them, and as they come."""

    def judge(rng: np.random.Generator, n: int, model: str) -> Judged:
        world = draw_buyers(rng, n, model)
        fit = _FITTERS[model](world.patterns)
        if not fit.is_converged:  # the page chooses another model then
            return
        scores = score_patterns(fit, world.patterns, HORIZON_DAYS)
        drawn = estimate_alive(fit, scores, confidence=0.95, seed=1)
        alive = sharpen_alive(fit, drawn, scores)
        if np.isfinite(alive.lower):
            yield f"share still active, {model}", bool(alive.lower <= world.is_active.mean() <= alive.upper)
        expected = estimate_expected(fit, scores, HORIZON_DAYS, confidence=0.95, seed=1)
        if np.isfinite(expected.lower):
            r, alpha, one, other = _TRUTHS[model]
            true = np.array([r, alpha / _WEEK, one, other / (1 if model == "MBG/NBD" else _WEEK)])
            horizon = np.full(n, HORIZON_DAYS / _WEEK)
            total = float(fit.family.expected_purchases(true, fit.history(world.patterns), horizon).sum())
            yield f"purchases to expect, {model}", bool(expected.lower <= total <= expected.upper)
            coming = forecast_total(fit, scores, HORIZON_DAYS, confidence=0.95, seed=1)
            yield f"purchases that come, {model}", bool(coming.lower <= world.later.sum() <= coming.upper)

    return [
        row
        for model in _TRUTHS
        for n in sizes
        for row in count_worlds(lambda rng, n=n, m=model: judge(rng, n, m), n, worlds)
    ]
