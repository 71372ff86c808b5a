"""Lists that people have filled in: what is read of them, and what is refused with its line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from crm_research.errors import StudyError
from crm_research.repair.decisions import HEAD, KEPT, Choice, _say_lines, read_choices, read_kept
from crm_research.repair.undo import _condition, _not_meant
from crm_research.repair.written import files_of, remove

LINES = (
    "10,P1,phone,oaaa,'+49301,a,1,,x,",
    "10,P1,phone,obbb,'+49302,b,1,,,",
    "5,P2,email,occc,a@x.org,a,2,,,b@x.org",
)


def a_list(folder, *lines, between=",", head=HEAD, mark="\ufeff", encoding="utf-8"):
    file = folder / "list.csv"
    text = "\n".join([",".join(head), *lines]) + "\n"
    file.write_bytes((mark + text.replace(",", between)).encode(encoding))
    return file


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_filled_in_is_read_as_a_spreadsheet_saves_it(tmp_path, between, mark):
    file = a_list(tmp_path, *LINES, between=between, mark=mark)
    assert read_choices(file) == [
        Choice(option="oaaa", instead=None, line=2, file=file),
        Choice(option="occc", instead="b@x.org", line=4, file=file),
    ]


def test_nothing_filled_in_decides_nothing(tmp_path):
    assert read_choices(a_list(tmp_path)) == []
    assert read_choices(a_list(tmp_path, LINES[1], "", "1,P1")) == []


@pytest.mark.parametrize(
    ("mark", "is_one"), [("X", True), (" ja ", True), ("是", True), ("0", False), ("maybe", False)]
)
def test_a_mark_is_a_mark(tmp_path, mark, is_one):
    file = a_list(tmp_path, f"10,P1,phone,oaaa,1,a,1,,{mark},")
    if is_one:
        assert read_choices(file) == [Choice(option="oaaa", instead=None, line=2, file=file)]
    else:
        with pytest.raises(StudyError, match=rf"list.csv: line 2, choose: found '{mark}'. Write x where"):
            read_choices(file)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,P1,phone,oaaa,1,a,1,,x,2", "line 2: both chooses the value and writes another"),
        ("1,P1,address,oaaa,1,a,1,,,Ulm", "line 2, instead: address is several columns"),
        ("1,P1,phone,,1,a,1,,x,", "line 2, option: is empty"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, line, said):
    with pytest.raises(StudyError, match=said):
        read_choices(a_list(tmp_path, line))


def test_what_is_no_list_is_refused(tmp_path):
    with pytest.raises(StudyError, match="has no column choose, so it is no list"):
        read_choices(a_list(tmp_path, head=("column", "option")))
    with pytest.raises(StudyError, match=r"byte 0 is not UTF-8. Save the list as CSV UTF-8"):
        read_choices(a_list(tmp_path, encoding="utf-16"))
    with pytest.raises(StudyError, match="cannot be read: No such file"):
        read_choices(tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(StudyError, match="has no column column"):
        read_choices(tmp_path / "empty.csv")


def test_what_holds_no_decisions_is_refused(tmp_path):
    assert read_kept(tmp_path / "none.parquet").num_rows == 0
    (tmp_path / "bad.parquet").write_text("decided")
    with pytest.raises(StudyError) as problem:
        read_kept(tmp_path / "bad.parquet")
    assert str(problem.value) == (
        f"{tmp_path / 'bad.parquet'} holds no decisions. Restore the file from a copy, or remove it, and what people "
        "have decided is asked again."
    )


def test_two_decisions_of_one_thing_are_named_by_file_and_line():
    here, there = (
        Choice(option="o", instead=None, line=line, file=Path(name)) for line, name in ((2, "a"), (1234, "b"))
    )
    assert _say_lines(here, there) == "a, line 2, and b, line 1,234,"
    assert _say_lines(here, Choice(option="o", instead=None, line=5678, file=Path("a"))) == "a: lines 2 and 5,678"


@pytest.mark.parametrize(
    ("columns", "on", "stay"),
    [
        ((), None, []),
        (("phone",), None, ["address", "email"]),
        (("city", "street"), None, ["phone", "email"]),
        ((), date(2026, 1, 5), ["email"]),
        (("phone",), date(2026, 1, 5), ["address", "email"]),
        (("email",), date(2026, 1, 5), ["phone", "address", "email"]),
    ],
)
def test_decisions_stay_that_are_of_another_column_or_day(columns, on, stay):
    days = [("phone", 5), ("address", 5), ("email", 6)]
    rows = [
        {"customer_id": "P1", "column": unit, "option": "o", "instead": None, "at": datetime(2026, 1, day, 23, 59)}
        for unit, day in days
    ]
    kept = pa.Table.from_pylist(rows, schema=KEPT)
    assert _not_meant(kept, columns, on)["column"].to_pylist() == stay
    assert _not_meant(KEPT.empty_table(), columns, on).num_rows == 0


def test_what_is_undone_is_asked_of_the_engine():
    assert _condition(None, (), None) == "true"
    assert _condition("most recent", ("street", "city"), date(2026, 1, 5)) == (
        "rule = 'most recent' AND \"column\" IN ('street', 'city') AND CAST(\"at\" AS DATE) = DATE '2026-01-05'"
    )


@pytest.mark.parametrize("with_decisions", [True, False])
@pytest.mark.parametrize("with_list", [True, False])
def test_what_people_have_decided_or_filled_in_stays_unless_it_is_named(tmp_path, with_decisions, with_list):
    files = files_of(tmp_path / "study.yaml")
    for file in vars(files).values():
        file.write_text("held", encoding="utf-8")
    remove(files, with_decisions=with_decisions, with_list=with_list)
    assert {name: file.exists() for name, file in vars(files).items()} == {
        "repairs": False, "golden": False, "conflicts": not with_list, "decisions": not with_decisions,
    }  # fmt: skip
    # What is not there is no fault.
    remove(files, with_decisions=True, with_list=True)
    assert not any(file.exists() for file in vars(files).values())
