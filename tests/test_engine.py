"""Opening an engine, and what its errors may never show."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from crm_research.addresses import expand_environment, hide_credentials
from crm_research.engine import connect, describe_engine, open_embedded_engine
from crm_research.errors import EngineError


def setting(backend, name):
    return backend.con.execute("SELECT current_setting(?)", [name]).fetchone()[0]


def test_the_default_engine_is_bounded_silent_and_fetches_nothing():
    backend = connect()
    assert setting(backend, "autoinstall_known_extensions") is False
    assert setting(backend, "enable_progress_bar") is False
    assert Path(setting(backend, "temp_directory")).is_absolute()


def test_memory_and_threads_can_be_told_and_are_described():
    backend = open_embedded_engine(memory_gigabytes=1.5, threads=1)
    assert setting(backend, "threads") == 1
    assert describe_engine(backend).startswith("DuckDB ")
    assert "1 threads" in describe_engine(backend)
    assert "1.3 GiB" in describe_engine(backend)  # 1.5 GB


def test_a_file_of_our_own_is_written_and_one_that_is_named_only_read(tmp_path):
    file = tmp_path / "kept.duckdb"
    ours = open_embedded_engine(file)
    ours.raw_sql("CREATE TABLE t AS SELECT 1 AS a").close()
    ours.disconnect()
    named = connect(f"duckdb://{file}")
    assert named.list_tables() == ["t"]
    with pytest.raises(duckdb.Error, match="read-only"):
        named.raw_sql("DROP TABLE t")


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(EngineError, match="no DuckDB file"):
        connect(f"duckdb://{tmp_path}/typo.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_variable_of_the_environment_is_filled_in(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    assert expand_environment("postgres://joe:${SHOP_PASSWORD}@db/x") == "postgres://joe:geheim@db/x"


def test_a_variable_that_is_not_set_is_named_but_no_credentials_are():
    with pytest.raises(EngineError, match="NOT_THERE") as caught:
        connect("postgres://joe:hunter2@${NOT_THERE}/x")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("password", ["geheim", "p@ss/word", "a:b"])
def test_an_engine_that_does_not_answer_shows_no_password(monkeypatch, password):
    monkeypatch.setenv("SHOP_PASSWORD", password)
    with pytest.raises(EngineError, match="cannot be opened") as caught:
        connect("postgres://joe:${SHOP_PASSWORD}@127.0.0.1:1/x?connect_timeout=2")
    assert password not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at postgres://joe:pw@db/x it failed", "at postgres://***@db/x it failed"),
        ("postgres://joe:p@w@db/x", "postgres://***@db/x"),
        ("postgres://joe:p/w@db/x", "postgres://***@db/x"),
        (
            "postgres://db/x?user=joe&password=pw&sslmode=require",
            "postgres://db/x?user=joe&password=***&sslmode=require",
        ),
        ("duckdb:///data/shop.duckdb", "duckdb:///data/shop.duckdb"),
    ],
)
def test_credentials_are_hidden(text, shown):
    assert hide_credentials(text) == shown


def test_an_unknown_engine_is_an_error_in_words():
    with pytest.raises(EngineError, match="nosuch"):
        connect("nosuch://x")
