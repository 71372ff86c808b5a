"""What checks found is told again while nothing changes that it rests on, and only then."""

from __future__ import annotations

import json
import os
import stat

import pytest
from click.testing import CliRunner

from crm_research.cli.cache import command as cache_command
from crm_research.cli.check import command as check_command
from crm_research.reporting.inputs import judge
from crm_research.sources import kept_verdicts
from crm_research.sources.kept_records import VERDICTS, forget_records, list_records
from crm_research.sources.kept_verdicts import judge_study
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, make_desk

ORDERS = "order_id,customer_id,ordered_at,revenue\n1,ann,2024-01-05,10.5\n2,bob,2024-05-05,20\n3,,2024-06-05,30\n"
TABLES = {"orders": {"from": "orders.csv"}}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    monkeypatch.setattr(kept_verdicts, "LEAST_ROWS", 3)
    return a_study_file(tmp_path, TABLES)


@pytest.fixture
def n_checked(monkeypatch):
    """How often the checks themselves were made."""
    made = []
    real = kept_verdicts.check_study

    def check(study):
        made.append(study.name)
        return real(study)

    monkeypatch.setattr(kept_verdicts, "check_study", check)
    return lambda: len(made)


def kept_files():
    return list_records(VERDICTS)


def test_what_was_found_is_told_again_to_the_letter(shop, n_checked):
    first = judge_study(open_study(shop))
    again = judge_study(open_study(shop))
    assert n_checked() == 1
    assert first.made_at is None
    assert again.made_at is not None
    for verdict in (again.verdict, judge(open_study(shop))):
        assert verdict.findings == first.verdict.findings
        assert verdict.tables == first.verdict.tables
        assert (verdict.as_of, verdict.holdout_until) == (first.verdict.as_of, first.verdict.holdout_until)
    assert [finding.rule for finding in again.verdict.failed] == ["missing-key"]
    assert n_checked() == 1


@pytest.mark.slow
def test_nothing_is_told_again_of_what_has_changed(shop, tmp_path, n_checked):
    judge_study(open_study(shop))
    (tmp_path / "orders.csv").write_text(ORDERS.replace("30\n", "31\n"), encoding="utf-8")
    judge_study(open_study(shop))
    assert n_checked() == 2
    judge_study(open_study(shop, as_of="2024-05-31"))
    assert n_checked() == 3
    a_study_file(tmp_path, {"orders": {"from": "orders.csv", "accept": {"missing-key": 0.5}}})
    judge_study(open_study(shop))
    assert n_checked() == 4
    judge_study(open_study(shop), is_anew=True)
    assert n_checked() == 5


def test_other_tables_are_another_question(shop, tmp_path, n_checked):
    (tmp_path / "customers.csv").write_text("customer_id\nann\n", encoding="utf-8")
    a_study_file(tmp_path, TABLES | {"customers": {"from": "customers.csv"}})
    both, one = judge_study(open_study(shop)), judge_study(open_study(shop, tables=["orders"]))
    assert n_checked() == 2
    assert [len(found.verdict.tables) for found in (both, one)] == [2, 1]
    judge_study(open_study(shop))
    judge_study(open_study(shop, tables=["orders"]))
    assert n_checked() == 2


def test_nothing_is_kept_where_the_study_file_says_so(shop, tmp_path, n_checked):
    a_study_file(tmp_path, TABLES, engine={"cache": False})
    judge_study(open_study(shop))
    judge_study(open_study(shop))
    assert kept_files() == []
    assert n_checked() == 2


def test_nothing_is_kept_of_a_query_that_another_day_would_answer_otherwise(shop, monkeypatch):
    monkeypatch.setattr(kept_verdicts, "is_passing", lambda rule: True)
    judge_study(open_study(shop))
    assert kept_files() == []


def test_of_few_rows_nothing_is_kept(shop, monkeypatch, n_checked):
    monkeypatch.setattr(kept_verdicts, "LEAST_ROWS", 4)
    judge_study(open_study(shop))
    assert kept_files() == []
    judge_study(open_study(shop))
    assert n_checked() == 2


def test_it_is_for_its_owner_alone_and_what_others_could_write_is_not_believed(shop, n_checked):
    judge_study(open_study(shop))
    (file,) = kept_files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o620)
    judge_study(open_study(shop))
    assert n_checked() == 2


@pytest.mark.parametrize("said", ["", "{", "[]", '{"verdict": {}}', '{"verdict": null}'])
def test_what_cannot_be_read_is_found_anew(shop, n_checked, said):
    judge_study(open_study(shop))
    (file,) = kept_files()
    file.write_text(said, encoding="utf-8")
    assert judge_study(open_study(shop)).made_at is None
    assert n_checked() == 2
    assert judge_study(open_study(shop)).made_at is not None


def test_one_is_kept_of_the_same_tables_and_instant_and_none_of_a_study_that_is_gone(shop, tmp_path):
    judge_study(open_study(shop))
    judge_study(open_study(shop, as_of="2024-05-31"))
    assert len(kept_files()) == 2
    (tmp_path / "orders.csv").write_text(ORDERS.replace("30\n", "31\n"), encoding="utf-8")
    judge_study(open_study(shop))
    assert len(kept_files()) == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    other = a_study_file(tmp_path / "other", TABLES)
    shop.unlink()
    judge_study(open_study(other))
    assert [json.loads(file.read_text())["study"] for file in kept_files()] == [str(other)]


def test_the_command_says_since_when_and_anew_checks_again(shop, n_checked):
    def ask(*words):
        return CliRunner().invoke(check_command, [str(shop), *words])

    assert "--anew" not in ask().output
    (file,) = kept_files()
    os.utime(file, (1_700_000_000, 1_700_000_000))
    told = ask()
    assert told.output.splitlines()[-1] == (
        "Found on 2023-11-14 at 22:13 (UTC), and nothing has changed since that this rests on; --anew checks again."
    )
    assert json.loads(ask("--json").output)["checked_at"] == "2023-11-14T22:13:20+00:00"
    assert n_checked() == 1
    anew = ask("--anew")
    assert "Found on" not in anew.output
    assert anew.exit_code == told.exit_code
    assert n_checked() == 2


def test_clearing_the_cache_removes_what_was_found_too(shop, tmp_path):
    judge_study(open_study(shop))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    other = a_study_file(tmp_path / "other", TABLES)
    judge_study(open_study(other))
    assert CliRunner().invoke(cache_command, [str(other), "--clear"]).exit_code == 0
    assert [json.loads(file.read_text())["study"] for file in kept_files()] == [str(shop)]
    assert forget_records(VERDICTS) == 1
    assert kept_files() == []


def test_files_written_to_after_the_study_was_opened_are_not_what_was_checked(shop, tmp_path, n_checked):
    opened = open_study(shop)
    (tmp_path / "orders.csv").write_text(ORDERS.replace("2,bob", "2,"), encoding="utf-8")
    assert judge_study(opened).verdict.errors[0].n_bad == 1
    # The new file has two rows without a customer, and is checked by itself.
    assert judge_study(open_study(shop)).verdict.errors[0].n_bad == 2
    assert n_checked() == 2
