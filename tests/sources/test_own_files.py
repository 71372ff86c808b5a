"""A study's own look and rules, named in its file: where they lie, and what is refused."""

from __future__ import annotations

import pytest

from crm_research import cli
from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from crm_research.sources.own_files import OwnFiles, find_own_files, locate_own_files
from crm_research.sources.study_file import read_study_file

HEAD = "name: {name}\ncurrency: EUR\nas_of: 2024-07-01\ntables:\n  orders: {{from: orders.csv}}\n"


@pytest.fixture
def study(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,revenue\no1,a,2024-01-01,1\n")

    def write(more: str = "", name: str = "shop"):
        path = tmp_path / "shop.yaml"
        path.write_text(HEAD.format(name=name) + more, encoding="utf-8")
        return path

    return write


def test_they_lie_beside_the_study_file_and_need_not_be_named(study, tmp_path):
    path = study()
    assert locate_own_files(read_study_file(path), path) == OwnFiles(None, None)
    assert open_study(path).rules is None
    (tmp_path / "look").mkdir()
    (tmp_path / "look" / "acme.yaml").write_text("name: Acme\n")
    (tmp_path / "rules.yml").write_text("rules: []\n")
    path = study(f"house: look/acme.yaml\nrules: {tmp_path}/rules.yml\n")
    found = find_own_files(read_study_file(path), path)
    assert found == OwnFiles(house=tmp_path / "look" / "acme.yaml", rules=tmp_path / "rules.yml")
    assert open_study(path).rules == tmp_path / "rules.yml"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("house: https://acme.example/house.yaml", "house: is an address; name a file of this machine, such as"),
        ("house: acme.css", "house: 'acme.css' is no YAML file; name one that ends in .yaml"),
        ("rules: ''", "rules: '' is no YAML file"),
        ("rules: [a.yaml]", "rules: must be"),
        ("rule: a.yaml", "Did you mean 'rules'?"),
    ],
)
def test_what_is_no_such_file_is_refused_by_its_key(study, told, said):
    with pytest.raises(StudyError) as refused:
        read_study_file(study(told + "\n"))
    assert said in str(refused.value)
    assert "shop.yaml" in str(refused.value)


@pytest.mark.parametrize("key", ["house", "rules"])
def test_a_file_that_is_not_there_is_refused_before_anything_is_made(study, tmp_path, key):
    path = study(f"{key}: none.yaml\n")
    with pytest.raises(StudyError) as refused:
        find_own_files(read_study_file(path), path)
    assert str(refused.value) == (
        f"{path}: {key}: there is no file {tmp_path / 'none.yaml'}. Check the path, which is from the study file, or "
        "leave the key out for the company's own."
    )


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("house", "colours: {accent: '#ffee88'}\n", "colours.accent #ffee88 on colours.paper #ffffff has a contrast"),
        ("rules", "rules: []\nleave_out: [nothing]\n", "leave_out: there is no rule 'nothing'"),
    ],
)
def test_check_refuses_what_a_run_would_refuse(study, tmp_path, monkeypatch, capsys, key, text, said):
    (tmp_path / "own.yaml").write_text(text)
    monkeypatch.setattr("sys.argv", ["crm-research", "check", str(study(f"{key}: own.yaml\n"))])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    told = capsys.readouterr()
    assert (leaving.value.code, told.out) == (2, "")
    assert f"{tmp_path / 'own.yaml'}: {said}" in told.err


def test_no_study_takes_the_name_of_the_folder_of_parts(study):
    with pytest.raises(StudyError, match="'each' is the folder of parts of customers"):
        read_study_file(study(name="each"))
