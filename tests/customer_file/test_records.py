"""What the engine gathers of a few customers, each number by hand."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from crm_research.features import customer_file as records
from tests.customer_file.worlds import PEOPLE, workshop

IDS = ("mill", "ada", "bakery")
SINCE = datetime(2023, 7, 1)
START, END = datetime(2023, 7, 1), datetime(2024, 7, 1)


def held(table: object, *by: str) -> list[tuple]:
    frame = table.to_pandas().sort_values(list(by))
    frame = frame.astype(object).where(frame.notna(), None)
    return [tuple(row) for row in frame.itertuples(index=False)]


def lane(study: object, customer: str, name: str) -> list[tuple]:
    frame = records.build_month_counts(study, IDS).to_pandas().sort_values("month")
    own = frame.loc[(frame["customer_id"] == customer) & (frame["lane"] == name)]
    return list(own[["month", "n", "money"]].itertuples(index=False, name=None))


def at(when: str) -> pd.Timestamp:
    return pd.Timestamp(when)


def month(year: int, number: int) -> int:
    return 12 * year + number - 1


def test_dealings_are_counted_by_month_and_what_was_cancelled_or_came_later_is_none():
    study = workshop()
    assert lane(study, "mill", records.ORDERS) == [
        (month(2023, 1), 1, 900.0), (month(2023, 8), 1, 700.0), (month(2024, 2), 1, 300.0),
    ]  # fmt: skip
    assert lane(study, "mill", records.RETURNS) == [(month(2024, 2), 1, -50.0)]
    # as_of's own instant counts, a second later does not.
    assert lane(study, "ada", records.ORDERS) == [(month(2024, 7), 1, 21.0)]
    assert lane(study, "mill", records.COMPLAINTS) == [(month(2024, 5), 1, 0.0), (month(2024, 6), 1, 0.0)]
    assert lane(study, "mill", records.CONTACTS) == [(month(2023, 6), 1, 0.0), (month(2023, 7), 1, 0.0)]
    # One questionnaire is one answer, however many questions it has.
    assert lane(study, "mill", records.ANSWERS) == [(month(2023, 4), 1, 0.0), (month(2024, 4), 1, 0.0)]


def test_who_was_held_back_was_not_addressed_and_a_choice_without_a_time_is_the_campaigns():
    study = workshop()
    assert lane(study, "mill", records.ADDRESSED) == [(month(2024, 1), 1, 0.0), (month(2024, 3), 1, 0.0)]
    assert lane(study, "ada", records.ADDRESSED) == []
    alone = workshop(campaigns=None)
    assert lane(alone, "mill", records.ADDRESSED) == [(month(2024, 1), 1, 0.0)]


def test_without_dealings_nothing_is_counted():
    bare = dict.fromkeys(("orders", "order_lines", "contacts", "surveys", "campaigns", "campaign_targets"))
    assert records.build_month_counts(workshop(**bare), IDS) is None


def test_contracts_that_end_at_as_of_have_ended_and_later_ends_are_not_known():
    found = held(records.list_contracts(workshop(), IDS), "contract_id")
    assert [(row[1], row[3], row[4], row[6]) for row in found] == [
        ("k1", None, None, 30.0),
        ("k2", pd.Timestamp("2024-07-01"), "price", 11.0),
        ("k3", None, None, 17.0),
    ]


def test_contacts_are_counted_by_kind_with_those_of_a_year_and_those_still_open():
    found = held(records.count_contact_kinds(workshop(), IDS, SINCE), "customer_id", "kind")
    assert found == [
        ("bakery", "enquiry", 1, 0, pd.Timestamp("2023-01-02 10:00"), 0, None),
        ("mill", "complaint", 2, 2, pd.Timestamp("2024-06-20 10:00"), 2, pd.Timestamp("2024-05-02 10:00")),
        ("mill", "visit", 2, 1, pd.Timestamp("2023-07-02 10:00"), 0, None),
    ]


def test_the_last_answer_is_the_one_that_stands():
    found = held(records.list_last_answers(workshop(), IDS), "item")
    assert found == [("mill", "satisfaction", 3.0, 1.0, 7.0, pd.Timestamp("2024-04-01"))]


def test_people_are_those_of_today_as_last_known_with_the_last_word_we_had():
    found = held(records.list_people(workshop(), IDS), "person_id")
    assert found == [
        ("mill", "n1", "Ann Decider", "influences", "for", at("2023-01-01"), at("2023-06-30 10:00")),
        ("mill", "n2", "Bo Buyer", "buys", "against", at("2022-01-01"), at("2023-07-02 10:00")),
    ]


def test_people_without_names_stances_ends_or_contacts_are_told_all_the_same():
    bare = workshop(people=PEOPLE.drop(columns=["name", "stance", "until", "note"]), contacts=None)
    found = held(records.list_people(bare, IDS), "person_id")
    assert [(row[1], row[2], row[3], row[4], row[6]) for row in found] == [
        ("n1", None, "influences", None, None), ("n2", None, "buys", None, None), ("n3", None, "decides", None, None),
    ]  # fmt: skip


def test_what_is_bought_is_summed_by_category_over_the_months_asked_for():
    found = held(records.sum_product_mix(workshop(), IDS, START, END), "customer_id", "category")
    assert found == [("mill", "grain", 520.0, 1), ("mill", "not named", 180.0, 1), ("mill", "tools", 250.0, 1)]
    unnamed = held(records.sum_product_mix(workshop(products=None), IDS, START, END), "category")
    assert unnamed == [("mill", "not named", 950.0, 3)]


def test_partners_are_the_stores_that_are_partners():
    found = held(records.sum_partners(workshop(), IDS, START, END), "customer_id")
    assert found == [("bakery", "P2", "dealer", "west", 1, 40.0), ("mill", "P1", "dealer", "east", 1, 700.0)]


def test_bills_are_open_overdue_and_late():
    ((who, n, billed, open_money, overdue, worst),) = held(records.sum_bills(workshop(), IDS, SINCE), "customer_id")
    # 12 March to 1 July are 111 days; the bill due in June 2023 is older than a year.
    assert (who, n, billed, open_money, overdue, worst) == ("mill", 2, 1_000.0, 380.0, 300.0, 111)


def test_links_tell_from_how_many_records_and_how_sure():
    found = held(records.count_links(workshop(), IDS), "customer_id")
    assert found == [("ada", 1, 1, 1.0), ("mill", 2, 2, 0.83)]


def test_a_link_of_a_record_that_came_later_tells_nothing():
    made = [("shop", "s1", "2024-07-01"), ("dealer", "d1", "2024-07-01 00:00:01"), ("dealer", "d2", None)]
    study = workshop(customer_records=pd.DataFrame(made, columns=["system", "local_id", "registered_at"]))
    found = held(records.count_links(study, IDS), "customer_id")
    assert found == [("ada", 1, 1, 1.0), ("mill", 1, 1, 1.0)]


@pytest.mark.parametrize(("name", "value", "before"), [("confidence", 107.0, None), ("prices", 2.5, None)])
def test_the_economy_is_told_of_the_last_whole_period(name, value, before):
    found = {row[0]: row[1:] for row in held(records.latest_indicators(workshop()), "name")}
    assert found[name] == (pd.Timestamp("2024-06-01"), value, before)


def test_the_economy_of_a_year_before_stands_beside_it():
    study = workshop(
        indicators=pd.DataFrame({"period": ["2023-06-01", "2024-06-01"], "name": ["prices"] * 2, "value": [3.5, 2.5]})
    )
    assert held(records.latest_indicators(study), "name") == [("prices", pd.Timestamp("2024-06-01"), 2.5, 3.5)]
