"""The notebook on brands with other parameters than its own."""

from __future__ import annotations

import pytest

from crm_research.catalogue.brand_loyalty import REPORT
from tests.notebooks.running import figures_of


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    parameters = {"study": "simulated", "unit": "own_brand", "category": "drinks", "months": 6, "confidence": 0.9}
    figures = figures_of(REPORT, {**parameters, "occasion": "order", "method": "likelihood"}, tmp_path)
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    assert any("90 % interval" in figure["estimator"] for figure in figures)
    assert {figure["group"] for figure in figures if figure["id"] == "loyalty.scr"} == {"own brand", "other brands"}
