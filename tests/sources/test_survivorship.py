"""What a study file says of records that disagree: which of a customer's values is taken."""

from __future__ import annotations

import pytest

from crm_research.errors import StudyError
from crm_research.sources.study_file import read_study_file
from tests.sources.files import a_study_file

TABLES = {"customer_records": {"systems": {"office": {"from": "office.csv"}, "dealer": {"from": "dealer.csv"}}}}


def read(folder, said, tables=TABLES):
    return read_study_file(a_study_file(folder, tables, survivorship=said)).survivorship


def test_what_is_said_holds_and_all_else_is_as_by_default(tmp_path):
    rule = read(tmp_path, {"trust": "office", "phone": "most trusted", "address": ["most complete", "most recent"]})
    assert (rule.trust, rule.rules_for("phone")) == (("office",), ("most trusted",))
    assert rule.rules_for("address") == ("most complete", "most recent")
    assert rule.rules_for("email") == ("most recent", "most frequent", "most complete")
    assert read(tmp_path, {"default": "most frequent"}).rules_for("kind") == ("most frequent",)
    assert read_study_file(a_study_file(tmp_path, TABLES)).survivorship is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"phone": "newest"}, "survivorship.phone"),
        ({"phone": []}, "survivorship.phone"),
        ({"fone": "most recent"}, "survivorship.fone: unknown key. Did you mean 'phone'?"),
        ({"default": ["most recent", "most recent"]}, "names 'most recent' twice"),
        ({"city": "most recent"}, "city is taken together with street, postcode, region and country, from one record"),
        ({"family_name": "most recent"}, "family_name is taken together with name and given_name, from one record"),
        ({"email": "most trusted"}, "email says most trusted, but nothing says which system that is; write trust:"),
        ({"trust": ["office", "ofice"]}, "survivorship.trust: there is no system 'ofice'. Did you mean 'office'?"),
        ("most recent", "survivorship"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_the_mend(tmp_path, said, told):
    with pytest.raises(StudyError) as problem:
        read(tmp_path, said)
    assert told in str(problem.value)
    assert str(tmp_path / "study.yaml") in str(problem.value)


def test_it_is_of_records_that_the_study_has(tmp_path):
    with pytest.raises(StudyError, match="survivorship: is of customer_records, which the file does not map"):
        read(tmp_path, {"default": "most recent"}, {"orders": {"from": "orders.csv"}})
    # One source of all systems names them in a column, which is not read here.
    assert read(tmp_path, {"trust": "anything"}, {"customer_records": {"from": "all.csv"}}).trust == ("anything",)
