"""Lifetime value as a criterion: the report on value's own numbers, and what came in truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.pillars.grades import measure_grades
from crm_research.pillars.grades.ahead import look_ahead
from crm_research.pillars.value import list_expected, measure_lifetime
from crm_research.pillars.value.lifetime.measure import list_valuable
from crm_research.simulate import WorldSettings, simulate_world
from tests.builders import a_study, contracts, orders
from tests.grades.worlds import many

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    settings = WorldSettings(n_customers=1200, seed=12, business_share=0.4)
    return open_study(simulate_world(settings, tmp_path_factory.mktemp("ahead") / "world").study_file)


@pytest.fixture(scope="module")
def ahead(world):
    return measure_lifetime(world)


def test_the_parts_of_all_customers_add_up_to_what_the_report_on_value_expects(world, ahead):
    everybody = world.table("customers").to_pandas()["customer_id"].tolist()
    found = list_expected(world, ahead, ["nobody at all", *everybody])
    assert found["customer_id"].tolist() == ["nobody at all", *everybody]
    assert found.iloc[0].tolist() == ["nobody at all", 0.0, 0.0]
    assert found["expected"].sum() == pytest.approx(ahead.all["expected"], abs=0.005)
    # Who has no contract is expected what the list of buyers says.
    deals = set(world.table("contracts").to_pandas()["customer_id"])
    alone = list_valuable(ahead, None).set_index("customer_id")["value"]
    alone = alone.loc[[name not in deals for name in alone.index]]
    own = found.set_index("customer_id").loc[alone.index]
    assert len(own) > 100
    np.testing.assert_allclose(own["expected"], alone)
    assert (own["error"] > 0).all()
    assert (own["error"] < 0.5 * own["expected"]).mean() > 0.9


def test_grades_take_it_as_it_is_there_and_it_tells_what_came(world, ahead):
    found = measure_grades(world)
    ids = found.rows["customer_id"]
    there = list_expected(world, ahead, ids.tolist())
    assert found.criteria.cells["lifetime value"].tolist() == pytest.approx(there["expected"].tolist())
    assert found.criteria.errors["lifetime value"].tolist() == pytest.approx(there["error"].tolist())
    bought = world.table("orders").to_pandas()
    bought = bought.loc[bought["ordered_at"] > pd.Timestamp(world.as_of)]
    came = bought.groupby("customer_id")["revenue"].sum().reindex(ids).fillna(0.0).to_numpy()
    alone = ~ids.isin(world.table("contracts").to_pandas()["customer_id"]).to_numpy()
    assert alone.sum() > 60
    told = {
        name: found.criteria.cells[name][alone].corr(pd.Series(came, index=ids.index)[alone], method="spearman")
        for name in ("lifetime value", "trend")
    }
    assert told["lifetime value"] > 0.4
    assert told["lifetime value"] > told["trend"] + 0.2


def test_of_two_who_brought_as_much_the_one_who_still_buys_is_worth_more():
    # 40 buy 10 each month of two years; "gone" brought as much as "here" in the last twelve months, in the first two.
    rows = [
        (f"c{place:02d}", f"{year}-{month:02d}-{1 + place % 27:02d}", 10.0)
        for place in range(40)
        for year, month in [(2022, month) for month in range(7, 13)] + [(2023, month) for month in range(1, 13)]
        + [(2024, month) for month in range(1, 7)]
        if (place * 7 + month * 3) % 4
    ]  # fmt: skip
    rows += [("here", "2022-07-05", 10.0), *(("here", f"2024-{month:02d}-05", 30.0) for month in range(1, 7))]
    rows += [("gone", "2022-07-05", 10.0), *(("gone", f"2023-07-{day:02d}", 30.0) for day in range(5, 29, 4))]
    found = measure_grades(a_study(orders=orders(*sorted(rows, key=lambda row: row[1]))))
    cells = found.criteria.cells.set_index(found.rows["customer_id"])
    assert cells.loc["here", "volume"] == cells.loc["gone", "volume"] == 180.0
    assert cells.loc["gone", "lifetime value"] < 0.5 * cells.loc["here", "lifetime value"]
    places = found.places.set_index(found.rows["customer_id"])["place"]
    assert places["here"] < places["gone"]


def test_it_is_left_out_where_it_is_not_asked_for_or_a_part_of_it_cannot_be_told():
    study = many(30)
    assert measure_grades(study, lifetime_value=False).criteria.left_out["lifetime value"] == "it was not asked for"
    assert "lifetime value" in measure_grades(study).criteria.names
    names = pd.Series([f"k{place:03d}" for place in range(3)])
    asked = {"is_asked": True, "years": 3.0, "rate": 0.1, "confidence": 0.95}
    assert look_ahead(study, names.iloc[:0], **asked).why_not == "nobody is ranked"
    # Contracts without fees would rank those who have one too low; contracts that are over bring no more.
    bought = study.table("orders").to_pandas()
    deals = [(f"k{place:03d}", "2022-01-01", None, None) for place in range(30)]
    unpaid = a_study(orders=bought, contracts=contracts(*deals))
    assert look_ahead(unpaid, names, **asked).why_not.startswith("what is still to come of contracts cannot be told")
    ended = contracts(*((*one[:2], "2023-01-01", "price") for one in deals), fee=[5.0] * 30)
    assert look_ahead(a_study(orders=bought, contracts=ended), names, **asked).rows is not None
    assert look_ahead(a_study(contracts=ended), names, **asked).rows is None


def test_other_years_and_rates_are_those_of_the_report_on_value():
    study = many(40)
    short = measure_grades(study, horizon_years=1.0, discount_rate=0.0)
    expected = measure_lifetime(study, horizon_years=1.0, discount_rate=0.0)
    cells = short.criteria.cells["lifetime value"]
    assert cells.sum() == pytest.approx(expected.all["expected"])
    assert short.criteria.ahead == "margin that is expected in the next year, in today's money"
