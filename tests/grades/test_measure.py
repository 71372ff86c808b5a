"""Grades of a company of four, by hand, and what must hold whatever the records are."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.grades import GradesPage, measure_grades
from crm_research.pillars.grades.service import measure_service
from tests.builders import a_study, contracts, orders
from tests.grades.worlds import BOUGHT, CONTACTS, PEOPLE, a_company, answers

# Each study is made in the engine.
pytestmark = pytest.mark.slow
TWO = {"margin": 1.0, "volume": 1.0}


def column(found, name: str) -> dict[str, float]:
    return dict(zip(found.rows["customer_id"], found.places[name], strict=True))


def cells(found, name: str) -> dict[str, float]:
    return dict(zip(found.rows["customer_id"], found.criteria.cells[name], strict=True))


def test_four_businesses_by_hand():
    found = measure_grades(a_company(weights=TWO), position="market_share")
    # Revenue of twelve months, returns taken off; without the consumer, what came after as_of, and before the window.
    assert cells(found, "volume") == {"ann": 1000.0, "bob": 500.0, "cy": 220.0, "dee": 200.0}
    # Less goods, what came back taken off: 1,000 - 400, 500 - 100, 220 - 110, 200 - 120.
    assert cells(found, "margin") == {"ann": 600.0, "bob": 400.0, "cy": 110.0, "dee": 80.0}
    assert cells(found, "cost to serve") == {"ann": 50.0, "bob": 37.0, "cy": 0.0, "dee": 0.0}
    assert cells(found, "position") == {"ann": 0.3, "bob": 0.1, "cy": 0.2, "dee": 0.05}
    assert cells(found, "years together") == pytest.approx(
        {"ann": 1461 / 365.25, "bob": 731 / 365.25, "cy": 1096 / 365.25, "dee": 182 / 365.25}
    )
    # Lengths: root of 600² + 400² + 110² + 80² = 733.826 and of 1,000² + 500² + 220² + 200² = 1,156.893. Bob lies 320
    # and 300 above the worst, .50735 in these lengths, and 200 and 500 below the best, .51095: .50735 of 1.01830. Cy
    # lies 30 and 20 above, .04439, and 490 and 780 below, .94891.
    assert column(found, "near") == pytest.approx({"ann": 1.0, "bob": 0.49823, "cy": 0.04469, "dee": 0.0}, abs=5e-6)
    assert column(found, "place") == {"ann": 1, "bob": 2, "cy": 3, "dee": 4}
    # A fifth of four and a half of four, rounded up.
    assert column(found, "grade") == {"ann": "A", "bob": "B", "cy": "C", "dee": "C"}
    assert found.weighting.weights.to_dict() == {
        "margin": 0.5, "volume": 0.5, "cost to serve": 0.0, "years together": 0.0, "position": 0.0,
    }  # fmt: skip
    assert found.weighting.unweighed == ("cost to serve", "years together", "position")
    # Only 3 of the 4 were there two years ago, and nobody was asked.
    assert dict(found.criteria.left_out) == {
        "lifetime value": "what is still to come of orders cannot be told, as the report on value says",
        "trend": "it is known of 3 of 4 customers",
        "satisfaction": "no customer who is named has answered a survey",
    }
    # Ann leaves 600 - 50 of 600 + 400 + 110 + 80 - 87.
    page = GradesPage.of_result(found, served=measure_service(found))
    left = {figure.group: figure.estimate for figure in page.grades.figures}
    assert left == pytest.approx({"A": 550 / 1103, "B": 363 / 1103, "C": 190 / 1103})


def test_the_trend_is_the_later_part_of_two_stretches_and_fees_are_no_chance():
    people = PEOPLE.assign(registered_at="2020-07-01")
    bought = BOUGHT.loc[BOUGHT["customer_id"].isin(["ann", "bob", "cy"])]
    found = measure_grades(
        a_company(orders=bought, customers=people, contracts=contracts(("dee", "2022-07-01", None, None), fee=[10.0]))
    )
    # Orders move by chance: squares over the squared sum, times m (1 - m), m the mean of the four shares.
    seen = {"ann": 1000 / 1600, "bob": 0.5, "cy": 220 / 550, "dee": 0.5}
    even = sum(seen.values()) / 4
    noise = {"ann": 940_000 / 1600**2, "bob": 0.5, "cy": 205_300 / 550**2, "dee": 0.0}
    variances = [even * (1 - even) * noise[name] for name in found.rows["customer_id"]]
    assert sum(variances) / 4 > pd.Series(seen).var()  # more chance than difference: who buys is not told apart
    assert found.criteria.same == ["years together"]
    assert cells(found, "trend") == pytest.approx(dict.fromkeys(seen, even) | {"dee": 0.5})
    assert found.criteria.n_known["trend"] == 4


def test_answers_of_the_same_customer_say_how_much_is_chance():
    from tests.grades.worlds import many

    found = measure_grades(many())
    rows, believed = found.rows, found.criteria.cells["satisfaction"]
    asked = rows["n_responses"] > 0
    mean = (rows["answered"] / rows["n_responses"])[asked]
    within = (rows["answered_squares"] - rows["answered"] ** 2 / rows["n_responses"])[asked].sum() / 20  # two each
    beyond = mean.var() - within / 2
    assert beyond > 0
    share = beyond / (beyond + within / 2)
    assert believed[asked].to_numpy() == pytest.approx((mean.mean() + share * (mean - mean.mean())).to_numpy())
    assert believed[~asked].unique() == pytest.approx([mean.mean()])
    assert found.criteria.errors["satisfaction"][~asked].unique() == pytest.approx([beyond**0.5])
    assert found.criteria.errors["satisfaction"][asked].unique() == pytest.approx([(share * within / 2) ** 0.5])
    assert found.criteria.n_known["satisfaction"] == 20


def test_judgements_come_from_the_study_and_a_parameter_overrules_them():
    judged = {"Margin over volume": 2, "margin OVER cost_to_serve": 4, "volume over cost to serve": "2",
              "margin over years together": 4, "volume over years_together": 2, "cost to serve over years together": 1,
              "position over margin": 9}  # fmt: skip
    found = measure_grades(a_company(judgements=judged), weighting="judgements")
    assert found.weighting.weights.round(12).to_dict() == {
        "margin": 0.5, "volume": 0.25, "cost to serve": 0.125, "years together": 0.125,
    }  # fmt: skip
    assert found.weighting.judged.consistency_ratio == pytest.approx(0.0, abs=1e-12)
    other = measure_grades(a_company(judgements=judged), judgements={})
    assert other.judged is None
    assert other.why_no_weighting == {"judgements": "no judgements are given"}


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        ({"margin over volume": 0}, "'margin over volume' is judged 0: give a number from 1/9"),
        ({"margin over volume": 12}, "'margin over volume' is judged 12: give a number from 1/9"),
        ({"margin over volume": "1/0"}, "'margin over volume' is judged '1/0'"),
        ({"margin over volume": True}, "'margin over volume' is judged True"),
        ({"margin over volume": 2, "volume over margin": 0.5}, "'volume' and 'margin' are compared twice"),
        ({"margin over margin": 1}, "'margin' is compared with itself"),
        ({"margin > volume": 1}, "'margin > volume' compares no two criteria"),
        ({"margn over volume": 1}, "There is no criterion 'margn'. Did you mean 'margin'?"),
    ],
)
def test_judgements_that_are_none_are_refused(judged, said):
    with pytest.raises(ParameterError, match=r"^" + re.escape(said)):
        measure_grades(a_company(judgements=judged))


def test_a_missing_pair_leaves_the_other_ways_of_weighing():
    judged = {"margin over volume": 3, "margin over cost to serve": 2, "margin over years together": 2,
              "volume over cost to serve": 1, "volume over years together": 1}  # fmt: skip
    page = GradesPage(a_company(), judgements=judged)
    assert repr(page.judgements) == (
        "Caution: Judgements cannot be used: The comparison of 'cost to serve' with 'years together' is missing. Judge "
        "every pair once."
    )
    assert set(page.result.weightings) == {"given", "entropy"}
    refused = measure_grades(a_company(), judgements=judged, weighting="judgements")
    assert not refused.is_graded
    assert refused.why_not == (
        "the weighting asked for cannot be made: The comparison of 'cost to serve' with 'years together' is missing. "
        "Judge every pair once"
    )


def test_contradictions_stand_before_everything_else():
    judged = {
        "margin over volume": 9,
        "volume over cost to serve": 9,
        "cost to serve over margin": 9,
        "years together over margin": 1,
        "years together over volume": 1,
        "years together over cost to serve": 1,
    }
    page = GradesPage(a_company(), judgements=judged)
    first = repr(page.answer.parts[0].render().plain)
    assert "THE JUDGEMENTS CONTRADICT EACH OTHER: consistency ratio 2.408" in first
    assert page.steps()[0].text.startswith("Judge again, beginning with ")
    ratio = next(figure for figure in page.figures if figure.id == "grades.consistency_ratio")
    assert ratio.verdict == "refuted"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": {"margin": -1}}, "The weight of 'margin' must be a number of 0 or more"),
        ({"weights": {"margin": 0, "volume": 0}}, "Not all weights can be 0"),
        ({"weights": {"profit": 1}}, "There is no criterion 'profit'"),
        (
            {"weights": {"years together": 1, "years_together": 2}},
            "The criterion 'years together' is given two weights",
        ),
        (
            {"position": "sector"},
            "position: 'sector' is no column of customers that holds a number. Known: market_share",
        ),
        ({"position": "share"}, "position: 'share' is no column of customers that holds a number"),
        ({"satisfaction_items": ["nps"]}, "satisfaction_items: no customer has answered 'nps'"),
        ({"a_share": 0.6, "b_share": 0.4}, "a_share and b_share are shares of customers that leave some for grade C"),
        ({"who": "consumer"}, "who must be business or all"),
        ({"weighting": "equal"}, "weighting must be one of given, judgements, entropy"),
        ({"n_ranked": 1}, "n_ranked must be from 2 to 20,000"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, said):
    with pytest.raises(ParameterError, match=r"^" + re.escape(said)):
        measure_grades(a_company(), **options)


# Degenerate companies ------------------------------------------------------------------------------------------------


def test_one_customer_and_nobody_and_no_business():
    one = measure_grades(a_study(orders=orders(("ann", "2024-01-05", 10.0), ("ann", "2023-01-05", 10.0))))
    assert (one.n_ranked, one.is_graded) == (1, False)
    assert one.why_not == "1 of them can be ranked, and a grade compares at least 2"
    none = GradesPage(a_company(customers=PEOPLE.assign(kind="consumer")))
    assert repr(none.answer).startswith(
        "Nobody has a grade: of the customers with money or costs in these months the study calls none a business. Set "
        "who to all to grade consumers, too."
    )
    everybody = measure_grades(a_company(customers=PEOPLE.assign(kind="consumer")), who="all")
    assert everybody.n_ranked == 5
    unknown = measure_grades(a_company(customers=PEOPLE.drop(columns="kind")))
    assert unknown.n_ranked == 5
    assert unknown.is_all_kinds


def alike(n: int, **changes):
    """Customers who are the same in everything."""
    names = [f"k{place}" for place in range(n)]
    rows = [(name, day, 50.0) for name in names for day in ("2022-08-01", "2023-08-01")]
    people = pd.DataFrame({"customer_id": names, "kind": "business", "registered_at": "2021-01-01"})
    return a_company(orders=orders(*rows, cost=[20.0] * len(rows)), customers=people, contacts=None, **changes)


@pytest.mark.parametrize("n", [2, 7])
def test_where_all_are_alike_nobody_is_strategic(n):
    page = GradesPage(alike(n, surveys=answers(*((f"k{place}", "2023-09-01", 4) for place in range(n)))))
    assert page.result.why_not == "all of them are alike in everything that weighs"
    assert not page.result.is_graded
    assert page.served is None
    assert [figure.id for figure in page.figures] == []
    assert repr(page.grades) == "Note: Nobody has a grade: all of them are alike in everything that weighs."


def test_whoever_is_alike_across_the_limit_gets_the_lower_grade():
    rows = [("ann", 900.0), ("bob", 500.0), ("cy", 500.0), ("dee", 500.0), ("fay", 100.0)]
    bought = orders(*((name, "2024-01-05", money) for name, money in rows), ("ann", "2023-06-01", 1.0))
    found = measure_grades(a_study(orders=bought), weights={"volume": 1}, a_share=0.4, b_share=0.2)
    assert column(found, "place") == {"ann": 1, "bob": 4, "cy": 4, "dee": 4, "fay": 5}
    assert column(found, "grade") == {"ann": "A", "bob": "C", "cy": "C", "dee": "C", "fay": "C"}
    assert column(found, "any_share") == {"ann": 1.0, "bob": 0.0, "cy": 0.0, "dee": 0.0, "fay": 0.0}


def test_a_single_criterion_and_negative_money():
    bought = orders(
        ("ann", "2024-01-05", 100.0), ("bob", "2024-01-05", -300.0), ("cy", "2024-01-06", 50.0),
        ("ann", "2023-06-01", 1.0), ("bob", "2023-06-01", 400.0), ("cy", "2023-06-01", 1.0),
        kind=["sale", "return", "sale", "sale", "sale", "sale"],
    )  # fmt: skip
    page = GradesPage(a_study(orders=bought), weights={"volume": 1})
    assert cells(page.result, "volume") == {"ann": 100.0, "bob": -300.0, "cy": 50.0}
    assert column(page.result, "grade") == {"ann": "A", "cy": "B", "bob": "C"}
    # All of them together leave less than nothing: no share of it is told.
    assert [figure for figure in page.figures if figure.id == "grades.contribution_share"] == []
    assert repr(page.answer).startswith("1 of 3 customers is strategic (grade A) and brings 100 EUR of revenue.\n")
    assert "the cost to serve alone" not in repr(page.service)


def test_the_cost_to_serve_alone_says_nothing_of_what_fits():
    page = GradesPage(a_company(weights={"cost to serve": 1}))
    assert column(page.result, "grade") == {"cy": "B", "dee": "B", "bob": "C", "ann": "C"}
    assert page.served is None
    assert repr(page.service) == (
        "Note: Customers are graded by the cost to serve alone, so whether it fits their grade has no meaning."
    )


def test_contracts_alone_are_graded_by_fees():
    deals = contracts(
        ("ann", "2022-01-01", None, None), ("bob", "2023-01-01", None, None), ("cy", "2021-01-01", "2023-10-01", "x"),
        fee=[10.0, 30.0, 20.0],
    )  # fmt: skip
    found = measure_grades(a_study(contracts=deals))
    assert cells(found, "volume") == pytest.approx({"ann": 120.0, "bob": 360.0, "cy": 60.0})
    assert found.criteria.left_out["margin"] == "no cost of goods is recorded, so it would be volume again"


def test_where_all_criteria_put_customers_in_one_order_nothing_is_said_of_weights():
    bought = orders(
        *((f"k{place}", "2024-01-05", 10.0 * place) for place in range(1, 7)),
        cost=[4.0 * place for place in range(1, 7)],
    )
    page = GradesPage(a_study(orders=bought))
    assert page.result.telling == ["margin", "volume"]
    assert repr(page.answer).splitlines()[1] == (
        "Margin and volume put customers in the same order, so who is strategic does not hang on weights."
    )
    assert {figure.id for figure in page.figures} == {"grades.contribution_share"}
    assert GradesPage(a_study(orders=bought), weights={"volume": 2}).result.telling == ["volume"]


# What must hold whatever the records are ----------------------------------------------------------------------------


def money_of(study_frame: pd.DataFrame, factor: float) -> pd.DataFrame:
    return study_frame.assign(revenue=study_frame["revenue"] * factor, cost=study_frame["cost"] * factor)


def test_another_currency_and_another_order_of_rows_change_nothing():
    first = measure_grades(a_company(), position="market_share")
    dearer = measure_grades(
        a_company(orders=money_of(BOUGHT, 7.5), contacts=CONTACTS.assign(cost=CONTACTS["cost"] * 7.5)),
        position="market_share",
    )
    mixed = measure_grades(
        a_company(
            orders=BOUGHT.sample(frac=1, random_state=3), customers=PEOPLE.iloc[::-1], contacts=CONTACTS.iloc[::-1]
        ),
        position="market_share",
    )
    for other in (dearer, mixed):
        pd.testing.assert_frame_equal(other.places, first.places, rtol=1e-9)
        assert other.rows["customer_id"].tolist() == first.rows["customer_id"].tolist()


def test_a_customer_who_is_worse_in_everything_leaves_the_best_the_best():
    added = orders(("low", "2024-06-01", 20.0), cost=[19.0])
    added["order_id"] = "extra"
    low = pd.DataFrame(
        {"customer_id": ["low"], "kind": ["business"], "registered_at": ["2024-06-01"], "market_share": [0.01]}
    )
    called = pd.DataFrame(
        {"contact_id": ["c9"], "customer_id": ["low"], "opened_at": ["2024-06-02"], "kind": ["visit"], "cost": [60.0]}
    )
    before = measure_grades(a_company(), position="market_share")
    after = measure_grades(
        a_company(
            orders=pd.concat([BOUGHT, added.assign(kind="sale")]),
            customers=pd.concat([PEOPLE, low]),
            contacts=pd.concat([CONTACTS, called]),
        ),
        position="market_share",
    )
    first = before.rows["customer_id"][before.places["place"].idxmin()]
    assert after.rows["customer_id"][after.places["place"].idxmin()] == first
    assert column(after, "place")["low"] == 5


def test_only_the_largest_are_ranked_and_the_page_says_so():
    page = GradesPage(a_company(weights=TWO), n_ranked=2)
    assert page.result.rows["customer_id"].tolist() == ["ann", "bob"]
    assert (page.result.n_all, page.result.income_all) == (4, 1920.0)
    assert "those of 4 who bring most, 78 % of what all bring. The others have no grade." in repr(page.counted)
