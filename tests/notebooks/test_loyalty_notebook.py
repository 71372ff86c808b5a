"""The loyalty notebook with other parameters than its own."""

from __future__ import annotations

import pytest

from crm_research.catalogue.loyalty import REPORT
from tests.notebooks.running import figures_of


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    parameters = {"study": "complete-journey", "period_months": 3, "occasion": "order", "confidence": 0.9}
    figures = figures_of(REPORT, parameters, tmp_path)
    assert {figure["id"] for figure in figures} >= {
        "loyalty.repeat_rate",
        "loyalty.median_days_to_second",
        "loyalty.retention_m",
        "loyalty.overdue_share",
        "loyalty.state_share",
        "loyalty.steady_share",
        "loyalty.index_auc_gain",
    }
    assert any("90 % interval" in figure["estimator"] for figure in figures)
