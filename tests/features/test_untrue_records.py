"""Untrue records of a study's systems, counted by hand: as its systems write them."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import StudyError
from crm_research.features import untrue_records
from crm_research.features.untrue_records import find_untrue_records
from tests.builders import a_study


def system_records(n: int = 40, **columns: object) -> pd.DataFrame:
    """So many records of two systems, nothing wrong with any; a column is one value for all, or a list."""
    frame = pd.DataFrame(
        {
            "system": ["dealer", "head"] * (n // 2),
            "local_id": [f"r{i:02d}" for i in range(n)],
            "name": [f"{'ABCDEFGHIJ'[i % 10]}nna Meier{'abcdefghij'[i // 10 % 10]}" for i in range(n)],
            "email": [f"person{i}@firm{i}.example.org" for i in range(n)],
            "phone": [f"+49 351 48{i:02d}17{i:02d}" for i in range(n)],
            "postcode": "01067",
            "city": "Dresden",
            "birth_date": [f"19{60 + i % 30}-{2 + i % 11:02d}-{1 + i % 28:02d}" for i in range(n)],
        }
    )
    for name, value in columns.items():
        frame[name] = value
    return frame


def told(found):
    return {one.suspicion: (one.n_checked, one.n_suspected) for one in found.counts}


def first(values, default, n=40):
    return [*values, *[default] * (n - len(values))]


def test_what_records_say_of_nobody_is_counted_of_those_that_say_anything():
    names = system_records()["name"].tolist()
    phones, mails = system_records()["phone"].tolist(), system_records()["email"].tolist()
    frame = system_records(
        name=["N.N.", "asdfgh", "unbekannt", None, " ", *names[5:]],
        phone=["0000000", "1234567", None, *phones[3:]],
        email=["none@none.de", None, None, "", *mails[4:]],
    )
    # Twelve names on one number are more than a household.
    frame.loc[28:, "phone"] = "+49 351 4817000"
    found = find_untrue_records(a_study(customer_records=frame))
    assert told(found) == {
        "placeholder_name": (38, 2),
        "keyboard_name": (38, 1),
        "placeholder_email": (37, 1),
        "placeholder_phone": (39, 2),
        "born_on_january_first": (40, 0),
        "shared_phone": (37, 12),
        "shared_email": (37, 0),
        "misplaced_city": (40, 0),
    }
    assert (found.n_records, found.n_read, found.why_not) == (40, 40, "")
    # Nothing of what a record says is on the list.
    assert found.listed.columns.tolist() == ["suspicion", "system", "local_id", "evidence"]
    assert found.listed.groupby("suspicion").size().to_dict() == {
        "A name run off the keyboard": 1,
        "A name that stands for no one": 2,
        "A phone number that is none": 2,
        "An e-mail address that nobody reads": 1,
        "One phone number for many": 12,
    }
    assert found.listed.iloc[0].tolist() == [
        "A name run off the keyboard", "head", "r01",
        "The name is keys side by side or one letter again and again, as on 1 of the records.",
    ]  # fmt: skip
    assert not found.listed["evidence"].str.contains("asdf|351|N.N|none@").any()


def test_ten_names_on_one_number_are_a_household():
    frame = system_records()
    frame.loc[30:, "phone"] = "+49 351 4817000"
    assert told(find_untrue_records(a_study(customer_records=frame)))["shared_phone"] == (40, 0)
    frame.loc[29, "phone"] = "+49 351 4817000"
    assert told(find_untrue_records(a_study(customer_records=frame)))["shared_phone"] == (40, 11)


def test_births_on_january_first_by_system_and_what_chance_explains():
    births = system_records(400)["birth_date"].tolist()
    frame = system_records(400, birth_date=[*["1970-01-01"] * 20, *births[20:]])
    (one,) = [
        one for one in find_untrue_records(a_study(customer_records=frame)).counts
        if one.suspicion == "born_on_january_first"
    ]  # fmt: skip
    # Ten in each system, beside 190 other births: chance gives 190 / 364.25 = .52 in each.
    assert (one.n_checked, one.n_suspected) == (400, 20)
    assert one.n_by_chance == pytest.approx(2 * 190 / 364.25)


def test_records_of_all_times_are_looked_at_as_the_checks_do():
    frame = system_records(
        name=first(["asdfgh"], "Anna Meier"), registered_at=first(["2024-07-02", None], "2024-07-01")
    )
    found = find_untrue_records(a_study(customer_records=frame))
    assert (found.n_records, told(found)["keyboard_name"]) == (40, (40, 1))


def test_what_records_do_not_say_is_not_asked():
    only = system_records()[["system", "local_id", "birth_date"]]
    assert told(find_untrue_records(a_study(customer_records=only))) == {"born_on_january_first": (40, 0)}
    assert find_untrue_records(a_study(customer_records=only[["system", "local_id"]])).counts == ()
    empty = only.assign(name="", email=None, phone="  ")
    assert told(find_untrue_records(a_study(customer_records=empty))) == {"born_on_january_first": (40, 0)}
    nobody = find_untrue_records(a_study(customer_records=empty.iloc[:0]))
    assert (nobody.counts, nobody.n_records, len(nobody.listed)) == ((), 0, 0)
    assert find_untrue_records(a_study(customers=pd.DataFrame({"customer_id": ["a"]}))) is None


def test_an_identity_number_is_asked_where_it_names_a_day():
    frame = system_records(
        identifier=first(["11010519491231002X", "11010519491231002X", "HRB 4711"], None),
        birth_date=first(["1949-12-31", "1949-12-30"], "1970-05-05"),
    )
    assert told(find_untrue_records(a_study(customer_records=frame)))["birth_against_identifier"] == (2, 1)


def test_of_many_records_some_are_drawn_by_lot_whatever_their_order():
    frame = system_records(400)
    one = find_untrue_records(a_study(customer_records=frame), most=100)
    again = find_untrue_records(a_study(customer_records=frame.iloc[::-1]), most=100)
    assert (one.n_records, one.n_read) == (400, again.n_read)
    # A quarter of 400, give or take three standard deviations.
    assert 74 <= one.n_read <= 126
    assert told(one) == told(again)


def test_the_list_ends_somewhere(monkeypatch):
    monkeypatch.setattr(untrue_records, "MOST_LISTED", 5)
    found = find_untrue_records(a_study(customer_records=system_records(name="asdfgh")))
    assert told(found)["keyboard_name"] == (40, 40)
    assert found.listed["local_id"].tolist() == ["r00", "r02", "r04", "r06", "r08"]


def test_without_the_libraries_nothing_is_said_to_be_in_order(monkeypatch):
    def fail(records, *, country):
        raise StudyError('Standardising records needs opencc: pip install "crm-research[linking]" brings it.')

    monkeypatch.setattr(untrue_records, "standardise", fail)
    found = find_untrue_records(a_study(customer_records=system_records()))
    assert (found.counts, found.n_records, found.n_read) == ((), 40, 0)
    assert found.why_not.endswith("brings it.")
