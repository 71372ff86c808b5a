"""The manual's examples are what the program reads, prints and does."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research.cli.schedule import command
from crm_research.schedule.checks import open_schedules
from crm_research.schedule.days import NAMED, as_day, day_of
from crm_research.schedule.definition import FreshRule, ScheduleRule
from tests.architecture import ROOT

TEXT = (ROOT / "docs" / "schedule.md").read_text(encoding="utf-8")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (found,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)
    (tmp_path / "schedules.yaml").write_text(found, encoding="utf-8")
    return tmp_path / "schedules.yaml"


def test_the_example_is_in_order(example):
    file = open_schedules(example)
    assert list(file.definition.schedules) == ["month", "nightly"]


def test_what_the_example_prints_is_what_stands_there(example, monkeypatch):
    monkeypatch.setenv("COLUMNS", "104")
    (shown,) = re.findall(r"```text\n(.*?)```", TEXT, re.S)
    asked, *lines = shown.splitlines()
    told = CliRunner().invoke(command, [*shlex.split(asked)[3:], "--file", str(example)])
    assert [line.rstrip() for line in told.stdout.splitlines()] == lines


def test_days_are_what_the_table_says():
    rows = dict(re.findall(r"^\| `([a-z_]+(?: [+-] \d+ \w+)?)` \| (\d{4}-\d\d-\d\d) \|$", TEXT, re.M))
    assert {name: day_of(as_day(name), date(2026, 5, 14)).isoformat() for name in rows} == rows
    assert set(NAMED) <= set(rows)


def test_every_key_is_told():
    for name in ScheduleRule.model_fields:
        assert f"`{name}`" in TEXT
    for name in FreshRule.model_fields:
        assert name in TEXT
