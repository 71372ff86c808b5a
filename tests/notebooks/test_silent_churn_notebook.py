"""The silent churn notebook with other parameters than its own."""

from __future__ import annotations

import pytest

from crm_research.catalogue.silent_churn import REPORT
from tests.notebooks.running import figures_of

THIN_STUDY = """
name: thin
title: Thin
currency: EUR
as_of: 2024-07-01
tables:
  orders: {{from: {file}}}
"""


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    figures = figures_of(
        REPORT, {"study": "simulated", "horizon_weeks": 13, "confidence": 0.9, "as_of": "2024-03-31"}, tmp_path
    )
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    share = next(figure for figure in figures if figure["id"] == "churn.silent.alive_share")
    assert 0 < share["lower"] < share["estimate"] < share["upper"] < 1
    assert "90 % interval" in share["estimator"]
    assert any("next 13 weeks" in figure["label"] for figure in figures)


@pytest.mark.slow
def test_thin_orders_give_a_page_whose_promised_figures_have_no_value(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,ordered_at,revenue\n1,a,2024-01-05,5\n2,b,2024-02-01,7\n", encoding="utf-8")
    study = tmp_path / "thin.yaml"
    study.write_text(THIN_STUDY.format(file=file), encoding="utf-8")
    figures = figures_of(REPORT, {"study": str(study)}, tmp_path)
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    assert all(figure["estimate"] is None for figure in figures)
