"""How small a group a run may tell of, as the study's file says."""

from __future__ import annotations

import pytest

from crm_research.errors import StudyError
from crm_research.sources.study_file import read_study_file

HEAD = "name: {name}\ncurrency: EUR\nas_of: 2024-07-01\ntables:\n  orders: {{from: orders.csv}}\n"


def read(tmp_path, more="", name="shop"):
    path = tmp_path / "shop.yaml"
    path.write_text(HEAD.format(name=name) + more, encoding="utf-8")
    return read_study_file(path)


@pytest.mark.parametrize(
    ("more", "least"), [("", 5), ("privacy: {least_group: 12}", 12), ("privacy: {least_group: 0}", 0)]
)
def test_it_is_five_unless_the_file_says_otherwise(tmp_path, more, least):
    assert read(tmp_path, more).privacy.least_group == least


@pytest.mark.parametrize("wrong", ["-1", "1001", "2.5", "few", "true"])
def test_what_is_no_number_of_customers_is_refused(tmp_path, wrong):
    with pytest.raises(StudyError, match=r"privacy\.least_group") as told:
        read(tmp_path, f"privacy: {{least_group: {wrong}}}")
    assert "shop.yaml" in str(told.value)


def test_no_study_takes_the_name_of_the_folder_of_real_ids(tmp_path):
    with pytest.raises(StudyError, match="'private' is the folder of lists with real ids"):
        read(tmp_path, name="private")
