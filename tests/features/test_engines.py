"""The same features, value by value, from the engines that hold the data: DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from dataclasses import replace

import ibis.expr.operations as ops
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.engine import connect
from crm_research.features.leakage import guard_no_lookahead
from crm_research.features.rfm import build_rfm
from crm_research.sources.readers.postgres import postgres_schema_of
from crm_research.sources.readers.spark import view_of
from tests.features.test_dialects import BUILDERS
from tests.features.test_leakage import spend_of_all_time
from tests.features.worlds import a_full_study
from tests.postgres import connect_to_write


def moved_to(study, backend):
    """The same study with its tables copied into another engine."""
    tables = {}
    for name, table in study.tables.items():
        tables[name] = backend.create_table(name, table.execute(), schema=table.schema(), overwrite=True)
    return replace(study, tables=tables)


def in_order(built):
    frame = built.execute()
    exact = [column for column in frame.columns if not pd.api.types.is_float_dtype(frame[column])]
    return frame.sort_values(exact).reset_index(drop=True)


def is_bound(built):
    """Does every table of it stand in an engine? Those that the full study lacks are only compiled."""
    return not built.op().find(ops.UnboundTable)


def assert_same_features(elsewhere):
    here = a_full_study()
    for name, build in BUILDERS.items():
        if not is_bound(build(here)):
            continue
        pd.testing.assert_frame_equal(
            in_order(build(here)), in_order(build(elsewhere)), check_dtype=False, obj=f"{name}, DuckDB on the left"
        )


def assert_leaks_are_found(study):
    assert guard_no_lookahead(build_rfm, study).n_rows == 2
    with pytest.raises(Exception, match="spend differ"):
        guard_no_lookahead(spend_of_all_time, study)


@pytest.mark.postgres
@pytest.mark.slow
def test_postgresql_gives_the_same_features_and_the_same_verdict_on_leaks(postgres_url):
    study = moved_to(a_full_study(), connect_to_write(postgres_url))
    assert study.backend.name == "postgres"
    assert_same_features(study)
    assert_leaks_are_found(study)


@pytest.mark.postgres
@pytest.mark.slow
def test_columns_have_in_postgresql_the_types_they_are_said_to_have(postgres_url):
    study = moved_to(a_full_study(), connect_to_write(postgres_url))
    for name, build in BUILDERS.items():
        built = build(study)
        if not is_bound(built):
            continue
        found = postgres_schema_of(study.backend, study.backend.compile(built), where=name)
        assert tuple(found) == built.columns, name
        for column, dtype in built.schema().items():
            kinds = (
                dtype.is_integer(),
                dtype.is_floating(),
                dtype.is_boolean(),
                dtype.is_timestamp(),
                dtype.is_string(),
            )
            there = found[column]
            assert kinds == (
                there.is_integer(), there.is_floating(), there.is_boolean(), there.is_timestamp(), there.is_string()
            ), (name, column, dtype, there)  # fmt: skip


def laid_out_for(study, url, folder):
    """The same study with its tables as Parquet files that a Spark server reads."""
    backend = connect(url)
    for name, table in study.tables.items():
        rows = table.to_pyarrow()
        in_microseconds = [
            pa.field(field.name, pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type)
            for field in rows.schema
        ]
        pq.write_table(rows.cast(pa.schema(in_microseconds)), folder / f"{name}.parquet")
    views = {name: backend._session.read.parquet(str(folder / f"{name}.parquet")) for name in study.tables}
    return replace(study, tables={name: view_of(backend, view) for name, view in views.items()})


@pytest.mark.slow
def test_spark_gives_the_same_features_and_the_same_verdict_on_leaks(tmp_path, sail_url):
    study = laid_out_for(a_full_study(), sail_url, tmp_path)
    assert study.backend.name == "pyspark"
    assert_same_features(study)
    assert_leaks_are_found(study)


@pytest.mark.apache_spark
@pytest.mark.slow
def test_apache_spark_gives_the_same_features(tmp_path, apache_url):
    assert_same_features(laid_out_for(a_full_study(), apache_url, tmp_path))
