"""``crm-research repair``: what it writes beside a study, what the study is then, what it says, and what it refuses."""

from __future__ import annotations

import csv
import stat
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from crm_research.cli.repair import command
from crm_research.contracts import LINKS
from crm_research.contracts.checks import check_study
from crm_research.errors import ParameterError, StudyError
from crm_research.features.repaired import count_repairs
from crm_research.pillars.data_quality import DataQualityPage
from crm_research.pillars.data_quality.repaired import repaired_figures, repaired_table, say_repaired
from crm_research.repair.study_repairs import repair_study
from crm_research.repair.undo import undo_repairs
from crm_research.repair.written import files_of
from crm_research.sources.golden import with_repairs
from crm_research.sources.opening import open_study
from crm_research.sources.record_parts import file_beside
from crm_research.sources.states import states_of
from crm_research.sources.study_file import read_study_file
from tests.sources.files import a_study_file, make_desk

pytestmark = pytest.mark.slow

OFFICE = (
    "local_id,name,kind,email,phone,region,birth_date,registered_at,updated_at\n"
    "1,Ann Arp,consumer,Ann@X.org,0731 2345671,South,1980-04-03,2023-02-01,2023-05-01\n"
    "2,Bo Eck,consumer,,0731 2345672,,,2023-03-01,\n"
    "3,=Cy Coe,consumer,cy@x.org,,South,,2023-03-01,\n"
    "9,Zoe Late,consumer,zoe@x.org,,West,,2024-08-01,\n"
)
DEALER = (
    "local_id,name,kind,email,phone,region,birth_date,registered_at,updated_at\n"
    '1,"ARP, Ann",consumer,ann@x.org,0731 2345673,Suth,1980,2023-01-05,2024-05-01\n'
    "2,Bo Eck,,bo@x.org,0731 2345674,,,2023-03-01,\n"
    "3,=Cy Coe,business,,0731 2345675,South,,2023-03-01,2024-01-05\n"
)
ORDERS = (
    "order_id,system,local_id,ordered_at,revenue\n"
    "a,office,1,2024-01-05,10\nb,dealer,2,2024-02-05,20\nc,dealer,2,2024-09-05,400\n"
)
SYSTEMS = {name: {"from": f"{name}.csv", "columns": {"country": {"value": "Germany"}}} for name in ("office", "dealer")}
TABLES = {"customer_records": {"systems": SYSTEMS}, "orders": {"from": "orders.csv"}}
PAIRS = [(system, str(n)) for system in ("office", "dealer") for n in (1, 2, 3)]
AT = datetime(2026, 1, 5, 10, 30)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    for name, text in (("office", OFFICE), ("dealer", DEALER), ("orders", ORDERS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    path = a_study_file(tmp_path, TABLES)
    links = {
        "system": [system for system, _ in PAIRS],
        "local_id": [number for _, number in PAIRS],
        "customer_id": [f"P{number}" for _, number in PAIRS],
        "probability": [0.9] * 6,
    }
    pq.write_table(pa.table(links), file_beside(path, LINKS))
    return path


def told(path):
    """Every repair by its place."""
    rows = pq.read_table(files_of(path).repairs).to_pylist()
    return {(r["system"], r["local_id"], r["column"]): (r["before"], r["after"], r["rule"]) for r in rows}


def listed(path):
    with files_of(path).conflicts.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill_in(path, column, value, by="x"):
    """As a person does in a spreadsheet; `by` another text stands under instead."""
    rows = listed(path)
    for row in rows:
        if row["column"] == column and row["value"].lstrip("'") == value:
            row["choose" if by == "x" else "instead"] = by
    with files_of(path).conflicts.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=[*rows[0]], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def contents(path):
    return {file.name: file.read_bytes() for file in path.parent.glob("study.*")}


EXPECTED = {
    ("office", "1", "email"): ("Ann@X.org", "ann@x.org", "spelling"),
    ("office", "1", "phone"): ("0731 2345671", "+497312345673", "most recent"),
    ("dealer", "1", "phone"): ("0731 2345673", "+497312345673", "spelling"),
    ("dealer", "1", "name"): ("ARP, Ann", "Ann Arp", "spelling"),
    ("office", "1", "region"): ("South", "Suth", "most recent"),
    ("dealer", "1", "birth_date"): ("1980", "1980-04-03", "undisputed"),
    ("office", "2", "email"): (None, "bo@x.org", "undisputed"),
    ("dealer", "2", "kind"): (None, "consumer", "undisputed"),
    ("office", "2", "phone"): ("0731 2345672", "+497312345672", "spelling"),
    ("dealer", "2", "phone"): ("0731 2345674", "+497312345674", "spelling"),
    ("dealer", "3", "email"): (None, "cy@x.org", "undisputed"),
    ("office", "3", "kind"): ("consumer", "business", "most recent"),
    ("dealer", "3", "phone"): ("0731 2345675", "+497312345675", "spelling"),
    ("office", "3", "phone"): (None, "+497312345675", "undisputed"),
} | {(system, number, "country"): ("Germany", "DE", "spelling") for system, number in PAIRS}


def test_every_change_is_told_and_the_study_is_read_with_them(shop):
    before = states_of(read_study_file(shop), shop.parent, ["customers", "orders"])
    assert open_study(shop).attributes_of("customers") == {}
    done = repair_study(shop, at=AT)
    assert told(shop) == EXPECTED
    assert (done.n_records, done.n_customers, done.n_later, done.n_repaired) == (6, 3, 1, 6)
    assert (dict(done.n_settled), done.n_open, done.n_open_customers) == ({"most recent": 4}, 1, 1)
    files = files_of(shop)
    for file in (files.repairs, files.golden, files.conflicts):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not files.decisions.exists()
    golden = {row["customer_id"]: row for row in pq.read_table(files.golden).to_pylist()}
    assert [(who, golden[who]["name"], golden[who]["phone"], golden[who]["email"]) for who in sorted(golden)] == [
        ("P1", "Ann Arp", "+497312345673", "ann@x.org"),
        ("P2", "Bo Eck", None, "bo@x.org"),
        ("P3", "=Cy Coe", "+497312345675", "cy@x.org"),
    ]
    study = open_study(shop)
    assert study.attributes_of("customers") == {"country": "category", "region": "category", "birth_year": "number"}
    people = {row["customer_id"]: row for row in study.table("customers").to_pyarrow().to_pylist()}
    columns = ("kind", "country", "region", "birth_year")
    assert [(who, *(people[who][name] for name in columns)) for who in sorted(people)] == [
        ("P1", "consumer", "DE", "Suth", 1980.0),
        ("P2", "consumer", "DE", None, None),
        ("P3", "business", "DE", "South", None),
        # Who came after as_of is as the records have it: nobody reads of them yet, and nothing of theirs is repaired.
        ("office:9", "consumer", "Germany", "West", None),
    ]  # fmt: skip
    assert not check_study(study).errors
    after = states_of(read_study_file(shop), shop.parent, ["customers", "orders"])
    assert (before["customers"] != after["customers"], before["orders"] == after["orders"]) == (True, True)


def test_repairing_twice_changes_nothing_and_keeps_the_day(shop):
    repair_study(shop, at=AT)
    first = contents(shop)
    done = repair_study(shop, at=datetime(2027, 1, 1))
    assert (done.n_new, done.n_gone, done.had_repairs) == (0, 0, True)
    assert contents(shop) == first
    # What the source says anew is read as it is, until it is repaired.
    (shop.parent / "office.csv").write_text(OFFICE.replace("South,1980", "East,1980"), encoding="utf-8")
    people = open_study(shop).table("customers").to_pyarrow().to_pylist()
    assert {row["customer_id"]: row["region"] for row in people}["P1"] is None
    (shop.parent / "office.csv").write_text(OFFICE, encoding="utf-8")
    (shop.parent / "dealer.csv").write_text(DEALER.replace("bo@x.org", "bob@x.org"), encoding="utf-8")
    done = repair_study(shop, at=datetime(2027, 1, 1))
    assert (done.n_new, done.n_gone) == (1, 1)
    days = {(r["local_id"], r["column"]): r["at"] for r in pq.read_table(files_of(shop).repairs).to_pylist()}
    assert days["2", "email"] == datetime(2027, 1, 1)
    assert {day for key, day in days.items() if key != ("2", "email")} == {AT}


def test_undoing_restores_the_bytes(shop):
    untouched = contents(shop)
    records = open_study(shop).table("customer_records").order_by("system", "local_id").to_pyarrow()
    repair_study(shop, at=AT)
    study = open_study(shop)
    held, repairs = study.table("customer_records"), study.table("repairs")
    columns = sorted({column for _, _, column in EXPECTED})
    made = with_repairs(held, repairs, columns)
    assert made.order_by("system", "local_id").to_pyarrow() != records
    assert with_repairs(made, repairs, columns, told="before").order_by("system", "local_id").to_pyarrow() == records
    undone = undo_repairs(shop)
    assert (undone.n_undone, undone.n_left, undone.n_decisions) == (len(EXPECTED), 0, 0)
    assert contents(shop) == untouched
    assert open_study(shop).attributes_of("customers") == {}
    with pytest.raises(StudyError, match="nothing is repaired, and nothing can be undone"):
        undo_repairs(shop)


@pytest.mark.parametrize(
    ("said", "is_undone"),
    [
        ({"rule": "spelling"}, lambda key, rule: rule == "spelling"),
        ({"column": "email"}, lambda key, rule: key[2] == "email"),
        ({"column": "address", "rule": "spelling"}, lambda key, rule: key[2] == "country"),
        ({"on": date(2026, 1, 5), "column": "phone"}, lambda key, rule: key[2] == "phone"),
    ],
)
def test_a_part_is_undone_and_comes_back_with_the_next_repair(shop, said, is_undone):
    repair_study(shop, at=AT)
    golden = pq.read_table(files_of(shop).golden)
    undone = undo_repairs(shop, **said)
    stays = {key: change for key, change in EXPECTED.items() if not is_undone(key, change[2])}
    assert told(shop) == stays
    assert (undone.n_undone, undone.n_left) == (len(EXPECTED) - len(stays), len(stays))
    again = repair_study(shop, at=datetime(2026, 2, 5))
    assert (again.n_new, again.n_gone) == (undone.n_undone, 0)
    assert told(shop) == EXPECTED
    assert pq.read_table(files_of(shop).golden) == golden


def test_what_cannot_be_undone_is_refused_and_nothing_is_changed(shop):
    repair_study(shop, at=AT)
    first = contents(shop)
    with pytest.raises(ParameterError, match=r"nothing is repaired by 'speling'.*spelling"):
        undo_repairs(shop, rule="speling")
    with pytest.raises(ParameterError, match=r"records have no 'mail' that is repaired.*email"):
        undo_repairs(shop, column="mail")
    with pytest.raises(StudyError, match=r"nothing was repaired so\. Rules .*most recent, spelling.* 2026-01-05\."):
        undo_repairs(shop, on=date(2026, 1, 6))
    assert contents(shop) == first


def test_people_are_asked_by_worth_and_heard(shop):
    repair_study(shop, at=AT)
    # What was bought after as_of is not counted; a number that begins with a plus is shown as a text.
    columns = ("worth", "customer_id", "column", "value", "said_by", "records")
    by_value = sorted(listed(shop), key=lambda row: row["value"])
    assert [tuple(row[name] for name in columns) for row in by_value] == [
        ("20", "P2", "phone", "'+497312345672", "office", "1"),
        ("20", "P2", "phone", "'+497312345674", "dealer", "1"),
    ]
    fill_in(shop, "phone", "+497312345672")
    done = repair_study(shop, at=datetime(2026, 2, 5))
    assert (done.n_open, done.n_decided, done.n_stale, dict(done.n_settled)) == (
        0, 1, 0, {"decided": 1, "most recent": 4},
    )  # fmt: skip
    assert told(shop)["dealer", "2", "phone"] == ("0731 2345674", "+497312345672", "decided")
    files = files_of(shop)
    assert not files.conflicts.exists()
    kept = contents(shop)
    repair_study(shop, at=datetime(2026, 3, 5))
    assert contents(shop) == kept
    undone = undo_repairs(shop)
    assert (undone.n_decisions, undone.n_forgotten) == (1, 0)
    assert files.decisions.is_file()
    repair_study(shop, at=AT)
    undone = undo_repairs(shop, rule="decided")
    assert (undone.n_undone, undone.n_forgotten, undone.n_decisions) == (1, 1, 0)
    assert not files.decisions.exists()
    assert repair_study(shop, at=AT).n_open == 1


def test_another_value_may_be_written_and_a_choice_of_what_is_gone_is_told(shop):
    repair_study(shop, at=AT)
    fill_in(shop, "phone", "+497312345672", by="'+49 731 99")
    done = repair_study(shop, at=AT)
    assert (done.n_decided, done.n_stale) == (1, 0)
    assert {told(shop)[system, "2", "phone"][1:] for system in ("office", "dealer")} == {("+49 731 99", "decided")}
    undo_repairs(shop, rule="decided")
    repair_study(shop, at=AT)
    fill_in(shop, "phone", "+497312345672")
    (shop.parent / "office.csv").write_text(OFFICE.replace("2345672", "2345679"), encoding="utf-8")
    done = repair_study(shop, at=AT)
    assert (done.n_decided, done.n_stale, done.n_open) == (0, 1, 1)


def test_the_rules_of_the_study_file_decide(shop, tmp_path):
    a_study_file(tmp_path, TABLES, survivorship={"trust": "office", "default": "most trusted"})
    # Before anything is repaired, customers are described by what their records agree on.
    people = {row["customer_id"]: row for row in open_study(shop).table("customers").to_pyarrow().to_pylist()}
    assert [people[who]["region"] for who in ("P1", "P2", "P3")] == [None, None, "South"]
    repair_study(shop, at=AT)
    assert told(shop)["dealer", "1", "region"] == ("Suth", "South", "most trusted")
    assert told(shop)["dealer", "2", "phone"] == ("0731 2345674", "+497312345672", "most trusted")
    assert not files_of(shop).conflicts.exists()


def test_without_links_only_spellings_are_repaired(shop):
    file_beside(shop, LINKS).unlink()
    done = repair_study(shop, at=AT)
    assert {rule for *_, rule in told(shop).values()} == {"spelling"}
    assert (done.n_customers, done.n_open) == (6, 0)


def test_the_command_tells_what_it_did(shop):
    run = lambda *more: CliRunner().invoke(command, [str(shop), *more], standalone_mode=False)  # noqa: E731
    first = run()
    assert first.exception is None
    files = files_of(shop)
    asked = f"listed by what the customers brought in {files.conflicts}. Write x under choose, and repair again."
    assert first.stdout.splitlines() == [
        "Records: 6 of 3 customers.",
        "Left out: 1 record made or changed after the study's as_of.",
        "Repaired: 20 values in 6 records (spelling 12, undisputed 5, most recent 3).",
        "Disputes settled: 4 (most recent 4).",
        f"Disputes that no rule settles: 1, of 1 customer; {asked}",
        f"Written: {files.golden}, {files.repairs}.",
    ]
    assert first.stderr.splitlines() == [
        "reading the records ...", "standardising 7 records ...",
        "comparing what the records of each customer say ...", "writing the repairs ...",
    ]  # fmt: skip
    assert "Since last time: nothing has changed." in run().stdout
    undone = run("--undo", "--rule", "most recent")
    assert undone.stdout.splitlines()[:2] == ["Undone: 3 values, which are as before.", "Still repaired: 17 values."]
    assert "Since last time: 3 new repairs, 0 no longer there." in run().stdout
    assert run("--undo").stdout.splitlines()[1] == "Nothing is repaired any more."
    assert "add --undo" in str(run("--rule", "spelling").exception)
    assert "do not go together" in str(run("--undo", "--decisions", "x.csv").exception)


def test_what_cannot_be_repaired_is_refused_and_nothing_is_written(shop, tmp_path):
    repair_study(shop, at=AT)
    first = contents(shop)
    files = files_of(shop)
    row = listed(shop)[0] | {"choose": "perhaps"}
    files.conflicts.write_text(",".join(row) + "\n" + ",".join(row.values()), encoding="utf-8")
    with pytest.raises(StudyError, match="line 2, choose: found 'perhaps'"):
        repair_study(shop, at=AT)
    files.conflicts.write_bytes(first[files.conflicts.name])
    assert contents(shop) == first
    files.repairs.write_text("no repairs")
    with pytest.raises(StudyError, match="holds no repairs, so nobody can say what was repaired when"):
        repair_study(shop, at=AT)
    files.repairs.unlink()
    plain = a_study_file(tmp_path, {"orders": {"from": "orders.csv", "columns": {"customer_id": "local_id"}}})
    with pytest.raises(StudyError, match="maps no customer_records, so there is nothing to repair"):
        repair_study(plain, at=AT)


def test_data_quality_tells_how_much_was_repaired(shop):
    assert count_repairs(open_study(shop)) is None
    repair_study(shop, at=AT)
    study = open_study(shop)
    found = count_repairs(study)
    assert say_repaired(found) == (
        "20 values in 6 of 6 records were repaired, the last on 2026-01-05: 12 were written otherwise, "
        "4 were filled in from another record of the customer and 4 were replaced by another value."
    )
    table = repaired_table(found).set_index("column")
    assert table.loc["phone"].tolist() == [6, 4, 1, 1, 0]
    assert table["values_repaired"].sum() == 20
    page = DataQualityPage(study)
    (figure,) = repaired_figures(page.result)
    assert (figure.id, figure.estimate, figure.n, figure.group) == ("quality.repaired_share", 1.0, 6, None)
    assert "repairs" not in {*page.result.tables["table"], *page.result.columns["table"]}


def test_what_is_filled_in_and_not_read_yet_outlives_undoing(shop):
    repair_study(shop, at=AT)
    assert not undo_repairs(shop).is_list_kept
    repair_study(shop, at=AT)
    fill_in(shop, "phone", "+497312345672")
    files = files_of(shop)
    held = files.conflicts.read_bytes()
    undone = CliRunner().invoke(command, [str(shop), "--undo"], standalone_mode=False)
    assert f"Kept: what is filled in in {files.conflicts}, which the next repair reads." in undone.stdout.splitlines()
    assert files.conflicts.read_bytes() == held
    assert not files.repairs.exists()
    assert repair_study(shop, at=AT).n_decided == 1
    # A list that cannot be read may hold what somebody has decided, too.
    undo_repairs(shop, rule="decided")
    repair_study(shop, at=AT)
    files.conflicts.write_bytes(files.conflicts.read_bytes().decode("utf-8-sig").encode("utf-16"))
    assert undo_repairs(shop).is_list_kept
    assert files.conflicts.exists()


def test_two_lists_that_decide_one_thing_are_both_named(shop, tmp_path):
    repair_study(shop, at=AT)
    fill_in(shop, "phone", "+497312345672")
    files = files_of(shop)
    other = tmp_path / "other.csv"
    other.write_bytes(files.conflicts.read_bytes())
    files.conflicts.unlink()
    repair_study(shop, at=AT)
    fill_in(shop, "phone", "+497312345674")
    (mine,) = (number for number, row in enumerate(listed_in(files.conflicts), start=2) if row["choose"])
    (theirs,) = (number for number, row in enumerate(listed_in(other), start=2) if row["choose"])
    said = f"{files.conflicts}, line {mine}, and {other}, line {theirs}, decide the same phone of one customer"
    with pytest.raises(StudyError) as refused:
        repair_study(shop, at=AT, decisions=other)
    assert str(refused.value).startswith(said)


def listed_in(file):
    with file.open(encoding="utf-8-sig", newline="") as held:
        return list(csv.DictReader(held, delimiter=";"))


def test_a_system_that_is_trusted_must_be_there(shop, tmp_path):
    rows = [f"{system},{line}" for system, text in (("office", OFFICE), ("dealer", DEALER))
            for line in text.splitlines()[1:]]  # fmt: skip
    head = f"system,{OFFICE.splitlines()[0]}"
    (tmp_path / "all.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    tables = {"customer_records": {"from": "all.csv"}}
    a_study_file(tmp_path, tables, survivorship={"trust": ["offices"], "default": "most trusted"})
    first = contents(shop)
    with pytest.raises(StudyError, match=r"survivorship.trust: there is no system 'offices'. Did you mean 'office'"):
        repair_study(shop, at=AT)
    assert contents(shop) == first
    a_study_file(tmp_path, tables, survivorship={"trust": ["office"], "default": "most trusted"})
    repair_study(shop, at=AT)
    assert told(shop)["dealer", "1", "region"] == ("Suth", "South", "most trusted")
    with pytest.raises(StudyError, match="names 'office' twice; a system has one place"):
        read_study_file(a_study_file(tmp_path, tables, survivorship={"trust": ["office", "office"]}))


def test_a_study_that_reads_other_repairs_is_told_so(shop, tmp_path):
    done = repair_study(shop, at=AT)
    assert done.is_read
    assert repair_study(shop, at=AT).is_read
    files_of(shop).repairs.rename(tmp_path / "own.parquet")
    a_study_file(tmp_path, TABLES | {"repairs": {"from": "own.parquet"}})
    assert not repair_study(shop, at=AT).is_read
    said = CliRunner().invoke(command, [str(shop)], standalone_mode=False).stdout.splitlines()[-1]
    assert said.startswith("Note: the study is not read with these repairs")


def test_only_repairs_that_hold_of_records_that_are_known_are_counted(shop):
    repair_study(shop, at=AT)
    # Of the records known on 1 March 2023 the first of the office was changed later, and that of the dealer, too.
    early = count_repairs(open_study(shop, as_of="2023-03-01"))
    known = {("office", "2"), ("office", "3"), ("dealer", "2")}
    kept = [key for key in EXPECTED if key[:2] in known]
    assert (early.n_records, early.n_repaired, early.columns["n_values"].sum()) == (3, 3, len(kept))
    # What was changed at its source since is read as it is; a record that is gone is repaired no more.
    (shop.parent / "office.csv").write_text(OFFICE.replace("0731 2345671", "0731 2345699"), encoding="utf-8")
    (shop.parent / "dealer.csv").write_text(DEALER.replace("3,=Cy Coe,business", "33,=Cy Coe,business"), "utf-8")
    found = count_repairs(open_study(shop))
    gone = [key for key in EXPECTED if key[:2] == ("dealer", "3")]
    assert (found.n_records, found.n_repaired) == (6, 5)
    assert found.columns["n_values"].sum() == len(EXPECTED) - 1 - len(gone)
