"""What is said and shown of planted grades: whole pages, then each branch of a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.grades import advice, setting, summary_table, words
from crm_research.pillars.grades.figures import estimators, grade_figures
from crm_research.pillars.grades.weighing import GIVEN, JUDGED
from tests.grades.planted import ROWS, a_grading, a_service, judged, page_of, some_criteria, some_weights
from tests.grades.test_told import SECTIONS
from tests.told import check_figures, hold, tell_planted

TOLD = Path(__file__).parent / "told"


def contradicting():
    held = a_grading()
    weightings = {
        GIVEN: some_weights(GIVEN, *[0.2] * 5, is_equal=True),
        JUDGED: some_weights(JUDGED, 0.61, 0.27, 0.0, 0.12, 0.0, judged=judged(0.31)),
    }
    return replace(held, weightings=weightings, used=JUDGED, kinds={}, why_no_weighting={"entropy": "all are alike"})


def not_graded():
    held = a_grading()
    return replace(
        held,
        places=held.places.head(0),
        why_not="at least two customers are needed",
        weightings={},
        why_no_weighting={JUDGED: "no judgements are given"},
    )


def nobody():
    return replace(not_graded(), rows=ROWS.head(0), n_all=0, income_all=0.0)


PAGES = {
    "planted": lambda: page_of(a_grading(), a_service()),
    "planted-contradicting": lambda: page_of(
        contradicting(), a_service(under=a_service().under.head(0), can_tell_under=False)
    ),
    "planted-not-graded": lambda: page_of(not_graded(), None),
    "planted-nobody": lambda: page_of(nobody(), None),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_planted_numbers_is_told_as_it_was(name):
    page = PAGES[name]()
    told = tell_planted(
        page,
        SECTIONS,
        figures=check_figures(grade_figures(page.result, page.served), signed=("grades.contribution_share",)),
        summary=summary_table(page.result, page.served),
        estimators=estimators(page.result),
    )
    hold(told, TOLD / f"{name}.txt")


def with_left(*amounts, **sources):
    """Customers whose goods cost as much as is needed for these to be left."""
    held = a_grading()
    rows = ROWS.assign(income=1000.0, goods=1000.0 - np.array(amounts), service=0.0, contacts=0.0, capital=0.0)
    return replace(held, rows=rows, sources={**held.sources, **sources})


def test_what_strategic_customers_leave_is_said_for_each_way_it_may_stand():
    begin = "2 of 8 business customers are strategic (grade A)"
    assert words.say_strategic(with_left(300, 100, 50, 50, 0, 0, 0, 0)) == (
        f"{begin} and leave 400 EUR of profit, 80 % of what all of them leave."
    )
    assert words.say_strategic(with_left(300, 100, -50, -50, 0, 0, 0, 0)) == (
        f"{begin} and leave 400 EUR of profit, more than the 300 EUR of all of them together: others cost money."
    )
    assert words.say_strategic(with_left(300, 100, -500, 0, 0, 0, 0, 0)) == f"{begin} and leave 400 EUR of profit."
    assert words.say_strategic(with_left(0, 0, 5, 0, 0, 0, 0, 0)) == f"{begin} and leave 0 EUR of profit."
    assert (
        words.say_strategic(with_left(-300, 100, 0, 0, 0, 0, 0, 0)) == f"{begin} and cost 200 EUR more than they bring."
    )
    none = dict.fromkeys(("goods", "service", "contacts"), False)
    assert words.say_strategic(with_left(-300, 100, 0, 0, 0, 0, 0, 0, **none)) == (
        f"{begin} and gave back 200 EUR more than they bought."
    )
    assert words.say_strategic(with_left(300, 100, 50, 50, 0, 0, 0, 0, **none)) == (
        f"{begin} and bring 400 EUR of revenue, 80 % of what all of them bring."
    )
    one = with_left(300, 100, 50, 50, 0, 0, 0, 0)
    one = replace(one, places=one.places.assign(grade=list("ABBBCCCC")))
    assert words.say_strategic(one) == (
        "1 of 8 business customers is strategic (grade A) and leaves 300 EUR of profit, 60 % of what all of them leave."
    )
    nobody_a = replace(one, places=one.places.assign(grade="C"), who="all")
    assert words.say_strategic(nobody_a) == (
        "Of 8 customers none is strategic: those who stand first are alike, and too many."
    )


SURE = "strategic whatever the weights, under 90 %"
OTHERS = "so under some weights and not under others."


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([0.9, 0.1001, 0.0999, 0.0], f"1 is {SURE} or more of all mixes of them; 1 is {OTHERS}"),
        ([0.95, 0.9, 0.5, 0.2], f"2 are {SURE} or more of all mixes of them; 2 are {OTHERS}"),
        (
            [0.95, 0.0999, 0.0, 0.0],
            f"1 is {SURE} or more of all mixes of them; nobody else is so under more than hardly any weights.",
        ),
        ([0.8999, 0.5, 0.0, 0.0], f"Nobody is {SURE} of all mixes of them; 2 are {OTHERS}"),
    ],
)
def test_how_sure_it_is_begins_at_the_level_of_the_limits(shares, said):
    held = a_grading()
    assert words.say_sure(replace(held, places=held.places.assign(any_share=[*shares, 0.0, 0.0, 0.0, 0.0]))) == said


def test_where_one_order_is_all_that_weighs_weights_do_not_matter():
    held = a_grading()
    one = replace(held, weightings={GIVEN: some_weights(GIVEN, 0.0, 1.0, 0.0, 0.0, 0.0)})
    assert words.say_sure(one) == ("Only volume tells customers apart, so who is strategic does not hang on weights.")
    cells = some_criteria().cells.assign(margin=lambda frame: 2 * frame["volume"])
    two = replace(
        held, criteria=some_criteria(cells=cells), weightings={GIVEN: some_weights(GIVEN, 0.5, 0.5, 0.0, 0.0, 0.0)}
    )
    assert words.say_sure(two) == (
        "Margin and volume put customers in the same order, so who is strategic does not hang on weights."
    )
    assert words.say_ways(two) == ""
    # What costs least is best: the order turned round is one order, too.
    turned = replace(two, criteria=some_criteria(cells=cells.assign(margin=-cells["volume"])))
    assert turned.hangs_on_weights


RATES = "6.84 contacts a year besides complaints, and standard ones 1.62"


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (1.01, 9.0, f"Strategic customers get more than standard ones: {RATES}."),
        (0.2, 0.99, f"Strategic customers get less than standard ones: {RATES}."),
        (1.0, 9.0, f"Strategic customers get {RATES}: no difference beyond chance."),
        (0.2, 1.0, f"Strategic customers get {RATES}: no difference beyond chance."),
    ],
)  # fmt: skip
def test_service_is_more_or_less_beyond_chance_alone(lower, upper, said):
    held = a_grading()
    found = replace(held, criteria=some_criteria(cells=held.criteria.cells.drop(columns="cost to serve")),
                    sources={**held.sources, "service": False, "contacts": False})  # fmt: skip
    compared = a_service().compared.assign(lower=lower, upper=upper)
    assert words.say_service(found, a_service(compared=compared)) == said
    none = a_service(compared=compared.head(0), contacts=pd.DataFrame())
    assert words.say_service(found, none) == "What customers get of visits and service is not recorded."
    assert words.say_service(found, a_service(compared=compared.head(0))) == ""
    assert words.say_service(found, None) == ""
    assert words.say_of_grades(found) == ""


def test_misfits_are_counted_in_the_singular_and_where_there_are_none():
    held, service = a_grading(), a_service()
    looked = "beyond chance, of the 6 who were looked at"
    nobody = "Nobody gets more or less than fits beyond chance in any of the 6 who were looked at."
    over = "1 business customer of grade C gets more contacts than those of grade A on average"
    under = "2 business customers of grade A get fewer than those of grade C on average"
    assert words.say_misfits(held, service) == f"{over} and {under}, {looked}."
    assert words.say_misfits(held, a_service(over=service.over.head(0))) == f"{under}, {looked}."
    empty = {"over": service.over.head(0), "under": service.under.head(0)}
    assert words.say_misfits(held, a_service(**empty)) == nobody
    assert words.say_misfits(held, a_service(**empty, can_tell_under=False)) == (
        f"{nobody} Nobody of grade A could be told to get too little: contacts are so few that none at all is no sign."
    )
    assert words.say_misfits(held, a_service(n_tested=0)) == (
        "Whether single customers get more or less than fits cannot be told."
    )


def test_judgements_are_said_to_agree_up_to_the_usual_limit():
    assert words.say_consistency(judged(0.1)) == (
        "The judgements agree with each other well enough: consistency ratio 0.100, where 0 is full agreement and 0.10 "
        "the usual limit."
    )
    assert words.say_consistency(judged(0.1004)) == (
        "THE JUDGEMENTS CONTRADICT EACH OTHER: consistency ratio 0.100, above the limit of 0.10. Do not use their "
        "weights before they are made again. Begin with margin over trend: judged 5 times as important, while all "
        "judgements together say 1/2 as important."
    )
    two = replace(judged(0.0), weights=pd.Series({"margin": 0.7, "trend": 0.3}))
    assert words.say_consistency(two) == "Two criteria alone are judged: one judgement cannot contradict itself."
    assert [words._say_ratio(value) for value in (1.04, 0.97, 1.05, 0.2, 3.333)] == [
        "equally important", "equally important", "1.1 times as important", "1/5 as important",
        "3.3 times as important",
    ]  # fmt: skip


def test_who_is_graded_is_said_with_what_they_bring():
    held = a_grading()
    days = "2023-07-01 to 2024-06-30 (12 months)"
    assert setting.say_ranked(held) == (
        f"Graded are 8 business customers with money or costs from {days}: those of 31 who bring most, 79 % of what "
        "all bring. The others have no grade."
    )
    assert setting.say_ranked(replace(held, n_all=8)) == (
        f"Graded are 8 business customers with money or costs from {days}."
    )
    assert setting.say_ranked(replace(held, income_all=0.0, who="all")) == (
        f"Graded are 8 customers with money or costs from {days}: those of 31 who bring most. The others have no grade."
    )
    one = replace(not_graded(), rows=ROWS.head(1), n_all=1)
    assert setting.say_ranked(one) == f"Looked at is 1 business customer with money or costs from {days}."
    assert (
        setting.say_ranked(replace(one, rows=ROWS.head(0), kinds={})) == f"No customer has money or costs from {days}."
    )
    none = replace(held, window=replace(held.window, months=0))
    assert setting.say_window(none) == "2023-07-01 to 2024-06-30"


def test_why_nobody_is_graded():
    held = nobody()
    assert words.say_no_grades(held) == (
        "Nobody has a grade: of the customers with money or costs in these months the study calls none a business. Set "
        "who to all to grade consumers, too."
    )
    assert words.say_no_grades(replace(held, who="all")) == (
        "Nobody has a grade: no customer has money or costs in these months."
    )
    assert words.say_no_grades(replace(held, kinds={})) == (
        "Nobody has a grade: no customer has money or costs in these months."
    )
    assert words.say_no_grades(not_graded()) == "Nobody has a grade: at least two customers are needed."


def test_what_is_to_be_done_hangs_on_who_is_sure_and_who_was_asked():
    held = a_grading()
    assert (
        next(advice.steps(held, None)).text
        == "Give the 2 business customers who are strategic whatever the weights a person in charge."
    )
    one = replace(held, places=held.places.assign(any_share=[0.95, *[0.0] * 7]))
    assert next(advice.steps(one, None)).text == (
        "Give the one customer who is strategic whatever the weights a person in charge."
    )
    none = replace(held, places=held.places.assign(any_share=0.0))
    assert next(advice.steps(none, None)).text == ("Agree first on what matters: who is strategic hangs on it.")
    weighed = replace(held, weightings={GIVEN: some_weights(GIVEN, 0.2, 0.2, 0.2, 0.2, 0.2)})
    assert words.say_unasked(weighed) == 1
    assert words.say_unasked(held) == 0
