"""Published numbers of customer value: standard errors, the GGompertz/NBD, conditional expectations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.btyd import fit_bg_nbd, fit_ggompertz_nbd, fit_pareto_nbd
from crm_research.models.btyd.beta_geometric import BgNbd
from crm_research.models.btyd.family import History
from crm_research.models.btyd.gompertz import GGompertzNbd
from crm_research.models.btyd.maximise import observed_information
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.patterns import read_patterns
from crm_research.vocabulary import DAYS_PER_WEEK
from tests.models.btyd.published import as_patterns, cdnow_customers, cdnow_occasions

# The published estimates stop where their search stopped, a few units of the fifth digit from the top.
_STOPPED = 2e-4


@pytest.fixture(scope="module")
def patterns():
    return as_patterns(cdnow_customers())


@pytest.fixture(scope="module")
def pareto(patterns):
    return fit_pareto_nbd(patterns)


@pytest.fixture(scope="module")
def bg(patterns):
    return fit_bg_nbd(patterns)


def test_standard_errors_of_the_pareto_nbd(pareto):
    # CLVTools' tests of pnbd without covariates on CDNOW, estimation of 39 weeks.
    found = pareto.params.set_index("name")
    published = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    for name, error in published.items():
        assert found.loc[name, "se"] == pytest.approx(error, rel=_STOPPED), name
    assert f"{pareto.log_likelihood:.3f}" == "-9594.976"


def test_standard_errors_to_the_printed_digits_where_the_published_search_stopped(patterns, pareto):
    """Within a ten-thousandth of our top, and as likely to the sixth decimal, all four errors are those in print."""
    known = read_patterns(patterns).scaled(1 / DAYS_PER_WEEK)
    objective = ParetoNbd().objective(known)
    stopped = np.array([0.55327667155, 10.577767635, 0.60623726361, 11.669160278])
    top = np.array([pareto.estimate(name) for name in ("r", "alpha", "s", "beta")])
    assert np.abs(stopped / top - 1).max() < 1e-4
    assert objective(np.log(stopped))[0] * known.n_total == pytest.approx(pareto.log_likelihood, abs=1e-6)
    covariance = np.linalg.inv(observed_information(objective, np.log(stopped)) * known.n_total)
    errors = np.sqrt(np.diag(covariance)) * stopped
    # One unit of the last digit in print, for second differences have noise of their own.
    assert errors == pytest.approx([0.0476264, 0.8427222, 0.1872594, 6.2105448], rel=0, abs=1e-7)


def test_estimates_of_the_bg_nbd(bg):
    # CLVTools' and BTYD's fit of CDNOW, to seven digits where both searches stop.
    published = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
    for name, estimate in published.items():
        assert bg.estimate(name) == pytest.approx(estimate, rel=_STOPPED), name
    assert f"{bg.log_likelihood:.3f}" == "-9582.429"


def test_the_ggompertz_nbd_has_this_likelihood_at_the_published_estimates(patterns):
    # CLVTools' tests of ggomnbd on CDNOW.
    known = read_patterns(patterns).scaled(1 / DAYS_PER_WEEK)
    value, _ = GGompertzNbd().objective(known)(np.log([0.55313, 10.5758, 0.0000011, 0.60682, 0.000013]))
    # b and beta have two digits in print, and move the third decimal.
    assert value * known.n_total == pytest.approx(-9594.9762, abs=1e-2)


@pytest.mark.slow
def test_the_ggompertz_nbd_collapses_onto_the_pareto_nbd(patterns, pareto):
    # CLVTools ends near b 0 and beta 0 at r .55313, alpha 10.5758, s .60682, beta / b 11.8, log-likelihood -9594.9762.
    fit = fit_ggompertz_nbd(patterns)
    assert fit.is_converged
    assert fit.limit is not None
    assert fit.limit.words == ("the risk of dropping out does not grow with age",)
    assert (fit.estimate("b"), fit.estimate("beta")) == (0.0, 0.0)
    assert f"{fit.log_likelihood:.4f}" == "-9594.9762"
    for name, other in (("r", "r"), ("alpha", "alpha"), ("s", "s"), ("beta / b", "beta")):
        assert fit.estimate(name) == pytest.approx(pareto.estimate(other), rel=1e-4), name
        assert fit.params.set_index("name").loc[name, "se"] == pytest.approx(
            pareto.params.set_index("name").loc[other, "se"], rel=1e-3
        )
    assert fit.estimate("r") == pytest.approx(0.55313, abs=2e-4)
    assert fit.estimate("alpha") == pytest.approx(10.5758, abs=3e-3)
    assert fit.estimate("s") == pytest.approx(0.60682, abs=1e-3)
    assert fit.expected_repeats(364.0)[0] == pytest.approx(1.473434, rel=1e-5)


@pytest.mark.parametrize(
    ("family", "parameters", "new", "heavy", "alive", "gone"),
    [
        (
            ParetoNbd(),
            [0.553371338, 10.5795212, 0.60590662, 11.6580668],
            "1.473434",
            "25.45647",
            "0.997874",
            ["0.7062289", "0.1442396", "0.02250658", "0.00309267"],
        ),
        (
            BgNbd(),
            [0.242596758, 4.41365788, 0.792986407, 2.42615775],
            "1.444004",
            "25.75659",
            "0.9688523",
            ["0.3474606", "0.04283391", "0.004158973", "0.0003583685"],
        ),
    ],
)
def test_at_one_set_of_four_parameters_all_seven_numbers_of_the_walkthrough_are_those_in_print(
    pareto, bg, family, parameters, new, heavy, alive, gone
):
    """Four parameters cannot be bent to seven numbers; these lie where that search stopped, near our top."""
    at = np.array(parameters)
    top = (pareto if isinstance(family, ParetoNbd) else bg).params["estimate"].to_numpy()
    assert np.abs(at / top - 1).max() < 1e-3
    history = History(
        np.array([26.0, 10, 15, 20, 25]), np.array([216 / 7, 20, 20, 20, 20]), np.array([31.0, 39, 39, 39, 39])
    )
    still = family.probability_alive(at, history)
    expected = still * family.purchases_if_alive(at, history, np.full(5, 52.0))
    found = [family.expected_repeats(at, np.array([52.0]))[0], still[0], *expected]
    printed = [new, alive, heavy, *gone]
    assert [f"{one:.{len(text.split('.')[1])}f}" for one, text in zip(found, printed, strict=True)] == printed


def test_purchases_of_a_new_customer_within_a_year(pareto, bg):
    # BTYD's walkthrough, 52 weeks.
    assert f"{pareto.expected_repeats(364.0)[0]:.6f}" == "1.473434"
    assert bg.expected_repeats(364.0)[0] == pytest.approx(1.444004, rel=1e-5)


def test_a_heavy_buyer_a_year_ahead(pareto, bg):
    # BTYD's walkthrough: customer 1516 of CDNOW, 26 repeats, the last after 30 6/7 of 31 weeks.
    one = pd.DataFrame({"frequency": [26], "recency_days": [216.0], "age_days": [217.0]})
    for fit, expected, alive in ((pareto, 25.45647, 0.997874), (bg, 25.75659, 0.9688523)):
        assert fit.expected_purchases(one, 364)["expected_purchases"].iloc[0] == pytest.approx(expected, rel=1e-4)
        assert fit.probability_alive(one)["probability_alive"].iloc[0] == pytest.approx(alive, rel=5e-6)


def test_the_more_purchases_before_a_long_silence_the_surer_somebody_has_gone(pareto, bg):
    # BTYD's walkthrough: the increasing frequency paradox; last purchase after 20 of 39 weeks, 52 weeks ahead.
    gone = pd.DataFrame({"frequency": [10, 15, 20, 25], "recency_days": 140.0, "age_days": 273.0})
    for fit, expected in (
        (pareto, [0.7062289, 0.1442396, 0.02250658, 0.00309267]),
        (bg, [0.3474606, 0.04283391, 0.004158973, 0.0003585685]),
    ):
        found = fit.expected_purchases(gone, 364)["expected_purchases"]
        np.testing.assert_allclose(found, expected, rtol=1.5e-3)


def test_purchases_of_the_holdout_of_cdnow(pareto, bg, patterns):
    # 39 weeks until 1998-06-30, of the customers of the sample: the models tell fewer purchases than came.
    occasions = cdnow_occasions()
    came = int((occasions["day"] > "1997-09-30").sum())
    assert came == 1882
    weights = patterns["n_customers"].to_numpy(dtype=float)
    found = [float(fit.expected_purchases(patterns, 273)["expected_purchases"] @ weights) for fit in (pareto, bg)]
    assert found == pytest.approx([1719.8, 1663.3], abs=60)
