"""CDNOW, all 23,570 customers: the audit against sums made in pandas, and against the totals that are published.

The published totals: 69,659 transactions of 23,570 customers who first bought in the first quarter of 1997, until the
end of June 1998 (Fader and Hardie 2001, Forecasting repeat sales at CDNOW, Interfaces 31(3), S94-S107; the data's own
notes).
"""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research import open_study
from crm_research.pillars.customer_base_audit import audit_base

datasets = pytest.importorskip("lifetimes.datasets", reason="needs the samples extra")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lines():
    raw = datasets.load_dataset("CDNOW_master.txt", sep=r"\s+")
    lines = raw.rename(columns={"dollar_value": "revenue"})
    return lines.assign(at=pd.to_datetime(lines["date"].astype(str), format="%Y%m%d"))


@pytest.fixture(scope="module")
def found():
    return audit_base(open_study("cdnow-full", as_of="1998-06-30"), period="quarter")


def test_published_totals(lines, found):
    assert len(lines) == 69_659
    assert found.books.by_source["n_customers"].tolist() == [23_570] == [lines["customer_id"].nunique()]
    assert found.books.revenue == pytest.approx(lines["revenue"].sum(), abs=0.005) == pytest.approx(2_500_315.63)
    assert found.books.is_balanced


def test_quarters_customers_and_orders(lines, found):
    quarter = lines["at"].dt.to_period("Q")
    by_hand = lines.groupby(quarter).agg(buyers=("customer_id", "nunique"), revenue=("revenue", "sum"))
    course = found.health.course
    assert course["period"].tolist() == [f"{name.year} Q{name.quarter}" for name in by_hand.index]
    assert course["buyers"].tolist() == by_hand["buyers"].tolist()
    assert course["revenue"].tolist() == pytest.approx(by_hand["revenue"].tolist(), abs=0.005)
    assert course["n_known"].tolist() == [23_570] * 6
    # An order is customer and day.
    days = lines.assign(quarter=quarter).drop_duplicates(["customer_id", "at"]).groupby("quarter").size()
    assert found.cohorts.course["n_orders"].tolist() == days.tolist()


def test_the_change_of_a_year(lines, found):
    periods = found.periods
    assert (periods.name(periods.latest), periods.name(periods.then)) == ("1998 Q2", "1997 Q2")
    quarter = lines["at"].dt.to_period("Q").astype(str)
    money = lines.groupby(quarter)["revenue"].sum()
    rows = found.change.revenue.set_index("component")["estimate"]
    assert rows["total"] == pytest.approx(money["1998Q2"] - money["1997Q2"], abs=0.005)
    assert rows.drop("total").sum() == pytest.approx(rows["total"], abs=1e-6)
    then, now = (set(lines.loc[quarter == name, "customer_id"]) for name in ("1997Q2", "1998Q2"))
    flows = found.change.flows.set_index("flow")["n_customers"].tolist()
    assert flows == [len(then - now), len(then & now), len(now - then)]
    spend = lines[quarter == "1998Q2"].groupby("customer_id")["revenue"].sum().sort_values(ascending=False)
    n = -(-len(spend) // 10)
    assert found.spread.tenths["revenue"].iloc[0] == pytest.approx(spend.iloc[:n].sum(), abs=0.005)
    # The cohort is new, although records begin with it: no more are first seen in January than in March.
    assert found.intake.is_flat
