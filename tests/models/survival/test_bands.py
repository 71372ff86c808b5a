"""Bands for whole curves: critical values against tables and an independent computation, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crm_research.models.survival import count_rows, critical_value, estimate_bands, estimate_survival
from tests.models.survival.samples import a_world, counts, remission

spells = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=80)


def test_the_whole_bridge_has_kolmogorovs_values():
    # Limits of Kolmogorov's statistic: 1.2238 at 90 %, 1.3581 at 95 %, 1.6276 at 99 %.
    found = [critical_value("hall_wellner", 1e-5, 1 - 1e-5, confidence=level) for level in (0.90, 0.95, 0.99)]
    assert found == pytest.approx([1.2238, 1.3581, 1.6276], abs=5e-5)


def test_the_worked_example_of_klein_and_moeschberger():
    # Klein and Moeschberger (2003), example 4.2: between 0.1 and 0.6 the tables give 1.3211 and 2.8826. The latter
    # comes from Miller and Siegmund's approximation; the exact value lies within 0.005 of it.
    assert critical_value("hall_wellner", 0.1, 0.6) == pytest.approx(1.3211, abs=5e-5)
    assert critical_value("equal_precision", 0.1, 0.6) == pytest.approx(2.8826, abs=0.005)


@pytest.mark.parametrize(("start", "end"), [(0.1, 0.6), (0.05, 0.95), (0.25, 0.75)])
def test_equal_precision_values_agree_with_a_chain_on_a_grid(start, end):
    # Independent of eigenfunctions: the Ornstein-Uhlenbeck density moved on in small steps, what leaves being lost.
    # Watched only at the steps, the process seems to stay longer, as if the bound were higher by 0.5826 of a step's
    # spread (Chernoff 1965): the bound is lowered by as much.
    bound = critical_value("equal_precision", start, end)
    span, n_steps = 0.5 * np.log(end * (1 - start) / (start * (1 - end))), 300
    decay = np.exp(-span / n_steps)
    step = np.sqrt(1 - decay**2)
    nodes, weights = np.polynomial.legendre.leggauss(161)
    edge = bound - 0.5826 * step
    at = edge * nodes
    move = stats.norm.pdf(at[:, None], decay * at[None, :], step) * weights * edge
    density = stats.norm.pdf(at)
    for _ in range(n_steps):
        density = move @ density
    assert float(weights @ density * edge) == pytest.approx(0.95, abs=1e-3)


def test_equal_precision_is_the_pointwise_interval_widened_by_one_factor():
    world = a_world(400, seed=3)
    table = count_rows(world["exit"], world["cause"] > 0)
    found = estimate_bands(table)
    critical = found.ranges["critical"].item()
    level = 2 * stats.norm.cdf(critical) - 1
    wide = estimate_survival(table, confidence=level).curves.set_index("tenure_days")
    band = found.bands.set_index("tenure_days")
    # Limits never rise, where those of single tenures may by a hair.
    assert np.allclose(band["lower"], wide.loc[band.index, "lower"], atol=0.02)
    assert (band["upper"] <= wide.loc[band.index, "upper"] + 1e-12).all()
    assert 2.5 < critical < 3.6


def test_the_range_is_what_was_asked_or_ten_ends_and_ten_at_risk():
    world = a_world(400, seed=3)
    table = count_rows(world["exit"], world["cause"] > 0)
    usual, asked = estimate_bands(table).ranges.iloc[0], estimate_bands(table, from_days=50, to_days=120).ranges.iloc[0]
    at = estimate_survival(table).at([usual["from_days"], usual["to_days"]])
    assert at["n_at_risk"].iloc[1] >= 10
    assert 50 <= asked["from_days"] < asked["to_days"] <= 120
    assert asked["critical"] < usual["critical"]  # a shorter range needs less


def test_each_group_has_its_band_and_too_few_ends_have_none():
    found = estimate_bands(remission())
    assert list(found.ranges["group"]) == ["6-MP", "placebo"]
    assert found.ranges.set_index("group")["n_ended"].to_dict() == {"6-MP": 9, "placebo": 21}
    assert np.isnan(found.ranges.set_index("group").loc["6-MP", "critical"])
    assert set(found.bands["group"]) == {"placebo"}
    assert estimate_bands(counts((30, 0))).bands.empty


def test_the_plain_scale_adds_and_subtracts():
    found = estimate_bands(remission(), scale="plain", from_days=1, to_days=20)
    band = found.bands.query("group == 'placebo'")
    inside = band.loc[(band["lower"] > 0) & (band["upper"] < 1)]
    assert np.allclose((inside["lower"] + inside["upper"]) / 2, inside["survival"], atol=0.03)


@settings(deadline=None, max_examples=40)
@given(spells, st.sampled_from(["equal_precision", "hall_wellner"]))
def test_bands_hold_the_curve_and_never_rise(rows, kind):
    band = estimate_bands(counts(*rows), kind=kind, from_days=0).bands
    assert (band["lower"] <= band["survival"] + 1e-12).all()
    assert (band["survival"] <= band["upper"] + 1e-12).all()
    assert (band[["lower", "upper"]].diff().dropna() <= 1e-12).all(axis=None)
    assert band[["lower", "upper"]].notna().all(axis=None)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "late"), [("equal_precision", True), ("hall_wellner", False)])
def test_ninety_five_of_a_hundred_whole_curves_lie_within(kind, late):
    rng = np.random.default_rng(9)
    n_worlds, hits = 100, 0
    for _ in range(n_worlds):
        stay, watch = np.ceil(rng.exponential(200, 300)), np.ceil(rng.uniform(50, 500, 300))
        entry = np.where(rng.random(300) < 0.5, np.floor(rng.uniform(0, 100, 300)), 0.0) if late else np.zeros(300)
        seen = np.minimum(stay, watch) > entry
        table = count_rows(
            pd.Series(np.minimum(stay, watch)[seen]),
            pd.Series((stay <= watch)[seen]),
            entry_days=pd.Series(entry[seen]),
        )
        band = estimate_bands(table, kind=kind).bands
        days = np.arange(band["tenure_days"].iloc[0], band["tenure_days"].iloc[-1] + 1)
        place = np.searchsorted(band["tenure_days"], days, side="right") - 1
        truth = np.exp(-days / 200)
        hits += bool(((band["lower"].to_numpy()[place] <= truth) & (truth <= band["upper"].to_numpy()[place])).all())
    assert 0.89 <= hits / n_worlds <= 0.995


def test_a_range_of_one_moment_has_the_normal_limit() -> None:
    alone = critical_value("hall_wellner", 0.1, 0.1)
    assert alone == pytest.approx(1.959964 * np.sqrt(0.09), abs=1e-5)
    assert critical_value("hall_wellner", 0.1, 0.1 + 1e-9) == pytest.approx(alone, rel=1e-3)
