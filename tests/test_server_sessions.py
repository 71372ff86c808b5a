"""A session in a server ends a statement with its time or with whoever asked, and a run reads one state of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import ibis
import pandas as pd
import psycopg
import pytest

from crm_research.engine import connect, share_state
from crm_research.errors import EngineError
from crm_research.postgres_backend import say_lost
from crm_research.settings import SECONDS, STATE
from crm_research.time_limit import time_limit
from tests.postgres import connect_to_write
from tests.server_study import connect_as_keeper

LONG = "SELECT count(*) FROM generate_series(1, 10000000000) AS numbers"


@pytest.fixture
def keeper(postgres_socket):
    with connect_as_keeper(postgres_socket) as connection:
        connection.execute("DROP TABLE IF EXISTS standing")
        connection.execute("CREATE TABLE standing AS SELECT generate_series(1, 3) AS n")
        yield connection


def count(backend):
    return backend.table("standing").count().execute()


@pytest.mark.postgres
def test_all_processes_of_a_run_read_the_state_that_it_began_with(postgres_url, keeper, monkeypatch):
    with time_limit("Reading", seconds=60):
        first = connect(postgres_url)
    shared = share_state(first)
    assert list(shared) == [STATE]
    keeper.execute("INSERT INTO standing VALUES (4)")
    monkeypatch.setenv(STATE, shared[STATE])
    assert count(connect(postgres_url)) == 4  # whoever is under no limit sees what came
    monkeypatch.setenv(SECONDS, "60")
    assert (count(first), count(connect(postgres_url))) == (3, 3)
    first.disconnect()
    with pytest.raises(EngineError, match=r"no longer holds the state that the reports of this run read.*Run it again"):
        connect(postgres_url)
    monkeypatch.setenv(STATE, shared[STATE].replace("/postgres", "/another"))
    assert count(connect(postgres_url)) == 4  # a state of another server is none of this one
    assert share_state(ibis.duckdb.connect()) == {}


@pytest.mark.postgres
def test_a_statement_is_stopped_by_the_time_of_its_report(postgres_url, keeper, monkeypatch):
    monkeypatch.setenv(SECONDS, "0.2")
    backend = connect(postgres_url)
    endless = backend.sql(LONG, schema={"count": "int64"})
    for asked in (endless.execute, endless.to_pyarrow):
        with pytest.raises(EngineError, match=r"stopped: canceling statement due to statement timeout\. Allow more by"):
            asked()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_statement_does_not_outlive_the_process_that_asked(postgres_url, keeper):
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series%numbers%'"
    running += " AND pid <> pg_backend_pid()"
    said = f"from crm_research.engine import connect; connect({postgres_url!r}).con.execute({LONG!r})"
    process = subprocess.Popen([sys.executable, "-c", said], env=dict(os.environ))
    wait_until(lambda: keeper.execute(running).fetchone()[0] == 1)
    process.kill()
    process.wait()
    began = time.monotonic()
    wait_until(lambda: keeper.execute(running).fetchone()[0] == 0)
    assert time.monotonic() - began < 6


def wait_until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.postgres
def test_a_table_that_goes_and_a_session_that_is_ended_are_told_in_one_paragraph(postgres_url, keeper):
    backend = connect(postgres_url)
    standing = backend.table("standing")
    keeper.execute("DROP TABLE standing")
    with pytest.raises(EngineError, match=r'"standing" does not exist\. It was there when the study was opened'):
        standing.execute()
    keeper.execute("SELECT pg_terminate_backend(%s)", (backend.con.info.backend_pid,))
    with pytest.raises(EngineError, match=r"The connection to the server was lost\. See that it runs"):
        backend.sql("SELECT 1 AS one", schema={"one": "int64"}).execute()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (psycopg.errors.InsufficientPrivilege("permission denied for table a"), "Ask for its rights again"),
        (psycopg.errors.DiskFull("no space left"), "has no room for it"),
        (psycopg.errors.QueryCanceled("canceling statement due to user request"), "Somebody has stopped"),
        (
            psycopg.errors.SerializationFailure("canceling statement due to conflict with recovery"),
            "hot_standby_feedback",
        ),
        (psycopg.OperationalError("server closed the connection unexpectedly"), "connection to the server was lost"),
        (psycopg.errors.DivisionByZero("division by zero"), None),
    ],
)
def test_what_befalls_a_server_has_a_mend(problem, said):
    words = say_lost(problem)
    assert words is None if said is None else said in words


def test_before_a_study_is_open_a_table_that_lacks_is_told_by_whoever_opens_it():
    assert say_lost(psycopg.errors.UndefinedTable("relation a does not exist"), is_open=False) is None


@pytest.mark.postgres
def test_rows_of_ours_of_every_type_stand_in_the_query(postgres_url):
    backend = connect(postgres_url)
    ours = pd.DataFrame(
        {
            "text": ["o'b\\'; \"--{},", "", None],
            "whole": [1, -2, None],
            "point": [0.5, 1e-300, None],
            "flag": [True, False, None],
            "at": pd.to_datetime(["2024-01-01 05:06:07.123456", "1999-12-31", None], format="mixed"),
        }
    )
    kinds = {"text": "string", "whole": "int64", "point": "float64", "flag": "boolean", "at": "timestamp"}
    found = backend.to_pandas(ibis.memtable(ours, schema=kinds).order_by("whole"))
    assert found["text"].tolist() == ["", "o'b\\'; \"--{},", None]
    assert found["whole"].tolist()[:2] == [-2, 1]
    assert found["point"].tolist()[:2] == [1e-300, 0.5]
    assert found["flag"].tolist() == [False, True, None]
    assert found["at"].tolist()[:2] == [pd.Timestamp("1999-12-31"), pd.Timestamp("2024-01-01 05:06:07.123456")]


@pytest.mark.postgres
def test_numbers_flags_and_texts_are_as_other_engines_have_them(postgres_url):
    connect_to_write(postgres_url)
    backend = connect(postgres_url)
    rows = ibis.memtable({"n": [7, -2, 2], "is_on": [True, False, True], "name": ["b", "a", "B"]})
    asked = rows.agg(
        total=rows.n.sum(),
        mean=rows.n.mean(),
        spread=rows.n.var(how="pop"),
        share=rows.is_on.cast("float64").mean(),
        many=rows.is_on.cast("int64").sum(),
        halves=(rows.n / 2).sum(),
        floors=(rows.n // 3).sum(),
        first=rows.name.min(),
        last=rows.name.max(),
        odd=(rows.n % 2).cast("boolean").sum(),
    )
    found = backend.to_pyarrow(asked).to_pylist()[0]
    assert found == ibis.duckdb.connect().to_pyarrow(asked).to_pylist()[0]
    assert (found["total"], found["halves"], found["floors"], found["first"], found["last"]) == (7, 3.5, 1, "B", "b")
    year = ibis.memtable({"at": [pd.Timestamp("2024-02-03")]})["at"].year()
    running = rows.mutate(so_far=rows.n.sum().over(ibis.cumulative_window(order_by=rows.name)))
    assert backend.to_pyarrow(running.order_by("name"))["so_far"].to_pylist() == [2, 0, 7]
    assert backend.to_pyarrow(year.name("year").as_table())["year"].to_pylist() == [2024]
    kept = rows.select("n")
    assert backend._cached_table(kept) is kept
