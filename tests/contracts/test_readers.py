"""Whoever reads a table is named where it is spoilt: held to what the packages of the reports read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import crm_research
from crm_research.catalogue import reports
from crm_research.contracts.readers import READERS

PACKAGE = Path(crm_research.__file__).parent
READING = ("known_rows", "outcome_rows")


def tables_read(folder: Path) -> set[str]:
    """Tables named in calls that read their rows."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READING):
                continue
            found |= {arg.value for arg in node.args[1:2] if isinstance(arg, ast.Constant)}
    return found


@pytest.mark.parametrize("report", sorted(reports()))
def test_a_report_is_named_with_every_table_it_reads(report):
    folder = PACKAGE / report.replace("-", "_")
    unnamed = {table for table in tables_read(folder) if report not in READERS.get(table, ())}
    assert not unnamed, f"{report} reads {sorted(unnamed)}; add it to READERS in contracts/readers.py"


def test_satisfaction_reads_what_customers_did():
    # Through features: purchases beside attitude, attributes and contracts of those who answered.
    for table in ("surveys", "orders", "contracts", "customers"):
        assert "satisfaction" in READERS[table]
