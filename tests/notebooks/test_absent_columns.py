"""Every report without each optional column, declared attribute and optional table: none may fail.

CI leaves them out a handful at a time, each of them once; with CRM_SWEEP=1 also one at a time (about 200 runs).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import crm_research
from crm_research.catalogue import find_report, reports
from crm_research.contracts import TABLES
from crm_research.contracts.readers import READERS
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.study import Study
from tests.notebooks.running import code_cells, run_cell
from tests.pages.worlds import lay_systems

pytestmark = pytest.mark.slow

CHEAP = {"satisfaction": {"n_bootstraps": 100}, "segmentation": {"n_bootstraps": 20, "k_max": 4}}
HANDFUL = 8


def without(study: Study, table: str, column: str = "") -> Study:
    """The study without one column of a table, or without the table."""
    if not column:
        return replace(
            study,
            tables={name: held for name, held in study.tables.items() if name != table},
            attributes={name: held for name, held in study.attributes.items() if name != table},
        )
    declared = {
        name: {one: kind for one, kind in held.items() if (name, one) != (table, column)}
        for name, held in study.attributes.items()
    }
    return replace(study, tables={**study.tables, table: study.table(table).drop(column)}, attributes=declared)


def droppable(study: Study, report_id: str) -> Iterator[tuple[str, str]]:
    """What the report reads and may have to do without: (table, column), the column empty for a whole table."""
    report = find_report(report_id)
    for table, readers in READERS.items():
        if report_id not in readers or not study.has(table):
            continue
        if report.why_not_applicable(set(study.tables) - {table}) is None:
            yield table, ""
        optional = [column.name for column in TABLES[table].columns if not column.required]
        optional += [name for name in study.attributes_of(table) if name not in optional]
        yield from ((table, name) for name in optional if name in study.table(table).columns)


def run(report_id: str, study: Study, monkeypatch: pytest.MonkeyPatch) -> str:
    """All cells of the report's notebook, in this process, over this study. What it prints."""
    monkeypatch.setattr(crm_research, "open_study", lambda *_, **__: study)
    names: dict[str, object] = {"__name__": "__main__"}
    printed = StringIO()
    with redirect_stdout(printed):
        parameters, *rest = code_cells(report_id)
        exec(parameters, names)
        names.update(CHEAP.get(report_id, {}))
        for cell in rest:
            run_cell(cell, names)
    plt.close("all")
    return printed.getvalue()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("absent") / "world"
    simulate_world(WorldSettings(n_customers=500, seed=3, contract_share=0.7), folder)
    lay_systems(folder)
    return crm_research.open_study(folder / "study.yaml")


@pytest.mark.parametrize("report_id", sorted(reports()))
def test_a_report_without_a_handful_of_columns_or_a_table_is_made(report_id, study, monkeypatch):
    columns = [one for one in droppable(study, report_id) if one[1]]
    tables = [[one] for one in droppable(study, report_id) if not one[1]]
    n_handfuls = -(-len(columns) // HANDFUL)
    failed = []
    # Every n-th column, so that a handful is of several tables and columns of one table are not all gone at once.
    for handful in [*tables, *(columns[start::n_handfuls] for start in range(n_handfuls))]:
        less = study
        for table, column in handful:
            less = without(less, table, column)
        try:
            run(report_id, less, monkeypatch)
        except Exception as problem:
            names = ", ".join(f"{table}.{column or '(whole table)'}" for table, column in handful)
            failed.append(f"{names}: {type(problem).__name__}: {problem}")
    assert not failed, "\n".join(failed)


@pytest.mark.skipif(not os.environ.get("CRM_SWEEP"), reason="about 200 runs, one for each: set CRM_SWEEP=1")
@pytest.mark.parametrize("report_id", sorted(reports()))
def test_a_report_without_any_one_optional_column_or_table_is_made(report_id, study, monkeypatch):
    failed = []
    for table, column in droppable(study, report_id):
        try:
            run(report_id, without(study, table, column), monkeypatch)
        except Exception as problem:
            failed.append(f"{table}.{column or '(whole table)'}: {type(problem).__name__}: {problem}")
    assert not failed, "\n".join(failed)


def test_anonymous_answers_alone_are_a_report(study, monkeypatch):
    alone = replace(
        study, tables={"surveys": study.table("surveys").drop("customer_id")}, attributes={}, holdout_until=None
    )
    assert "anonymous" in run("satisfaction", alone, monkeypatch)


def test_every_report_reads_the_tables_it_is_said_to(study):
    # What stands on the others is spoilt through them.
    alone = {report.id for report in reports().values() if not report.is_last}
    assert {report for readers in READERS.values() for report in readers} == alone
    assert Path(study.path).is_file()
