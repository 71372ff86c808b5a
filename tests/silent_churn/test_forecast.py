"""The number of purchases that comes: limits for what is not known of the parameters, and for chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.models.btyd import fit_mbg_nbd
from crm_research.pillars.silent_churn.scores import estimate_expected, forecast_total, score_patterns

DAYS = 70.0


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(5)
    frequency = rng.poisson(rng.gamma(0.8, 3.0, 120))
    age = rng.integers(150, 300, 120).astype(float)
    recency = np.where(frequency > 0, age * rng.beta(np.maximum(frequency, 1), 1), 0.0)
    rows = pd.DataFrame({"frequency": frequency, "recency_days": recency, "age_days": age, "n_customers": 1})
    patterns = rows.assign(n_customers=np.arange(120) % 3 + 1)
    fit = fit_mbg_nbd(patterns)
    return fit, score_patterns(fit, patterns, DAYS)


def _told(fit, scores, coming):
    """The limits where the futures drawn are these, draw by draw, for every history."""
    draws = iter(coming)

    class Planted(type(fit.family)):
        def draw_future(self, params, history, horizon, rng):
            return np.full(len(horizon), next(draws), dtype=float)

    planted = replace(fit, family=Planted(**vars(fit.family)))
    return forecast_total(planted, scores, DAYS, confidence=0.9, seed=1)


def test_where_customers_do_nothing_by_chance_the_limits_are_those_of_the_expectation(fitted):
    fit, scores = fitted
    known = estimate_expected(fit, scores, DAYS, confidence=0.9, seed=1)
    told = _told(fit, scores, [3] * 200)
    assert [float(part) for part in told] == pytest.approx([float(part) for part in known])


def test_chance_is_added_to_what_is_not_known_of_the_parameters(fitted):
    """100 draws of 0 and 100 of 2 have a variance of 200/199 a customer; 240 customers; added on the scale of logs."""
    fit, scores = fitted
    known = estimate_expected(fit, scores, DAYS, confidence=0.9, seed=1)
    total = float(known.estimate)
    spread = np.log(float(known.upper) / total) / 1.6448536269514722
    n = float(scores["n_customers"].sum())
    assert n == 240
    sd = np.hypot(spread, np.sqrt(n * 200 / 199) / total)
    told = _told(fit, scores, [0, 2] * 100)
    assert float(told.estimate) == total
    assert float(told.lower) == pytest.approx(total / np.exp(1.6448536269514722 * sd))
    assert float(told.upper) == pytest.approx(total * np.exp(1.6448536269514722 * sd))
    assert float(told.upper) > float(known.upper)


def test_an_expectation_without_limits_has_none_with_chance_either(fitted):
    fit, scores = fitted
    unknown = replace(fit, covariance=np.full_like(fit.covariance, np.nan))
    told = forecast_total(unknown, scores, DAYS, confidence=0.9, seed=1)
    assert float(told.estimate) > 0
    assert np.isnan([told.lower, told.upper]).all()
