"""The command line of runs, with the run itself stood in for: words, exit status, what is passed on."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from crm_research import cli
from crm_research.errors import StudyError
from crm_research.reporting.run import Omission, RunSummary
from crm_research.reporting.tasks import Failure, Outcome
from crm_research.reporting.unchanged import MadeBefore
from tests.reporting.conftest import a_report
from tests.reporting.pages import a_task


def an_outcome(failure: Failure | None = None) -> Outcome:
    return Outcome(started_at="", ended_at="", seconds=1.0, failure=failure)


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command line against a stand-in; returns exit status, output, errors and what the run was asked."""

    def run(*arguments: str, summary: RunSummary | Exception | None = None):
        asked: dict[str, object] = {}

        def stand_in(reports, **options):
            asked.update(options, reports=reports)
            if isinstance(summary, Exception):
                raise summary
            return summary or RunSummary(index=Path("reports/index.html"), outcomes=(), omissions=())

        monkeypatch.setattr("crm_research.reporting.run.run_reports", stand_in)
        monkeypatch.setattr(sys, "argv", ["crm-research", "run", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = leaving.code or 0
        printed = capsys.readouterr()
        return status, printed.out, printed.err, asked

    return run


def test_everything_given_is_passed_on_and_values_stay_text(call):
    status, _, _, asked = call(
        "churn", "--study", "a", "--study", "b.yaml", "--as-of", "2024-01-02", "-p", "since=007", "--jobs", "2",
        "--out", "there", "--timeout", "9", "--no-input-check", "--profile", "--changed", "--each", "region",
        "--audience", "management", "--no-lists",
    )  # fmt: skip
    assert status == 1  # the stand-in makes nothing
    assert asked == {
        "reports": ("churn",),
        "studies": ("a", "b.yaml"),
        "as_of": date(2024, 1, 2),
        "parameters": {"since": "007"},
        "jobs": 2,
        "out": Path("there"),
        "timeout_seconds": 9.0,
        "is_checking_input": False,
        "is_profiled": True,
        "audience": "management",
        "is_keeping_lists": False,
        "is_only_changed": True,
        "each": "region",
    }


def test_a_good_run_says_where_to_look(call):
    summary = RunSummary(index=Path("reports/index.html"), outcomes=((a_task(), an_outcome()),), omissions=())
    status, out, _, _ = call(summary=summary)
    assert status == 0
    assert out.splitlines()[-1] == "1 report made. Open reports/index.html"


def test_what_was_left_as_it_was_is_told_with_its_time_and_is_no_failure(call):
    left = tuple(
        MadeBefore(study="mine", report=name, page=Path(f"{name}.html"), made_at="2026-11-29T21:04:09+00:00")
        for name in ("churn", "loyalty")
    )
    summary = RunSummary(index=Path("i.html"), outcomes=(), omissions=(), unchanged=left)
    status, out, _, _ = call(summary=summary)
    assert status == 0
    assert out.splitlines() == [
        "mine / churn: left as it is, nothing has changed since 2026-11-29 21:04 UTC",
        "mine / loyalty: left as it is, nothing has changed since 2026-11-29 21:04 UTC",
        "No report made, 2 reports left as before. Open i.html",
    ]
    both = RunSummary(index=Path("i.html"), outcomes=((a_task(), an_outcome()),), omissions=(), unchanged=left[:1])
    assert call(summary=both)[1].splitlines()[-1] == "1 report made, 1 report left as before. Open i.html"


def test_a_failed_report_is_status_one_and_what_does_not_apply_is_listed(call):
    bad = an_outcome(Failure(kind="ValueError", message="no customers"))
    omission = Omission(report=a_report("contractual"), study=a_task().study, reason="needs the table contracts")
    summary = RunSummary(
        index=Path("i.html"), outcomes=((a_task(), bad), (a_task(), an_outcome())), omissions=(omission,)
    )
    status, out, _, _ = call(summary=summary)
    assert status == 1
    assert "handmade / contractual: not applicable: needs the table contracts" in out
    assert "1 report made, 1 failed. Open i.html" in out


def test_bad_input_is_one_paragraph_and_status_two(call):
    status, out, err, _ = call("churn", summary=StudyError("There is no study 'x'."))
    assert (status, out) == (2, "")
    assert err == "crm-research: There is no study 'x'.\n"


@pytest.mark.parametrize(
    "arguments", [["-p", "since"], ["--as-of", "soon"], ["--jobs", "0"], ["--jobs", "999999999999"]]
)
def test_a_malformed_option_is_status_two(call, arguments):
    status, _, err, asked = call(*arguments)
    assert status == 2
    assert err
    assert not asked


def test_the_list_names_every_report_with_its_question(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["crm-research", "list"])
    cli.main()
    out = capsys.readouterr().out
    assert "churn" in out
    assert "When do customers end their contracts" in out
    assert "cdnow" in out


def test_a_folder_that_cannot_be_written_is_one_paragraph_and_status_two(call):
    refused = PermissionError(13, "Permission denied", "/srv/pages")
    status, _, said, _ = call("churn", summary=refused)
    assert status == 2
    assert said == "crm-research: /srv/pages: Permission denied. Check the path and its permissions.\n"


@pytest.mark.parametrize("day", ["2024-02-30", "soon", "01.07.2024"])
def test_a_day_that_is_none_is_answered_by_how_to_write_one(call, day):
    status, _, err, _ = call("--as-of", day)
    assert status == 2
    mend = "write year, month and day, such as 2024-07-01. crm-research run --help shows how it is written."
    assert err == f"crm-research: --as-of: '{day}' is no day; {mend}\n"
    assert "%Y" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--jobs", "300"), "--jobs: 300 must lie between 1 and 256."),
        (("--jobs", "many"), "--jobs: 'many' is no whole number."),
        (("--studdy", "cdnow"), "There is no option --studdy. Did you mean --study?"),
        (("--study",), "--study needs a value."),
        (("--no-input-check=yes",), "--no-input-check takes no value."),
        (("--out", __file__), f"--out: Directory {__file__!r} is a file."),
    ],
)
def test_an_option_that_is_written_wrongly_is_one_paragraph_and_status_two(call, arguments, said):
    status, out, err, _ = call(*arguments)
    assert (status, out) == (2, "")
    assert err == f"crm-research: {said} crm-research run --help shows how it is written.\n"


@pytest.mark.parametrize(
    "command", ["demo", "init", "check", "run", "assign", "new study", "simulate", "cache", "manual"]
)
def test_the_help_of_every_command_has_an_example(monkeypatch, capsys, command):
    monkeypatch.setattr(sys, "argv", ["crm-research", *command.split(), "--help"])
    with suppress(SystemExit):
        cli.main()
    _, _, behind_usage = capsys.readouterr().out.partition("\n")
    assert f"crm-research {command} " in behind_usage
