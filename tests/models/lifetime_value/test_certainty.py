"""What is at least to come: of one customer, of several parts, of groups; and what is lost of billed money."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.models.btyd import fit_mbg_nbd, fit_pareto_nbd
from crm_research.models.lifetime_value import (
    add_outcomes,
    choose_spend,
    estimate_losses,
    order_quantile,
    outcome_quantile,
    value_orders,
)
from crm_research.models.lifetime_value.courses import courses_of
from crm_research.models.lifetime_value.parts import STEPS
from crm_research.models.lifetime_value.totals import outcome_limits
from tests.models.lifetime_value.worlds import a_world


@pytest.fixture(scope="module")
def world():
    return a_world(400, 5)


@pytest.fixture(scope="module")
def value(world):
    spend = choose_spend(world.rows)
    assert spend.name == "Gamma-Gamma"
    return value_orders(fit_pareto_nbd(world.rows), spend, world.rows, horizon_days=365, rate=0.0)


def one(*numbers):
    return np.array(numbers, dtype=float)


def test_the_quantile_is_that_of_nothing_or_a_gamma_amount():
    # A tenth gets nothing, the others a gamma amount of mean 100 and variance 2,500.
    mean, variance = 90.0, 0.9 * (2_500 + 100**2) - 90.0**2
    gamma = stats.gamma(4.0, scale=25.0)
    for share in (0.05, 0.1, 0.3, 0.9):
        found = outcome_quantile(share, one(mean), one(variance), one(0.1))
        assert found[0] == pytest.approx(gamma.ppf(max(share - 0.1, 0.0) / 0.9))
    # A loss is the same from the other side.
    assert outcome_quantile(0.3, one(-mean), one(variance), one(0.1))[0] == pytest.approx(-gamma.ppf(0.6 / 0.9))
    assert np.isnan(outcome_quantile(0.5, one(mean), one(np.nan), one(0.1))[0])
    assert outcome_quantile(0.5, one(0.0), one(0.0), one(1.0))[0] == 0.0


@pytest.mark.parametrize("is_signed", [False, True])
def test_limits_are_quantiles(is_signed):
    expected, variance, none = one(50.0, 80.0), one(900.0, 100.0), one(0.0, 0.001)
    lower, upper = outcome_limits(expected, variance, none, 0.95, is_signed=is_signed)
    for ends, share in ((lower, 0.025), (upper, 0.975)):
        found = outcome_quantile(share, expected, variance, none, is_signed=is_signed)
        np.testing.assert_allclose(found, ends, rtol=1e-9)


def test_of_two_customers_of_equal_value_the_surer_one_has_more_to_rely_on():
    sure, loose = outcome_quantile(0.1, one(100.0, 100.0), one(400.0, 10_000.0), one(0.0, 0.0))
    assert sure == pytest.approx(stats.gamma(25.0, scale=4.0).ppf(0.1))
    assert loose == pytest.approx(stats.expon(scale=100.0).ppf(0.1))
    assert sure > 7 * loose


def test_outcomes_of_two_parts_add_up_to_those_of_their_sum():
    first, second = stats.gamma(3.0, scale=10.0), stats.gamma(5.0, scale=10.0)
    steps = [np.tile(part.ppf(STEPS), (3, 1)) for part in (first, second)]
    together, tenth = add_outcomes(*steps, 0.1)
    np.testing.assert_allclose(tenth, stats.gamma(8.0, scale=10.0).ppf(0.1), rtol=0.02)
    assert together.mean() == pytest.approx((steps[0] + steps[1]).mean())
    assert (np.diff(together, axis=1) > 0).all()
    # Nothing beside it leaves a part as it is.
    alone, _ = add_outcomes(steps[0], np.zeros_like(steps[0]), 0.1)
    np.testing.assert_allclose(alone, steps[0])


def losses(**columns):
    return pd.DataFrame({"late": range(len(columns["due"])), **columns}, dtype=float)


def test_a_share_of_lost_money_is_drawn_towards_that_of_all_where_customers_are_few():
    # 100 customers of 10 each, one of whom paid nothing; and one customer of 10, who paid nothing either.
    sums = losses(
        n_customers=[100, 1], n_losing=[1, 1], due=[1_000, 10], lost=[10, 10], due_due=[10_000, 100],
        due_lost=[100, 100], lost_lost=[100, 100], bill_bill=[5_000, 100],
    )  # fmt: skip
    found = estimate_losses(sums, confidence=0.95)
    overall = 20 / 1_010
    assert found["share"].tolist() == pytest.approx([(1 + 2 * overall) / 102, (1 + 2 * overall) / 3])
    hits = 1 + 2 * overall
    ends = stats.beta(hits + 0.5, 102 - hits + 0.5)
    assert (found["lower"][0], found["upper"][0]) == pytest.approx((ends.ppf(0.025), ends.ppf(0.975)))
    assert found["variance"][0] == pytest.approx(ends.var())


def test_where_nothing_was_lost_nothing_is_taken_off_but_it_may_come():
    nothing = losses(n_customers=[50, 0], n_losing=[0, 0], due=[500, 0], lost=[0, 0], due_due=[5_000, 0],
                     due_lost=[0, 0], lost_lost=[0, 0], bill_bill=[900, 0])  # fmt: skip
    found = estimate_losses(nothing, confidence=0.95)
    assert found["share"].tolist() == [0.0, 0.0]
    assert found["lower"].tolist() == [0.0, 0.0]
    ends = [stats.beta(0.5, n + 0.5).ppf(0.975) for n in (52, 2)]
    assert found["upper"].tolist() == pytest.approx(ends)


@pytest.mark.slow
def test_limits_of_lost_money_hold_its_share():
    rng = np.random.default_rng(3)
    held, n = np.zeros(2), 400
    for _ in range(n):
        rows = []
        for share, size in ((0.01, 150), (0.08, 60)):
            bills = rng.poisson(4.0, size) + 1
            money = [rng.gamma(2.0, 50.0, count) for count in bills]
            due = np.array([part.sum() for part in money])
            lost = np.array([part[rng.random(len(part)) < share].sum() for part in money])
            squares = sum(float(part @ part) for part in money)
            rows.append((size, (lost > 0).sum(), due.sum(), lost.sum(), due @ due, due @ lost, lost @ lost, squares))
        names = ("n_customers", "n_losing", "due", "lost", "due_due", "due_lost", "lost_lost", "bill_bill")
        found = estimate_losses(losses(**dict(zip(names, zip(*rows, strict=True), strict=True))), confidence=0.95)
        held += (found["lower"] <= [0.01, 0.08]) & (found["upper"] >= [0.01, 0.08])
    assert (held / n > 0.93).all()
    assert (held / n < 0.995).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fitter", "kind"), [(fit_pareto_nbd, {}), (fit_mbg_nbd, {"story": "tossing"})], ids=["lifetimes", "tossing"]
)
def test_what_is_sure_comes_nine_times_of_ten(fitter, kind):
    """Of a customer, a tenth by value, and all together; two and a half standard errors of so few worlds beside it."""
    held: dict[str, list[float]] = {"customer": [], "decile": [], "firm": []}
    for seed in range(60):
        world = a_world(1_000, seed, **kind)
        value = value_orders(fitter(world.rows), choose_spend(world.rows), world.rows, horizon_days=365, rate=0.1)
        sure = order_quantile(value, 0.1)
        likely = value.none < 0.1
        held["customer"].append(float((world.came[likely] >= sure[likely]).mean()))
        decile = np.argsort(np.argsort(-value.expected, kind="stable"), kind="stable") * 10 // len(sure)
        for name, group in (("decile", decile), ("firm", np.zeros(len(sure), dtype=int))):
            found = value.total(group)
            variance = (found["of_params"] + found["of_outcome"]).to_numpy()
            least = outcome_quantile(0.1, found["expected"].to_numpy(), variance, found["none"].to_numpy())
            held[name].append(float((np.bincount(group, world.came) >= least).mean()))
    for name, shares in held.items():
        error = 2.5 * float(np.std(shares)) / np.sqrt(len(shares))
        assert 0.88 - error < float(np.mean(shares)) < 0.92 + error, (name, np.mean(shares))


def test_who_leaves_early_brings_little_and_the_quantile_knows_it(world, value):
    """Against drawn futures of one history: alive or not, a rate and a lifetime, then purchases and amounts."""
    rows = np.flatnonzero(value.none < 0.08)[:3]
    rng = np.random.default_rng(11)
    history = value.fit.history(world.rows.iloc[rows])
    for place, row in enumerate(rows):
        one_row = type(history)(*(np.repeat(column[place], 40_000) for column in history))
        horizon = np.full(40_000, 365.0 / value.fit.time_unit_days)
        bought = value.fit.family.draw_future(np.exp(value.fit.log_params), one_row, horizon, rng)
        p, q, gamma = np.exp(value.spend.params)
        x, spent = world.rows["frequency"].iloc[row], world.rows["spent"].iloc[row]
        rate = rng.gamma(p * x + q, size=40_000) / (gamma + spent)
        came = np.where(bought > 0, rng.gamma(np.maximum(p * bought, 1e-9)) / rate, 0.0)
        for share in (0.1, 0.25, 0.5):
            found = order_quantile(value, share, rows=np.array([row]))[0]
            assert abs((came < found).mean() - share) < 0.02, (row, share)


def test_quantiles_read_off_are_those_found_by_halving(value):
    rows = np.flatnonzero(value.none < 0.3)[:50]
    courses = courses_of(value, rows, np.full(len(rows), 0.03), 0.4)
    for share in (0.325, 0.525, 0.875):
        read = courses.quantiles(np.array([share]))[:, 0]
        np.testing.assert_allclose(read, courses.quantile(share), rtol=0.03)
        np.testing.assert_allclose(courses.below(courses.quantile(share)), share, atol=2e-3)


def test_bills_that_are_not_paid_cost_what_was_delivered(value):
    rows = np.flatnonzero(value.none < 0.05)[:20]
    paid = order_quantile(value, 0.1, rows=rows)
    tenth = order_quantile(value, 0.1, rows=rows, loss=np.full(len(rows), 0.1), margin=1.0)
    thin = order_quantile(value, 0.1, rows=rows, loss=np.full(len(rows), 0.1), margin=0.4)
    never = order_quantile(value, 0.1, rows=rows, loss=np.full(len(rows), 0.6), margin=0.4)
    assert (tenth < 0.92 * paid).all()
    assert (thin < 0.8 * tenth).all()
    assert (never < 0).all()
