"""Chance by a digest of the name: every engine draws alike."""

from __future__ import annotations

import hashlib

import ibis
import pytest

from crm_research.features.lots import lot_of
from tests.features.test_dialects import spark_options  # noqa: F401

NAMES = ["C00000001", "ann", "张三", "", "o'b"]


def expected(name):
    return int(hashlib.md5(name.encode()).hexdigest()[:5], 16) / 16**5


def test_a_lot_is_the_beginning_of_the_digest_of_the_name():
    rows = ibis.memtable({"name": NAMES})
    found = rows.select("name", lot=lot_of(rows.name)).execute().set_index("name")["lot"]
    assert found.to_dict() == {name: expected(name) for name in NAMES}
    assert expected("ann") == 0x7E0D7 / 16**5


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_every_engine_has_it(dialect, spark_options):  # noqa: F811
    rows = ibis.table({"name": "string"}, name="rows")
    assert "MD5" in ibis.to_sql(rows.select(lot=lot_of(rows.name)), dialect=dialect).upper()
