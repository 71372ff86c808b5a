"""Spark's words where they differ from Ibis': held without a server."""

from __future__ import annotations

import ibis
import pytest

from crm_research.spark_sql import SparkCompiler
from tests.features.test_dialects import spark_options  # noqa: F401

pytestmark = pytest.mark.usefixtures("spark_options")
T = ibis.table({"name": "string", "at": "timestamp", "until": "timestamp", "x": "float64", "n": "int64"}, name="t")


def said(value):
    return SparkCompiler().to_sqlglot(T.select(value.name("v"))).sql(dialect="spark")


def aggregated(value):
    return SparkCompiler().to_sqlglot(T.agg(v=value)).sql(dialect="spark")


def test_days_are_microseconds_that_every_server_counts():
    text = said(T.until.delta(T.at, unit="microsecond"))
    assert "UNIX_MICROS(CAST(`t0`.`until` AS TIMESTAMP_LTZ)) - UNIX_MICROS(CAST(`t0`.`at` AS TIMESTAMP_LTZ))" in text
    assert "UNIX_MICROS" not in said(T.until.delta(T.at, unit="day"))


def test_no_rows_of_a_condition_are_none_and_not_empty():
    assert aggregated(T.count(where=T.n > 3)).startswith("SELECT COUNT(IF(`t0`.`n` > 3, 1, NULL)) AS `v`")


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.1, "0.1D"),
        (-2.5, "-2.5D"),
        (1e-9, "1e-09D"),
        (1e22, "1e+22D"),
        (1.7976931348623157e308, "1.7976931348623157e+308D"),
    ],
)
def test_a_number_with_a_fraction_is_a_double_and_no_decimal(number, written):
    assert f"`t0`.`x` * {written}" in said(T.x * number).replace("(", "").replace(")", "")


def test_whole_numbers_stay_whole():
    assert "`n` + 2 " in said(T.n + 2)


def test_the_letters_v_and_f_are_no_blanks():
    text = said(T.name.strip())
    assert "\\v" not in text
    assert "\\f" not in text
    assert "CHAR(11), CHAR(12)" in text


def test_the_beginning_of_a_month_has_no_zone():
    assert "CAST(DATE_TRUNC('month', `t0`.`at`) AS TIMESTAMP" in said(T.at.truncate("M"))


def test_months_and_days_of_a_column_are_made_without_a_text():
    assert "make_ym_interval(0, cast(`t0`.`n` as int))" in said(T.at + T.n.as_interval("M")).lower()
    assert "make_dt_interval(cast(`t0`.`n` as int))" in said(T.at + T.n.as_interval("D")).lower()
    assert "CONCAT" in said(T.at + T.n.as_interval("h"))
