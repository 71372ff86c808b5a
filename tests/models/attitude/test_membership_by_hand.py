"""The four groups by hand: chances by brute force, limits by leaving out, shares as cut, doubts word for word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from crm_research.errors import NotEnoughData
from crm_research.models.attitude import GROUPS, estimate_membership, membership, score_attitude
from crm_research.models.attitude.patronage import fit_patronage
from tests.models.attitude.test_membership import a_world

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def small_world(n=44, **other):
    """Answers, purchases and time; one who answered nothing, one without time, and one whose answer says nothing."""
    items, bought, time, _ = a_world(n, seed=11, **other)
    items = items.assign(flat=50.0)
    items.loc[3] = np.nan
    items.loc[5, [name for name in items if name != "flat"]] = np.nan
    time[7] = 0.0
    bought[8] = np.nan
    return items.set_axis([f"c{place}" for place in range(n)]), bought, time


def used_of(items, bought, time):
    usable = items.notna().any(axis=1).to_numpy() & (time > 0) & np.isfinite(bought)
    return items.loc[usable], bought[usable], time[usable]


def test_chances_are_those_of_bayes_by_brute_force():
    items, bought, time = small_world()
    found = estimate_membership(items, bought, time, attitude_cut=57.0, rate_cut=1.3)
    items, bought, time = used_of(items, bought, time)
    assert found.chances.index.tolist() == items.index.tolist()
    assert found.n == len(items) == 41
    assert (found.attitude_cut, found.rate_cut) == (57.0, 1.3)
    scores, rates = score_attitude(items), fit_patronage(bought, time)
    assert (found.reliability, found.is_assumed, found.confidence) == (scores.reliability, False, 0.95)
    spread = np.sqrt(scores.true_variance)
    slope = found.correlation * spread
    rest = scores.true_variance - slope**2
    u = np.linspace(-5, 5, 20_001)
    rate = stats.gamma.ppf(stats.norm.cdf(u), rates.shape, scale=1 / rates.rate)
    prior = scores.mean + slope * u
    for place, name in enumerate(items.index):
        weight = stats.norm.pdf(u) * stats.poisson.pmf(bought[place], rate * time[place])
        score, noise = scores.scores[place], scores.error_variance[place]
        # Whose only answer is the one that all gave alike is known by what he bought alone.
        pull = rest / (rest + noise) if np.isfinite(score) else 0.0
        middle = prior
        if np.isfinite(score):
            weight = weight * stats.norm.pdf(score, prior, np.sqrt(rest + noise))
            middle = prior + pull * (score - prior)
        weight /= weight.sum()
        high = stats.norm.sf(57.0, middle, np.sqrt(rest * (1 - pull)))
        often = rate > 1.3
        by_hand = [
            (weight * high)[often].sum(), (weight * high)[~often].sum(), (weight * (1 - high))[often].sum(),
            (weight * (1 - high))[~often].sum(),
        ]  # fmt: skip
        row = found.chances.loc[name]
        assert row[list(GROUPS)].tolist() == pytest.approx(by_hand, abs=0.004)
        assert row["attitude"] == pytest.approx((weight * middle).sum(), abs=0.05)
        assert row["rate"] == pytest.approx((weight * rate).sum(), rel=0.01)
    assert found.shares.columns.tolist() == ["group", "share", "lower", "upper", "naive_share"]
    assert found.shares["group"].tolist() == list(GROUPS)
    assert found.shares["share"].tolist() == pytest.approx(found.chances[list(GROUPS)].mean().tolist())


def test_the_naive_shares_are_what_is_seen_cut_at_the_same_points():
    items, bought, time = small_world()
    found = estimate_membership(items, bought, time, attitude_cut=57.0, rate_cut=1.3)
    items, bought, time = used_of(items, bought, time)
    scores = score_attitude(items).scores
    known = np.isfinite(scores)
    assert (~known).sum() == 1
    high, often = scores[known] > 57.0, (bought / time)[known] > 1.3
    by_hand = [(high & often).mean(), (high & ~often).mean(), (~high & often).mean(), (~high & ~often).mean()]
    assert len({round(share, 9) for share in by_hand}) == 4
    assert found.shares["naive_share"].tolist() == pytest.approx(by_hand)


@pytest.mark.parametrize(("cuts", "n_parts"), [({}, 5), ({"attitude_cut": 57.0, "rate_cut": 1.3}, 10)])
def test_limits_are_of_the_jackknife_over_parts_that_repeats_every_step(cuts, n_parts, monkeypatch):
    if n_parts != 41 // 4:
        monkeypatch.setattr(membership, "_PARTS", n_parts)
    items, bought, time = small_world()
    found = estimate_membership(items, bought, time, confidence=0.8, seed=4, **cuts)
    items, bought, time = used_of(items, bought, time)
    n = len(items)
    order = np.random.default_rng(4).permutation(n)
    again = []
    for part in range(n_parts):
        kept = order[np.arange(n) % n_parts != part]
        one = estimate_membership(items.iloc[kept], bought[kept], time[kept], **cuts)
        again.append([*one.shares["share"], one.correlation])
    again = np.array(again)
    error = np.sqrt((n_parts - 1) / n_parts * ((again - again.mean(axis=0)) ** 2).sum(axis=0))
    reach = stats.t.ppf(0.9, n_parts - 1)  # R: qt(.9, 9) = 1.383029
    share = found.shares["share"].to_numpy()
    half = reach * error[:4] / (share * (1 - share))
    assert found.shares["lower"].tolist() == pytest.approx(special.expit(special.logit(share) - half).tolist())
    assert found.shares["upper"].tolist() == pytest.approx(special.expit(special.logit(share) + half).tolist())
    r = found.correlation
    bend = reach * error[4] / (1 - r**2)
    limits = [np.tanh(np.arctanh(r) - bend), np.tanh(np.arctanh(r) + bend)]
    assert [found.correlation_lower, found.correlation_upper] == pytest.approx(limits)


def test_the_grid_of_cut_points_is_of_quantiles_of_true_values():
    items, bought, time = used_of(*small_world())
    found = estimate_membership(items, bought, time)
    scores, rates = score_attitude(items), fit_patronage(bought, time)
    assert found.attitude_cut == pytest.approx(scores.mean)
    assert found.rate_cut == pytest.approx(rates.quantile(0.5))
    grid = found.sensitivity
    assert grid.columns.tolist() == ["attitude_below", "rate_below", *GROUPS]
    pairs = [(t, r) for t in (0.4, 0.5, 0.6) for r in (0.4, 0.5, 0.6)]
    assert list(zip(grid["attitude_below"], grid["rate_below"], strict=True)) == pairs
    for row in (1, 5, 6):
        t, r = pairs[row]
        cut_t = scores.mean + np.sqrt(scores.true_variance) * stats.norm.ppf(t)
        own = estimate_membership(items, bought, time, attitude_cut=cut_t, rate_cut=rates.quantile(r)).shares["share"]
        assert grid.loc[row, list(GROUPS)].tolist() == pytest.approx(own.tolist(), abs=1e-3)


def test_doubts_are_said_whole(monkeypatch):
    monkeypatch.setattr(membership, "_PARTS", 2)  # limits are not looked at here
    items, bought, time, _ = a_world(300)
    assert estimate_membership(items, bought, time).notes == ()
    (single,) = estimate_membership(items[["i0"]], bought, time, single_reliability=0.64).notes
    assert single == (
        "Attitude is measured by one item, whose reliability no answer tells; 0.64 was assumed. Two or more items "
        "would measure it."
    )
    loose = a_world(300, loading=0.3)[0]
    alpha = score_attitude(loose).reliability
    assert alpha < 0.5
    assert estimate_membership(loose, bought, time).notes[0] == (
        f"The items of attitude agree so little (alpha {alpha:.2f}) that a customer's group is hardly known."
    )
    alike = estimate_membership(items, np.full(300, 3.0), np.ones(300))
    assert alike.notes == (
        "Customers hardly differ in how often they buy, or the search stopped early; rates are doubtful.",
    )
    rate = np.exp(items.mean(axis=1).to_numpy() / 10)
    close = estimate_membership(items, rate.round(), np.ones(300))
    assert abs(close.correlation) == pytest.approx(0.98)
    assert close.notes[-1] == (
        "Attitude and behaviour go together more closely than their errors allow; the link was capped."
    )


def test_too_few_who_answered_or_bought_are_refused_whole():
    items, bought, time, _ = a_world(31, n_items=2)
    items = items.fillna(50.0)
    who = "Attitude beside behaviour needs at least 30 customers who answered under their own name and had time to buy"
    time[0] = 0.0
    assert estimate_membership(items, bought, time).n == 30
    time[1] = 0.0
    with pytest.raises(NotEnoughData) as raised:
        estimate_membership(items, bought, time)
    assert str(raised.value) == f"{who}; found 29."
    with pytest.raises(NotEnoughData) as raised:
        estimate_membership(items, 0 * bought, np.ones(31))
    assert str(raised.value) == (
        "Attitude beside behaviour needs purchases of those who answered; found none. Count over a longer time."
    )


def test_who_is_counted_is_not_changed_by_the_order_of_rows():
    items, bought, time = small_world()
    there = estimate_membership(items, bought, time)
    back = estimate_membership(pd.DataFrame(items.iloc[::-1]), bought[::-1], time[::-1])
    pd.testing.assert_frame_equal(back.chances.iloc[::-1], there.chances, rtol=1e-6)
