"""The command line of the scan: what is found is told by place, and its exit status stops whoever would publish."""

from __future__ import annotations

import json
import sys

import pytest

from crm_research import cli

STUDY = """\
name: handmade
title: Handmade customers
currency: EUR
as_of: 2024-07-01
tables:
  orders:
    from: orders.csv
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    (tmp_path / "data" / "studies").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data" / "studies" / "handmade.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "data" / "studies" / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,revenue\no-0001,anna-17,2024-01-01,10.5\n", encoding="utf-8"
    )
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    folder = tmp_path / "reports" / "handmade" / "2024-07-01"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"reports": []}), encoding="utf-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["crm-research", "scan", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = leaving.code or 0
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    run.folder = folder
    return run


def test_a_clean_folder_is_said_to_be_clean(call):
    status, out, err = call()
    assert (status, err) == (0, "")
    assert out == f"Nothing of a person was found in {call.folder.parent.parent}.\n"


def test_what_is_found_is_told_by_place_and_never_by_value(call):
    (call.folder / "churn.html").write_text("<p>fine</p>\n<p>ask anna-17 or a.b@c.example</p>", encoding="utf-8")
    (call.folder.parent.parent / "index.html").write_text("<p>anna-17</p>", encoding="utf-8")
    status, out, _ = call()
    assert status == 1
    assert out.splitlines() == [
        "handmade/2024-07-01/churn.html, line 2: an e-mail address",
        "handmade/2024-07-01/churn.html, line 2: the id of a customer",
        "index.html, line 1: the id of a customer",
        f"3 places to mend in {call.folder.parent.parent} before anything is published.",
    ]


def test_a_study_that_is_not_known_is_named(call):
    other = call.folder.parent.parent / "elsewhere" / "2024-07-01"
    other.mkdir(parents=True)
    (other / "run.json").write_text("{}", encoding="utf-8")
    status, _, err = call()
    assert status == 0
    assert err == "The ids of elsewhere were not looked for: name its file with --study.\n"


def test_a_folder_that_is_not_there_is_refused(call, tmp_path):
    status, _, err = call(str(tmp_path / "nowhere"))
    assert status == 2
    assert err.startswith(f"crm-research: There is no {tmp_path / 'nowhere'} to scan.")
    assert err.count("\n") == 1
