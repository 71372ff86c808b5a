"""``crm-research manual``: what messages point to can be read wherever the package is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research.cli.manual import command

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["studies", "schedule", "repair", "publish", "checks"])
def test_a_manual_is_printed_as_it_is_written(name):
    told = CliRunner().invoke(command, [name], standalone_mode=False)
    assert told.stdout == (PROJECT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def test_without_a_name_those_there_are_are_told():
    told = CliRunner().invoke(command, [], standalone_mode=False).stdout
    assert re.findall("crm-research manual (\\w+)", told) == ["studies", "schedule", "repair", "publish", "checks"]


def test_no_message_points_to_a_file_that_a_wheel_does_not_carry():
    found = [
        f"{path.name}: {line.strip()}"
        for folder in ("cli", "sources", "contracts", "reporting", "schedule")
        for path in (PROJECT / "src" / "crm_research" / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"docs/\w+\.md", line) and ('"' in line)
    ]
    assert found == []
