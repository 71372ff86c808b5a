"""Lines that are no rows, lines that end in several ways, and lines longer than the engine expects."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, offered, orders_of

HEAD = "order_id,customer_id,ordered_at,revenue\n"
ROWS = "1,A,2024-01-05,10\n2,B,2024-01-06,20\n"
ABOVE = "# -------------\n# Free form 1\n# 20240101-20240630\n# -------------\n\n"
BELOW = '\n"Confidential Information - Do Not Distribute"\n"Copyright (c) 2000-2024"\n'


def _orders(study):
    return held(study, "orders", "order_id", "revenue")


# 10 + 20 = 30
TWO_ORDERS = [("1", 10.0), ("2", 20.0)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (ABOVE + HEAD + ROWS, {"comment": "#"}),
        (ABOVE.replace("#", "Report:") + HEAD + ROWS, {"skip_rows": 5}),
        (HEAD + ROWS + BELOW, {"skip_footer": 3}),
        (HEAD + ROWS + BELOW + "\n\n", {"skip_footer": 3}),
        (ABOVE + HEAD + ROWS + BELOW, {"comment": "#", "skip_footer": 3}),
        ("Orders of July\n" + HEAD + ROWS + BELOW, {"skip_rows": 1, "skip_footer": 3}),
        ("Orders; all\n" + (HEAD + ROWS).replace(",", ";") + BELOW, {"skip_rows": 1, "skip_footer": 3}),
    ],
)
def test_notes_around_the_table_are_told_and_the_mend_that_is_offered_reads_it(tmp_path, text, keys):
    with pytest.raises(StudyError, match=r"no rows of it\. Write") as caught:
        orders_of(tmp_path, text)
    assert offered(caught.value) == keys
    assert _orders(orders_of(tmp_path, text, source=keys)) == TWO_ORDERS


def test_a_last_line_that_is_cut_off_is_never_called_a_note(tmp_path):
    with pytest.raises(StudyError, match=r"line 3 cannot be read.*that line has only 2") as caught:
        orders_of(tmp_path, HEAD + "1,A,2024-01-05,10\n2,B\n")
    assert "skip_footer" not in str(caught.value)


def test_what_is_left_out_is_said_beside_the_source(tmp_path):
    study = orders_of(tmp_path, ABOVE + HEAD + ROWS + BELOW, source={"comment": "#", "skip_footer": 3})
    assert study.inputs[0].source == "orders.csv (lines: 4 left out by comment, 3 by skip_footer)"


def test_a_line_within_a_quoted_cell_is_no_comment(tmp_path):
    text = HEAD.strip() + ',note\n1,A,2024-01-05,10,"two\n#lines"\n# 2,B,2024-01-06,20,x\n'
    study = orders_of(tmp_path, text, source={"comment": "#"})
    assert held(study, "orders", "order_id", "note") == [("1", "two\n#lines")]


def test_the_line_that_is_named_is_that_of_the_file_also_below_comments(tmp_path):
    with pytest.raises(StudyError, match=r"line 7 cannot be read"):
        orders_of(tmp_path, ABOVE + HEAD + "1,A,2024-01-05\n2,B,2024-01-06,20\n", source={"comment": "#"})


def test_keys_that_leave_nothing_of_the_table_are_told(tmp_path):
    with pytest.raises(StudyError, match=r"orders.csv: comment and skip_footer leave nothing of it"):
        orders_of(tmp_path, HEAD + ROWS, source={"skip_footer": 3})


@pytest.mark.parametrize(("said", "wrong"), [("is no|must be the sign", "ab"), ("must be the sign", " ")])
def test_a_comment_is_one_sign(tmp_path, said, wrong):
    with pytest.raises(StudyError, match=said):
        orders_of(tmp_path, HEAD + ROWS, source={"comment": wrong})


@pytest.mark.parametrize("top", ["\n", "\n\n\n"])
def test_empty_lines_over_the_header_are_no_header(tmp_path, top):
    assert _orders(orders_of(tmp_path, top + HEAD + ROWS)) == TWO_ORDERS


def test_a_name_in_the_header_may_be_broken_into_lines(tmp_path):
    text = 'order_id,customer_id,ordered_at,revenue,"a long\nname"\n1,A,2024-01-05,10,x\n'
    assert held(orders_of(tmp_path, text), "orders", "a long\nname") == [("x",)]


def test_further_header_lines_are_left_out_where_the_study_says_how_many(tmp_path):
    more = '"Number","Who","When, in\nour time","Money"\n"{""ImportId"":1}",2,3,4\n'
    study = orders_of(tmp_path, HEAD + more + ROWS, source={"header": 3})
    assert _orders(study) == TWO_ORDERS


def test_notes_and_header_lines_of_a_sheet(tmp_path):
    cells = [["# Report", *[None] * 3], [None] * 4, HEAD.strip().split(","), ["Number", "Who", "When", "Money"]]
    cells += [["1", "A", "2024-01-05", 10], ["2", "B", "2024-01-06", 20], [None] * 4, ["Confidential", *[None] * 3]]
    pd.DataFrame(cells).to_excel(tmp_path / "orders.xlsx", index=False, header=False)
    source = {"path": "orders.xlsx", "comment": "#", "header": 2, "skip_footer": 2}
    study = open_study(a_study_file(tmp_path, {"orders": {"from": source}}))
    assert _orders(study) == TWO_ORDERS
    assert study.inputs[0].source == "orders.xlsx (lines: 1 left out by comment, 2 by skip_footer)"


ENDS = ["\n", "\r\n", "\r"]


@settings(max_examples=40, deadline=None)
@given(ends=st.lists(st.sampled_from(ENDS), min_size=2, max_size=9), cell=st.sampled_from(["x", "x\ny", "x\r\ny"]))
@pytest.mark.slow
def test_lines_may_end_in_any_mixture_of_ways(tmp_path_factory, ends, cell):
    lines = ["order_id,customer_id,ordered_at,revenue,note"]
    lines += [f'{i},A,2024-01-05,{i}.5,"{cell}"' for i in range(1, len(ends))]
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    study = orders_of(tmp_path_factory.mktemp("ends"), text)
    found = held(study, "orders", "order_id", "revenue", "note")
    assert [row[:2] for row in found] == [(str(i), i + 0.5) for i in range(1, len(ends))]
    assert {row[2].replace("\r\n", "\n").replace("\r", "\n") for row in found} <= {cell.replace("\r\n", "\n")}


@pytest.mark.parametrize("n_bytes", [1_900_000, 2_100_000, 9_000_000, 40_000_000])
@pytest.mark.parametrize("place", ["last", "first"])
def test_a_row_with_a_very_long_cell_is_read_wherever_it_stands(tmp_path, n_bytes, place):
    long = f"9,Z,2024-01-07,5,{'x' * n_bytes}\n"
    rows = ROWS.replace("\n", ",\n")
    text = HEAD.replace("\n", ",note\n") + (long + rows if place == "first" else rows + long)
    study = orders_of(tmp_path, text)
    assert _orders(study) == [*TWO_ORDERS, ("9", 5.0)]
    assert study.table("orders").note.length().max().to_pyarrow().as_py() == n_bytes


def test_a_long_last_line_of_a_packed_file_is_read(tmp_path):
    text = HEAD.replace("\n", ",note\n") + ROWS.replace("\n", ",\n") + f"9,Z,2024-01-07,5,{'x' * 40_000_000}\n"
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(text.encode(), 1))
    study = open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv.gz"}}))
    assert _orders(study) == [*TWO_ORDERS, ("9", 5.0)]


def test_a_line_that_cannot_be_a_row_is_told_with_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr("crm_research.sources.readers.text.LONGEST_LINE_BYTES", 3_000_000)
    with pytest.raises(StudyError, match=r"orders.csv: line 4 is 4 MB long, which no row is"):
        orders_of(tmp_path, HEAD + ROWS + "9,Z,2024-01-07," + "5" * 4_000_000)


@pytest.mark.parametrize("cut", [20, 60])
def test_a_packed_file_that_is_cut_off_is_told(tmp_path, cut):
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress((HEAD + ROWS).encode())[:cut])
    with pytest.raises(StudyError, match=r"orders.csv.gz cannot be unpacked"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv.gz"}}))


def test_a_file_that_is_packed_by_name_only_is_told(tmp_path):
    (tmp_path / "orders.csv.gz").write_text(HEAD + ROWS)
    with pytest.raises(StudyError, match=r"orders.csv.gz cannot be unpacked.*take .gz off its name"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv.gz"}}))


@pytest.mark.parametrize("as_of", ["0001-01-01", "1600-01-01", "2262-01-01", "9999-12-31"])
def test_no_study_stands_where_no_records_are(tmp_path, as_of):
    with pytest.raises(StudyError, match=r"outside the years 1678 to 2261"):
        orders_of(tmp_path, HEAD + ROWS, head={"as_of": as_of})
    study = orders_of(tmp_path, HEAD + ROWS)
    with pytest.raises(StudyError, match=r"as_of .* outside the years 1678 to 2261"):
        open_study(study.path, as_of=as_of)


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\r", "\n"), ("\r\n", "\r")])
def test_a_title_that_ends_otherwise_than_the_rows_hides_none(ends, tmp_path):
    # The engine read no row of such files, and said nothing.
    title, row = ends
    rows = "order_id,customer_id,ordered_at,revenue\n1,007,2024-01-05,10.5\n2,008,2024-02-05,20\n".replace("\n", row)
    study = orders_of(tmp_path, f"Orders of 2024{title}{rows}", source={"skip_rows": 1})
    assert held(study, "orders", "order_id", "revenue") == [("1", 10.5), ("2", 20.0)]


@pytest.mark.parametrize("rows", ["1,a,2024-01-05,10,50\n2,b,2024-01-06,11,50\n", "1,a,2024-01-05,10,50\n" * 5])
def test_a_header_is_never_skipped_for_rows_with_a_cell_too_many(tmp_path, rows):
    with pytest.raises(StudyError, match="The header names 4 columns and most rows hold 5 cells: a comma") as problem:
        orders_of(tmp_path, "order_id,customer_id,ordered_at,revenue\n" + rows)
    assert "skip_rows" not in str(problem.value)


def test_a_sign_of_comments_is_not_offered_where_rows_begin_with_it(tmp_path):
    text = (
        "# made on Monday\n# by hand\norder_id,customer_id,ordered_at,revenue\n#1,a,2024-01-05,10\n#2,b,2024-01-06,5\n"
    )
    with pytest.raises(StudyError) as problem:
        orders_of(tmp_path, text)
    study = orders_of(tmp_path, text, source=offered(problem.value))
    assert [row[0] for row in held(study, "orders", "order_id")] == ["#1", "#2"]
