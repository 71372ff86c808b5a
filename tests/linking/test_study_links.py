"""``crm-research link``: what it writes beside a study, what it says, and what it refuses."""

from __future__ import annotations

import json
import stat
from datetime import datetime

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from crm_research.cli.link import command
from crm_research.contracts.checks import check_study
from crm_research.errors import ContractViolation, StudyError
from crm_research.linking.model import read_model
from crm_research.linking.study_links import files_of, link_study
from crm_research.sources.opening import open_study
from crm_research.sources.resolving import UNLINKED
from tests.linking.worlds import a_person
from tests.sources.files import a_study_file, make_desk

COLUMNS = ("local_id", "name", "email", "phone", "birth_date", "city")
pytestmark = pytest.mark.slow


def write(folder, system, people):
    rows = [",".join(str(one.get(name) or "") for name in COLUMNS) for one in people]
    (folder / f"{system}.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    write(tmp_path, "a", [a_person(number, "a") for number in range(80)])
    write(tmp_path, "b", [a_person(number, "b", phone=None) for number in range(30)])
    orders = "order_id,system,local_id,ordered_at,revenue\n1,a,3,2024-01-05,10\n2,b,3,2024-02-05,20\n"
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    systems = {name: {"from": f"{name}.csv", "columns": {"country": {"value": "DE"}}} for name in "ab"}
    return a_study_file(tmp_path, {"customer_records": {"systems": systems}, "orders": {"from": "orders.csv"}})


def run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=False)


def test_it_links_tells_and_keeps_numbers(shop, tmp_path) -> None:
    assert UNLINKED in open_study(shop).caveats
    done = run(shop)
    assert done.exception is None
    lines = done.stdout.splitlines()
    assert lines[0] == "Records: 110 (a 80, b 30)."
    assert lines[1] == "Customers: 80; 30 records, 27.3 % of all, are of a customer who has another."
    assert lines[2].startswith("How sure, by the model's own reckoning: ")
    files = files_of(shop)
    assert lines[-1] == f"Written: {files.links}."
    for file in (files.links, files.model):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not files.events.exists()
    assert not files.relations.exists()  # nobody belongs to anybody, and a table without rows is a fault
    study = open_study(shop)
    assert UNLINKED not in study.caveats
    owners = study.table("orders").to_pyarrow()["customer_id"].to_pylist()
    assert len({*owners}) == 1
    assert study.table("customers").count().to_pyarrow().as_py() == 80
    assert study.has("links")
    assert not check_study(study).errors

    first = files.links.read_bytes()
    again = run(shop)
    assert "Since last time: nothing has changed." in again.stdout
    assert files.links.read_bytes() == first

    write(tmp_path, "b", [a_person(number, "b", phone=None) for number in range(31)])
    more = run(shop)
    assert "0 new customers, 1 new record of known ones; changes of number: none." in more.stdout
    assert pq.read_table(files.links).num_rows == 111


def test_every_change_of_a_number_is_told_and_written(shop) -> None:
    link_study(shop, at=datetime(2026, 1, 5))
    files = files_of(shop)
    links = pq.read_table(files.links).to_pandas()
    is_it = (links["system"] == "b") & (links["local_id"] == "3")
    kept = links.loc[(links["system"] == "a") & (links["local_id"] == "3"), "customer_id"].item()
    links.loc[is_it, "customer_id"] = "PZ"
    links.to_parquet(files.links)
    found = link_study(shop, at=datetime(2026, 2, 5))
    (event,) = found.linked.events
    assert (event.kind, {event.from_id, event.to_id}, event.n_records) == ("merged", {"PZ", kept}, 1)
    (row,) = pq.read_table(files.events).to_pylist()
    assert (row["at"], row["event"], row["from_id"], row["n_records"]) == (
        datetime(2026, 2, 5), "merged", event.from_id, 1,
    )  # fmt: skip
    assert stat.S_IMODE(files.events.stat().st_mode) == 0o600


def test_a_model_that_does_not_fit_is_refused_and_nothing_is_changed(shop, tmp_path) -> None:
    link_study(shop, at=datetime(2026, 1, 5))
    files = files_of(shop)
    before = files.links.read_bytes()
    model = json.loads(files.model.read_text(encoding="utf-8"))
    assert (model["version"], model["columns"]) == (1, ["name", "birth", "email", "phone", "place"])
    assert "example.org" not in files.model.read_text(encoding="utf-8")
    for system, n in (("a", 80), ("b", 30)):
        write(tmp_path, system, [a_person(number, system, phone=None) for number in range(n)])
    with pytest.raises(StudyError, match=r"no longer have phone to compare.*does not fit.*--train"):
        link_study(shop, at=datetime(2026, 1, 6))
    assert files.links.read_bytes() == before
    assert link_study(shop, at=datetime(2026, 1, 6), is_trained_anew=True).is_trained
    files.model.write_text(json.dumps(model | {"version": 7}), encoding="utf-8")
    with pytest.raises(StudyError, match="version 7, where 1 is wanted"):
        read_model(files.model)
    files.model.write_text("{", encoding="utf-8")
    with pytest.raises(StudyError, match="is no model of a linkage"):
        link_study(shop, at=datetime(2026, 1, 6))
    files.links.write_text("no links", encoding="utf-8")
    with pytest.raises(StudyError):
        link_study(shop, at=datetime(2026, 1, 6), is_trained_anew=True)


def test_what_cannot_be_linked_is_refused(shop, tmp_path) -> None:
    plain = a_study_file(tmp_path, {"orders": {"from": "orders.csv"}})
    with pytest.raises(StudyError, match="maps no customer_records, so there is nothing to link"):
        link_study(plain, at=datetime(2026, 1, 5))
    systems = {"a": {"from": "a.csv"}}
    twice = a_study_file(tmp_path, {"customer_records": {"systems": systems}})
    write(tmp_path, "a", [a_person(1, "a"), a_person(1, "a")])
    with pytest.raises(ContractViolation, match="every system and local_id stands in one row only"):
        link_study(twice, at=datetime(2026, 1, 5))
    assert not files_of(twice).links.exists()


def test_a_study_that_reads_other_links_is_told_so(shop, tmp_path) -> None:
    assert link_study(shop, at=datetime(2026, 1, 5)).is_read
    assert link_study(shop, at=datetime(2026, 1, 5)).is_read
    files_of(shop).links.rename(tmp_path / "own.parquet")
    systems = {name: {"from": f"{name}.csv", "columns": {"country": {"value": "DE"}}} for name in "ab"}
    a_study_file(tmp_path, {"customer_records": {"systems": systems}, "links": {"from": "own.parquet"}})
    assert run(shop).stdout.splitlines()[-1].startswith("Note: the study is not read with these links")


def test_one_record_too_many_is_told_of_as_one(shop, tmp_path) -> None:
    write(tmp_path, "b", [a_person(3, "b")])
    told = run(shop).stdout.splitlines()[1]
    assert told == "Customers: 80; 1 record, 1.2 % of all, is of a customer who has another."


def test_a_record_that_is_gone_from_a_customer_who_stays_is_told(shop, tmp_path) -> None:
    run(shop)
    write(tmp_path, "b", [a_person(number, "b", phone=None) for number in range(29)])
    told = run(shop).stdout.splitlines()
    assert "Since last time: nothing has changed." not in told
    assert "Since last time: 0 new customers, 0 new records of known ones; changes of number: none." in told
    assert (
        "1 record linked before is in no system any more: dealings that bear its number are no longer counted with "
        "their customers."
    ) in told
    assert "Since last time: nothing has changed." in run(shop).stdout.splitlines()
