"""The embedded engine gives frames as Ibis does, gaps and all."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from crm_research.embedded_answers import _values, answer_plainly

_ROW = (
    "1.5::DOUBLE AS a, 2 AS b, 'x' AS c, true AS d, date '2020-01-01' AS e, timestamp '2020-01-01' AS f, [1, 2] AS g, "
    "3::DECIMAL(10, 2) AS h, 5::HUGEINT AS i, 2::TINYINT AS j, 1.5::FLOAT AS k"
)
_GAPS = ", ".join(f"NULL AS {name}" for name in "abcdefghijk")
_QUESTIONS = (
    f"SELECT {_ROW}",
    f"SELECT {_ROW} UNION ALL SELECT {_GAPS}",
    "SELECT NULL::DOUBLE AS a, NULL::INTEGER AS b, NULL::VARCHAR AS c, NULL::BOOLEAN AS d, NULL::TIMESTAMP AS f",
    "SELECT 1 AS a, 'x' AS b WHERE false",
)


@pytest.mark.parametrize("sql", _QUESTIONS)
def test_frames_columns_and_values_are_those_of_ibis(sql: str) -> None:
    usual, plain = ibis.duckdb.connect(), ibis.duckdb.connect()
    answer_plainly(plain, "1GB")
    expected, found = usual.sql(sql).to_pandas(), plain.sql(sql).to_pandas()
    pd.testing.assert_frame_equal(found, expected)
    for name in expected:
        assert [type(value) for value in found[name]] == [type(value) for value in expected[name]]
        pd.testing.assert_series_equal(plain.sql(sql)[name].to_pandas(), usual.sql(sql)[name].to_pandas())


@pytest.mark.parametrize("sql", _QUESTIONS)
def test_arrow_tables_columns_and_values_are_those_of_ibis(sql: str) -> None:
    usual, plain = ibis.duckdb.connect(), ibis.duckdb.connect()
    answer_plainly(plain, "1GB")
    sql = f"SELECT *, NULL AS z FROM ({sql})"
    assert plain.sql(sql).to_pyarrow().equals(usual.sql(sql).to_pyarrow())
    assert plain.sql(sql).z.to_pyarrow().equals(usual.sql(sql).z.to_pyarrow())
    assert plain.sql(sql).a.max().to_pyarrow().equals(usual.sql(sql).a.max().to_pyarrow())
    assert plain.sql(sql).z.max().to_pyarrow().equals(usual.sql(sql).z.max().to_pyarrow())


def test_a_sum_of_whole_numbers_is_no_column_of_objects() -> None:
    column = pa.chunked_array([pa.array([Decimal(2), Decimal(-3)], pa.decimal128(38, 0))])
    told = _values(column, ibis.dtype("int64"))
    assert (told.dtype, told.tolist()) == ("int64", [2, -3])
    wide = pa.chunked_array([pa.array([Decimal(2**70)], pa.decimal128(38, 0))])
    assert _values(wide, ibis.dtype("int64")).tolist() == [Decimal(2**70)]
    # Money stays as exact as it is.
    assert _values(column, ibis.dtype("decimal(38, 0)")).tolist() == [Decimal(2), Decimal(-3)]


@pytest.mark.slow
def test_what_only_checks_imports_no_pandas() -> None:
    code = (
        "import sys; from crm_research.contracts.checks import check_study;"
        "from crm_research.sources.opening import open_study;"
        "print(len(check_study(open_study('cdnow')).tables), [m for m in ('pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "1 []"


def test_a_limit_and_a_single_value_are_asked_as_ever() -> None:
    plain = ibis.duckdb.connect()
    answer_plainly(plain, "1GB")
    rows = plain.sql("SELECT * FROM (VALUES (3), (NULL), (4)) AS t(a)")
    assert rows.execute(limit=2)["a"].isna().sum() == 1
    assert rows.a.sum().execute() == 7
