"""From records to customers: what must be one, what must not, and what is said where nothing can be known."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from crm_research.linking.linked import _notes_on_looks
from tests.linking.worlds import a_person, a_table, link, precision_recall, prepare

OTHERS = [a_person(number, "a") for number in range(120)]


def owner(linked) -> dict[tuple[str, str], str]:
    return {(row["system"], row["local_id"]): row["customer_id"] for row in linked.links.to_pylist()}


@pytest.mark.slow
def test_two_systems_without_a_common_customer_give_no_links() -> None:
    rows = [a_person(number, "ab"[number % 2]) for number in range(1_000)]
    linked = link(rows)
    assert linked.n_customers == 1_000
    assert linked.sureness.n_links == 0
    assert linked.sureness.precision is None
    assert any("Hardly any two records" in note for note in linked.notes)


@pytest.mark.slow
def test_a_person_in_two_systems_is_one_and_a_slip_does_not_part_them() -> None:
    again = [a_person(number, "b", phone=None) for number in range(40)]
    again += [a_person(50, "b", name="Bo Bellman"), a_person(51, "b", email="other@example.org")]
    found = owner(link(OTHERS + again))
    assert len({*found.values()}) == 120
    assert all(found["b", str(number)] == found["a", str(number)] for number in (*range(40), 50, 51))


@pytest.mark.slow
def test_order_of_rows_and_systems_changes_nothing() -> None:
    rows = OTHERS + [a_person(number, "b", phone=None) for number in range(60)]
    first, other = link(rows), link(rows[::-1][7:] + rows[::-1][:7])
    assert first.links.equals(other.links)
    assert first.relations.equals(other.relations)
    assert first.sureness == other.sureness


@pytest.mark.slow
def test_linking_anew_keeps_numbers_and_new_records_join_or_found() -> None:
    rows = OTHERS + [a_person(number, "b", phone=None) for number in range(60)]
    first = owner(link(rows))
    before = {f"{system}:{local_id}": number for (system, local_id), number in first.items()}
    again = link(rows, before=before)
    assert owner(again) == first
    assert (again.events, again.n_founded, again.n_joined) == ((), 0, 0)
    more = link([*rows, a_person(70, "c"), a_person(900, "c")], before=before)
    assert (more.n_founded, more.n_joined, more.events) == (1, 1, ())
    assert owner(more)["c", "70"] == first["a", "70"]


@pytest.mark.slow
def test_a_company_is_never_one_with_its_owner_but_they_are_related() -> None:
    both = {"email": "info@arp.example.org", "phone": "030 999123", "city": "Ulm", "street": "Am Markt 5"}
    rows = [
        *OTHERS,
        *(a_person(number, "b") for number in range(60)),
        {"system": "a", "local_id": "f", "kind": "business", "name": "Gustav Arp", **both},
        {"system": "b", "local_id": "p", "kind": "consumer", "name": "Gustav Arp", **both},
    ]
    linked = link(rows)
    found = owner(linked)
    assert found["a", "f"] != found["b", "p"]
    related = {frozenset((row["customer_id"], row["related_id"])) for row in linked.relations.to_pylist()}
    assert frozenset((found["a", "f"], found["b", "p"])) in related
    assert {row["kind"] for row in linked.relations.to_pylist()} == {"shares contact data with"}


@pytest.mark.slow
def test_people_of_one_house_are_related_and_not_one() -> None:
    home = {"street": "Am Markt 5", "postcode": "89073", "city": "Ulm"}
    rows = [
        {"system": "a", "local_id": "1", "name": "Ann Arp", "birth_date": "1980-01-02", **home},
        {"system": "a", "local_id": "2", "name": "Bo Arp", "birth_date": "1978-11-23", **home},
        {"system": "a", "local_id": "3", "name": "Cy Coe", "birth_date": "1950-05-07", **home},
    ]
    linked = link(rows)
    assert linked.n_customers == 3
    found = owner(linked)
    (row,) = linked.relations.to_pylist()
    assert row["kind"] == "household"
    assert {row["customer_id"], row["related_id"]} == {found["a", "1"], found["a", "2"]}


@pytest.mark.slow
def test_owners_in_a_circle_are_named_and_left_open() -> None:
    rows = [{"system": "a", "local_id": str(i), "name": f"{word} GmbH"} for i, word in enumerate(("Ada", "Bux", "Cox"))]
    owned = pa.table({"record": ["a:0", "a:1"], "parent": ["a:1", "a:0"]})
    linked = link(rows, parents=owned)
    assert linked.relations.num_rows == 0
    assert any("2 companies own each other in a circle" in note for note in linked.notes)
    found = owner(link(rows, parents=pa.table({"record": ["a:0", "a:1"], "parent": ["a:1", "a:2"]})))
    made = link(rows, parents=pa.table({"record": ["a:0", "a:1"], "parent": ["a:1", "a:2"]})).relations.to_pylist()
    assert {(row["customer_id"], row["related_id"], row["kind"]) for row in made} == {
        (found["a", "0"], found["a", "1"], "subsidiary of"), (found["a", "1"], found["a", "2"], "subsidiary of"),
    }  # fmt: skip


@pytest.mark.slow
def test_where_nobody_can_be_told_from_others_only_what_is_certain_is_brought_together() -> None:
    nameless = link([{"system": "ab"[i % 2], "local_id": str(i), "name": ""} for i in range(50)])
    assert nameless.n_customers == 50
    namesakes = link([{"system": "ab"[i % 2], "local_id": str(i), "name": "Max Muster"} for i in range(50)])
    assert namesakes.n_customers == 50
    for linked in (nameless, namesakes):
        assert linked.notes[0].startswith("Records say nothing that tells customers apart")
        assert linked.duplicates_share == 0.0
    assert link([{"system": "a", "local_id": "1", "name": "Ann Arp"}]).n_customers == 1


def test_copies_of_one_row_are_one_customer() -> None:
    row = {"name": "Max Muster", "email": "max@example.org", "birth_date": "1980-01-02"}
    linked = link([{"system": "ab"[i % 2], "local_id": str(i), **row} for i in range(100)])
    assert linked.n_customers == 1
    assert linked.duplicates_share == 0.99
    assert {*linked.links["probability"].to_pylist()} == {0.999}


@pytest.mark.slow
def test_in_a_system_where_nobody_stands_twice_nobody_is_brought_together() -> None:
    row = {"name": "Max Muster", "email": "max@example.org", "birth_date": "1980-01-02"}
    rows = [{"system": "ab"[i % 2], "local_id": str(i), **row} for i in range(4)]
    assert link(rows, unique=("a", "b")).n_customers == 2
    assert link(rows, unique=("a",)).n_customers == 2
    assert prepare(rows, ("a", "b")).n_all_pairs == 4
    assert prepare(rows).n_all_pairs == 6


@pytest.mark.slow
def test_numbers_with_check_digits_bring_together_and_part() -> None:
    plain = {"name": "Max Muster", "email": "max@example.org", "birth_date": "1980-01-02"}
    one, other = "DE136695976", "DE129273398"
    rows = [
        {"system": "a", "local_id": "1", "identifier": one, "name": "Muster GmbH"},
        {"system": "b", "local_id": "1", "identifier": one, "name": "Mustr Gesellschaft mbH"},
        {"system": "c", "local_id": "1", **plain, "identifier": one},
        {"system": "c", "local_id": "2", **plain, "identifier": other},
    ]
    found = owner(link(rows))
    assert found["a", "1"] == found["b", "1"]
    assert found["c", "1"] != found["c", "2"]


def test_a_value_that_all_share_is_named_and_not_looked_at() -> None:
    rows = [a_person(number, "a", phone="030 555000", email=None, birth_date=None) for number in range(650)]
    prepared = prepare(a_table(rows))
    prepared.choose_pairs()
    looks = {look.rule: look for look in prepared.looks}
    assert (looks["phone"].n_shared_by_many, looks["phone"].n_pairs, looks["phone"].is_taken) == (1, 0, False)
    said = "1 value of 'the same telephone' stands in more than 600 records and was not looked at: it tells nobody"
    assert any(note.startswith(said) for note in _notes_on_looks(prepared))


def test_pairs_are_counted_by_hand() -> None:
    found = pd.Series(["x", "x", "x", "y", "z"])
    true = pd.Series(["x", "x", "y", "y", "z"])
    assert precision_recall(found, true) == (1 / 3, 1 / 2)
