"""The simulator knows each customer's profit: what the engine says of each of them is the same, to the cent."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research import open_study
from crm_research.pillars.value.profit.measure import measure_profit, open_books, profit_table
from crm_research.simulate import WorldSettings, simulate_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return simulate_world(
        WorldSettings(n_customers=400, seed=8, contract_share=0.5), tmp_path_factory.mktemp("truth") / "world"
    )


@pytest.fixture(scope="module")
def study(world):
    return open_study(world.study_file)


@pytest.fixture(scope="module")
def truth(world):
    rows = pd.read_parquet(world.truth / "profits")
    within = rows.loc[(rows["period"] >= "2023-04-01") & (rows["period"] < "2024-04-01")]
    return within.groupby("customer_id")[
        ["revenue", "discount", "goods", "fees", "service", "contacts", "profit"]
    ].sum()


@pytest.mark.slow
@pytest.mark.parametrize("column", ["revenue", "discount", "goods", "fees", "service", "contacts", "profit"])
def test_what_each_customer_leaves_is_what_the_simulator_knows(column, study, truth):
    books = open_books(study)
    found = profit_table(study, books).to_pandas().set_index("customer_id")
    assert set(found.index) == set(truth.index)
    pd.testing.assert_series_equal(
        found[column].sort_index(), truth[column].sort_index(), check_names=False, rtol=0, atol=1e-6
    )


@pytest.mark.slow
def test_the_rates_are_the_true_unit_costs_and_everything_adds_up(study, truth):
    found = measure_profit(study)
    assert found.costing.rates.rates == pytest.approx(
        {"order handling": 2.5, "picking": 0.8, "complaint handling": 25.0, "customer visits": 90.0, "invoicing": 1.5}
    )
    assert found.is_reconciled
    assert found.total == pytest.approx(truth["profit"].sum(), abs=0.005)
    assert found.n_losing == (truth["profit"].round(6) < 0).sum()
    assert found.loss == pytest.approx(truth.loc[truth["profit"] < 0, "profit"].sum(), abs=0.005)
    assert float(found.whale.peak.estimate) == pytest.approx(
        truth["profit"].clip(lower=0).sum() / truth["profit"].sum()
    )
