import numpy as np
import pytest

from crm_research.pillars.segmentation.inputs.log_ratios import centre_log_ratios, replace_zeros, scale_composition


def test_zeros_are_filled_by_one_purchase_of_the_average_customer():
    # Two customers, 30 in all for the first part and 10 for the second: the average is 3/4 and 1/4.
    shares = replace_zeros(np.array([[30.0, 0.0], [0.0, 10.0]]), np.array([3.0, 1.0]))
    assert shares == pytest.approx(np.array([[(3 + 0.75) / 4, 0.25 / 4], [0.75 / 2, (1 + 0.25) / 2]]))


def test_who_bought_nothing_is_average():
    assert replace_zeros(np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([5.0, 4.0]))[0] == pytest.approx([0.25, 0.75])


def test_log_ratios_by_hand_and_without_regard_to_size():
    # clr of (1, 10, 100) / 111: the geometric mean is 10 / 111.
    found = centre_log_ratios(np.array([[1.0, 10.0, 100.0]]) / 111)
    assert found[0] == pytest.approx([-np.log(10), 0, np.log(10)])
    assert centre_log_ratios(np.array([[2.0, 20.0, 200.0]])) == pytest.approx(found)


def test_one_spread_for_all_parts_keeps_the_shape_of_distances():
    ratios = centre_log_ratios(np.random.default_rng(1).dirichlet([30, 30, 30], size=200))
    scaled = scale_composition(ratios)
    one, other = (np.linalg.norm(points[0] - points[1:], axis=1) for points in (ratios, scaled))
    assert np.ptp(other / one) < 0.3 * (other / one).mean()
    assert (scale_composition(np.zeros((5, 3))) == 0).all()
