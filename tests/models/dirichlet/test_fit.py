"""Recovery of markets whose truth is known, and brands against the norm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.models.dirichlet import (
    ABOVE,
    AS_NORM,
    BELOW,
    TOO_FEW,
    build_tallies,
    compare_with_norm,
    fit_dirichlet,
    measure_duplication,
)
from tests.models.dirichlet.markets import SHARES, draw_purchases, masks, tally

TRUTH = {"m": 5.0, "k": 0.8, "s": 1.6}


def drawn(n=8000, seed=1, **other):
    return draw_purchases(n, seed=seed, **{**TRUTH, **other})[0]


@pytest.mark.parametrize("method", ["zeros", "likelihood"])
def test_truth_is_recovered(method):
    fit = fit_dirichlet(tally(drawn(30_000)), method=method)
    used = fit.params[fit.params["is_used"]].set_index("name")
    for name, truth in TRUTH.items():
        assert used.loc[name, "estimate"] == pytest.approx(truth, rel=0.06)
        assert used.loc[name, "lower"] < used.loc[name, "estimate"] < used.loc[name, "upper"]
    found = fit.predict()
    assert found["purchases_per_buyer"].is_monotonic_decreasing
    assert (found["scr"] > found["share"]).all()


def test_in_a_market_that_is_the_norm_no_brand_stands_out():
    tallies = tally(drawn(6000, seed=8))
    norm = compare_with_norm(tallies, fit_dirichlet(tallies))
    assert norm["verdict"].tolist() == [AS_NORM] * len(SHARES)
    assert norm["purchases_per_buyer_excess"].abs().max() < 0.4


def test_a_niche_and_a_brand_for_a_change_are_told_apart():
    purchases = drawn(6000, seed=9)
    buyers = np.flatnonzero(purchases[:, 2])
    rng = np.random.default_rng(0)
    keen = rng.choice(buyers, len(buyers) // 2, replace=False)
    purchases[keen, 2] += rng.poisson(6, len(keen))  # half of brand 3's buyers come much more often
    tried = np.flatnonzero(purchases[:, 3] == 0)
    purchases[rng.choice(tried, 900, replace=False), 3] += 1  # many try brand 4 once
    tallies = tally(purchases)
    norm = compare_with_norm(tallies, fit_dirichlet(tallies)).set_index("brand")
    assert norm.loc["brand 3", "verdict"] == ABOVE
    assert norm.loc["brand 3", "scr_lower"] > 0
    assert norm.loc["brand 4", "verdict"] == BELOW


def test_only_buyers_known():
    purchases = drawn(20_000, seed=5)
    bought = purchases[purchases.sum(axis=1) > 0]
    tallies = tally(bought)
    fit = fit_dirichlet(tallies)
    assert fit.is_truncated
    used = fit.params[fit.params["is_used"]].set_index("name")["estimate"]
    for name, truth in TRUTH.items():
        assert used[name] == pytest.approx(truth, rel=0.12)
    # Penetrations are shares of the buyers: close to what is observed among them.
    np.testing.assert_allclose(fit.predict()["penetration"], tallies.observed()["penetration"][0], atol=0.02)


def test_a_later_period_is_predicted_for_those_known():
    first, second = draw_purchases(30_000, periods=2, seed=11, **TRUTH)
    seen = (second > 0).mean(axis=0)
    np.testing.assert_allclose(fit_dirichlet(tally(first)).predict_later(1.0), seen, atol=0.012)
    known = first.sum(axis=1) > 0
    fit = fit_dirichlet(tally(first[known]))
    np.testing.assert_allclose(fit.predict_later(1.0), (second[known] > 0).mean(axis=0), atol=0.015)
    again = ((first > 0) & (second > 0)).sum(axis=0) / (first > 0).sum(axis=0)
    np.testing.assert_allclose(fit_dirichlet(tally(first)).predict()["repeat_share"], again, atol=0.03)


def test_duplication_by_hand():
    sets = pd.DataFrame({"group": [0, 0, 0], "mask": [0b01, 0b10, 0b11], "customers": [2, 1, 1]})
    found = measure_duplication(sets, np.array([0]), np.array([10]), ["a", "b"])
    assert found.table.loc["a", "b"] == pytest.approx(1 / 3)
    assert found.table.loc["b", "a"] == pytest.approx(1 / 2)
    # D = sum b(Y|X) b(Y) / sum b(Y)^2 over both orders.
    assert float(found.law.estimate) == pytest.approx((1 / 3 * 0.2 + 1 / 2 * 0.3) / (0.2**2 + 0.3**2))
    assert np.isnan(found.law.lower)
    assert measure_duplication(sets.head(2), np.array([0]), np.array([10]), ["a", "b"]) is None


def test_a_pair_that_belongs_together_is_found():
    purchases = drawn(5000, seed=3)
    both = purchases[:, 5] > 0
    purchases[both, 6] += 1
    found = measure_duplication(
        masks(purchases), np.arange(40), np.full(40, 125), [f"brand {i + 1}" for i in range(len(SHARES))]
    )
    first = found.pairs.iloc[0]
    assert {first["brand"], first["other"]} == {"brand 6", "brand 7"}
    assert found.law.lower < found.law.estimate < found.law.upper


def test_degenerate_markets_get_words_or_an_error():
    with pytest.raises(NotEnoughData, match="brands bought"):
        fit_dirichlet(tally(np.array([[3, 0], [1, 0]])))
    with pytest.raises(
        NotEnoughData,
        match=r"^The Dirichlet model cannot be worked out here\. Choose a category that somebody bought\.$",
    ):
        build_tallies(*(pd.DataFrame({"group": [], "n": [], "customers": []}),) * 3, [])
    loyal = np.zeros((400, 3), dtype=int)
    loyal[np.arange(400), np.arange(400) % 3] = 1 + np.arange(400) % 5
    fit = fit_dirichlet(tally(loyal))
    norm = compare_with_norm(tally(loyal), fit)
    assert (norm["sole_share"] == 1.0).all()
    assert any("no freedom of choice (S) explains" in note for note in fit.notes)
    few = fit_dirichlet(tally(drawn(60), n_groups=4))
    assert any("intervals" in note for note in few.notes)
    assert set(compare_with_norm(tally(drawn(60), n_groups=4), few)["verdict"]) == {TOO_FEW}


def test_unit_of_counting_does_not_matter_to_brands_order():
    purchases = drawn(3000, seed=12)
    there, back = tally(purchases), tally(purchases[:, ::-1])
    one, other = fit_dirichlet(there).predict(), fit_dirichlet(back).predict()
    np.testing.assert_allclose(one["penetration"], other["penetration"][::-1], rtol=1e-9)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """100 markets of 2,000 customers: intervals of S (likelihood), K and the excess, whose truth is nought."""
    hits = {"k": 0, "s": 0, "excess": 0}
    cells = 0
    for seed in range(100):
        tallies = tally(drawn(2000, seed=1000 + seed))
        fit = fit_dirichlet(tallies, method="likelihood")
        used = fit.params[fit.params["is_used"]].set_index("name")
        for name in ("k", "s"):
            hits[name] += used.loc[name, "lower"] <= TRUTH[name] <= used.loc[name, "upper"]
        # Limits hold for all brands together: this is the level at which those of one brand hold 95 % of the time.
        norm = compare_with_norm(tallies, fit, confidence=1 - 0.05 * len(tallies.names))
        hits["excess"] += int(((norm["ratio_lower"] <= 0) & (norm["ratio_upper"] >= 0)).sum())
        cells += len(norm)
    assert 88 <= hits["k"] <= 100
    assert 88 <= hits["s"] <= 100
    assert 0.91 <= hits["excess"] / cells <= 0.99
