"""Text files: as people save them, in many countries."""

from __future__ import annotations

import gzip

import pytest

from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.opening import open_study
from crm_research.sources.readers.text import distinct_names
from tests.sources.files import GOOD_ORDERS, a_study_file, held, orders_of

HEAD = "order_id,customer_id,ordered_at,revenue\n"


def test_customer_numbers_keep_their_leading_zeros(tmp_path):
    assert held(orders_of(tmp_path, GOOD_ORDERS), "orders", "customer_id") == [("007",), ("008",)]


def test_numbers_that_a_spreadsheet_saved_with_a_point_zero_are_whole_again(tmp_path):
    study = orders_of(tmp_path, HEAD + "1.0,1001.0,2024-01-05,1\n2.0,10.05,2024-01-05,1\n")
    assert held(study, "orders", "order_id", "customer_id") == [("1", "1001"), ("2", "10.05")]


def test_a_german_file_in_cp1252_with_semicolons_and_decimal_commas(tmp_path):
    text = "Auftrag;Kunde;Datum;Umsatz\n1;Müller;31.01.2024 14:05;1.234,50\n2;Größe;01.02.2024 08:00;-3,5\n"
    study = orders_of(
        tmp_path,
        text,
        encoding="cp1252",
        source={"encoding": "cp1252", "decimal": ",", "date_format": "%d.%m.%Y %H:%M"},
        columns={"order_id": "Auftrag", "customer_id": "Kunde", "ordered_at": "Datum", "revenue": "Umsatz"},
    )
    rows = held(study, "orders", "customer_id", "ordered_at", "revenue")
    assert [(c, str(at), r) for c, at, r in rows] == [
        ("Größe", "2024-02-01 08:00:00", -3.5),
        ("Müller", "2024-01-31 14:05:00", 1234.5),
    ]


def test_a_chinese_file_in_gb18030_with_chinese_headers(tmp_path):
    text = "订单号,客户,日期,金额\nA1,张伟,2024年1月5日,12.5\nA2,李娜,2024/02/06,8\n"
    study = orders_of(
        tmp_path,
        text,
        encoding="gb18030",
        source={"encoding": "gb18030"},
        columns={"order_id": "订单号", "customer_id": "客户", "ordered_at": "日期", "revenue": {"expr": "金额 * 2"}},
    )
    rows = held(study, "orders", "customer_id", "ordered_at", "revenue")
    assert [(c, f"{at:%Y-%m-%d}", r) for c, at, r in rows] == [
        ("张伟", "2024-01-05", 25.0),
        ("李娜", "2024-02-06", 16.0),
    ]


@pytest.mark.parametrize(
    ("encoding", "customer", "suggested"),
    [("cp1252", "Müller", "cp1252"), ("gb18030", "张伟中国人民", "gb18030"), ("utf-16", "Müller", "utf-16")],
)
def test_a_file_in_another_encoding_is_named_with_the_byte_and_the_likely_encoding(
    tmp_path, encoding, customer, suggested
):
    with pytest.raises(StudyError, match=rf"orders.csv: byte \d+ is not utf-8. Write encoding: {suggested}"):
        orders_of(tmp_path, HEAD + f"1,{customer},2024-01-05,1\n", encoding=encoding)


def test_the_byte_that_is_named_is_the_first_bad_one(tmp_path):
    content = HEAD + "1,M"
    with pytest.raises(StudyError, match=f"byte {len(content)} is not utf-8"):
        orders_of(tmp_path, content + "üller,2024-01-05,1\n", encoding="cp1252")


def test_a_file_that_changes_its_encoding_far_down_is_named_with_that_byte(tmp_path):
    good = HEAD + "1,Müller,2024-01-05,1\n" * 60_000
    (tmp_path / "orders.csv").write_bytes(good.encode() + "1,Größe,2024-01-05,1\n".encode("cp1252"))
    with pytest.raises(StudyError, match=f"byte {len(good.encode()) + 4:,} is not utf-8"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv"}}))


def test_a_byte_order_mark_does_not_become_part_of_the_first_column(tmp_path):
    assert len(held(orders_of(tmp_path, GOOD_ORDERS, encoding="utf-8-sig"), "orders")) == 2


def test_gzipped_files_are_read_as_they_are(tmp_path):
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(GOOD_ORDERS.encode()))
    assert len(held(open_study(a_study_file(tmp_path, {"orders": {"from": "orders.csv.gz"}})), "orders")) == 2


def test_a_glob_joins_the_years_even_where_columns_change_places(tmp_path):
    (tmp_path / "orders_2023.csv").write_text(HEAD + "1,a,2023-01-05,1\n")
    (tmp_path / "orders_2024.csv").write_text("revenue;ordered_at;order_id;customer_id\n2;2024-01-05;2;b\n")
    study = open_study(a_study_file(tmp_path, {"orders": {"from": "orders_*.csv"}}))
    assert held(study, "orders", "order_id", "revenue") == [("1", 1.0), ("2", 2.0)]


def test_files_of_one_table_with_different_columns_are_refused(tmp_path):
    (tmp_path / "orders_1.csv").write_text(HEAD + "1,a,2023-01-05,1\n")
    (tmp_path / "orders_2.csv").write_text("order_id,customer_id,ordered_at,amount\n2,b,2024-01-05,2\n")
    with pytest.raises(StudyError, match="do not have the same columns; they differ in amount, revenue"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "orders_*.csv"}}))


def test_dates_that_can_be_read_two_ways_are_never_guessed(tmp_path):
    with pytest.raises(ContractViolation, match=r'more than one way.*\["%d/%m/%Y", iso\] or \["%m/%d') as caught:
        orders_of(tmp_path, HEAD + "1,a,03/04/2020,1\n2,a,2020-04-05,1\n")
    assert (caught.value.table, caught.value.column, caught.value.n_bad) == ("orders", "ordered_at", 1)


def test_dates_that_can_be_read_one_way_get_their_format_offered(tmp_path):
    with pytest.raises(ContractViolation, match=r'ordered_at: \{column: ordered_at, format: "%d/%m/%Y"\}'):
        orders_of(tmp_path, HEAD + "1,a,03/04/2020,1\n2,a,31/04/2020,1\n3,a,30/04/2020,1\n".replace("31/04", "13/04"))


@pytest.mark.parametrize("impossible", ["2024-02-30", "infinity", "epoch", "20241301", "2024-13-01", "yesterday"])
def test_days_that_never_were_are_counted_not_bent(tmp_path, impossible):
    with pytest.raises(ContractViolation, match="every value is a time") as caught:
        orders_of(tmp_path, HEAD + f"1,a,{impossible},1\n2,a,2024-01-01,1\n")
    assert caught.value.examples == (repr(impossible),)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-01-05", "2024-01-05 00:00:00"),
        ("20240105", "2024-01-05 00:00:00"),
        ("20240105133000", "2024-01-05 13:30:00"),
        ("2024-01-05T13:30", "2024-01-05 13:30:00"),
        ("2024-01-05 13:30:00.5", "2024-01-05 13:30:00.500000"),
        ("2024/1/5 13:30", "2024-01-05 13:30:00"),
        ("2024-01-05T23:30:00Z", "2024-01-06 00:30:00"),
        ("2024-01-05 23:30:00 UTC", "2024-01-06 00:30:00"),
        ("2024-01-05T23:30:00-0500", "2024-01-06 05:30:00"),
        ("2024-07-05T23:30:00+00:00", "2024-07-06 01:30:00"),
    ],
)
def test_times_are_read_and_those_with_a_zone_come_into_the_studys(tmp_path, written, read):
    study = orders_of(tmp_path, HEAD + f"1,a,{written},1\n", head={"timezone": "Europe/Berlin"})
    assert str(held(study, "orders", "ordered_at")[0][0]) == read


@pytest.mark.parametrize("value", ["twelve", "1,5", "1_000", "inf", "0x10", "12 EUR", "--1", "1e999"])
def test_what_is_no_number_is_counted_with_its_values(tmp_path, value):
    with pytest.raises(ContractViolation, match=r"orders\.revenue: every value is a number") as caught:
        orders_of(tmp_path, HEAD + f'1,a,2024-01-05,"{value}"\n2,a,2024-01-05,1\n3,a,2024-01-05,"{value}"\n')
    assert caught.value.n_bad == 2
    assert caught.value.examples == (repr(value),)


def test_thousands_and_currency_signs_are_read_where_they_are_declared(tmp_path):
    study = orders_of(
        tmp_path,
        HEAD + '1,a,2024-01-05,"$1,234.50"\n2,a,2024-01-05,"-$3"\n',
        source={"thousands": ",", "signs": "$"},
    )
    assert held(study, "orders", "revenue") == [(-3.0,), (1234.5,)]


def test_one_point_five_is_not_fifteen_where_commas_are_decimal(tmp_path):
    with pytest.raises(ContractViolation) as caught:
        orders_of(tmp_path, HEAD + '1,a,2024-01-05,"1.5"\n', source={"decimal": ","})
    assert caught.value.examples == ("'1.5'",)


def test_empty_cells_are_missing_and_not_a_customer_called_null(tmp_path):
    study = orders_of(tmp_path, HEAD + "1,NULL,2024-01-05,1\n2, ,2024-01-05,\n3,b,2024-01-05,NA\n")
    rows = study.table("orders").order_by("order_id").execute()
    assert rows["customer_id"].isna().tolist() == [True, True, False]
    assert rows["revenue"].isna().tolist() == [False, True, True]


def test_na_stays_namibia_in_an_attribute(tmp_path):
    text = GOOD_ORDERS.replace("revenue", "revenue,country", 1).replace("10.5", "10.5,NA").replace("20\n", "20,DE\n")
    study = orders_of(tmp_path, text, attributes={"country": "category"})
    assert held(study, "orders", "country") == [("DE",), ("NA",)]


@pytest.mark.parametrize(("line", "said"), [("2,b,2024-01-05,1,2,3", "more"), ("2,b,2024-01-05", "only 3")])
def test_a_line_with_too_many_or_too_few_cells_is_named(tmp_path, line, said):
    with pytest.raises(StudyError, match=rf"orders.csv: line 3 .* has 4 columns, and that line has {said}\."):
        orders_of(tmp_path, HEAD + f"1,a,2024-01-05,1\n{line}\n")


def test_a_quote_that_is_never_closed_is_told_with_its_line(tmp_path):
    with pytest.raises(StudyError, match=r"orders.csv: line 3 cannot be read: a quote is opened there"):
        orders_of(tmp_path, HEAD + '1,a,2024-01-05,1\n2,"b,2024-01-05,2\n3,c,2024-01-05,3\n')


def test_a_name_that_stands_twice_in_the_header_means_neither_column(tmp_path):
    text = "order_id,customer_id,ordered_at,revenue,revenue,note,Note\n1,a,2024-01-05,10,12,x,y\n"
    with pytest.raises(StudyError, match=r"orders.revenue .* is missing.*revenue_1, revenue_2, note_1, Note_2"):
        orders_of(tmp_path, text)
    assert held(orders_of(tmp_path, text, columns={"revenue": "revenue_2"}), "orders", "revenue") == [(12.0,)]


def test_numbered_names_do_not_meet_a_name_that_is_there():
    assert distinct_names(["a", "a", "a_1", " "]) == ["a_2", "a_3", "a_1", "column_4"]


def test_one_date_that_no_calendar_has_is_counted_and_not_taken_for_a_format(tmp_path):
    with pytest.raises(
        ContractViolation, match=r"1 of 3 is not. Found for example: '2024-02-31'. Most others are read"
    ):
        orders_of(tmp_path, HEAD + "1,a,2024-02-28,1\n2,a,2024-02-31,1\n3,a,2024-02-29,1\n")


def test_an_empty_file_is_told(tmp_path):
    with pytest.raises(StudyError, match=r"orders.csv: is empty"):
        orders_of(tmp_path, "")


def test_a_file_with_a_header_alone_makes_an_empty_table(tmp_path):
    assert held(orders_of(tmp_path, HEAD), "orders") == []


def test_quoted_cells_may_hold_separators_quotes_and_line_breaks(tmp_path):
    study = orders_of(tmp_path, HEAD.strip() + ",note\n" + '1,"Smith, ""Al""",2024-01-05,1,"two\nlines"\n')
    assert held(study, "orders", "customer_id", "note") == [('Smith, "Al"', "two\nlines")]


def test_rows_above_the_header_can_be_skipped_and_files_without_one_named(tmp_path):
    study = orders_of(tmp_path, "Report of July\n\n" + GOOD_ORDERS, source={"skip_rows": 2})
    assert len(held(study, "orders")) == 2
    bare = GOOD_ORDERS.split("\n", 1)[1]
    names = ["order_id", "customer_id", "ordered_at", "revenue"]
    assert len(held(orders_of(tmp_path, bare, source={"header": False, "names": names}), "orders")) == 2


def test_a_missing_file_offers_the_nearest_in_its_folder(tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    with pytest.raises(StudyError, match=r"tables.orders.from: no file 'order.csv'.*Did you mean 'orders.csv'"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "order.csv"}}))


@pytest.mark.parametrize(
    ("written", "read"), [('="007"', "007"), ("'007", "007"), ("`007", "007"), ("'+49 30", "+49 30")]
)
def test_marks_that_keep_spreadsheets_from_making_numbers_are_no_part_of_a_cell(tmp_path, written, read):
    text = (
        f"order_id,customer_id,ordered_at,revenue\n1,{written},`2024-01-05,`-10.5\n2,'s-Hertogenbosch,2024-01-06,'20\n"
    )
    study = orders_of(tmp_path, text)
    assert held(study, "orders", "customer_id", "revenue") == [("'s-Hertogenbosch", 20.0), (read, -10.5)]
    study = orders_of(tmp_path, text, where=f"customer_id = '{read}'")
    assert study.table("orders").count().execute() == 1


@pytest.mark.parametrize("place", ["head", "beyond the head"])
def test_a_zero_byte_is_told_as_one_and_not_as_an_encoding(tmp_path, place):
    rows = "" if place == "head" else "".join(f"{k},1001,2024-01-05,1\n" for k in range(10, 60_000))
    text = f"{HEAD}{rows}1,10\x0001,2024-01-05,1\n"
    with pytest.raises(StudyError, match=f"byte {text.index(chr(0)):,} is a zero byte, which no text holds"):
        orders_of(tmp_path, text)
