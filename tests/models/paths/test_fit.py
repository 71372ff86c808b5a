"""Path models, against a textbook loop over the answers, plain correlations, and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths import fit_paths

PATHS = (("quality", "satisfaction"), ("satisfaction", "loyalty"), ("quality", "loyalty"))
LOADING = 0.8


def some_answers(n=250, *, n_items=4, seed=3):
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    satisfaction = 0.6 * quality + 0.8 * rng.normal(size=n)
    loyalty = 0.5 * satisfaction + 0.2 * quality + rng.normal(size=n)
    held = {"quality": quality, "satisfaction": satisfaction, "loyalty": loyalty / loyalty.std()}
    return pd.DataFrame(
        {
            f"{name}_{place}": LOADING * trait + np.sqrt(1 - LOADING**2) * rng.normal(size=n)
            for name, trait in held.items()
            for place in range(n_items)
        }
    )


def constructs_of(answers):
    return {
        name: [item for item in answers if item.startswith(name)] for name in ("quality", "satisfaction", "loyalty")
    }


def by_the_textbook(answers, constructs, sign):
    """Lohmoeller's loop on the answers themselves, every construct joined with the two others."""
    x = (answers - answers.mean()) / answers.std(ddof=0)
    weights = {name: np.ones(len(items)) for name, items in constructs.items()}
    scores = {}
    for _ in range(500):
        for name, items in constructs.items():
            raw = x[items].to_numpy() @ weights[name]
            scores[name] = raw / raw.std()
        for name, items in constructs.items():
            others = [sign(np.corrcoef(scores[name], scores[o])[0, 1]) * scores[o] for o in constructs if o != name]
            weights[name] = x[items].to_numpy().T @ sum(others) / len(x)
    return pd.DataFrame(scores)


@pytest.mark.parametrize(("scheme", "sign"), [("centroid", np.sign), ("factorial", float)])
def test_it_is_wolds_loop_on_the_answers(scheme, sign):
    answers = some_answers()
    constructs = constructs_of(answers)
    expected = by_the_textbook(answers, constructs, sign)
    found = fit_paths(answers, constructs, PATHS, scheme=scheme, n_bootstraps=0)
    assert np.abs(found.scores[list(constructs)] - expected).to_numpy().max() < 1e-5
    assert found.path("quality", "satisfaction") == pytest.approx(
        expected.corr().loc["quality", "satisfaction"], abs=1e-6
    )


def test_two_single_items_give_their_correlation():
    answers = some_answers()
    one = {"quality": ["quality_0"], "loyalty": ["loyalty_0"]}
    found = fit_paths(answers, one, [("quality", "loyalty")], n_bootstraps=0)
    assert found.path("quality", "loyalty") == pytest.approx(answers["quality_0"].corr(answers["loyalty_0"]))
    assert found.quality["alpha"].isna().all()


def test_formative_construct_with_one_consequence_is_a_regression():
    answers = some_answers()
    constructs = {"quality": ["quality_0", "quality_1", "quality_2"], "loyalty": ["loyalty_0"]}
    found = fit_paths(answers, constructs, [("quality", "loyalty")], modes={"quality": "B"}, n_bootstraps=0)
    x = np.column_stack([np.ones(len(answers)), answers[constructs["quality"]]])
    rest = answers["loyalty_0"] - x @ np.linalg.lstsq(x, answers["loyalty_0"], rcond=None)[0]
    assert found.quality.set_index("construct").loc["loyalty", "r2"] == pytest.approx(
        1 - rest.var(ddof=0) / answers["loyalty_0"].var(ddof=0)
    )


def test_effects_go_along_all_ways():
    found = fit_paths(some_answers(), constructs_of(some_answers()), PATHS, n_bootstraps=20)
    row = found.effects.set_index(["source", "target"]).loc[("quality", "loyalty")]
    through = found.path("quality", "satisfaction") * found.path("satisfaction", "loyalty")
    assert row["indirect"] == pytest.approx(through)
    assert row["total"] == pytest.approx(found.path("quality", "loyalty") + through)


def test_answers_times_ten_or_in_another_order_change_nothing():
    answers = some_answers()
    constructs = constructs_of(answers)
    plain = fit_paths(answers, constructs, PATHS, n_bootstraps=0)
    turned = fit_paths(answers.sample(frac=1, random_state=1) * 10 + 3, constructs, PATHS, n_bootstraps=0)
    assert turned.paths["estimate"].tolist() == pytest.approx(plain.paths["estimate"].tolist(), abs=1e-6)


def test_a_reversed_item_is_named_and_gaps_are_counted():
    answers = some_answers()
    answers["quality_3"] *= -1
    answers.iloc[:3, :] = np.nan
    answers.iloc[5, 0] = np.nan
    found = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=0)
    assert (found.n, found.n_filled) == (247, 1)
    assert any("quality_3" in note and "reverse" in note for note in found.notes)
    assert any("3 of 250 respondents" in note for note in found.notes)


def test_items_that_everybody_answers_alike_are_left_out():
    answers = some_answers().assign(quality_1=7.0)
    found = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=5)
    assert "quality_1" not in set(found.loadings["item"])
    with pytest.raises(NotEnoughData, match="'loyalty'"):
        fit_paths(answers.assign(**{f"loyalty_{i}": 10.0 for i in range(4)}), constructs_of(answers), PATHS)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([("quality", "loyalty"), ("loyalty", "quality")], "circle"),
        ([("quality", "loyality")], "loyality"),
        ([], "at least one path"),
    ],
)
def test_drawings_that_cannot_be_are_refused(paths, said):
    with pytest.raises(ParameterError, match=said):
        fit_paths(some_answers(), constructs_of(some_answers()), paths)


def test_an_item_used_twice_or_unknown_is_refused():
    answers = some_answers()
    twice = {"quality": ["quality_0"], "loyalty": ["quality_0", "loyalty_0"]}
    with pytest.raises(ParameterError, match="again by 'loyalty'"):
        fit_paths(answers, twice, [("quality", "loyalty")])
    with pytest.raises(ParameterError, match="qualty_0"):
        fit_paths(answers, {"quality": ["qualty_0"], "loyalty": ["loyalty_0"]}, [("quality", "loyalty")])


def test_twelve_answers_are_doubted_and_nine_refused():
    answers = some_answers(12)
    found = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=50)
    assert any("12 respondents" in note for note in found.notes)
    with pytest.raises(NotEnoughData, match=r"^A path model needs at least 10 usable respondents; found 9\.$"):
        fit_paths(answers.head(9), constructs_of(answers), PATHS)


@pytest.mark.slow
def test_bootstrap_limits_cover_the_value_of_a_very_large_sample():
    large = some_answers(200_000, seed=99)
    truth = fit_paths(large, constructs_of(large), PATHS, n_bootstraps=0).path("satisfaction", "loyalty")
    hits = corrected = 0
    for seed in range(200):
        answers = some_answers(150, seed=seed)
        found = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=300, seed=seed)
        row = found.paths.set_index(["source", "target"]).loc[("satisfaction", "loyalty")]
        hits += row["lower"] <= truth <= row["upper"]
        corrected += row["corrected_lower"] <= 0.5 / np.sqrt(1.41) <= row["corrected_upper"]
    assert 0.90 <= hits / 200 <= 0.99
    assert 0.90 <= corrected / 200 <= 0.99


def test_causes_that_cannot_be_told_apart_are_named():
    answers = some_answers()
    copies = answers.assign(**{f"satisfaction_{i}": answers[f"quality_{i}"] for i in range(4)})
    found = fit_paths(copies, constructs_of(copies), PATHS, n_bootstraps=20)
    assert found.paths.set_index("target").loc["loyalty", "vif"].tolist() == [np.inf, np.inf]
    assert any("quality, satisfaction" in note for note in found.notes)
    assert np.isfinite(found.paths["estimate"]).all()
    plain = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=0).paths.set_index(["source", "target"])
    r = plain.loc[("quality", "satisfaction"), "estimate"]
    assert plain.loc[("quality", "loyalty"), "vif"] == pytest.approx(1 / (1 - r**2))


def test_an_item_nobody_answered_and_answers_of_one_customer():
    answers = some_answers().assign(customer="the only one")
    constructs = constructs_of(answers.drop(columns="customer"))
    found = fit_paths(answers.assign(quality_0=None), constructs, PATHS, cluster="customer", n_bootstraps=50)
    assert any("Nobody answered quality_0" in note for note in found.notes)
    assert any("one customer" in note for note in found.notes)
    assert found.paths["lower"].isna().all()
    assert found.n == 250


def test_an_item_that_hardly_differs_is_not_called_reversed():
    answers = some_answers().assign(quality_0=0.0)
    answers.loc[3, "quality_0"] = 1.0
    found = fit_paths(answers, constructs_of(answers), PATHS, n_bootstraps=200)
    assert not any("quality_0" in note for note in found.notes)


def test_names_in_any_script_and_numbers_of_any_size():
    answers = some_answers()
    named = answers.rename(columns=lambda item: item.replace("quality", "质量")) * 1e9 + 1e12
    constructs = {name.replace("quality", "质量"): [item.replace("quality", "质量") for item in items]
                  for name, items in constructs_of(answers).items()}  # fmt: skip
    found = fit_paths(named, constructs, [("质量", "satisfaction")], n_bootstraps=0)
    plain = fit_paths(answers, constructs_of(answers), [("quality", "satisfaction")], n_bootstraps=0)
    assert found.path("质量", "satisfaction") == pytest.approx(plain.path("quality", "satisfaction"), abs=1e-6)


def test_corrected_paths_are_those_of_the_world():
    found = fit_paths(some_answers(20_000), constructs_of(some_answers(3)), PATHS, n_bootstraps=50).paths
    row = found.set_index(["source", "target"])
    loyalty_spread = np.sqrt(0.25 + 0.04 + 2 * 0.5 * 0.2 * 0.6 + 1)
    expected = {
        ("quality", "satisfaction"): 0.6,
        ("quality", "loyalty"): 0.2 / loyalty_spread,
        ("satisfaction", "loyalty"): 0.5 / loyalty_spread,
    }
    assert row["corrected"].to_dict() == pytest.approx(expected, abs=0.02)
    assert (row["corrected_lower"] < row["corrected"]).all()
    assert row.loc[("quality", "satisfaction"), "estimate"] < 0.58  # composites hold errors


def test_a_correction_that_is_not_possible_is_not_given():
    answers = some_answers(40)
    copies = answers.assign(**{f"satisfaction_{i}": answers[f"quality_{i}"] for i in range(4)})
    found = fit_paths(copies, constructs_of(copies), PATHS, n_bootstraps=50).paths
    assert found["corrected"].isna().all()
    assert found["corrected_upper"].isna().all()
