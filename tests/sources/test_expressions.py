"""Expressions see what columns hold once they are read: empty cells, and the case of names."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, orders_of

HEAD = "order_id,customer_id,ordered_at,revenue,state\n"
ROWS = "1,A,2024-01-05,10,ok\n2,{word},2024-01-06,20,ok\n3,B,2024-01-07,30,{word}\n"


def _kept(folder, word, condition, **source):
    study = orders_of(folder, HEAD + ROWS.format(word=word), where=condition, source=source)
    return [row[0] for row in held(study, "orders", "order_id")]


@pytest.mark.parametrize("word", ["NULL", "null", "NaN", "#N/A", "N/A", "\\N", "", " ", "NA", "None", "-"])
@pytest.mark.parametrize(
    "condition",
    ["customer_id is not null", "customer_id is not null and trim(customer_id) <> ''", "customer_id <> ''",
     "length(customer_id) > 0", "customer_id || 'x' is not null", "not (customer_id is null)", "Customer_ID like '%'"],
)  # fmt: skip
def test_words_for_nothing_are_nothing_to_a_condition_on_an_id(tmp_path, word, condition):
    assert _kept(tmp_path, word, condition) == ["1", "3"]


@pytest.mark.parametrize(("word", "kept"), [("NULL", ["1", "2"]), ("NA", ["1", "2", "3"])])
def test_na_is_a_word_like_others_where_the_column_is_plain_text(tmp_path, word, kept):
    assert _kept(tmp_path, word, "state is not null") == kept


def test_the_studys_own_words_for_nothing_are_nothing_too(tmp_path):
    # 10 + 30 = 40: the sum that stands among the rows is left out
    text = HEAD + "1,A,2024-01-05,10,ok\n2,B,subtotal,50,ok\n3,B,2024-01-07,30,ok\n"
    study = orders_of(tmp_path, text, where="ordered_at is not null", source={"null_values": ["subtotal"]})
    assert held(study, "orders", "revenue") == [(10.0,), (30.0,)]
    assert study.inputs[0].source == "orders.csv (1 of 3 rows left out by where)"


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("state = 'N/A'", ["3"]),
        ("state <> 'N/A'", ["1", "2"]),
        ("state in ('N/A', 'x')", ["3"]),
        ("case state when 'N/A' then 1 else 0 end = 1", ["3"]),
        ("customer_id <> 'N/A'", ["1", "3"]),
    ],
)
def test_whoever_names_the_word_means_the_word(tmp_path, condition, kept):
    assert _kept(tmp_path, "N/A", condition) == kept


def test_a_number_that_is_nothing_is_nothing_wherever_the_expression_reads_it(tmp_path):
    text = HEAD.replace("state", "extra") + "1,A,2024-01-05,10,NA\n2,A,2024-01-06,20,5\n"
    columns = {"revenue": {"expr": "case when extra is null then revenue else revenue + extra end"}}
    assert held(orders_of(tmp_path, text, columns=columns), "orders", "revenue") == [(10.0,), (25.0,)]


def test_the_same_holds_for_text_of_a_typed_file(tmp_path):
    frame = {"order_id": ["1", "2"], "customer_id": ["A", "NULL"], "revenue": [1.0, 2.0]}
    pd.DataFrame(frame | {"ordered_at": pd.to_datetime(["2024-01-05"] * 2)}).to_parquet(tmp_path / "orders.parquet")
    rule = {"from": "orders.parquet", "where": "customer_id is not null"}
    assert held(open_study(a_study_file(tmp_path, {"orders": rule})), "orders", "order_id") == [("1",)]


def test_what_is_left_out_of_the_key_is_left_out_of_the_check(tmp_path):
    study = orders_of(tmp_path, HEAD + ROWS.format(word="NULL"), where="customer_id is not null")
    assert "missing-key" not in {finding.rule for finding in check_study(study).failed}


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("PRICE > Cost", ["2"]),
        ("Price = COST", ["1"]),
        ("STARTED < Ended", ["1"]),
        ("Started = ended", ["2"]),
    ],
)
def test_names_in_capitals_and_small_letters_are_compared_by_what_they_hold(tmp_path, condition, kept):
    frame = {
        "order_id": ["1", "2"],
        "customer_id": ["A", "B"],
        "ordered_at": pd.to_datetime(["2024-01-05"] * 2),
        "revenue": [1.0, 2.0],
        "price": [9, 10],
        "cost": ["9.0", "9"],
        "started": pd.to_datetime(["2024-01-05", "2024-01-09"]),
        "ended": ["2024-01-06", "2024-01-09 00:00"],
    }
    pd.DataFrame(frame).to_parquet(tmp_path / "orders.parquet")
    study = open_study(a_study_file(tmp_path, {"orders": {"from": "orders.parquet", "where": condition}}))
    assert [row[0] for row in held(study, "orders", "order_id")] == kept


def test_both_of_two_text_columns_are_numbers_where_one_is_compared_with_the_other(tmp_path):
    text = HEAD.replace("state", "limit") + "1,A,2024-01-05,10,9\n2,A,2024-01-06,9,10\n"
    assert [row[0] for row in held(orders_of(tmp_path, text, where="revenue > limit"), "orders", "order_id")] == ["1"]


@pytest.mark.parametrize("cell", ['="007"', '"=""007"""', '" =""007"" "'])
def test_cells_kept_from_the_spreadsheet_are_what_stands_in_them(tmp_path, cell):
    study = orders_of(tmp_path, HEAD + f"1,{cell},2024-01-05,{cell},ok\n", where="customer_id = '007'")
    assert held(study, "orders", "customer_id", "revenue") == [("007", 7.0)]


def test_an_empty_cell_kept_from_the_spreadsheet_is_empty(tmp_path):
    study = orders_of(tmp_path, HEAD + '1,"=""""",2024-01-05,5,ok\n')
    assert held(study, "orders", "customer_id") == [(None,)]
