"""Columns that became known with the end of a contract explain nothing: they are left out, and named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn.curves.grouping import choose_group
from crm_research.pillars.churn.drivers.measure import choose_covariates
from tests.builders import a_study

N = 300
SAID = (
    "{} tells nearly all contracts that ended, by now or later, from those that run: it seems to have become known "
    "with the end, and was left out."
)


def a_company():
    """Half of the contracts end; of these two thirds by as_of, the rest in the holdout. The records know all."""
    rng = np.random.default_rng(11)
    started = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 300, N), unit="D")
    ends = np.arange(N) % 2 == 0
    is_late = np.arange(N) % 6 == 0
    ended = started + pd.to_timedelta(rng.integers(20, 180, N), unit="D")
    ended = ended.where(~is_late, pd.Timestamp("2023-08-01") + pd.to_timedelta(rng.integers(0, 90, N), unit="D"))
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(N)], "customer_id": [f"c{i}" for i in range(N)],
            "started_at": started, "ended_at": pd.Series(ended).where(ends),
            "status": np.where(ends, "closed", "open"), "score": np.where(ends, 70.0, 30.0) + rng.normal(0, 8, N),
            "town": rng.choice(["north", "south"], N), "age": rng.integers(20, 70, N).astype(float),
        }
    )  # fmt: skip
    kinds = {"status": "category", "score": "number", "town": "category", "age": "number"}
    return a_study(contracts=frame, attributes={"contracts": kinds}, as_of="2023-07-01", holdout_until="2024-01-01")


def test_of_a_snapshot_taken_after_the_holdout_the_columns_know_ends_that_are_still_to_come():
    study = a_company()
    names, notes = choose_covariates(study)
    assert names == ["town", "age"]
    assert notes == [SAID.format("status"), SAID.format("score")]
    chosen = choose_group(study)
    assert chosen.column == "town"
    assert "status" in chosen.why


@pytest.mark.parametrize("column", ["status", "score"])
def test_a_plan_or_fee_that_tells_the_ends_stays(column):
    study = a_company()
    frame = study.table("contracts").to_pandas()
    mapped = {"status": "plan", "score": "fee"}[column]
    frame = frame[["contract_id", "customer_id", "started_at", "ended_at", column]].rename(columns={column: mapped})
    told = a_study(contracts=frame, as_of="2023-07-01", holdout_until="2024-01-01")
    assert choose_covariates(told) == ([mapped], [])
    assert choose_group(told).column == ("plan" if mapped == "plan" else None)
