"""The index against an independent library, published areas and a world in which recency is all there is."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.index.measure import build_loyalty_index, ends_of
from crm_research.pillars.loyalty.index.page import draw_deciles, index_figures, index_finding, index_section
from crm_research.pillars.loyalty.index.predictors import read_index_parts
from crm_research.pillars.loyalty.index.ridge import compare_deviance, compare_ranking, fit_ridge_logistic
from crm_research.theme import chart_style
from tests.builders import a_study
from tests.loyalty.test_analysis import THIN, a_world
from tests.loyalty.test_rhythm import a_steady_world


def some_data(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) * [1.0, 5.0, 0.2] + [0.0, 40.0, 1.0]
    y = (rng.random(n) < 1 / (1 + np.exp(-(x[:, 0] + 0.2 * (x[:, 1] - 40))))).astype(float)
    return x, y


def test_weights_equal_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x, y = some_data()
    fit = fit_ridge_logistic(x, y, penalty=2.0)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(standard, y)
    assert fit.converged
    assert fit.weights[1:] == pytest.approx(peer.coef_[0], abs=1e-4)
    assert fit.chance(x) == pytest.approx(peer.predict_proba(standard)[:, 1], abs=1e-4)


def test_perfect_separation_and_constants_keep_finite_weights():
    x = np.column_stack([np.arange(20.0), np.ones(20)])
    fit = fit_ridge_logistic(x, (x[:, 0] > 9).astype(float))
    assert fit.converged
    assert np.isfinite(fit.weights).all()
    assert fit.weights[2] == pytest.approx(0.0)
    limits = fit.limits(x, 0.95)
    assert ((limits.lower <= limits.estimate) & (limits.estimate <= limits.upper)).all()


def test_areas_by_hand_and_their_difference():
    y = np.array([1.0, 1.0, 0.0, 0.0])
    area, other, gap = compare_ranking(y, np.array([4.0, 2.0, 3.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert (area, other) == (0.75, 0.5)
    # Structural components of DeLong: (1, 1/2) and (1/2, 1) against constants, variance 1/8 and 1/8, over two each.
    assert float(gap.upper - gap.estimate) == pytest.approx(1.959964 * np.sqrt(0.125 / 2 + 0.125 / 2), rel=1e-5)


def test_areas_equal_those_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    x, y = some_data(seed=4)
    area, other, _ = compare_ranking(y, np.round(x[:, 0], 1), x[:, 1])
    assert area == pytest.approx(roc_auc_score(y, np.round(x[:, 0], 1)))
    assert other == pytest.approx(roc_auc_score(y, x[:, 1]))


@pytest.mark.slow
def test_the_interval_of_a_difference_covers():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        y = (rng.random(150) < 0.4).astype(float)
        both = rng.normal(size=150) + y
        _, _, gap = compare_ranking(y, both + 0.7 * rng.normal(size=150), both + 0.7 * rng.normal(size=150))
        held += gap.lower <= 0 <= gap.upper
    assert 0.92 <= held / 400 <= 0.98


def test_no_gain_in_deviance_over_oneself():
    y = np.array([1.0, 0.0, 1.0])
    gain = compare_deviance(y, np.array([0.7, 0.2, 0.6]), np.array([0.7, 0.2, 0.6]))
    assert float(gain.estimate) == 0.0


def a_leaving_world(n=800, seed=5):
    """Customers with rhythms of their own, of whom half leave at a random time."""
    frame = a_steady_world(n, seed=seed, years=2, between=0.9, within=0.5)
    rng = np.random.default_rng(seed)
    names = frame["customer_id"].unique()
    leaves = pd.Series(np.where(rng.random(len(names)) < 0.5, rng.uniform(30, 730, len(names)), 1e4), index=names)
    days = (frame["ordered_at"] - pd.Timestamp("2018-01-01")).dt.days
    kept = frame.loc[days < frame["customer_id"].map(leaves)]
    return kept.reset_index(drop=True)


def test_where_customers_have_rhythms_of_their_own_the_index_beats_recency():
    study = a_study(as_of="2019-06-01", holdout_until="2019-09-01", orders=a_leaving_world())
    index = build_loyalty_index(study, describe_loyalty(study, occasion="order"))
    assert index.auc_gain.lower > 0
    assert not index.is_worse
    assert index.is_holdout
    assert "recency alone" in index_finding(index)
    deciles = index.deciles
    assert deciles["n"].sum() == index.n_judged
    assert deciles["bought_share"].iloc[0] > 0.9
    assert deciles["bought_share"].iloc[-1] < 0.5
    assert index.customers["index"].between(0, 100).all()
    assert len(ends_of(index)) == 20


@pytest.mark.slow
def test_the_index_reads_nothing_after_as_of():
    frame = a_leaving_world(300)
    whole = a_study(as_of="2019-06-01", orders=frame)
    cut = a_study(as_of="2019-06-01", orders=frame.loc[frame["ordered_at"] <= "2019-06-01"])
    pd.testing.assert_frame_equal(read_index_parts(whole), read_index_parts(cut))


def test_attitude_and_breadth_enter_where_they_are_known():
    frame = a_leaving_world(300)
    lines = pd.DataFrame({"order_id": frame["order_id"], "product_id": [f"p{i % 7}" for i in range(len(frame))],
                          "quantity": 1.0, "revenue": 10.0})  # fmt: skip
    names = frame["customer_id"].unique()[:60]
    surveys = pd.DataFrame({"response_id": [f"r{i}" for i in range(60)], "customer_id": names, "asked_at": "2019-01-10",
                            "item": "nps", "score": [float(i % 11) for i in range(60)], "scale_min": 0.0,
                            "scale_max": 10.0})  # fmt: skip
    parts = read_index_parts(a_study(as_of="2019-06-01", orders=frame, order_lines=lines, surveys=surveys))
    assert {"breadth", "attitude", "has answered a survey"} <= set(parts.columns)
    assert parts["attitude"].between(0, 1).all()


@pytest.mark.slow
def test_without_a_holdout_the_test_moves_back():
    study = a_study(as_of="2019-06-01", orders=a_leaving_world(300))
    index = index_section(study, describe_loyalty(study, occasion="order")).result
    assert not index.is_holdout
    assert index.judged_at < study.as_of
    for figure in index_figures(index):
        figure.as_record()
    with chart_style():
        draw_deciles(index).figure.savefig(BytesIO(), format="svg")


@pytest.mark.slow
@pytest.mark.parametrize("case", THIN)
def test_thin_records_have_no_index(case):
    study = a_study(as_of="2024-07-01", holdout_until="2024-08-01", orders=THIN[case])
    assert index_section(study, describe_loyalty(study)).result is None
    with pytest.raises(NotEnoughData):
        build_loyalty_index(study, describe_loyalty(study))


def test_a_short_record_is_said_to_be_short():
    frame = a_world(200)
    early = frame.loc[frame["ordered_at"] < "2023-01-15"]
    study = a_study(as_of="2023-01-16", orders=early)
    assert index_section(study, describe_loyalty(study)).result is None
