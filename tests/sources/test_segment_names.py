import pytest

from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file

ORDERS = {"orders": {"from": "orders.csv"}}


def test_names_and_policy_come_from_the_study_file(tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS, encoding="utf-8")
    head = {"names": {"Often buying customers": " 常客 "}, "policy": {"strategic": "a call"}}
    study = open_study(a_study_file(tmp_path, ORDERS, segmentation=head))
    assert dict(study.segment_names) == {"Often buying customers": "常客"}
    assert dict(study.service_policy) == {"strategic": "a call"}
    without = open_study(a_study_file(tmp_path, ORDERS))
    assert not without.segment_names
    assert not without.service_policy


@pytest.mark.parametrize("wrong", [{"nmaes": {}}, {"names": {"a": ""}}, {"policy": {"strategic": None}}])
def test_mistakes_in_the_section_are_told_by_key(tmp_path, wrong):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS, encoding="utf-8")
    with pytest.raises(StudyError, match="segmentation"):
        open_study(a_study_file(tmp_path, ORDERS, segmentation=wrong))
