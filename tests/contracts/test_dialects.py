"""The checks run where the data live: each query compiles for DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from datetime import datetime

import ibis
import pytest
from ibis.config import Config

from crm_research.contracts.row_checks import build_row_checks
from crm_research.contracts.scan import build_scan_queries
from crm_research.contracts.set_checks import build_set_queries
from crm_research.contracts.set_query import InLots
from crm_research.contracts.tables import TABLES


class SparkOptions(Config):
    """What Ibis sets when its Spark backend is loaded, which needs Spark itself."""

    treat_nan_as_null: bool = False


@pytest.fixture
def spark_options():
    before = ibis.options.pyspark
    ibis.options.pyspark = SparkOptions()
    yield
    ibis.options.pyspark = before


HELD = {
    name: ibis.table({column.name: column.type for column in contract.columns}, name=name)
    for name, contract in TABLES.items()
}
USABLE = {name: set(table.columns) for name, table in HELD.items()}


def queries_of(name):
    contract, table, as_of = TABLES[name], HELD[name], datetime(2024, 7, 1)
    checks = build_row_checks(contract, table, USABLE[name], last_instant=as_of)
    asked = {"as_of": as_of, "last_instant": as_of, "attributes": {}}
    first, again = build_scan_queries(contract, table, USABLE[name], checks, **asked)
    yield first
    for one in again:
        yield one.rows.aggregate(**one.counts)
    for check in checks:
        yield table.filter(check.bad(table))
    for query in build_set_queries(contract, HELD, USABLE):
        if isinstance(query.counts, InLots):
            yield from (query.counts.whole, query.counts.of_lot(3, 4))
        else:
            yield query.counts
        for check in query.checks:
            yield check.examples


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
@pytest.mark.parametrize("name", TABLES)
def test_every_check_compiles(name, dialect, spark_options):
    statements = [ibis.to_sql(query, dialect=dialect) for query in queries_of(name)]
    assert all(f'"{name}"' in text or f"`{name}`" in text for text in statements)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_takes_one_pass_for_all_rules_of_single_rows(name, spark_options):
    scan = ibis.to_sql(next(queries_of(name)), dialect="duckdb")
    assert scan.count("FROM ") == 1
