"""The table over days holds what the quadrature of each history gives."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd.family import History
from crm_research.models.btyd.pareto import ParetoNbd, _sum_rows
from crm_research.models.btyd.patterns import Patterns
from crm_research.models.btyd.time_table import TimeTable


@pytest.fixture(autouse=True)
def _of_few_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_research.models.btyd.time_table.FEWEST_TABULATED", 100)


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    rng = np.random.default_rng(11)
    ages = rng.integers(1, 90, 4_000) / 7.0
    drawn = ParetoNbd().draw_history(np.array([0.9, 3.0, 0.6, 9.0]), ages, rng)
    recency = np.where(drawn.frequency > 0, np.minimum(np.ceil(drawn.recency * 7.0) / 7.0, ages), 0.0)
    n_customers = rng.integers(1, 40, len(ages)).astype(float)
    return Patterns(frequency=drawn.frequency, recency=recency, age=ages, n_customers=n_customers).merged()


@pytest.mark.parametrize(
    ("params", "is_all_held"),
    [((0.9, 3.0, 0.6, 9.0), True), ((0.3, 20.0, 2.0, 1.0), True), ((4.0, 0.05, 0.2, 30.0), False)],
)
def test_sums_and_slopes_are_those_of_the_quadrature(
    patterns: Patterns, params: tuple[float, float, float, float], is_all_held: bool
) -> None:
    history = History(patterns.frequency, patterns.recency, patterns.age)
    table = TimeTable(history, patterns.n_customers)
    value, gradient, left_out = table.sum_rows(params)
    held = np.setdiff1d(np.arange(len(patterns.age)), left_out)
    assert 0 < len(table.left_out) < len(held)
    assert (len(left_out) == len(table.left_out)) == is_all_held
    expected, slopes = _sum_rows(params, History(*(column[held] for column in history)), patterns.n_customers[held])
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12)


def test_the_likelihood_is_the_same_in_small_blocks(patterns: Patterns, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(patterns.frequency, patterns.recency, patterns.age)
    at = (0.9, 3.0, 0.6, 9.0)
    whole = TimeTable(history, patterns.n_customers).sum_rows(at)
    monkeypatch.setattr("crm_research.models.btyd.time_table._CELLS_AT_ONCE", 1)
    apart = TimeTable(history, patterns.n_customers).sum_rows(at)
    assert apart[0] == pytest.approx(whole[0], rel=1e-13)
    np.testing.assert_allclose(apart[1], whole[1], rtol=1e-12)


def test_few_histories_are_left_to_the_quadrature(patterns: Patterns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_research.models.btyd.time_table.FEWEST_TABULATED", len(patterns.age) + 1)
    history = History(patterns.frequency, patterns.recency, patterns.age)
    value, _, left_out = TimeTable(history, patterns.n_customers).sum_rows((0.9, 3.0, 0.6, 9.0))
    assert value == 0.0
    assert len(left_out) == len(patterns.age)


def test_days_of_any_distance_are_held() -> None:
    rng = np.random.default_rng(3)
    ages = rng.uniform(1.0, 90.0, 500)
    history = History(np.zeros(500), np.zeros(500), ages)
    table = TimeTable(history, np.ones(500))
    assert len(table.left_out) == 0
    value, _, left_out = table.sum_rows((0.9, 3.0, 0.6, 9.0))
    assert len(left_out) == 0
    assert value == pytest.approx(_sum_rows((0.9, 3.0, 0.6, 9.0), history, np.ones(500))[0], rel=1e-13)
