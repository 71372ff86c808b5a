"""What nobody foresaw is told in words and with exit status 2; where it happened is shown to whoever asks."""

from __future__ import annotations

import errno
import sys

import click
import pytest

from crm_research import cli
from crm_research.errors import CrmError
from tests.sources.files import GOOD_ORDERS, a_study_file


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command line with `list` doing as it is told; returns exit status, output and errors."""

    def run(*arguments: str, raising: BaseException | None = None):
        def command() -> None:
            if raising is not None:
                raise raising

        if raising is not None:
            monkeypatch.setattr("crm_research.cli.list_reports.command", click.command("list")(command))
        monkeypatch.setattr(sys, "argv", ["crm-research", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = leaving.code or 0
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.mark.parametrize(
    "problem",
    [
        ValueError("no\nmore"),
        RecursionError("deep"),
        MemoryError(),
        KeyError("x"),
        AssertionError(),
        OverflowError("big"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_a_mistake_of_ours_is_one_paragraph(call, problem):
    status, out, err = call("list", raising=problem)
    assert status == 2
    assert out == ""
    assert err.startswith(f"crm-research: unforeseen: {type(problem).__name__}")
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_it_shows_no_credentials(call):
    _, _, err = call("list", raising=ValueError("at postgres://joe:geheim@db/x"))
    assert "geheim" not in err


@pytest.mark.parametrize("arguments", [("--traceback", "list"), ("list", "--traceback")])
def test_where_it_happened_is_shown_to_whoever_asks(call, arguments):
    status, _, err = call(*arguments, raising=ValueError("no"))
    assert status == 2
    assert "Traceback (most recent call last)" in err


def test_the_environment_can_ask_too(call, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_DEBUG", "1")
    assert "Traceback (most recent call last)" in call("list", raising=CrmError("no"))[2]


def test_a_file_that_ends_too_early_is_no_wish_to_stop(call):
    status, _, err = call("list", raising=EOFError("cut off"))
    assert status == 2
    assert "a file ended too early (cut off)" in err


def test_a_wish_to_stop_is_one(call):
    assert call("list", raising=KeyboardInterrupt())[0] == 130


def test_a_full_disk_says_what_to_free(call):
    status, _, err = call("list", raising=OSError(errno.ENOSPC, "No space left on device", "/tmp/x"))
    assert status == 2
    assert "/tmp/x: No space left on device. Free some space there" in err


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "0", "0.5", "1e300", "x", ""])
@pytest.mark.parametrize("command", [("check", "x"), ("run",), ("assign", "x", "--study", "x")])
def test_a_time_that_is_none_is_refused(call, command, seconds):
    status, _, err = call(*command, "--timeout", seconds)
    assert status == 2
    assert "--timeout" in err


def test_check_tells_of_a_table_that_cannot_be_read_beside_the_verdict_on_the_others(call, tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    file = a_study_file(tmp_path, {"orders": {"from": "orders.csv"}, "contracts": {"from": "gone.csv"}})
    status, out, err = call("check", str(file))
    assert status == 2
    assert "orders" in out
    assert "tables.contracts.from: no file 'gone.csv'" in err
