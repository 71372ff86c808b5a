"""A change of a rate, parted: published example, by hand, to the last digit, and how often the intervals hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.decisions import BAND_MIX, GROUP_MIX, RATES, combine_rates, decompose_rates


def cells(*rows):
    names = ["group", "band", "n_before", "exposure_before", "n_after", "exposure_after"]
    return pd.DataFrame(rows, columns=names)


def effect(found, name):
    return float(found.effects.set_index("effect").loc[name, "estimate"])


def test_das_guptas_first_example():
    """Das Gupta (1993), example 2.1: mean earnings a person, of black and white families' earners.

    Earnings an earner 10,930 and 16,591, earners a person 0.717892 and 0.825974: of the difference of 5,857, 4,370
    come from earnings and 1,487 from the share of earners. Here: earners have a rate, the others none.
    """
    found = decompose_rates(
        cells(
            ("earners", "a", 0.717892 * 10_930, 0.717892, 0.825974 * 16_591, 0.825974),
            ("others", "a", 0.0, 1 - 0.717892, 0.0, 1 - 0.825974),
        )
    )
    assert effect(found, RATES) == pytest.approx(4370, abs=0.5)
    assert effect(found, GROUP_MIX) == pytest.approx(1487, abs=0.5)
    assert float(found.change.estimate) == pytest.approx(5857, abs=0.5)


def test_two_groups_by_hand():
    # Shares 0.6 and 0.4 become 0.5 and 0.5, rates 0.1 and 0.3 become 0.12 and 0.26.
    found = decompose_rates(cells(("a", "x", 60, 600, 60, 500), ("b", "x", 120, 400, 130, 500)))
    assert float(found.before.estimate) == pytest.approx(0.18)
    assert float(found.after.estimate) == pytest.approx(0.19)
    assert effect(found, RATES) == pytest.approx(0.55 * 0.02 - 0.45 * 0.04)  # -0.007
    assert effect(found, GROUP_MIX) == pytest.approx(-0.1 * 0.11 + 0.1 * 0.28)  # 0.017
    assert effect(found, BAND_MIX) == 0.0


def test_a_group_that_grows_adds_what_its_rate_lies_above_the_mean():
    found = decompose_rates(cells(("a", "x", 60, 600, 60, 500), ("b", "x", 120, 400, 130, 500)))
    mix = found.by_group.query("effect == @GROUP_MIX").set_index("group")["estimate"]
    assert mix["b"] == pytest.approx(0.1 * (0.28 - 0.185))
    assert mix["a"] == pytest.approx(-0.1 * (0.11 - 0.185))


def test_younger_contracts_in_each_group_are_no_change_of_rates():
    found = decompose_rates(
        cells(("a", "new", 20, 100, 40, 200), ("a", "old", 30, 300, 20, 200), ("b", "new", 10, 50, 10, 50))
    )
    assert effect(found, RATES) == pytest.approx(0.0, abs=1e-15)
    assert effect(found, GROUP_MIX) == pytest.approx(0.0, abs=1e-15)
    assert effect(found, BAND_MIX) == pytest.approx(float(found.change.estimate))


def test_a_group_that_comes_or_goes_changes_the_mix_alone():
    found = decompose_rates(
        cells(("a", "x", 10, 100, 10, 100), ("new", "x", 0, 0, 30, 100), ("gone", "x", 5, 50, 0, 0))
    )
    assert effect(found, RATES) == pytest.approx(0.0, abs=1e-15)
    assert effect(found, GROUP_MIX) == pytest.approx(float(found.change.estimate))


counts = st.tuples(st.integers(0, 50), st.integers(0, 400), st.integers(0, 50), st.integers(0, 400))


@pytest.mark.slow
@given(st.lists(counts, min_size=1, max_size=9), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_whatever_the_cells_the_parts_sum_to_the_change(rows, n_groups):
    table = cells(
        *((f"g{i % n_groups}", f"b{i}", n if e else 0, e, m if f else 0, f) for i, (n, e, m, f) in enumerate(rows))
    )
    if table["exposure_before"].sum() == 0 or table["exposure_after"].sum() == 0:
        empty = "before" if table["exposure_before"].sum() == 0 else "after"
        with pytest.raises(
            NotEnoughData,
            match=r"^A comparison of two periods cannot be worked out here\. Nobody was watched in one of them "
            rf"\(exposure_{empty}\)\.$",
        ):
            decompose_rates(table)
        return
    found = decompose_rates(table)
    change = float(found.change.estimate)
    scale = max(1.0, float(found.before.estimate), float(found.after.estimate))
    assert found.effects["estimate"].sum() == pytest.approx(change, abs=1e-9 * scale)
    assert found.by_group["estimate"].sum() == pytest.approx(change, abs=1e-9 * scale)
    by_effect = found.by_group.groupby("effect")["estimate"].sum()
    for name, value in by_effect.items():
        assert value == pytest.approx(effect(found, name), abs=1e-9 * scale)
    assert (found.effects["lower"] <= found.effects["estimate"]).all()
    assert (found.effects["estimate"] <= found.effects["upper"]).all()


def test_the_order_of_the_rows_is_nothing():
    table = cells(("a", "x", 5, 90, 9, 80), ("a", "y", 3, 200, 2, 150), ("b", "x", 8, 60, 9, 120))
    one, other = decompose_rates(table), decompose_rates(table.iloc[::-1])
    pd.testing.assert_frame_equal(one.effects, other.effects)


@pytest.mark.slow
def test_the_intervals_agree_with_a_parametric_bootstrap_and_cover():
    rng = np.random.default_rng(3)
    exposure = np.array([400, 900, 300, 500, 700, 600.0])
    rate = np.array([0.2, 0.1, 0.3, 0.22, 0.1, 0.4])
    truth = decompose_rates(_table(rate * exposure, exposure)).effects["estimate"].to_numpy()
    found = [decompose_rates(_table(rng.poisson(rate * exposure), exposure)).effects for _ in range(400)]
    inside = np.array([(f["lower"] <= truth) & (truth <= f["upper"]) for f in found])
    assert inside.mean(axis=0) == pytest.approx([0.96, 0.96, 0.96], abs=0.035)
    drawn = np.quantile([f["estimate"] for f in found], [0.025, 0.975], axis=0)
    width = np.mean([f["upper"] - f["lower"] for f in found], axis=0)
    np.testing.assert_allclose(width, drawn[1] - drawn[0], rtol=0.2)


def _table(events, exposure):
    rows = zip(["a", "a", "b"], ["x", "y", "x"], events[:3], exposure[:3], events[3:], exposure[3:], strict=True)
    return cells(*rows)


def test_one_rate_alone_has_its_exact_limits():
    found = combine_rates(np.array([1.0]), np.array([10.0]), np.array([1.0]))
    assert float(found.lower[0]) == pytest.approx(4.795, abs=5e-4)  # Garwood (1936), 10 events
    assert float(found.upper[0]) == pytest.approx(18.390, abs=5e-4)


def test_trouble_is_told():
    with pytest.raises(ParameterError, match="no column 'band'"):
        decompose_rates(cells(("a", "x", 1, 1, 1, 1)).drop(columns="band"))
    with pytest.raises(
        NotEnoughData,
        match=r"^A comparison of two periods cannot be worked out here\. Nobody was watched in one of them "
        r"\(exposure_before\)\.$",
    ):
        decompose_rates(cells())
