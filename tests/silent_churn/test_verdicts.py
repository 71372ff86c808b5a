"""What the holdout says against a number stands beside that number: on its card, in the answer, before any names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import REFUTED
from crm_research.pillars.silent_churn import describe_silence
from crm_research.pillars.silent_churn.figures import (
    ALIVE_SHARE,
    EXPECTED_ORDERS,
    key_figures,
    outlook_figures,
    parameter_figures,
)
from crm_research.pillars.silent_churn.fits import nobody_leaves
from crm_research.pillars.silent_churn.words import (
    alive_finding,
    future_finding,
    other_range,
    refuted_finding,
    spread_finding,
)
from crm_research.stats.intervals import Interval
from tests.builders import a_study, orders


def a_world(*, pace_after: float, n: int = 600, seed: int = 3):
    """Customers who buy at random and never leave, and after as_of at another pace than before."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(2.0, 1 / 60.0, n)
    rows = []
    for i, rate in enumerate(rates):
        first = rng.uniform(0, 200)
        before = first + rng.uniform(0, 400 - first, rng.poisson((400 - first) * rate))
        after = 400 + rng.uniform(0, 200, rng.poisson(200 * rate * pace_after))
        for day in (first, *before, *after):
            rows.append((f"c{i}", pd.Timestamp("2022-01-01") + pd.Timedelta(minutes=round(1440 * day)), 10.0))
    return a_study(as_of="2023-02-05", holdout_until="2023-08-24", orders=orders(*rows))


@pytest.fixture(scope="module")
def slowed():
    return describe_silence(a_world(pace_after=0.6))


@pytest.fixture(scope="module")
def steady():
    return describe_silence(a_world(pace_after=1.0))


def figure_of(silence, id_):
    return {figure.id: figure for figure in [*key_figures(silence), *outlook_figures(silence)]}[id_]


def test_an_expectation_that_its_own_holdout_refutes_says_so(slowed):
    check = slowed.holdout
    assert check.total_holds is False
    figure = figure_of(slowed, EXPECTED_ORDERS)
    assert figure.verdict == REFUTED
    assert figure.validation.endswith("; does not agree")
    said = future_finding(slowed)
    expected = f"{check.error_of(slowed.chosen)['total_expected']:,.0f}"
    assert f"a number that the check refutes: in the 29 weeks of the holdout {expected} were expected" in said
    assert f"and {check.observed:,} came" in said


@pytest.mark.slow
def test_an_expectation_that_holds_is_not_accused(steady):
    assert steady.holdout.total_holds is True
    figure = figure_of(steady, EXPECTED_ORDERS)
    assert figure.verdict == "agrees"
    assert "refutes" not in future_finding(steady)


def test_the_gap_of_totals_is_what_came_less_what_was_expected(slowed):
    check = slowed.holdout
    row = check.error_of(slowed.chosen)
    assert float(check.total.estimate) == pytest.approx(row["total_observed"] - row["total_expected"])
    assert check.total.lower < check.total.estimate < check.total.upper < 0


@pytest.mark.slow
def test_one_group_that_bought_too_often_refutes_the_list_though_all_together_do_not(steady):
    groups = pd.DataFrame(
        {
            "customers": ["almost surely active", "probably gone", "almost surely gone"],
            "n_customers": [3_000, 1_762, 21],
            "alive_share": [0.97, 0.30, 0.048],
            "expected_share": [0.6, 0.15, 0.033],
            "observed_share": [0.6, 0.15, 8 / 21],
            "lower": [0.58, 0.13, 0.208],
            "upper": [0.62, 0.17, 0.59],
        }
    )
    check = replace(
        steady.holdout, by_group=groups, gone_alive=0.297, gone_bought=Interval(*map(np.asarray, (0.153, 0.137, 0.171)))
    )
    assert not check.is_refuted_together
    assert check.is_refuted
    assert check.refuted_groups["customers"].tolist() == ["almost surely gone"]
    # Two groups are judged, so each at 97.5 %: R's prop.test(8, 21, conf.level = .975, correct = FALSE) gives .1893.
    assert check.refuted_groups["lower"].iloc[0] == pytest.approx(0.1893313, abs=1e-7)
    told = refuted_finding(replace(steady, holdout=check))
    assert "Of the customers whom the model calls almost surely gone, 4.8 % could still be active" in told
    assert figure_of(replace(steady, holdout=check), ALIVE_SHARE).verdict == REFUTED
    few = replace(check, by_group=groups.assign(n_customers=[3_000, 1_762, 19]))
    assert not few.is_refuted


@pytest.mark.slow
def test_the_page_gives_one_range_of_other_readings(steady):
    readings = [f"{one}, all customers" for one in ("MBG/NBD", "Pareto/NBD", "BG/NBD")] + ["MBG/NBD, newcomers only"]
    others = pd.DataFrame(
        {
            "reading": readings,
            "n_customers": [steady.n_customers] * 3 + [250],
            "alive_share": [0.36, 0.33, 0.75, 0.9],
            "is_chosen": [True, False, False, False],
        }
    )
    alive = Interval(*map(np.asarray, (0.36, 0.35, 0.37)))
    inside = {name: replace(fit, limit=None) for name, fit in steady.fits.fitted.items()}
    silence = replace(steady, others=others, alive=alive, fits=replace(steady.fits, fitted=inside))
    assert "; 33 % by another model)" in alive_finding(silence)
    spread = spread_finding(silence)
    assert not any(sign in spread for sign in ("33 %", "75 %", "90 %"))
    assert "no reading of who is still there" in spread
    assert "of those customers alone" in spread


def test_no_figure_claims_an_interval_that_it_does_not_have(steady, slowed):
    for silence in (steady, slowed):
        for figure in [*key_figures(silence), *outlook_figures(silence), *parameter_figures(silence)]:
            if figure.lower is None and figure.upper is None:
                assert "interval" not in figure.estimator, figure.id
                assert "; limits" not in figure.estimator, figure.id


def test_a_model_at_the_edge_where_nobody_leaves_finds_nothing_of_who_is_active(steady):
    assert nobody_leaves(steady.fit)
    assert alive_finding(steady).startswith(
        "Of 600 customers none is seen to have left, and nobody is told apart: by what they bought nobody drops out, "
        "and then all count as active"
    )
    # 100 % by construction is no other reading either.
    at_edge = [name for name, fit in steady.fits.usable.items() if nobody_leaves(fit)]
    others = pd.DataFrame(
        {
            "reading": [f"{at_edge[-1]}, all customers", "MBG/CNBD-k, all customers"],
            "n_customers": [600, 600],
            "alive_share": [1.0, 0.42],
            "is_chosen": [False, False],
        }
    )
    kept = {name: fit for name, fit in steady.fits.fitted.items() if name in at_edge}
    silence = replace(steady, others=others, fits=replace(steady.fits, fitted=kept))
    assert other_range(silence) == ((0.42, 0.42) if "MBG/CNBD-k" not in at_edge else None)
