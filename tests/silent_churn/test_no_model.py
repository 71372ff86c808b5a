"""Where no model of buying and leaving can be had, a manager reads what the records can tell and what to do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crm_research.pillars import silent_churn as sc
from crm_research.pillars.silent_churn import advice
from tests.builders import a_study, orders
from tests.silent_churn.test_told import measured, page_of


@pytest.fixture(scope="module")
def all_buy_once():
    rows = [(f"c{place}", f"2024-0{1 + place % 6}-1{place % 7}", 10.0 + place) for place in range(23)]
    return sc.describe_silence(a_study(orders=orders(*rows)))


def test_where_all_buy_once_the_answer_names_no_model_and_says_what_is_known(all_buy_once):
    assert advice.answer(all_buy_once) == [
        (
            "These records cannot say how many of the 23 customers have left: nobody bought a second time, so how long "
            "a customer stays away and still comes back is not known."
        ),
        "Nor can anybody be named who is slipping away: 0 customers bought on more than one day, 23 did not.",
        "",
    ]
    assert [step.text for step in advice.steps(all_buy_once)] == [
        (
            "Record on, and look again once there are 10 customers of whom 5 bought again (23 and 0 so far): until "
            "then call nobody lost."
        ),
        (
            "See to it that an order carries the id that its customer had before: with a new id at every order all "
            "look new."
        ),
    ]


def test_what_came_after_is_told_and_few_customers_are_too_few():
    few = measured("nothing")
    assert advice.answer(few)[0].endswith(
        ": how long customers stay away and still come back is learnt from 10 of them at the least."
    )
    check = few.holdout
    assert advice.answer(few)[2] == "In the 22 weeks after, 1 purchase of these customers came."
    more = replace(few, holdout=replace(check, observed=7))
    assert advice.answer(more)[2] == "In the 22 weeks after, 7 purchases of these customers came."
    none = replace(few, holdout=replace(check, observed=0))
    assert advice.answer(none)[2] == "In the 22 weeks after, no purchase of these customers came."


@pytest.mark.parametrize(
    ("again", "why"),
    [
        (4, "only 4 bought a second time, too few to learn how long one stays away and still comes back."),
        (5, "their purchases follow no pattern that tells how long one stays away and still comes back."),
    ],
)  # fmt: skip
def test_few_who_bought_again_and_none_whose_purchases_fit_are_told_apart(all_buy_once, again, why):
    silence = replace(all_buy_once, n_repeaters=again)
    assert advice.answer(silence)[0].endswith(f"customers have left: {why}")
    assert len([*advice.steps(silence)]) == (2 if again < 5 else 1)


def test_the_managers_part_has_no_empty_picture_and_no_name_of_a_model(all_buy_once):
    page = page_of(all_buy_once)
    assert page.answer.charts == ()
    assert not re.search(r"NBD|Nothing to draw|Read it from left", f"{page.answer!r}{page.advice!r}")
