"""Each clause of the question that a survey cannot answer is answered by why not and what would tell, and by a step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.satisfaction import advice, describe_satisfaction
from crm_research.pillars.satisfaction.words import answer, answer_proofs, means_finding
from tests.builders import a_study, orders
from tests.satisfaction.test_satisfaction import long_form

ALIKE = "What matters to customers is not known: all gave the same answers, so nothing goes with anything; "
NO_ORDERS = (
    "Who is loyal by conviction rather than by habit is not known: it shows where what customers say is put beside "
    "what they buy, and these records hold no purchases; orders under the ids of those who answer would tell."
)


def told(answers: pd.DataFrame, **tables: pd.DataFrame):
    surveys = long_form(answers, "2024-05-10")
    return describe_satisfaction(a_study(as_of="2024-07-01", surveys=surveys, **tables), n_bootstraps=20)


def test_a_survey_of_tops_alone_answers_all_three_questions():
    found = told(pd.DataFrame({"satisfaction": [7.0] * 40, "price": [7.0] * 40}, index=[f"c{i}" for i in range(40)]))
    lines = answer(found)
    assert answer_proofs(found) == ["means", "priorities", "conviction"]
    assert lines[1] == f"{ALIKE}questions that divide them would tell."
    assert lines[2] == NO_ORDERS
    assert means_finding(found) == "No item is rated clearly better than the others: all lie at 100 of 100"
    assert [step.text for step in advice.steps(found)] == [
        "Ask for what customers miss, or on a finer scale: answers that are all alike tell nothing apart.",
        "Hand in the orders of those who answer, under the same ids.",
    ]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (
            {"price": [3.0, 4.0, 6.0]},
            "nobody was asked whether they are satisfied or would recommend us, which would tell",
        ),
        (
            {"satisfaction": [3.0, 4.0, 6.0]},
            "nothing was asked for that could lead to satisfaction; ratings of price, quality or service would tell",
        ),
        (
            {"satisfaction": [3.0, 4.0, 6.0], "price": [5.0, 5.0, 5.0]},
            "too few answered all questions, or their answers differ too little; more answers would tell",
        ),
    ],
)
def test_why_it_is_not_known_what_matters(answers, why):
    found = told(pd.DataFrame(answers, index=["c0", "c1", "c2"]))
    assert answer(found)[1] == f"What matters to customers is not known: {why}."
    assert "priorities" in [step.see for step in advice.steps(found)]


def test_anonymous_answers_beside_orders_say_what_would_tell():
    rng = np.random.default_rng(3)
    rows = [
        (f"r{i}", "2024-05-10", item, float(rng.integers(2, 6)), 1.0, 5.0)
        for i in range(60)
        for item in ("satisfaction", "speed", "price")
    ]
    surveys = pd.DataFrame(rows, columns=["response_id", "asked_at", "item", "score", "scale_min", "scale_max"])
    bought = orders(("c1", "2024-01-03", 5.0), ("c2", "2024-02-03", 7.0))
    found = describe_satisfaction(a_study(as_of="2024-07-01", surveys=surveys, orders=bought), n_bootstraps=20)
    assert answer(found)[2] == (
        "Who is loyal by conviction rather than by habit is not known: all answers are anonymous, so nobody's can be "
        "put beside what they buy; answers under a customer's id would tell."
    )
    assert "Ask under customers' ids, so that answers can be put beside purchases." in [
        step.text for step in advice.steps(found)
    ]


def test_where_nobody_answered_something_is_to_be_done():
    surveys = long_form(pd.DataFrame({"price": [5.0]}, index=["c0"]), "2023-05-10")
    found = describe_satisfaction(a_study(as_of="2022-01-01", surveys=surveys))
    assert [step.text for step in advice.steps(found)] == [
        "Ask customers how satisfied they are, and whether they would recommend us."
    ]
