from dataclasses import replace
from functools import cache

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.deployment.assign import place_features
from crm_research.pillars.segmentation.deployment.charts import draw_drift
from crm_research.pillars.segmentation.deployment.drift import (
    DISTANCE,
    KEEP,
    REFIT,
    UNCERTAIN,
    compare_references,
    look_at,
    measure_drift,
)
from crm_research.pillars.segmentation.deployment.reference import count_bins, find_edges
from crm_research.pillars.segmentation.deployment.stability_index import compare_bins
from crm_research.pillars.segmentation.deployment.words import drift_figures, tabulate_signs
from tests.builders import a_study, orders
from tests.postgres import connect_to_write
from tests.segmentation.kept import NAMES, a_kept, draw_features


@pytest.fixture(scope="module")
def study():
    return a_study(orders=orders(("a", "2024-01-01", 1.0)))


@cache
def _kept():
    return a_kept(draw_features(1000))


def _drift(study, frame):
    return measure_drift(study, _kept(), features=ibis.memtable(frame))


def test_the_stability_index_by_hand():
    # Half a customer added: 10.5 of 31 and 20.5 of 31 against 20.5 and 10.5; 2 (10/31) ln(20.5 / 10.5).
    found = compare_bins([10, 20], [20, 10])
    assert found.stability_index == pytest.approx(2 * 10 / 31 * np.log(20.5 / 10.5))
    # chi-squared with one degree of freedom: 3.841.
    assert found.by_chance == pytest.approx(3.8415 * 2 / 31, rel=1e-4)


def test_bins_nobody_was_ever_in_do_not_count():
    assert compare_bins([10, 0, 20, 0], [20, 0, 10, 0]) == compare_bins([10, 20], [20, 10])
    assert compare_bins([9], [3]).upper == 0
    assert np.isnan(compare_bins([0, 0], [1, 2]).stability_index)
    assert np.isfinite(compare_bins([0, 50], [50, 0]).stability_index)


@pytest.mark.parametrize(("n", "m", "shift"), [(3000, 1000, 0.0), (3000, 1000, 0.3), (500, 500, 1.0)])
def test_limits_of_the_index_hold_it_and_chance_is_told(n, m, shift):
    rng = np.random.default_rng(4)
    q = np.full(10, 0.1)
    p = np.exp(shift * np.linspace(-1, 1, 10))
    p /= p.sum()
    truth = float(((p - q) * np.log(p / q)).sum())
    found = [compare_bins(rng.multinomial(n, q), rng.multinomial(m, p)) for _ in range(600)]
    assert np.mean([one.lower <= truth <= one.upper for one in found]) >= 0.93
    beyond_chance = np.mean([one.stability_index > one.by_chance for one in found])
    assert 0.025 < beyond_chance < 0.085 if shift == 0 else beyond_chance > 0.9


def test_heaps_stay_in_one_bin_and_gaps_in_their_own():
    values = np.r_[np.ones(700), np.arange(2.0, 302), np.full(5, np.nan)]
    edges = find_edges(values)
    counts = count_bins(values, edges)
    assert edges[0] == 1
    assert counts[0] == 700
    assert counts[-1] == 5
    assert sum(counts) == len(values)
    assert find_edges(np.full(4, np.nan)) == ()
    assert count_bins(np.full(4, 7.0), find_edges(np.full(4, 7.0))) == (4, 0)


def test_engine_and_numpy_take_the_same_reference_profile():
    frame = draw_features(900)
    frame.loc[20, "n_orders"] = np.inf
    kept = a_kept(frame)
    seen = look_at(place_features(ibis.memtable(frame), kept), kept)
    was = kept.reference
    assert seen.sizes == was.sizes
    assert seen.counts == was.counts
    assert seen.n_uncertain == was.n_uncertain
    assert seen.distance == pytest.approx(was.distance)
    assert seen.distance_sd == pytest.approx(was.distance_sd)
    assert seen.silhouette == pytest.approx(was.silhouette)


def test_other_customers_of_the_same_kind_do_not_age_a_segmentation(study):
    verdicts = [_drift(study, draw_features(500, seed=seed)).verdict for seed in range(10, 15)]
    assert verdicts == [KEEP] * 5
    found = _drift(study, draw_features(500, seed=9))
    assert "can be kept" in found.sentence()
    assert drift_figures(found)[0].estimate == 0


def test_inputs_that_shifted_by_a_deviation_age_it_and_are_named(study):
    found = _drift(study, draw_features(500, seed=9, shift=1.0))
    assert found.verdict == REFIT
    assert "days since the last purchase" in found.sentence()
    assert drift_figures(found)[0].estimate == 1
    assert found.signs.set_index("sign").loc[DISTANCE, "is_beyond"]


@pytest.mark.slow
def test_customers_between_the_centres_are_a_sign_of_age(study):
    frame = draw_features(400)
    # Midway: (-0.25, 0.1) on the scaled inputs.
    frame["days_since_last"] = 87.5 + np.arange(400) % 2 / 10
    frame["n_orders"] = np.expm1(1.58)
    signs = _drift(study, frame).signs.set_index("sign")
    assert signs.loc[UNCERTAIN, "now"] > 0.9
    assert signs.loc[UNCERTAIN, "is_beyond"]


def test_a_segment_that_emptied_is_named(study):
    frame = draw_features(3000)
    found = _drift(study, frame[frame["days_since_last"] > 110])
    assert found.sizes.set_index("segment").loc[NAMES[0], "has_emptied"]
    assert "“重要客户”" in found.sentence()


def test_an_input_that_is_no_longer_known_is_a_shift(study):
    found = _drift(study, draw_features(500).assign(n_orders=np.nan))
    assert found.inputs.set_index("input").loc["n_orders", "is_beyond"]
    assert np.isfinite(found.inputs["upper"]).all()


def test_too_few_customers_are_said(study):
    with pytest.raises(NotEnoughData, match="50"):
        _drift(study, draw_features(49))
    with pytest.raises(NotEnoughData):
        measure_drift(study, a_kept())


def test_another_study_or_an_earlier_day_is_said(study):
    found = _drift(replace(study, name="other").standing_at(pd.Timestamp("2020-01-01")), draw_features(100))
    assert len(found.notes) == 2


@pytest.mark.slow
def test_picture_and_table_are_there_whatever_the_numbers(study):
    constant = draw_features(100).assign(days_since_last=5.0, n_orders=1.0)
    for frame in (draw_features(100, shift=2.0), constant):
        found = _drift(study, frame)
        draw_drift(found).figure.draw_without_rendering()
        assert len(tabulate_signs(found)) == 5
    still = compare_references(a_kept(constant), a_kept(constant).reference, made_at="a", seen_at="b")
    assert still.verdict == KEEP
    draw_drift(still).figure.draw_without_rendering()


@pytest.mark.postgres
def test_postgresql_takes_the_same_reference_profile(postgres_url):
    frame, kept = draw_features(300), a_kept()
    there = connect_to_write(postgres_url).create_table("features_to_look_at", frame, overwrite=True)
    assert (
        look_at(place_features(there, kept), kept).counts
        == look_at(place_features(ibis.memtable(frame), kept), kept).counts
    )
