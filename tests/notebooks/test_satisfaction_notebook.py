"""The satisfaction notebook with other parameters than its own, and on a survey of twelve answers."""

from __future__ import annotations

import pytest

from crm_research.catalogue.satisfaction import REPORT
from tests.notebooks.running import figures_of

SMALL_STUDY = """
name: asked
title: Asked
currency: EUR
as_of: 2024-07-01
tables:
  surveys: {{from: {file}}}
"""


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    parameters = {
        "study": "simulated",
        "constructs": {"care": ["quality_1", "quality_2"], "content": ["satisfaction_1", "satisfaction_2"]},
        "paths": [["care", "content"]],
        "rate_cut": 4.0,
        "n_bootstraps": 100,
        "confidence": 0.9,
    }
    figures = figures_of(REPORT, parameters, tmp_path)
    assert {figure["id"] for figure in figures} >= {*REPORT.figure_ids, "satisfaction.path", "satisfaction.r2"}
    assert {figure["group"] for figure in figures if figure["id"] == "satisfaction.path"} == {"care -> content"}
    assert any("90 % interval" in figure["estimator"] for figure in figures)


@pytest.mark.slow
@pytest.mark.parametrize("item", ["recommend", "speed"])
def test_twelve_tens_give_a_whole_page(tmp_path, item):
    rows = ["response_id,customer_id,asked_at,item,score,scale_min,scale_max"]
    rows += [f"r{i},,2024-05-0{1 + i % 3},{item},10,0,10" for i in range(12)]
    file = tmp_path / "surveys.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    study = tmp_path / "asked.yaml"
    study.write_text(SMALL_STUDY.format(file=file), encoding="utf-8")
    figures = figures_of(REPORT, {"study": str(study), "n_bootstraps": 100}, tmp_path)
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    score = next(figure for figure in figures if figure["id"] == "satisfaction.nps")
    assert (score["estimate"] == 100) if item == "recommend" else (score["estimate"] is None)
