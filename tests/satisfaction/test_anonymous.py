"""Answers that name nobody, in a study that names nobody else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.pillars.satisfaction import describe_satisfaction
from crm_research.pillars.satisfaction.words import answer
from tests.builders import a_study


def test_anonymous_answers_alone_are_described_and_say_what_they_cannot_tell():
    rng = np.random.default_rng(3)
    rows = [
        (f"r{i}", f"2024-0{1 + i % 3}-10", item, float(rng.integers(2, 6)), 1.0, 5.0)
        for i in range(60)
        for item in ("satisfaction", "speed", "price")
    ]
    surveys = pd.DataFrame(rows, columns=["response_id", "asked_at", "item", "score", "scale_min", "scale_max"])
    found = describe_satisfaction(a_study(surveys=surveys), n_bootstraps=100)
    assert found.level is not None
    assert answer(found)
    assert found.response.n_customers == 0
    assert found.response.n_anonymous == len(found.survey.answers.loc[found.survey.answers["wave"] == found.wave])
    assert found.response.weights.empty
    assert "anonymous and no other table names customers" in found.response.notes[0]
