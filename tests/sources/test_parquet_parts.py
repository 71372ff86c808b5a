"""Parquet as other programs leave it: odd names, folders that say something, unfinished files, parts of two types."""

from __future__ import annotations

import duckdb
import pytest

from tests.sources.files import a_study_file, held

COLUMNS = "order_id, customer_id, ordered_at, revenue"


def write(file, rows, columns=COLUMNS):
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        target = str(file).replace("'", "''")
        engine.execute(f"COPY (SELECT * FROM (VALUES {rows}) AS rows({columns})) TO '{target}' (FORMAT parquet)")


def order(number, customer="'ann'", at="TIMESTAMP '2024-01-05'", revenue="10.5::DOUBLE"):
    return f"('o{number}', {customer}, {at}, {revenue})"


@pytest.fixture
def opened(tmp_path):
    from crm_research.sources.opening import open_study

    def give(path, **head):
        return open_study(a_study_file(tmp_path, {"orders": {"from": path}}, **head))

    return give


@pytest.mark.parametrize("name", ["orders[1].parquet", "orders?.parquet", "orders*.parquet", "orders{1}.parquet"])
def test_a_name_with_signs_of_a_pattern_is_that_file(tmp_path, opened, name):
    write(tmp_path / "orders1.parquet", ", ".join(order(i) for i in range(5)))
    write(tmp_path / name, f"{order(7)}, {order(8)}")
    assert held(opened(name), "orders", "order_id") == [("o7",), ("o8",)]


def test_text_of_such_a_name_is_that_file_too(tmp_path, opened):
    head = "order_id,customer_id,ordered_at,revenue\n"
    (tmp_path / "orders1.csv").write_text(f"{head}o1,ann,2024-01-05,1\n")
    (tmp_path / "orders[1].csv").write_text(f"{head}o9,bob,2024-01-05,2\n")
    assert held(opened("orders[1].csv"), "orders", "order_id", "revenue") == [("o9", 2.0)]


@pytest.mark.parametrize("path", ["shop", "shop/**/*.parquet"])
def test_what_is_hidden_or_unfinished_is_passed_over(tmp_path, opened, path):
    write(tmp_path / "shop" / "2024" / "a.parquet", order(1))
    write(tmp_path / "shop" / "_temporary" / "0" / "b.parquet", order(2))
    write(tmp_path / "shop" / ".ipynb_checkpoints" / "c.parquet", order(3))
    (tmp_path / "shop" / "._a.parquet").write_bytes(b"no parquet")
    assert held(opened(path), "orders", "order_id") == [("o1",)]


def test_a_hidden_folder_that_is_named_is_read(tmp_path, opened):
    write(tmp_path / "_exports" / "a.parquet", order(1))
    write(tmp_path / "_exports" / "_old" / "b.parquet", order(2))
    assert held(opened("_exports"), "orders", "order_id") == [("o1",)]
    assert held(opened("_exports/_old/*.parquet"), "orders", "order_id") == [("o2",)]


def test_text_beside_parquet_is_told(tmp_path, opened):
    write(tmp_path / "shop" / "a.parquet", order(1))
    for name in ("b.csv", "c.csv"):
        (tmp_path / "shop" / name).write_text("order_id\n1\n")
    study = opened("shop")
    assert study.inputs[0].source == "a.parquet (2 text files beside are not read)"
    assert study.inputs[0].n_rows == 1


def test_folders_above_the_named_one_say_nothing(tmp_path, opened):
    write(tmp_path / "shop=north" / "revenue=7" / "o.parquet", f"{order(1)}, {order(2, revenue='20.0::DOUBLE')}")
    for path in ("shop=north/revenue=7/o.parquet", "shop=north/revenue=7", "shop=north/revenue=7/*.parquet"):
        study = opened(path)
        assert held(study, "orders", "order_id", "revenue") == [("o1", 10.5), ("o2", 20.0)]
        assert "shop" not in study.table("orders").columns


def test_folders_below_it_are_columns_whatever_stands_above(tmp_path, opened):
    base = tmp_path / "year=1999" / "shop"
    write(base / "store=007" / "year=2024" / "a.parquet", order(1))
    write(base / "store=Köln%20Süd" / "year=2023" / "b.parquet", order(2))
    write(base / "store=__HIVE_DEFAULT_PARTITION__" / "year=2022" / "c.parquet", order(3))
    rows = opened("year=1999/shop").table("orders").execute().sort_values("order_id")
    assert rows["year"].tolist() == ["2024", "2023", "2022"]
    assert rows["store"].tolist()[:2] == ["007", "Köln Süd"]
    assert rows["store"].isna().tolist() == [False, False, True]


def test_what_a_file_says_of_itself_goes_before_a_folder_below(tmp_path, opened):
    write(tmp_path / "shop" / "revenue=7" / "year=2024" / "o.parquet", order(1))
    write(tmp_path / "shop" / "revenue=8" / "year=2023" / "o.parquet", order(2, revenue="20.0::DOUBLE"))
    study = opened("shop")
    assert held(study, "orders", "order_id", "revenue", "year") == [("o1", 10.5, "2024"), ("o2", 20.0, "2023")]


def test_parts_with_and_without_a_zone_are_each_read_as_written(tmp_path, opened):
    write(tmp_path / "shop" / "a.parquet", order(1, at="TIMESTAMP '2024-01-05 00:00:00'"))
    write(tmp_path / "shop" / "b.parquet", order(2, at="TIMESTAMPTZ '2024-01-05 00:00:00+00'"))
    study = opened("shop", timezone="Asia/Shanghai")
    found = [(name, str(at)) for name, at in held(study, "orders", "order_id", "ordered_at")]
    assert found == [("o1", "2024-01-05 00:00:00"), ("o2", "2024-01-05 08:00:00")]
    assert "1 of 2 times of ordered_at carries a zone, the other is read as Asia/Shanghai" in study.inputs[0].source


def test_long_ids_that_a_part_holds_as_floating_numbers_keep_their_digits_in_the_others(tmp_path, opened):
    long = (9007199254740993, 9007199254740992)
    write(tmp_path / "shop" / "a.parquet", ", ".join(order(i, customer=f"{long[i]}::BIGINT") for i in range(2)))
    write(tmp_path / "shop" / "b.parquet", order(3, customer="1001.0::DOUBLE"))
    found = held(opened("shop"), "orders", "order_id", "customer_id")
    assert found == [("o0", "9007199254740993"), ("o1", "9007199254740992"), ("o3", "1001")]


def test_short_numbers_of_two_types_stay_numbers(tmp_path, opened):
    write(tmp_path / "shop" / "a.parquet", order(1, revenue="3::BIGINT"))
    write(tmp_path / "shop" / "b.parquet", order(2, revenue="2.5::DOUBLE"))
    study = opened("shop")
    assert held(study, "orders", "order_id", "revenue") == [("o1", 3.0), ("o2", 2.5)]


def test_nested_columns_are_no_times_of_their_table(tmp_path, opened):
    nested = "{'ordered_at': TIMESTAMPTZ '2024-01-05 00:00:00+00', 'tags': ['a', 'b']}"
    at = "TIMESTAMP '2024-01-05'"
    write(tmp_path / "shop" / "a.parquet", f"({nested}, 'o1', 'ann', {at}, 1.0::DOUBLE)", f"nested, {COLUMNS}")
    write(tmp_path / "shop" / "b.parquet", f"({nested}, 'o2', 'bob', {at}, 2.0::DOUBLE)", f"nested, {COLUMNS}")
    study = opened("shop")
    assert [str(at) for _, at in held(study, "orders", "order_id", "ordered_at")] == ["2024-01-05 00:00:00"] * 2
    assert "zone" not in study.inputs[0].source
