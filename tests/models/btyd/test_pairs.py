"""Pairs of purchases where as good as nobody, or everybody, drops out: what a fit on steady buyers ends in."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd
from crm_research.models.btyd.family import History
from crm_research.models.btyd.pairs import expected_pairs

SHAPE, RATE, HORIZON = np.array([1.3]), np.array([50.0]), np.array([365.0])
# Of a rate with a Gamma(shape, rate) the mean of n (n - 1) / 2 is shape (shape + 1) / 2 times (horizon / rate) squared.
NOBODY_LEAVES = 1.3 * 2.3 / 2 * (365.0 / 50.0) ** 2


@pytest.mark.parametrize("a", [1e-300, 1e-20, 1e-12, 1e-8])
def test_where_nobody_drops_out_pairs_are_those_of_the_rate_alone(a):
    assert expected_pairs(SHAPE, RATE, a, np.array([2.0]), HORIZON)[0] == pytest.approx(NOBODY_LEAVES, rel=1e-7)


@pytest.mark.parametrize("b", [1e-300, 1e-20, 1e-8])
def test_where_all_drop_out_at_once_there_are_no_pairs(b):
    assert expected_pairs(SHAPE, RATE, 2.0, np.array([b]), HORIZON)[0] == pytest.approx(0.0, abs=1e-6)


def test_where_some_drop_out_at_once_and_the_others_never_pairs_are_those_of_the_others():
    found = expected_pairs(SHAPE, RATE, 1e-20, np.array([3e-20]), HORIZON)[0]
    assert found == pytest.approx(0.75 * NOBODY_LEAVES, rel=1e-9)


def test_pairs_change_smoothly_where_the_way_of_counting_changes():
    near, far = (expected_pairs(SHAPE, RATE, a, np.array([2.0]), HORIZON)[0] for a in (0.9e-7, 1.1e-7))
    assert near == pytest.approx(far, rel=1e-6)


@pytest.mark.parametrize("family", [BgNbd(), MbgNbd()], ids=lambda family: family.name)
def test_a_customer_with_one_purchase_has_pairs_to_come_under_either_model(family):
    once = History(np.array([0.0]), np.array([0.0]), np.array([100.0]))
    for params in ([0.8, 60.0, 1e-18, 1e-19], [0.8, 60.0, 1e-18, 2.0]):
        assert np.isfinite(family.pairs_if_alive(np.array(params), once, HORIZON)).all()
