"""PostgreSQL: tables are copied, or read in place, and its credentials are seen nowhere."""

from __future__ import annotations

import re

import psycopg
import pytest
import yaml

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


SAID_ONCE = """
    DROP SCHEMA IF EXISTS once CASCADE;
    CREATE SCHEMA once;
    CREATE TABLE once.lines (no text, client text, at timestamp, state text, paid boolean, total numeric, each numeric,
        ship numeric, ref uuid);
    INSERT INTO once.lines VALUES
        ('1', 'a', '2024-01-05', 'paid', true, 50, 20, 5, gen_random_uuid()),
        ('1', 'a', '2024-01-05', NULL, NULL, NULL, 30, NULL, NULL),
        ('2', 'b', '2024-01-06', 'voided', true, 100, 60, 7, gen_random_uuid()),
        ('2', 'b', '2024-01-06', '', NULL, NULL, 40, NULL, NULL),
        ('3', 'c', '2024-01-07', 'paid', false, 70, 70, 1, gen_random_uuid());
    CREATE TABLE once.log (ref text, client text, at timestamp, state text, amount numeric);
    INSERT INTO once.log SELECT 'p' || i, 'c' || i % 3, timestamp '2024-01-01' + i * interval '1 day', state, 10 + i
        FROM generate_series(1, 6) AS i, unnest(ARRAY['Received', 'Authorised', 'Settled']) AS state;
    INSERT INTO once.log VALUES ('p6', 'c0', '2024-01-20', 'Refunded', 16);
    CREATE TABLE once.totals (no text, client text, at timestamp, total numeric);
    INSERT INTO once.totals VALUES
        ('1', 'a', '2024-01-05', 30), ('1', 'a', '2024-01-05', 30), ('2', 'b', '2024-01-05', 7);
    CREATE TABLE once.mixed (no text, client text, at timestamp, total numeric);
    INSERT INTO once.mixed VALUES
        ('1', 'a', '2024-01-05', 30), ('1', 'b', '2024-01-05', 31), ('2', 'b', '2024-01-05', 7);
"""


@pytest.fixture
def once(postgres_socket, postgres_url):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(SAID_ONCE)
    return postgres_url


def _in_place_too(folder, url, in_place, table, **rule):
    orders = {"from": {"url": url, "table": f"once.{table}"}, "sum_lines": True, **rule}
    more = {"engine": url} if in_place else {}
    return open_study(a_study_file(folder, {"orders": orders}, **more))


LINES_OF = {"order_id": "no", "customer_id": "client", "ordered_at": "at"}


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("cancelled", ["state = 'voided'", "state in ('voided')", "coalesce(state, 'ok') = 'voided'"])
def test_what_is_said_once_an_order_is_its_order_s_in_place_too(tmp_path, once, in_place, cancelled):
    columns = {**LINES_OF, "revenue": "each"}
    study = _in_place_too(tmp_path, once, in_place, "lines", columns=columns, cancellations=cancelled)
    found = _summed(study)
    assert (found["kind"], found["revenue"]) == (["sale", "cancelled", "sale"], [50.0, 100.0, 70.0])
    assert "(said once an order: state)" in study.inputs[0].source


@pytest.mark.parametrize("in_place", [False, True])
def test_a_flag_said_once_is_its_order_s_in_place_too(tmp_path, once, in_place):
    columns = {**LINES_OF, "revenue": "each"}
    found = _summed(_in_place_too(tmp_path, once, in_place, "lines", columns=columns, where="paid"))
    assert (found["order_id"], found["revenue"]) == (["1", "2"], [50.0, 100.0])


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        ("lines", {"revenue": {"expr": "each + ship"}}, "COALESCE\\(ship, 0\\)"),
        ("totals", {"revenue": "total"}, "once_an_order: true"),
        ("mixed", {"revenue": "total"}, "belongs to one customer"),
        ("log", {"order_id": "ref", "revenue": "amount"}, "several states of 'state'"),
    ],
)
def test_lines_that_must_not_be_added_are_told_in_place_too(tmp_path, once, in_place, table, columns, said):
    with pytest.raises(CrmError, match=said):
        _in_place_too(tmp_path, once, in_place, table, columns={**LINES_OF, **columns})


@pytest.mark.parametrize("in_place", [False, True])
def test_the_mend_for_states_is_right_in_place_too(tmp_path, once, in_place):
    columns = {**LINES_OF, "order_id": "ref", "revenue": "amount"}
    with pytest.raises(CrmError) as problem:
        _in_place_too(tmp_path, once, in_place, "log", columns=columns)
    found = yaml.safe_load("{" + re.search(r"write (where: .*) \(where and returns", str(problem.value))[1] + "}")
    columns |= {name: found.pop(name) for name in list(found) if name in columns}
    orders = _summed(_in_place_too(tmp_path, once, in_place, "log", columns=columns, **found))
    assert sum(orders["revenue"]) == 11 + 12 + 13 + 14 + 15  # of 16, all went back
    assert orders["kind"].count("return") == 1


ODD = {
    "money": "'1.5'::money", "cidr": "'1.2.3.0/24'::cidr", "int4range": "'[1,2)'::int4range", "point": "point(1,2)",
    "date": "'infinity'::date", "timestamp": "'0044-01-01 BC'::timestamp", "timestamptz": "'-infinity'::timestamptz",
    "numeric": "'NaN'::numeric", "numeric(60,20)": "12345678901234567890123456789012345678.5::numeric",
    "interval": "'1 day'::interval", "bit(3)": "B'101'", "xml": "'<a/>'::xml", "int[]": "array[1]", "jsonb": "'{}'",
}  # fmt: skip


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("kind", list(ODD))
@pytest.mark.slow
def test_a_column_of_any_type_that_nobody_maps_does_not_stop_the_table(tmp_path, shop, postgres_socket, kind, in_place):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"ALTER TABLE shop.lines ADD odd {kind}")
        connection.execute(f"UPDATE shop.lines SET odd = {ODD[kind]} WHERE invoice = 1")
    orders = {"from": {"url": shop, "table": "shop.lines"}, "columns": COLUMNS, "sum_lines": True}
    engine = {"engine": shop} if in_place else {}
    found = _summed(open_study(a_study_file(tmp_path, {"orders": orders}, timezone="Europe/Berlin", **engine)))
    assert found["revenue"] == [25.5, -5.5]
    assert [str(at) for at in found["ordered_at"]] == ["2024-02-01 00:30:00", "2024-03-01 10:00:00"]


def test_domains_enumerations_and_money_are_mapped_in_place(tmp_path, shop, postgres_socket):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("""
            DROP TYPE IF EXISTS shop.price, shop.positive, shop.way CASCADE;
            CREATE DOMAIN shop.price AS numeric(12, 2); CREATE DOMAIN shop.positive AS shop.price CHECK (VALUE >= 0);
            CREATE TYPE shop.way AS ENUM ('web', 'Laden');
            CREATE TABLE shop.typed (id bigint, client uuid, at timestamptz, money shop.positive, cost money,
                how shop.way, place point, span int4range);
            INSERT INTO shop.typed VALUES (1, '00000000-0000-0000-0000-000000000007', '2024-01-31 23:30:00+00', 12.5,
                '3.25', 'Laden', point(1, 2), '[1,2)');
            CREATE VIEW shop.seen AS SELECT * FROM shop.typed
        """)
    columns = {"order_id": "id", "customer_id": "client", "ordered_at": "at", "revenue": "money", "channel": "how"}
    for table in ("shop.typed", "shop.seen"):
        orders = {"from": {"url": shop, "table": table}, "columns": columns}
        study = open_study(a_study_file(tmp_path, {"orders": orders}, timezone="Europe/Berlin", engine=shop))
        (found,) = study.table("orders").execute().to_dict("records")
        assert (found["order_id"], found["customer_id"]) == ("1", "00000000-0000-0000-0000-000000000007")
        assert (found["revenue"], found["cost"], found["channel"]) == (12.5, 3.25, "Laden")
        assert str(found["ordered_at"]) == "2024-02-01 00:30:00"


def test_money_is_read_and_an_end_in_infinity_is_open(tmp_path, shop, postgres_socket):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(
            "CREATE TABLE shop.held (id numeric(30), client text, since date, till date, fee money); "
            "INSERT INTO shop.held VALUES (100000000000000000001, 'a', '2023-01-05', 'infinity', '1234.5'), "
            "(2, 'b', '2023-02-05', '2023-09-01', '-3')"
        )
    columns = {"contract_id": "id", "customer_id": "client", "started_at": "since", "ended_at": "till", "fee": "fee"}
    study = open_study(
        a_study_file(tmp_path, {"contracts": {"from": {"url": shop, "table": "shop.held"}, "columns": columns}})
    )
    found = study.table("contracts").order_by("customer_id").execute()
    assert found["contract_id"].tolist() == ["100000000000000000001", "2"]
    assert found["fee"].tolist() == [1234.5, -3.0]
    assert [str(at) for at in found["ended_at"]] == ["NaT", "2023-09-01 00:00:00"]


OF_ITS_OWN = """
    DROP SCHEMA IF EXISTS odd CASCADE;
    CREATE SCHEMA odd;
    CREATE DOMAIN odd.amount AS numeric(12, 2) CHECK (VALUE >= 0);
    CREATE DOMAIN odd.price AS odd.amount;
    CREATE TYPE odd.way AS ENUM ('shop', 'web');
    CREATE DOMAIN odd.channel AS odd.way;
    CREATE TABLE odd.orders (
        order_id int, customer_id text, ordered_at timestamp, revenue odd.price, cost money, channel odd.channel,
        place point, during tsrange, note xml, seal bytea, span interval
    );
    INSERT INTO odd.orders VALUES
        (1, 'a', '2024-01-05', 10.50, '4.25', 'web', '(1,2)', '[2024-01-01,2024-02-01)', '<a/>', '\\x00ff', '1 day'),
        (2, 'b', '2024-02-05', 20, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


@pytest.mark.parametrize("source", [{"table": "odd.orders"}, {"query": "SELECT * FROM odd.orders"}])
@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "in place"])
def test_columns_of_types_that_only_this_server_knows_are_no_hindrance(
    tmp_path, postgres_socket, postgres_url, source, in_place
):
    with psycopg.connect(
        host=str(postgres_socket), user="keeper", password="correct horse", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(OF_ITS_OWN)
    more = {"engine": postgres_url} if in_place else {}
    study = open_study(a_study_file(tmp_path, {"orders": {"from": {"url": postgres_url, **source}}}, **more))
    assert study.backend.name == ("postgres" if in_place else "duckdb")
    found = study.table("orders").order_by("order_id").execute()
    assert found["revenue"].tolist() == [10.5, 20.0]
    assert found["cost"].tolist()[0] == 4.25
    assert found["cost"].isna().tolist() == [False, True]
    assert found["channel"].tolist()[0] == "web"
