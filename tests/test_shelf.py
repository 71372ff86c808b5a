"""Tables that are made on the way stand on a shelf: a file each, made once for all engines that share it."""

from __future__ import annotations

import os
import threading

import ibis
import pandas as pd
import pytest

from crm_research.engine import keep_on_shelf, name_shelf, open_embedded_engine


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
