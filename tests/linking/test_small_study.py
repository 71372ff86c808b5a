"""A study of two small systems, linked, drawn for review and judged: every field of what is told and written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from crm_research.errors import StudyError
from crm_research.linking.judging import Laid, lay_workbook, read_judgements
from crm_research.linking.review import Layer, Sample
from crm_research.linking.study_links import files_of, link_study
from crm_research.linking.workbook import read_workbook, write_workbook
from tests.linking.worlds import a_person
from tests.sources.files import a_study_file
from tests.told import hold, tell

TOLD = Path(__file__).parent / "told"
AT, LATER = datetime(2026, 1, 5, 10, 30), datetime(2026, 2, 6, 11, 45)
COLUMNS = ("local_id", "name", "email", "phone", "birth_date", "city", "parent_id")


def write(folder, system, people):
    rows = [",".join(str(one.get(name) or "") for name in COLUMNS) for one in people]
    (folder / f"{system}.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Nine people of the system b, of whom three stand in a; two firms, one of which owns the other."""
    folder = tmp_path_factory.mktemp("shop")
    firms = [
        {"local_id": "20", "name": "Arp Holding AG"},
        {"local_id": "21", "name": "Arp Werke GmbH", "parent_id": "20"},
    ]
    write(folder, "b", [a_person(number, "b") for number in range(9)])
    write(folder, "a", [*(a_person(number, "a", phone=None) for number in (2, 5, 7)), *firms])
    systems = {name: {"from": f"{name}.csv", "columns": {"country": {"value": "DE"}}} for name in "ba"}
    return a_study_file(folder, {"customer_records": {"systems": systems}})


@pytest.fixture(scope="module")
def linked(shop):
    told = []
    found = link_study(shop, at=AT, n_review=8, tell=told.append)
    there = {name: file for name, file in vars(found.files).items() if file.suffix == ".parquet" and file.exists()}
    return found, told, {name: pq.read_table(file).to_pandas() for name, file in there.items()}


def test_what_came_of_it_is_told_step_by_step_and_written(shop, linked):
    found, told, written = linked
    assert told == [
        "reading the records", "standardising 14 records", "learning what tells customers apart", "linking",
        "drawing pairs to be judged",
    ]  # fmt: skip
    assert (found.is_trained, found.had_links, found.n_lost, found.is_read) == (True, False, 0, True)
    assert list(found.by_system.items()) == [("a", 5), ("b", 9)]
    files = files_of(shop)
    assert found.files == files
    assert [file.name for file in vars(files).values()] == [
        "study.links.parquet", "study.relations.parquet", "study.link-events.parquet",
        "study.link-pairs.parquet", "study.link-doubts.parquet", "study.link-judgements.parquet", "study.review.xlsx",
        "study.linkage.json",
    ]  # fmt: skip
    hold(tell(**written), TOLD / "written.txt")
    assert found.laid == Laid(file=files.review, n_pairs=found.laid.n_pairs, n_judged=0, is_kept=False, kept_as=None)


def test_the_workbook_is_judged_and_read_back(shop, linked, tmp_path):
    found = linked[0]
    file = shop.with_name("judged.xlsx")
    file.write_bytes(found.files.review.read_bytes())
    book = openpyxl.load_workbook(file)
    rows = [[cell.value for cell in row] for row in book["Pairs"].iter_rows()]
    hold(tell(workbook=["|".join("" if one is None else str(one) for one in row) for row in rows]), TOLD / "book.txt")
    with pytest.raises(StudyError, match=r"says same or different of no pair, so nothing can be learnt\. Judge some"):
        read_judgements(shop, file, at=LATER)
    place = rows[1].index("local id 1")
    for number, row in enumerate(rows[2:]):
        word = "unsure" if number == 1 else "Same" if row[place] == row[place + 1] else " different "
        book["Pairs"].cell(row=number + 3, column=2).value = "" if number == 2 else word
    book.save(file)
    judged = read_judgements(shop, file, at=LATER)
    n = len(rows) - 2
    assert (judged.n_pairs, judged.n_judged, judged.n_unsure, judged.is_of_these_links) == (n, n - 1, 1, True)
    assert judged.file == files_of(shop).judgements
    table = pq.read_table(judged.file)
    assert table.equals(judged.table)
    assert {*table["judged_at"].to_pylist()} == {LATER}
    assert {*table["links_digest"].to_pylist()} == {read_workbook(file).sample.links_digest}
    hold(tell(judged=table.to_pandas().drop(columns="links_digest")), TOLD / "judged.txt")
    other = a_study_file(tmp_path, {"customer_records": {"systems": {"b": {"from": "b.csv"}}}}, name="other")
    with pytest.raises(StudyError, match=r"drawn of the study 'shop', and this is 'other'\. Name its own study, or"):
        read_judgements(other, file, at=LATER)
    assert read_workbook(file).drawn_at == AT


SAMPLE = Sample(
    layers=(
        Layer(standing="together", probable_from=0.9, n_pairs=7, n_expected=6.5, n_drawn=2),
        Layer(standing="apart", probable_from=0.1, n_pairs=5, n_expected=0.5, n_drawn=1),
    ),
    pairs=(("a:1", "b:1"), ("a:2", "b:2"), ("a:1", "b:2")),
    layer=(0, 0, 1),
    links_digest="abc",
)
SAID = {
    "a:1": {"system": "a", "family_name": "=1+1", "born": datetime(1980, 1, 2), "empty": None},
    "b:1": {"system": "b", "family_name": None, "born": None, "empty": ""},
    "a:2": {"system": "a", "family_name": "x" * 1200, "born": None, "empty": None},
    "b:2": {"system": "b", "family_name": "Coe", "born": None, "empty": None},
}


def a_workbook(folder, *rows, heads=("pair", "judgement")):
    file = folder / "book.xlsx"
    write_workbook(file, "shop", SAMPLE, SAID, at=AT, words={("a:2", "b:2"): "same"})
    if rows:
        book = openpyxl.load_workbook(file)
        book["Pairs"].delete_rows(1, 9)
        for row in (heads, *rows):
            book["Pairs"].append(row)
        book.save(file)
    return file


def test_a_workbook_says_of_both_records_what_any_of_them_says(tmp_path):
    file = a_workbook(tmp_path)
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Pairs", "Design"]
    assert book["Design"].sheet_state == "hidden"
    cells = [["" if cell.value is None else cell.value for cell in row] for row in book["Pairs"].iter_rows()]
    assert cells[0][0].startswith("Are the two records of one customer? Write same, different or unsure into")
    assert cells[1:] == [
        ["pair", "judgement", "system 1", "system 2", "family name 1", "family name 2", "born 1", "born 2"],
        [1, "", "a", "b", "=1+1", "", "1980-01-02", ""],
        [2, "same", "a", "b", "x" * 1000, "Coe", "", ""],
        [3, "", "a", "b", "=1+1", "Coe", "1980-01-02", ""],
    ]
    (rule,) = book["Pairs"].data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1, book["Pairs"].freeze_panes) == ("B3:B5", '"same,different,unsure"', "C3")
    judged = read_workbook(file)
    assert (judged.study, judged.drawn_at, judged.sample, judged.words, judged.n_judged) == (
        "shop", AT, SAMPLE, ("", "same", ""), 1,
    )  # fmt: skip


LINES = [(1, "same"), (2, "Different"), (3, "")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (LINES[:2], "of the 3 pairs in sheet Pairs, column pair, pair 3 is missing. Put the lines back from a copy of"),
        (LINES[:1], "column pair, pairs 2 and 3 are missing."),
        ([*LINES, (2, "same")], "column pair, pair 2 is twice."),
        ([*LINES, *LINES[:2]], "column pair, pairs 1 and 2 are twice."),
        ([LINES[0], LINES[0], LINES[1]], "column pair, pair 3 is missing and pair 1 is twice."),
        (
            [(1, "maybe"), (2, ""), (3, "same")],
            "sheet Pairs, column judgement, holds 'maybe' (pair 1). Write same, different or unsure, or leave the cell",
        ),
    ],
)
def test_a_workbook_that_cannot_be_used_is_told_in_whole(tmp_path, rows, told):
    file = a_workbook(tmp_path, *rows)
    with pytest.raises(StudyError) as problem:
        read_workbook(file)
    assert str(problem.value).startswith(f"{file}: ")
    assert told in str(problem.value)


def test_a_workbook_without_its_columns_or_sheets_is_none(tmp_path):
    file = a_workbook(tmp_path, *LINES, heads=("pair", "word"))
    with pytest.raises(StudyError, match="sheet Pairs has no columns pair and judgement to begin with"):
        read_workbook(file)
    book = openpyxl.load_workbook(file)
    del book["Design"]
    book.save(file)
    with pytest.raises(StudyError, match="is no workbook of crm-research link --review: its sheets Pairs and Design"):
        read_workbook(file)
    with pytest.raises(StudyError, match=r"^There is no file .*none\.xlsx\. Name the workbook that crm-research link"):
        read_workbook(tmp_path / "none.xlsx")


def test_a_workbook_that_somebody_has_judged_is_never_lost(tmp_path):
    file, other = a_workbook(tmp_path), Sample(**{**vars(SAMPLE), "links_digest": "xyz"})
    kept = lay_workbook(file, "shop", SAMPLE, SAID, at=LATER)
    assert kept == Laid(file=file, n_pairs=3, n_judged=1, is_kept=True, kept_as=None)
    moved = lay_workbook(file, "shop", other, SAID, at=LATER)
    first = file.with_name("book-1.xlsx")
    assert moved == Laid(file=file, n_pairs=3, n_judged=1, is_kept=False, kept_as=first)
    assert (read_workbook(first).drawn_at, read_workbook(file).drawn_at) == (AT, LATER)
    # Of another study nothing is taken over, and what nobody has judged is written over.
    strange = lay_workbook(file, "strange", SAMPLE, SAID, at=LATER)
    assert (strange.n_judged, strange.kept_as) == (0, file.with_name("book-2.xlsx"))
    assert lay_workbook(file, "third", SAMPLE, SAID, at=LATER).kept_as is None
