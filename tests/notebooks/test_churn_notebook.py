"""The churn notebook with other parameters than its own."""

from __future__ import annotations

import pytest

from crm_research.catalogue.churn import REPORT
from tests.notebooks.running import figures_of


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    parameters = {"study": "telco", "group": "payment_method", "horizon_months": 12, "confidence": 0.9}
    figures = figures_of(REPORT, parameters, tmp_path)
    assert {figure["id"] for figure in figures} >= {"churn.contract.median_tenure_days", "churn.contract.survival_12m"}
    assert any("90 % interval" in figure["estimator"] for figure in figures)
