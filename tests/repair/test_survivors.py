"""Which of a customer's values is taken, rule by rule."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crm_research.repair.decisions import Choice
from crm_research.vocabulary import SURVIVAL_RULES
from tests.repair.worlds import ann, repair, repaired

pytestmark = pytest.mark.slow
OLD, NEW = datetime(2023, 1, 5), datetime(2024, 3, 5)
A, B, C = ("a", "1"), ("b", "2"), ("c", "3")


def phones(*said, **more):
    """One customer in the systems a, b, c ... with these telephones, and times from the oldest on."""
    return [
        ann(system, str(n + 1), phone=phone, updated_at=datetime(2023, n + 1, 5), **more)
        for n, (system, phone) in enumerate(zip("abcde", said, strict=False))
    ]


def test_the_most_recent_is_taken_where_nothing_is_said():
    changes, options, found = repair(phones("030 111111", "030 222222"))
    assert changes == {
        (*A, "phone"): ("030 111111", "+4930222222", "most recent"),
        (*B, "phone"): ("030 222222", "+4930222222", "spelling"),
    }
    assert not options
    assert (dict(found.n_settled), found.n_open) == ({"most recent": 1}, 0)


def test_a_record_without_a_time_comes_last():
    rows = [ann("a", "1", phone="030 111111"), ann("b", "2", phone="030 222222", registered_at=OLD)]
    changes, _, _ = repair(rows, phone="most recent")
    assert changes[(*A, "phone")][1:] == ("+4930222222", "most recent")


@pytest.mark.parametrize(
    ("rules", "phone", "by"),
    [
        ("most recent", "+4930333333", "most recent"),
        ("most frequent", "+4930111111", "most frequent"),
        ("most trusted", "+4930222222", "most trusted"),
        (["most complete", "most trusted"], "+4930222222", "most trusted"),
        (["most frequent", "most recent"], "+4930111111", "most frequent"),
    ],
)
def test_each_rule_takes_its_own(rules, phone, by):
    rows = [
        *phones("030 111111", "030 222222", "030 333333"),
        ann("d", "4", phone="+49 30 111111", updated_at=OLD),
    ]
    changes, _, found = repair(rows, trust=["b", "a"], phone=rules)
    assert {after for (_, _, column), (_, after, _) in changes.items() if column == "phone"} == {phone}
    assert {rule for _, _, rule in changes.values()} == {by, "spelling"}
    assert dict(found.n_settled) == {by: 1}


def test_the_record_that_says_most_is_the_most_complete():
    rows = [ann("a", "1", phone="030 111111", updated_at=NEW), ann("b", "2", phone="030 222222", city="Ulm")]
    changes, _, _ = repair(rows, phone="most complete")
    assert changes[(*A, "phone")] == ("030 111111", "+4930222222", "most complete")


def test_systems_that_are_not_named_come_after_those_that_are():
    changes, _, _ = repair(phones("030 111111", "030 222222", "030 333333"), trust=["c"], default="most trusted")
    assert changes[(*A, "phone")][1:] == ("+4930333333", "most trusted")
    _, options, found = repair(phones("030 111111", "030 222222"), trust=["c"], default="most trusted")
    assert found.n_open == 1
    assert sorted((value, said_by) for *_, value, said_by, _ in options) == [("+4930111111", "a"), ("+4930222222", "b")]


def test_two_spellings_are_no_dispute():
    rows = [
        ann("a", "1", name="Ann Arp", phone="030/111 111", updated_at=OLD),
        ann("b", "2", name="ARP, Ann", phone="+49 30 111111", updated_at=NEW),
    ]
    changes, _, found = repair(rows)
    assert not found.n_settled
    # The plainer writing is taken, whoever's it is.
    assert changes == {
        (*A, "phone"): ("030/111 111", "+4930111111", "spelling"),
        (*B, "phone"): ("+49 30 111111", "+4930111111", "spelling"),
        (*B, "name"): ("ARP, Ann", "Ann Arp", "spelling"),
    }


def test_what_nothing_speaks_against_is_filled_in():
    changes, _, _ = repair([ann("a", "1", email=" Ann@X.org"), ann("b", "2", email=""), ann("c", "3")])
    assert changes == {
        (*A, "email"): (" Ann@X.org", "ann@x.org", "spelling"),
        (*B, "email"): ("", "ann@x.org", "undisputed"),
        (*C, "email"): (None, "ann@x.org", "undisputed"),
    }


def test_what_cannot_be_read_gives_way_and_is_kept_where_nothing_else_is():
    rows = [ann("a", "1", name="N.N.", phone="call me", updated_at=NEW), ann("b", "2", phone="030 111111")]
    changes, _, _ = repair(rows)
    assert changes[(*A, "phone")] == ("call me", "+4930111111", "undisputed")
    assert changes[(*A, "name")] == ("N.N.", "Ann Arp", "undisputed")
    alone, _, _ = repair([ann("a", "1", phone="call  me "), ann("b", "2")])
    assert alone == {
        (*A, "phone"): ("call  me ", "call me", "spelling"),
        (*B, "phone"): (None, "call me", "undisputed"),
    }


ULM = {"street": "Gasse 1", "postcode": "89073", "city": "Ulm", "region": "South", "country": "DE"}


def test_an_address_is_taken_whole_and_what_is_of_another_is_taken_out():
    rows = [
        ann("a", "1", **ULM, updated_at=OLD),
        ann("b", "2", street="Markt 7", city="Kiel", country="DE", updated_at=NEW),
    ]
    changes, _, found = repair(rows)
    assert {column: change for (system, _, column), change in changes.items() if system == "a"} == {
        "street": ("Gasse 1", "Markt 7", "most recent"),
        "postcode": ("89073", None, "most recent"),
        "city": ("Ulm", "Kiel", "most recent"),
        "region": ("South", None, "most recent"),
    }
    assert not [key for key in changes if key[0] == "b"]
    assert dict(found.n_settled) == {"most recent": 1}


def test_what_an_address_leaves_empty_is_filled_from_one_that_says_nothing_against_it():
    rows = [
        ann("a", "1", **ULM, updated_at=OLD),
        ann("b", "2", street="Gasse", city="ULM", updated_at=NEW),
        ann("c", "3", street="Weg 5", postcode="24103", city="Kiel", updated_at=OLD),
    ]
    changes, _, _ = repair(rows)
    mine = {column: change for (system, _, column), change in changes.items() if system == "b"}
    assert {column: after for column, (_, after, _) in mine.items()} == {
        "street": "Gasse 1", "postcode": "89073", "region": "South", "country": "DE", "city": "Ulm",
    }  # fmt: skip
    assert mine["city"] == ("ULM", "Ulm", "spelling")
    assert changes[(*C, "postcode")] == ("24103", "89073", "most recent")


def test_a_country_alone_is_no_address():
    rows = [ann("a", "1", **ULM, updated_at=OLD), ann("b", "2", country="AT", updated_at=NEW)]
    changes, _, found = repair(rows)
    assert changes[(*B, "country")] == ("AT", "DE", "undisputed")
    assert not found.n_settled


def test_a_year_alone_is_filled_up_to_its_day_and_does_not_go_against_it():
    rows = [ann("a", "1", birth_date="1980-04-03", updated_at=OLD), ann("b", "2", birth_date="1980", updated_at=NEW)]
    assert repair(rows)[0] == {(*B, "birth_date"): ("1980", "1980-04-03", "undisputed")}
    rows[1]["birth_date"] = "1981"
    assert repair(rows)[0] == {(*A, "birth_date"): ("1980-04-03", "1981", "most recent")}


def test_towns_are_written_as_most_records_write_them():
    rows = [
        {"system": "a", "local_id": str(n), "city": city, "name": f"N{n}"}
        for n, city in enumerate(["Ulm", "ULM", "Ulm", "Kiel", " Kiel"])
    ]
    assert repair(rows)[0] == {
        ("a", "1", "city"): ("ULM", "Ulm", "spelling"),
        ("a", "4", "city"): (" Kiel", "Kiel", "spelling"),
    }


def test_what_no_rule_settles_stays_as_it_is_but_for_its_spelling():
    changes, options, found = repair(phones("030 111111", "030/22 22 22"), phone="most frequent")
    assert {key: change[1:] for key, change in changes.items()} == {
        (*A, "phone"): ("+4930111111", "spelling"),
        (*B, "phone"): ("+4930222222", "spelling"),
    }
    assert sorted((customer, unit, value, said_by, n) for customer, unit, _, value, said_by, n in options) == [
        ("P1", "phone", "+4930111111", "a", 1), ("P1", "phone", "+4930222222", "b", 1),
    ]  # fmt: skip
    assert (dict(found.n_settled), found.n_open) == ({}, 1)


def test_people_go_before_every_rule():
    rows = phones("030 111111", "030 222222")
    _, options, _ = repair(rows, phone="most frequent")
    option = next(option for _, _, option, value, _, _ in options if value == "+4930111111")
    changes, left, found = repair(rows, choices=[Choice(option=option, instead=None, line=2)])
    assert changes[(*B, "phone")] == ("030 222222", "+4930111111", "decided")
    assert not left
    assert (dict(found.n_settled), found.n_open) == ({"decided": 1}, 0)
    changes, _, found = repair(rows, choices=[Choice(option=option, instead="+49 30 9", line=2)])
    assert {change[1:] for change in changes.values()} == {("+49 30 9", "decided")}
    assert (dict(found.n_settled), found.n_open) == ({"decided": 1}, 0)


def test_records_of_later_are_not_known():
    rows = phones("030 111111", "030 222222")
    rows[1]["updated_at"] = datetime(2024, 7, 1, 0, 0, 1)
    assert repair(rows)[0] == {(*A, "phone"): ("030 111111", "+4930111111", "spelling")}
    rows[1]["updated_at"] = datetime(2024, 7, 1)
    assert repair(rows)[0][(*A, "phone")][1] == "+4930222222"


@pytest.mark.parametrize(
    "rows", [[], [ann("a", "1")], [ann("a", "1"), ann("b", "2")], [{"system": "a", "local_id": ""}]]
)
def test_of_nobody_of_one_and_of_two_who_say_the_same_nothing_is_repaired(rows):
    changes, options, found = repair(rows)
    assert (changes, options, dict(found.n_settled), found.n_open) == ({}, [], {}, 0)


VALUES = st.sampled_from([None, "", "030 111111", "030/11 11 11", "030 222222", "call me", "'; <b>$", "电话"])
PLACES = st.sampled_from([None, "Ulm", "ULM ", "Kiel", "上海"])
RECORDS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from(["P1", "P2", None]), VALUES, PLACES, PLACES,
        st.sampled_from([None, OLD, NEW]),
    ),
    max_size=8,
)  # fmt: skip
RULES = st.lists(st.sampled_from(SURVIVAL_RULES), min_size=1, max_size=3, unique=True)


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(records=RECORDS, rules=RULES, turn=st.randoms(use_true_random=False))
def test_order_changes_nothing_twice_changes_nothing_and_all_of_a_customer_agree(records, rules, turn):
    rows = [
        {"system": system, "local_id": str(n), "customer_id": who, "phone": phone, "city": city, "street": street,
         "updated_at": at}
        for n, (system, who, phone, city, street, at) in enumerate(records)
    ]  # fmt: skip
    said = {"trust": ["b", "a"], "default": rules}
    changes, options, found = repair(rows, **said)
    shuffled = rows[:]
    turn.shuffle(shuffled)
    assert repair(shuffled, **said) == (changes, options, found)
    made = repaired(rows, changes)
    assert repair(made, **said)[0] == {}
    put_back = {key: (after, before, rule) for key, (before, after, rule) in changes.items()}
    assert repaired(made, put_back) == rows
    open_of = {(customer, unit) for customer, unit, *_ in options}
    for who in ("P1", "P2"):
        mine = [row for row in made if row["customer_id"] == who]
        for column, unit in (("phone", "phone"), ("city", "address"), ("street", "address")):
            if (who, unit) not in open_of:
                assert len({row[column] or None for row in mine} - ({None} if unit == "address" else set())) <= 1
