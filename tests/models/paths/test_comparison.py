"""Groups compared: same worlds, worlds whose paths differ, and worlds that weigh items differently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths import compare_paths, fit_paths
from tests.models.paths.test_fit import PATHS, constructs_of, some_answers

CONSTRUCTS = constructs_of(some_answers(3))
LOYALTY = CONSTRUCTS["loyalty"]


def two_groups(n=200, *, seed=1):
    first = some_answers(n, seed=2 * seed).assign(group="new")
    return pd.concat([first, some_answers(n, seed=2 * seed + 1).assign(group="old")], ignore_index=True)


def compare(answers, **choices):
    return compare_paths(answers, CONSTRUCTS, PATHS, "group", **{"n_permutations": 300, "n_bootstraps": 300} | choices)


def test_estimates_are_those_of_either_group_alone():
    answers = two_groups()
    found = compare(answers, n_permutations=5, n_bootstraps=0).paths
    alone = fit_paths(answers.loc[answers["group"] == "new"], CONSTRUCTS, PATHS, n_bootstraps=0)
    assert found["estimate_one"].tolist() == pytest.approx(alone.paths["estimate"].tolist(), abs=1e-5)
    assert found["difference"].tolist() == pytest.approx((found["estimate_one"] - found["estimate_other"]).tolist())
    assert found["lower"].isna().all()


def test_a_path_that_differs_is_found_and_the_others_are_not():
    answers = two_groups()
    is_old = answers["group"] == "old"
    quality = answers[CONSTRUCTS["quality"]].mean(axis=1)
    answers.loc[is_old, LOYALTY] = answers.loc[is_old, LOYALTY].add(0.8 * quality[is_old], axis=0)
    found = compare(answers).paths.set_index(["source", "target"])
    row = found.loc[("quality", "loyalty")]
    assert row["upper"] < 0
    assert row["p_adjusted"] < 0.05
    assert row["is_comparable"]
    assert found.loc[("quality", "satisfaction"), "p_adjusted"] > 0.05


def test_groups_that_weigh_items_differently_are_not_compared_without_a_word():
    answers = two_groups()
    is_old = answers["group"] == "old"
    noise = np.random.default_rng(5).normal(size=(int(is_old.sum()), 2))
    answers.loc[is_old, LOYALTY[:2]] = noise
    found = compare(answers)
    judged = found.invariance.set_index("construct")["invariance"]
    assert judged["loyalty"] == "none"
    assert not found.paths.set_index("target")["is_comparable"]["loyalty"].any()
    assert any("loyalty" in note for note in found.notes)


def test_happier_groups_are_partially_invariant():
    answers = two_groups()
    answers.loc[answers["group"] == "old", CONSTRUCTS["satisfaction"]] += 0.7
    row = compare(answers).invariance.set_index("construct").loc["satisfaction"]
    assert row["invariance"] == "partial"
    assert row["mean_difference"] < -0.4
    assert row["mean_p"] < 0.05


def test_many_small_or_constant_groups():
    answers = two_groups(60)
    answers.loc[:9, "group"] = "tiny"
    answers.loc[10:12, "group"] = None
    found = compare(answers, n_permutations=20, n_bootstraps=20)
    assert found.groups.set_index("group")["is_compared"].to_dict() == {"new": True, "old": True, "tiny": False}
    assert any("tiny" in note for note in found.notes)
    with pytest.raises(NotEnoughData, match="groups of 20"):
        compare(answers.assign(group="all"))
    with pytest.raises(ParameterError, match="6 groups"):
        compare(answers.assign(group=np.arange(120) % 6))
    with pytest.raises(ParameterError, match="group"):
        compare(answers.drop(columns="group"))
    answers.loc[answers["group"] == "old", "loyalty_0"] = 10.0
    stiff = compare(answers, n_permutations=20, n_bootstraps=20)
    assert any("loyalty_0 alike" in note for note in stiff.notes)
    assert np.isfinite(stiff.paths["difference"]).all()


def test_a_group_that_answers_upside_down_shows_in_its_path():
    answers = two_groups()
    is_old = answers["group"] == "old"
    answers.loc[is_old, CONSTRUCTS["quality"]] *= -1
    found = compare(answers, n_permutations=5, n_bootstraps=5).paths.set_index(["source", "target"])
    row = found.loc[("quality", "satisfaction")]
    assert row["estimate_one"] * row["estimate_other"] < 0


@pytest.mark.slow
def test_same_worlds_differ_in_one_of_twenty():
    p_values, agreement = [], []
    for seed in range(200):
        found = compare(two_groups(80, seed=seed), n_permutations=199, n_bootstraps=0, seed=seed)
        p_values.append(found.paths["p_value"])
        agreement.append(found.invariance["agreement_p"])
    assert 0.02 <= (np.concatenate(p_values) <= 0.05).mean() <= 0.085
    assert 0.02 <= (np.concatenate(agreement) <= 0.05).mean() <= 0.085
