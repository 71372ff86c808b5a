from dataclasses import replace
from datetime import datetime
from itertools import permutations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.assign import assign_customers
from crm_research.pillars.segmentation.deployment.charts import draw_migration
from crm_research.pillars.segmentation.deployment.migration import (
    APPARENT,
    MOVED,
    REAL,
    RELABELLED,
    describe_moves,
    measure_migration,
)
from crm_research.pillars.segmentation.deployment.refit import (
    UNMATCHED,
    count_overlap,
    match_labels,
    measure_refit_noise,
    refit_segmentation,
)
from crm_research.pillars.segmentation.deployment.words import migration_figures, say_model, say_moves, tabulate_flows
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.stats.intervals import wilson_share
from tests.builders import a_study, orders
from tests.segmentation.kept import CENTRES, NAMES, NUMBER, RECENCY, a_kept, draw_features

FIRST, LAST = datetime(2024, 4, 1), datetime(2024, 7, 1)


def _moves(*rows, names=NAMES, then=None):
    counts = pd.DataFrame(rows, columns=["before", "before_by_then", "after", "n_customers"])
    kept = a_kept() if names == NAMES else replace(a_kept(), names=names)
    return describe_moves(counts, kept, then=then or kept, first_day=FIRST, last_day=LAST)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)))
def test_a_grouping_with_other_numbers_is_matched_exactly(order):
    labels = np.random.default_rng(1).integers(0, 6, size=500)
    renumbered = np.array(order)[labels]
    assert match_labels(count_overlap(labels, renumbered, 6))[renumbered].tolist() == labels.tolist()


def test_no_other_matching_keeps_more_customers():
    rng = np.random.default_rng(7)
    for _ in range(20):
        overlap = rng.integers(0, 50, size=(5, 5)).astype(float)
        best = max(sum(overlap[row, column] for column, row in enumerate(order)) for order in permutations(range(5)))
        matched = match_labels(overlap)
        assert sorted(matched) == list(range(5))
        assert overlap[matched, range(5)].sum() == best


def test_groups_without_a_counterpart_are_left_over():
    assert match_labels(np.array([[9.0, 1.0, 0.0], [0.0, 0.0, 8.0]])).tolist() == [0, UNMATCHED, 1]


def test_matrix_and_rates_by_hand():
    found = _moves((0, 0, 0, 8), (0, 1, 1, 2), (1, 1, 1, 25), (1, 0, 1, 5), (None, None, 1, 7))
    matrix = found.matrix.set_index(["segment_before", "segment_after"])
    stayed = matrix.loc[(NAMES[0], NAMES[0])]
    # Wilson limits of 8 of 10 (Newcombe 1998, Statistics in Medicine 17, 857-872): .4902 to .9433.
    assert (stayed["n_customers"], stayed["share"]) == (8, 0.8)
    assert (stayed["lower"], stayed["upper"]) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert found.matrix.groupby("segment_before")["share"].sum().tolist() == pytest.approx([1, 1])
    assert found.n_customers == 40
    assert found.rate(MOVED)["estimate"] == 2 / 40
    assert found.rate(RELABELLED)["estimate"] == 7 / 40
    assert found.rate(APPARENT)["estimate"] == 5 / 40
    # Two reports would name five otherwise: none of them moved, the two who moved had the new name before.
    assert (found.rate(REAL)["estimate"], found.rate(REAL)["n"]) == (0, 5)
    assert found.joiners.set_index("segment")["n_customers"].tolist() == [0, 7]
    assert tabulate_flows(found)["n_customers"].tolist() == [30, 8, 2]


def test_an_empty_segment_has_no_share_and_a_picture_all_the_same():
    found = _moves((0, 0, 1, 20))
    empty = found.matrix[found.matrix["segment_before"] == NAMES[1]]
    assert empty["share"].isna().all()
    assert found.rate(MOVED)["estimate"] == 1
    draw_migration(found).figure.draw_without_rendering()
    assert "100 %" in say_moves(found)


def test_nobody_moved_is_said_truly():
    found = _moves((0, 0, 0, 20), (1, 1, 1, 20))
    assert "nobody did" in say_moves(found)
    assert "name nobody otherwise" in say_model(found)
    figures = {figure.id: figure for figure in migration_figures(found)}
    assert figures["segmentation.migration_rate"].estimate == 0
    assert figures["segmentation.migration_rate"].upper > 0
    assert figures["segmentation.real_moves_share"].estimate is None
    assert draw_migration(found).figure.get_suptitle() == "Nobody moved to another segment"


def test_new_customers_only_are_not_enough():
    with pytest.raises(NotEnoughData, match="both"):
        _moves((None, None, 0, 20))
    study = a_study(orders=orders(*[(f"c{i}", "2024-06-30", 5.0 + i) for i in range(60)]))
    with pytest.raises(NotEnoughData):
        measure_migration(study, a_kept(), window_days=30)
    with pytest.raises(NotEnoughData):
        measure_migration(a_study(orders=orders(("a", "2024-08-01", 1.0))), a_kept())
    with pytest.raises(ParameterError, match="window_days"):
        measure_migration(study, a_kept(), window_days=0)


@pytest.fixture(scope="module")
def shop():
    """Sixty who stop in March, sixty who go on, and ten who come back in June after long silence."""
    rows = []
    for i in range(60):
        rows += [(f"stop{i}", f"2024-0{m}-{1 + i % 25:02}", 10.0) for m in (1, 2, 3)]
        rows += [(f"goes{i}", f"2024-0{m}-{1 + i % 25:02}", 10.0) for m in (1, 2, 3, 4, 5, 6)]
    for i in range(10):
        rows += [(f"back{i}", f"2023-01-{1 + i:02}", 10.0), (f"back{i}", f"2024-06-{10 + i:02}", 10.0)]
    rows += [(f"new{i}", "2024-06-20", 10.0) for i in range(5)]
    return a_study(orders=orders(*rows))


@pytest.mark.slow
def test_movers_of_a_study_are_exactly_those_whom_two_assignments_place_otherwise(shop):
    kept = a_kept(centres=np.array([[-1.5, 0.0], [1.0, 0.0]]))
    found = measure_migration(shop, kept, window_days=91)
    now = assign_customers(shop, kept).to_pandas().set_index("customer_id")["segment"]
    was = assign_customers(shop.standing_at(found.first_day), kept).to_pandas().set_index("customer_id")["segment"]
    assert found.n_customers == len(was) == 130
    assert found.rate(MOVED)["estimate"] == pytest.approx((now.loc[was.index] != was).mean())
    back = found.matrix.set_index(["segment_before", "segment_after"]).loc[(NAMES[1], NAMES[0])]
    assert back["n_customers"] == 10
    assert found.joiners["n_customers"].sum() == 5
    assert found.then.as_of == found.first_day
    assert 0 <= found.then.evidence["refit_noise"] <= 1


def _segments(study, kept, frame):
    return assign_customers(study, kept, features=ibis.memtable(frame)).to_pandas().set_index("customer_id")["segment"]


def test_a_model_found_anew_on_the_same_customers_has_the_same_segments(shop):
    frame = draw_features(600)
    kept = a_kept(frame)
    again = refit_segmentation(shop, kept, features=ibis.memtable(frame))
    assert again.names == NAMES
    assert (_segments(shop, kept, frame) == _segments(shop, again, frame)).mean() > 0.99
    assert again.evidence["refit_noise"] < 0.03


def test_only_the_model_moved(shop):
    # Everybody 60 days longer silent: by a model of each day nobody changes his name.
    frame = draw_features(600)
    later = frame.assign(days_since_last=frame["days_since_last"] + 60)
    kept = a_kept(frame)
    again = refit_segmentation(shop, kept, features=ibis.memtable(later))
    was, same_model = _segments(shop, kept, frame), _segments(shop, kept, later)
    own_model = _segments(shop, again, later)
    assert (was == own_model).mean() > 0.99
    assert (was == same_model).mean() < 0.97


def test_alike_customers_cannot_be_grouped_anew(shop):
    alike = draw_features(100).assign(days_since_last=3.0, n_orders=2.0)
    with pytest.raises(NotEnoughData, match="differ"):
        refit_segmentation(shop, a_kept(), features=ibis.memtable(alike))


def test_clear_groups_do_not_depend_on_who_was_drawn_and_a_cloud_does():
    rng = np.random.default_rng(2)
    clear = CENTRES[rng.integers(0, 2, 500)] * 3 + rng.normal(size=(500, 2)) * 0.3
    cloud = rng.normal(size=(500, 2))
    noise = [
        measure_refit_noise(points, fit_centres(points, 3 if points is cloud else 2, seed=1), seed=1, n_resamples=9)
        for points in (clear, cloud)
    ]
    assert noise[0].max() == 0
    assert noise[1].max() > 0.05


def _true_rate(rng, chance, n=200_000):
    """Movers by the true centres: those who changed kind, and those whom chance carries over the line."""
    kinds = rng.integers(0, 2, n)
    later = np.where(rng.random(n) < chance, 1 - kinds, kinds)
    return kinds, later


def _points(rng, kinds):
    return CENTRES[kinds] + rng.normal(0, 0.9, size=(len(kinds), 2))


@pytest.mark.slow
def test_the_interval_of_the_rate_covers_the_truth_also_with_centres_found_in_the_sample():
    rng = np.random.default_rng(12)
    kinds, later = _true_rate(rng, 0.15)
    truth = float((assign_nearest(_points(rng, kinds), CENTRES) != assign_nearest(_points(rng, later), CENTRES)).mean())
    covered = {"given": [], "found": []}
    for seed in range(400):
        kinds, later = _true_rate(rng, 0.15, n=500)
        before, after = _points(rng, kinds), _points(rng, later)
        for name, centres in (("given", CENTRES), ("found", fit_centres(after, 2, seed=seed, n_starts=1))):
            moved = int((assign_nearest(before, centres) != assign_nearest(after, centres)).sum())
            limits = wilson_share(moved, 500)
            covered[name].append(limits.lower <= truth <= limits.upper)
    assert 0.925 <= np.mean(covered["given"]) <= 0.98
    assert np.mean(covered["found"]) >= 0.90


def test_inputs_stay_the_same_kind(shop):
    again = refit_segmentation(shop, a_kept())
    assert [(t.name, t.is_logarithmic, t.clip) for t in again.inputs] == [
        (t.name, t.is_logarithmic, t.clip) for t in (RECENCY, NUMBER)
    ]
