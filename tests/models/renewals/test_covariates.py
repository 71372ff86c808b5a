"""Covariates of renewing: a known mixture is recovered; edges have names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_grouped
from crm_research.models.renewals import fit_renewal_covariates
from crm_research.models.renewals.covariates import ALIKE, _objective
from tests.models.renewals.samples import some_counts


def exact_counts(ratios: dict[str, float], shape: float, rate: float, n: float = 1e6) -> pd.DataFrame:
    """What a gamma mixture of proportional dangers gives at each renewal, without chance."""
    rows = []
    for level, ratio in ratios.items():
        t = np.arange(9.0)
        there = n * (1 + t * ratio / rate) ** -shape
        rows += [(level, k + 1, there[k], there[k] - there[k + 1]) for k in range(8)]
    return pd.DataFrame(rows, columns=["plan", "renewal", "n_up", "n_left"])


def test_a_known_mixture_is_recovered():
    counts = exact_counts({"basic": 1.0, "加强版": 2.0}, shape=0.8, rate=4.0)
    fit = fit_renewal_covariates(counts, ["plan"])
    row = fit.ratios.iloc[0]
    assert (row["level"], row["reference"]) == ("加强版", "basic")
    assert row["hazard_ratio"] == pytest.approx(2.0, rel=1e-4)
    assert fit.shape == pytest.approx(0.8, rel=1e-3)
    assert row["lower"] < 2.0 < row["upper"]
    assert fit.p_value < 1e-9
    assert fit.is_converged


def test_a_number_is_read_by_one_more_of_its_unit():
    counts = exact_counts({"0": 1.0, "10": 1.5, "20": 2.25}, shape=2.0, rate=9.0)
    counts["fee"] = counts["plan"].astype(float)
    fit = fit_renewal_covariates(counts, ["fee"])
    assert fit.ratios["hazard_ratio"].item() == pytest.approx(1.5**0.1, rel=1e-4)


def test_without_other_differences_it_is_the_grouped_hazard_of_one_danger():
    counts = []
    for level, danger in (("a", 0.1), ("b", 0.2)):
        there = 50_000 * np.exp(-danger * np.arange(7))
        counts += [(level, k + 1, there[k], there[k] - there[k + 1]) for k in range(6)]
    frame = pd.DataFrame(counts, columns=["plan", "renewal", "n_up", "n_left"])
    fit = fit_renewal_covariates(frame, ["plan"])
    assert ALIKE in fit.notes
    assert np.isinf(fit.shape)
    whole = frame.round().astype({"n_up": int, "n_left": int})
    peer = fit_grouped(
        whole.rename(columns={"renewal": "period_index", "n_up": "n_at_risk", "n_left": "n_ended"}), ["plan"]
    )
    ratio = peer.terms["hazard_ratio"].iloc[0]
    assert fit.ratios["hazard_ratio"].item() in (pytest.approx(ratio, rel=1e-3), pytest.approx(1 / ratio, rel=1e-3))
    # One danger in all renewals here, its own in each there: the ratio is nearly as sure in both.
    own, other = fit.ratios.iloc[0], peer.terms.iloc[0]
    width = np.log(own["upper"] / own["lower"])
    assert width == pytest.approx(np.log(other["upper"] / other["lower"]), rel=0.02)
    assert own["hazard_ratio"] ** 2 == pytest.approx(own["lower"] * own["upper"])
    assert own["lower"] < own["hazard_ratio"] < own["upper"]
    narrow = fit_renewal_covariates(frame, ["plan"], confidence=0.8).ratios.iloc[0]
    # R: qnorm(.9) / qnorm(.975) = .6538621
    assert np.log(narrow["upper"] / narrow["lower"]) == pytest.approx(0.6538621 * width, rel=1e-4)


def test_every_column_of_the_ratios_of_two_groups_and_of_a_number():
    counts = exact_counts({"basic": 1.0, "plus": 2.0}, shape=0.8, rate=4.0, n=1000).assign(fee=5.0)
    counts.loc[counts["renewal"] > 3, "fee"] = 7.0
    fit = fit_renewal_covariates(counts, ["plan", "fee"])
    assert fit.ratios.columns.tolist() == [
        "covariate", "level", "reference", "hazard_ratio", "lower", "upper", "n_up", "n_left",
    ]  # fmt: skip
    plus = counts.loc[counts["plan"] == "plus"]
    told = fit.ratios[["covariate", "level", "reference", "n_up", "n_left"]].to_numpy().tolist()
    assert told == [
        ["plan", "plus", "basic", int(plus["n_up"].sum()), int(plus["n_left"].sum())],
        ["fee", "1 more", "", int(counts["n_up"].sum()), int(counts["n_left"].sum())],
    ]
    assert fit.shape_lower < fit.shape < fit.shape_upper
    assert fit.shape**2 == pytest.approx(fit.shape_lower * fit.shape_upper)


@pytest.mark.parametrize("is_mixed", [True, False])
def test_gradients_agree_with_differences(is_mixed):
    rng = np.random.default_rng(2)
    renewal, n_up = rng.integers(1, 7, 12).astype(float), rng.integers(50, 100, 12).astype(float)
    objective = _objective(renewal, n_up, np.floor(n_up * 0.3), rng.normal(size=(2, 12)), is_mixed=is_mixed)
    for point in rng.normal(0, 0.5, (4, 4 if is_mixed else 3)):
        assert objective(point)[1] == pytest.approx(approx_fprime(point, lambda at: objective(at)[0], 1e-7), abs=2e-6)


def test_constants_and_small_groups_get_a_note_and_no_ratio():
    rows = [("a", 1, 500, 100), ("a", 2, 400, 50), ("b", 1, 300, 100), ("b", 2, 200, 40), ("rare", 1, 9, 0)]
    counts = pd.DataFrame(rows, columns=["plan", "renewal", "n_up", "n_left"]).assign(country=1.0)
    fit = fit_renewal_covariates(counts, ["plan", "country"])
    assert fit.ratios["level"].tolist() == ["b"]
    assert any("'rare'" in note for note in fit.notes)
    assert any("country is the same" in note for note in fit.notes)


def test_groups_without_a_ratio_do_not_join_the_reference():
    rows = [("a", 1, 500, 100), ("a", 2, 400, 50), ("b", 1, 300, 100), ("b", 2, 200, 40)]
    counts = pd.DataFrame(rows, columns=["plan", "renewal", "n_up", "n_left"])
    alone = fit_renewal_covariates(counts, ["plan"])
    # 900 of a trial that nobody renewed: with the reference they would turn the ratio of b.
    trial = pd.DataFrame([("trial", 1, 900, 900)], columns=counts.columns)
    fit = fit_renewal_covariates(pd.concat([counts, trial]), ["plan"])
    pd.testing.assert_frame_equal(fit.ratios, alone.ratios)
    assert fit.ratios["reference"].tolist() == ["a"]
    assert fit.ratios["hazard_ratio"].item() > 1.3
    assert fit.p_value == pytest.approx(alone.p_value)
    assert fit.notes[0] == (
        "plan: fewer than 5 of 'trial' left or renewed, so no ratio can be given for them; their 900 renewals were "
        "left out."
    )


@pytest.mark.parametrize(("n_left", "is_kept"), [(4, False), (5, True)])
def test_the_fewest_who_left_for_a_ratio_are_five(n_left, is_kept):
    rows = [("a", 1, 500, 100), ("a", 2, 400, 50), ("b", 1, 300, 100), ("c", 1, 90, n_left)]
    counts = pd.DataFrame(rows, columns=["plan", "renewal", "n_up", "n_left"])
    assert ("c" in fit_renewal_covariates(counts, ["plan"]).ratios["level"].tolist()) is is_kept


def test_a_covariate_of_one_group_that_can_be_compared_is_left_out_and_its_rows_stay():
    rows = [("a", "x", 1, 500, 100), ("b", "x", 1, 400, 150), ("b", "y", 1, 9, 0)]
    counts = pd.DataFrame(rows, columns=["plan", "town", "renewal", "n_up", "n_left"])
    fit = fit_renewal_covariates(counts, ["plan", "town"])
    assert fit.ratios["covariate"].tolist() == ["plan"]
    assert fit.ratios["n_up"].tolist() == [409]
    assert any(note.startswith("town was left out: fewer than two of its groups") for note in fit.notes)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ParameterError, match="no column 'plann'"):
        fit_renewal_covariates(some_counts((1, 9, 3)).assign(plan="a"), ["plann"])
    for n_left in (0, 9):
        with pytest.raises(
            NotEnoughData,
            match=r"^A model of renewals with covariates cannot be worked out here\. Some must have renewed, and some "
            r"not\.$",
        ):
            fit_renewal_covariates(some_counts((1, 9, n_left)).assign(plan="a"), ["plan"])
