"""The workbook of a report: every figure and table as it is, opened again by two readers."""

from __future__ import annotations

import math
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from crm_research import show
from crm_research.reporting.harvest import read_answer, read_figures
from crm_research.reporting.records import as_written
from crm_research.reporting.render import render_page
from crm_research.reporting.workbook import Sheet, name_sheets, take_sheets, write_workbook
from crm_research.settings import LEAST_GROUP, TABLES
from crm_research.show.sheet import number_format
from tests.reporting.pages import a_figure, a_notebook, a_task

FORMULAS = ["=1+1", "+49 30 1", "-2", "@SUM(A1)", "\t=1", "＝1", "plain"]
FRAME = pd.DataFrame(
    {
        "name": FORMULAS,
        "n": [1, 22, 333, 4444, 55_555, 666_666, 7_777_777],
        "buying_share": [0.1234, 0.5, 1.0, 0.0, 0.25, 0.75, float("nan")],
        "spend": [1234.567, 2.5, -3.25, 0.0, 99.9, 100_000.0, 1.0],
        "first": pd.to_datetime(["2024-01-31", "1899-01-01", *["2024-02-29"] * 4, None]),
        "p_value": [0.04321, 1e-9, 0.5, 0.2, 0.3, 0.4, 0.6],
        "code": ["007", "2024-01-01", "1e5", "0", "", "北京", "<b>"],
    }
)


def show_table():
    show.table(FRAME, "What they buy [in EUR]: 2024/25?", formats={"spend": "EUR"}, note="A note.")


@pytest.fixture
def executed(monkeypatch):
    monkeypatch.setenv(TABLES, "yes")
    figures = (
        a_figure(),
        a_figure(id="test.money", label="=Spend", estimate=1234.56, lower=None, upper=None, unit="EUR", group="@home"),
        a_figure(id="test.unknown", label="Not reached", estimate=None, lower=None, upper=None, unit="days"),
        a_figure(id="test.verdict", label="Real?", estimate=2.0, lower=None, upper=None, unit="", said="constructed"),
    )
    return a_notebook(
        "# Test report",
        lambda: show.answer("Half of the customers buy again."),
        lambda: show.figures(figures),
        show_table,
    )


@pytest.fixture
def made(executed, tmp_path):
    task = a_task(tmp_path)
    figures = as_written(task.report, read_figures(executed))
    answer = read_answer(executed)
    path = write_workbook(tmp_path / "test.xlsx", task, answer=answer, figures=figures, sheets=take_sheets(executed))
    return path, figures


def rows_of(path, name):
    return CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()


def test_the_sheet_of_figures_holds_figures_json_value_by_value(made):
    path, figures = made
    keys = [
        "label",
        "group",
        "said",
        "estimate",
        "lower",
        "upper",
        "unit",
        "n",
        "window",
        "estimator",
        "validation",
        "verdict",
        "id",
    ]
    for rows in (
        rows_of(path, "Figures"),
        [list(row) for row in openpyxl.load_workbook(path)["Figures"].iter_rows(values_only=True)],
    ):
        assert len(rows) == 3 + len(figures)
        for row, figure in zip(rows[3:], figures, strict=True):
            assert [None if cell == "" else cell for cell in row] == [
                None if figure[key] == "" else figure[key] for key in keys
            ]


def test_a_table_is_as_the_page_shows_it_numbers_as_numbers_and_days_as_days(made):
    path, _ = made
    rows = rows_of(path, "What they buy in EUR 2024 25")
    assert rows[0][0] == "What they buy [in EUR]: 2024/25?"
    assert rows[2] == ["name", "n", "buying share", "spend", "first", "p value", "code"]
    body = rows[3:10]
    assert [row[0] for row in body] == FORMULAS
    assert [row[1] for row in body] == FRAME["n"].tolist()
    assert [row[2] for row in body[:6]] == FRAME["buying_share"].tolist()[:6]
    assert body[6][2] == "–"
    assert [row[3] for row in body] == FRAME["spend"].tolist()
    # A spreadsheet has no days before 1900.
    assert [row[4] for row in body] == [date(2024, 1, 31), "1899-01-01", *[date(2024, 2, 29)] * 4, "–"]
    assert isinstance(body[0][5], float)
    # What is told in words is words: "below" is no number.
    assert isinstance(body[1][5], str)
    assert "0.001" in body[1][5]
    assert [row[6] for row in body] == ["007", "2024-01-01", "1e5", "0", "", "北京", "<b>"]
    assert rows[11][0] == "A note."


def test_formats_heads_and_what_looks_like_a_formula(made):
    path, _ = made
    sheet = openpyxl.load_workbook(path)["What they buy in EUR 2024 25"]
    assert sheet.freeze_panes == "B4"
    assert [sheet.cell(4, column).number_format for column in (2, 3, 4, 5)] == [
        "#,##0", "0.0%", '#,##0 "EUR"', "yyyy-mm-dd",
    ]  # fmt: skip
    assert [sheet.cell(row, 1).data_type for row in range(4, 11)] == ["s"] * 7
    assert [sheet.cell(row, 1).quotePrefix for row in range(4, 11)] == [True] * 6 + [False]
    assert isinstance(sheet.cell(4, 5).value, datetime)
    assert 9 <= sheet.column_dimensions["A"].width <= 61
    for sheet in openpyxl.load_workbook(path):
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_the_first_sheet_says_the_answer_and_leads_to_the_others(made):
    path, _ = made
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Contents", "Figures", "What they buy in EUR 2024 25"]
    cells = [cell for row in book["Contents"].iter_rows() for cell in row if cell.value]
    assert "Half of the customers buy again." in [cell.value for cell in cells]
    links = [cell.hyperlink.location for cell in cells if cell.hyperlink]
    assert links == ["'Figures'!A1", "'What they buy in EUR 2024 25'!A1"]


def test_the_notebook_and_the_page_are_the_same_with_and_without_a_workbook(executed, tmp_path, monkeypatch):
    take_sheets(executed)
    monkeypatch.delenv(TABLES)
    plain = a_notebook("# Test report", show_table)
    assert executed.cells[-1].outputs == plain.cells[-1].outputs
    assert render_page(a_notebook("# Test report", show_table), a_task(tmp_path)) == render_page(
        plain, a_task(tmp_path)
    )


def test_the_same_report_makes_the_same_file(executed, tmp_path):
    task, sheets = a_task(tmp_path), take_sheets(executed)
    first, second = (
        write_workbook(tmp_path / name, task, answer=(), figures=[], sheets=sheets).read_bytes()
        for name in ("one.xlsx", "two.xlsx")
    )
    assert first == second


def test_what_the_page_masks_or_withholds_is_no_number_in_the_sheet(monkeypatch):
    monkeypatch.setenv(TABLES, "yes")
    monkeypatch.setenv(LEAST_GROUP, "5")
    frame = pd.DataFrame(
        {"group": ["a", "b", "c", "d"], "n_customers": [300, 2, 41, 8], "spend": [1.25, 77.5, 3.5, 4.5]}
    )
    (sheet,) = take_sheets(a_notebook(lambda: show.table(frame, "Groups")))
    numbers = [cell[1] for column in sheet.columns for cell in column["cells"] if cell[0] == "number"]
    assert 77.5 not in numbers
    assert 2 not in numbers
    assert 300 in numbers


def test_rows_beyond_what_excel_holds_are_said_and_not_cut_silently(tmp_path):
    column = {"name": "n", "cells": [["number", n, "0"] for n in range(30)]}
    path = write_workbook(
        tmp_path / "t.xlsx", a_task(tmp_path), answer=(), figures=[], most_rows=20,
        sheets=[Sheet(caption="Many", columns=[column], notes=["A note."])],
    )  # fmt: skip
    rows = rows_of(path, "Many")
    assert rows[1][0] == "The first 15 of 30 rows: a sheet of Excel holds no more."
    assert [row[0] for row in rows[3:18]] == list(range(15))
    assert rows[19][0] == "A note."
    assert len(rows) == 20
    assert any("The first 15 of 30 rows" in str(row) for row in rows_of(path, "Contents"))


def test_names_of_sheets_are_what_excel_takes():
    captions = [
        "a" * 40,
        "A" * 40,
        "x[]:*?/\\y",
        "",
        "''",
        "'Quoted'",
        "History",
        "😀" * 20,
        "b" * 29 + "  c",
        "Figures",
    ]
    names = name_sheets(captions)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name[0] != "'"
        assert name[-1] != "'"
        assert name.casefold() != "history"
    assert names[:3] == ["a" * 31, "A" * 27 + " (2)", "x y"]


@pytest.mark.parametrize(
    ("value", "printed", "form"),
    [
        (0.6331, "63.3 %", "0.0%"),
        (0.00042, "0.042 %", "0.000%"),
        (12.5, "12.5 %", '#,##0.0 "%"'),
        (-3.2, "-3.2", "#,##0.0"),
        (1234.6, "1,235 USD", '#,##0 "USD"'),
        (4e9, "4.00 bn USD", None),
        (4.0, "5", None),
        (4.0, "not known", None),
        (math.inf, "3", None),
        (4.0, 'n" 4', None),
    ],
)
def test_a_number_is_one_only_where_its_print_is(value, printed, form):
    assert number_format(value, printed) == form
