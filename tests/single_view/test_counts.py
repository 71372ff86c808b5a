"""What is counted of records and customers, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import StudyError
from crm_research.pillars.single_view.figures import CUSTOMERS, MISSED, RECALL, link_figures
from crm_research.pillars.single_view.measure import TakenForNew, measure_single_view
from crm_research.pillars.single_view.words import answer, say_errors, say_later
from tests.builders import a_study
from tests.single_view.worlds import (
    JUDGED,
    LINKS,
    PAIRS,
    RECORDS,
    RELATIONS,
    a_company,
    bare,
    judged,
    nobody,
    nobody_linked,
)


@pytest.fixture(scope="module")
def view():
    return measure_single_view(a_company())


def test_records_and_customers_are_those_of_the_studys_day(view):
    assert (view.n_records, view.n_customers, view.n_too_many) == (9, 5, 4)
    assert view.systems.to_numpy().tolist() == [
        ["dealer", 2, 2, 1, 0],
        ["office", 3, 3, 1, 0],
        ["shop", 4, 3, 1, 1],
    ]
    found = [tuple(row) for row in view.combinations.itertuples(index=False)]
    assert found == [
        (("dealer",), 1, 1, 1),
        (("office",), 1, 1, 1),
        (("shop",), 1, 1, 1),
        (("office", "shop"), 2, 1, 2),
        (("dealer", "office", "shop"), 3, 1, 4),
    ]
    assert (view.n_in_several, view.n_again) == (2, 1)
    assert view.sizes.to_numpy().tolist() == [[1, 3], [2, 1], [4, 1]]


def test_the_largest_groups_are_laid_out_with_their_records(view):
    assert view.groups.to_dict("records") == [
        {"customer_id": "ann", "n_records": 4, "n_systems": 3, "least_sure": 0.93}
    ]
    assert view.members.to_numpy().tolist() == [
        ["ann", "dealer", "7", 0.97],
        ["ann", "office", "1", 0.999],
        ["ann", "shop", "a", 0.999],
        ["ann", "shop", "b", 0.93],
    ]


def test_what_the_doubles_do_is_counted_in_purchases_and_letters(view):
    assert view.taken_for_new == TakenForNew(
        n_numbers=6, n_customers=4, n_numbers_again=2, n_customers_again=3, n_split=2, revenue_of_split=150.0
    )
    # k1 went to Ann three times and to Bob, k2 to Bob: five letters, two of them to Ann once more.
    assert view.sent_twice == (5, 2)


def test_relations_and_the_last_changes_are_counted(view):
    assert view.relations.to_numpy().tolist() == [["household", 2, 3], ["subsidiary of", 1, 2]]
    assert view.changes[["became", "n_customers", "n_records"]].to_numpy().tolist() == [
        ["merged", 2, 3],
        ["split", 1, 1],
        ["gone", 1, 3],
    ]


def test_what_is_known_of_later_records_is_told_apart(view):
    assert view.n_later == 1
    told = "Pairs are those of all 10 records that are linked today; 1 of these records came after 2024-07-01."
    assert say_later(view) == told
    numbers = {one.id: (one.n, one.window) for one in link_figures(view)}
    assert numbers[RECALL] == numbers[MISSED] == (10, "all records linked today")
    assert numbers[CUSTOMERS] == (9, "records there by 2024-07-01")
    # Flo is not known yet, whoever she will belong to.
    later = pd.concat([RELATIONS, pd.DataFrame([("ann", "flo", "household")], columns=RELATIONS.columns)])
    related = measure_single_view(a_company(customer_relations=later)).relations
    assert related.to_numpy().tolist() == [["household", 2, 3], ["subsidiary of", 1, 2]]
    known = measure_single_view(a_company(customer_records=RECORDS.iloc[:9]))
    assert (known.n_later, say_later(known)) == (0, "")
    assert {one.window for one in link_figures(known) if one.id == RECALL} == {"records there by 2024-07-01"}


def test_links_of_nobody_without_pairs_do_not_claim_that_all_is_well():
    links = LINKS.assign(customer_id=LINKS["system"] + LINKS["local_id"])
    view = measure_single_view(a_study(customer_records=RECORDS, links=links))
    assert answer(view) == (
        "As linked, no two of the 9 records of 3 systems are of one customer.",
        "How sure that is cannot be told: no two records are known to have been compared.",
        "As linked, no record is one too many, so nothing is counted twice.",
    )
    assert "no two records are known to have been compared" in say_errors(view)


def test_pairs_left_open_are_counted(view):
    assert (view.n_undecided, view.n_contradicting) == (5, 2)
    assert view.by_judgements is None
    assert view.judging is None
    assert view.by_model.precision.estimate == pytest.approx((2.9 + 3.998) / 7)
    assert view.by_model.recall.estimate == pytest.approx(6.898 / (6.898 + 1.1 + 0.001 + 0.001))
    assert view.customers.lower <= view.customers.estimate == 5 <= view.customers.upper <= 9


def test_judgements_are_told_and_taken(view):
    found = measure_single_view(judged())
    told = found.judging
    assert (told.n_drawn, told.n_judged, told.n_unsure, told.n_unseen, told.n_unseen_same) == (28, 28, 1, 4, 0)
    assert told.is_of_these_links
    # Two of the seven pairs together are judged whole: one is wrong.
    assert found.goodness is found.by_judgements
    assert found.goodness.precision.lower == found.goodness.precision.upper == pytest.approx(6 / 7)
    others = measure_single_view(
        a_company(link_judgements=JUDGED, link_pairs=PAIRS.assign(n_pairs=PAIRS["n_pairs"] + 1))
    )
    assert not others.judging.is_of_these_links


def test_records_that_nothing_links_keep_their_own_numbers():
    found = measure_single_view(a_study(customer_records=RECORDS, links=LINKS.iloc[:4]))
    assert (found.n_records, found.n_customers) == (9, 6)
    assert set(found.members["customer_id"]) == {"ann"}


def test_a_system_with_a_colon_in_its_name_is_not_taken_for_another():
    records = pd.DataFrame({"system": ["a:b", "a"], "local_id": ["1", "b:1"]})
    links = pd.DataFrame({"system": ["z"], "local_id": ["1"], "customer_id": ["q"]})
    assert measure_single_view(a_study(customer_records=records, links=links)).n_customers == 2


def test_nothing_is_made_up_where_nothing_is_known():
    plain = measure_single_view(bare())
    assert (plain.n_customers, plain.customers, plain.goodness, plain.taken_for_new) == (5, None, None, None)
    none = measure_single_view(nobody())
    assert (none.n_records, none.n_customers, none.n_in_several) == (0, 0, 0)
    apart = measure_single_view(nobody_linked())
    assert (apart.n_too_many, apart.goodness.precision, apart.goodness.f1) == (0, None, None)
    assert apart.customers.upper == apart.n_customers == 9


def test_a_study_without_links_is_refused_in_words():
    with pytest.raises(StudyError, match="run crm-research link"):
        measure_single_view(a_study(customer_records=RECORDS))


def test_what_is_listed_stands_in_one_order():
    # Of two customers with three records the less sure first, and of two equally sure ones the first by number.
    records = [("b", k, "cy", 0.9) for k in "xyz"] + [("b", k, "bo", 0.7) for k in "uvw"]
    records += [("a", k, "ann", 0.9) for k in "rst"] + [("a", "q", "ann", 0.9), ("c", "1", "dee", 1.0)]
    records += [("c", "9", "eve", 0.8), ("c", "8", "eve", 0.8), ("a", "7", "eve", 0.8)]
    frame = pd.DataFrame(records, columns=["system", "local_id", "customer_id", "probability"])
    kinds = [("cy", "bo", "shares contact data with"), ("cy", "ann", "subsidiary of"), ("bo", "ann", "household")]
    view = measure_single_view(
        a_study(
            customer_records=frame[["system", "local_id"]],
            links=frame,
            customer_relations=pd.DataFrame(kinds, columns=RELATIONS.columns),
        )
    )
    assert view.groups.to_numpy().tolist() == [
        ["ann", 4, 1, 0.9],
        ["bo", 3, 1, 0.7],
        ["eve", 3, 2, 0.8],
        ["cy", 3, 1, 0.9],
    ]
    listed = view.members[["customer_id", "system", "local_id"]].to_numpy().tolist()
    assert listed == [
        *(["ann", "a", k] for k in "qrst"), *(["bo", "b", k] for k in "uvw"), ["eve", "a", "7"], ["eve", "c", "8"],
        ["eve", "c", "9"], *(["cy", "b", k] for k in "xyz"),
    ]  # fmt: skip
    assert view.relations["kind"].tolist() == ["household", "subsidiary of", "shares contact data with"]
    # Most customers first, then fewer systems, then by name.
    assert view.combinations[["systems", "n_customers"]].to_numpy().tolist() == [
        [("b",), 2], [("a",), 1], [("c",), 1], [("a", "c"), 1],
    ]  # fmt: skip
    assert view.systems[["n_records", "n_customers", "n_alone", "n_again"]].to_numpy().tolist() == [
        [5, 2, 1, 3], [6, 2, 2, 4], [3, 2, 1, 1],
    ]  # fmt: skip
