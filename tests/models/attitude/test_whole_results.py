"""Scores of attitude and rates of buying by hand, and refusals in whole sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.attitude.patronage import Patronage, fit_patronage
from crm_research.models.attitude.scores import score_attitude

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def answers(n=40):
    rng = np.random.default_rng(6)
    base = rng.normal(60, 12, n)
    frame = pd.DataFrame({name: base + rng.normal(0, 9, n) + shift for name, shift in (("a", 0), ("b", 5), ("c", -8))})
    frame.loc[0, "b"] = np.nan
    frame.loc[1] = np.nan
    return frame.assign(flat=50.0)


def test_scores_and_the_variance_of_their_error_by_hand():
    frame = answers()
    found = score_attitude(frame)
    items = frame[["a", "b", "c"]]
    covariance = items.cov().to_numpy()
    true = covariance[~np.eye(3, dtype=bool)].mean()
    error = np.trace(covariance) / 3 - true
    assert found.true_variance == pytest.approx(true)
    assert found.reliability == pytest.approx(true / (true + error / 3))
    assert (found.n_items, found.is_assumed) == (3, False)
    assert found.mean == pytest.approx(items.mean().mean())
    centred = (items - items.mean()).mean(axis=1)
    assert found.scores.tolist() == pytest.approx((found.mean + centred).tolist(), nan_ok=True)
    assert found.error_variance[[0, 1, 2]].tolist() == pytest.approx([error / 2, np.inf, error / 3])


def test_a_single_item_has_the_reliability_that_is_given():
    frame = answers()[["a"]]
    found = score_attitude(frame, single_reliability=0.6)
    own = frame["a"].var()
    assert (found.true_variance, found.reliability) == pytest.approx((0.6 * own, 0.6))
    assert found.error_variance[0] == pytest.approx(0.4 * own)
    assert (found.n_items, found.is_assumed) == (1, True)
    assert score_attitude(frame).reliability == pytest.approx(0.7)
    copies = score_attitude(frame.assign(b=frame["a"]))
    assert copies.error_variance[0] == pytest.approx(0.001 * own / 2)


def test_attitudes_that_cannot_be_told_are_refused_in_words():
    who = "known customers whose answers differ"
    for frame, n in ((answers(30), 29), (answers()[["flat"]], 0)):
        with pytest.raises(NotEnoughData) as raised:
            score_attitude(frame)
        assert str(raised.value) == f"Attitude beside behaviour needs at least 30 {who}; found {n}."
    assert score_attitude(answers(31)).n_items == 3
    against = answers()[["a"]].assign(b=lambda x: 100 - x["a"])
    with pytest.raises(NotEnoughData) as raised:
        score_attitude(against)
    assert str(raised.value) == (
        "A score of attitude needs at least 2 items that go together; found 0. The items named do not correlate on "
        "average; name the items of one attitude under 'constructs'."
    )
    for wrong in (0.0, 1.0, 1.5):
        with pytest.raises(ParameterError, match=rf"^single_reliability must lie between 0 and 1, not {wrong}\.$"):
            score_attitude(answers(), single_reliability=wrong)


def test_rates_of_buying_are_a_gamma():
    found = Patronage(shape=2.0, rate=4.0, has_converged=True)
    # R: qgamma(.3, 2, 4), pgamma(.5, 2, 4) = 1 - 3 exp(-2)
    assert found.quantile(0.3) == pytest.approx(stats.gamma.ppf(0.3, 2) / 4)
    assert found.place(0.5) == pytest.approx(1 - 3 * np.exp(-2))
    middles, mass, scores = found.cells(np.array([0.0, 0.37]), longest=10.0, highest=1.5)
    assert mass.sum() == pytest.approx(1.0)
    assert mass[middles < 0.37].sum() == pytest.approx(found.place(0.37))
    assert np.diff(middles).min() > 0
    assert np.diff(scores).min() > 0
    assert mass @ middles == pytest.approx(0.5, rel=0.005)
    at_median = np.abs(np.cumsum(mass) - 0.5).argmin()
    assert abs(scores[at_median]) < 0.1


def test_the_spread_of_rates_is_the_likeliest():
    rng = np.random.default_rng(3)
    exposure = rng.choice([1.0, 2.0, 4.0], 400)
    bought = rng.poisson(rng.gamma(1.5, 1 / 0.8, 400) * exposure)
    found = fit_patronage(bought, exposure)
    assert found.has_converged

    def value(shape, rate):
        # R: dnbinom(x, size = shape, prob = rate / (rate + t), log = TRUE)
        return stats.nbinom.logpmf(bought, shape, rate / (rate + exposure)).sum()

    top = value(found.shape, found.rate)
    for change in (0.98, 1.02):
        assert value(found.shape * change, found.rate) < top
        assert value(found.shape, found.rate * change) < top
    alike = fit_patronage(np.full(50, 3.0), np.ones(50))
    assert not alike.has_converged
