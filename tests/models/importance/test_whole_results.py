"""Shares of R squared by hand under weights, limits as percentiles of the customers drawn, refusals word for word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.importance import share_r2
from crm_research.models.importance.explained import divide_by_subsets, divide_by_weights, explain
from crm_research.stats.correlations import resample_correlations
from crm_research.stats.drawn_limits import explained_limits

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def answers(n=40, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    x[:, 1] += 0.5 * x[:, 0]
    frame = pd.DataFrame(x, columns=["price", "speed"])
    frame["liking"] = 1.2 * frame["price"] + 0.4 * frame["speed"] + rng.normal(size=n)
    return frame.assign(w=rng.integers(1, 4, n).astype(float), who=[f"c{i // 2}" for i in range(n)])


def by_hand(correlation):
    r12, r1, r2 = correlation[0, 1], correlation[0, 2], correlation[1, 2]
    both = (r1**2 + r2**2 - 2 * r12 * r1 * r2) / (1 - r12**2)
    return np.array([(r1**2 + both - r2**2) / 2, (r2**2 + both - r1**2) / 2])


def test_every_column_of_the_shares_under_weights_and_customers():
    frame = answers()
    found = share_r2(
        frame, "liking", ["speed", "price"], weights="w", cluster="who", n_bootstraps=60, seed=5, confidence=0.8
    )
    values = frame[["speed", "price", "liking"]].to_numpy()
    correlation = np.cov(values.T, aweights=frame["w"], ddof=0)
    correlation /= np.sqrt(np.outer(np.diag(correlation), np.diag(correlation)))
    parts = by_hand(correlation)
    assert found.r2 == pytest.approx(parts.sum())
    assert found.shares.index.tolist() == [0, 1]
    rows = found.shares.set_index("driver")
    assert rows.index.tolist() == ["price", "speed"]
    assert rows["r2_part"].tolist() == pytest.approx(parts[::-1].tolist())
    assert rows["r2_share"].tolist() == pytest.approx((parts[::-1] / parts.sum()).tolist())
    assert rows["correlation"].tolist() == pytest.approx([correlation[1, 2], correlation[0, 2]])
    batches = resample_correlations(
        values, frame["w"].to_numpy(), n_bootstraps=60, seed=5, owner=np.repeat(np.arange(20), 2)
    )
    drawn = np.array([by_hand(one) for batch in batches for one in batch])
    spread = drawn / drawn.sum(axis=1, keepdims=True)
    low, high = explained_limits(parts / parts.sum(), spread, n=20, confidence=0.8)
    assert rows["lower"].tolist() == pytest.approx(low[::-1].tolist())
    assert rows["upper"].tolist() == pytest.approx(high[::-1].tolist())
    assert rows["is_above_average"].tolist() == (low[::-1] > 0.5).tolist()
    limits = explained_limits(parts.sum(), drawn.sum(axis=1), n=20, confidence=0.8)
    assert [found.r2_lower, found.r2_upper] == pytest.approx([float(end) for end in limits])
    assert (found.n, found.confidence, found.notes) == (40, 0.8, ())
    assert found.n_effective == pytest.approx(frame["w"].sum() ** 2 / (frame["w"] ** 2).sum())
    assert found.estimator == (
        "Shapley value of R squared over all subsets; expanded bootstrap percentiles or Student's t on two "
        "scales, the farthest"
    )


def test_three_drivers_are_averaged_over_their_six_orders():
    correlation = np.array([[1, 0.3, 0.2, 0.5], [0.3, 1, 0.1, 0.4], [0.2, 0.1, 1, 0.3], [0.5, 0.4, 0.3, 1.0]])
    from itertools import permutations

    def r2(members):
        chosen = list(members)
        if not chosen:
            return 0.0
        return correlation[chosen, 3] @ np.linalg.solve(correlation[np.ix_(chosen, chosen)], correlation[chosen, 3])

    shares = np.zeros(3)
    for order in permutations(range(3)):
        for place, driver in enumerate(order):
            shares[driver] += (r2(order[: place + 1]) - r2(order[:place])) / 6
    assert divide_by_subsets(correlation[None])[0].tolist() == pytest.approx(shares.tolist())
    assert explain(correlation[None], (0, 2))[0] == pytest.approx(r2((0, 2)))
    # Johnson: the symmetric root R of the drivers' correlations; (R^2) (R^-1 r)^2.
    values, vectors = np.linalg.eigh(correlation[:3, :3])
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    relative = root**2 @ np.linalg.solve(root, correlation[:3, 3]) ** 2
    assert divide_by_weights(correlation[None])[0].tolist() == pytest.approx(relative.tolist())


def test_a_driver_that_repeats_another_adds_nothing():
    twin = np.array([[[1, 1, 0.6], [1, 1, 0.6], [0.6, 0.6, 1.0]]])
    assert explain(twin, (0, 1))[0] == pytest.approx(0.36)
    assert divide_by_subsets(twin)[0].tolist() == pytest.approx([0.18, 0.18])


def test_what_is_left_out_is_said_and_what_cannot_be_is_refused_in_words():
    frame = answers().assign(flat=1.0)
    frame.loc[[0, 3], "price"] = np.nan
    frame.loc[5, "w"] = 0.0
    found = share_r2(frame, "liking", ["price", "flat", "speed", "price"], weights="w", n_bootstraps=20)
    assert found.notes == (
        "3 of 40 rows lack an answer (or a weight) and were left out.",
        "flat never differ and explain nothing; they were left out.",
    )
    assert found.n == 37
    many = pd.DataFrame(np.random.default_rng(1).normal(size=(40, 12)), columns=list("abcdefghijkl"))
    assert share_r2(many, "a", list("bcdefghijkl"), n_bootstraps=20).estimator == (
        "Johnson's relative weights; expanded bootstrap percentiles or Student's t on two scales, the farthest"
    )
    assert share_r2(many, "a", list("bcdefghijk"), n_bootstraps=20).estimator.startswith("Shapley value")
    for call, words in (
        (
            lambda: share_r2(frame, "likin", ["price"]),
            "The answers have no column 'likin'. Did you mean 'liking'? Known: flat, liking, price, speed, w, who.",
        ),
        (
            lambda: share_r2(frame, "liking", ["price"], weights="v"),
            "The answers have no column 'v'. Known: flat, liking, price, speed, w, who.",
        ),
        (
            lambda: share_r2(frame, "liking", ["price", "liking"]),
            "'liking' cannot be the outcome and a driver of itself. Take it out of the drivers.",
        ),
        (lambda: share_r2(frame, "liking", []), "Name at least one driver."),
    ):
        with pytest.raises(ParameterError) as raised:
            call()
        assert str(raised.value) == words
    short = answers().head(3)
    with pytest.raises(NotEnoughData) as raised:
        share_r2(short, "liking", ["price", "speed"])
    assert str(raised.value) == (
        "The importance of drivers needs at least 4 complete answers; found 3. They must differ, in the outcome and "
        "in at least one driver."
    )
    assert share_r2(answers().head(4), "liking", ["price", "speed"], n_bootstraps=20).n == 4
    nothing = "Where everybody answers alike there is nothing to explain, or nothing to explain it by."
    for changed, words in (
        ({"liking": 1.0}, f"The importance of drivers needs at least 2 outcomes that differ; found 1. {nothing}"),
        ({"price": 1.0}, f"The importance of drivers needs drivers that differ; found none. {nothing}"),
    ):
        with pytest.raises(NotEnoughData) as raised:
            share_r2(answers().assign(**changed), "liking", ["price"])
        assert str(raised.value) == words
