"""The check in money, by hand and on the literature's sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.features.rfm import count_patterns
from crm_research.models.btyd import fit_mbg_nbd, fit_pareto_nbd
from crm_research.pillars.silent_churn import check_money, describe_silence
from crm_research.pillars.silent_churn.figures import parameter_figures
from crm_research.pillars.silent_churn.holdout import HIATUS, SAME_AGAIN
from crm_research.pillars.silent_churn.words import edge_findings, money_finding
from tests.builders import a_study, orders

# as_of 1 July; the holdout is 30 days, so the last period begins on 1 June.
BOUGHT = (
    ("ann", "2024-04-02", 10.0),
    ("ann", "2024-06-11", 20.0),
    ("ann", "2024-06-21", 30.0),
    ("ann", "2024-07-05", 40.0),  # holdout
    ("bob", "2024-06-15", 99.0),  # his first: no repeat of the last period
    ("cid", "2024-01-01", 10.0),
    ("cid", "2024-01-11", 10.0),
    ("dan", "2024-07-03", 10.0),  # not known at as_of
)


def a_shop(*, has_cost: bool = False, holdout_until: str | None = "2024-07-31"):
    bought = orders(*BOUGHT)
    if has_cost:
        bought["cost"] = bought["revenue"] / 2
    return a_study(as_of="2024-07-01", holdout_until=holdout_until, orders=bought)


def test_the_rules_in_money_by_hand():
    table = check_money(a_shop(), None, 70.0, horizon_days=30.0, confidence=0.95).set_index("forecast")
    assert set(table["money"]) == {"revenue"}
    assert (table["total_observed"] == 40).all()
    # Same again: ann's 20 + 30 of June against 40; the others nothing.
    assert table.loc[SAME_AGAIN, "total_expected"] == 50
    assert table.loc[SAME_AGAIN, "rmse"] == pytest.approx(np.sqrt(10**2 / 3))
    assert table.loc[SAME_AGAIN, "mae"] == pytest.approx(10 / 3)
    # Pace: ann 2 in 90 days at 20 each, so 40/3 in 30 days; cid is silent too long; bob has no pace.
    assert table.loc[HIATUS, "total_expected"] == pytest.approx(40 / 3)
    assert table.loc[HIATUS, "rmse"] == pytest.approx(np.sqrt((40 - 40 / 3) ** 2 / 3))


def test_margin_goes_at_its_past_share_of_revenue():
    table = check_money(a_shop(has_cost=True), None, 70.0, horizon_days=30.0, confidence=0.95)
    revenue, margin = (table.loc[table["money"] == money].set_index("forecast") for money in ("revenue", "margin"))
    columns = ["rmse", "mae", "total_expected", "total_observed"]
    np.testing.assert_allclose(margin[columns], revenue[columns] / 2)


def test_without_a_holdout_nothing_is_judged():
    assert check_money(a_shop(holdout_until=None), None, 70.0, horizon_days=30.0, confidence=0.95).empty


@pytest.mark.slow
def test_cdnow_is_closer_than_the_rules_in_money_too():
    silence = describe_silence(open_study("cdnow"))
    table = silence.money.set_index("forecast")
    model = table.loc["Pareto/NBD"]
    # What the 2,357 customers paid in weeks 40 to 78.
    assert model["total_observed"] == pytest.approx(70_976, abs=1)
    assert model["upper"] < table.loc[HIATUS, "rmse"]
    assert "is smaller than" in money_finding(silence)
    # Profile limits of s, whose likelihood is far from quadratic, are printed instead of Wald's (0.33 to 1.11).
    printed = {figure.id.rpartition("_")[2]: figure for figure in parameter_figures(silence) if "pareto" in figure.id}
    assert (round(printed["s"].lower, 2), round(printed["s"].upper, 2)) == (0.37, 1.50)
    assert "profile likelihood" in printed["s"].estimator
    assert edge_findings(silence) == []


def test_money_of_nothing_and_below_nothing_is_carried():
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 260, 600), unit="D")
    rows = [(f"c{i % 150}", day, -5.0 if i % 3 else 0.0) for i, day in enumerate(days)]
    study = a_study(as_of="2024-07-01", holdout_until="2024-09-30", orders=orders(*rows))
    patterns = count_patterns(study, occasion="day").to_pandas().astype({"age_days": float})
    table = check_money(study, fit_mbg_nbd(patterns), 60.0, horizon_days=91.0, confidence=0.95)
    assert np.isfinite(table[["rmse", "total_expected"]]).all(axis=None)


@pytest.mark.slow
def test_a_base_that_nobody_leaves_is_said_to_be_at_the_edge():
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 540, 3_000), unit="D")
    bought = orders(*[(f"c{i % 200}", day, 5.0) for i, day in enumerate(days)])
    study = a_study(as_of="2024-01-01", holdout_until="2024-06-20", orders=bought)
    silence = describe_silence(study)
    patterns = count_patterns(study, occasion="day").to_pandas().astype({"age_days": float})
    fit = fit_pareto_nbd(patterns)
    assert fit.limit.words == ("everybody buys at the same rate", "nobody drops out")
    told = " ".join(edge_findings(silence))
    assert "nobody drops out" in told
    assert "by construction" in told
    rate = fit.params.set_index("name").loc["r / alpha", "estimate"]
    exposure = (patterns["age_days"] * patterns["n_customers"]).sum() / 7
    assert rate == pytest.approx((patterns["frequency"] * patterns["n_customers"]).sum() / exposure, rel=1e-4)
