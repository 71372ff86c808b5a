"""A study file only reads: whatever it says, its database and the folders around it stay as they were."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest

from crm_research.contracts.checks import check_study
from crm_research.errors import CrmError
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file

SECRET = "order_id,customer_id,ordered_at,revenue\n9,the-secret,2024-01-01,1\n"
AS_ORDERS = "order_id, customer_id, ordered_at, revenue"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the user's files, in which the program stands."""
    (tmp_path / "secret.csv").write_text(SECRET)
    (tmp_path / "o.csv").write_text(GOOD_ORDERS)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE SEQUENCE numbers; CREATE TABLE keep AS SELECT 1 AS a")
        connection.execute(f"CREATE TABLE orders AS SELECT * FROM read_csv('{tmp_path}/o.csv', all_varchar = true)")
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE orders (order_id, customer_id, ordered_at, revenue)")
        connection.execute("INSERT INTO orders VALUES (1, 'a', '2024-01-01', 5)")
        connection.execute("CREATE TABLE keep (a)")
        connection.commit()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything_in(folder: Path) -> dict[str, str]:
    """Every file below a folder, but for the study file, with the digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "study.yaml"
    }


def told_of(folder: Path, source: dict | str, **more) -> str:
    """Open and check a study of this source: what is said, be it the refusal or the verdict's examples."""
    try:
        study = open_study(a_study_file(folder, {"orders": {"from": source}}, **more))
        rows = study.table("orders").execute()
        verdict = check_study(study)
    except CrmError as problem:
        return f"refused: {problem}"
    return f"{rows.to_dict()} {verdict.failed} {study.inputs}"


SQL_ATTACKS = [
    'with "secret.csv" as (select * from "secret.csv") select * from "secret.csv"',
    'with recursive "secret.csv" as (select * from \'secret.csv\') select * from "secret.csv"',
    'select * from (with "secret.csv" as (select 1) select 1) a, "secret.csv" b',
    'with a as (select * from b), b as (select * from "secret.csv") select * from a',
    'with a as (with "secret.csv" as (select * from o) select * from "secret.csv") select * from "secret.csv"',
    'select * from o where exists (with "secret.csv" as (select 1) select 1) or 1 in (select 1 from "secret.csv")',
    "select * from 'secret.csv'",
    "from 'secret.csv'",
    "select * from read_csv('secret.csv')",
    "select * from read_text('secret.csv')",
    "select * from o, lateral read_text('secret.csv')",
    "select * from glob('*')",
    "select * from query('select * from ''secret.csv''')",
    "select * from query_table('secret.csv')",
    "select * from sniff_csv('secret.csv')",
    "select * from (describe 'secret.csv')",
    "select * from (summarize 'secret.csv')",
    "pivot 'secret.csv' on order_id",
    "select (select content from read_text('secret.csv')) as order_id, customer_id, ordered_at, revenue from o",
    "select * from o union all select * from 'secret.csv'",
    "copy (select 42) to 'PWNED.csv'",
    "select * from o; copy (select 42) to 'PWNED.csv'",
    "attach 'PWNED.duckdb' as p",
    "select * from o; attach 'PWNED.duckdb' as p; create table p.t as select 1",
    "install httpfs; load httpfs; select * from o",
    "export database 'PWNED'",
    "select * from o /* ; */ ; drop table o",
    "select getenv('HOME') as order_id, customer_id, ordered_at, revenue from o",
    "select current_setting('temp_directory') as order_id, customer_id, ordered_at, revenue from o",
    "select * from duckdb_settings()",
    "select * from information_schema.tables",
]


@pytest.mark.parametrize("sql", SQL_ATTACKS)
def test_sql_over_inputs_reads_no_other_file_and_writes_none(here, sql):
    before = everything_in(here)
    said = told_of(here, {"sql": sql, "inputs": {"o": "o.csv"}})
    assert said.startswith("refused:")
    assert "the-secret" not in said
    assert everything_in(here) == before


FILE_ATTACKS = [
    {"url": "duckdb://", "query": "select content as customer_id from read_text('secret.csv')"},
    {"url": "duckdb://PWNED_created.duckdb", "table": "t"},
    {"url": "duckdb:///{here}/PWNED_created.duckdb", "table": "t"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "select * from orders; drop table keep"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "drop table keep"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "delete from keep"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "insert into keep select 2"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "select nextval('numbers') as order_id, * from orders"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "select * from orders; COPY (select 42) TO 'PWNED_multi.csv'"},
    {"url": "duckdb:///{here}/shop.duckdb", "query": "select * from 'secret.csv'"},
    {"url": "duckdb:///{here}/shop.duckdb?read_only=False", "query": "drop table keep"},
    {"path": "shop.duckdb", "query": "with keep as (delete from keep returning *) select * from keep"},
    {"path": "shop.duckdb", "query": 'with "secret.csv" as (select * from "secret.csv") select * from "secret.csv"'},
    {"path": "shop.duckdb", "query": "checkpoint"},
    {"path": "shop.sqlite", "query": "delete from keep"},
    {"path": "shop.sqlite", "query": "select * from orders; drop table keep"},
    {"path": "shop.sqlite", "query": "select * from orders) union select (1"},
    {"path": "shop.sqlite", "query": "attach 'PWNED.db' as p"},
    {"path": "shop.sqlite", "query": "pragma journal_mode = delete"},
    {"path": "shop.sqlite", "query": "select * from pragma_table_info('orders')"},
    {"path": "shop.sqlite", "query": "select load_extension('x') as order_id, * from orders"},
    {"path": "shop.sqlite", "query": "select writefile('PWNED', 'x') as order_id, * from orders"},
    {"path": "shop.sqlite", "query": "vacuum into 'PWNED.db'"},
    {"url": "sqlite:///PWNED.db", "table": "t"},
    {"url": "file:///etc/passwd", "table": "t"},
    {"url": "https://127.0.0.1:1/x.csv", "table": "t"},
    {"url": "mysql://h/d", "table": "t"},
    {"url": "duckdb://md:cloud", "table": "t"},
]


@pytest.mark.parametrize("source", FILE_ATTACKS, ids=str)
def test_files_that_are_named_as_databases_are_neither_changed_nor_made(here, source):
    source = {key: value.replace("/{here}", str(here)) for key, value in source.items()}
    before = everything_in(here)
    said = told_of(here, source)
    assert said.startswith("refused:")
    assert "the-secret" not in said
    assert everything_in(here) == before


@pytest.mark.parametrize("source", ["o.csv", "shop.sqlite", "shop.duckdb"])
def test_an_honest_source_leaves_the_folder_as_it_was_too(here, source):
    before = everything_in(here)
    held = source if source == "o.csv" else {"path": source, "table": "orders"}
    assert "2024" in told_of(here, held)
    assert everything_in(here) == before


@pytest.mark.parametrize("engine", ["duckdb://PWNED_engine.duckdb", "duckdb:///{here}/PWNED.duckdb", "sqlite://x.db"])
def test_an_engine_that_is_no_file_is_refused_and_not_made(here, engine):
    before = everything_in(here)
    assert told_of(here, "o.csv", engine=engine.replace("/{here}", str(here))).startswith("refused:")
    assert everything_in(here) == before


def test_a_name_of_the_program_is_no_table(here):
    frame = [("the-secret",)]  # noqa: F841  (what a replacement scan of Python's variables would find)
    assert told_of(here, {"path": "shop.duckdb", "query": "select * from frame"}).startswith("refused:")


SERVER = """
    DROP SCHEMA IF EXISTS crm CASCADE;
    CREATE SCHEMA crm;
    CREATE TABLE crm.orders (order_id int, customer_id text, ordered_at timestamp, revenue double precision);
    INSERT INTO crm.orders VALUES (1, 'a', '2024-01-01', 5), (2, 'b', '2024-02-01', 6);
    CREATE TABLE crm.audit (a int);
    INSERT INTO crm.audit VALUES (1), (2), (3);
    CREATE SEQUENCE crm.numbers;
    CREATE FUNCTION crm.evil() RETURNS int AS 'DELETE FROM crm.audit; SELECT 1' LANGUAGE sql;
    CREATE FUNCTION crm.loosen() RETURNS text AS
        $$ SELECT set_config('default_transaction_read_only', 'off', false) $$ LANGUAGE sql;
    CREATE VIEW crm.trap AS SELECT crm.evil() AS order_id, customer_id, ordered_at, revenue FROM crm.orders;
"""
SERVER_ATTACKS = [
    "select * from crm.orders; delete from crm.audit",
    "select * from crm.orders; commit; begin read write; delete from crm.audit; commit",
    "delete from crm.audit",
    "delete from crm.audit returning a as order_id",
    "with gone as (delete from crm.audit returning *) select * from crm.orders",
    "with put as (insert into crm.audit values (4) returning *) select * from crm.orders",
    "select crm.evil() as order_id, customer_id, ordered_at, revenue from crm.orders",
    "select crm.loosen() as order_id, crm.evil() as e, customer_id, ordered_at, revenue from crm.orders",
    "select * from crm.trap",
    "select *, nextval('crm.numbers') as n from crm.orders",
    "select *, setval('crm.numbers', 99) as n from crm.orders",
    "select *, set_config('default_transaction_read_only', 'off', false) as n from crm.orders",
    "select *, lo_create(4711) as n from crm.orders",
    "select *, pg_catalog.lo_create(4711) as n from crm.orders",
    "select *, pg_terminate_backend(pg_backend_pid()) as n from crm.orders",
    "select *, pg_read_file('PG_VERSION') as n from crm.orders",
    "select * from pg_ls_dir('.')",
    "select *, pg_notify('a', 'b') as n from crm.orders",
    "select *, pg_advisory_lock(1) as n from crm.orders",
    "select *, query_to_xml('delete from crm.audit', true, true, '') as n from crm.orders",
    "select *, dblink_exec('dbname=postgres', 'delete from crm.audit') as n from crm.orders",
    "select * into crm.copied from crm.orders",
    "select * from crm.orders for update",
    "create table crm.made as select 1",
    "drop table crm.audit",
    "truncate crm.audit",
    "copy crm.orders to '/tmp/PWNED'",
    "copy crm.audit from program 'id'",
    "do $$ begin delete from crm.audit; end $$",
    "call crm.evil()",
    "explain analyze delete from crm.audit",
    "select 1) as x; delete from crm.audit; select * from (select 2",
    "select $a$x$a$ as order_id; delete from crm.audit",
    "select '\\'; delete from crm.audit; --' as order_id",
    "set role postgres",
    "listen a",
]


@pytest.fixture
def keeper(postgres_socket, postgres_url):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(SERVER)
        connection.execute("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
        yield connection


def everything_held(connection) -> list:
    """All that the role could have changed: rows, tables, the sequence, large objects."""
    asked = (
        "SELECT * FROM crm.orders ORDER BY 1",
        "SELECT a FROM crm.audit ORDER BY 1",
        "SELECT last_value, is_called FROM crm.numbers",
        "SELECT count(*) FROM pg_largeobject_metadata",
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'crm' ORDER BY 1",
    )
    return [connection.execute(one).fetchall() for one in asked]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("query", "in_place"),
    [*((query, False) for query in SERVER_ATTACKS), *((query, True) for query in SERVER_ATTACKS[:13])],
)
@pytest.mark.slow
def test_a_role_that_may_write_writes_nothing(tmp_path, keeper, postgres_url, query, in_place):
    before = everything_held(keeper)
    more = {"engine": postgres_url} if in_place else {}
    said = told_of(tmp_path, {"url": postgres_url, "query": query}, **more)
    assert everything_held(keeper) == before
    if "'\\'" not in query:  # that one is a text, and reads nothing but itself
        assert said.startswith("refused:")
    assert not Path("/tmp/PWNED").exists()


ACTING = """
    CREATE FUNCTION crm.write() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN COPY (SELECT 42) TO '{file}'; RETURN 1; END $$;
    CREATE FUNCTION crm.write_of(double precision) RETURNS double precision LANGUAGE plpgsql AS
        $$ BEGIN COPY (SELECT 42) TO PROGRAM 'touch {file}'; RETURN $1; END $$;
    CREATE FUNCTION crm.write_both(double precision, double precision) RETURNS double precision LANGUAGE plpgsql AS
        $$ BEGIN COPY (SELECT 42) TO '{file}'; RETURN $1; END $$;
    CREATE FUNCTION crm.write_if(double precision) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN COPY (SELECT 42) TO '{file}'; RETURN true; END $$;
    CREATE OPERATOR crm.### (FUNCTION = crm.write_both, LEFTARG = double precision, RIGHTARG = double precision);
    CREATE AGGREGATE crm.sum_up(double precision) (SFUNC = crm.write_both, STYPE = double precision, INITCOND = '0');
    CREATE DOMAIN crm.coin AS double precision CHECK (crm.write_if(VALUE));
    CREATE VIEW crm.by_name AS
        SELECT order_id, customer_id, ordered_at, crm.write_of(revenue) AS revenue FROM crm.orders;
    CREATE VIEW crm.over_it AS SELECT * FROM crm.by_name;
    CREATE VIEW crm.by_sign AS
        SELECT order_id, customer_id, ordered_at, revenue OPERATOR(crm.###) 1 AS revenue FROM crm.orders;
    CREATE VIEW crm.by_sum AS SELECT order_id, customer_id, ordered_at, crm.sum_up(revenue) AS revenue
        FROM crm.orders GROUP BY 1, 2, 3;
    CREATE TABLE crm.guarded AS SELECT * FROM crm.orders;
    ALTER TABLE crm.guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY who ON crm.guarded USING (crm.write_if(revenue));
    CREATE FUNCTION crm.said_stable() RETURNS int STABLE LANGUAGE sql AS 'SELECT crm.write()';
    CREATE FUNCTION crm.said_immutable(double precision) RETURNS double precision IMMUTABLE LANGUAGE plpgsql AS
        $$ BEGIN PERFORM lo_from_bytea(0, 'x'); RETURN $1; END $$;
    CREATE FUNCTION crm.of_one_piece() RETURNS int IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT lo_create(0)::int; END;
    CREATE FUNCTION crm.by_text(double precision) RETURNS double precision IMMUTABLE LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'SELECT lo_' || 'create(0)'; RETURN $1; END $$;
    CREATE FUNCTION crm.keeps(double precision) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
        $$ BEGIN PERFORM lo_create(0); RETURN true; END $$;
    CREATE DOMAIN crm.kept AS double precision CHECK (crm.keeps(VALUE));
    CREATE EXTENSION IF NOT EXISTS file_fdw;
    CREATE SERVER IF NOT EXISTS files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE crm.run (order_id int, customer_id text, ordered_at timestamp, revenue double precision)
        SERVER files OPTIONS (program 'touch {file}; echo "1,a,2024-01-01,5"', format 'csv');
    CREATE FUNCTION crm.doubled(double precision) RETURNS double precision IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
    CREATE VIEW crm.honest AS SELECT order_id, customer_id, ordered_at, crm.doubled(revenue) AS revenue FROM crm.orders;
"""
_ROW = "order_id, customer_id, ordered_at"


@pytest.mark.postgres
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        {"query": f"select {_ROW}, crm.write() as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.write_of(revenue) as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.WRITE_OF(revenue) as revenue from crm.orders"},
        {"query": f"select {_ROW}, revenue OPERATOR(crm.###) 1 as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.sum_up(revenue) as revenue from crm.orders group by 1, 2, 3"},
        {"query": f"select {_ROW}, revenue::crm.coin as revenue from crm.orders"},
        {"query": f"select {_ROW}, revenue from crm.orders where crm.write_if(revenue)"},
        {"query": f"select {_ROW}, crm.said_stable() as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.said_immutable(revenue) as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.of_one_piece() as revenue from crm.orders"},
        {"query": f"select {_ROW}, crm.by_text(revenue) as revenue from crm.orders"},
        {"query": f"select {_ROW}, revenue::crm.kept as revenue from crm.orders"},
        {"query": f"select {_ROW}, revenue from crm.orders, ts_stat('select (crm.write()::text)::tsvector')"},
        {"query": f"select {_ROW}, ts_rewrite('a'::tsquery, 'select crm.write()::text') as revenue from crm.orders"},
        {"query": "select 1 as order_id, rolpassword as customer_id, now() as ordered_at, 1 as revenue from pg_authid"},
        {"table": "crm.run"},
        {"query": "with a as (select * from crm.run) select * from a"},
        {"query": f"with a as (select * from crm.over_it) select {_ROW}, revenue from a"},
        *({"table": f"crm.{name}"} for name in ("by_name", "over_it", "by_sign", "by_sum", "guarded")),
        *({"query": f"select * from crm.{name}"} for name in ("by_name", "over_it", "by_sign", "by_sum", "guarded")),
    ],
    ids=str,
)
@pytest.mark.slow
def test_a_function_of_a_superuser_s_writes_no_file(tmp_path, keeper, postgres_url, source, in_place):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        keeper.execute(ACTING.format(file=f"{folder}/PWNED"))
        more = {"engine": postgres_url} if in_place else {}
        assert told_of(tmp_path, {"url": postgres_url, **source}, **more).startswith("refused:")
        assert list(Path(folder).iterdir()) == []
        # Large objects are made even where a session may not write.
        assert keeper.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone()[0] == 0


@pytest.mark.postgres
@pytest.mark.parametrize(
    "source", [{"table": "crm.honest"}, {"query": "select * from crm.honest where length('a') = 1"}]
)
def test_a_function_that_only_computes_is_called(tmp_path, keeper, postgres_url, source):
    keeper.execute(ACTING.format(file="/nowhere"))
    assert "'revenue': {0: 10.0, 1: 12.0}" in told_of(tmp_path, {"url": postgres_url, **source})


@pytest.mark.postgres
@pytest.mark.parametrize(
    "query",
    ["select * from crm.orders tablesample bernoulli (50)",
     "select * from crm.orders tablesample system (1) repeatable (7)",
     "select * from crm.orders where random() < 0.5", "select * from crm.orders order by gen_random_uuid() limit 1"],
)  # fmt: skip
def test_chance_is_refused_since_no_report_could_be_made_again(tmp_path, keeper, postgres_url, query):
    assert told_of(tmp_path, {"url": postgres_url, "query": query}).startswith("refused:")


@pytest.mark.postgres
def test_a_query_that_reads_is_read_as_it_stands(tmp_path, keeper, postgres_url):
    query = """
        WITH days(n) AS (SELECT 1 UNION ALL SELECT 2)  -- a comment; with a semicolon
        SELECT order_id, customer_id || '%s' AS customer_id, ordered_at, revenue * 2 AS revenue FROM crm.orders
        WHERE order_id IN (SELECT n FROM days) AND customer_id <> ';' ORDER BY order_id;
    """
    study = open_study(a_study_file(tmp_path, {"orders": {"from": {"url": postgres_url, "query": query}}}))
    found = study.table("orders").order_by("order_id").execute()
    assert found["customer_id"].tolist() == ["a%s", "b%s"]
    assert found["revenue"].tolist() == [10.0, 12.0]


@pytest.mark.parametrize("kind", ["csv", "sqlite", "duckdb"])
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_enough(here, kind):
    here.chmod(0o500)
    try:
        source = "o.csv" if kind == "csv" else {"path": f"shop.{kind}", "table": "orders"}
        assert "2024" in told_of(here, source)
    finally:
        here.chmod(0o700)


_LONG = [
    "repeat('x', 3000000000)",
    "repeat('x', 3000 * 1000000)",
    "repeat(repeat(repeat('x', 1000), 1000), 1000)",
    "lpad(order_id, 2000000000, 'x')",
    "printf('%2000000000d', 1)",
    "format('{:>2000000000}', 'x')",
    "len(range(2000000000))",
    "len(range(100000 * 100000))",
    "len(generate_series(1, 1e9::bigint))",
    "len(list_resize([1], 1000000000))",
    "length(bitstring('0101', 2000000000))",
    "length(replace(repeat('x', 1000), 'x', repeat('y', 1000)))",
]


@pytest.mark.parametrize("value", _LONG)
@pytest.mark.parametrize("how", ["sql", "query"])
def test_values_of_any_length_are_refused_since_no_clock_is_heard_in_one(here, value, how):
    select = f"select {value} as order_id, customer_id, ordered_at, revenue from orders"
    source = (
        {"sql": select, "inputs": {"orders": "o.csv"}} if how == "sql" else {"path": "shop.duckdb", "query": select}
    )
    said = told_of(here, source)
    assert said.startswith("refused: "), said
    assert "which may make values of any length" in said, said


def test_short_padding_and_small_lists_are_read(here):
    select = "select lpad(order_id, 4, '0') as order_id, customer_id, ordered_at, len(range(1, 4)) revenue from orders"
    said = told_of(here, {"path": "shop.duckdb", "query": select})
    assert "'revenue': {0: 3.0" in said, said
    assert "'0001'" in said, said


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("error('x')", "does not answer: x. Mend the query."),
        ("case when revenue = revenue then error('only here') end", "only here"),
        ("nowhere", '"nowhere"'),
    ],
)
def test_a_query_of_a_database_file_that_fails_is_refused_with_its_place(here, value, told):
    select = f"select order_id, customer_id, ordered_at, revenue, {value} as more from orders"
    said = told_of(here, {"path": "shop.duckdb", "query": select})
    assert said.startswith("refused: "), said
    assert "tables.orders.from.query: shop.duckdb does not answer" in said, said
    assert told in said


def test_a_view_of_a_database_file_that_fails_is_refused_with_its_place(here):
    with duckdb.connect(str(here / "shop.duckdb")) as connection:
        connection.execute("CREATE VIEW broken AS SELECT *, CAST('x' || customer_id AS INT) AS more FROM orders")
    said = told_of(here, {"path": "shop.duckdb", "table": "broken"})
    assert said.startswith("refused: "), said
    assert "shop.duckdb does not answer: Could not convert string" in said, said


def test_a_value_of_sqlite_that_would_fill_the_memory_is_refused(here):
    select = "select hex(zeroblob(400000000)) as order_id, customer_id, ordered_at, revenue from orders"
    said = told_of(here, {"path": "shop.sqlite", "query": select})
    assert said.startswith("refused: "), said
    assert "cannot be read as SQLite: string or blob too big" in said, said
