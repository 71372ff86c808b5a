"""PostgreSQL: tables are copied, or read in place, and its credentials are seen nowhere."""

from __future__ import annotations

import psycopg
import pytest

from crm_research.errors import CrmError, EngineError, StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file

pytestmark = pytest.mark.postgres

LINES = """
    DROP SCHEMA IF EXISTS shop CASCADE;
    CREATE SCHEMA shop;
    CREATE TABLE shop.lines
        (invoice bigint, client text, at timestamptz, pieces integer, price numeric(12, 2), note text);
    INSERT INTO shop.lines VALUES
        (1, '007', '2024-01-31 23:30:00+00', 2, 10.00, 'a'),
        (1, '007', '2024-01-31 23:31:00+00', 1, 5.50, 'b'),
        (2, '客户八', '2024-03-01 09:00:00+00', -1, 5.50, NULL);
"""
COLUMNS = {
    "order_id": "invoice",
    "customer_id": "client",
    "ordered_at": "at",
    "revenue": {"expr": "pieces * price"},
}


@pytest.fixture
def shop(postgres_socket, postgres_url):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(LINES)
    return postgres_url


def _summed(study):
    return study.table("orders").order_by("order_id").execute().to_dict("list")


@pytest.mark.parametrize("in_place", [False, True])
def test_lines_of_a_server_become_the_same_orders_copied_or_in_place(tmp_path, shop, in_place):
    more = {"engine": shop} if in_place else {}
    orders = {
        "from": {"url": shop, "table": "shop.lines"},
        "columns": COLUMNS,
        "sum_lines": True,
        "returns": "pieces < 0",
    }
    study = open_study(a_study_file(tmp_path, {"orders": orders}, timezone="Europe/Berlin", **more))
    assert study.backend.name == ("postgres" if in_place else "duckdb")
    found = _summed(study)
    assert found["order_id"] == ["1", "2"]
    assert found["customer_id"] == ["007", "客户八"]
    assert found["revenue"] == [25.5, -5.5]
    assert found["kind"] == ["sale", "return"]
    # Half past eleven at night in Greenwich is already February in Berlin.
    assert [str(at) for at in found["ordered_at"]] == ["2024-02-01 00:30:00", "2024-03-01 10:00:00"]


def test_a_query_of_the_server_can_be_a_source(tmp_path, shop):
    query = "select invoice as order_id, client as customer_id, at as ordered_at, price as revenue from shop.lines"
    study = open_study(
        a_study_file(
            tmp_path, {"orders": {"from": {"url": shop, "query": query}, "where": "revenue < 10 and order_id = 1"}}
        )
    )
    assert _summed(study)["revenue"] == [5.5]


def test_the_password_is_in_no_representation_of_the_study(tmp_path, shop):
    study = open_study(
        a_study_file(tmp_path, {"orders": {"from": {"url": shop, "table": "shop.lines"}, "columns": COLUMNS}})
    )
    seen = f"{study!r} {study.inputs!r} {study.table('orders')!r}"
    assert "correct" not in seen
    assert "keeper" not in seen
    assert "***@" in study.inputs[0].source


def test_a_wrong_password_is_told_without_telling_it(tmp_path, shop, monkeypatch):
    monkeypatch.setenv("CRM_TEST_PASSWORD", "wrong-guess")
    with pytest.raises(EngineError) as caught:
        open_study(
            a_study_file(tmp_path, {"orders": {"from": {"url": shop, "table": "shop.lines"}, "columns": COLUMNS}})
        )
    assert "wrong-guess" not in str(caught.value)
    assert "keeper" not in str(caught.value)
    assert "tables.orders.from" in str(caught.value)


def test_a_password_that_is_not_in_the_environment_is_asked_for(tmp_path, shop, monkeypatch):
    monkeypatch.delenv("CRM_TEST_PASSWORD")
    with pytest.raises(CrmError, match="CRM_TEST_PASSWORD, which is not set"):
        open_study(
            a_study_file(tmp_path, {"orders": {"from": {"url": shop, "table": "shop.lines"}, "columns": COLUMNS}})
        )


def test_a_password_written_into_the_file_is_refused(tmp_path):
    url = "postgres://keeper:secret@localhost/shop"
    with pytest.raises(StudyError, match=r"\$\{NAME\}") as caught:
        open_study(a_study_file(tmp_path, {"orders": {"from": {"url": url, "table": "lines"}}}))
    assert "secret" not in str(caught.value)


def test_an_unknown_table_offers_the_nearest(tmp_path, shop):
    with pytest.raises(StudyError, match=r"Did you mean 'shop\.lines'"):
        open_study(a_study_file(tmp_path, {"orders": {"from": {"url": shop, "table": "shop.line"}}}))


def test_text_that_is_read_in_place_is_not_cast_behind_the_servers_back(tmp_path, shop):
    orders = {"from": {"url": shop, "table": "shop.lines"}, "columns": {**COLUMNS, "revenue": "note"}}
    with pytest.raises(StudyError, match="read in place"):
        open_study(a_study_file(tmp_path, {"orders": orders}, engine=shop))


def test_a_study_inside_a_server_reads_no_files(tmp_path, shop):
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,revenue\n1,a,2024-01-01,1\n")
    with pytest.raises(StudyError, match="leave engine out"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv"}}, engine=shop))
