"""Smooth shapes: printed results, lifelines, finite differences, and the edges."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from lifelines import (
    ExponentialFitter,
    LogLogisticAFTFitter,
    LogLogisticFitter,
    LogNormalAFTFitter,
    LogNormalFitter,
    SplineFitter,
    WeibullAFTFitter,
    WeibullFitter,
)
from scipy import integrate

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.parametric import SHAPES, fit_parametric
from crm_research.models.parametric.moves import as_counts as in_one_form
from crm_research.models.parametric.moves import build_moves
from tests.models.parametric.worlds import as_counts, weibull_spells
from tests.models.survival.samples import PLACEBO, SIX_MP

PEERS = {
    "exponential": ExponentialFitter,
    "weibull": WeibullFitter,
    "log_normal": LogNormalFitter,
    "log_logistic": LogLogisticFitter,
}
REGRESSIONS = {
    "weibull": (WeibullAFTFitter, "lambda_"),
    "log_normal": (LogNormalAFTFitter, "mu_"),
    "log_logistic": (LogLogisticAFTFitter, "alpha_"),
}


def remission_spells() -> pd.DataFrame:
    frame = pd.DataFrame(SIX_MP + PLACEBO, columns=["tenure_days", "is_ended"])
    return frame.assign(treatment=["6-MP"] * len(SIX_MP) + ["control"] * len(PLACEBO))


def test_leukaemia_remission_as_printed():
    # Venables and Ripley (2002), Modern Applied Statistics with S, 4th edition, section 13.2 (survreg on gehan):
    # Weibull 3.516, -1.267 (0.311), log scale -0.312 (0.147), log-likelihoods -106.6 and -116.4 without treatment;
    # exponential 1.527 (0.398), -108.5 and -116.8.
    weibull = fit_parametric(remission_spells(), shape="weibull", covariates=["treatment"])
    row = weibull.ratios.iloc[0]
    assert (row["level"], row["reference"]) == ("6-MP", "control")
    assert [round(row["coefficient"], 3), round(row["std_error"], 3)] == [1.267, 0.311]
    scale = weibull.parameters.set_index("parameter").loc["log_scale"]
    assert [round(scale["estimate"], 3), round(scale["std_error"], 3)] == [-0.312, 0.147]
    exponential = fit_parametric(remission_spells(), shape="exponential", covariates=["treatment"])
    assert [round(v, 3) for v in exponential.ratios[["coefficient", "std_error"]].iloc[0]] == [1.527, 0.398]
    nulls = [fit_parametric(remission_spells(), shape=shape).log_likelihood for shape in ("weibull", "exponential")]
    found = [weibull.log_likelihood, nulls[0], exponential.log_likelihood, nulls[1]]
    assert [round(value, 1) for value in found] == [-106.6, -116.4, -108.5, -116.8]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("shape", PEERS)
def test_curves_agree_with_lifelines(shape, late):
    spells = weibull_spells(late=late)
    own = fit_parametric(as_counts(spells), shape=shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = PEERS[shape]().fit(spells["tenure_days"], spells["is_ended"], entry=spells["entry_days"])
    assert own.log_likelihood == pytest.approx(peer.log_likelihood_, abs=1e-4)
    days = [5.0, 50.0, 300.0, 2000.0]
    assert own.at(days)["survival"].tolist() == pytest.approx(peer.survival_function_at_times(days).tolist(), abs=2e-5)
    assert own.median()["days"].item() == pytest.approx(peer.median_survival_time_, rel=1e-4)
    assert own.log_likelihood >= peer.log_likelihood_ - 1e-6


@pytest.mark.parametrize("shape", REGRESSIONS)
def test_time_ratios_agree_with_lifelines(shape):
    spells = weibull_spells(late=True)
    own = fit_parametric(spells, shape=shape, covariates=["size", "kind"]).ratios.set_index("covariate")
    peer, name = REGRESSIONS[shape]
    reference = own.loc["kind", "reference"]
    table = spells.assign(kind=(spells["kind"] != reference).astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = peer().fit(table, "tenure_days", "is_ended", entry_col="entry_days").summary.loc[name]
    for covariate in ("size", "kind"):
        assert own.loc[covariate, "coefficient"] == pytest.approx(other.loc[covariate, "coef"], abs=3e-3)
        assert own.loc[covariate, "std_error"] == pytest.approx(other.loc[covariate, "se(coef)"], rel=1e-3)
    assert own.loc["kind", "lower"] < 2.0 < own.loc["kind", "upper"] or own.loc["kind", "reference"] == "b"


@pytest.mark.parametrize("n_knots", [1])
def test_the_spline_is_that_of_lifelines(n_knots):
    spells = weibull_spells(late=True)
    own = fit_parametric(as_counts(spells), shape="spline", n_knots=n_knots)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = SplineFitter(np.exp(own._curve.knots)).fit(
            spells["tenure_days"], spells["is_ended"], entry=spells["entry_days"]
        )
    assert own.log_likelihood == pytest.approx(peer.log_likelihood_, abs=0.01)
    assert own.log_likelihood >= peer.log_likelihood_ - 1e-6
    days = [5.0, 50.0, 300.0, 900.0]
    assert own.at(days)["survival"].tolist() == pytest.approx(peer.survival_function_at_times(days).tolist(), abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_slopes_are_those_of_finite_differences(shape):
    spells = weibull_spells(300, late=True)
    fit = fit_parametric(spells, shape=shape)
    curve, theta = fit._curve, fit._theta + 0.01
    moves = build_moves(in_one_form(spells), np.empty((len(spells), 0)))
    here, step = curve.evaluate(theta, moves), 1e-5
    days = np.array([3.0, 80.0, 900.0])
    for place in range(len(theta)):
        move = np.eye(len(theta))[place] * step
        up, down = curve.evaluate(theta + move, moves), curve.evaluate(theta - move, moves)
        assert here.score[place] == pytest.approx(
            (up.log_likelihood - down.log_likelihood) / (2 * step), rel=1e-4, abs=1e-3
        )
        assert here.information[place] == pytest.approx(-(up.score - down.score) / (2 * step), rel=1e-4, abs=1e-2)
        read, high, low = (curve.read(t, days, np.empty((3, 0))) for t in (theta, theta + move, theta - move))
        assert read.d_cumulative[:, place] == pytest.approx((high.cumulative - low.cumulative) / (2 * step), rel=1e-4)
        assert read.d_log_hazard[:, place] == pytest.approx(
            (high.log_hazard - low.log_hazard) / (2 * step), rel=1e-4, abs=1e-6
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_survival_mean_and_hazard_belong_together(shape):
    fit = fit_parametric(as_counts(weibull_spells()), shape=shape)
    area, _ = integrate.quad(lambda t: float(fit.at(t)["survival"].iloc[0]), 0, 500, limit=200)
    assert fit.restricted_mean(500)["mean_days"].item() == pytest.approx(area, rel=1e-3)
    around = fit.at([99.99, 100.01, 100.0])
    falls = -(np.log(around["survival"][1]) - np.log(around["survival"][0])) / 0.02
    assert around["hazard"][2] == pytest.approx(falls, rel=1e-3)
    median = fit.median().iloc[0]
    assert fit.at(median["days"])["survival"].item() == pytest.approx(0.5)
    assert median["lower"] < median["days"] < median["upper"]
    risk = fit.risk(pd.DataFrame({"tenure_days": [0.0, 100.0]}), [30.0])[30.0]
    at = fit.at([30.0, 100.0, 130.0])["survival"]
    assert risk.tolist() == pytest.approx([1 - at[0], 1 - at[2] / at[1]], rel=1e-4)


def test_the_mean_without_a_horizon():
    counts = as_counts(weibull_spells())
    for shape in ("exponential", "weibull", "log_normal"):
        fit = fit_parametric(counts, shape=shape)
        far = fit.restricted_mean(300_000)["mean_days"].item()
        mean = fit.mean().iloc[0]
        assert mean["mean_days"] == pytest.approx(far, rel=0.01)
        assert mean["lower"] < mean["mean_days"] < mean["upper"]
    assert np.isnan(fit_parametric(counts, shape="spline").mean()["mean_days"].item())


def test_rows_weights_and_counts_say_the_same():
    spells = weibull_spells(400, late=True)
    spells["tenure_days"], spells["entry_days"] = np.ceil(spells["tenure_days"]), np.floor(spells["entry_days"])
    keys = ["tenure_days", "entry_days", "is_ended"]
    weighted = spells.groupby(keys, as_index=False).size().rename(columns={"size": "weight"})
    whole = fit_parametric(spells[keys], shape="weibull")
    for other in (as_counts(spells), weighted):
        fit = fit_parametric(other, shape="weibull")
        assert (fit.n, fit.n_ended) == (whole.n, whole.n_ended)
        assert fit.log_likelihood == pytest.approx(whole.log_likelihood)
        assert fit.parameters["std_error"].tolist() == pytest.approx(whole.parameters["std_error"].tolist())


def test_weeks_or_days_give_the_same_curve():
    counts = as_counts(weibull_spells())
    weeks = counts.assign(tenure_days=counts["tenure_days"] / 7)
    for shape in SHAPES:
        in_days, in_weeks = (fit_parametric(table, shape=shape) for table in (counts, weeks))
        assert in_weeks.at(20)["survival"].item() == pytest.approx(in_days.at(140)["survival"].item(), rel=1e-6)


def test_half_a_day_for_whoever_left_on_the_first():
    spells = pd.DataFrame({"tenure_days": [0.0, 0, 10, 40, 90], "is_ended": [True, False, True, True, False]})
    half = spells.assign(tenure_days=spells["tenure_days"].replace(0.0, 0.5))
    for shape in ("weibull", "log_normal"):
        assert fit_parametric(spells, shape=shape).log_likelihood == fit_parametric(half, shape=shape).log_likelihood


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "spells",
    {
        "one end": [(30, True)],
        "one end among running": [(30, True), (40, False), (400, False)],
        "all at one tenure": [(30, True)] * 20,
        "all on the first day": [(0, True)] * 5,
        "two tenures": [(1, True), (10_000_000, True)],
        "huge": [(10**k, True) for k in range(9)],
    }.items(),
    ids=lambda item: item[0],
)
def test_thin_records_give_a_sound_answer_or_a_note(shape, spells):
    frame = pd.DataFrame(spells[1], columns=["tenure_days", "is_ended"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_parametric(frame, shape=shape)
        at = fit.at([0.0, 10.0, 1000.0])
        fit.median(), fit.restricted_mean(100.0), fit.mean()
    assert at["survival"].between(0, 1).all()
    assert fit.has_converged or any("did not settle" in note for note in fit.notes)
    assert fit.has_converged or at["lower"].iloc[1:].isna().all()


def test_what_cannot_be_fitted_is_refused_in_words():
    spells = weibull_spells(50)
    with pytest.raises(NotEnoughData, match="ended yet"):
        fit_parametric(spells.assign(is_ended=False))
    with pytest.raises(ParameterError, match="weibull"):
        fit_parametric(spells, shape="weibul")
    with pytest.raises(ParameterError, match="takes no covariates"):
        fit_parametric(spells, shape="spline", covariates=["kind"])
    with pytest.raises(ParameterError, match="n_knots"):
        fit_parametric(spells, shape="spline", n_knots=9)
    with pytest.raises(ParameterError, match="columns"):
        fit_parametric(spells[["kind"]])
    with pytest.raises(ParameterError, match="not negative"):
        fit_parametric(spells.assign(tenure_days=-1.0))


def test_covariates_that_say_nothing_are_left_out_with_a_note():
    spells = weibull_spells(300).assign(same="x")
    spells.loc[3, "size"] = np.nan
    spells["twin"] = 2 * spells["size"] + 1
    fit = fit_parametric(spells, shape="weibull", covariates=["size", "twin", "same", "kind"])
    assert set(fit.ratios["covariate"]) == {"size", "kind"}
    assert any("same is the same" in note for note in fit.notes)
    assert any("left out" in note and "twin" in note for note in fit.notes)
    assert any("size is not known in 1 of 300 rows" in note for note in fit.notes)
    assert fit.n == 300
    risk = fit.risk(spells.head(5), [30.0, 300.0])
    assert risk[30.0].notna().all()
    assert (risk[300.0].dropna() > risk[30.0].dropna()).all()
    profile = fit.at([100.0], spells.loc[[0]])
    assert 0 < profile["lower"].item() < profile["survival"].item() < profile["upper"].item() < 1


@pytest.mark.slow
def test_intervals_cover_the_truth():
    hits, n_worlds = np.zeros(3), 150
    for seed in range(n_worlds):
        rng = np.random.default_rng(seed)
        stay, watch = 400 * rng.weibull(0.8, 300), rng.uniform(50, 900, 300)
        frame = pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})
        fit = fit_parametric(frame, shape="weibull")
        median, at = fit.median().iloc[0], fit.at(300).iloc[0]
        scale = fit.parameters.set_index("parameter").loc["log_scale"]
        hits += [
            median["lower"] <= 400 * np.log(2) ** 1.25 <= median["upper"],
            at["lower"] <= np.exp(-(0.75**0.8)) <= at["upper"],
            scale["lower"] <= -np.log(0.8) <= scale["upper"],
        ]
    assert (hits / n_worlds >= 0.90).all()
    assert (hits / n_worlds <= 0.99).all()
