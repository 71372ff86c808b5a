"""The two notebooks with other studies and parameters than their own."""

from __future__ import annotations

import json

import pytest

from crm_research.catalogue import find_report
from tests.notebooks.running import figures_of

SMALL_STUDY = """
name: small
title: Small
currency: EUR
as_of: 2024-07-01
holdout_until: 2024-10-01
tables:
  orders: {{from: {file}}}
"""


def _small_study(folder, n_customers):
    rows = ["order_id,customer_id,ordered_at,revenue"]
    rows += [
        f"o{i}-{j},c{i:03},2024-0{1 + (i + j) % 9}-1{i % 9},{5 + (i * 7 + j) % 40}.5"
        for i in range(n_customers)
        for j in range(1 + i % 6)
    ]
    file = folder / "orders.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    study = folder / "small.yaml"
    study.write_text(SMALL_STUDY.format(file=file), encoding="utf-8")
    return str(study)


@pytest.mark.slow
@pytest.mark.parametrize("n_customers", [4, 90])
def test_both_pages_complete_on_a_small_study(tmp_path, n_customers):
    study = _small_study(tmp_path, n_customers)
    base = figures_of(
        find_report("customer-base"), {"study": study, "as_of": "2024-06-01", "confidence": 0.9}, tmp_path
    )
    segments = figures_of(find_report("segmentation"), {"study": study, "k_max": 3, "n_bootstraps": 20}, tmp_path)
    assert "base.customers" in {figure["id"] for figure in base}
    k = next(figure for figure in segments if figure["id"] == "segmentation.k")
    assert (k["estimate"] is None) == (n_customers < 50)
    json.dumps([base, segments], allow_nan=False)


@pytest.mark.slow
def test_the_base_of_contracts_has_no_revenue(tmp_path):
    ids = {figure["id"] for figure in figures_of(find_report("customer-base"), {"study": "telco"}, tmp_path)}
    assert ids == {"base.customers"}
