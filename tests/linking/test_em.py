"""What is learnt of pairs by counting how alike they are."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.linking.em import (
    EMPTY,
    Patterns,
    fit_matches,
    posterior,
    share_by_level,
    share_of_matches,
    weigh,
)

# 1,000 pairs of one customer, nine in ten of which agree in the first, eight in ten in the second; 99,000 others.
U = [np.array([0.02, 0.98]), np.array([0.03, 0.97])]
PATTERNS = Patterns(
    levels=np.array([[0, 0], [0, 1], [1, 0], [1, 1]]),
    counts=1_000 * np.array([0.72, 0.18, 0.08, 0.02]) + 99_000 * np.array([0.0006, 0.0194, 0.0294, 0.9506]),
)


def test_a_weight_is_the_share_among_matches_over_that_among_others() -> None:
    # First row of the test tables of the linkage engine: m .7, u .1, weight 2.8073549.
    m, u = [np.array([0.7, 0.3])], [np.array([0.1, 0.9])]
    weights = weigh(Patterns(levels=np.array([[0], [1], [EMPTY]]), counts=np.ones(3)), m, u)
    assert weights[0] / np.log(2) == pytest.approx(2.8073549, abs=1e-7)
    assert weights[1] / np.log(2) == pytest.approx(np.log2(0.3 / 0.9))
    assert weights[2] == 0.0


def test_odds_are_multiplied_by_the_weight() -> None:
    assert posterior(np.array([np.log(7.0)]), 0.2)[0] == pytest.approx(0.25 * 7 / (1 + 0.25 * 7))
    assert posterior(np.array([-1e9, 1e9]), 0.5).tolist() == pytest.approx([0.0, 1.0])


def test_shares_are_drawn_towards_the_usual_by_so_many_pairs() -> None:
    found = share_by_level(np.array([0, 1, EMPTY]), np.array([30.0, 2.0, 99.0]), np.array([0.75, 0.25]), n_prior=8.0)
    assert found.tolist() == pytest.approx([36 / 40, 4 / 40])


def test_matches_are_found_among_others_without_being_told() -> None:
    fitted = fit_matches(PATTERNS, [np.array([0.85, 0.15])] * 2, U)
    assert fitted.converged
    assert fitted.n_matches == pytest.approx(1_000, rel=0.02)
    assert fitted.share == pytest.approx(0.01, rel=0.02)
    assert [m[0] for m in fitted.m] == pytest.approx([0.887, 0.803], abs=0.001)


def test_where_there_are_none_none_are_found() -> None:
    u = np.array([0.1, 0.9])
    none = Patterns(levels=np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), counts=np.array([10.0, 90.0, 90.0, 810.0]))
    fitted = fit_matches(none, [np.array([0.8, 0.2])] * 2, [u, u])
    assert fitted.n_matches == pytest.approx(3.4, abs=0.1)


def test_the_share_of_matches_comes_to_rest_at_its_own_expectation() -> None:
    weights, counts = np.array([20.0, -10.0]), np.array([50.0, 1000.0])
    share = share_of_matches(weights, counts, 1e6, start=1e-4)
    assert share == pytest.approx(50 / 1e6, rel=1e-3)
    assert share_of_matches(np.array([-10.0]), np.array([1000.0]), 1e6, start=1e-4) < 1e-8
