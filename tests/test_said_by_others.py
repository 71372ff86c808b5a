"""What libraries say of a fault is told without the names of their classes and errors, or their codes."""

from __future__ import annotations

import re
import sqlite3
import zlib
from typing import Literal

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import yaml
from pydantic import BaseModel, Field, ValidationError

from crm_research.reporting.tasks import Failure
from crm_research.said_by_others import join_wanted, say_fault, say_found, say_sql_fault, say_wanted, say_yaml_fault

# A class or an error by its name, a code, or a validator's way of speaking.
NAMES = re.compile(
    r"[A-Za-z]+(Error|Exception|Invalid)\b|\b(Error|Exception):|^(ERROR|FATAL)\b|\[[A-Z_.]{4,}\]|Input should|<class|"
    r"\b(string|int|float|bool|dict|list)_(type|parsing)\b|function-|<block end>|SQLSTATE|[Ee]rror -?\d"
)


def faults():
    """One of each kind, as the libraries themselves raise it."""
    for sql in (
        "SELECT CAST('x' AS INT)", "SELECT a FROM (SELECT 1 AS b)", "SELECT * FROM nowhere", "SELECT 1 +",
        "SELECT nothing(1)", "SELECT * FROM read_parquet('none.parquet')", "SELECT error('x')",
        "SELECT DATE '2024-02-30'", "SELECT 9223372036854775807 + 1", "SELECT 'a' + [1]",
    ):  # fmt: skip
        try:
            duckdb.connect().execute(sql).fetchall()
        except duckdb.Error as problem:
            yield problem
    for call in (
        lambda: pa.array(["a", 1]),
        lambda: pa.array(["a"]).cast(pa.int64()),
        lambda: zlib.decompress(b"no gzip"),
        lambda: sqlite3.connect(":memory:").execute("SELECT nothing"),
    ):
        try:
            call()
        except (pa.ArrowException, ValueError, TypeError, zlib.error, sqlite3.Error) as problem:
            yield problem


def test_no_fault_of_a_library_is_told_by_its_class_or_code():
    told = [say_fault(problem) for problem in faults()]
    assert len(told) == 14
    assert [each for each in told if NAMES.search(each) or "\n" in each or not each] == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Conversion Error: Could not convert 'x' to INT32\n\nLINE 1: ...", "Could not convert 'x' to a whole number"),
        ("Invalid Input Error: CSV Error on Line: 3", "CSV on Line: 3"),
        ("ParserException: Parser Error: syntax error at or near \"from\"", 'syntax error at or near "from"'),
        ("duckdb.duckdb.BinderException: Binder Error: no column", "no column"),
        ("ArrowInvalid: Could not convert 'a'.", "Could not convert 'a'"),
        ("pyarrow.lib.ArrowNotImplementedError: Unsupported cast", "Unsupported cast"),
        ("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column is not known. SQLSTATE: 42703", "A column is not known"),
        ('FATAL:  role "x" does not exist', 'role "x" does not exist'),
        ("Error -3 while decompressing data: wrong header", "a fault while decompressing data: wrong header"),
        ('Binder Error: Referenced column "x" not found in FROM clause!', 'nothing is called "x" there'),
        ("price: 12 Errors were found", "price: 12 Errors were found"),
        ("", "no reason was given"),
        ("ValueError:", "no reason was given"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_what_it_says(message, told):
    assert say_fault(message) == told


@pytest.mark.parametrize("text", ["a +", "(a", "case when a then", "'a", "a b c", "count(", "a = = b"])
def test_sql_that_is_none_is_told_without_the_names_of_its_reader(text):
    with pytest.raises(sqlglot.errors.SqlglotError) as refusal:
        sqlglot.parse(f"SELECT {text}" if "count" in text else text, dialect="duckdb")
    told = say_sql_fault(refusal.value)
    assert not NAMES.search(told)
    assert "sqlglot" not in told
    assert "token" not in told.lower()


@pytest.mark.parametrize(
    "text", ["a: b: c", "a:\n\t- b", "a: !x b", "a: *b", "a: [b", "a: 'b", "? [a]\n: b", "a: 1\n b: 2", "a: @b", "a: }"]
)
def test_yaml_that_is_none_is_told_in_words(text):
    with pytest.raises(yaml.YAMLError) as refusal:
        yaml.safe_load(text)
    told = say_yaml_fault(getattr(refusal.value, "problem", None))
    assert not re.search(r"token|<|scalar|tag:|constructor|mapping|node|alphabetic", told), told
    assert told != "it cannot be read there" or text == "a: }"


def test_what_was_said_of_yaml_in_our_own_words_stays():
    assert say_yaml_fault("the key 'a' stands here a second time; keep one") == (
        "the key 'a' stands here a second time; keep one"
    )


class Asked(BaseModel):
    whole: int = Field(1, ge=2, le=9)
    share: float = Field(0.5, gt=0, lt=1)
    side: Literal["left", "right"] = "left"
    names: list[str] = Field(["a"], min_length=1, max_length=2)
    text: str = "a"
    is_on: bool = False
    either: int | bool = 1


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"whole": "x"}, "a whole number"),
        ({"whole": 2.5}, "a whole number"),
        ({"whole": 1}, "2 or more"),
        ({"whole": 10}, "9 or less"),
        ({"share": 0}, "more than 0"),
        ({"share": 1}, "less than 1"),
        ({"share": []}, "a number"),
        ({"side": "up"}, "'left' or 'right'"),
        ({"names": []}, "filled with at least one entry"),
        ({"names": ["a", "b", "c"]}, "of at most 2 entries"),
        ({"names": 5}, "a list, such as [a, b]"),
        ({"text": 5}, "text; put quotes around it if it looks like a number"),
        ({"is_on": "maybe"}, "true or false"),
        ({"either": "maybe"}, "a whole number, or true or false"),
    ],
)
def test_what_a_value_must_be_is_said_in_words(given, wanted):
    with pytest.raises(ValidationError) as refusal:
        Asked(**given)
    assert join_wanted(map(say_wanted, refusal.value.errors())) == wanted


@pytest.mark.parametrize(
    ("value", "told"), [(None, "nothing"), (True, "true"), (False, "false"), (1.5, "1.5"), ("a", "'a'")]
)
def test_a_value_is_told_as_a_file_has_it(value, told):
    assert say_found(value) == told


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("StudyError", "Parser Error: x (cell 3)"),
        ("ConversionException", "a step failed: x (cell 3)"),
        ("ArrowInvalid", "a step failed: x (cell 3)"),
        ("ZeroDivisionError", "ZeroDivisionError: Parser Error: x (cell 3)"),
        ("killed", "killed: Parser Error: x (cell 3)"),
    ],
)
def test_a_failure_of_a_notebook_names_no_class_of_a_library(kind, told):
    assert Failure(kind=kind, message="Parser Error: x", place="cell 3").in_words() == told
