"""Tables that are made on the way stand on a shelf: a file each, made once for all engines that share it."""

from __future__ import annotations

import os
import threading

import ibis
import pandas as pd
import pytest

from crm_research.common_tables import asked_by_many, keep_on_shelf, name_shelf
from crm_research.engine import open_embedded_engine


def an_engine(folder, rows=3):
    engine = open_embedded_engine()
    engine.con.execute(f"CREATE TABLE sales AS SELECT range AS n, range * 1.5 AS money FROM range({rows})")
    name_shelf(engine, folder)
    return engine


def total(engine):
    sales = engine.table("sales")
    return sales.aggregate(n=sales.n.sum(), money=sales.money.sum())


def test_an_engine_without_a_shelf_keeps_nothing_on_one():
    engine = open_embedded_engine()
    engine.con.execute("CREATE TABLE sales AS SELECT 1 AS n, 2.0 AS money")
    assert keep_on_shelf(engine, total(engine)) is None


def test_a_kept_table_is_made_once_and_read_by_every_engine_of_the_shelf(tmp_path):
    one, other = an_engine(tmp_path), an_engine(tmp_path, rows=0)
    first = keep_on_shelf(one, total(one))
    assert first.to_pyarrow().to_pylist() == [{"n": 3, "money": 4.5}]
    (file,) = tmp_path.glob("*.parquet")
    made_at = file.stat().st_mtime_ns
    # The same SQL: what the first engine made is taken, though this one's table is empty.
    assert keep_on_shelf(other, total(other)).to_pyarrow().to_pylist() == [{"n": 3, "money": 4.5}]
    assert file.stat().st_mtime_ns == made_at
    assert file.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.part*"))


def test_other_questions_are_kept_apart_and_build_upon_each_other(tmp_path):
    engine = an_engine(tmp_path)
    first = keep_on_shelf(engine, engine.table("sales").filter(ibis._.n > 0))
    second = keep_on_shelf(engine, first.aggregate(most=first.money.max()))
    assert second.to_pyarrow().to_pylist() == [{"most": 3.0}]
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_sums_of_whole_numbers_keep_every_digit(tmp_path):
    engine = an_engine(tmp_path)
    engine.con.execute("CREATE OR REPLACE TABLE sales AS SELECT 9007199254740993 AS n, 1.0 AS money FROM range(4)")
    ((n,),) = [tuple(row.values()) for row in keep_on_shelf(engine, total(engine))[["n"]].to_pyarrow().to_pylist()]
    assert n == 36028797018963972


def test_rows_of_this_process_alone_are_not_shared(tmp_path):
    engine = an_engine(tmp_path)
    few = ibis.memtable(pd.DataFrame({"n": [1]}))
    assert keep_on_shelf(engine, engine.table("sales").inner_join(few, "n")) is None


def test_an_engine_that_fails_leaves_nothing_and_frees_the_way(tmp_path):
    engine = an_engine(tmp_path)
    wrong = engine.table("sales").mutate(text=ibis.literal("no number").cast("int64"))
    with pytest.raises(Exception, match="no number"):
        keep_on_shelf(engine, wrong)
    assert not [*tmp_path.glob("*.parquet"), *tmp_path.glob("*.part*")]
    assert keep_on_shelf(engine, total(engine)).count().execute() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks of files are of POSIX")
def test_of_two_that_ask_at_once_one_makes_it_and_the_other_waits(tmp_path):
    engines = [an_engine(tmp_path, rows=200_000) for _ in range(2)]
    found = []

    def ask(engine):
        found.append(keep_on_shelf(engine, total(engine)).to_pyarrow().to_pylist())

    threads = [threading.Thread(target=ask, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[{"n": 19_999_900_000, "money": 29_999_850_000.0}]] * 2
    assert len(list(tmp_path.glob("*.parquet"))) == 1


def by_group(engine):
    sales = engine.table("sales")
    return asked_by_many(sales.group_by(third=sales.n % 3).agg(n=sales.n.sum(), money=sales.money.max()))


def kept_in(folder):
    return len(list(folder.glob("*.parquet")))


def test_a_part_of_many_questions_is_kept_when_the_second_one_comes(tmp_path):
    engine, other = an_engine(tmp_path, rows=10), an_engine(tmp_path, rows=0)
    part = by_group(engine)
    assert part.filter(part.third == 1).n.sum().execute() == 1 + 4 + 7
    assert kept_in(tmp_path) == 0
    # The second question is another one, and so is the third, which an engine asks whose own table is empty.
    assert part.filter(part.third == 2).to_pyarrow().to_pylist() == [{"third": 2, "n": 15, "money": 12.0}]
    assert kept_in(tmp_path) == 1
    assert by_group(other).count().execute() == 3
    frame = by_group(other).order_by("third").execute()
    assert frame["n"].tolist() == [18, 12, 15]
    alone = open_embedded_engine()
    alone.con.execute("CREATE TABLE sales AS SELECT range AS n, range * 1.5 AS money FROM range(10)")
    pd.testing.assert_frame_equal(frame, by_group(alone).order_by("third").execute())
    assert kept_in(tmp_path) == 1


def test_what_lies_within_a_kept_part_goes_with_it(tmp_path):
    engine = an_engine(tmp_path, rows=10)
    inner = by_group(engine)
    outer = asked_by_many(inner.filter(inner.n > 12).mutate(twice=inner.n * 2))
    for _ in range(2):
        assert sorted(outer.twice.to_pyarrow().to_pylist()) == [30, 36]
    # The first question held both for the first time; the second kept the outer one, and asked for the inner one alone.
    assert kept_in(tmp_path) == 1
    assert inner.count().execute() == 3
    assert kept_in(tmp_path) == 2
    assert sorted(keep_on_shelf(engine, outer.select("twice")).twice.to_pyarrow().to_pylist()) == [30, 36]


def test_parts_are_computed_each_time_where_there_is_no_shelf_or_they_hold_rows_of_ours(tmp_path):
    engine = open_embedded_engine()
    engine.con.execute("CREATE TABLE sales AS SELECT range AS n, range * 1.5 AS money FROM range(4)")
    assert [by_group(engine).count().execute() for _ in range(3)] == [3, 3, 3]
    name_shelf(engine, tmp_path)
    few = ibis.memtable(pd.DataFrame({"n": [1, 3]}))
    held = asked_by_many(engine.table("sales").inner_join(few, "n").select("n", "money"))
    assert [held.money.sum().execute() for _ in range(3)] == [6.0] * 3
    assert kept_in(tmp_path) == 0
