"""Measures by hand, by identity and by recovery from records with censoring and late entry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.survival import count_rows, estimate_survival
from crm_research.models.validation import (
    measure_auc,
    measure_brier,
    measure_uno,
    read_outcomes,
    usable_horizon,
)
from crm_research.models.validation.measures import horizon_weights

# Censored at 2 and 4: G = 1 before and at 2, 3/4 after 2, 3/8 after 4.
FIVE = pd.DataFrame({"tenure_days": [1.0, 2, 3, 4, 5], "is_ended": [True, False, True, False, True]})
SCORE = np.array([3.0, 4, 2, 2, 5])


def test_uno_by_hand():
    # The end at 1 makes four pairs of weight 1, two right; that at 3 two pairs of weight 16/9, one of them tied.
    outcomes = read_outcomes(FIVE)
    assert measure_uno(outcomes, SCORE, until_days=5).estimate == pytest.approx((2 + 0.5 * 16 / 9) / (4 + 2 * 16 / 9))
    assert measure_uno(outcomes, SCORE, until_days=2.5).estimate == pytest.approx(0.5)


def test_brier_by_hand():
    # Weights 1 (end at 1), 4/3 (end at 3), 4/3 each (beyond 3), of five customers.
    chances = np.array([0.2, 0.5, 0.4, 0.7, 0.9])
    by_hand = (0.04 + 4 / 3 * 0.16 + 4 / 3 * (0.09 + 0.01)) / 5
    assert measure_brier(read_outcomes(FIVE), chances, days=3).estimate == pytest.approx(by_hand)


def test_auc_by_hand():
    # Case at 1 (score 3, weight 1) beats one of two controls; case at 3 (score 2, weight 4/3) ties with one.
    by_hand = (1 * 0.5 + 4 / 3 * 0.25) / (7 / 3)
    assert measure_auc(read_outcomes(FIVE), SCORE, days=3).estimate == pytest.approx(by_hand)


def test_without_censoring_measures_are_the_plain_ones():
    rng = np.random.default_rng(0)
    tenure, score, chance = rng.permutation(200) + 1.0, rng.normal(size=200), rng.random(200)
    outcomes = read_outcomes(pd.DataFrame({"tenure_days": tenure, "is_ended": True}))
    brier = measure_brier(outcomes, chance, days=80)
    squared = (chance - (tenure > 80)) ** 2
    assert brier.estimate == pytest.approx(squared.mean())
    assert brier.std_error == pytest.approx(squared.std() / np.sqrt(200))
    above = score[tenure <= 80][:, None] > score[tenure > 80][None, :]
    assert measure_auc(outcomes, score, days=80).estimate == pytest.approx(above.mean())


@st.composite
def records(draw):
    n = draw(st.integers(5, 60))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    entry = np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.5])), rng.integers(0, 6, n), 0).astype(float)
    entry[0] = 0.0
    ended = rng.random(n) < 0.6
    ended[0] = True
    return pd.DataFrame({"entry_days": entry, "tenure_days": entry + rng.integers(1, 12, n), "is_ended": ended})


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(records(), st.integers(1, 10))
def test_weights_sum_to_kaplan_meier_also_with_late_entry(frame, days):
    outcomes = read_outcomes(frame)
    cases, beyond = horizon_weights(outcomes, float(days))
    survival = outcomes.kaplan_meier(np.array([float(days)]))[0]
    assert cases.sum() == pytest.approx(1 - survival, abs=1e-9)
    # Nobody may be watched just after the day; then nobody can stand for those who stayed.
    assert beyond.sum() == pytest.approx(survival if beyond.any() else 0.0, abs=1e-9)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(records())
def test_the_share_seen_is_kaplan_meier_of_the_censoring_without_late_entry(frame):
    frame = frame.assign(tenure_days=frame["tenure_days"] - frame["entry_days"], entry_days=0.0)
    outcomes = read_outcomes(frame)
    days = np.unique(frame["tenure_days"])
    # Censored just after those who end at the same tenure: half a day later.
    later = frame["tenure_days"] + np.where(frame["is_ended"], 0.0, 0.5)
    if frame["is_ended"].all():
        expected = np.ones(len(days))
    else:
        curve = estimate_survival(count_rows(later, ~frame["is_ended"]))
        expected = curve.at(list(days - 0.25))["survival"].to_numpy()
    np.testing.assert_allclose(outcomes.seen(days), expected, atol=1e-12)


def test_kaplan_meier_as_the_model_has_brier_s_times_one_minus_s():
    frame = FIVE
    outcomes = read_outcomes(frame)
    survival = outcomes.kaplan_meier(np.array([3.0]))[0]
    brier = measure_brier(outcomes, np.full(5, survival), days=3)
    assert brier.estimate == pytest.approx(survival * (1 - survival))


def test_the_horizon_stops_before_weights_explode():
    rng = np.random.default_rng(0)
    stay, watch = rng.exponential(500, 2000), rng.exponential(60, 2000)
    outcomes = read_outcomes(pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch}))
    usable = usable_horizon(outcomes)
    assert usable < 200
    assert 1 / outcomes.seen(np.array([usable]))[0] <= 20 + 1e-9
    assert outcomes.watched(np.array([usable]))[0] >= 20


def test_outcomes_must_have_been_watched_and_somebody_must_have_ended():
    with pytest.raises(ParameterError, match="beyond the tenure"):
        read_outcomes(FIVE.assign(entry_days=[0, 0, 3, 0, 0]))
    with pytest.raises(ParameterError, match="is_ended"):
        read_outcomes(FIVE.drop(columns="is_ended"))
    with pytest.raises(
        NotEnoughData, match=r"^A validation card cannot be worked out here\. Nobody ended in the time judged\.$"
    ):
        read_outcomes(FIVE.assign(is_ended=False))


def population(n, seed):
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=n)
    return eta, rng.exponential(300 * np.exp(-eta)), rng


@pytest.mark.slow
def test_censoring_and_late_entry_leave_the_measures_where_they_are():
    eta, stay, rng = population(60_000, 3)
    whole = read_outcomes(pd.DataFrame({"tenure_days": stay, "is_ended": True}))
    chance = np.exp(-300 / 300 * np.exp(eta))
    truth = [
        measure_uno(whole, eta, until_days=300).estimate,
        measure_auc(whole, eta, days=300).estimate,
        measure_brier(whole, chance, days=300).estimate,
    ]
    entry = np.where(rng.random(len(eta)) < 0.5, rng.uniform(0, 250, len(eta)), 0.0)
    watch = entry + rng.uniform(50, 700, len(eta))
    met = stay > entry
    frame = pd.DataFrame({"entry_days": entry, "tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})[met]
    seen = read_outcomes(frame)
    found = [
        measure_uno(seen, eta[met], until_days=300),
        measure_auc(seen, eta[met], days=300),
        measure_brier(seen, chance[met], days=300),
    ]
    for name, measured, true in zip(("C", "AUC", "Brier"), found, truth, strict=True):
        assert measured.estimate == pytest.approx(true, abs=max(4 * measured.std_error, 0.005)), name
    # Without the weights Harrell's C is off.
    from crm_research.models.hazards import measure_concordance

    harrell = measure_concordance(eta[met], seen.tenure, seen.ended, entry=seen.entry).estimate
    assert abs(harrell - truth[0]) > abs(found[0].estimate - truth[0])


@pytest.mark.slow
def test_intervals_cover():
    eta, stay, _ = population(200_000, 1)
    whole = read_outcomes(pd.DataFrame({"tenure_days": stay, "is_ended": True}))
    truth = {
        "uno": measure_uno(whole, eta, until_days=300).estimate,
        "auc": measure_auc(whole, eta, days=200).estimate,
        "brier": measure_brier(whole, np.exp(-200 / 300 * np.exp(eta)), days=200).estimate,
    }
    hits = dict.fromkeys(truth, 0)
    for seed in range(200):
        eta, stay, rng = population(400, 100 + seed)
        watch = rng.uniform(100, 600, 400)
        seen = read_outcomes(pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch}))
        found = {
            "uno": measure_uno(seen, eta, until_days=300),
            "auc": measure_auc(seen, eta, days=200),
            "brier": measure_brier(seen, np.exp(-200 / 300 * np.exp(eta)), days=200),
        }
        for name, measured in found.items():
            hits[name] += abs(measured.estimate - truth[name]) <= 1.96 * measured.std_error
    assert all(0.91 <= n / 200 <= 0.99 for n in hits.values()), hits


def test_who_was_censored_at_the_horizon_itself_has_stayed_until_then():
    rows = pd.DataFrame({"tenure_days": [1.0, 3, 3, 5], "is_ended": [True, False, True, False]})
    cases, beyond = horizon_weights(read_outcomes(rows), 3.0)
    assert cases.tolist() == pytest.approx([0.25, 0, 0.25, 0])
    assert beyond.tolist() == pytest.approx([0, 0.25, 0, 0.25])
