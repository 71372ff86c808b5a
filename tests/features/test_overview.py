"""What a study holds, and which reports can be made of it."""

from __future__ import annotations

import pandas as pd
import pytest

import crm_research
from crm_research import open_study, overview, reports_of
from tests.builders import a_study, orders


def test_tables_are_told_with_rows_periods_and_what_is_not_yet_known():
    study = a_study(
        as_of="2024-02-01",
        orders=orders(("a", "2024-01-01", 5.0), ("a", "2024-02-01", 5.0), ("b", "2024-03-05", 7.0)),
        products=pd.DataFrame({"product_id": ["p1", "p2"]}),
    )
    found = overview(study).set_index("table")
    assert found["rows"].to_dict() == {"orders": 3, "products": 2}
    assert found["later"].to_dict() == {"orders": 1, "products": 0}
    assert [str(found.loc["orders", end])[:10] for end in ("first", "last")] == ["2024-01-01", "2024-03-05"]
    assert found.loc["products", ["first", "last"]].isna().all()
    assert found.loc["orders", "grain"].startswith("one order")


def test_a_table_without_rows_has_no_period():
    found = overview(a_study(orders=orders()))
    assert found.loc[0, ["rows", "later"]].tolist() == [0, 0]
    assert found.loc[0, ["first", "last"]].isna().all()


def test_each_report_is_told_with_what_it_lacks():
    found = reports_of(a_study(orders=orders(("a", "2024-01-01", 5.0)))).set_index("report")
    assert bool(found.loc["loyalty", "applies"]) is True
    assert found.loc["churn", "lacks"] == "needs the table contracts, which the study does not have"
    assert found.loc["customer-base", "reads"] == "orders"
    assert found.loc["churn", "reads"] == ""


@pytest.mark.parametrize(("study", "rows", "later"), [("cdnow", 6_696, 1_882), ("telco", 7_043, 0)])
def test_of_samples(study, rows, later):
    found = overview(open_study(study))
    assert found.loc[0, ["rows", "later"]].tolist() == [rows, later]


def test_both_are_at_the_door():
    assert {"overview", "reports_of"} <= set(dir(crm_research))
