"""A study on a Spark server: what its file says, what is read, and what is said where it cannot be."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.engine import connect, describe_engine
from crm_research.errors import EngineError, StudyError
from crm_research.sources.opening import open_study
from crm_research.spark_backend import SparkBackend
from crm_research.spark_session import _end
from tests.sources.files import a_study_file
from tests.spark_servers import free_port

pytestmark = pytest.mark.slow

LINES = pd.DataFrame(
    {
        "invoice": [1, 1, 2],
        "client": ["007", "007", "客户八"],
        "at": pd.to_datetime(["2024-01-31 23:30", "2024-01-31 23:31", "2024-03-01 09:00:00.000001"], format="ISO8601"),
        "pieces": [2, 1, -1],
        "price": [10.0, 5.5, 5.5],
    }
)
COLUMNS = {"order_id": "invoice", "customer_id": "client", "ordered_at": "at", "revenue": {"expr": "pieces * price"}}
ORDERS = {"columns": COLUMNS, "sum_lines": True, "returns": "pieces < 0"}


def lay(folder, lines=LINES, unit="us"):
    """Lines as a folder of two Parquet files."""
    (folder / "lines").mkdir()
    table = pa.Table.from_pandas(lines, preserve_index=False)
    table = table.set_column(2, "at", table["at"].cast(pa.timestamp(unit)))
    pq.write_table(table[:2], folder / "lines" / "a.parquet")
    pq.write_table(table[2:], folder / "lines" / "b.parquet")


def opened(folder, url, source, **rule):
    return open_study(a_study_file(folder, {"orders": {"from": source, **ORDERS, **rule}}, engine=url))


def assert_two_orders(study):
    assert study.backend.name == "pyspark"
    found = study.table("orders").order_by("order_id").to_pyarrow().to_pydict()
    assert found["order_id"] == ["1", "2"]
    assert found["customer_id"] == ["007", "客户八"]
    assert found["revenue"] == [25.5, -5.5]
    assert found["kind"] == ["sale", "return"]
    assert [at.isoformat() for at in found["ordered_at"]] == ["2024-01-31T23:30:00", "2024-03-01T09:00:00.000001"]


@pytest.mark.parametrize("path", ["lines/", "lines/*.parquet", ["lines/a.parquet", "lines/b.parquet"]])
def test_a_folder_beside_the_study_file_is_read_by_the_server(tmp_path, sail_url, path):
    lay(tmp_path)
    study = opened(tmp_path, sail_url, {"path": path})
    assert_two_orders(study)
    assert "lines/" in study.inputs[0].source


def test_a_folder_may_be_named_by_a_whole_address(tmp_path, sail_url):
    lay(tmp_path)
    assert_two_orders(opened(tmp_path, sail_url, {"path": f"file://{tmp_path}/lines/"}))


TABLES = (
    "CREATE DATABASE IF NOT EXISTS sales",
    "CREATE TABLE sales.`Zeilen 行` USING parquet LOCATION '{folder}/lines'",
)


def assert_tables_are_read_by_name(folder, url, name="Zeilen 行"):
    study = opened(folder, url, {"table": f"sales.{name}"})
    assert_two_orders(study)
    assert study.inputs[0].source == f"{url} (sales.{name})"
    assert_two_orders(opened(folder, url, {"url": url, "table": f"sales.{name}"}))
    assert_two_orders(opened(folder, url, {"query": f"select * from sales.`{name}` where price > 0"}))
    with pytest.raises(StudyError, match=r"no table sales\.Zeilen on the server\. Did you mean 'sales\.[Zz]eilen"):
        opened(folder, url, {"table": "sales.Zeilen"})


def test_a_table_of_the_server_is_named_without_repeating_its_address(tmp_path, sail_url, monkeypatch):
    lay(tmp_path)
    # This server has a catalogue for each session.
    connected = SparkBackend.do_connect

    def connect_and_lay(backend, *args, **options):
        connected(backend, *args, **options)
        for statement in TABLES:
            backend._session.sql(statement.format(folder=tmp_path))

    monkeypatch.setattr(SparkBackend, "do_connect", connect_and_lay)
    assert_tables_are_read_by_name(tmp_path, sail_url)


def test_a_session_that_is_collected_in_a_thread_of_the_driver_takes_nothing_from_the_others(sail_url):
    from pyspark.sql.connect.client.reattach import ExecutePlanResponseReattachableIterator

    gone, stays = connect(sail_url)._session, connect(sail_url)
    _end(gone)
    pool = ExecutePlanResponseReattachableIterator._get_or_create_release_thread_pool()
    pool.submit(gone.__del__).result(30)
    rows = stays.sql("select 41 + 1 as answer").to_pyarrow()
    assert rows["answer"].to_pylist() == [42]
    assert not pool._shutdown


@pytest.mark.apache_spark
def test_a_table_of_apache_spark_is_named_in_the_same_way(tmp_path, apache_url):
    lay(tmp_path)
    # Its catalogue takes letters, digits and underscores alone.
    server = connect(apache_url)._session
    for statement in TABLES:
        server.sql(statement.format(folder=tmp_path).replace("Zeilen 行", "Zeilen_1"))
    assert_tables_are_read_by_name(tmp_path, apache_url, "Zeilen_1")


def test_tables_of_one_study_are_joined_on_the_server(tmp_path, sail_url):
    lay(tmp_path)
    people = {"from": {"path": "people/"}}
    (tmp_path / "people").mkdir()
    pq.write_table(
        pa.table({"customer_id": ["007", "009"], "kind": ["consumer", "business"]}), tmp_path / "people/p.parquet"
    )
    orders = {"from": {"path": "lines/"}, **ORDERS}
    study = open_study(a_study_file(tmp_path, {"orders": orders, "customers": people}, engine=sail_url))
    both = study.table("orders").inner_join(study.table("customers"), "customer_id")
    assert both.count().execute() == 1


def test_a_table_and_its_query_without_a_server_need_an_address(tmp_path):
    with pytest.raises(StudyError, match="needs exactly one of path, url"):
        open_study(a_study_file(tmp_path, {"orders": {"from": {"table": "sales.orders"}}}))


def test_instants_are_read_in_the_studys_own_time(tmp_path, sail_url):
    lay(tmp_path)
    rows = pq.read_table(tmp_path / "lines")
    zoned = rows.set_column(2, "at", rows["at"].cast(pa.timestamp("us", "UTC")))
    (tmp_path / "zoned").mkdir()
    pq.write_table(zoned, tmp_path / "zoned" / "a.parquet")
    study = open_study(
        a_study_file(
            tmp_path, {"orders": {"from": {"path": "zoned"}, **ORDERS}}, engine=sail_url, timezone="Europe/Berlin"
        )
    )
    found = study.table("orders").order_by("order_id").to_pyarrow()["ordered_at"].to_pylist()
    # Half past eleven at night in Greenwich is already February in Berlin.
    assert [at.isoformat() for at in found] == ["2024-02-01T00:30:00", "2024-03-01T10:00:00.000001"]


@pytest.mark.parametrize("path", ["nowhere/", "lines/*.pq"])
def test_a_folder_that_the_server_does_not_see_is_named(tmp_path, sail_url, path):
    lay(tmp_path)
    with pytest.raises(
        StudyError, match=r"tables\.orders\.from\.path: the server sees no Parquet file at .*Check the path"
    ):
        opened(tmp_path, sail_url, {"path": path})


def test_times_in_nanoseconds_are_told_with_the_mend(tmp_path, sail_url):
    lay(tmp_path, unit="ns")
    with pytest.raises(
        StudyError, match=r"holds times in nanoseconds, which Spark does not read.*coerce_timestamps='us'"
    ):
        opened(tmp_path, sail_url, {"path": "lines/"})


def test_what_says_how_text_is_written_is_refused_of_a_folder_on_a_server(tmp_path, sail_url):
    lay(tmp_path)
    with pytest.raises(StudyError, match="decimal, thousands: of files that are read here"):
        opened(tmp_path, sail_url, {"path": "lines/", "decimal": ",", "thousands": "."})


def test_an_address_that_nobody_answers_is_named_within_seconds(tmp_path):
    port = free_port()
    with pytest.raises(
        EngineError, match=f"No Spark Connect server answers at sc://localhost:{port}. Check host and port"
    ):
        opened(tmp_path, f"sc://localhost:{port}", {"path": "lines/"})


def test_a_token_is_shown_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARK_TOKEN", "geheim-und-lang")
    port = free_port()
    with pytest.raises(EngineError) as caught:
        opened(tmp_path, f"sc://localhost:{port}/;token=${{SPARK_TOKEN}}", {"path": "lines/"})
    assert "geheim" not in str(caught.value)
    with pytest.raises(StudyError, match=r"holds a password; write \$\{NAME\}") as caught:
        opened(tmp_path, f"sc://localhost:{port}/;token=geheim-und-lang", {"path": "lines/"})
    assert "geheim" not in str(caught.value)


def test_a_driver_that_is_not_there_is_offered(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.client", None)
    with pytest.raises(EngineError, match=r'pip install "crm-research\[spark\]"'):
        opened(tmp_path, "sc://localhost:1", {"path": "lines/"})


def test_spark_itself_is_asked_for_where_only_its_client_is(tmp_path):
    with pytest.raises(EngineError, match="spark:// needs Spark itself beside Java, and only its client is installed"):
        connect("spark://localhost:7077")


def test_what_was_kept_is_dropped_when_the_study_goes_on(sail_url, tmp_path):
    lay(tmp_path)
    study = opened(tmp_path, sail_url, {"path": "lines/"})
    server = study.backend
    kept = study.table("orders").filter(lambda t: t.revenue > 0).cache()
    name = kept.op().name
    assert kept.count().execute() == 1
    assert name in {row.tableName for row in server._session.sql("SHOW TABLES").collect()}
    del kept
    assert study.table("orders").count().execute() == 2
    assert name not in {row.tableName for row in server._session.sql("SHOW TABLES").collect()}


def test_each_study_has_a_session_of_its_own(sail_url):
    one, other = connect(sail_url), connect(sail_url)
    assert one._session._session_id != other._session._session_id
    assert isinstance(one, SparkBackend)
    assert describe_engine(one).startswith("Spark 4.")


def test_a_session_ends_with_the_program(tmp_path):
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", free_port())
    server.start()
    try:
        url = f"sc://127.0.0.1:{server.listening_address[1]}"
        program = (
            f"from crm_research.engine import connect; from crm_research import spark_session as s\n"
            f"b = connect({url!r}); print(b._session.range(3).count())\n"
            "import atexit; atexit.register(lambda: print(b._session.is_stopped))\n"
            "atexit.unregister(s._end_all); atexit.register(s._end_all)\n"
            "atexit.register(lambda: print(b._session.is_stopped))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.split() == ["3", "False", "True"]
        assert done.stderr == ""
    finally:
        server.stop()


def test_a_server_that_is_lost_is_told_as_such(tmp_path, monkeypatch):
    from pysail.spark import SparkConnectServer

    from crm_research import spark_session

    monkeypatch.setattr(spark_session, "_IN_MID_RUN", {"max_retries": 1, "initial_backoff": 10})
    lay(tmp_path)
    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    url = f"sc://127.0.0.1:{server.listening_address[1]}"
    study = opened(tmp_path, url, {"path": "lines/"})
    server.stop()
    for ask in (study.table("orders").execute, study.table("orders").to_pyarrow):
        with pytest.raises(EngineError, match=f"The Spark server at {url} was lost in the middle of the work"):
            ask()
