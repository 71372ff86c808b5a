"""The simplest rules by hand, stretches put together, and what is left of a model that is mere fitting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.models.hazards import fit_cox
from crm_research.models.validation import (
    brier_grid,
    check_distribution,
    compare_integrated,
    estimate_risk_optimism,
    fit_constant_rule,
    fit_tenure_rule,
    integrate_brier,
    join_stretches,
    measure_brier,
    read_outcomes,
    risk_at_start,
)
from tests.models.validation.test_card import a_world

FOUR = pd.DataFrame(
    {"entry_days": 0.0, "tenure_days": [10.0, 20.0, 20.0, 40.0], "is_ended": [True, True, False, False]}
)


def test_the_rule_by_tenure_by_hand():
    # Kaplan-Meier: 3/4 after 10, 1/2 after 20; watched to 40.
    rule = fit_tenure_rule(FOUR)
    asked = pd.DataFrame({"tenure_days": [0.0, 10.0, 25.0]}, index=[7, 8, 9])
    risk = rule.risk(asked, [10, 20])
    assert risk.index.tolist() == [7, 8, 9]
    assert risk.columns.tolist() == [10.0, 20.0]
    assert risk[10.0].tolist() == pytest.approx([1 / 4, 1 / 3, 0.0])
    assert risk[20.0].tolist()[:2] == pytest.approx([1 / 2, 1 / 3])
    assert np.isnan(risk[20.0].iloc[2])  # 45 days: nobody was watched so long
    assert rule.risk(asked.iloc[:0], [10.0]).empty


def test_after_everybody_left_nobody_is_said_to_stay():
    rule = fit_tenure_rule(FOUR.assign(is_ended=True))
    assert rule.risk(pd.DataFrame({"tenure_days": [50.0]}), [5.0]).iloc[0, 0] == 1.0


def test_the_constant_rate_by_hand():
    # Two ends in 90 days under observation.
    risk = fit_constant_rule(FOUR).risk(pd.DataFrame({"tenure_days": [0.0, 30.0]}), [30.0])
    assert risk[30.0].tolist() == pytest.approx([1 - np.exp(-30 * 2 / 90)] * 2)
    assert fit_constant_rule(FOUR.iloc[:0]).daily_rate == 0.0
    with pytest.raises(
        NotEnoughData, match=r"^A survival curve cannot be worked out here\. No spell has been observed for any time\.$"
    ):
        fit_tenure_rule(FOUR.iloc[:0])


def in_stretches(whole: pd.DataFrame) -> pd.DataFrame:
    """Each contract cut in the middle."""
    half = np.floor(whole["tenure_days"] / 2)
    early = whole.assign(tenure_days=half, is_ended=False)
    late = whole.assign(entry_days=half)
    rows = pd.concat([early, late], ignore_index=True)
    return rows.loc[rows["tenure_days"] > rows["entry_days"]].sample(frac=1, random_state=1).reset_index(drop=True)


def contracts(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    outcomes, eta = a_world(n, seed)
    whole = outcomes.assign(
        tenure_days=np.ceil(outcomes["tenure_days"]),
        entry_days=0.0,
        contract_id=[f"k{i:05d}" for i in range(n)],
        customer_id=[f"c{i // 2}" for i in range(n)],
        eta=eta,
    )
    return whole, eta


def test_stretches_say_what_whole_contracts_say():
    whole, _ = contracts(400)
    rows = in_stretches(whole)
    pd.testing.assert_frame_equal(
        join_stretches(rows).sort_values("contract_id", ignore_index=True)[list(whole.columns)], whole
    )
    asked = pd.DataFrame({"tenure_days": [0.0, 33.0, 120.0]})
    pd.testing.assert_frame_equal(fit_tenure_rule(rows).risk(asked, [60]), fit_tenure_rule(whole).risk(asked, [60]))
    assert fit_constant_rule(rows) == fit_constant_rule(whole)


def test_the_integral_of_the_brier_score_is_the_mean_over_its_grid():
    outcomes, eta = a_world(500)
    seen = read_outcomes(outcomes)

    def stay(days: float) -> np.ndarray:
        return np.exp(-days / 300 * np.exp(eta))

    grid = brier_grid(200.0, 10)
    scores = [measure_brier(seen, stay(day), days=day).estimate for day in grid[1:]]
    by_hand = (sum(scores) - scores[-1] / 2) / 10
    assert integrate_brier(seen, stay, until_days=200.0, n_grid=10).sum() == pytest.approx(by_hand)
    same = compare_integrated(seen, stay, stay, until_days=200.0)
    assert (same.estimate, same.std_error) == (0.0, 0.0)
    worse = compare_integrated(seen, stay, lambda days: stay(3 * days), until_days=200.0)
    assert worse.estimate > 2 * worse.std_error > 0


def test_chances_that_fall_in_steps_are_spread_over_the_step():
    # A true model that leaves 0.3, then the rest, at two tenures: read at the end only, it would look wrong.
    rng = np.random.default_rng(3)
    first = rng.random(5000) < 0.3
    outcomes = read_outcomes(pd.DataFrame({"tenure_days": np.where(first, 1.0, 2.0), "is_ended": True}))
    at_end, before = np.where(first, 0.7, 0.0), np.where(first, 1.0, 0.7)
    assert check_distribution(outcomes, at_end)[1] < 1e-6
    table, p = check_distribution(outcomes, at_end, survival_before_end=before)
    assert p > 0.01
    assert table["observed"].sum() == pytest.approx(5000)
    assert table["observed"].tolist()[:7] == pytest.approx([(~first).sum() / 7] * 7)


def test_risks_from_the_start_ask_for_new_contracts():
    whole, _ = contracts(200)
    rule = fit_tenure_rule(whole)
    np.testing.assert_allclose(risk_at_start(rule, whole, 100.0), rule.risk(whole.assign(tenure_days=0), [100])[100.0])


@pytest.mark.slow
def test_the_optimism_of_noise_is_found_and_that_of_the_truth_is_none():
    whole, _ = contracts(240, seed=2)
    names = [f"noise{place}" for place in range(12)]
    noise = pd.DataFrame(np.random.default_rng(3).normal(size=(240, 12)), columns=names)
    rows = in_stretches(whole.join(noise))
    fitted = estimate_risk_optimism(
        rows, lambda sample: fit_cox(sample, names), horizon_days=180.0, seed=1, n_resamples=10
    )
    assert fitted["uno_c"].optimism > 0.04
    assert fitted["uno_c"].corrected < 0.58
    assert fitted["calibration_slope"].apparent == pytest.approx(1.0, abs=0.25)
    assert fitted["calibration_slope"].corrected < 0.6

    class Truth:
        def risk(self, frame, horizons_days):
            days = np.array(horizons_days, dtype=float)
            stay = np.exp(-np.exp(frame["eta"].to_numpy())[:, None] * days / 300)
            return pd.DataFrame(1 - stay, index=frame.index, columns=list(days))

    known = estimate_risk_optimism(rows, lambda _: Truth(), horizon_days=180.0, seed=1, n_resamples=15)
    assert known["uno_c"].optimism == pytest.approx(0.0, abs=0.025)
    assert known["calibration_slope"].optimism == pytest.approx(0.0, abs=0.12)


def test_a_contract_drawn_twice_stands_for_two():
    whole, _ = contracts(60)
    rows = in_stretches(whole)
    sizes = []

    def fit(sample: pd.DataFrame):  # type: ignore[no-untyped-def]
        sizes.append((sample["contract_id"].nunique(), len(join_stretches(sample)), sample["customer_id"].nunique()))
        return fit_tenure_rule(sample)

    estimate_risk_optimism(rows, fit, horizon_days=100.0, seed=1, n_resamples=5)
    assert sizes[0] == (60, 60, 30)
    for n_contracts, n_joined, n_customers in sizes[1:]:
        assert n_contracts == n_joined == 60  # two contracts each, thirty customers drawn
        assert n_customers < 30
