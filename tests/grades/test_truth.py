"""The simulator knows what each customer leaves and how satisfied they are; and worlds where all are served alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.pillars.grades import measure_grades, measure_service
from crm_research.pillars.grades.service import _compare, _misfits
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.simulate.surveys import ITEMS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return simulate_world(
        WorldSettings(n_customers=1500, seed=8, business_share=0.4, survey_share=0.6),
        tmp_path_factory.mktemp("truth") / "world",
    )


@pytest.fixture(scope="module")
def truth(world):
    return pd.read_parquet(world.truth / "customers").set_index("customer_id")


@pytest.fixture(scope="module")
def found(world):
    return measure_grades(open_study(world.study_file))


def test_businesses_alone_are_graded_by_what_they_leave_in_truth(world, truth, found):
    ids = found.rows["customer_id"]
    assert truth.loc[ids, "is_business"].all()
    profits = pd.read_parquet(world.truth / "profits")
    within = profits.loc[(profits["period"] >= "2023-04-01") & (profits["period"] < "2024-04-01")]
    true = within.groupby("customer_id")["profit"].sum()
    businesses = truth.index[truth["is_business"]].intersection(true.index)
    assert set(ids) == set(businesses)
    assert found.left.to_numpy() == pytest.approx(true.loc[ids].to_numpy(), abs=1e-5)
    days = (pd.Timestamp("2024-06-30") - truth.loc[ids, "registered_at"]).dt.total_seconds() / 86_400
    assert found.criteria.cells["years together"].to_numpy() == pytest.approx((days / 365.25).to_numpy(), abs=1e-6)


def test_limits_of_satisfaction_hold_what_customers_feel(truth, found):
    items = [item for item in ITEMS if item.trait == "satisfaction"]
    felt = truth.loc[found.rows["customer_id"], "satisfaction"].to_numpy()
    means = [item.middle + item.spread * item.loading * felt for item in items]
    true = (np.clip(np.mean(means, axis=0), 1, 7) - 1) / 6
    believed, error = found.criteria.cells["satisfaction"], found.criteria.errors["satisfaction"]
    known = found.criteria.known["satisfaction"].to_numpy()
    assert 150 < known.sum() < len(known) - 50
    for among in (known, ~known):
        held = np.abs(believed - true)[among] <= 1.96 * error[among]
        assert 0.90 <= held.mean() <= 0.985, (among.sum(), held.mean())
    assert np.corrcoef(believed[known], felt[known])[0, 1] > 0.75
    # Believed they stray less from the truth than the answers themselves.
    seen = (found.rows["answered"] / found.rows["n_responses"].where(found.rows["n_responses"] > 0)).to_numpy()
    assert np.square(believed - true)[known].mean() < np.square(seen - true)[known].mean()


def test_where_all_are_served_alike_hardly_a_world_shows_somebody_or_a_difference():
    n_shown = n_apart = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        years = rng.uniform(0.2, 1.0, 150)
        grade = np.repeat(["A", "B", "C"], [30, 45, 75])
        # Contacts come in lumps: customers stray more than by chance alone.
        care = rng.poisson(rng.gamma(4.0, 1.0, 150) * years).astype(float)
        alike = rng.poisson(4.0 * years).astype(float)
        over, under, n_tested, can_tell = _misfits(alike, years, grade, 0.95)
        assert (n_tested, can_tell) == (105, False)
        n_shown += bool(len(over) or len(under))
        row = _compare({"visit": care, "all but complaints": care}, years, grade, 0.95).iloc[-1]
        n_apart += not row["lower"] <= 1 <= row["upper"]
    assert n_shown <= 10  # of 200, at a level of 1 in 20
    assert n_apart <= 18


def test_who_is_visited_too_rarely_and_too_often_is_found():
    rng = np.random.default_rng(5)
    grade = np.repeat(["A", "C"], [20, 80])
    care = rng.poisson(np.where(grade == "A", 12.0, 10.0)).astype(float)
    care[[0, 1]] = 0.0
    care[[30, 31, 32]] = 40.0
    over, under, _, can_tell = _misfits(care, np.ones(100), grade, 0.95)
    assert set(over["place"]) == {30, 31, 32}
    assert {0, 1} <= set(under["place"])
    assert can_tell


def test_the_service_of_the_simulated_company_adds_up(found):
    service = measure_service(found)
    summed = service.contacts.groupby("kind")["n"].sum()
    for kind in ("complaint", "enquiry", "visit", "service"):
        assert summed[kind] == found.rows[f"n_{kind}"].sum()
    assert summed["all but complaints"] == summed[["enquiry", "visit", "service"]].sum()
    cost = found.rows[["service", "contacts", "capital"]].to_numpy().sum()
    assert service.grades["cost"].sum() == pytest.approx(cost)
    assert service.grades["n_customers"].sum() == found.n_ranked
    assert (service.grades["years"] <= service.grades["n_customers"] * 366 / 365.25).all()
