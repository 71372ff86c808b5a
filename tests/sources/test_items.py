"""Questionnaires with one column a question, and the other ways of reading a file that a company's exports ask for."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, offered, orders_of

ANSWERS = "who,day,Q1,quality_a,quality_b,Q9,slow\na,2024-01-05,9,4,5,good,1\nb,2024-01-06,NA,-99,3,very bad,9\n"
COLUMNS = {"response_id": "who", "asked_at": "day"}
ITEMS = {
    "nps": {"column": "Q1", "scale": [0, 10]},
    "quality_*": [1, 5],
    "satisfaction": {"column": "Q9", "answers": ["very bad", "bad", "good"]},
    "fast": {"column": "slow", "scale": [1, 5], "reversed": True, "missing": [9]},
}


def _survey(folder, *, text=ANSWERS, columns=COLUMNS, items=ITEMS, **source):
    (folder / "survey.csv").write_text(text, encoding="utf-8")
    source = {"path": "survey.csv", "null_values": ["-99", "NA"], **source}
    return open_study(a_study_file(folder, {"surveys": {"from": source, "columns": columns, "items": items}}))


def _answers(study):
    rows = held(study, "surveys", "response_id", "item", "score", "scale_min", "scale_max")
    return {row[:2]: None if row[2] != row[2] else row[2:] for row in rows}


def test_each_answer_is_a_row_on_its_scale(tmp_path):
    answers = _answers(_survey(tmp_path))
    assert len(answers) == 10
    assert answers["a", "nps"] == (9.0, 0.0, 10.0)
    assert answers["a", "quality_b"] == (5.0, 1.0, 5.0)
    assert answers["a", "satisfaction"] == (3.0, 1.0, 3.0)
    assert answers["b", "satisfaction"] == (1.0, 1.0, 3.0)
    assert answers["a", "fast"] == (5.0, 1.0, 5.0)
    assert [answers["b", item] for item in ("nps", "quality_a", "fast")] == [None, None, None]


def test_a_column_named_by_itself_is_not_taken_by_a_star_too(tmp_path):
    items = {"quality_*": [1, 5], "service": {"column": "quality_a", "scale": [1, 5]}}
    assert {item for _, item in _answers(_survey(tmp_path, items=items))} == {"service", "quality_b"}


def test_respondents_without_a_number_are_numbered(tmp_path):
    answers = _answers(_survey(tmp_path, columns={"asked_at": "day"}, items={"nps": ITEMS["nps"]}))
    assert set(answers) == {("row 1", "nps"), ("row 2", "nps")}


def test_answers_in_words_that_nothing_lists_are_told(tmp_path):
    with pytest.raises(StudyError, match=r"items.sat: 2 answers in the column 'Q9' .* 'good', 'very bad'.* answers:"):
        _survey(tmp_path, items={"sat": {"column": "Q9", "scale": [1, 5]}})


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ({"Q99": [1, 5]}, "has no column 'Q99'"),
        ({"Q1": [5, 1]}, "a scale from low to high"),
        ({"Q1": {"column": "Q1"}}, "needs its scale"),
        ({"Q1": [1, 5, 7]}, "items.Q1"),
    ],
)
def test_a_rule_of_an_item_that_cannot_be_is_told(tmp_path, items, said):
    with pytest.raises(StudyError, match=said):
        _survey(tmp_path, items=items)


def test_only_surveys_have_items(tmp_path):
    with pytest.raises(StudyError, match="only surveys take items"):
        orders_of(tmp_path, "order_id,customer_id,ordered_at,revenue\n1,a,2024-01-01,5\n", items={"revenue": [1, 5]})


COPIED = "order_id,customer_id,ordered_at,revenue\n1,a,2024-01-05,10\n1,a,2024-01-05,10\n1,a,2024-01-05,4\n"


@pytest.mark.parametrize(("distinct", "revenue"), [(False, 24.0), (True, 14.0)])
def test_copies_of_rows_are_read_once_where_the_study_says_so(tmp_path, distinct, revenue):
    study = orders_of(tmp_path, COPIED, sum_lines=True, source={"distinct": distinct})
    assert held(study, "orders", "revenue") == [(revenue,)]
    assert ("less 1 copy of a row" in study.inputs[0].source) is distinct


def test_each_file_is_read_by_the_first_encoding_that_fits_it(tmp_path):
    head = "order_id,customer_id,ordered_at,revenue,store\n"
    for name, encoding, store in (("a", "utf-8", "北京"), ("b", "gb18030", "上海"), ("c", "utf-8-sig", "广州")):
        (tmp_path / f"{name}.csv").write_text(f"{head}{name},x,2024-01-05,1,{store}\n", encoding=encoding)
    rule = {"from": {"path": ["a.csv", "b.csv", "c.csv"], "encoding": ["utf-8", "gb18030"]}}
    study = open_study(a_study_file(tmp_path, {"orders": rule}))
    assert [row[0] for row in held(study, "orders", "store")] == sorted(["北京", "上海", "广州"])


CURRENCIES = "order_id,customer_id,ordered_at,amount,cur\n1,a,2024-01-05,10,EUR\n2,a,2024-01-06,10,usd\n"
IN_CURRENCIES = {"revenue": {"column": "amount", "currency_column": "cur"}}


def test_money_is_taken_at_the_rate_of_the_currency_its_row_names(tmp_path):
    study = orders_of(tmp_path, CURRENCIES, columns=IN_CURRENCIES, head={"exchange_rates": {"USD": 0.9}})
    assert held(study, "orders", "order_id", "revenue") == [("1", 10.0), ("2", 9.0)]


def test_a_currency_without_a_rate_stops_the_opening(tmp_path):
    with pytest.raises(ContractViolation, match=r"1 of 2 is not. Found for example: 'USD'"):
        orders_of(tmp_path, CURRENCIES, columns=IN_CURRENCIES)


def test_a_pivot_in_sql_is_kept(tmp_path):
    (tmp_path / "wide.csv").write_text("order_id,customer_id,ordered_at,north,south\n1,a,2024-01-05,3,4\n")
    wide = "w unpivot (revenue for store in (north, south))"
    sql = f"select order_id || store as order_id, * exclude (order_id) from {wide}"
    study = open_study(a_study_file(tmp_path, {"orders": {"from": {"sql": sql, "inputs": {"w": "wide.csv"}}}}))
    assert held(study, "orders", "order_id", "store", "revenue") == [("1north", "north", 3.0), ("1south", "south", 4.0)]


def test_codes_in_a_table_of_numbers_are_no_answers_either(tmp_path):
    frame = pd.DataFrame({"who": ["a", "b"], "day": pd.to_datetime(["2024-01-05"] * 2), "q": [-99.0, 4.0]})
    frame.to_parquet(tmp_path / "survey.parquet")
    answers = _answers(_survey(tmp_path, items={"q": [1, 5]}, path="survey.parquet", null_values=["-99"]))
    assert answers == {("a", "q"): None, ("b", "q"): (4.0, 1.0, 5.0)}


EXPORTED = (
    "ResponseId,RecordedDate,Status,Q1\n"
    "Response ID,Recorded Date,Response Type,How likely are you to recommend us?\n"
    '"{""ImportId"":""_recordId""}","{""ImportId"":""recordedDate""}","{""ImportId"":""status""}","{""ImportId"":""Q""}"\n'
    "R_1,2024-05-01 10:00:00,IP Address,9\n"
    "R_2,2024-05-02 10:00:00,IP Address,6\n"
    "R_3,2024-05-03 10:00:00,Survey Preview,0\n"
)
EXPORTED_COLUMNS = {"response_id": "ResponseId", "asked_at": "RecordedDate"}


def _exported(folder, text=EXPORTED, columns=EXPORTED_COLUMNS, **rule):
    (folder / "survey.csv").write_text(text, encoding="utf-8")
    source = rule.pop("source", {})
    items = {"nps": {"column": "Q1", "scale": [0, 10]}}
    whole = {"from": {"path": "survey.csv", **source}, "columns": columns, "items": items, **rule}
    return open_study(a_study_file(folder, {"surveys": whole}))


@pytest.mark.parametrize("where", ["Status = 'IP Address'", "Status = 'IP Address' and score is not null", "Q1 > 0"])
def test_answers_are_judged_among_the_rows_that_where_keeps(tmp_path, where):
    text = (
        EXPORTED
        if "Q1" not in where
        else EXPORTED.replace("How likely are you to recommend us?", "").replace('"{""ImportId"":""Q""}"', "")
    )
    study = _exported(tmp_path, text, where=where)
    assert held(study, "surveys", "response_id", "score") == [("R_1", 9.0), ("R_2", 6.0)]
    assert study.inputs[0].source.startswith("survey.csv (3 of 5 rows left out by where)")


def test_a_condition_on_the_answers_is_asked_of_the_answers(tmp_path):
    study = _exported(tmp_path, where="Status = 'IP Address' and score > 8 and item = 'nps'")
    assert held(study, "surveys", "response_id") == [("R_1",)]


def test_rows_keep_their_numbers_of_the_file_where_some_are_left_out(tmp_path):
    study = _exported(tmp_path, columns={"asked_at": "RecordedDate"}, where="Status = 'IP Address'")
    assert held(study, "surveys", "response_id") == [("row 3",), ("row 4",)]


def test_further_header_lines_of_a_questionnaire_get_the_key_that_leaves_them_out(tmp_path):
    with pytest.raises(StudyError, match=r"write header: 3 beside the path") as caught:
        _exported(tmp_path)
    study = _exported(tmp_path, source=offered(caught.value))
    assert held(study, "surveys", "score") == [(0.0,), (6.0,), (9.0,)]
