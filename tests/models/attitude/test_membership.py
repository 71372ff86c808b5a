"""Dick and Basu's groups in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.attitude import GROUPS, estimate_membership, score_attitude
from crm_research.models.attitude.patronage import fit_patronage

SHAPE, RATE = 1.0, 0.4


def a_world(n=600, *, link=0.5, seed=1, n_items=3, loading=0.8):
    """True attitude and rate with that correlation of normal scores; items with error, counts in a short time."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(n)
    attitude = link * u + np.sqrt(1 - link**2) * rng.standard_normal(n)
    rate = stats.gamma.ppf(stats.norm.cdf(u), SHAPE, scale=1 / RATE)
    noise = rng.standard_normal((n, n_items))
    answers = 50 + 15 * (loading * attitude[:, None] + np.sqrt(1 - loading**2) * noise)
    items = pd.DataFrame(answers, columns=[f"i{j}" for j in range(n_items)]).mask(rng.random((n, n_items)) < 0.05)
    time = rng.uniform(0.3, 1.0, n)
    high, often = attitude > 0, rate > stats.gamma.ppf(0.5, SHAPE, scale=1 / RATE)
    group = np.select([high & often, high & ~often, ~high & often], [0, 1, 2], 3)
    return items, rng.poisson(rate * time).astype(float), time, group


def true_shares(link):
    same = 0.25 + np.arcsin(link) / (2 * np.pi)  # orthant probability of the bivariate normal
    return np.array([same, 0.5 - same, 0.5 - same, same])


def test_scores_follow_classical_theory():
    items, *_ = a_world(5000, n_items=4)
    found = score_attitude(items)
    complete = items.dropna()
    k = 4
    alpha = k / (k - 1) * (1 - complete.var().sum() / complete.sum(axis=1).var())
    assert found.reliability == pytest.approx(alpha, abs=0.01)
    assert found.true_variance == pytest.approx((15 * 0.8) ** 2, rel=0.06)
    answered = items.notna().sum(axis=1).to_numpy()
    ratio = found.error_variance[answered == 2].mean() / found.error_variance[answered == 4].mean()
    assert ratio == pytest.approx(2.0)


def test_rates_of_buying_are_recovered():
    rng = np.random.default_rng(5)
    time = rng.uniform(0.5, 2.0, 6000)
    found = fit_patronage(rng.poisson(rng.gamma(1.5, 1 / 0.6, 6000) * time).astype(float), time)
    assert found.has_converged
    assert found.shape == pytest.approx(1.5, rel=0.1)
    assert found.rate == pytest.approx(0.6, rel=0.1)


def test_shares_and_the_link_are_recovered_and_better_than_by_cutting_what_is_seen():
    truth = true_shares(0.5)
    ours, naive, links, ours_brier, naive_brier = [], [], [], [], []
    for seed in range(4):
        items, bought, time, group = a_world(seed=seed)
        found = estimate_membership(items, bought, time)
        ours.append(np.abs(found.shares["share"] - truth).mean())
        naive.append(np.abs(found.shares["naive_share"] - truth).mean())
        links.append(found.correlation)
        kept = found.chances.index
        is_in = np.eye(4)[group[kept]]
        high = items.loc[kept].mean(axis=1).to_numpy() > found.attitude_cut
        often = (bought / time)[kept] > found.rate_cut
        cut = np.eye(4)[np.select([high & often, high & ~often, ~high & often], [0, 1, 2], 3)]
        ours_brier.append(((found.chances[list(GROUPS)].to_numpy() - is_in) ** 2).sum(axis=1).mean())
        naive_brier.append(((cut - is_in) ** 2).sum(axis=1).mean())
    assert np.mean(ours) < 0.5 * np.mean(naive)
    assert np.mean(links) == pytest.approx(0.5, abs=0.06)
    assert np.mean(ours_brier) < 0.8 * np.mean(naive_brier)


def test_chances_are_chances_and_follow_the_evidence():
    items, bought, time, _ = a_world(400)
    found = estimate_membership(items, bought, time)
    chances = found.chances[list(GROUPS)].to_numpy()
    assert np.allclose(chances.sum(axis=1), 1)
    assert chances.min() >= -1e-12
    assert found.shares["share"].sum() == pytest.approx(1)
    often = (found.chances["true loyalty"] + found.chances["spurious loyalty"]).to_numpy()
    assert stats.spearmanr(often, (bought / time)[found.chances.index])[0] > 0.7
    middle = found.sensitivity.query("attitude_below == 0.5 and rate_below == 0.5").iloc[0]
    assert middle["true loyalty"] == pytest.approx(found.shares["share"].iloc[0], abs=0.01)


def test_higher_cuts_leave_fewer_in_true_loyalty():
    grid = estimate_membership(*a_world(400)[:3]).sensitivity
    wide = grid.pivot_table(index="attitude_below", columns="rate_below", values="true loyalty").to_numpy()
    assert (np.diff(wide, axis=0) < 0).all()
    assert (np.diff(wide, axis=1) < 0).all()


def test_the_unit_of_the_answers_does_not_matter():
    items, bought, time, _ = a_world(300)
    one, other = estimate_membership(items, bought, time), estimate_membership(items / 10 - 3, bought, time)
    assert np.allclose(one.shares["share"], other.shares["share"], atol=1e-6)


def test_one_item_is_used_with_an_assumed_reliability_that_is_named():
    items, bought, time, _ = a_world(300)
    found = estimate_membership(items[["i0"]], bought, time, single_reliability=0.64)
    assert found.is_assumed
    assert any("assumed" in note for note in found.notes)
    assert found.reliability == pytest.approx(0.64)


def test_what_cannot_be_told_is_said():
    items, bought, time, _ = a_world(100)
    with pytest.raises(NotEnoughData, match="30"):
        estimate_membership(items.head(20), bought[:20], time[:20])
    with pytest.raises(NotEnoughData, match="purchases"):
        estimate_membership(items, 0 * bought, time)
    with pytest.raises(NotEnoughData, match="differ"):
        estimate_membership(items * 0 + 50, bought, time)
    rng = np.random.default_rng(1)
    one = rng.standard_normal(100)
    against = pd.DataFrame({"a": one, "b": -one + 0.1 * rng.standard_normal(100)})
    with pytest.raises(NotEnoughData, match="correlate"):
        estimate_membership(against, bought, time)


@pytest.mark.parametrize("bought", ["all alike", "huge"])
def test_odd_counts_give_finite_shares(bought):
    items = a_world(80)[0]
    counts = np.full(80, 3.0) if bought == "all alike" else np.random.default_rng(1).lognormal(8, 2, 80).round()
    found = estimate_membership(items, counts, np.ones(80))
    assert np.isfinite(found.shares["share"]).all()


@pytest.mark.slow
def test_intervals_cover_the_true_shares():
    truth, hits = true_shares(0.3), []
    for seed in range(60):
        found = estimate_membership(*a_world(500, link=0.3, seed=100 + seed)[:3]).shares
        hits.append((found["lower"] <= truth) & (truth <= found["upper"]))
    assert np.mean(hits) > 0.88
