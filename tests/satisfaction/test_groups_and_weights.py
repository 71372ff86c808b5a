"""Groups side by side, the map of the path model, and what weights do to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars import satisfaction
from crm_research.pillars.satisfaction import figures as figures_module
from crm_research.pillars.satisfaction import structure_words
from tests.builders import a_study
from tests.satisfaction.test_satisfaction import long_form


def a_split_world(n=300, *, slopes=(0.7, 0.7), seed=1, answers=None):
    """Two kinds of customers; quality leads to satisfaction by the kind's own slope."""
    rng = np.random.default_rng(seed)
    is_business = np.arange(n) % 2 == 1
    slope = np.where(is_business, slopes[1], slopes[0])
    quality = rng.normal(size=n)
    content = slope * quality + np.sqrt(1 - slope**2) * rng.normal(size=n)
    wide = pd.DataFrame(
        {
            f"{name}_{i}": np.clip(np.rint(4 + 1.2 * (0.9 * trait + 0.45 * rng.normal(size=n))), 1, 7)
            for name, trait in (("quality", quality), ("satisfaction", content))
            for i in (1, 2, 3)
        },
        index=[f"c{i}" for i in range(n)],
    )
    people = pd.DataFrame({"customer_id": wide.index, "kind": np.where(is_business, "business", "consumer")})
    kept = wide if answers is None else wide.loc[answers(rng, is_business)]
    return a_study(surveys=long_form(kept, "2024-05-01"), customers=people)


def described(study, **given):
    return satisfaction.describe_satisfaction(study, n_bootstraps=200, **given)


def test_groups_that_are_alike_and_groups_that_differ():
    alike = described(a_split_world())
    assert alike.groups.by == "kind"
    assert "no difference of paths is beyond chance (1 comparison, Holm)" in structure_words.groups_finding(alike)
    apart = described(a_split_world(500, slopes=(0.85, 0.35), seed=2))
    row = apart.groups.found.paths.iloc[0]
    assert row["p_adjusted"] < 0.05
    assert row["upper"] < 0  # business less than consumer
    said = structure_words.groups_finding(apart)
    assert "quality to satisfaction" in said
    assert "business" in said


@pytest.mark.slow
def test_what_parts_the_groups_can_be_named_and_must_be_there():
    study = a_split_world(120)
    with pytest.raises(ParameterError, match="kind"):
        described(study, compare_by="kinds")
    by_wave = described(study, compare_by="wave")
    assert by_wave.groups.found is None
    assert "one wave" in by_wave.groups.note
    few = described(a_split_world(60))
    assert "one wave" in structure_words.groups_finding(few)


def test_two_waves_are_compared_without_customers_who_stand_in_both():
    rng = np.random.default_rng(3)
    parts = []
    for wave, at in (("a", "2023-05-01"), ("b", "2024-05-01")):
        trait = rng.normal(size=(150, 1))
        scores = np.clip(np.rint(4 + trait + 0.6 * rng.normal(size=(150, 4))), 1, 7)
        names = ["quality_1", "quality_2", "satisfaction_1", "satisfaction_2"]
        wide = pd.DataFrame(scores, columns=names, index=[f"c{i + (100 if wave == 'b' else 0)}" for i in range(150)])
        parts.append(long_form(wide, at, wave=wave))
    found = described(a_study(surveys=pd.concat(parts)))
    assert found.groups.by == "wave"
    assert found.groups.found.groups["n"].sum() == 250


def test_the_map_says_points_for_points():
    found = described(a_split_world())
    held = found.structure.map
    assert held.target == "satisfaction"
    assert held.constructs["construct"].tolist() == ["quality"]
    points = found.structure.paths.scores_in_points
    slope = np.polyfit(points["quality"], points["satisfaction"], 1)[0]
    assert held.constructs["importance"][0] == pytest.approx(slope, rel=1e-6)
    assert f"{slope:.2f} points of satisfaction" in structure_words.map_finding(found)
    figures = {
        figure.id: figure for figure in [*figures_module.map_figures(found), *figures_module.corrected_figures(found)]
    }
    assert figures["satisfaction.path_corrected"].estimate > found.structure.paths.paths["estimate"][0]
    assert "would be" in structure_words.corrected_finding(found)


def test_weights_reach_importance_scales_and_paths():
    """Business customers, for whom quality does not count, hardly answer: weighting must lower the path."""
    world = a_split_world(
        3000, slopes=(0.9, 0.1), seed=5, answers=lambda rng, business: rng.random(3000) < np.where(business, 0.06, 0.5)
    )
    found = described(world)
    rows = found.reweighted.set_index(["measure", "of"])
    path = rows.loc[("path", "quality -> satisfaction")]
    assert path["weighted"] < path["lower"]
    assert path["is_outside"]
    assert {"importance", "alpha", "path"} == set(found.reweighted["measure"])
    said = structure_words.reweighted_finding(found)
    assert "path of quality -> satisfaction" in said
    assert "not weighted" in said


def test_without_a_model_of_answering_nothing_is_weighted():
    found = described(a_split_world(100))  # all who are known answered
    assert found.reweighted.empty
    assert "could not be weighted" in structure_words.reweighted_finding(found)
