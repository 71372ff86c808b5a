"""Importance beside performance, against plain regressions of scores in points."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.errors import ParameterError
from crm_research.models.paths import fit_paths, map_importance
from tests.models.paths.test_fit import PATHS, constructs_of, some_answers


def ticked(n=250, *, seed=3):
    """Answers on a scale from 1 to 10."""
    return (some_answers(n, seed=seed) * 1.7 + 6.5).round().clip(1, 10)


@pytest.fixture(scope="module")
def model():
    answers = ticked()
    return fit_paths(answers, constructs_of(answers), PATHS, bounds=(1, 10), n_bootstraps=300)


def test_performance_is_the_mean_of_weighted_answers_in_points(model):
    answers = ticked()
    rows = model.loadings.loc[model.loadings["construct"] == "quality"].set_index("item")
    assert rows["share"].sum() == pytest.approx(1.0)
    points = (answers[rows.index] - 1) / 9 * 100
    score = points @ rows["share"]
    assert model.scores_in_points["quality"].to_numpy() == pytest.approx(score.to_numpy())
    found = model.performance.set_index("construct").loc["quality"]
    assert found["performance"] == pytest.approx(score.mean())
    assert found["lower"] < score.mean() < found["upper"]
    half = 1.96 * score.std() / np.sqrt(len(score))
    assert found["upper"] - found["lower"] == pytest.approx(2 * half, rel=0.2)


def test_importance_is_the_slope_between_scores_in_points(model):
    points = model.scores_in_points
    slope = np.polyfit(points["quality"], points["loyalty"], 1)[0]  # of the only cause: direct and through satisfaction
    found = map_importance(model, "loyalty")
    row = found.constructs.set_index("construct").loc["quality"]
    assert row["importance"] == pytest.approx(slope)
    assert row["lower"] < slope < row["upper"]
    assert found.constructs["importance"].is_monotonic_decreasing
    assert found.mean_importance == pytest.approx(found.constructs["importance"].mean())
    shares = found.items.groupby("construct")["importance"].sum()
    assert shares["quality"] == pytest.approx(slope)


def test_a_reversed_item_counts_from_the_top():
    answers = ticked()
    turned = answers.assign(quality_3=11 - answers["quality_3"])
    plain, odd = (
        fit_paths(frame, constructs_of(frame), PATHS, bounds=(1, 10), n_bootstraps=0) for frame in (answers, turned)
    )
    assert odd.performance["performance"].tolist() == pytest.approx(plain.performance["performance"].tolist(), abs=1e-3)
    assert odd.effects["points"].tolist() == pytest.approx(plain.effects["points"].tolist(), abs=1e-4)


def test_unknown_scales_are_said_and_wrong_ones_refused():
    answers = ticked()
    constructs = constructs_of(answers)
    known = {item: (1, 10) for item in answers if item != "quality_0"}
    found = fit_paths(answers, constructs, PATHS, bounds=known, n_bootstraps=0)
    assert any("quality_0" in note and "known" in note for note in found.notes)
    with pytest.raises(ParameterError, match="outside its scale"):
        fit_paths(answers, constructs, PATHS, bounds=(1, 5), n_bootstraps=0)
    with pytest.raises(ParameterError, match="lower to a higher"):
        fit_paths(answers, constructs, PATHS, bounds=(10, 1), n_bootstraps=0)


def test_a_target_must_be_led_to(model):
    with pytest.raises(ParameterError, match="Nothing leads to 'quality'"):
        map_importance(model, "quality")
    with pytest.raises(ParameterError, match="Did you mean 'loyalty'"):
        map_importance(model, "loyality")


def test_every_number_of_the_map_is_the_models(model):
    found = map_importance(model, model.plan.constructs[-1])
    effects = model.effects.loc[model.effects["target"] == found.target].set_index("source")
    performance = model.performance.set_index("construct")
    assert len(found.constructs) == len(effects)
    for _, row in found.constructs.iterrows():
        effect, level = effects.loc[row["construct"]], performance.loc[row["construct"]]
        assert (row["importance"], row["lower"], row["upper"]) == tuple(
            effect[["points", "points_lower", "points_upper"]]
        )
        seen = (row["performance"], row["performance_lower"], row["performance_upper"])
        assert seen == tuple(level[["performance", "lower", "upper"]])
        assert row["lower"] < row["importance"] < row["upper"]
        assert row["performance_lower"] < row["performance"] < row["performance_upper"]
    assert found.target_performance == performance.loc[found.target, "performance"]
