"""The card passes chances that are right, fails those that exaggerate, and says what it could not judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.models.hazards import fit_cox, measure_concordance
from crm_research.models.validation import (
    check_distribution,
    estimate_optimism,
    read_outcomes,
    validate_chances,
)

HORIZONS = [60.0, 120.0, 240.0]


def a_world(n: int = 3000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    eta = 0.7 * rng.normal(size=n)
    stay, watch = rng.exponential(300 * np.exp(-eta)), rng.uniform(100, 600, n)
    return pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch}), eta


def chances(eta, factor=1.0, scale=300.0):
    return lambda days: np.exp(-days / scale * np.exp(factor * eta))


def test_the_truth_passes_and_beats_the_rule():
    outcomes, eta = a_world()
    at_end = np.exp(-outcomes["tenure_days"].to_numpy() / 300 * np.exp(eta))
    card = validate_chances(outcomes, chances(eta), horizons_days=HORIZONS, survival_at_end=at_end)
    assert card.is_calibrated
    assert card.reasons == ()
    rows = card.measures.set_index(["measure", "horizon_days"])
    for days in HORIZONS:
        slope = rows.loc[("calibration_slope", days)]
        assert slope["lower"] < 1 < slope["upper"]
        assert rows.loc[("ici", days), "estimate"] < 0.03
        assert rows.loc[("brier", days), "estimate"] < rows.loc[("brier_null", days), "estimate"]
    assert rows.loc[("ibs_gain", 240.0), "lower"] > 0
    assert card.value("ibs_gain") == pytest.approx(card.value("ibs_null") - card.value("ibs"))
    assert card.distribution_p > 0.001
    assert card.distribution["observed"].sum() == pytest.approx(card.n)
    groups = card.calibration.loc[card.calibration["group"] != "all"]
    inside = (groups["lower"] <= groups["expected"]) & (groups["expected"] <= groups["upper"])
    assert inside.mean() > 0.8
    assert groups.groupby("horizon_days")["n"].sum().tolist() == [card.n] * 3


def test_exaggerated_differences_fail_by_their_slope():
    outcomes, eta = a_world()
    card = validate_chances(outcomes, chances(eta, factor=2.0), horizons_days=HORIZONS)
    honest = validate_chances(outcomes, chances(eta), horizons_days=HORIZONS)
    assert not card.is_calibrated
    assert "calibration slope" in card.reasons[0]
    # The risk's logarithm was doubled, so its coefficient halves; the order of customers stays what it was. Risks
    # that round to 1 cannot be doubled, so the longest horizon is left out.
    for days in HORIZONS[:2]:
        half = honest.value("calibration_slope", days) / 2
        assert card.value("calibration_slope", days) == pytest.approx(half, rel=0.01)
    assert card.value("uno_c") == pytest.approx(honest.value("uno_c"))


def test_risks_too_high_for_everybody_fail_though_their_slope_is_right():
    outcomes, eta = a_world()
    card = validate_chances(outcomes, chances(eta, scale=150.0), horizons_days=[120.0])
    assert card.value("calibration_slope", 120.0) == pytest.approx(1.0, abs=0.15)
    assert card.value("observed_to_expected", 120.0) < 0.8
    assert not card.is_calibrated
    assert "observed over expected" in card.reasons[0]


def test_a_horizon_nobody_was_watched_to_is_not_judged():
    outcomes, eta = a_world()
    card = validate_chances(outcomes, chances(eta), horizons_days=[120.0, 5000.0])
    assert card.measures["horizon_days"].max() <= 120.0
    assert card.notes[0].startswith("At 5,000 days too few")
    none = validate_chances(outcomes, chances(eta), horizons_days=[5000.0])
    assert not none.is_calibrated
    assert none.calibration.empty


def test_one_chance_for_everybody_ranks_nobody_and_gains_nothing():
    outcomes, _ = a_world(800)
    seen = read_outcomes(outcomes)

    def rule(days: float) -> np.ndarray:
        return np.full(800, seen.kaplan_meier(np.array([days]))[0])

    card = validate_chances(outcomes, rule, horizons_days=[120.0])
    assert card.value("uno_c") == pytest.approx(0.5)
    assert card.value("auc", 120.0) == pytest.approx(0.5)
    assert card.value("ibs_gain") == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(card.value("calibration_slope", 120.0))
    assert card.is_calibrated
    assert card.value("observed_to_expected", 120.0) == pytest.approx(1.0)


def test_customers_met_late_are_survivors_and_the_card_allows_for_it():
    outcomes, eta = a_world(4000)
    rng = np.random.default_rng(5)
    entry = np.where(rng.random(4000) < 0.5, rng.uniform(0, 150, 4000), 0.0)
    met = (outcomes["tenure_days"] > entry).to_numpy()
    late = outcomes.assign(entry_days=entry)[met].reset_index(drop=True)
    card = validate_chances(late, chances(eta[met]), horizons_days=[200.0])
    assert card.is_calibrated
    assert card.value("observed_to_expected", 200.0) == pytest.approx(1.0, abs=0.05)


def test_nobody_ended():
    outcomes, eta = a_world(50)
    with pytest.raises(
        NotEnoughData, match=r"^A validation card cannot be worked out here\. Nobody ended in the time judged\.$"
    ):
        validate_chances(outcomes.assign(is_ended=False), chances(eta), horizons_days=[60.0])


def test_distribution_by_hand():
    # One ended with a chance of 0.05 (lowest bin); one censored at 0.25 is spread: .4, .4 and .2 of its own bin.
    outcomes = read_outcomes(pd.DataFrame({"tenure_days": [5.0, 3.0], "is_ended": [True, False]}))
    table, _ = check_distribution(outcomes, np.array([0.05, 0.25]))
    assert table["observed"].tolist() == pytest.approx([1.4, 0.4, 0.2, 0, 0, 0, 0, 0, 0, 0])


def test_distribution_sees_chances_that_are_wrong():
    outcomes, eta = a_world()
    wrong = np.exp(-outcomes["tenure_days"].to_numpy() / 150 * np.exp(eta))
    assert check_distribution(read_outcomes(outcomes), wrong)[1] < 1e-6


@pytest.mark.slow
def test_a_model_of_pure_noise_is_worth_nothing_after_its_optimism():
    outcomes, _ = a_world(150, seed=2)
    names = [f"noise{place}" for place in range(12)]
    rows = outcomes.join(pd.DataFrame(np.random.default_rng(3).normal(size=(150, 12)), columns=names))

    def build(sample: pd.DataFrame):  # type: ignore[no-untyped-def]
        return fit_cox(sample, names).score

    def measure(judged: pd.DataFrame, score: np.ndarray) -> float:
        return measure_concordance(score, judged["tenure_days"].to_numpy(), judged["is_ended"].to_numpy()).estimate

    found = estimate_optimism(rows, build, measure, seed=1, n_resamples=40)
    assert found.apparent > 0.58
    assert found.corrected == pytest.approx(0.5, abs=0.05)
    assert found.lower < found.corrected < found.upper
    assert found == estimate_optimism(rows, build, measure, seed=1, n_resamples=40)


def test_customers_are_drawn_whole():
    rows = pd.DataFrame({"customer_id": list("aabbbc"), "value": range(6)})
    sizes = []

    def build(sample: pd.DataFrame):  # type: ignore[no-untyped-def]
        counts = sample.groupby("customer_id").size()
        sizes.extend((counts / counts.index.map({"a": 2, "b": 3, "c": 1})).tolist())
        return lambda judged: judged["value"].to_numpy(dtype=float)

    estimate_optimism(rows, build, lambda _, score: float(score.mean()), seed=1, cluster="customer_id", n_resamples=20)
    assert all(float(size).is_integer() for size in sizes)


def test_the_distribution_is_judged_on_one_degree_of_freedom_less_than_bins():
    # Two customers in the lowest of four bins, one in each other: (1.25 - 2)^2 / 1.25 + 3 x .25^2 / 1.25 = .6.
    ends = pd.DataFrame({"tenure_days": [1.0, 2, 3, 4, 5], "is_ended": True})
    table, p_value = check_distribution(read_outcomes(ends), np.array([0.05, 0.2, 0.3, 0.6, 0.9]), n_bins=4)
    assert table["observed"].tolist() == [2, 1, 1, 1]
    assert p_value == pytest.approx(0.8964324, abs=1e-7)  # R: pchisq(.6, 3, lower.tail = FALSE)
