"""``crm-research link --review`` and ``--judgements``: the workbook, what is read back, and what is refused."""

from __future__ import annotations

import stat

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from crm_research.cli.link import command
from crm_research.errors import ParameterError, StudyError
from crm_research.linking.study_links import files_of
from crm_research.pillars.single_view import measure_single_view
from crm_research.sources.opening import open_study
from tests.linking.worlds import a_person
from tests.sources.files import a_study_file, make_desk

pytestmark = pytest.mark.slow
COLUMNS = ("local_id", "name", "email", "phone", "birth_date", "city")


def write(folder, system, people):
    rows = [",".join(str(one.get(name) or "") for name in COLUMNS) for one in people]
    (folder / f"{system}.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    hostile = {3: {"name": "=1+1 $x$ <b>&"}, 4: {"name": "单 晓明"}}
    write(tmp_path, "a", [a_person(number, "a", **hostile.get(number, {})) for number in range(80)])
    write(tmp_path, "b", [a_person(number, "b", phone=None, **hostile.get(number, {})) for number in range(30)])
    systems = {name: {"from": f"{name}.csv", "columns": {"country": {"value": "DE"}}} for name in "ab"}
    return a_study_file(tmp_path, {"customer_records": {"systems": systems}})


def run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=False)


def change(file, *, judge=None, drop=(), twice=(), cells=()):
    """Judge every pair by `judge(row)`, drop lines, repeat them, write cells."""
    book = openpyxl.load_workbook(file)
    sheet = book["Pairs"]
    heads = [cell.value for cell in sheet[2]]
    for row in sheet.iter_rows(min_row=3):
        if judge is not None:
            row[1].value = judge({head: cell.value for head, cell in zip(heads, row, strict=True)})
    for number, word in cells:
        sheet.cell(row=number + 2, column=2).value = word
    for number in twice:
        sheet.append([number, "same"])
    for number in sorted(drop, reverse=True):
        sheet.delete_rows(number + 2)
    book.save(file)


def by_number(row):
    return "Same" if row["local id 1"] == row["local id 2"] else " different "


def test_a_sample_is_laid_out_judged_and_read_back(shop):
    done = run(shop, "--review", "60")
    assert done.exception is None
    files = files_of(shop)
    assert f"To be judged: {files.review}; 0 of " in done.stdout
    assert stat.S_IMODE(files.review.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(files.review)["Pairs"]
    heads = [cell.value for cell in sheet[2]]
    assert heads[:6] == ["pair", "judgement", "system 1", "system 2", "local id 1", "local id 2"]
    said = {cell.value for row in sheet.iter_rows(min_row=3) for cell in row}
    assert "=1+1 $x$ <b>&" in said
    assert "单 晓明" in said
    change(files.review, judge=by_number)
    read = run(shop, "--judgements", files.review)
    assert read.exception is None
    lines = read.stdout.splitlines()
    assert lines[0].startswith("Judged: ")
    assert lines[1].startswith("100.0 % of the pairs brought together are of one customer (")
    assert lines[-1] == f"Written: {files.judgements}."
    assert not any(line.startswith("Note") for line in lines)
    assert stat.S_IMODE(files.judgements.stat().st_mode) == 0o600
    rows = pq.read_table(files.judgements).to_pylist()
    assert {row["standing"] for row in rows} >= {"together", "not looked at"}
    assert all(row["n_same"] + row["n_different"] == row["n_drawn"] for row in rows)
    view = measure_single_view(open_study(shop))
    assert view.judging.is_of_these_links
    assert view.by_judgements.precision.estimate == 1.0


def test_nothing_is_lost_when_it_is_asked_again(shop, tmp_path):
    run(shop, "--review", "60")
    files = files_of(shop)
    change(files.review, judge=by_number, cells=[(1, None)])
    before = files.review.read_bytes()
    again = run(shop, "--review", "60")
    assert "as it was drawn before" in again.stdout
    assert files.review.read_bytes() == before
    run(shop, "--judgements", files.review)
    run(shop)
    assert files.judgements.is_file()
    write(tmp_path, "b", [a_person(number, "b", phone=None) for number in range(31)])
    more = run(shop, "--review", "60")
    kept = files.review.with_name("shop.review-1.xlsx") if shop.stem == "shop" else None
    kept = kept or next(files.review.parent.glob("*.review-1.xlsx"))
    assert kept.read_bytes() == before
    assert f"kept as {kept}" in more.stdout
    sheet = openpyxl.load_workbook(files.review)["Pairs"]
    words = [row[1].value for row in sheet.iter_rows(min_row=3)]
    assert {word for word in words if word} == {"same", "different"}
    old = run(shop, "--judgements", kept)
    assert "Note: records have been linked anew" in old.stdout
    assert not measure_single_view(open_study(shop)).judging.is_of_these_links


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"cells": [(2, "maybe"), (5, "yes")]}, r"holds 'maybe' \(pair 2\) and 'yes' \(pair 5\)\. Write same"),
        ({"drop": [4]}, r"column pair, pair 4 is missing\. Put the lines back"),
        ({"drop": [4, 6]}, r"column pair, pairs 4 and 6 are missing"),
        ({"twice": [3]}, r"column pair, pair 3 is twice"),
        ({"judge": lambda row: "unsure"}, "says same or different of no pair"),
    ],
)  # fmt: skip
def test_a_bad_workbook_is_told_in_one_paragraph(shop, faults, said):
    run(shop, "--review", "40")
    files = files_of(shop)
    change(files.review, **{"judge": by_number} | faults)
    with pytest.raises(StudyError, match=said) as problem:
        raise run(shop, "--judgements", files.review).exception
    assert "\n" not in str(problem.value)
    assert not files.judgements.exists()


def test_what_is_no_workbook_of_this_study_is_refused(shop, tmp_path):
    run(shop, "--review", "40")
    files = files_of(shop)
    change(files.review, judge=by_number)
    other = tmp_path / "other.yaml"
    other.write_text(shop.read_text(encoding="utf-8").replace(f"name: {open_study(shop).name}", "name: another"))
    with pytest.raises(StudyError, match=r"was drawn of the study .* and this is 'another'"):
        raise run(other, "--judgements", files.review).exception
    with pytest.raises(StudyError, match="There is no file"):
        raise run(shop, "--judgements", tmp_path / "nowhere.xlsx").exception
    plain = tmp_path / "plain.xlsx"
    openpyxl.Workbook().save(plain)
    with pytest.raises(StudyError, match="is no workbook of crm-research link --review"):
        raise run(shop, "--judgements", plain).exception
    files.review.write_text("no book")
    with pytest.raises(StudyError):
        raise run(shop, "--judgements", files.review).exception
    with pytest.raises(ParameterError, match="links nothing"):
        raise run(shop, "--judgements", files.review, "--review", "40").exception
