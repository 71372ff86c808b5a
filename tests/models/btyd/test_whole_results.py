"""Patterns, drawn limits and spend to the number, at levels that are not the usual one; refusals in whole sentences."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import ContractViolation, NotEnoughData, ParameterError
from crm_research.models.btyd import fit_gamma_gamma, measure_spend_independence
from crm_research.models.btyd.family import History
from crm_research.models.btyd.patterns import Patterns, check_enough, read_patterns
from crm_research.models.btyd.scoring import (
    describe_params,
    distinct_rows,
    draw_params,
    estimate_of,
    limits_over_draws,
    outcome_limits,
    read_level,
    row_slices,
)
from crm_research.models.btyd.spend import _conditional_mean, _log_mean, _objective, _population_mean
from tests.models.btyd.worlds import spending_customers

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9)
MENDS = {
    "frequency": "frequency counts repeat purchase occasions: 0 for somebody who bought once.",
    "recency_days": "Recency runs from the first to the last purchase, so it lies between 0 and the age.",
    "age_days": "Age runs from the first purchase to the end of observation.",
    "n_customers": "n_customers is a whole number of customers who share the pattern.",
}


def rows(**changes):
    right = {"frequency": [0, 2, 1], "recency_days": [0.0, 30.0, 4.5], "age_days": [50.0, 60.0, 4.5]}
    return pd.DataFrame(right | changes)


def test_patterns_add_up():
    found = read_patterns(rows(n_customers=[5, 3, 2]))
    assert found.n_total == 10
    assert found.n_repeats == 8.0
    assert found.mean_age == pytest.approx((250 + 180 + 9) / 10)
    assert read_patterns(rows()).n_customers.tolist() == [1.0, 1.0, 1.0]
    scaled = found.scaled(0.5)
    assert (scaled.recency.tolist(), scaled.age.tolist()) == ([0.0, 15.0, 2.25], [25.0, 30.0, 2.25])
    assert (scaled.frequency.tolist(), scaled.n_customers.tolist()) == ([0, 2, 1], [5, 3, 2])


def test_equal_patterns_are_merged_in_rising_order_and_those_of_nobody_go():
    found = read_patterns(
        pd.DataFrame(
            {
                "frequency": [2, 0, 2, 2, 1],
                "recency_days": [30.0, 0, 30, 20, 9],
                "age_days": [60.0, 50, 60, 60, 70],
                "n_customers": [3, 4, 2, 1, 0],
            }
        )
    ).merged()
    assert found.frequency.tolist() == [0, 2, 2]
    assert found.recency.tolist() == [0, 20, 30]
    assert found.age.tolist() == [50, 60, 60]
    assert found.n_customers.tolist() == [4, 1, 5]


def test_a_sample_of_patterns_keeps_the_heaviest_and_stands_for_all():
    n = np.array([1.0, 50, 2, 40, 3, 1, 2, 1])
    whole = Patterns(frequency=np.arange(8.0), recency=np.arange(8.0) * 2, age=np.arange(8.0) * 3 + 1, n_customers=n)
    assert whole.thinned(8) is whole
    found = whole.thinned(4)
    assert found.frequency[:2].tolist() == [1, 3]
    assert found.n_customers[:2].tolist() == [50, 40]
    assert found.n_customers.sum() == pytest.approx(100)
    assert len(found.age) == len(set(found.frequency)) == 4
    assert found.recency.tolist() == (found.frequency * 2).tolist()
    assert found.age.tolist() == (found.frequency * 3 + 1).tolist()
    ratio = found.n_customers[2:] / n[found.frequency[2:].astype(int)]
    assert ratio[0] == pytest.approx(ratio[1])


@pytest.mark.parametrize(
    ("changes", "column", "rule", "examples"),
    [
        ({"frequency": [0, -2, 1]}, "frequency", "is a finite number of at least 0", "-2"),
        ({"frequency": [0, 1.5, 1]}, "frequency", "is a whole number", "1.5"),
        ({"recency_days": [0.0, np.inf, 4.5]}, "recency_days", "is a finite number of at least 0", "inf"),
        ({"age_days": [50.0, "old", 4.5]}, "age_days", "is a finite number of at least 0", "old"),
        # Columns of a kind that knows empty cells, as engines hand them over.
        (
            {"frequency": pd.array([0, None, 1], dtype="Int64")},
            "frequency",
            "is a finite number of at least 0",
            "empty",
        ),
        (
            {"age_days": pd.array([50.0, None, 4.5], dtype="Float64")},
            "age_days",
            "is a finite number of at least 0",
            "empty",
        ),
        ({"recency_days": [0.0, np.nan, 4.5]}, "recency_days", "is a finite number of at least 0", "empty"),
        ({"n_customers": [1, 2.5, 1]}, "n_customers", "is a whole number", "2.5"),
        ({"recency_days": [0.0, 60.5, 4.5]}, "recency_days", "is not above age_days", "60.5"),
        ({"recency_days": [3.0, 30.0, 4.5]}, "recency_days", "is 0 where frequency is 0", "3.0"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_in_words(changes, column, rule, examples):
    with pytest.raises(ContractViolation) as raised:
        read_patterns(rows(**changes))
    assert str(raised.value) == (
        f"patterns.{column}: {rule}; broken by 1. Found for example: {examples}. {MENDS[column]}"
    )


def test_missing_columns_no_rows_and_impossible_opportunities_are_refused_in_words():
    with pytest.raises(ContractViolation) as raised:
        read_patterns(rows().drop(columns="age_days"))
    assert str(raised.value) == (
        "patterns.age_days: the column is there (found: frequency, recency_days); broken by 3. " + MENDS["age_days"]
    )
    with pytest.raises(
        NotEnoughData,
        match=r"^A buy-till-you-die model cannot be worked out here\. The table of patterns has no rows\.$",
    ):
        read_patterns(rows().head(0))
    gifts = pd.DataFrame({"frequency": [1, 3], "recency_periods": [2, 2], "age_periods": [5, 5]})
    with pytest.raises(ContractViolation) as raised:
        read_patterns(gifts, clock="periods")
    assert str(raised.value) == (
        "patterns.frequency: is not above recency_periods; broken by 1. Found for example: 3. "
        "At one opportunity a customer buys once or not at all."
    )
    assert read_patterns(gifts.assign(frequency=[1, 2]), clock="periods").frequency.tolist() == [1, 2]
    for column in ("recency_periods", "age_periods"):
        with pytest.raises(ContractViolation, match=f"^patterns.{column}: is a whole number; broken by 1"):
            read_patterns(gifts.assign(frequency=[1, 1], **{column: [2.0, 2.5]}), clock="periods")
    first_four = rows(frequency=[-1, -2, -3]), "Found for example: -1, -2, -3."
    with pytest.raises(ContractViolation, match=re.escape(first_four[1])):
        read_patterns(first_four[0])


@pytest.mark.parametrize(
    ("frequency", "n", "what", "needed", "found"),
    [
        ([0, 1, 2, 3], [3, 2, 2, 2], "customers", 10, 9),
        ([0, 1, 2, 3], [6, 2, 1, 1], "customers who bought again", 5, 4),
        ([0, 1, 2], [5, 3, 2], "distinct patterns of frequency, recency and age", 4, 3),
    ],
)
def test_too_little_is_told_apart_from_just_enough(frequency, n, what, needed, found):
    held = np.asarray(frequency, dtype=float)
    too_few = Patterns(frequency=held, recency=held, age=held + 9, n_customers=np.asarray(n, dtype=float))
    with pytest.raises(NotEnoughData) as raised:
        check_enough(too_few, "BG/NBD")
    assert str(raised.value) == (
        f"The BG/NBD model needs at least {needed} {what}; found {found}. "
        "Take a longer window or a larger group of customers."
    )
    four = np.arange(4.0)
    check_enough(Patterns(frequency=four, recency=four, age=four + 9, n_customers=np.array([5.0, 3, 1, 1])), "BG/NBD")


def test_distinct_histories_find_their_customers_again():
    history = History(*(np.array(part) for part in ([1.0, 2, 1, 1], [3.0, 4, 3, 3], [9.0, 9, 9, 9])))
    horizon = np.array([5.0, 5, 5, 7])
    distinct, at, own = distinct_rows(history, horizon)
    assert len(at) == 3
    for part, whole in zip(distinct, history, strict=True):
        assert part[own].tolist() == whole.tolist()
    assert at[own].tolist() == horizon.tolist()
    assert [(part.start, part.stop) for part in row_slices(120_000)] == [
        (0, 50_000), (50_000, 100_000), (100_000, 150_000),
    ]  # fmt: skip


def test_scores_lie_between_quantiles_over_the_draws():
    history = History(*(np.array(part) for part in ([1.0, 2, 1], [3.0, 4, 3], [9.0, 8, 9])))
    horizon, draws = np.array([5.0, 6, 5]), np.array([[1.0], [2], [4], [8], [3]])

    def score(params, some, at):
        return params[0] * (10 * some.frequency + 100 * some.recency + 1000 * some.age + at)

    lower, upper = limits_over_draws(score, draws, history, horizon, 0.8)
    base = np.array([9315.0, 8426, 9315])
    low, high = np.quantile([1, 2, 4, 8, 3], [0.1, 0.9])
    assert lower.tolist() == pytest.approx((low * base).tolist())
    assert upper.tolist() == pytest.approx((high * base).tolist())
    lower, upper = outcome_limits(score, draws, history, horizon, 0.8)
    # Of five draws the least and the largest: no number between two is made up.
    assert lower.tolist() == base.tolist()
    assert upper.tolist() == (8 * base).tolist()
    assert outcome_limits(score, draws, history, horizon, 0.2)[0].tolist() == (2 * base).tolist()
    for limits in (limits_over_draws, outcome_limits):
        lower, upper = limits(score, None, history, horizon, 0.8)
        assert np.isnan(lower).all()
        assert np.isnan(upper).all()
        assert len(lower) == len(upper) == 3
        assert lower is not upper


def test_parameters_are_drawn_with_their_covariance_and_described_at_their_level():
    log_params = np.log([0.5, 4.0])
    covariance = np.array([[0.04, -0.01], [-0.01, 0.09]])
    drawn = np.log(draw_params(log_params, covariance, 40_000, np.random.default_rng(1)))
    assert drawn.mean(axis=0) == pytest.approx(log_params, abs=0.01)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.003)
    assert draw_params(log_params, np.full((2, 2), np.nan), 5, np.random.default_rng(1)) is None
    found = describe_params(("r", "alpha"), log_params, covariance, 0.8)
    expected = pd.DataFrame(
        {
            "name": ["r", "alpha"],
            "estimate": [0.5, 4.0],
            "se": [0.1, 1.2],
            "lower": [0.5 * np.exp(-0.2 * Z), 4 * np.exp(-0.3 * Z)],
            "upper": [0.5 * np.exp(0.2 * Z), 4 * np.exp(0.3 * Z)],
        }
    )
    pd.testing.assert_frame_equal(found, expected)
    assert estimate_of(found, "alpha") == pytest.approx(4.0)
    with pytest.raises(
        ParameterError, match=r"^There is no parameter 'alfa'\. Did you mean 'alpha'\? Known: alpha, r\.$"
    ):
        estimate_of(found, "alfa")
    assert read_level(0.8) == 0.8
    with pytest.raises(ParameterError, match=r"^confidence must lie between 0 and 1, not 80; 95 % is 0\.95\.$"):
        read_level(80)


def test_the_likelihood_of_spend_is_the_published_density():
    # Fader and Hardie (2013), equation 1a: G(px + q) / (G(px) G(q)) g^q z^(px-1) x^px / (g + x z)^(px + q).
    x, z, weights = np.array([2.0, 5.0, 2.0]), np.array([30.0, 12.0, 7.0]), np.array([1.0, 2.0, 3.0])
    p, q, gamma = 1.5, 3.0, 20.0
    from scipy.special import gammaln

    density = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + (p * x - 1) * np.log(z)
        + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)
    )  # fmt: skip
    value, _ = _objective(x, z, weights)(np.log([p, q, gamma]))
    assert value == pytest.approx(weights @ density / 6)


def test_what_a_customer_is_expected_to_spend_by_hand():
    # Equation 5: p (gamma + x z) / (p x + q - 1); nought occasions: p gamma / (q - 1), and none where q is 1 at most.
    params = np.array([1.5, 3.0, 20.0])
    found = _conditional_mean(params, np.array([0.0, 4.0]), np.array([99.0, 50.0]))
    assert found.tolist() == pytest.approx([15.0, 1.5 * 220 / 8])
    edge = _conditional_mean(np.array([1.5, 1.0, 20.0]), np.array([0.0, 1.0]), np.array([0.0, 50.0]))
    assert edge.tolist() == pytest.approx([np.nan, 1.5 * 70 / 1.5], nan_ok=True)
    covariance = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, -0.02], [0.0, -0.02, 0.16]])
    mean = _population_mean(np.log(params), covariance, 0.8).iloc[0]
    # Slopes of the logarithm of p gamma / (q - 1): 1, -3/2, 1.
    variance = 0.04 + 2.25 * 0.09 + 0.16 - 2 * 1.5 * 0.01 + 2 * 1.5 * 0.02
    half = Z * np.sqrt(variance)
    assert mean.tolist() == pytest.approx([15.0, 15 * np.exp(-half), 15 * np.exp(half)])
    assert mean.index.tolist() == ["estimate", "lower", "upper"]
    assert _population_mean(np.log([1.5, 1.0, 20.0]), covariance, 0.8).isna().all(axis=None)
    value, slope = _log_mean(np.log(params))
    assert value == pytest.approx(np.log(15))
    assert slope.tolist() == pytest.approx([1, -1.5, 1])


def test_limits_of_expected_spend_are_quantiles_of_the_draws():
    fit = fit_gamma_gamma(spending_customers(60, seed=3), confidence=0.8)
    assert fit.confidence == 0.8
    assert fit.params["name"].tolist() == ["p", "q", "gamma"]
    frame = pd.DataFrame({"frequency": [0, 3], "mean_spend": [np.nan, 40.0]}, index=["u", "v"])
    found = fit.expected_spend(frame, confidence=0.8, n_draws=30, seed=9)
    draws = draw_params(fit.log_params, fit.covariance, 30, np.random.default_rng(9))
    means = np.stack([_conditional_mean(params, np.array([0.0, 3.0]), np.array([0.0, 40.0])) for params in draws])
    low, high = np.quantile(means, [0.1, 0.9], axis=0)
    assert found.columns.tolist() == ["expected_spend", "lower", "upper"]
    assert found.index.tolist() == ["u", "v"]
    assert found["lower"].tolist() == pytest.approx(low.tolist(), nan_ok=True)
    assert found["upper"].tolist() == pytest.approx(high.tolist(), nan_ok=True)
    assert fit.expected_spend(frame).columns.tolist() == ["expected_spend"]


def test_the_correlation_of_frequency_and_spend_counts_every_customer():
    world = spending_customers(80, seed=8).assign(n_customers=[1, 2] * 40)
    found = measure_spend_independence(world, confidence=0.8)
    assert found.n_customers == 120
    x = np.repeat(world["frequency"].to_numpy(), world["n_customers"])
    z = np.repeat(world["mean_spend"].to_numpy(), world["n_customers"])
    r = np.corrcoef(x, z)[0, 1]
    # Fisher: tanh(atanh(r) -+ z / sqrt(n - 3))
    limits = np.tanh(np.arctanh(r) + np.array([-1, 1]) * Z / np.sqrt(117))
    row = found.table.iloc[0]
    assert row["measure"] == "pearson"
    assert row[["estimate", "lower", "upper"]].tolist() == pytest.approx([r, *limits])
    t = r * np.sqrt(118 / (1 - r**2))
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(t), 118))
    wald = found.table.iloc[1]
    assert wald["measure"] == "elasticity"
    error = (wald["upper"] - wald["estimate"]) / Z
    assert wald["estimate"] - wald["lower"] == pytest.approx(Z * error)
    assert wald["p_value"] == pytest.approx(2 * stats.norm.sf(abs(wald["estimate"]) / error))


def test_spend_is_refused_in_words():
    mend = "A gamma distribution holds only money above 0: leave out free occasions, and take returns off apart."
    world = spending_customers(20, seed=1)
    for value, rule in ((0.0, "is above 0"), (-5.0, "is a finite number of at least 0")):
        with pytest.raises(ContractViolation) as raised:
            fit_gamma_gamma(world.assign(mean_spend=world["mean_spend"].where(world.index > 0, value)))
        assert str(raised.value) == f"patterns.mean_spend: {rule}; broken by 1. Found for example: {value}. {mend}"
    for what, call in (
        ("The Gamma-Gamma model", fit_gamma_gamma),
        ("The dependence of spend on frequency", measure_spend_independence),
    ):
        with pytest.raises(NotEnoughData) as raised:
            call(world.head(9))
        assert str(raised.value).startswith(f"{what} needs at least 10 customers who bought again; found 9.")
        alike = world.assign(mean_spend=[10.0, 20.0, 30.0, 10.0] * 5)
        with pytest.raises(NotEnoughData) as raised:
            call(alike)
        assert str(raised.value).startswith(f"{what} needs at least 4 distinct amounts of mean spend; found 3.")
