"""Every column of every result on small tables, at a level that is not the usual one; and every refusal, whole."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.decisions import (
    Offer,
    Risks,
    SaveRate,
    believe_save_rate,
    combine_rates,
    decompose_rates,
    expected_maximum_profit,
    find_best_list,
    measure_net_benefit,
    needed_retention,
    power_of_trial,
    size_trial,
)
from crm_research.models.decisions.profit import _draw

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9), the limits of 80 %
CELLS = ["group", "band", "n_before", "exposure_before", "n_after", "exposure_after"]


def test_a_trial_at_other_levels_and_at_its_edges():
    # R: power.prop.test(p1 = .3, p2 = .18, sig.level = .2, power = .7) and (n = 120, ...)
    assert size_trial(0.3, 0.18, power=0.7, confidence=0.8) == pytest.approx(82.14855839, rel=1e-6)
    assert power_of_trial(120, 0.3, 0.18, confidence=0.8) == pytest.approx(0.8169601729, rel=1e-6)
    assert power_of_trial(120, 0.18, 0.3, confidence=0.8) == pytest.approx(0.8169601729, rel=1e-6)
    assert size_trial(0.18, 0.3, power=0.7, confidence=0.8) == pytest.approx(82.14855839, rel=1e-6)
    assert (power_of_trial(9, 0.0, 1.0), power_of_trial(9, 1.0, 1.0), power_of_trial(9, 0.0, 0.0)) == (1.0, 0.0, 0.0)
    # Nobody tried: what is left is the chance of a false finding on one side, qnorm(.975) off.
    assert power_of_trial(-5, 0.5, 0.5) == pytest.approx(0.025)
    for wrong in (-0.1, 1.1, math.nan):
        for first, other in ((wrong, 0.5), (0.5, wrong)):
            for call in (size_trial, lambda a, b: power_of_trial(9, a, b)):
                with pytest.raises(ParameterError, match=rf"^A share lies between 0 and 1, not {wrong!r}\.$"):
                    call(first, other)
    assert size_trial(0.0, 1.0) == pytest.approx(1.959963985**2 / 2)


def test_every_limit_of_the_needed_retention_at_eighty_per_cent():
    frame = pd.DataFrame({"n_before": [40], "n_kept": [7], "n_new": [11], "n_new_kept": [7], "n_running": [50]})
    row = needed_retention(frame, [44], confidence=0.8).iloc[0]
    # R: prop.test(7, 40, conf.level = .8, correct = FALSE); poisson.test(7, conf.level = .8) is 3.894767 to 11.770914
    seen = [0.1112774939, 0.175, 0.2643584931]
    needed = [(44 - 11.7709144625) / 50, 0.74, (44 - 3.894766805) / 50]
    assert row[["retention_lower", "retention", "retention_upper"]].tolist() == pytest.approx(seen, abs=1e-9)
    assert row[["needed_lower", "needed", "needed_upper"]].tolist() == pytest.approx(needed, abs=1e-9)
    gap = 0.565
    low = gap - math.hypot(needed[1] - needed[0], seen[2] - seen[1])
    high = gap + math.hypot(needed[2] - needed[1], seen[1] - seen[0])
    assert row[["gap_lower", "gap", "gap_upper"]].tolist() == pytest.approx([low, gap, high])
    assert row[["fewer_lower", "n_fewer_leavers", "fewer_upper"]].tolist() == pytest.approx(
        [50 * low, 28.25, 50 * high]
    )
    assert row["n_more_newcomers"] == 0.0
    assert row["n_newcomers_instead"] == pytest.approx((44 - 0.175 * 50) / (7 / 11))
    assert row["target"] == 44


def test_where_newcomers_alone_are_enough_nobody_need_stay():
    frame = pd.DataFrame({"n_before": [9, 9], "n_kept": [9, 3], "n_new": 30, "n_new_kept": 24, "n_running": [12, 12]})
    found = needed_retention(frame, [10, 40])
    assert found["needed"].tolist() == [0.0, pytest.approx(16 / 12)]
    assert found["n_more_newcomers"].tolist() == [0.0, pytest.approx(4 / 0.8)]
    assert found["n_newcomers_instead"].tolist() == [0.0, pytest.approx(36 / 0.8)]  # 10 - 12 is less than nothing
    with pytest.raises(
        ParameterError,
        match=r"^The counts have no column 'n_kept'\. Did you mean 'n_new_kept'\? Known: n_before, n_new, n_new_kept, "
        r"n_running\.$",
    ):
        needed_retention(frame.drop(columns="n_kept"), 10)


def wilson(share, n):
    centre, half = share + Z**2 / (2 * n), Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (centre - half) / (1 + Z**2 / n), (centre + half) / (1 + Z**2 / n)


def benefit_limits(leavers, stayers, variances, correlation, odds):
    """Square and add: leavers less the odds times stayers, each with Wilson's limits for its worth in customers."""
    low, high = (wilson(p, p * (1 - p) / v) for p, v in zip((leavers, stayers), variances, strict=True))
    value, found = leavers - odds * stayers, []
    for sign, a, b in (
        (-1, leavers - low[0], odds * (high[1] - stayers)),
        (1, low[1] - leavers, odds * (stayers - high[0])),
    ):
        found.append(value + sign * math.sqrt(a**2 + b**2 - 2 * correlation * a * b))
    return found


def test_every_column_of_the_net_benefit_by_hand():
    # In no order of tenure; the third has no risk and does not count. Seven count, five are acted on at .25.
    outcomes = pd.DataFrame(
        {
            "tenure_days": [70.0, 20, 5, 100, 40, 20, 120, 60],
            "is_ended": [True, True, True, False, False, False, False, True],
        }
    )
    risk = np.array([0.1, 0.25, np.nan, 0.6, 0.3, 0.9, 0.5, 0.2])
    row = measure_net_benefit(outcomes, risk, horizon_days=100, thresholds=[0.25], confidence=0.8).iloc[0]
    # Acted on: 20+ (end), 20, 40, 100, 120: one of five ends, S = .8, Greenwood .64 / (5 x 4) = .032.
    share, times = 5 / 7, 4 / 3
    each = 1 - 0.8 * times
    chosen = share * (1 - share) / 7
    variances = [share**2 * 0.032 + 0.2**2 * chosen, share**2 * 0.032 + 0.8**2 * chosen]
    alike = (0.2 * 0.8 * chosen - share**2 * 0.032) / math.sqrt(variances[0] * variances[1])
    assert row["n_acted"] == 5
    assert row["net_benefit"] == pytest.approx(share * each)
    limits = benefit_limits(share * 0.2, share * 0.8, variances, alike, 1 / 3)
    assert [row["lower"], row["upper"]] == pytest.approx(limits)
    assert [row["lower"], row["upper"]] == pytest.approx([-0.1914517624, 0.2316025369])
    # Spared: two, both end (60 and 70): leavers 2 of 7 by Wilson; nobody of seven stays, who would gain a third each.
    low, high = wilson(2 / 7, 7)
    nobody = Z**2 / (7 + Z**2) / 3
    assert row["over_all"] == pytest.approx(-2 / 7)
    found = [row["over_all_lower"], row["over_all_upper"]]
    assert found == pytest.approx([-high, -2 / 7 + math.hypot(2 / 7 - low, nobody)])
    # Everybody: ends at 20 (7 at risk), 60 (4) and 70 (3): 6/7 x 3/4 x 2/3.
    assert row["treat_all"] == pytest.approx(1 - 6 / 7 * 3 / 4 * 2 / 3 * times)
    assert row["treat_none"] == 0.0
    assert row["threshold"] == 0.25
    assert row.index.tolist() == [
        "threshold", "n_acted", "net_benefit", "lower", "upper", "treat_all", "treat_none", "over_all",
        "over_all_lower", "over_all_upper",
    ]  # fmt: skip


def test_four_acted_on_have_a_binomial_error_and_five_have_greenwoods():
    for n, variance in ((4, 0.75 * 0.25 / 4), (5, 0.8**2 / (5 * 4))):
        outcomes = pd.DataFrame({"tenure_days": [10.0] + [100.0] * (n - 1), "is_ended": [True] + [False] * (n - 1)})
        row = measure_net_benefit(outcomes, np.full(n, 0.5), horizon_days=100, thresholds=[0.5], confidence=0.8)
        # Everybody is acted on: a leaver is a stayer less, so that the two limits add up.
        stayers = (n - 1) / n
        limits = benefit_limits(1 / n, stayers, [variance, variance], -1.0, 1.0)
        assert [row["lower"][0], row["upper"][0]] == pytest.approx(limits)


def test_all_who_leave_before_the_horizon_are_known_and_one_cut_off_at_the_last_day_is_not():
    ended = pd.DataFrame({"tenure_days": [10.0, 20.0, 20.0], "is_ended": [True, True, True]})
    assert measure_net_benefit(ended, np.full(3, 0.5), horizon_days=100, thresholds=[0.5])["net_benefit"][0] == 1.0
    cut = ended.assign(is_ended=[True, False, True])
    assert np.isnan(measure_net_benefit(cut, np.full(3, 0.5), horizon_days=100, thresholds=[0.5])["net_benefit"][0])
    # Nobody leaves within the horizon: each contact is a false alarm.
    late = ended.assign(tenure_days=[200.0, 300.0, 400.0])
    found = measure_net_benefit(late, np.full(3, 0.5), horizon_days=100, thresholds=[0.2]).iloc[0]
    assert found["net_benefit"] == pytest.approx(-0.25)
    # Of three nobody is seen to leave, which is no certainty: R: prop.test(0, 3, correct = FALSE)$conf.int[2] .5614970.
    assert found["lower"] == pytest.approx(-0.25)
    assert found["upper"] == pytest.approx(-0.25 + 0.5614970 * 1.25, abs=1e-6)


@pytest.mark.parametrize("wrong", [[], [0.0], [1.0], [0.2, np.nan], [0.2, -0.1]])
def test_thresholds_that_are_no_risks_are_refused(wrong):
    outcomes = pd.DataFrame({"tenure_days": [10.0], "is_ended": [True]})
    with pytest.raises(
        ParameterError, match=r"^Thresholds are risks between 0 and 1, both left out; at least one is needed\.$"
    ):
        measure_net_benefit(outcomes, np.array([0.5]), horizon_days=9, thresholds=wrong)


def test_every_frame_of_a_change_of_rates_at_eighty_per_cent():
    cells = pd.DataFrame([("a", "x", 7, 2.5, 9, 5.0), ("b", "x", 4, 7.5, 3, 5.0)], columns=CELLS)
    found = decompose_rates(cells, confidence=0.8)
    # R: poisson.test(11, 10, conf.level = .8), poisson.test(12, 10, ...)
    before, after = [1.1, 0.7020747, 1.6598122], [1.2, 0.7829340, 1.7781580]
    assert [float(part) for part in found.before] == pytest.approx(before, abs=1e-6)
    assert [float(part) for part in found.after] == pytest.approx(after, abs=1e-6)
    low = math.hypot(after[0] - after[1], before[2] - before[0])
    high = math.hypot(after[2] - after[0], before[0] - before[1])
    assert [float(part) for part in found.change] == pytest.approx([0.1, 0.1 - low, 0.1 + high], abs=1e-6)
    # Shares .25 and .75 become .5 and .5; rates 2.8 and .533333 become 1.8 and .6.
    rates = [0.375 * -1.0, 0.625 * (0.6 - 4 / 7.5)]
    means = [2.3, (0.6 + 4 / 7.5) / 2]
    mix = [0.25 * (means[0] - 1.15), -0.25 * (means[1] - 1.15)]
    assert found.effects["effect"].tolist() == ["rates", "group_mix", "band_mix"]
    assert found.effects["estimate"].tolist() == pytest.approx([sum(rates), sum(mix), 0.0])
    assert found.effects.columns.tolist() == ["effect", "estimate", "lower", "upper"]
    assert found.by_group[["group", "effect"]].to_numpy().tolist() == [
        ["a", "rates"], ["b", "rates"], ["a", "group_mix"], ["b", "group_mix"], ["a", "band_mix"], ["b", "band_mix"],
    ]  # fmt: skip
    assert found.by_group["estimate"].tolist() == pytest.approx([*rates, *mix, 0.0, 0.0])
    # The effect of the rates of a: .375 times the difference of two rates, each with R's limits at .8:
    # poisson.test(7, 2.5): 1.557907 to 4.708366; poisson.test(9, 5): 1.086494 to 2.841198.
    row = found.by_group.iloc[0]
    down = 0.375 * math.hypot(4.708365785 - 2.8, 1.8 - 1.086493612)
    up = 0.375 * math.hypot(2.8 - 1.557906722, 2.841198058 - 1.8)
    assert [row["lower"], row["upper"]] == pytest.approx([-0.375 - down, -0.375 + up], abs=1e-6)


def test_limits_of_a_sum_turn_where_a_weight_is_below_nought():
    # R: poisson.test(7, 2.5, conf.level = .8) is 1.557906722 to 4.708365785
    found = combine_rates(np.array([[2.0], [-2.0]]), np.array([7.0]), np.array([2.5]), confidence=0.8)
    assert found.estimate.tolist() == pytest.approx([5.6, -5.6])
    assert found.lower.tolist() == pytest.approx([2 * 1.557906722, -2 * 4.708365785])
    assert found.upper.tolist() == pytest.approx([2 * 4.708365785, -2 * 1.557906722])
    # A rate that was never watched counts nothing.
    never = combine_rates(np.array([1.0, 0.0]), np.array([7.0, 0.0]), np.array([2.5, 0.0]), confidence=0.8)
    assert never.upper.tolist() == pytest.approx([4.708365785])


def test_what_cannot_be_parted_is_refused_in_words():
    cells = pd.DataFrame([("a", "x", 1, 1, 1, 1)], columns=CELLS)
    with pytest.raises(
        ParameterError,
        match=r"^The cells have no column 'band'\. Known: exposure_after, exposure_before, group, n_after, n_before\.$",
    ):
        decompose_rates(cells.drop(columns="band"))
    for name in ("exposure_before", "exposure_after"):
        with pytest.raises(
            NotEnoughData,
            match=rf"^A comparison of two periods cannot be worked out here\. Nobody was watched in one of them "
            rf"\({name}\)\.$",
        ):
            decompose_rates(cells.assign(**{name: 0}))


def test_a_score_that_is_not_known_leaves_its_row_out_with_its_weight():
    score = np.array([0.9, np.nan, 0.5, 0.4, 0.1])
    left = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    weight = np.array([2.0, 50.0, 1.0, 2.0, 1.0])
    found = expected_maximum_profit(score, left, weight=weight)
    # Two of six are leavers at the top: (190 x .3 - 1) / 3 a customer; no save rate of the beta is below 1 / 190.
    assert found.profit == pytest.approx(56 / 3, abs=1e-5)
    assert found.fraction == pytest.approx(1 / 3, abs=1e-6)
    assert found.n == 4
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)


def test_ties_of_the_score_are_contacted_together():
    # One leaver among three of the same score, and a stayer below: alone the three bring (190 g - 1 - 2 x 11) / 4.
    found = expected_maximum_profit(np.array([0.5, 0.5, 0.5, 0.1]), np.array([0.0, 1.0, 0.0, 0.0]))
    turn = 23 / 190
    chance, mean = 1 - stats.beta.cdf(turn, 6, 14), 0.3 * (1 - stats.beta.cdf(turn, 7, 14))
    assert found.profit == pytest.approx((190 * mean - 23 * chance) / 4)
    assert found.fraction == pytest.approx(0.75 * chance)


def test_the_interval_of_the_maximum_profit_takes_the_level():
    rng = np.random.default_rng(2)
    score, left = np.sort(rng.random(80))[::-1], (rng.random(80) < 0.3).astype(float)
    found = expected_maximum_profit(score, left, n_resamples=40, seed=6, confidence=0.8)
    rng, draws = np.random.default_rng(6), []
    for _ in range(40):
        weight = rng.poisson(1.0, size=80).astype(float)
        draws.append(expected_maximum_profit(score, left, weight=weight).profit)
    assert [found.lower, found.upper] == pytest.approx(np.quantile(draws, [0.1, 0.9]).tolist())


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer_value": 10.0},
        {"incentive_cost": -0.1},
        {"contact_cost": -0.1},
        {"alpha": 0.0},
        {"beta": 0.0},
    ],
)
def test_a_campaign_that_cannot_be_is_refused(wrong):
    score, left = np.array([0.1, 0.2]), np.array([0.0, 1.0])
    with pytest.raises(
        ParameterError,
        match=r"^The expected maximum profit needs a customer worth more than the incentive, costs of 0 or more and a "
        r"beta distribution with positive alpha and beta\.$",
    ):
        expected_maximum_profit(score, left, **wrong)
    free = expected_maximum_profit(score, left, incentive_cost=0.0, contact_cost=0.0, customer_value=0.5, beta=0.5)
    assert free.profit > 0
    for same in (0.0, 1.0):
        with pytest.raises(
            NotEnoughData,
            match=r"^The expected maximum profit cannot be worked out here\. All left, or nobody did\.$",
        ):
            expected_maximum_profit(score, np.full(2, same))


def test_an_offer_is_refused_in_words_and_its_edges_are_allowed():
    right = {"contact_cost": 0.0, "incentive_cost": 0.0, "horizon_months": 6, "value_months": 6}
    for stayers, woken in ((0.0, 1.0), (1.0, 0.0)):
        Offer(**right, stayers_accept=stayers, woken_share=woken)
    for name in ("contact_cost", "incentive_cost"):
        for value in (-0.5, math.inf):
            with pytest.raises(ParameterError, match=rf"^{name} is an amount of 0 or more, not {value!r}\.$"):
                Offer(**(right | {name: value}))
    for name in ("stayers_accept", "woken_share"):
        for value in (-0.1, 1.1, math.nan):
            with pytest.raises(ParameterError, match=rf"^{name} is a share from 0 to 1, not {value!r}\.$"):
                Offer(**(right | {name: value}))
    for months, value in ((0, 6), (7, 6)):
        with pytest.raises(
            ParameterError,
            match=rf"^horizon_months must be above 0 and value_months at least as long, not {months} and {value}\.$",
        ):
            Offer(**(right | {"horizon_months": months, "value_months": value}))


def test_the_belief_in_a_save_rate_takes_its_level_and_is_refused_in_words():
    # R: qbeta(c(.1, .9), 6, 14)
    low, high = stats.beta.ppf([0.1, 0.9], 6, 14)
    found = believe_save_rate(0.3, low, high, confidence=0.8)
    assert (found.alpha, found.beta) == (pytest.approx(6, rel=1e-6), pytest.approx(14, rel=1e-6))
    assert (found.mean, found.lower, found.upper) == (0.3, low, high)
    assert found.draw(np.random.default_rng(4), 3).tolist() == pytest.approx(
        np.random.default_rng(4).beta(found.alpha, found.beta, 3).tolist()
    )
    sure = believe_save_rate(0.3, 0.3, 0.3)
    assert (sure.alpha, sure.beta, sure.variance) == (math.inf, math.inf, 0.0)
    assert sure.draw(np.random.default_rng(4), 3).tolist() == [0.3, 0.3, 0.3]
    for wrong in ((0.0, 0.0, 0.1), (1.0, 0.5, 1.0), (0.3, 0.31, 0.5), (0.3, 0.1, 0.29), (0.3, -0.1, 0.5)):
        with pytest.raises(ParameterError) as raised:
            believe_save_rate(*wrong)
        assert str(raised.value) == (
            "save_rate is (mean, lower, upper) with 0 <= lower <= mean <= upper <= 1 and the mean between 0 and 1, "
            f"not ({wrong[0]!r}, {wrong[1]!r}, {wrong[2]!r}). An example: (0.30, 0.13, 0.51)."
        )
    with pytest.raises(ParameterError) as raised:
        believe_save_rate(0.5, 0.0, 1.0)
    assert str(raised.value) == "No save rate with mean 0.5 can be as uncertain as 0 to 1. Narrow the range."
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1"):
        believe_save_rate(0.3, 0.1, 0.5, confidence=1.0)


def test_every_frame_of_the_best_list_by_hand():
    # Three customers of known risk; the save rate is .4 surely. A contact costs 1, the offer 10, for 12 months.
    offer = Offer(contact_cost=1.0, incentive_cost=10.0, horizon_months=12, value_months=12)
    risk, margin = np.array([0.2, 0.6, 0.4]), np.array([30.0, 9.0, 25.0])
    world = Risks(risk=risk, std_error=np.zeros(3), margin=margin)
    leaving = 1 / -np.log1p(-risk) - (1 - risk) / risk
    worth = margin * 12 * (1 - leaving)
    gain, cost = risk * (worth - 10), 1 + (1 - risk) * 10
    profit = 0.4 * gain - cost
    found = find_best_list(
        world, offer, SaveRate(mean=0.4, lower=0.3, upper=0.5, alpha=math.inf, beta=math.inf), seed=1
    )
    order = np.argsort(-profit)
    assert found.order.tolist() == order.tolist()
    assert [found.n_best, found.n_lower, found.n_upper] == [int((profit > 0).sum())] * 3
    assert found.break_even == pytest.approx(cost[profit > 0].sum() / gain[profit > 0].sum())
    customers = pd.DataFrame(
        {
            "expected_profit": profit,
            "lower": profit,
            "upper": profit,
            "break_even_save_rate": np.where(cost / gain <= 1, cost / gain, np.nan),
            "worth_if_saved": worth,
            "is_chosen": profit > 0,
            "is_loss": 0.5 * gain - cost < 0,
        }
    )
    pd.testing.assert_frame_equal(found.customers, customers)
    by_size = np.concatenate([[0.0], np.cumsum(profit[order])])
    by_risk = np.concatenate([[0.0], np.cumsum(profit[np.argsort(-risk)])])
    curve = pd.DataFrame({"n": range(4), "expected": by_size, "lower": by_size, "upper": by_size, "by_risk": by_risk})
    pd.testing.assert_frame_equal(found.curve, curve)
    best = found.n_best
    names = ["best list", "as many by risk alone", "as many at random", "everybody", "nobody"]
    value = np.array([by_size[best], by_risk[best], best / 3 * by_size[3], by_size[3], 0.0])
    strategies = pd.DataFrame(
        {
            "strategy": names, "n": [best, best, best, 3, 0], "expected": value, "lower": value, "upper": value,
            "behind": value[0] - value, "behind_lower": value[0] - value, "behind_upper": value[0] - value,
        }
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.strategies, strategies)


def test_the_limits_of_the_strategies_are_quantiles_over_the_save_rate_at_the_level_asked_for():
    offer = Offer(contact_cost=1.0, incentive_cost=10.0, horizon_months=12, value_months=12)
    world = Risks(risk=np.array([0.5, 0.1]), std_error=np.zeros(2), margin=np.array([20.0, 40.0]))
    belief = believe_save_rate(0.3, 0.15, 0.48)
    found = find_best_list(world, offer, belief, seed=3, confidence=0.8, n_draws=500)
    draws = np.quantile(belief.draw(np.random.default_rng(3), 500), [0.1, 0.9])
    gain, cost = offer.gain(world.risk, world.margin), offer.cost(world.risk, world.margin)
    assert found.n_best == 1
    rows = found.strategies.set_index("strategy")
    assert rows.loc["best list", ["lower", "upper"]].tolist() == pytest.approx((draws * gain[0] - cost[0]).tolist())
    everybody = draws * gain.sum() - cost.sum()
    assert rows.loc["everybody", ["lower", "upper"]].tolist() == pytest.approx(everybody.tolist())
    assert rows.loc["as many at random", ["lower", "upper"]].tolist() == pytest.approx((everybody / 2).tolist())
    behind = np.sort(-(draws * gain[1] - cost[1]))
    assert rows.loc["everybody", ["behind_lower", "behind_upper"]].tolist() == pytest.approx(behind.tolist())
    half = Z * math.sqrt(belief.variance) * gain
    assert (found.customers["upper"] - found.customers["expected_profit"]).tolist() == pytest.approx(half.tolist())
    assert found.curve[["lower", "upper"]].iloc[1].tolist() == pytest.approx((draws * gain[0] - cost[0]).tolist())


def test_a_single_newcomer_tells_how_newcomers_stay():
    frame = pd.DataFrame({"n_before": [10], "n_kept": [8], "n_new": [1], "n_new_kept": [1], "n_running": [9]})
    assert needed_retention(frame, 12)["n_more_newcomers"].tolist() == [2.0]  # 12 - 9 - 1, all of whom stay
    assert needed_retention(frame, 10.5)["n_more_newcomers"].tolist() == [0.5]


def test_a_risk_of_one_or_nought_moves_with_the_error_of_the_model():
    world = Risks(risk=np.array([1.0, 0.0]), std_error=np.array([0.3, 0.3]), margin=np.ones(2))
    # Held a billionth inside: odds of 1e9 and 1e-9, times exp(-+.6) two errors away.
    assert (1 - world.shifted(-2.0)[0]) == pytest.approx(1e-9 * np.exp(0.6), rel=1e-4)
    assert world.shifted(2.0)[1] == pytest.approx(1e-9 * np.exp(0.6), rel=1e-4)
    assert world.n == 2


def test_between_two_places_of_the_error_what_is_drawn_is_read_along_a_line():
    world = Risks(risk=np.array([0.5]), std_error=np.array([0.3]), margin=np.array([20.0]))
    belief = believe_save_rate(0.3, 0.15, 0.48)
    doubt = _draw(world, belief, 4, 5000, 11)
    rng = np.random.default_rng(4)
    save = belief.draw(rng, 5000)
    error = np.clip(rng.standard_normal(5000), -3.5, 3.5)
    assert (np.abs(error) > 2.8).any()
    assert doubt.save.tolist() == save.tolist()
    places = np.linspace(-3.5, 3.5, 11)
    assert doubt.places.tolist() == places.tolist()
    assert doubt.weights == pytest.approx(stats.norm.pdf(places) / stats.norm.pdf(places).sum())
    assert doubt.mix(places[None] ** 2)[0] == pytest.approx(np.interp(error, places, places**2))
