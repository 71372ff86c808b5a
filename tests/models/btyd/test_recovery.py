"""Simulated worlds: the truth is found again, and 95 % intervals hold it about 95 times in 100."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd import fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd
from tests.models.btyd.worlds import a_bg_nbd_world, a_pareto_nbd_world, spending_customers

BG_TRUTH = {"r": 0.8, "alpha": 40.0, "a": 0.9, "b": 2.5}
PARETO_TRUTH = {"r": 0.8, "alpha": 40.0, "s": 1.2, "beta": 150.0}
SPEND_TRUTH = {"p": 4.0, "q": 5.0, "gamma": 60.0}


def estimates(fit) -> dict[str, float]:
    return dict(zip(fit.params["name"], fit.params["estimate"], strict=True))


def holds(fit, truth) -> np.ndarray:
    values = fit.params["name"].map(truth)
    return ((fit.params["lower"] <= values) & (values <= fit.params["upper"])).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fit", "world", "truth", "tolerance"),
    [
        (fit_bg_nbd, lambda: a_bg_nbd_world(200_000, seed=1), BG_TRUTH, 0.05),
        (fit_mbg_nbd, lambda: a_bg_nbd_world(200_000, seed=2, is_first_tossed=True), BG_TRUTH, 0.06),
        (fit_pareto_nbd, lambda: a_pareto_nbd_world(200_000, seed=3), PARETO_TRUTH, 0.10),
    ],
    ids=["BG/NBD", "MBG/NBD", "Pareto/NBD"],
)
def test_two_hundred_thousand_customers_give_the_truth_back(fit, world, truth, tolerance):
    found = fit(world(), time_unit_days=1.0)
    assert found.is_converged
    assert estimates(found) == pytest.approx(truth, rel=tolerance)
    # Six standard errors: wrong standard errors would show here, chance would not.
    distance = np.abs(np.log(found.params["estimate"] / found.params["name"].map(truth)))
    assert (distance < 6 * found.params["se"] / found.params["estimate"]).all()


@pytest.mark.parametrize(
    ("fit", "world", "truth"),
    [
        (fit_bg_nbd, lambda: a_bg_nbd_world(2_000, seed=1), BG_TRUTH),
        (fit_mbg_nbd, lambda: a_bg_nbd_world(2_000, seed=2, is_first_tossed=True), BG_TRUTH),
        (fit_pareto_nbd, lambda: a_pareto_nbd_world(2_000, seed=3), PARETO_TRUTH),
        (fit_gamma_gamma, lambda: spending_customers(2_000, seed=4), SPEND_TRUTH),
    ],
    ids=["BG/NBD", "MBG/NBD", "Pareto/NBD", "Gamma-Gamma"],
)
def test_two_thousand_customers_give_it_back_within_their_limits(fit, world, truth):
    frame = world()
    found = fit(frame) if fit is fit_gamma_gamma else fit(frame, time_unit_days=1.0)
    assert found.is_converged
    distance = np.abs(np.log(found.params["estimate"] / found.params["name"].map(truth)))
    assert (distance < 3.5 * found.params["se"] / found.params["estimate"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fit", "world", "truth"),
    [
        (fit_bg_nbd, lambda seed: a_bg_nbd_world(3_000, seed=seed), BG_TRUTH),
        (fit_mbg_nbd, lambda seed: a_bg_nbd_world(3_000, seed=seed, is_first_tossed=True), BG_TRUTH),
        (fit_pareto_nbd, lambda seed: a_pareto_nbd_world(3_000, seed=seed), PARETO_TRUTH),
        (fit_gamma_gamma, lambda seed: spending_customers(1_000, seed=seed), SPEND_TRUTH),
    ],
    ids=["BG/NBD", "MBG/NBD", "Pareto/NBD", "Gamma-Gamma"],
)
def test_intervals_of_parameters_cover_the_truth(fit, world, truth):
    options = {} if fit is fit_gamma_gamma else {"time_unit_days": 1.0}
    n_worlds = 200
    covered = np.array([holds(fit(world(1000 + seed), **options), truth) for seed in range(n_worlds)])
    # 95 % of 200 worlds, with four standard errors for each parameter and a closer look at all together.
    assert covered.mean(axis=0) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / n_worlds))
    assert covered.mean() == pytest.approx(0.95, abs=0.03)


@pytest.mark.slow
def test_whole_number_limits_hold_the_purchases_of_the_holdout():
    rng = np.random.default_rng(11)
    truth = np.array([0.8, 40.0, 0.9, 2.5])
    world = a_bg_nbd_world(4_000, seed=9)
    fit = fit_bg_nbd(world, time_unit_days=1.0)
    history = fit.history(world)
    future = fit.family.draw_future(truth, history, np.full(len(world), 180.0), rng)
    limits = fit.expected_purchases(world, 180, confidence=0.9, is_outcome=True, n_draws=400)
    share = ((limits["lower"] <= future) & (future <= limits["upper"])).mean()
    # Counts are coarse, so the limits hold at least their share.
    assert 0.89 <= share <= 0.99
