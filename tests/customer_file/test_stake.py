"""What is at stake, how likely contracts end, what is missing among people, and what is to be done: by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.customer_file import measure_file, tables
from crm_research.pillars.customer_file.measure import NOBODY_DECIDES, NOBODY_FOR_US, NOBODY_KNOWN, NOBODY_SPOKEN_TO
from crm_research.pillars.customer_file.next_steps import NOTHING, steps_of
from crm_research.pillars.customer_file.words import say_people
from crm_research.pillars.customer_file.worth import _contract_chances, put_at_stake, year_before
from tests.customer_file.worlds import CONTACTS, PEOPLE, workshop


def at_stake(**changes):
    row = {
        "customer_id": "a", "revenue": 600.0, "fees": 200.0, "profit": 400.0, "leave": 0.25, "leave_lower": 0.2,
        "leave_upper": 0.5, "gone": 0.75, "gone_lower": 0.5, "gone_upper": 0.9, **changes,
    }  # fmt: skip
    return put_at_stake(pd.DataFrame([row])).iloc[0].tolist()


def test_each_part_of_income_has_its_own_chance_to_end():
    # (200 x .25 + 600 x .75) / 800 = .625 of 400; (40 + 300) / 800 and (100 + 540) / 800 at the limits.
    assert at_stake() == pytest.approx([250.0, 170.0, 320.0])


def test_where_one_chance_is_not_known_the_other_stands_for_both():
    nan = dict.fromkeys(("leave", "leave_lower", "leave_upper"), np.nan)
    assert at_stake(**nan) == pytest.approx([300.0, 200.0, 360.0])
    nan = dict.fromkeys(("gone", "gone_lower", "gone_upper"), np.nan)
    assert at_stake(**nan) == pytest.approx([100.0, 80.0, 200.0])


def test_nothing_is_at_stake_of_who_leaves_nothing_and_nothing_is_known_without_chances():
    assert at_stake(profit=-30.0) == [0.0, 0.0, 0.0]
    unknown = dict.fromkeys(("leave", "leave_lower", "leave_upper", "gone", "gone_lower", "gone_upper"), np.nan)
    assert np.isnan(at_stake(**unknown)).all()
    assert np.isnan(at_stake(revenue=0.0, fees=0.0)).all()


def test_contracts_with_a_higher_fee_count_as_much_more():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "c"],
            "risk_12m": [0.2, 0.6, np.nan, 0.3, np.nan],
            "lower_12m": [0.1, 0.5, np.nan, 0.2, np.nan],
            "upper_12m": [0.4, 0.8, np.nan, 0.5, np.nan],
            "fee": [30.0, 10.0, 99.0, 0.0, 5.0],
        }
    )
    predicted = SimpleNamespace(risks=SimpleNamespace(rows=rows, main_months=12))
    leaving = SimpleNamespace(predicted=predicted, months=12)
    found = _contract_chances(leaving, ["a", "b", "c"]).set_index("customer_id")
    assert found.loc["a"].tolist() == pytest.approx([0.3, 0.2, 0.5, 3, 2])
    assert found.loc["b"].tolist() == pytest.approx([0.3, 0.2, 0.5, 1, 1])
    assert found.loc["c", "n_running"] == 1
    assert np.isnan(found.loc["c", "leave"])


def test_a_year_before_a_leap_day_is_the_day_before_it_would_be():
    assert year_before(pd.Timestamp("2024-02-29").to_pydatetime()) == pd.Timestamp("2023-02-28")
    assert year_before(pd.Timestamp("2024-06-30 12:00").to_pydatetime()) == pd.Timestamp("2023-06-30 12:00")


@pytest.fixture(scope="module")
def file():
    return measure_file(workshop(), customers=("mill", "bakery", "ada"))


@pytest.mark.slow
def test_money_is_that_of_the_window_to_the_cent(file):
    # July 2023 to June 2024: 700 + 300 - 50 and 12 months of 30, of 11 and of 17 less goods 400 + 170 - 30.
    mill = file.of("mill")
    assert (mill["revenue"], mill["goods"], mill["n_orders"]) == (950.0, 540.0, 2)
    assert mill["fees"] == pytest.approx(12 * 58.0, abs=0.5)
    assert mill["profit"] == pytest.approx(950.0 - 540.0 + mill["fees"])
    assert file.of("bakery")["profit"] == -15.0
    # The purchase on the day of as_of lies after the last whole month.
    assert np.isnan(file.of("ada")["profit"])


@pytest.mark.slow
def test_gaps_are_told_of_businesses_alone(file):
    assert file.gaps == {"mill": (NOBODY_DECIDES,), "bakery": (NOBODY_KNOWN,)}


@pytest.mark.slow
def test_nobody_was_spoken_to_where_the_last_talk_is_a_year_old():
    # Bo was spoken to on 2 July 2023, within the year before 1 July 2024; Ann the day before it began.
    without = workshop(contacts=CONTACTS.loc[CONTACTS["contact_id"] != "t2"])
    assert measure_file(without, customers=("mill",)).gaps["mill"] == (NOBODY_DECIDES, NOBODY_SPOKEN_TO)
    # Where contacts name no person, a talk with the customer counts.
    unnamed = workshop(contacts=CONTACTS.drop(columns="person_id"))
    assert measure_file(unnamed, customers=("mill",)).gaps["mill"] == (NOBODY_DECIDES,)
    assert measure_file(workshop(contacts=None), customers=("mill",)).gaps["mill"] == (NOBODY_DECIDES,)


@pytest.mark.slow
def test_nobody_for_us_is_a_gap():
    study = workshop(people=PEOPLE.assign(stance=[None, "neutral", "against", "for", "for"]))
    assert measure_file(study, customers=("mill",)).gaps["mill"] == (NOBODY_DECIDES, NOBODY_FOR_US)


@pytest.mark.slow
def test_whoever_is_for_us_in_one_role_and_against_in_another_is_counted_once():
    rows = [
        ("mill", "n1", "decides", "for"), ("mill", "n1", "buys", "against"), ("mill", "n2", "uses", "against"),
        ("mill", "n3", "uses", None), ("bakery", "n1", "decides", "for"), ("bakery", "n1", "buys", "for"),
        ("ada", "n1", "uses", "against"), ("ada", "n1", "buys", "for"), ("ada", "n2", "uses", "for"),
        ("ada", "n2", "buys", "against"),
    ]  # fmt: skip
    people = pd.DataFrame(rows, columns=["customer_id", "person_id", "role", "stance"]).assign(since="2022-01-01")
    file = measure_file(workshop(people=people, contacts=None), customers=("mill", "bakery", "ada"))
    mill, bakery, ada = say_people(file)
    assert mill == (
        "3 people are known at customer mill; nobody is for us and one against, and one is for us in one role and "
        "against us in another. Somebody who decides is known."
    )
    assert bakery == (
        "1 person is known at customer bakery; one is for us and nobody against. Somebody who decides is known."
    )
    assert ada == (
        "2 people are known at customer ada; nobody is for us and nobody against, and two are for us in some roles and "
        "against us in others. Missing: nobody who decides."
    )


@pytest.mark.slow
def test_steps_come_in_their_order_with_their_reasons(file):
    assert [(one.what, one.why) for one in steps_of(file, "mill")] == [
        ("settle the 2 complaints that are open", "the oldest is open since 2024-05-02"),
        (
            "ask for the 300 EUR that are overdue",
            "bills past their day are not paid; the worst bill of the last year was 111 days late",
        ),
        ("find out who decides there", "nobody who decides is known"),
    ]
    assert [(one.what, one.why) for one in steps_of(file, "bakery")] == [
        ("find out who buys there, and who decides", "nobody there is known"),
        ("look at what the customer costs", "15 EUR more than the customer brings"),
    ]
    assert [one.what for one in steps_of(file, "ada")] == [NOTHING]


@pytest.mark.slow
def test_lists_with_names_are_apart_from_what_a_page_shows(file):
    assert "person_name" not in tables.people_table(file)
    assert tables.people_list(file)["person_name"].tolist() == ["Ann Decider", "Bo Buyer"]


@pytest.mark.slow
def test_a_link_that_is_not_sure_is_doubtful(file):
    doubts = tables.doubts_table(file)
    assert doubts.to_dict("records") == [
        {
            "customer_id": "mill",
            "doubt": "Joined from 2 records of 2 systems; the least sure of them is this customer's with a chance of "
            "83 %",
        },
        {"customer_id": "mill", "doubt": "A visit during another visit: 2 of its records"},
    ]
