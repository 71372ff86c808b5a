"""One customer in several spellings, ids that lost their digits, the years 1 and 9999: read, or told with the mend."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, orders_of

HEAD = "order_id,em,ordered_at,revenue\n"
MAILS = ["anna@x.com", "Anna@X.com", "anna@x.com ", "ＡＮＮＡ＠x.com", "anna @x.com", "bert@x.com", "bert@x.com"]
ROWS = "".join(f"{i},{mail},2024-06-{i + 1:02d},{i + 1}\n" for i, mail in enumerate(MAILS))


def _failed(study):
    return {finding.rule: finding for finding in check_study(study).failed}


def test_a_customer_in_several_spellings_is_counted_and_the_mend_makes_one_of_them(tmp_path):
    study = orders_of(tmp_path, HEAD + ROWS, columns={"customer_id": "em"})
    finding = _failed(study)["one-spelling"]
    # the blank at the end is trimmed: anna in four ways and bert are five ids of two customers
    assert (finding.n_checked, finding.n_bad) == (5, 3)
    assert "Write customer_id: {column: ..., one_spelling: true}" in finding.mend
    study = orders_of(tmp_path, HEAD + ROWS, columns={"customer_id": {"column": "em", "one_spelling": True}})
    assert "one-spelling" not in _failed(study)
    # 1 + 2 + 3 + 4 + 5 = 15 of anna, 6 + 7 = 13 of bert
    frame = study.table("orders").execute()
    assert frame.groupby("customer_id")["revenue"].sum().to_dict() == {"anna@x.com": 15.0, "bert@x.com": 13.0}


def test_250_customers_whose_capitals_differ_in_some_rows_are_250(tmp_path):
    rows = []
    for i in range(1000):
        mail = f"c{i % 250:04d}@example.com"
        rows.append(f"{i},{mail.upper() if i % 7 == 0 else mail},2024-06-01,1")
    text = HEAD + "\n".join(rows) + "\n"
    n_ids = len({row.split(",")[1] for row in rows})
    finding = _failed(orders_of(tmp_path, text, columns={"customer_id": "em"}))["one-spelling"]
    assert (finding.n_checked, finding.n_bad) == (n_ids, n_ids - 250)
    study = orders_of(tmp_path, text, columns={"customer_id": {"column": "em", "one_spelling": True}})
    assert study.table("orders").customer_id.nunique().to_pyarrow().as_py() == 250


def test_the_same_spelling_in_both_tables_ends_orphans_as_the_message_says(tmp_path):
    (tmp_path / "orders.csv").write_text(HEAD + "1,Anna@x.com,2024-06-05,1\n2,0007,2024-06-06,2\n")
    (tmp_path / "customers.csv").write_text("customer_id\nanna@x.com\n7\n")
    whole = {"customers": {"from": "customers.csv"}, "orders": {"from": "orders.csv", "columns": {"customer_id": "em"}}}
    finding = _failed(open_study(a_study_file(tmp_path, whole)))["orphan"]
    assert (finding.n_bad, "one_spelling: true} in both tables" in finding.mend) == (2, True)
    whole["customers"]["columns"] = {"customer_id": {"column": "customer_id", "one_spelling": True}}
    whole["orders"]["columns"] = {"customer_id": {"column": "em", "one_spelling": True}}
    study = open_study(a_study_file(tmp_path, whole))
    assert "orphan" not in _failed(study)
    assert held(study, "orders", "customer_id") == [("7",), ("anna@x.com",)]


def test_capitals_that_tell_customers_apart_are_accepted(tmp_path):
    text = HEAD + "1,0015g00A,2024-06-05,1\n2,0015g00a,2024-06-06,2\n"
    study = orders_of(tmp_path, text, columns={"customer_id": "em"}, accept={"one-spelling": 1})
    assert _failed(study)["one-spelling"].severity == "note"


def test_only_texts_are_written_in_several_ways(tmp_path):
    with pytest.raises(StudyError, match="only ids and other texts"):
        orders_of(tmp_path, HEAD + ROWS, columns={"revenue": {"column": "revenue", "one_spelling": True}})


@pytest.mark.parametrize("by_sql", [False, True])
def test_ids_that_lost_their_digits_are_never_taken_for_ids(tmp_path, by_sql):
    text = "order_id,customer_id,ordered_at,revenue\n1,1.23E+15,2024-06-05,1\n2,1.23E+15,2024-06-06,2\n"
    source = {"sql": "select * from o", "inputs": {"o": "orders.csv"}, "path": None} if by_sql else {}
    (tmp_path / "orders.csv").write_text(text)
    rule = {"from": {key: value for key, value in {"path": "orders.csv", **source}.items() if value is not None}}
    finding = _failed(open_study(a_study_file(tmp_path, {"orders": rule})))["rounded-key"]
    assert (finding.severity, finding.n_bad) == ("error", 2)


def test_ids_of_a_sheet_beyond_what_it_can_hold_are_told(tmp_path):
    frame = {"order_id": ["1", "2"], "customer_id": [1234567890123456789, 7], "ordered_at": ["2024-06-05"] * 2}
    pd.DataFrame(frame | {"revenue": [1.0, 2.0]}).to_excel(tmp_path / "orders.xlsx", index=False)
    finding = _failed(open_study(a_study_file(tmp_path, {"orders": {"from": "orders.xlsx"}})))["rounded-key"]
    assert finding.n_bad == 1


CONTRACTS = "contract_id,customer_id,started_at,ended_at\n"


@pytest.mark.parametrize(
    ("open_end", "source"),
    [
        ("9999-12-31", {}),
        ("9999-12-31 23:59:59", {}),
        ("31.12.9999", {"date_format": ["iso", "%d.%m.%Y"]}),
        ("0001-01-01", {}),
        ("0001-01-01T00:00:00", {}),
        ("2999-12-31", {}),
    ],
)
def test_an_open_end_is_open(tmp_path, open_end, source):
    (tmp_path / "contracts.csv").write_text(
        CONTRACTS + f"1,A,2024-01-05,{open_end}\n2,B,2024-01-06,2024-06-30\n", encoding="utf-8"
    )
    rule = {"from": {"path": "contracts.csv", **source}}
    study = open_study(a_study_file(tmp_path, {"contracts": rule}))
    ends = study.table("contracts").order_by("contract_id").execute()["ended_at"]
    assert [str(end) for end in ends] == ["NaT", "2024-06-30 00:00:00"]
    assert check_study(study).errors == ()


def test_open_ends_of_a_typed_file_are_open_too(tmp_path):
    import duckdb

    duckdb.sql(
        "COPY (SELECT * FROM (VALUES ('1', 'A', TIMESTAMP '2024-01-05', TIMESTAMP '9999-12-31'), "
        "('2', 'B', TIMESTAMP '2024-01-06', TIMESTAMP '0001-01-01')) "
        "AS t(contract_id, customer_id, started_at, ended_at)) "
        f"TO '{tmp_path / 'contracts.parquet'}'"
    )
    study = open_study(a_study_file(tmp_path, {"contracts": {"from": "contracts.parquet"}}))
    assert study.table("contracts").ended_at.count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize("year", ["0001-01-01", "9999-12-31"])
def test_an_order_of_no_year_is_an_error_and_the_mend_leaves_it_out(tmp_path, year):
    text = HEAD + f"1,A,{year},5\n2,B,2024-06-06,2\n3,B,2024-06-07,4\n"
    study = orders_of(tmp_path, text, columns={"customer_id": "em"})
    finding = _failed(study)["beyond-calendar"]
    assert (finding.severity, finding.n_bad) == ("error", 1)
    assert "where: COLUMN between date '1900-01-01' and date '2199-12-31'" in finding.mend
    where = "ordered_at between date '1900-01-01' and date '2199-12-31'"
    study = orders_of(tmp_path, text, columns={"customer_id": "em"}, where=where)
    assert _failed(study) == {}
    assert held(study, "orders", "revenue") == [(2.0,), (4.0,)]


def test_a_day_of_no_year_is_empty_where_it_may_be(tmp_path):
    text = "customer_id,registered_at,moved\nA,0001-01-01,9999-12-31\nB,2024-01-05,2024-01-06\n"
    (tmp_path / "customers.csv").write_text(text)
    rule = {"from": "customers.csv", "attributes": {"moved": "time"}}
    frame = open_study(a_study_file(tmp_path, {"customers": rule})).table("customers").order_by("customer_id").execute()
    assert frame["registered_at"].isna().tolist() == [True, False]
    assert frame["moved"].isna().tolist() == [True, False]
