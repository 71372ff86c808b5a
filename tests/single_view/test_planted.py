"""What is said and shown of planted numbers: whole pages, then each branch of a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm_research.linking.goodness import Limits
from crm_research.pillars.single_view import tables, words
from crm_research.pillars.single_view.figures import estimators, link_figures
from crm_research.pillars.single_view.measure import _limit_customers
from tests.single_view.planted import (
    BY_MODEL,
    a_view,
    apart,
    of_bare_links,
    of_few,
    of_ones,
    page_of,
    without_judgements,
)
from tests.single_view.test_told import SECTIONS
from tests.told import check_figures, hold, tell_planted, without_pictures

TOLD = Path(__file__).parent / "told"
PAGES = {
    "planted": a_view,
    "planted-unjudged": lambda: without_judgements(a_view(n_later=0)),
    "planted-ones": of_ones,
    "planted-apart": lambda: apart(n_missed=3.2),
    "planted-none": lambda: of_few(0),
    "planted-one": lambda: of_few(1),
    "planted-bare": of_bare_links,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_planted_numbers_is_told_as_it_was(name):
    view = PAGES[name]()
    page = page_of(view)
    told = tell_planted(
        page,
        SECTIONS,
        figures=check_figures(link_figures(view)),
        summary=tables.summary_table(view),
        estimators=estimators(view),
    )
    hold(told, TOLD / f"{name}.txt")


def test_two_records_of_one_customer_without_pairs():
    view = replace(of_bare_links(), n_records=2, n_customers=1)
    assert words.say_customers(view) == "The 2 records of 1 system are of one customer."
    assert words.say_letters(view) == "A letter to every record would send 1 letter to customers who get one already."


def test_no_two_records_that_were_never_compared():
    view = replace(of_bare_links(), n_customers=310)
    assert words.say_customers(view) == "As linked, no two of the 310 records of 1 system are of one customer."
    never = "no two records are known to have been compared."
    assert words.say_sureness(view) == f"How sure that is cannot be told: {never}"
    assert words.say_errors(view) == f"Which pairs are doubtful cannot be told: {never}"
    assert list(words.say_undecided(view)) == [f"What could not be decided is not known: {never}"]
    assert words.say_cost(view) == "As linked, no record is one too many, so nothing is counted twice."
    assert words.say_letters(view) == ""


@pytest.mark.parametrize(
    ("n_missed", "said"),
    [
        (0.4, "No two records were brought together, and none that were looked at seem to be of one customer."),
        (1.2, "No two records were brought together; up to 1 pair may be of one customer all the same."),
    ],
)
def test_how_sure_it_is_that_all_stand_apart(n_missed, said):
    assert words.say_sureness(apart(n_missed=n_missed)) == said


@pytest.mark.parametrize("known", ["precision", "recall"])
def test_limits_from_nothing_to_all_say_nothing(known):
    unknown = replace(BY_MODEL, **{known: Limits(0.5, 0.0, 1.0)})
    view = without_judgements(a_view(by_model=unknown))
    assert words.say_sureness(view) == "How sure the links are is not known, by the links' own reckoning."


def test_nobody_is_taken_for_new_and_shares_that_round_alike_are_said_once():
    new = replace(a_view().taken_for_new, n_numbers=977, n_numbers_again=550, n_split=0)
    view = a_view(taken_for_new=new)
    assert words.say_cost(view) == (
        "No buyer would be taken for a new one: each of the 977 bought under one number only."
    )
    assert words.say_again(view) == "The share of buyers who bought more than once is 56 % either way."
    once_more = a_view(taken_for_new=replace(new, n_numbers=979))
    assert words.say_cost(once_more) == (
        "Without the links 977 buyers would count as 979: twice a buyer whom we know would be taken for a new one."
    )


def test_nothing_undecided_and_nothing_unseen_is_said_as_such():
    view = a_view()
    settled = replace(view, pairs=view.pairs.loc[view.pairs["standing"] == "together"])
    assert list(words.say_undecided(settled)) == ["No pair was left apart that may well be of one customer."]
    judging = replace(view.judging, n_unsure=0, n_unseen_same=0)
    unseen = (
        "Of 23 pairs that nothing had anybody look at none is of one customer. They are too few of too many to say how "
        "many such pairs there are, and stand in no number here."
    )
    judged = "A person has judged 361 of 370 pairs that were drawn; read on 2024-06-03."
    assert list(words.say_judging(replace(view, judging=judging))) == [judged, unseen]
    assert len(list(words.say_judging(replace(view, judging=replace(judging, n_unseen=0))))) == 1


def test_the_rarest_combinations_stand_together_in_one_row():
    view = a_view()
    rows = [((f"s{k:02d}",), 1, 100 - k, 200 - k) for k in range(15)]
    many = replace(view, combinations=view.combinations.head(0).from_records(rows, columns=view.combinations.columns))
    shown = tables.combinations_table(many)
    assert shown["systems"].tolist() == [*(f"s{k:02d} only" for k in range(12)), "other combinations"]
    # Of the last three: 88, 87 and 86 customers, a hundred records more each.
    assert shown.iloc[-1].tolist() == ["other combinations", 261, 561, pytest.approx(261 / 1640)]


def test_how_sure_links_of_ones_own_are_is_shown_only_where_they_tell():
    view = a_view()
    assert list(tables.groups_table(view)) == ["customer_id", "records", "systems", "least_sure_record"]
    untold = replace(view, groups=view.groups.assign(least_sure=float("nan")))
    assert list(tables.groups_table(untold)) == ["customer_id", "records", "systems"]
    half = replace(view, groups=view.groups.assign(least_sure=[0.9, float("nan")]))
    assert list(tables.groups_table(half)) == ["customer_id", "records", "systems", "least_sure_record"]


def test_a_list_that_is_cut_says_so():
    view = a_view()
    rows = [(f"p{k}", 3, 2, 0.9) for k in range(200)]
    cut = replace(view, groups=view.groups.head(0).from_records(rows, columns=view.groups.columns))
    told = without_pictures(page_of(cut).largest)
    assert "The records of customers who have three or more, the first 200 of them, with how sure" in told
    # Twelve of them are shown.
    assert "p11 " in told
    assert "p12 " not in told
    one_less = without_pictures(page_of(replace(cut, groups=cut.groups.head(199))).largest)
    assert "The records of customers who have three or more, with how sure it is that each is theirs." in one_less


@pytest.mark.parametrize(
    ("too_many", "ratio", "limits"),
    [
        # Of 670 records too many: 670 x 0.9 = 603 and 670 x 1.17 = 783.9.
        (670, (0.9, 1.17), (1640, 1526, 1707)),
        # Neither limit lies on the wrong side of what was counted.
        (670, (1.02, 1.17), (1640, 1526, 1640)),
        (670, (0.9, 0.97), (1640, 1640, 1707)),
        # At least one customer, at most as many as records.
        (670, (-0.5, 9.0), (1640, 1, 2310)),
    ],
)
def test_customers_are_as_many_more_or_fewer_as_pairs_are_wrong_or_missed(too_many, ratio, limits):
    goodness = replace(BY_MODEL, right_for_found=Limits(1.0, *ratio), n_missed=Limits(9.0, 5.0, 14.0))
    assert _limit_customers(2310, 2310 - too_many, goodness) == limits


def test_where_nothing_was_brought_together_customers_are_fewer_by_the_pairs_missed():
    missed = replace(BY_MODEL, n_missed=Limits(9.0, 5.0, 14.4))
    assert _limit_customers(2310, 2310, missed) == (2310, 2296, 2310)
    assert _limit_customers(2310, 1640, replace(missed, right_for_found=None)) == (1640, 1640, 2305)
    assert _limit_customers(0, 0, missed) == (0, 0, 0)
    assert _limit_customers(2310, 1640, None) is None
