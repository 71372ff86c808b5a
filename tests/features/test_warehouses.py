"""Warehouses: what the engine asks compiles for BigQuery, Snowflake and ClickHouse and is SQL there. Nothing is run."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pytest
import sqlglot
from ibis.common.exceptions import OperationNotDefinedError
from sqlglot import exp

from crm_research.features.brands import build_brand_counts
from crm_research.features.joined import join_contracts, rename_joined
from crm_research.pillars.segmentation.deployment.assign import assign_customers
from crm_research.study import Continuation
from tests.builders import a_study, orders
from tests.contracts.test_dialects import TABLES, queries_of
from tests.features.test_brands import a_market, a_shop
from tests.features.test_dialects import BUILDERS, an_unbound_study
from tests.segmentation.test_assigning import a_kept

WAREHOUSES = ("bigquery", "snowflake", "clickhouse")
# What a warehouse cannot say: docs/warehouses.md lists the same.
LACKING = {
    ("bigquery", "rhythm of weekdays"): "Median",
    ("bigquery", "rhythm of hours"): "Median",
    ("bigquery", "features"): "Median",
    ("bigquery", "usual gap"): "Quantile",
}


def unbound(study):
    return replace(study, tables={name: ibis.table(table.schema(), name=name) for name, table in study.tables.items()})


def the_joins():
    columns = {"contract_id": "string", "customer_id": "string", "started_at": "timestamp", "ended_at": "timestamp"}
    table = ibis.table({**columns, "end_reason": "string"}, name="contracts")
    states = ibis.table({"contract_id": "string", "valid_from": "timestamp"}, name="contract_states")
    rule = Continuation(within_days=7, after=("paused",))
    return join_contracts(table, rule), rename_joined(states, table, rule)


ASKED = {
    **{name: lambda name=name: [BUILDERS[name](an_unbound_study())] for name in BUILDERS},
    **{f"checks of {name}": lambda name=name: list(queries_of(name)) for name in TABLES},
    "brands": lambda: [build_brand_counts(unbound(a_shop()), a_market(category="tea"))],
    "contracts that go on": the_joins,
    "segments assigned": lambda: [
        assign_customers(unbound(a_study(orders=orders(("a", "2024-01-01", 1.0)))), a_kept())
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("warehouse", WAREHOUSES)
@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_is_sql_of_the_warehouse(name, warehouse):
    for expression in ASKED[name]():
        if (warehouse, name) in LACKING:
            with pytest.raises(OperationNotDefinedError, match=LACKING[warehouse, name]):
                ibis.to_sql(expression, dialect=warehouse)
            continue
        sql = str(ibis.to_sql(expression, dialect=warehouse))
        parsed = sqlglot.parse_one(sql, read=warehouse)
        assert parsed.find(exp.Command) is None
        assert parsed.is_star or all(column in sql for column in expression.columns)
