"""Study files that are made to break their reader, and sources that are no files: told in one paragraph, in time."""

from __future__ import annotations

import gzip
import os
import time

import pytest

from crm_research.errors import CrmError, StudyError
from crm_research.sources.opening import find_study_file, open_study
from crm_research.sources.study_file import read_study_file
from tests.sources.files import GOOD_ORDERS, a_study_file, orders_of

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)
HEAD = "name: shop\ncurrency: EUR\ntables: {orders: {from: orders.csv}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "as_of: 2024-02-30\n", r"line 4, column 8: no valid YAML: '2024-02-30' is no date of the calendar"),
        (HEAD + "as_of: 2024-13-45\n", "'2024-13-45' is no date of the calendar"),
        (HEAD + f"as_of: {'9' * 6_000}\n", "is no whole number"),
        (BOMB + HEAD + "as_of: 2024-01-01\ncaveats: *a8\n", r"aliases make more than 100,000 entries"),
        (BOMB + "as_of: 2024-01-01\nname: *a8\n", "aliases make more than 100,000 entries"),
        ("name: &a [*a]\n", "an alias stands inside what it stands for"),
        ("name: " + "[" * 5_000, "nested deeper than 50"),
        ("{a: " * 5_000, "nested deeper than 50"),
        ("# x\n" * 600_000, "2,400,000 bytes long; a study file is a page of text"),
        ("name: a\x00b\n", "no valid YAML"),
        ("? [a, b]\n: c\n", "no valid YAML"),
    ],
)
def test_a_study_file_that_breaks_readers_is_told_at_once(tmp_path, text, said):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    began = time.monotonic()
    with pytest.raises(StudyError, match=said):
        read_study_file(path)
    assert time.monotonic() - began < 20


def test_a_few_aliases_are_as_they_stand(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        HEAD + "as_of: &day 2024-01-01\ntitle: *day\ncaveats: [&said much, *said]\n".replace("title: *day\n", "")
    )
    assert read_study_file(path).caveats == ["much", "much"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "x" * 81}, "name: is 81 characters long"),
        ({"exchange_rates": {"USD": float("inf")}}, "exchange_rates.USD"),
        ({"exchange_rates": {"USD": float("nan")}}, "exchange_rates.USD"),
        ({"engine": "mysql://h/d"}, "begins with mysql://, which is not read"),
    ],
)
def test_values_that_are_none_are_refused(tmp_path, change, said):
    with pytest.raises(StudyError, match=said):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv"}}, **change))


def test_a_name_of_eighty_characters_is_taken(tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    assert open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv"}}, name="x" * 80)).name == "x" * 80


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": []}, "from.path"),
        ({"path": ""}, "names no file"),
        ({"path": "~nobody-at-all/x.csv"}, "cannot be used"),
        ({"path": "x" * 300 + ".csv"}, "cannot be used|no file"),
        ({"path": "/dev/zero"}, "a pipe or a device"),
        ({"path": "orders.csv", "delimiter": ";;"}, "';;' is not one sign"),
        ({"path": "orders.csv", "delimiter": ""}, "'' is not one sign"),
        ({"path": "orders.csv", "delimiter": "\n"}, "is not one sign"),
        ({"path": "orders.csv", "quote": '"""'}, "is not one sign"),
        ({"path": "orders.csv", "quote": ",", "delimiter": ","}, "two different signs for delimiter and quote"),
        ({"path": "orders.csv", "thousands": "."}, "is the decimal sign and parts thousands too"),
        ({"path": "orders.csv", "encoding": "rot13"}, "no encoding 'rot13' of text"),
        ({"path": "orders.csv", "encoding": "hex"}, "no encoding 'hex' of text"),
        ({"path": "orders.csv", "encoding": []}, "from.encoding"),
        ({"path": "orders.csv", "skip_rows": 10**30}, "skip_rows"),
    ],
)
def test_a_source_that_cannot_be_read_is_told(tmp_path, source, said):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    with pytest.raises(CrmError, match=said):
        open_study(a_study_file(tmp_path, {"orders": {"from": source}}))


@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz", "o.duckdb", "o.xlsx", "o.parquet"])
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(StudyError, match="a pipe or a device, no file"):
        open_study(a_study_file(tmp_path, {"orders": {"from": name}}))


def test_a_study_file_that_is_none_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name, said in {"pipe": "a pipe or a device", "folder": "a folder", "a": "leads to no file"}.items():
        with pytest.raises(StudyError, match=said):
            find_study_file(tmp_path / f"{name}.yaml")


WHOLE = gzip.compress(GOOD_ORDERS.encode() * 500)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD_ORDERS.encode(), "orders.csv.gz cannot be unpacked"),
        (WHOLE[: len(WHOLE) // 2], "orders.csv.gz cannot be unpacked"),
        (WHOLE[:-6], "orders.csv.gz cannot be unpacked"),
    ],
)
def test_a_packed_file_that_cannot_be_unpacked_is_named(tmp_path, content, said):
    (tmp_path / "orders.csv.gz").write_bytes(content)
    with pytest.raises(StudyError, match=said):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv.gz"}}))


AMBIENT = [
    "localtimestamp",
    "localtime",
    "current_date",
    "current_timestamp",
    "now()",
    "today()",
    "get_current_timestamp()",
    "transaction_timestamp()",
    "age(ordered_at)",
    "current_database()",
    "current_schema()",
    "current_user",
    "version()",
    "current_setting('threads')",
    "getvariable('x')",
    "getenv('HOME')",
    "columns('a')",
    "random()",
    "uuid()",
    "nextval('s')",
    "txid_current()",
    "current_query()",
    "pg_sleep(1)",
    "error('x')",
    "unnest([1])",
    "range(3)",
    "repeat('x', 2000000000)",
    "lpad('x', 2000000000, 'y')",
    "rpad('x', 5 * 5, 'y')",
    "printf('%2000000000d', 5)",
    "format('{:2000000000}', 5)",
    "printf('%*d', 2000000000, 5)",
    "(select 1)",
    "sum(revenue)",
    "row_number() over ()",
    "read_text('x')",
]


@pytest.mark.parametrize("expression", AMBIENT)
def test_an_expression_computes_from_its_row_and_from_nothing_else(tmp_path, expression):
    with pytest.raises(StudyError, match="not allowed here"):
        orders_of(tmp_path, GOOD_ORDERS, columns={"revenue": {"expr": expression}})


PURE = {
    "lpad(customer_id, 5, '0')": "00007",
    "upper('a') || lower('B')": "Ab",
    "split_part('a-b', '-', 2)": "b",
    "case when revenue > 5 then 'much' else 'little' end": "much",
    "strftime(cast(ordered_at as timestamp), '%Y-%m')": "2024-01",
    "cast(year(ordered_at) as varchar)": "2024",
    "string_split('a,b', ',')[2]": "b",
    "printf('%05d', 7)": "00007",
    "regexp_replace('abc', 'b', 'x')": "axc",
    "coalesce(nullif('', ''), 'none')": "none",
    "md5('a')[1:4]": "0cc1",
    "cast(date_diff('day', ordered_at, as_of) as varchar)": "178",
    "monthname(cast(ordered_at as timestamp))": "January",
}


@pytest.mark.parametrize("expression", PURE)
def test_what_computes_from_its_row_is_allowed(tmp_path, expression):
    study = orders_of(tmp_path, GOOD_ORDERS, columns={"channel": {"expr": expression}}, where="order_id = '1'")
    assert study.table("orders").channel.execute().tolist() == [PURE[expression]]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(" * 300 + "revenue" + ")" * 300, "opens 300 brackets within each other"),
        ("revenue" + " + 1" * 500, "more than 200 terms"),
        ("not " * 2_000 + "true", "more than 200 terms|nested too deeply"),
        ("'" + "x" * 30_000 + "'", "30,002 characters long"),
        (" and ".join(["revenue > 0"] * 3_000), "words and signs|characters long"),
    ],
)
def test_an_expression_that_is_too_much_is_told_at_once(tmp_path, expression, said):
    began = time.monotonic()
    with pytest.raises(StudyError, match=said):
        orders_of(tmp_path, GOOD_ORDERS, where=expression)
    assert time.monotonic() - began < 20


def test_a_join_of_everything_is_told_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr("crm_research.sources.readers.queries._MOST_ROWS", 100)
    (tmp_path / "o.csv").write_text("order_id,customer_id,ordered_at,revenue\n" + "1,a,2024-01-01,1\n" * 40)
    source = {"sql": "select a.* from o a, o b", "inputs": {"o": "o.csv"}}
    with pytest.raises(StudyError, match="makes more than 800 rows of the 40 rows of its inputs"):
        open_study(a_study_file(tmp_path, {"orders": {"from": source}}))
