"""Numbers of customers stay, and every change is told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.linking.identities import Event, keep_numbers

RECORDS = ("a:1", "a:2", "b:1", "b:2", "c:1")


def numbers(groups, before=None, taken=(), records=RECORDS):
    made = keep_numbers(records, groups, before or {}, taken)
    return {record: made.ids[group] for record, group in zip(records, groups, strict=True)}, made


def test_new_customers_get_numbers_of_their_own() -> None:
    found, made = numbers([0, 1, 0, 1, 4])
    assert len({*found.values()}) == 3 == made.n_founded
    assert found["a:1"] == found["b:1"]
    assert all(len(number) == 11 and number.startswith("P") for number in found.values())
    assert made.events == ()
    assert made.n_joined == 0


def test_linking_twice_changes_nothing() -> None:
    first, _ = numbers([0, 1, 0, 1, 4])
    again, made = numbers([0, 1, 0, 1, 4], first)
    assert again == first
    assert (made.events, made.n_founded, made.n_joined) == ((), 0, 0)


def test_a_new_record_joins_an_old_customer() -> None:
    found, made = numbers([0, 1, 0, 1, 4], {"a:1": "P1", "a:2": "P2"})
    assert found["b:1"] == "P1"
    assert (made.n_founded, made.n_joined, made.events) == (1, 2, ())


def test_of_two_that_become_one_the_larger_keeps_its_number() -> None:
    found, made = numbers([0, 0, 0, 3, 4], {"a:1": "P9", "a:2": "P9", "b:1": "P1", "b:2": "P3", "c:1": "P4"})
    assert found["b:1"] == "P9"
    assert made.events == (Event(kind="merged", from_id="P1", to_id="P9", n_records=1),)


def test_of_equal_ones_the_smaller_number_stays() -> None:
    _, made = numbers([0, 0], {"a:1": "P7", "a:2": "P5"}, records=("a:1", "a:2"))
    assert made.events == (Event(kind="merged", from_id="P7", to_id="P5", n_records=1),)


def test_of_one_that_is_parted_the_larger_part_keeps_the_number() -> None:
    before = dict.fromkeys(RECORDS, "P1")
    found, made = numbers([0, 1, 1, 1, 4], before)
    assert found["b:1"] == "P1"
    new = {found["a:1"], found["c:1"]}
    assert len(new) == 2
    assert {event.kind for event in made.events} == {"split"}
    assert {(event.from_id, event.to_id) for event in made.events} == {("P1", number) for number in new}


def test_a_record_that_goes_over_is_told() -> None:
    before = {"a:1": "P1", "a:2": "P1", "b:1": "P1", "b:2": "P2", "c:1": "P2"}
    _, made = numbers([0, 0, 3, 3, 3], before)
    assert made.events == (Event(kind="moved", from_id="P1", to_id="P2", n_records=1),)


def test_a_customer_whose_records_are_gone_is_told_and_its_number_never_given_again() -> None:
    first, _ = numbers([0, 1, 2, 3, 4])
    left = RECORDS[1:]
    _, made = numbers([1, 2, 3, 4], first, records=left)
    assert made.events == (Event(kind="gone", from_id=first["a:1"], to_id=None, n_records=1),)
    back, _ = numbers([0, 1, 2, 3, 4], {name: first[name] for name in left}, taken=[first["a:1"]])
    assert back["a:1"] not in first.values()


@settings(max_examples=25, deadline=None)
@given(
    groups=st.lists(st.integers(0, 3), min_size=5, max_size=5),
    before=st.dictionaries(st.sampled_from(RECORDS), st.sampled_from(["P1", "P2", "P3"])),
    order=st.permutations(range(5)),
)
def test_order_changes_nothing_and_no_number_changes_silently(groups, before, order) -> None:
    found, made = numbers(groups, before)
    other, remade = numbers([groups[i] for i in order], before, records=tuple(RECORDS[i] for i in order))
    assert found == other
    assert made.events == remade.events
    changed = {(before[one], found[one]) for one in before if before[one] != found[one]}
    assert changed == {(event.from_id, event.to_id) for event in made.events}
    again, quiet = numbers(groups, found)
    assert again == found
    assert quiet.events == ()
