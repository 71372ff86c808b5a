"""One customer in several systems: each system's records, the numbers that dealings bear, and the links between."""

from __future__ import annotations

import json

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.contracts.checks import check_study
from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from crm_research.sources.record_parts import file_beside
from crm_research.sources.resolving import UNLINKED, describe_customers, own_number, with_links
from crm_research.sources.snapshot import find_snapshot, read_snapshot, write_snapshot
from crm_research.sources.states import states_of
from crm_research.sources.study_file import read_study_file
from tests.sources.files import a_study_file, make_desk

OFFICE = "Nummer,Name,kind,registered_at\n1,Ann Arp,consumer,2023-02-01\n2,Bo Ltd,business,2023-03-01\n"
DEALER = "nr;vorname;nachname;mail;kind;since\n1;Anna;Arp;ann@example.org;consumer;2023-01-05\n2;Cy;Coe;;;2023-06-01\n"
ORDERS = (
    "order_id,system,nr,ordered_at,revenue\n"
    "a,office,1,2024-01-05,10\nb,dealer,1,2024-02-05,20\nc,dealer,2,2024-03-05,40\nd,till,9,2024-04-05,80\n"
)
SYSTEMS = {
    "office": {"from": "office.csv", "columns": {"local_id": "Nummer", "name": "Name"}, "unique": True},
    "dealer": {
        "from": "dealer.csv",
        "columns": {
            "local_id": "nr", "given_name": "vorname", "family_name": "nachname", "email": "mail",
            "registered_at": "since",
        },
    },
}  # fmt: skip
TABLES = {
    "customer_records": {"systems": SYSTEMS},
    "orders": {"from": "orders.csv", "columns": {"local_id": "nr"}},
}
LINKS = {
    "system": ["office", "dealer", "office", "dealer"],
    "local_id": ["1", "1", "2", "2"],
    "customer_id": ["P1", "P1", "P2", "P3"],
    "probability": [0.98, 0.98, 1.0, 1.0],
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    for name, text in (("office", OFFICE), ("dealer", DEALER), ("orders", ORDERS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return a_study_file(tmp_path, TABLES)


def link(path, links=LINKS):
    pq.write_table(pa.table(links), file_beside(path, "links"))


def owners(study, table="orders", key="order_id"):
    rows = study.table(table).to_pyarrow().to_pylist()
    return {row[key]: row["customer_id"] for row in rows}


def test_records_of_all_systems_stand_under_each_other(shop):
    study = open_study(shop)
    assert [*study.tables] == ["customer_records", "orders", "customers"]
    rows = study.table("customer_records").order_by("system", "local_id").to_pyarrow().to_pylist()
    assert [(row["system"], row["local_id"], row["name"], row["given_name"], row["email"]) for row in rows] == [
        ("dealer", "1", None, "Anna", "ann@example.org"),
        ("dealer", "2", None, "Cy", None),
        ("office", "1", "Ann Arp", None, None),
        ("office", "2", "Bo Ltd", None, None),
    ]
    told = [(found.table, found.n_rows) for found in study.inputs if found.table == "customer_records"]
    assert told == [("customer_records", 2), ("customer_records", 2)]


def test_without_links_each_system_has_customers_of_its_own(shop):
    study = open_study(shop)
    assert owners(study) == {"a": "office:1", "b": "dealer:1", "c": "dealer:2", "d": "till:9"}
    assert UNLINKED in study.caveats
    made = study.table("customers").order_by("customer_id").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["kind"]) for row in made] == [
        ("dealer:1", "consumer"), ("dealer:2", None), ("office:1", "consumer"), ("office:2", "business"),
    ]  # fmt: skip


def test_links_say_whose_a_row_is_and_what_is_in_none_keeps_its_number(shop):
    link(shop)
    study = open_study(shop)
    assert owners(study) == {"a": "P1", "b": "P1", "c": "P3", "d": "till:9"}
    assert UNLINKED not in study.caveats
    made = study.table("customers").order_by("customer_id").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["kind"], f"{row['registered_at']:%Y-%m-%d}") for row in made] == [
        ("P1", "consumer", "2023-01-05"), ("P2", "business", "2023-03-01"), ("P3", None, "2023-06-01"),
    ]  # fmt: skip
    assert owners(open_study(shop, tables=["orders"]))["b"] == "P1"
    assert [*open_study(shop, tables=["orders"]).tables] == ["orders"]


@pytest.mark.slow
def test_kinds_that_disagree_are_left_open(shop, tmp_path):
    (tmp_path / "dealer.csv").write_text(DEALER.replace("org;consumer", "org;business"), encoding="utf-8")
    link(shop)
    made = open_study(shop).table("customers").to_pyarrow().to_pylist()
    assert {row["customer_id"]: row["kind"] for row in made} == {"P1": None, "P2": "business", "P3": None}


@pytest.mark.slow
def test_what_a_record_of_later_days_says_makes_no_kind(shop, tmp_path):
    later = DEALER.replace("org;consumer;2023-01-05", "org;business;2031-01-05")
    (tmp_path / "dealer.csv").write_text(later, encoding="utf-8")
    link(shop)
    made = open_study(shop).table("customers").to_pyarrow().to_pylist()
    assert {row["customer_id"]: row["kind"] for row in made} == {"P1": "consumer", "P2": "business", "P3": None}


@pytest.mark.slow
def test_customers_of_the_study_file_stay_as_they_are(shop, tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nP1\nP7\n", encoding="utf-8")
    path = a_study_file(tmp_path, TABLES | {"customers": {"from": "customers.csv"}})
    link(path)
    assert sorted(open_study(path).table("customers").to_pyarrow()["customer_id"].to_pylist()) == ["P1", "P7"]


@pytest.mark.slow
def test_a_customer_id_goes_before_local_ids_and_both_are_refused(shop, tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,system,local_id,ordered_at,revenue\na,K1,office,1,2024-01-05,10\n", encoding="utf-8"
    )
    link(shop)
    own = open_study(a_study_file(tmp_path, TABLES | {"orders": {"from": "orders.csv"}}))
    assert owners(own) == {"a": "K1"}
    assert "local_id" not in own.table("orders").columns
    assert own.table("orders").to_pyarrow()["local_id_recorded"].to_pylist() == ["1"]
    mapped = {"orders": {"from": "orders.csv", "columns": {"local_id": "local_id"}}}
    assert owners(open_study(a_study_file(tmp_path, TABLES | mapped))) == {"a": "P1"}
    mapped["orders"]["columns"]["customer_id"] = "customer_id"
    with pytest.raises(StudyError, match=r"tables\.orders\.columns: maps customer_id and local_id"):
        open_study(a_study_file(tmp_path, TABLES | mapped))


def test_a_system_of_another_sense_stays_an_attribute(shop, tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,System,ordered_at,revenue\na,K1,linux,2024-01-05,10\n", encoding="utf-8"
    )
    for attribute in ("category", {"column": "System", "type": "category"}):
        orders = {"from": "orders.csv", "attributes": {"system": attribute}}
        study = open_study(a_study_file(tmp_path, {"orders": orders}))
        assert study.table("orders").to_pyarrow()["system"].to_pylist() == ["linux"]
        assert study.attributes_of("orders") == {"system": "category"}
        assert UNLINKED not in study.caveats


def test_numbers_of_no_system_are_refused(shop, tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,nr,ordered_at,revenue\na,1,2024-01-05,10\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"orders\.columns\.system: .*orders.csv has none, .*Write system: \{value"):
        open_study(shop)


@pytest.mark.slow
def test_lines_are_summed_under_the_number_of_their_customer(shop, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS + "a,office,1,2024-01-06,5\n", encoding="utf-8")
    orders = TABLES["orders"] | {"sum_lines": True}
    path = a_study_file(tmp_path, TABLES | {"orders": orders})
    link(path)
    rows = open_study(path).table("orders").order_by("order_id").to_pyarrow().to_pylist()
    assert [(row["order_id"], row["customer_id"], row["revenue"]) for row in rows][:2] == [
        ("a", "P1", 15), ("b", "P1", 20),
    ]  # fmt: skip


def test_no_two_systems_numbers_are_one():
    rows = ibis.memtable({"system": ["a:b", "a", "a%3Ab", "a"], "local_id": ["c", "b:c", "c", None]})
    made = rows.select(one=own_number(rows.system, rows.local_id)).to_pyarrow()["one"].to_pylist()
    assert made == ["a%3Ab:c", "a:b:c", "a%253Ab:c", None]


def test_the_plan_and_the_records_write_one_number(shop, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS.replace("till", "a:b%"), encoding="utf-8")
    assert owners(open_study(shop))["d"] == "a%3Ab%25:9"


@pytest.mark.slow
def test_a_record_that_stands_twice_is_named_with_its_file(shop, tmp_path):
    (tmp_path / "dealer.csv").write_text(DEALER + "2;Di;Doe;;;2023-07-01\n", encoding="utf-8")
    (found,) = [one for one in check_study(open_study(shop)).errors if one.table == "customer_records"]
    assert (found.rule, found.column, found.n_bad) == ("duplicate-key", "system, local_id", 1)
    assert "dealer" in found.examples[0]
    summary = {one.table: one for one in check_study(open_study(shop)).tables}["customer_records"]
    assert "dealer.csv" in summary.source
    assert "office.csv" in summary.source


def test_a_fault_of_one_system_is_told_at_its_place(shop, tmp_path):
    (tmp_path / "dealer.csv").write_text("nr;vorname\n1;Anna\n", encoding="utf-8")
    place = r"tables\.customer_records\.systems\.dealer\.columns\.family_name: dealer\.csv"
    with pytest.raises(StudyError, match=place):
        open_study(shop)
    faults = {}
    study = open_study(shop, faults=faults)
    assert sorted(faults) == ["customer_records", "customers"]
    assert [*study.tables] == ["orders"]


def test_links_that_cannot_be_read_leave_nobody_unresolved(shop):
    pq.write_table(pa.table({"system": ["office"], "local_id": ["1"]}), file_beside(shop, "links"))
    faults = {}
    study = open_study(shop, tables=["orders", "customers"], faults=faults)
    assert not study.tables
    assert sorted(faults) == ["customers", "orders"]
    assert "customer_id" in str(faults["orders"])


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"systems": {}}, "customer_records.systems: must name the systems"),
        ({"systems": SYSTEMS, "from": "a.csv"}, "customer_records.from: stands beside systems"),
        (
            {"systems": {"x": {"from": "office.csv", "columns": {"system": "y"}}}},
            "customer_records.systems.x.columns.system: is 'x' already",
        ),
        ({"systems": {"x": {"form": "office.csv"}}}, "customer_records.systems.x.from: is missing"),
        (
            {"systems": {"x": {"from": "office.csv", "columns": {"nme": "Name"}}}},
            "customer_records.systems.x.columns.nme: The canonical table 'customer_records.systems.x' has no column",
        ),
    ],
)
def test_systems_that_are_written_wrongly(shop, tmp_path, records, said):
    with pytest.raises(StudyError) as problem:
        open_study(a_study_file(tmp_path, TABLES | {"customer_records": records}))
    assert said in str(problem.value)


def test_unique_is_of_records_only(shop, tmp_path):
    with pytest.raises(StudyError, match=r"tables\.orders\.unique: only customer_records"):
        open_study(a_study_file(tmp_path, TABLES | {"orders": TABLES["orders"] | {"unique": True}}))


@pytest.mark.slow
def test_a_snapshot_holds_what_is_resolved(shop, tmp_path):
    link(shop)
    study = open_study(shop)
    file = write_snapshot(study, tmp_path / "kept")
    assert file == find_snapshot(tmp_path / "kept", study.name, shop)
    opened = read_snapshot(file, ["orders", "customers"], read_study_file(shop).engine, shop)
    rows = opened.tables["orders"].to_pyarrow().to_pylist()
    assert {row["order_id"]: row["customer_id"] for row in rows} == {"a": "P1", "b": "P1", "c": "P3", "d": "till:9"}
    record = json.loads(file.with_suffix(".json").read_text())
    assert record["tables"] == [*study.tables]
    assert [one["n_rows"] for one in record["inputs"]] == [2, 2, 4, 4]


@pytest.mark.parametrize("dialect", ["postgres", "pyspark"])
def test_every_engine_is_asked_in_its_own_words(dialect):
    links = ibis.table({"system": "string", "local_id": "string", "customer_id": "string"}, name="links")
    rows = ibis.table(
        {"order_id": "string", "customer_id": "string", "system": "string", "local_id": "string"}, name="orders"
    )
    records = ibis.table(
        {"system": "string", "local_id": "string", "kind": "string", "registered_at": "timestamp"}, name="records"
    )
    for asked in (with_links(rows, links), describe_customers(records, links), describe_customers(records, None)):
        assert "customer_id" in str(ibis.to_sql(asked, dialect=dialect))
    assert with_links(rows, links).columns == rows.columns


@pytest.mark.slow
def test_other_links_change_what_rests_on_them(shop, tmp_path):
    before = states_of(read_study_file(shop), tmp_path, ["orders", "customers"])
    link(shop)
    linked = states_of(read_study_file(shop), tmp_path, ["orders", "customers"])
    link(shop, LINKS | {"customer_id": ["P1", "P9", "P2", "P3"]})
    after = states_of(read_study_file(shop), tmp_path, ["orders", "customers"])
    for table in ("orders", "customers"):
        assert len({before[table], linked[table], after[table]}) == 3
