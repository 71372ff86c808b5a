"""PostgreSQL comes to the same verdict as the embedded engine, to the last example."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from tests.builders import a_study
from tests.contracts.frames import customers
from tests.contracts.test_row_rules import SOUND, with_values
from tests.postgres import connect_to_write

pytestmark = pytest.mark.postgres


@pytest.fixture
def moved(postgres_url):
    """Move a study's tables to PostgreSQL."""
    backend = connect_to_write(postgres_url)

    def move(study):
        tables = {}
        for name, table in study.tables.items():
            tables[name] = backend.create_table(name, table.to_pyarrow(), schema=table.schema(), overwrite=True)
        return dataclasses.replace(study, tables=tables)

    yield move
    backend.disconnect()


def comparable(verdict):
    return {(finding.table, finding.column, finding.rule): finding for finding in verdict.findings}


@pytest.mark.slow
def test_a_sound_study_is_as_sound_there(moved):
    study = a_study(**SOUND, customers=customers("anna", "bert", "cleo", "dora", "emil", "王伟"))
    here, there = check_study(study), check_study(moved(study))
    assert there.failed == here.failed == ()
    assert there.tables == here.tables


@pytest.mark.slow
def test_every_defect_is_counted_and_shown_alike(moved):
    broken = with_values(SOUND["orders"], "customer_id", {0: None, 1: "zoe", 2: " ", 3: "NaN"})
    broken = with_values(with_values(broken, "revenue", {1: -5.25, 2: None}), "order_id", {5: "o5"})
    broken = with_values(broken, "ordered_at", {0: "1899-12-30", 4: "2024-12-24 18:00", 5: "1970-01-01"})
    study = a_study(
        orders=broken,
        order_lines=pd.concat([SOUND["order_lines"], SOUND["order_lines"].iloc[:2]]),
        contracts=with_values(SOUND["contracts"], "ended_at", {0: "2022-12-31"}),
        contract_states=with_values(SOUND["contract_states"], "valid_from", {1: "2023-01-15"}),
        surveys=with_values(with_values(SOUND["surveys"], "score", {0: 99.0}), "customer_id", {1: "zoe"}),
        customers=customers("anna", "anna", "bert", "nobody"),
    )
    here, there = comparable(check_study(study)), comparable(check_study(moved(study)))
    assert here == there
    assert len([finding for finding in here.values() if not finding.holds]) >= 15


def test_numbers_that_are_none_are_found_there_too(moved):
    study = a_study(orders=SOUND["orders"])
    there = moved(study)
    orders = there.tables["orders"]
    value = (orders.order_id == "o1").ifelse(np.nan, (orders.order_id == "o2").ifelse(np.inf, orders.revenue))
    odd = dataclasses.replace(there, tables={"orders": orders.mutate(revenue=value)})
    assert {finding.rule: finding.n_bad for finding in check_study(odd).failed} == {"not-finite": 2}
