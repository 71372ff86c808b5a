"""Whether scales measure different things."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.scales import measure_htmt
from crm_research.models.scales.validity import tabulate_htmt
from tests.models.paths.mobi import CONSTRUCTS, HTMT, answers


def two_scales(n=300, *, correlation=0.5, seed=1):
    rng = np.random.default_rng(seed)
    one = rng.normal(size=n)
    other = correlation * one + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    return pd.DataFrame(
        {
            f"{name}{place}": 0.8 * trait + 0.6 * rng.normal(size=n)
            for name, trait in (("a", one), ("b", other))
            for place in range(3)
        }
    )


SCALES = {"one": ["a0", "a1", "a2"], "two": ["b0", "b1", "b2"]}


def test_mobile_phone_satisfaction_as_seminr_prints_it():
    found = measure_htmt(answers(), CONSTRUCTS, n_bootstraps=20)
    assert found.htmt.set_index(["one", "other"])["htmt"].to_dict() == pytest.approx(HTMT, abs=2e-6)


@pytest.mark.parametrize(("correlation", "verdict"), [(0.5, "distinct"), (1.0, "not distinct"), (0.9, "unclear")])
def test_the_verdict_rests_on_the_interval(correlation, verdict):
    found = measure_htmt(two_scales(correlation=correlation), SCALES, n_bootstraps=300).htmt.iloc[0]
    assert found["verdict"] == verdict
    assert found["lower"] < found["htmt"] < found["upper"]


def test_bad_answers_end_in_words():
    frame = two_scales(30)
    for constructs in ({"one": ["a0"]}, {"one": ["a0"], "two": []}, {"one": ["a0"], "two": "b0"}):
        with pytest.raises(ParameterError, match=r"^HTMT needs at least two constructs, each with a list of items\.$"):
            measure_htmt(frame, constructs)
    with pytest.raises(NotEnoughData, match=r"^HTMT needs at least 10 usable respondents; found 9\.$"):
        measure_htmt(frame.head(9), SCALES)
    with pytest.raises(NotEnoughData, match=r"^HTMT needs at least 2 constructs whose items differ; found 1\.$"):
        measure_htmt(frame.assign(b0=1, b1=1, b2=1), SCALES)
    frame.loc[0] = np.nan
    frame.loc[1, "a0"] = np.nan
    found = measure_htmt(frame.assign(b2=3), SCALES, n_bootstraps=10)
    assert found.n == 29
    assert len(found.notes) == 3
    assert np.isfinite(found.htmt["htmt"][0])


PAIR = [("u", "v", np.array([0]), np.array([1]))]


@pytest.mark.parametrize(
    ("estimate", "drawn", "verdict"),
    [
        (0.7, (0.6, 0.8), "distinct"),
        (0.7, (0.6, 0.9), "unclear"),
        (0.95, (0.9, 1.0), "not distinct"),
        (0.95, (0.89, 1.0), "unclear"),
        (0.7, (), "unclear"),
        (np.nan, (0.6, 0.8), ""),
    ],
)
def test_a_limit_at_the_convention_itself_is_not_below_it(estimate, drawn, verdict):
    sample = np.repeat(drawn, 100)[:, None] if drawn else np.empty((0, 1))
    row = tabulate_htmt(PAIR, np.array([estimate]), sample, 0.8, 0.9).iloc[0]
    assert row["verdict"] == verdict
    lower, upper = drawn or (np.nan, np.nan)
    assert [row["one"], row["other"]] == ["u", "v"]
    assert [row["htmt"], row["lower"], row["upper"]] == pytest.approx([estimate, lower, upper], nan_ok=True)


def test_answers_of_one_customer_alone_have_a_ratio_and_no_limits():
    found = measure_htmt(two_scales(60).assign(who="u"), SCALES, cluster="who")
    row = found.htmt.iloc[0]
    assert found.n_bootstraps == 0
    assert row["verdict"] == "unclear"
    assert np.isnan([row["lower"], row["upper"]]).all()


@pytest.mark.slow
def test_limits_cover_the_correlation_of_the_constructs():
    hits = 0
    for seed in range(300):
        row = measure_htmt(two_scales(150, seed=seed), SCALES, n_bootstraps=400, seed=seed).htmt.iloc[0]
        hits += row["lower"] <= 0.5 <= row["upper"]
    assert 0.91 <= hits / 300 <= 0.985
