"""Brand choice: against brute force, against simulation, and as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from crm_research.models.dirichlet.choice import (
    average_s,
    none_of_brand,
    predict_duplication,
    predict_measures,
    s_by_likelihood,
)
from tests.models.dirichlet.markets import SHARES, draw_purchases, tally


def test_measures_agree_with_sums_over_beta_binomials():
    mean, shape, s, share = 4.0, 0.8, 1.7, 0.2
    top = 160
    n = np.arange(1, top)
    chance = stats.nbinom.pmf(n, shape, shape / (shape + mean))
    table = np.array([[stats.betabinom.pmf(r, size, s * share, s * (1 - share)) for r in range(top)] for size in n])
    bought = (chance[:, None] * table)[:, 1:].sum()
    own = (chance[:, None] * table * np.arange(top)).sum()
    of_category = (chance * n * (1 - table[:, 0])).sum()
    sole = sum(chance[i] * table[i, size] for i, size in enumerate(n))
    found = predict_measures(*(np.array([value]) for value in (mean, shape, s)), np.array([[share]]))
    assert found["penetration"][0, 0] == pytest.approx(bought, rel=1e-6)
    assert found["purchases_per_buyer"][0, 0] == pytest.approx(own / bought, rel=1e-6)
    assert found["category_per_buyer"][0, 0] == pytest.approx(of_category / bought, rel=1e-6)
    assert found["scr"][0, 0] == pytest.approx(own / of_category, rel=1e-6)
    assert found["sole_share"][0, 0] == pytest.approx(sole / bought, rel=1e-6)


def test_shared_buyers_agree_with_simulation():
    bought = draw_purchases(200_000, m=4, k=0.8, s=1.5, seed=2)[0] > 0
    expected = predict_duplication(4.0, 0.8, 1.5, SHARES)
    seen = (bought[:, 0] & bought[:, 1]).sum() / bought[:, 0].sum()
    assert expected[0, 1] == pytest.approx(seen, abs=0.005)
    assert np.isnan(np.diagonal(expected)).all()


def test_likelihood_of_s_agrees_with_the_whole_likelihood():
    purchases = draw_purchases(800, m=5, k=1.0, s=2.0, seed=6)[0]
    tallies = tally(purchases)
    shares = tallies.shares[0]

    def minus_likelihood(s):
        alpha = s * shares
        terms = special.gammaln(alpha + purchases) - special.gammaln(alpha)
        total = purchases.sum(axis=1)
        return -(terms.sum(axis=1) + special.gammaln(s) - special.gammaln(s + total)).sum()

    expected = optimize.minimize_scalar(minus_likelihood, bounds=(0.1, 30), method="bounded", options={"xatol": 1e-7}).x
    found = s_by_likelihood(
        tallies.brand_values, tallies.brand_counts, tallies.category_values, tallies.category, tallies.shares
    )
    assert found[0] == pytest.approx(expected, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(0.1, 80),
    shape=st.floats(0.05, 20),
    s=st.floats(0.02, 200),
    small=st.floats(0.001, 0.4),
    more=st.floats(0.01, 0.5),
)
def test_what_must_hold_in_every_market(mean, shape, s, small, more):
    shares = np.array([[small, small + more]])
    found = predict_measures(np.array([mean]), np.array([shape]), np.array([s]), shares)
    reach, rate, scr, sole = (found[name][0] for name in ("penetration", "purchases_per_buyer", "scr", "sole_share"))
    assert reach[0] < reach[1]
    assert rate[0] <= rate[1] * (1 + 1e-9)  # double jeopardy
    assert (rate >= 1 - 1e-7).all()
    assert (scr >= shares[0] - 1e-7).all()
    assert (scr <= 1 + 1e-7).all()
    assert ((sole >= 0) & (sole <= 1 + 1e-7)).all()
    np.testing.assert_allclose(reach * rate, mean * shares[0], rtol=1e-6)


def test_a_brand_alone_is_bought_by_all_who_buy():
    n = np.array([1.0, 5.0])
    assert none_of_brand(n, np.array(2.0), np.array(2.0)).tolist() == [0.0, 0.0]
    found = predict_measures(np.array([2.0]), np.array([1.0]), np.array([1.0]), np.array([[1.0, 0.0]]))
    assert found["scr"][0, 0] == pytest.approx(1.0)
    assert found["sole_share"][0, 0] == pytest.approx(1.0)
    assert np.isnan(found["scr"][0, 1])


def test_brands_without_a_solution_do_not_vote():
    shares = np.array([[0.5, 0.3, 0.2]])
    assert average_s(np.array([[2.0, np.inf, 1.0]]), shares)[0] == pytest.approx((0.5 * 2 + 0.2) / 0.7)
    assert average_s(np.array([[np.inf, np.inf, 0.0]]), shares)[0] == 1e3
    assert average_s(np.array([[0.0, 0.0, np.inf]]), shares)[0] == 1e-3
