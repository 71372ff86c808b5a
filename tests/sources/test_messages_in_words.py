"""Whatever stands wrong in a study file or its tables is told in words: no class, error or code of a library."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from crm_research.errors import CrmError
from crm_research.sources.opening import open_study
from crm_research.sources.study_file import read_study_file
from tests.test_said_by_others import NAMES

STUDY = yaml.safe_load("""
name: mine
title: Mine
currency: EUR
as_of: 2024-06-30
holdout_until: 2024-12-31
caveats: [a]
exchange_rates: {USD: 1.1}
engine: {threads: 2, memory: 2GB}
tables:
  orders:
    from: {path: a.csv, delimiter: ";", decimal: ",", encoding: utf-8, skip_rows: 1, header: true, signs: ["$"]}
    columns: {order_id: {column: id, format: "%Y"}, customer_id: c, ordered_at: d, kind: {value: x}}
    where: a > 1
    sum_lines: true
    accept: {missing-key: 0.1}
    attributes: {town: {column: t, type: category}}
  surveys:
    from: {sql: select 1, inputs: {records: x.csv}}
    columns: {response_id: r, asked_at: d}
    items: {nps: {column: q, scale: [0, 10]}}
  contracts:
    from: c.csv
    columns: {started_at: s}
    continues_within: 7 days
""")
WRONG = [None, 5, -1, 1.5, "x", "", True, [], [1], {}, {"a": 1}, "nan", 10**30, "2024-13-45", [[]], float("inf")]


def _places(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
        yield (*way, key)
        yield from _places(part[key], (*way, key))


def _refusal(call, *given) -> str:
    try:
        call(*given)
    except CrmError as problem:
        return str(problem)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_wrong_value_anywhere_in_a_study_file_is_told_in_words(wrong, tmp_path):
    path, told = tmp_path / "mine.yaml", []
    for place in _places(STUDY):
        study = copy.deepcopy(STUDY)
        holder = study
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        path.write_text(yaml.safe_dump(study), encoding="utf-8")
        told += _refusal(read_study_file, path).splitlines()
    assert told
    assert [line for line in told if NAMES.search(line) or "something else" in line or "None;" in line] == []
    # Each line begins with the file, and names no kind of value among the keys.
    assert [line for line in told if not line.startswith(f"{path}: ") or "[" in line.split(": ")[1]] == []


@pytest.mark.parametrize(
    ("place", "wrong", "told"),
    [
        (("exchange_rates", "USD"), -1, "exchange_rates.USD: must be more than 0; found -1."),
        (("exchange_rates", "USD"), None, "exchange_rates.USD: must be a number; found nothing."),
        (("as_of",), True, "as_of: true is no date; write it as 2024-06-30."),
        (("tables", "orders", "from", "decimal"), "x", "tables.orders.from.decimal: must be '.' or ','; found 'x'."),
        (("tables", "orders", "from", "skip_rows"), 1.5, "tables.orders.from.skip_rows: must be a whole number; found"),
        (("tables", "orders", "from", "encoding"), "x", "tables.orders.from.encoding: there is no encoding 'x' of "),
        (("tables", "surveys", "items", "nps", "scale"), 5, "tables.surveys.items.nps.scale: must be a list, such as "),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_once_with_its_place_and_what_it_must_be(place, wrong, told, tmp_path):
    study = copy.deepcopy(STUDY)
    holder = study
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = wrong
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    said = _refusal(read_study_file, tmp_path / "mine.yaml")
    assert said.startswith(f"{tmp_path / 'mine.yaml'}: {told}")
    assert "\n" not in said


ORDERS = "id,c,d,m\n1,a,2024-01-02,5\n2,b,2024-01-03,7\n"


@pytest.mark.parametrize(
    ("source", "columns", "named"),
    [
        ("none.parquet", "", "none.parquet"),
        ("bad.parquet", "", "bad.parquet"),
        ("bad.xlsx", "", "bad.xlsx"),
        ("bad.duckdb", "", "bad.duckdb"),
        ("bad.sqlite", "", "bad.sqlite"),
        ("bad.csv.gz", "", "tables.orders.from: bad.csv.gz"),
        ("a.csv", ", revenue: {expr: m + }", "tables.orders.columns.revenue"),
        ("a.csv", ", revenue: {expr: nothing(m)}", "tables.orders"),
        ("a.csv", ", revenue: {expr: cast(c as integer)}", "tables.orders"),
        ("a.csv", ", revenue: c", "orders.revenue"),
        ("{sql: select * from nowhere, inputs: {records: a.csv}}", "", "tables.orders.from"),
        ("{sql: select nothing from records, inputs: {records: a.csv}}", "", "tables.orders.from"),
        ("{sql: select from, inputs: {records: a.csv}}", "", "tables.orders.from"),
        ("{sql: \"select 'x' + [1] as id from records\", inputs: {records: a.csv}}", "", "tables.orders.from"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_in_words(source, columns, named, tmp_path):
    (tmp_path / "a.csv").write_text(ORDERS)
    for name in ("bad.parquet", "bad.xlsx", "bad.duckdb", "bad.sqlite"):
        (tmp_path / name).write_text("no such file at all, and long enough to be looked at\n" * 9)
    (tmp_path / "bad.csv.gz").write_bytes(gzip.compress(ORDERS.encode() * 900)[:-20])
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ncurrency: EUR\nas_of: 2024-06-30\ntables:\n  orders:\n"
        f"    from: {source}\n    columns: {{order_id: id, customer_id: c, ordered_at: d{columns}}}\n"
    )
    said = _refusal(lambda: open_study(path).table("orders").execute())
    assert said
    assert not NAMES.search(said), said
    assert named in said
    assert said.rstrip().endswith("."), said
