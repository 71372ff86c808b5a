"""Lists that somebody acts on: whole, safe in a spreadsheet, read by Excel in Chinese, beside the page."""

from __future__ import annotations

import base64
import re

import pandas as pd
import pytest

from crm_research import show
from crm_research.settings import FILES
from crm_research.show.attachment import FILE_MIME
from crm_research.show.saved_list import write_csv

FRAME = pd.DataFrame(
    {
        "customer_id": ["=1+1", "客户, 7", '"x"', "-12", "00017"],
        "=why": ["+a", "@b", "$20", "plain", "\ttab"],
        "risk": [0.25, float("nan"), 1234567.891, -3.0, 0.1],
        "n": [1, 2, -3, 4, 5],
        "last_at": pd.to_datetime(
            ["2024-01-31", None, "2024-02-01 13:05", "2024-03-01", "2024-03-02"], format="ISO8601"
        ),
    }
)
CSV = """customer_id,'=why,risk,n,last_at
'=1+1,'+a,0.25,1,2024-01-31
"客户, 7",'@b,,2,
\"\"\"x\"\"\",$20,1234567.891,-3,2024-02-01 13:05:00
'-12,plain,-3,4,2024-03-01
00017,'\ttab,0.1,5,2024-03-02
"""


def test_no_text_of_the_data_runs_as_a_formula_and_numbers_stay_numbers():
    assert write_csv(FRAME) == "\ufeff" + CSV


def test_programs_get_it_as_it_is():
    assert write_csv(FRAME, is_for_spreadsheets=False) == CSV.replace("'", "")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_sign_that_begins_a_formula_is_met(sign):
    text = write_csv(pd.DataFrame({"a": [f"{sign}cmd", f"x{sign}"]}))
    assert f"'{sign}cmd" in text
    assert f"'x{sign}" not in text


def test_the_page_carries_the_whole_list_and_a_run_puts_it_beside():
    output = show.SavedList("most-at-risk", FRAME, "The <riskiest> first.").render()
    held = re.search(r'download="most-at-risk.csv" href="data:text/csv;charset=utf-8;base64,([^"]+)"', output.html)
    assert base64.b64decode(held.group(1)).decode("utf-8") == "\ufeff" + CSV
    assert "<strong>Save the whole list (5 rows)</strong>" in output.html
    assert "The &lt;riskiest&gt; first." in output.html
    assert output.types == {FILE_MIME: {"name": "most-at-risk.csv", "text": "\ufeff" + CSV}}


def test_too_long_a_list_is_written_by_the_section(monkeypatch):
    monkeypatch.setattr("crm_research.show.saved_list.MOST_ROWS", 4)
    output = show.SavedList("most-at-risk", FRAME, "All.").render()
    assert "The whole list has 5 rows, too many for a page" in output.plain
    assert ".to_csv('most-at-risk')" in output.plain
    assert FILE_MIME not in output.types


def test_a_run_gets_a_long_list_as_a_file_whole_and_a_short_one_in_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv(FILES, str(tmp_path / "files"))
    short = show.SavedList("few", FRAME, "All.").render()
    assert short.types == {FILE_MIME: {"name": "few.csv", "text": "\ufeff" + CSV}}
    assert not (tmp_path / "files" / "few.csv").exists()
    monkeypatch.setattr("crm_research.show.saved_list.MOST_ROWS", 4)
    monkeypatch.setattr("crm_research.show.saved_list.MOST_CARRIED", 4 * len(("\ufeff" + CSV).encode()) // 3 - 2)
    monkeypatch.setattr("crm_research.show.saved_list._PART_ROWS", 2)
    long = show.SavedList("many", FRAME, "The <riskiest> first.").render()
    assert long.types == {FILE_MIME: {"name": "many.csv"}}
    assert (tmp_path / "files" / "many.csv").read_bytes() == ("\ufeff" + CSV).encode()
    assert (
        '<strong>Save the whole list (5 rows)</strong> <a download="many.csv" href="many.csv">many.csv</a>. '
        "The &lt;riskiest&gt; first." in long.html
    )


def test_a_list_is_made_when_somebody_asks_and_not_held(tmp_path, monkeypatch):
    asked = []

    def rows():
        asked.append(len(asked))
        return FRAME

    section = show.Section(show.SavedList("a", rows, "w"))
    assert asked == []
    monkeypatch.setenv(FILES, str(tmp_path))
    assert section.parts[0].render().types == {FILE_MIME: {"name": "a.csv", "text": "\ufeff" + CSV}}
    assert asked == [0]
    assert section.lists["a"] is FRAME
    assert asked == [0, 1]


def test_a_section_hands_its_lists_out_and_writes_them(tmp_path, monkeypatch):
    section = show.Section(show.Note("x"), show.SavedList("a", FRAME, "w"), show.SavedList("b", FRAME.head(0), "w"))
    assert list(section.lists) == ["a"]
    assert section.lists["a"] is FRAME
    written = section.to_csv("a", tmp_path / "mine.csv")
    assert written.read_bytes() == ("\ufeff" + CSV).encode()
    monkeypatch.chdir(tmp_path)
    assert section.to_csv("a", is_for_spreadsheets=False).read_text(encoding="utf-8") == CSV.replace("'", "")
    assert (tmp_path / "a.csv").is_file()
    with pytest.raises(LookupError, match=r"This section has no list 'b'\. Its lists: a\."):
        section.to_csv("b")
