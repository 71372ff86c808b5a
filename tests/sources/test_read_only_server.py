"""A server that may only be read is enough: a role with SELECT alone, no temporary tables, a hot standby."""

from __future__ import annotations

import time

import ibis
import pandas as pd
import psycopg
import pytest

from crm_research.contracts.checks import check_study
from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file

pytestmark = pytest.mark.postgres

SETUP = """
    DROP SCHEMA IF EXISTS crm CASCADE;
    CREATE SCHEMA crm;
    CREATE TYPE crm.way AS ENUM ('shop', 'web');
    CREATE TABLE crm.orders (
        order_id int, customer_id varchar(10), ordered_at timestamptz, revenue numeric(12, 2), channel crm.way
    );
    INSERT INTO crm.orders VALUES
        (1, 'a', '2024-01-31 23:30+00', 5.25, 'shop'), (2, 'b', '2024-02-01', 6, 'web'),
        (3, 'a', '2024-03-01', 7, NULL);
    CREATE TABLE crm."Orders of 2023" (order_id int, customer_id text, ordered_at timestamp, revenue float);
    INSERT INTO crm."Orders of 2023" VALUES (9, 'z', '2023-01-01', 1);
    CREATE TABLE crm.hidden (order_id int);
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
            CREATE ROLE reader LOGIN PASSWORD 'reads only';
        END IF;
    END $$;
    REVOKE ALL ON DATABASE postgres FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CONNECT ON DATABASE postgres TO reader;
    GRANT USAGE ON SCHEMA crm TO reader;
    GRANT SELECT ON crm.orders, crm."Orders of 2023" TO reader;
    ALTER ROLE reader SET default_transaction_read_only = on;
"""


@pytest.fixture
def reader_url(postgres_socket, monkeypatch):
    """The server as a role sees it that may select from two tables and do nothing else, temporary tables included."""
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(SETUP)
    monkeypatch.setenv("CRM_TEST_READER", "reads only")
    return f"postgres://reader:${{CRM_TEST_READER}}@/postgres?host={postgres_socket}"


def orders_at(url: str, **rule) -> dict:
    return {"orders": {"from": {"url": url, "table": "crm.orders"}, **rule}}


@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "in place"])
def test_a_role_that_may_only_select_is_enough(tmp_path, reader_url, in_place):
    more = {"engine": reader_url} if in_place else {}
    rule = {"columns": {"revenue": {"expr": "revenue * 2"}}, "where": "order_id <> 2"}
    study = open_study(a_study_file(tmp_path, orders_at(reader_url, **rule), timezone="Europe/Berlin", **more))
    assert study.backend.name == ("postgres" if in_place else "duckdb")
    found = study.table("orders").order_by("order_id").execute()
    assert found["revenue"].tolist() == [10.5, 14.0]
    assert found["channel"].tolist()[0] == "shop"
    assert str(found["ordered_at"][0]) == "2024-02-01 00:30:00"
    assert not check_study(study).errors


def test_lines_are_summed_in_place_by_reading_alone(tmp_path, reader_url):
    file = a_study_file(tmp_path, orders_at(reader_url, sum_lines=True, returns="revenue < 0"), engine=reader_url)
    found = open_study(file).table("orders").execute()
    assert sorted(found["revenue"]) == [5.25, 6.0, 7.0]


def test_rows_of_ours_are_joined_without_a_table_of_the_server(tmp_path, reader_url):
    study = open_study(a_study_file(tmp_path, orders_at(reader_url), engine=reader_url))
    ours = pd.DataFrame(
        {"customer_id": ["a", "o'b\\'; --"], "n": [3, 4], "at": pd.to_datetime(["2024-01-01 05:06:07", None])}
    )
    joined = study.table("orders").join(ibis.memtable(ours), "customer_id").order_by("order_id").execute()
    assert joined["n"].tolist() == [3, 3]
    assert joined["at"].tolist() == [pd.Timestamp("2024-01-01 05:06:07")] * 2
    none = ibis.memtable(ours.head(0), schema={"customer_id": "string", "n": "int64", "at": "timestamp"})
    assert study.table("orders").join(none, "customer_id").count().execute() == 0


@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "in place"])
def test_a_hot_standby_is_enough(tmp_path, postgres_socket, reader_url, standby, in_place):
    url = f"postgres://reader:${{CRM_TEST_READER}}@:5433/postgres?host={standby}"
    more = {"engine": url} if in_place else {}
    deadline = time.monotonic() + 60
    while True:  # what the fixture has just written arrives a moment later
        try:
            study = open_study(a_study_file(tmp_path, orders_at(url), **more))
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    assert study.backend.name == ("postgres" if in_place else "duckdb")
    assert study.table("orders").revenue.sum().execute() == 18.25
    assert not check_study(study).errors


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("orders", r"Did you mean 'crm\.orders'"),
        ("Orders", r"Did you mean 'crm\.orders'"),
        ("CRM.ORDERS", r"Did you mean 'crm\.orders'"),
        ("sales.orders", r"Did you mean 'crm\.orders'"),
        ("crm.order", r"Did you mean 'crm\.orders'"),
        ("crm.orders of 2023", r"Did you mean 'crm\.Orders of 2023'"),
        ("nowhere.nothing", r"This role can read: crm\.Orders of 2023, crm\.orders\."),
        ("crm.hidden", r"may not read crm\.hidden\. Ask for GRANT SELECT ON crm\.hidden"),
    ],
)
def test_a_table_that_is_not_found_offers_those_of_all_schemas(tmp_path, reader_url, table, said):
    with pytest.raises(StudyError, match=said):
        open_study(a_study_file(tmp_path, {"orders": {"from": {"url": reader_url, "table": table}}}))


def test_a_name_with_blanks_and_capitals_is_read_as_it_is_offered(tmp_path, reader_url):
    source = {"url": reader_url, "table": "crm.Orders of 2023"}
    study = open_study(a_study_file(tmp_path, {"orders": {"from": source}}))
    assert study.table("orders").customer_id.execute().tolist() == ["z"]


def test_a_query_with_two_columns_of_one_name_is_told(tmp_path, reader_url):
    source = {"url": reader_url, "query": "select order_id, customer_id as order_id from crm.orders"}
    with pytest.raises(StudyError, match="two columns the name 'order_id'"):
        open_study(a_study_file(tmp_path, {"orders": {"from": source}}))
