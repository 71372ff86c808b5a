"""Customers who lose money, who were visited before they bought, who are one or none: sentences that hold then, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.grades import GradesPage, measure_grades, measure_service, setting, tables, words
from crm_research.pillars.grades.advice import gravest_doubt, steps
from crm_research.pillars.grades.charts import places_title
from crm_research.pillars.grades.placing import count_draws
from tests.builders import a_study, orders
from tests.grades.worlds import PEOPLE, a_company, many

SOLD = [(f"c{place:02d}", "2024-01-05", 10.0 + place) for place in range(12)]


@pytest.mark.slow
def test_contacts_before_somebody_was_a_customer_are_not_over_the_years_they_were_one():
    # New is visited five times to be won, and once on the day of the first order and after; the others twice in a year.
    rows = [("old", "2022-07-01", 9.0), ("old", "2024-01-01", 50.0), ("new", "2024-05-01 12:00", 40.0)]
    rows += [("other", "2022-07-01", 9.0), ("other", "2024-02-01", 30.0)]
    days = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-04-30", "2024-05-01", "2024-06-01"]
    who = ["new"] * 7 + ["old"] * 2 + ["other"] * 2
    at = [*days, "2023-08-01", "2024-03-03", "2023-09-01", "2024-04-04"]
    met = pd.DataFrame({"contact_id": [f"k{n}" for n in range(11)], "customer_id": who, "opened_at": at})
    study = a_study(orders=orders(*sorted(rows, key=lambda row: row[1])), contacts=met.assign(kind="visit", cost=1.0))
    found = measure_grades(study, weights={"volume": 1})
    visits = found.rows.set_index("customer_id")["n_visit"]
    assert visits.to_dict() == {"old": 2, "other": 2, "new": 2}
    # What it cost to win them is a cost all the same.
    assert found.rows.set_index("customer_id")["contacts"].to_dict() == {"old": 2, "other": 2, "new": 7}
    service = measure_service(found)
    assert service is not None
    held = service.contacts.loc[service.contacts["kind"] == "visit"]
    # 366 days of the two others and 60.5 of new, in years of 365.25.
    assert (held["n"].sum(), held["years"].sum()) == (6, pytest.approx((366 * 2 + 60.5) / 365.25))


@pytest.mark.slow
def test_strategic_customers_who_lose_money_are_not_said_to_leave_some():
    rows = orders(*SOLD, cost=[1.5 * money for *_, money in SOLD])
    found = measure_grades(a_study(orders=rows), weights={"volume": 1})
    assert words.say_strategic(found) == (
        "3 of 12 customers are strategic (grade A) and cost 30 EUR more than they bring."
    )
    assert found.left.nsmallest(3).sum() == -0.5 * (21 + 20 + 19)
    back = [(who, "2024-02-05", -2 * money) for who, _, money in SOLD]
    frame = orders(*SOLD, *back, kind=["sale"] * 12 + ["return"] * 12)
    returned = measure_grades(a_study(orders=frame), weights={"volume": 1}, a_share=0.05)
    assert words.say_strategic(returned) == (
        "1 of 12 customers is strategic (grade A) and gave back 10 EUR more than it bought."
    )


@pytest.mark.slow
def test_the_list_holds_those_who_are_counted_as_strategic():
    found = measure_grades(many(60, seed=4, care=9.0))
    listed = tables.sure_table(found)
    assert len(listed) == int(found.is_sure.sum()) + int(found.is_possible.sum())
    assert len(listed) < (found.places["any_share"] > 0).sum()
    assert listed["weightings_share"].min() > 1 - found.confidence


@pytest.mark.slow
def test_nobody_is_asked_for_what_no_place_hangs_on():
    found = measure_grades(many(60, seed=4, care=9.0))
    assert "satisfaction" in found.telling
    assert words.say_unasked(found) > 1
    mute = replace(found.criteria, cells=found.criteria.cells.assign(satisfaction=0.5))
    alike = replace(found, criteria=mute)
    assert words.say_unasked(alike) == 0
    assert not [step for step in steps(alike, None) if "satisfied" in step.text]
    said = next(one for one in setting.cautions(alike) if one.startswith("Satisfaction is known of"))
    assert said.endswith("Whoever is not known stands at the mean.")


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (PEOPLE.assign(kind="consumer"), "No business customer has money or costs from 2023-07-01 to 2024-06-30"),
        (PEOPLE.assign(kind=["business", *["consumer"] * 4]), "Looked at is 1 business customer with money or costs"),
    ],
)
@pytest.mark.slow
def test_of_nobody_and_of_one_nothing_is_said_to_be_alike(people, said):
    found = measure_grades(a_company(customers=people))
    assert setting.say_ranked(found).startswith(said)
    assert list(setting.cautions(found)) == []
    assert GradesPage.of_result(found).answer.is_missing is False


@pytest.mark.slow
def test_criteria_that_weigh_as_much_are_named_together_and_none_is_none():
    rows = orders(*SOLD, cost=[0.5 * money for *_, money in SOLD])
    found = measure_grades(a_study(orders=rows))
    assert "margin and volume weigh most there, 50 % each, for customers are least alike in them" in (
        words.say_entropy_warning(found)
    )
    wide = replace(found, places=found.places.assign(upper=12.0))
    assert places_title(wide) == "Of the first 12, none stays of grade A when weights move a little"
    assert gravest_doubt(found).startswith("Cost to serve is left out")


def test_fewer_mixes_are_drawn_for_many_customers_and_no_more_are_claimed():
    assert [count_draws(n) for n in (0, 2, 10_000, 20_000, 10**9)] == [500, 500, 500, 250, 100]
    assert np.prod([count_draws(20_000), 20_000]) == 5_000_000
