"""A part of the customers is drawn whole: from their rows, or of more contracts by lot in the engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn import spell_rows
from crm_research.pillars.churn.decisions.treatment import read_margins
from crm_research.pillars.churn.reasons import measure as reasons
from crm_research.pillars.churn.spell_rows import count_known, read_ends, read_rows, read_running, some_customers
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world


@pytest.fixture(scope="module")
def company():
    n = 1200
    frame = a_world(n).assign(customer_id=[f"c{i // 3}" for i in range(n)], fee=np.arange(n) % 7 - 1.0)
    return a_study(contracts=frame, as_of="2023-06-01", holdout_until="2024-01-01")


@pytest.mark.parametrize("most_whole", [300_000, 100])
def test_a_third_of_the_customers_with_all_their_contracts(company, monkeypatch, most_whole):
    monkeypatch.setattr(spell_rows, "MOST_WHOLE", most_whole)
    whose = some_customers(company, 400, seed=1)
    everybody, some = read_rows(company, ["plan"]), read_rows(company, ["plan"], whose=whose)
    n = count_known(company)
    assert whose.n_contracts == n == everybody["contract_id"].nunique()
    assert whose.share == pytest.approx(400 / n)
    assert len(some) == pytest.approx(400, rel=0.15)
    drawn = everybody.loc[everybody["customer_id"].isin(some["customer_id"])]
    pd.testing.assert_frame_equal(drawn.reset_index(drop=True), some)
    running = read_running(company, ["plan"])
    pd.testing.assert_frame_equal(
        running.loc[running["customer_id"].isin(some["customer_id"])].reset_index(drop=True),
        read_running(company, ["plan"], whose=whose),
    )
    assert whose.say() == ("seed 1" if most_whole > n else "drawn by lot")


def test_no_more_contracts_than_asked_for_are_all_read(company):
    whose = some_customers(company, 1200, seed=1)
    assert whose.share == 1
    assert read_rows(company, [], whose=whose) is read_rows(company, [])


def test_the_page_says_which_part_was_read(company, monkeypatch):
    monkeypatch.setattr(spell_rows, "MOST_WHOLE", 100)
    monkeypatch.setattr(reasons, "_MOST_CONTRACTS", 300)
    whose = some_customers(company, 300, seed=1)
    rows = read_rows(company, [], whose=whose)
    (said,) = reasons._say_sample(rows, whose)
    share = f"{100 * 300 / whose.n_contracts:.0f} %"
    assert said == (
        f"A random {share} of the customers were read (drawn by lot): {len(rows)} of {whose.n_contracts:,} contracts."
    )


def test_ends_are_counted_in_days_from_the_day_of_the_study():
    frame = contracts(("a", "2022-01-10", "2023-06-01", None), ("b", "2022-03-01", "2023-07-01", None))
    ends = read_ends(a_study(contracts=frame, as_of="2023-06-01", holdout_until="2023-12-31"))
    assert ends.to_dict() == {"k1": 0.0, "k2": 30.0}


def test_margins_are_those_of_the_fees_read_with_the_risks(company):
    running = read_running(company, ["fee"])
    asked = read_margins(company, running[["contract_id"]], margin_share=0.5)
    given = read_margins(company, running[["contract_id", "fee"]], margin_share=0.5)
    pd.testing.assert_series_equal(asked, given, check_names=False)
    assert given.isna().equals(running["fee"] < 0)
