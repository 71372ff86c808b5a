"""The loyalty notebook with other parameters than its own."""

from __future__ import annotations

import pytest

from crm_research.catalogue.loyalty import REPORT
from tests.loyalty.programmes import a_programme_world
from tests.notebooks.running import figures_of

CLUB = """
name: club
title: Club
currency: EUR
as_of: 2021-12-15
tables:
  orders: {{from: {orders}}}
  contracts: {{from: {contracts}}}
"""


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


@pytest.mark.slow
def test_a_programme_reaches_the_page(tmp_path):
    world = a_programme_world(600, seed=7)
    world.orders.to_csv(tmp_path / "orders.csv", index=False)
    joined = world.joined.rename(columns={"at": "started_at"}).assign(plan="Blue")
    joined["contract_id"] = [f"k{i}" for i in range(len(joined))]
    joined[["contract_id", "customer_id", "started_at", "plan"]].to_csv(tmp_path / "contracts.csv", index=False)
    study = tmp_path / "club.yaml"
    study.write_text(
        CLUB.format(orders=tmp_path / "orders.csv", contracts=tmp_path / "contracts.csv"), encoding="utf-8"
    )
    found = {
        name: [f for f in figures_of(REPORT, given, tmp_path) if f["id"] == "loyalty.programme_difference"]
        for name, given in (
            ("named", {"study": str(study), "programme": "Blue"}), ("unnamed", {"study": str(study)}),
        )
    }  # fmt: skip
    assert found["unnamed"] == []
    figure = found["named"][0]
    assert figure["lower"] < 0 < figure["upper"]
    assert figure["validation"].startswith("placebo")
