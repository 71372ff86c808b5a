"""Small tables whose every number can be had by hand: weights, groups, distances, cards and refusals, whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.validation import measure_auc, measure_brier, measure_uno, read_outcomes, usable_horizon
from crm_research.models.validation.calibration import calibrate_groups, check_distribution
from crm_research.models.validation.card import validate_chances
from crm_research.models.validation.integrated import brier_grid, compare_integrated, integrate_brier
from crm_research.models.validation.measures import horizon_weights, population_weights
from crm_research.models.validation.optimism import estimate_optimism, resample_optimism
from crm_research.models.validation.risks import join_stretches, risk_at_start
from crm_research.models.validation.rules import fit_constant_rule, fit_tenure_rule

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9)
# Censored at 2 and 4: G = 1 before and at 2, 3/4 after 2, 3/8 after 4; Kaplan-Meier .8, .8 * 2/3, 0.
FIVE = pd.DataFrame({"tenure_days": [1.0, 2, 3, 4, 5], "is_ended": [True, False, True, False, True]})


def test_what_is_seen_before_and_after_each_tenure():
    seen = read_outcomes(FIVE)
    days = np.array([1.0, 2, 3, 4, 5])
    assert seen.n == 5
    assert seen.watched(days).tolist() == [5, 4, 3, 2, 1]
    assert seen.watched(days, after=True).tolist() == [4, 3, 2, 1, 0]
    assert seen.kaplan_meier(np.array([0.9, 1, 2.9, 3, 5])).tolist() == pytest.approx([1, 0.8, 0.8, 1.6 / 3, 0])
    assert seen.seen(days).tolist() == pytest.approx([1, 1, 0.75, 0.75, 0.375])
    assert seen.seen(days, after=True).tolist() == pytest.approx([1, 0.75, 0.75, 0.375, 0])
    assert seen.own_seen.tolist() == seen.seen(days).tolist()
    # All are met at half a day: before it nobody has left, and nobody is watched.
    late = read_outcomes(FIVE.assign(entry_days=0.5))
    assert late.kaplan_meier(np.array([0.2, 1.0])).tolist() == pytest.approx([1.0, 0.8])
    assert late.seen(np.array([0.2, 1.0])).tolist() == pytest.approx([0.0, 1.0])


def test_weights_with_one_who_was_met_late_by_hand():
    # The third is watched from day 1 on: at 1 one of three ends (the late one is not at risk there), at 3 one of two.
    rows = pd.DataFrame(
        {"entry_days": [0.0, 0, 1, 0], "tenure_days": [1.0, 3, 4, 6], "is_ended": [True, True, False, False]}
    )
    seen = read_outcomes(rows)
    assert seen.kaplan_meier(np.array([1.0, 3])).tolist() == pytest.approx([2 / 3, 4 / 9])
    assert seen.watched(np.array([0.0, 1, 1.5, 3])).tolist() == [3, 3, 3, 3]
    cases, beyond = horizon_weights(seen, 3.0)
    assert cases.tolist() == pytest.approx([1 / 3, 2 / 9, 0, 0])
    assert beyond.tolist() == pytest.approx([0, 0, 2 / 9, 2 / 9])
    assert population_weights(seen, 3.0).tolist() == pytest.approx([1 / 3, 2 / 9, 2 / 9, 2 / 9])
    # At day 1 itself the late one has been met, and stands for those who stayed.
    assert horizon_weights(seen, 1.0)[1].tolist() == pytest.approx([0, 2 / 9, 2 / 9, 2 / 9])
    assert horizon_weights(seen, 0.5)[1].tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    assert population_weights(read_outcomes(FIVE), 3.0).tolist() == [1.0] * 5


def test_errors_are_sums_of_what_each_customer_adds():
    owned = FIVE.assign(customer_id=["u", "v", "u", None, None])
    chance, score = np.array([0.2, 0.5, 0.4, 0.7, 0.9]), np.array([3.0, 4, 2, 2, 5])
    parts = np.array([0.04, 0, 4 / 3 * 0.16, 4 / 3 * 0.09, 4 / 3 * 0.01]) / 5
    alone = measure_brier(read_outcomes(FIVE), chance, days=3)
    moved = parts - parts.sum() / 5
    assert alone.influence.tolist() == pytest.approx(moved.tolist())
    assert alone.std_error == pytest.approx(np.sqrt((moved**2).sum()))
    # u's two rows move together, and so do the two without a name.
    together = measure_brier(read_outcomes(owned), chance, days=3)
    assert together.std_error == pytest.approx(
        np.sqrt((moved[0] + moved[2]) ** 2 + moved[1] ** 2 + (moved[3] + moved[4]) ** 2)
    )
    # Cases 1 (weight 1/5, half of the controls below) and 3 (4/15, a quarter); controls 4 and 5 (4/15 each).
    auc = measure_auc(read_outcomes(FIVE), score, days=3)
    cases, controls = np.array([3, 0, 4, 0, 0]) / 15, np.array([0, 0, 0, 4, 4]) / 15
    of_case = np.array([4, 0, 2, 0, 0]) / 15
    of_control = np.array([0, 0, 0, 3 + 2, 0]) / 15
    total = cases.sum() * controls.sum()
    moved = (
        cases * (of_case - auc.estimate * controls.sum()) + controls * (of_control - auc.estimate * cases.sum())
    ) / total
    assert auc.estimate == pytest.approx((1 * 0.5 + 4 / 3 * 0.25) / (7 / 3))
    assert auc.influence.tolist() == pytest.approx(moved.tolist())
    assert auc.std_error == pytest.approx(np.sqrt((moved**2).sum()))
    uno = measure_uno(read_outcomes(owned), score, until_days=5)
    assert uno.influence.tolist() == []
    assert uno.std_error > 0


def test_nothing_is_told_apart_where_nobody_ended_or_nobody_stayed():
    for days in (0.5, 5.0):
        found = measure_auc(read_outcomes(FIVE), np.arange(5.0), days=days)
        assert np.isnan([found.estimate, found.std_error, *found.influence]).all()
        assert len(found.influence) == 5


def test_outcomes_are_refused_in_words():
    with pytest.raises(
        ParameterError,
        match=r"^The outcomes have no column 'is_ended'\. Did you mean 'ended'\? Known: ended, tenure_days\.$",
    ):
        read_outcomes(FIVE.rename(columns={"is_ended": "ended"}))
    for wrong in ({"entry_days": [0.0, 2, 0, 0, 0]}, {"entry_days": [np.nan] * 5}, {"tenure_days": [np.inf] * 5}):
        with pytest.raises(
            ParameterError,
            match=r"^Outcomes need a tenure in every row, beyond the tenure at which observation began\.$",
        ):
            read_outcomes(FIVE.assign(**wrong))
    with pytest.raises(
        NotEnoughData, match=r"^A validation card cannot be worked out here\. Nobody ended in the time judged\.$"
    ):
        read_outcomes(FIVE.assign(is_ended=False))
    assert read_outcomes(FIVE.assign(entry_days=-3.0)).watched(np.array([1.0])).tolist() == [5]


def test_the_usable_horizon_asks_for_twenty_watched():
    for n, usable in ((20, 30.0), (19, 10.0)):
        # At 10 one ends; n are watched to 30, where one ends and the rest are cut off.
        rows = pd.DataFrame(
            {"tenure_days": [10.0] * 5 + [30.0] * n, "is_ended": [True] * 5 + [True] + [False] * (n - 1)}
        )
        assert usable_horizon(read_outcomes(rows)) == usable
    few = FIVE.assign(is_ended=True)
    assert usable_horizon(read_outcomes(few)) == 1.0  # of five all five are asked for
    # Forty left of 1,000, most of them cut off before: 4 % are seen, under 5; at 3 % asked for they are enough.
    rows = pd.DataFrame(
        {"tenure_days": [1.0] + [2.0] * 959 + [3.0] * 40, "is_ended": [True] + [False] * 959 + [True] * 40}
    )
    assert usable_horizon(read_outcomes(rows)) == 2.0
    assert usable_horizon(read_outcomes(rows), least_seen=0.03) == 3.0


def test_groups_of_risk_are_told_whole():
    tenure = [5.0, 20, 20, 3, 20, 8, 2, 20]
    rows = pd.DataFrame({"tenure_days": tenure, "is_ended": [True, False, False, True, False, True, True, False]})
    risk = np.array([0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    found = calibrate_groups(read_outcomes(rows), risk, days=10, n_groups=2, confidence=0.8)
    # The median risk is .35: four below, four above; two of four ended in each.
    assert found["group"].tolist() == ["all", "1", "2"]
    assert found["n"].tolist() == [8, 4, 4]
    assert found["horizon_days"].tolist() == [10.0] * 3
    assert found["expected"].tolist() == pytest.approx([0.3625, 0.175, 0.55])
    assert found["observed"].tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert found["n_at_risk"].tolist() == [4, 2, 2]
    for place, n in ((0, 8), (1, 4)):
        # Greenwood at one half without censoring: sqrt(.25 / n); on the log(-log) scale.
        spread = np.exp(Z * np.sqrt(1 / n) / np.log(2))
        assert [1 - found["upper"][place], 1 - found["lower"][place]] == pytest.approx(
            [0.5**spread, 0.5 ** (1 / spread)]
        )
    one = calibrate_groups(read_outcomes(rows), np.full(8, 0.4), days=10, n_groups=10, confidence=0.8)
    assert one["group"].tolist() == ["all"]
    many = calibrate_groups(
        read_outcomes(pd.concat([rows] * 3)), np.arange(24) / 24, days=10, n_groups=12, confidence=0.8
    )
    assert many["group"].tolist() == ["all", *(str(i) for i in range(1, 13))]


def test_chances_at_the_last_tenure_fill_their_bins():
    rows = pd.DataFrame({"tenure_days": [1.0, 2, 3, 4], "is_ended": [True, True, True, False]})
    chance = np.array([0.95, 0.3, 1.0, 0.6])
    table, p_value = check_distribution(read_outcomes(rows), chance, n_bins=4)
    # Ended: .95 and 1.0 in the last bin, .3 in the second; .6 is spread over 0 to .6: 5/12 each below, 1/6 in its own.
    assert table["observed"].tolist() == pytest.approx([5 / 12, 1 + 5 / 12, 1 / 6, 2.0])
    assert table["expected"].tolist() == [1.0] * 4
    assert table["from_chance"].tolist() == [0, 0.25, 0.5, 0.75]
    assert table["to_chance"].tolist() == [0.25, 0.5, 0.75, 1.0]
    chi = (7 / 12) ** 2 + (5 / 12) ** 2 + (5 / 6) ** 2 + 1
    assert p_value == pytest.approx(stats.chi2.sf(chi, 3))
    # Steps: the first from .45 to .95, of which .05, .25 and .2 lie in three bins; the second is a point.
    before = np.array([0.95, 0.3, 1.0, 0.9])
    low = np.array([0.45, 0.3, 0.75, 0.6])
    stepped, _ = check_distribution(read_outcomes(rows), low, survival_before_end=before, n_bins=4)
    assert stepped["observed"].tolist() == pytest.approx([5 / 12, 1 + 5 / 12 + 0.1, 1 / 6 + 0.5, 1.4])
    nobody = check_distribution(read_outcomes(rows), np.array([0.5, 0.5, 0.5, 0.0]), n_bins=2)[0]
    assert nobody["observed"].tolist() == pytest.approx([1.0, 3.0])
    assert len(check_distribution(read_outcomes(rows), chance)[0]) == 10


def test_the_integrated_score_is_a_mean_of_trapezoids():
    assert brier_grid(4.0, 2).tolist() == [0.0, 2.0, 4.0]
    assert len(brier_grid(4.0)) == 41
    seen = read_outcomes(FIVE)
    chances = {2.0: np.array([0.9, 0.8, 0.7, 0.6, 0.5]), 4.0: np.array([0.4, 0.5, 0.3, 0.2, 0.6])}
    parts = integrate_brier(seen, chances.__getitem__, until_days=4, n_grid=2)
    # Weights 1/4, 1/2, 1/4 of days 0, 2, 4. At 2: a case of .2, four beyond of .2; at 4 (1/5, 4/15; 8/15 over two).
    at_2 = np.array([0.81, 0.04, 0.09, 0.16, 0.25]) / 5
    at_4 = np.array([0.2 * 0.16, 0, 4 / 15 * 0.09, 4 / 15 * 0.64, 4 / 15 * 0.16])
    assert parts.tolist() == pytest.approx((at_2 / 2 + at_4 / 4).tolist())
    gain = compare_integrated(seen, chances.__getitem__, lambda days: np.full(5, 0.5), until_days=4, n_grid=2)
    other = integrate_brier(seen, lambda days: 0.5, until_days=4, n_grid=2)
    assert gain.estimate == pytest.approx((other - parts).sum())
    each = other - parts - gain.estimate / 5
    assert gain.std_error == pytest.approx(np.sqrt((each**2).sum()))


def test_rules_of_thumb_by_hand():
    # The second is watched from day 2 on; the third was never watched.
    rows = pd.DataFrame(
        {"entry_days": [-1.0, 2, 4, 0], "tenure_days": [3.0, 4, 4, 6], "is_ended": [True, True, True, False]}
    )
    assert fit_constant_rule(rows).daily_rate == pytest.approx(2 / (3 + 2 + 6))
    risk = fit_constant_rule(rows).risk(pd.DataFrame(index=[7, 3]), [11])
    assert risk.index.tolist() == [7, 3]
    assert risk.columns.tolist() == [11.0]
    assert risk[11.0].tolist() == pytest.approx([1 - np.exp(-2)] * 2)
    assert fit_constant_rule(rows.assign(tenure_days=0.0, entry_days=0.0)).daily_rate == 0.0
    # Without entry_days everybody is watched from 0 on: one of four ends at 3, two of three at 4, one is left until 6.
    rule = fit_tenure_rule(rows.drop(columns="entry_days"))
    told = rule.risk(pd.DataFrame({"tenure_days": [3.0, 0.0, 3.0]}, index=[5, 6, 7]), [1, 3, 4])
    assert told.index.tolist() == [5, 6, 7]
    assert told.columns.tolist() == [1.0, 3.0, 4.0]
    assert told[1.0].tolist() == pytest.approx([2 / 3, 0, 2 / 3])
    assert told[3.0].tolist() == pytest.approx([2 / 3, 0.25, 2 / 3])
    assert told[4.0].tolist() == pytest.approx([np.nan, 0.75, np.nan], nan_ok=True)  # nobody was watched for 7 days
    gone = fit_tenure_rule(FIVE.assign(is_ended=True))
    assert gone.risk(pd.DataFrame({"tenure_days": [5.0, 2.0]}), [9])[9.0].tolist() == [1.0, 1.0]


def test_stretches_are_joined_and_risks_are_told_from_the_start():
    rows = pd.DataFrame(
        {
            "is_ended": [True, False, False],
            "contract_id": ["p", "p", "q"],
            "entry_days": [40.0, 0.0, 5.0],
            "tenure_days": [70.0, 40.0, 9.0],
            "plan": ["new", "old", "old"],
        }
    )
    whole = pd.DataFrame(
        {
            "is_ended": [True, False],
            "contract_id": ["p", "q"],
            "entry_days": [0.0, 5.0],
            "tenure_days": [70.0, 9.0],
            "plan": ["old", "old"],
        }
    )
    pd.testing.assert_frame_equal(join_stretches(rows), whole)
    assert join_stretches(whole) is whole

    class Told:
        def risk(self, frame, horizons_days):
            assert frame["tenure_days"].tolist() == frame["entry_days"].tolist() == [0.0, 0.0]
            return pd.DataFrame({float(horizons_days[0]): [0.25, 0.5]})

    assert risk_at_start(Told(), whole, 30.0).tolist() == [0.25, 0.5]


def test_optimism_is_what_the_resamples_flatter():
    rows = pd.DataFrame({"y": [1.0, 4.0, 9.0, 2.0, 7.0], "who": ["a", "b", "b", None, "c"]})

    def build(sample):
        mean = sample["y"].mean()
        return lambda judged: np.full(len(judged), mean)

    def measure(judged, score):
        return float(((judged["y"] - score) ** 2).mean())

    for cluster, n in ((None, 12), ("who", 12), (None, 7)):
        found = estimate_optimism(rows, build, measure, seed=4, cluster=cluster, n_resamples=n, confidence=0.8)
        rng = np.random.default_rng(4)
        blocks = [[0], [1], [2], [3], [4]] if cluster is None else [[0], [1, 2], [3], [4]]
        own, gaps = [], []
        for _ in range(n):
            sample = rows.iloc[[i for block in rng.integers(0, len(blocks), len(blocks)) for i in blocks[block]]]
            scorer = build(sample)
            own.append(measure(sample, scorer(sample)))
            gaps.append(own[-1] - measure(rows, scorer(rows)))
        apparent = float(rows["y"].var(ddof=0))
        assert found.apparent == pytest.approx(apparent)
        assert found.optimism == pytest.approx(np.mean(gaps))
        assert found.corrected == pytest.approx(apparent - np.mean(gaps))
        limits = np.quantile(own, [0.1, 0.9]) - np.mean(gaps)
        if n == 7:
            # Seven cannot reach a tail of one in ten: their spread to either side; qt(.9, 6) is 1.439756 in R.
            limits = apparent - np.mean(gaps) + np.array([-1, 1]) * 1.439756 * np.std(own, ddof=1)
        assert [found.lower, found.upper] == pytest.approx(limits.tolist())
        assert (found.n_resamples, found.n_failed) == (n, 0)


def test_a_unit_that_is_drawn_twice_stands_for_two_and_failures_are_counted():
    rows = pd.DataFrame({"unit": ["p", "p", "q", "r"], "who": ["a", "a", "b", "c"], "y": [1.0, 2, 3, 4]})
    drawn = []

    def build(sample):
        drawn.append(sample)
        if len(drawn) == 3:
            raise ValueError("no")
        return sample

    def measure(judged, model):
        return {"n": float(judged["unit"].nunique()), "missing": np.nan}

    found = resample_optimism(rows, build, measure, seed=2, cluster="who", unit="unit", n_resamples=5)
    assert list(found) == ["n"]
    assert (found["n"].n_resamples, found["n"].n_failed) == (4, 1)
    for sample in drawn[1:]:
        assert sample["unit"].nunique() == 3  # three customers of one contract each, whoever was drawn
        assert sample.index.tolist() == list(range(len(sample)))
    with pytest.raises(ValueError, match=r"^The model could be built and measured on no resample\.$"):
        resample_optimism(rows, lambda sample: sample, lambda judged, model: {"x": np.nan}, seed=1, n_resamples=2)


def test_a_card_says_what_was_measured_how_and_what_was_not():
    rng = np.random.default_rng(3)
    stay = rng.exponential(100, 60)
    rows = pd.DataFrame({"tenure_days": np.minimum(stay, 80.0), "is_ended": stay <= 80})
    n_ended = int((stay <= 80).sum())
    card = validate_chances(
        rows, lambda days: np.full(60, np.exp(-days / 100)), horizons_days=[30, 60, 90], n_grid=4, confidence=0.8
    )
    assert card.measures["measure"].tolist() == [
        "uno_c", "ibs", "ibs_null", "ibs_gain",
        *("auc", "brier", "brier_null", "calibration_slope", "observed_to_expected", "ici", "e90") * 2,
    ]  # fmt: skip
    assert card.measures["horizon_days"].tolist() == [60.0] * 4 + [30.0] * 7 + [60.0] * 7
    assert card.measures["best"].tolist() == ["1", "0", "0", "above 0", *("1", "0", "0", "1", "1", "0", "0") * 2]
    said = "Cox on the complementary log-log of the risk"
    assert card.measures["estimator"].tolist() == [
        "Uno's C, as far as usable",
        *["Brier score with censoring weights, mean over 0 to 60 days"] * 3,
        *(
            "cumulative/dynamic, weighted", "Graf, weighted", "Graf, weighted", said, "1 - Kaplan-Meier over mean risk",
            *[f"{said}, natural spline; limits from its error, at least as wide as needed"] * 2,
        ) * 2,
    ]  # fmt: skip
    assert card.notes == (
        "At 90 days too few were still watched (the records reach 80 days): nothing is measured there.",
        f"Only {n_ended} ends: fewer than 100, so calibration is judged loosely.",
    )
    assert (card.n, card.n_ended, card.usable_days, card.confidence) == (60, n_ended, 80.0, 0.8)
    assert card.is_calibrated
    assert card.reasons == ()
    assert np.isnan(card.distribution_p)
    assert card.distribution.empty
    # Everybody has one chance: the Brier score at 30 is plain, and its error that of a mean.
    squared = (np.exp(-0.3) - (stay > 30)) ** 2
    row = card.measures.query("measure == 'brier' and horizon_days == 30").iloc[0]
    half = Z * squared.std() / np.sqrt(60)
    limits = [squared.mean(), squared.mean() - half, squared.mean() + half]
    assert row[["estimate", "lower", "upper"]].tolist() == pytest.approx(limits)
    observed = float((stay <= 60).mean())
    assert card.value("observed_to_expected", 60) == pytest.approx(observed / -np.expm1(-0.6))
    assert card.value("brier", 30) == pytest.approx(squared.mean())
    assert card.value("brier_null", 30) == pytest.approx(np.mean(stay <= 30) * np.mean(stay > 30))
    assert card.value("uno_c") == 0.5
    assert np.isnan(card.value("auc", 45))
    assert np.isnan(card.value("nothing"))
    assert card.calibration["group"].tolist() == ["all", "all"]


def test_a_card_that_fails_says_which_way():
    rng = np.random.default_rng(5)
    stay = rng.exponential(100, 400)
    rows = pd.DataFrame({"tenure_days": np.minimum(stay, 80.0), "is_ended": stay <= 80})
    for scale, meant in ((20, "fewer left than were said to"), (900, "more left than were said to")):
        card = validate_chances(
            rows, lambda days, s=scale: np.full(400, np.exp(-days / s)), horizons_days=[30], n_grid=2
        )
        row = card.measures.query("measure == 'observed_to_expected'").iloc[0]
        assert card.reasons == (
            (
                f"at 30 days observed over expected is {row['estimate']:.2f} ({row['lower']:.2f} to "
                f"{row['upper']:.2f}), where 1 is right: {meant}"
            ),
        )
        assert not card.is_calibrated
        assert card.notes == ()
    late = validate_chances(rows, lambda days: np.full(400, 0.5), horizons_days=[900], n_grid=2)
    assert late.reasons == ("Calibration could not be judged at any horizon asked for.",)
    assert late.calibration.empty
    nought = validate_chances(rows, lambda days: np.ones(400), horizons_days=[30], n_grid=2)
    assert nought.reasons == ("at 30 days observed over expected could not be measured",)
