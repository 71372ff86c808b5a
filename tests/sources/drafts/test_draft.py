"""Drafts: what can be guessed is guessed and explained, and the draft opens as it stands."""

from __future__ import annotations

import re
from datetime import datetime

import openpyxl
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from crm_research.cli.new import command
from crm_research.contracts.checks import check_study
from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.drafts.words import PHRASES, header_words, name_score
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, held

RETAIL = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "536365,85123A,LAMP,6,12/13/2010 8:26,2.5,17850.0,UK\n"
    "536365,71053,CUP,1,12/13/2010 8:26,4,17850.0,UK\n"
    "536366,85123A,LAMP,2,12/14/2010 9:00,2.5,13047.0,UK\n"
    "C536379,85123A,LAMP,-2,12/15/2010 9:41,2.5,13047.0,UK\n"
    "536380,71053,CUP,3,12/15/2010 9:45,4,,UK\n"
)


def _drafted(folder, *names):
    """Draft a study of files in a folder, write it there and open it."""
    draft = draft_study("mine", [folder / name for name in names], beside=folder)
    (folder / "mine.yaml").write_text(draft.text, encoding="utf-8")
    return draft, open_study(folder / "mine.yaml")


def test_order_lines_of_an_online_shop(tmp_path):
    (tmp_path / "retail.csv").write_text(RETAIL)
    draft, study = _drafted(tmp_path, "retail.csv")
    found = held(study, "orders", "order_id", "customer_id", "kind", "revenue")
    assert found == [
        ("536365", "17850", "sale", 19.0),
        ("536366", "13047", "sale", 5.0),
        ("C536379", "13047", "return", -5.0),
    ]
    assert "C536379 are then credit notes" in draft.text
    assert len(held(study, "order_lines")) == 4
    assert f"{study.as_of:%Y-%m-%d}" == "2010-12-16"
    assert "CHECK: 1 of 5 rows names no customer" in draft.text


def test_marked_numbers_without_negative_money_are_orders_that_never_came_about(tmp_path):
    (tmp_path / "retail.csv").write_text(RETAIL.replace(",-2,", ",2,"))
    draft, study = _drafted(tmp_path, "retail.csv")
    assert ("C536379", "cancelled") in held(study, "orders", "order_id", "kind")
    assert "CHECK" in next(line for line in draft.text.splitlines() if "cancellations" in line)


def test_a_german_file_with_its_own_signs(tmp_path):
    text = "Kundennummer;Bestellnummer;Bestelldatum;Umsatz\n0012;1;31.01.2024;€1.234,50\n0013;2;15.02.2024;€7,25\n"
    (tmp_path / "bestellungen.csv").write_bytes((text + "Größe;3;16.02.2024;€1,00\n").encode("cp1252"))
    _, study = _drafted(tmp_path, "bestellungen.csv")
    assert study.currency == "EUR"
    assert held(study, "orders", "customer_id", "revenue") == [("0012", 1234.5), ("0013", 7.25), ("Größe", 1.0)]


def test_a_chinese_file(tmp_path):
    (tmp_path / "订单.csv").write_bytes("订单号,客户编号,下单时间,金额\nA1,张伟,2024年1月5日,12.5\n".encode("gb18030"))
    _, study = _drafted(tmp_path, "订单.csv")
    assert held(study, "orders", "order_id", "customer_id", "revenue") == [("A1", "张伟", 12.5)]


def test_a_french_sheet_of_contracts(tmp_path):
    pd.DataFrame(
        {
            "No contrat": [1, 2],
            "Code client": ["a", "b"],
            "Date de début": pd.to_datetime(["2023-01-01", "2023-06-01"]),
            "Date de fin": pd.to_datetime([None, "2023-12-01"]),
            "Forfait": ["A", "B"],
        }
    ).to_excel(tmp_path / "contrats.xlsx", index=False)
    _, study = _drafted(tmp_path, "contrats.xlsx")
    rows = study.table("contracts").order_by("contract_id").execute()
    assert rows["customer_id"].tolist() == ["a", "b"]
    assert rows["ended_at"].notna().tolist() == [False, True]
    assert f"{study.as_of:%Y-%m-%d}" == "2023-12-01"


def test_a_churn_snapshot_without_dates(tmp_path):
    head = "customerID,tenure,Contract,MonthlyCharges,TotalCharges,Churn\n"
    text = head + "a-1,3,Monthly,20.5,60,Yes\nb-2,12,Yearly,10,,No\n"
    (tmp_path / "telco-churn.csv").write_text(text)
    draft, study = _drafted(tmp_path, "telco-churn.csv")
    rows = study.table("contracts").order_by("contract_id").execute()
    assert rows["plan"].tolist() == ["Monthly", "Yearly"]
    assert rows["ended_at"].notna().tolist() == [True, False]
    assert (study.as_of - rows["started_at"][1]).days == 365
    assert "the files hold no dates" in draft.text


def test_surveys_complaints_and_invoices_are_told_apart(tmp_path):
    (tmp_path / "nps.csv").write_text("respondent,client,survey date,nps\n1,a,2024-01-01,9\n2,b,2024-01-02,3\n")
    (tmp_path / "complaints.csv").write_text(
        "ticket id,customer,created at,closed at,message\n1,a,2024-01-01,2024-01-03,late\n2,b,2024-01-02,,torn\n"
    )
    (tmp_path / "invoices.csv").write_text(
        "invoice number,customer,invoice date,due date,amount usd\n1,a,2024-01-01,2024-01-31,5.5\n"
    )
    _, study = _drafted(tmp_path, "nps.csv", "complaints.csv", "invoices.csv")
    assert set(study.tables) == {"surveys", "contacts", "invoices", "orders"}
    assert study.currency == "USD"
    assert held(study, "surveys", "item", "score", "scale_max") == [("nps", 3.0, 9.0), ("nps", 9.0, 9.0)]


def test_files_of_several_years_make_one_table_beside_the_customers(tmp_path):
    (tmp_path / "orders_2023.csv").write_text(GOOD_ORDERS)
    (tmp_path / "orders_2024.csv").write_text(GOOD_ORDERS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    pd.DataFrame({"customer_id": ["007", "008"], "region": ["N", "S"]}).to_parquet(tmp_path / "customers.parquet")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    draft, study = _drafted(tmp_path, "orders_2023.csv", "orders_2024.csv", "customers.parquet", "notes.csv")
    assert len(held(study, "orders")) == 4
    assert dict(study.attributes_of("customers")) == {"region": "category"}
    assert draft.unused == (("notes.csv", "fits no canonical table"),)


def test_a_number_shared_by_customers_gets_the_customer_into_the_order_number(tmp_path):
    (tmp_path / "sales.csv").write_text(
        "order_no,customer,date,amount\n1,a,2024-01-01,5.5\n1,b,2024-01-01,6.5\n2,a,2024-01-02,1.5\n"
    )
    _, study = _drafted(tmp_path, "sales.csv")
    assert held(study, "orders", "order_id") == [("a-1",), ("a-2",), ("b-1",)]


def test_dates_that_fit_two_formats_are_marked(tmp_path):
    (tmp_path / "sales.csv").write_text("order_no,customer,date,amount\n1,a,03/04/2024,5.5\n2,b,05/06/2024,6.5\n")
    draft, _ = _drafted(tmp_path, "sales.csv")
    assert "CHECK: named so; times from 2024-04-03 to 2024-06-05; also fits %m/%d/%Y" in draft.text


def test_every_line_of_a_draft_says_why(tmp_path):
    (tmp_path / "retail.csv").write_text(RETAIL)
    draft, _ = _drafted(tmp_path, "retail.csv")
    body = draft.text.split("tables:")[1].splitlines()
    guessed = [line for line in body if line.startswith("      ")]
    assert guessed
    assert all("  # " in line for line in guessed)


def test_files_that_are_no_records_are_told(tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        StudyError, match=r"No file looks like a table .*notes.csv fits no canonical table: it has a, b"
    ):
        draft_study("mine", [tmp_path / "notes.csv"], beside=tmp_path)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(StudyError, match="is empty"):
        draft_study("mine", [tmp_path / "empty.csv"], beside=tmp_path)


def test_a_file_with_a_header_and_no_rows_is_no_table(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,revenue\n")
    with pytest.raises(StudyError, match=r"No file looks like.*orders.csv holds no rows"):
        draft_study("mine", [tmp_path / "orders.csv"], beside=tmp_path)


@pytest.mark.parametrize("name", ["orders.parquet", "orders.xlsx"])
def test_a_file_that_is_not_what_its_ending_says_is_told(tmp_path, name):
    (tmp_path / name).write_text("no")
    with pytest.raises(StudyError, match=rf"{name}.* cannot be read as"):
        draft_study("mine", [tmp_path / name], beside=tmp_path)


def test_a_folder_stays_a_folder_so_that_next_years_file_is_read_too(tmp_path):
    orders = pd.DataFrame({"order_id": [1, 2], "customer_id": [7, 8], "revenue": [1.5, 2.5], "year": [2023, 2024]})
    orders["ordered_at"] = pd.to_datetime(["2023-05-01", "2024-05-01"])
    orders.to_parquet(tmp_path / "sales", partition_cols=["year"])
    draft, study = _drafted(tmp_path, "sales")
    assert yaml.safe_load(draft.text)["tables"]["orders"]["from"] == "sales/"
    assert len(held(study, "orders")) == 2


def test_orders_whose_money_lies_in_another_file_are_told_apart_from_files_that_fit_nothing(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,status\nx1,a,2024-01-05,ok\nx2,a,2024-01-05,ok\n"
    )
    (tmp_path / "people.csv").write_text("customer_id,region\na,N\nb,S\n")
    draft, _ = _drafted(tmp_path, "orders.csv", "people.csv")
    ((file, reason),) = draft.unused
    assert (file, reason.partition(";")[0]) == ("orders.csv", "looks like orders, but lacks revenue")
    assert "as_of: 2024-01-06  # CHECK" in draft.text


def test_a_book_of_several_sheets_is_a_guess_to_check(tmp_path):
    orders = pd.DataFrame({"order_id": [1], "customer_id": [7], "ordered_at": ["2024-01-05"], "revenue": [1.5]})
    with pd.ExcelWriter(tmp_path / "orders.xlsx") as book:
        orders.to_excel(book, sheet_name="2023", index=False)
        orders.to_excel(book, sheet_name="2024", index=False)
    draft, _ = _drafted(tmp_path, "orders.xlsx")
    assert "# CHECK: only this one of 2 sheets with the same columns (2023, 2024) is read" in draft.text
    assert draft.guesses == (("orders", "orders.xlsx (2023)", 1),)


def test_every_sheet_of_a_book_is_looked_at(tmp_path):
    orders = pd.DataFrame({"order_id": [1], "customer_id": [7], "ordered_at": ["2024-01-05"], "revenue": [1.5]})
    people = pd.DataFrame({"customer_id": [7, 8], "gender": ["f", "m"], "age": [30, 40]})
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        pd.DataFrame({"Read me": ["made on Monday"]}).to_excel(book, sheet_name="Cover", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty", index=False)
        people.to_excel(book, sheet_name="People", index=False)
        orders.to_excel(book, sheet_name="Sales 2024", index=False)
    draft, study = _drafted(tmp_path, "book.xlsx")
    assert {(table, file) for table, file, _ in draft.guesses} == {
        ("customers", "book.xlsx (People)"),
        ("orders", "book.xlsx (Sales 2024)"),
    }
    assert [file for file, _ in draft.unused] == ["book.xlsx (Cover)"]
    assert held(study, "orders", "order_id", "revenue") == [("1", 1.5)]
    assert held(study, "customers", "customer_id") == [("7",), ("8",)]


def test_insurance_contracts_with_chinese_headings_and_late_entry(tmp_path):
    text = (
        "保单号,客户编号,险种,开始日期,观察开始,结束日期,终止原因,月保费\n"
        "P1,K1,车险,2019-01-01,2020-01-01,2021-01-01,退保,10.5\n"
        "P2,K2,寿险,2020-05-01,2020-05-01,,,20\n"
    )
    (tmp_path / "保单.csv").write_text(text, encoding="gb18030")
    _, study = _drafted(tmp_path, "保单.csv")
    found = held(study, "contracts", "contract_id", "plan", "end_reason", "fee")
    assert found == [("P1", "车险", "退保", 10.5), ("P2", "寿险", None, 20.0)]
    assert [str(at)[:10] for (at,) in held(study, "contracts", "observed_from")] == ["2020-01-01", "2020-05-01"]


@pytest.mark.parametrize(
    "header", ["CustomerID", "customer_id", "Customer Id", "CUSTOMER-ID", "KundenNr", "Kunden-Nr.", "客户编号"]
)
def test_a_header_means_the_same_however_it_is_written(header):
    assert name_score(header, "customer_id") == 1.0


def test_no_phrase_is_empty_and_every_role_knows_several_languages():
    for role, phrases in PHRASES.items():
        assert all(header_words(phrase) for phrase in phrases), role
        assert any(not phrase.isascii() for phrase in phrases), role


def test_the_command_writes_a_draft_tells_what_it_guessed_and_does_not_overwrite(tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    monkeypatch.chdir(tmp_path)
    asked = ["study", "mine", "--from", "orders.csv", "--out", "mine.yaml"]
    done = CliRunner().invoke(command, asked, catch_exceptions=False)
    assert done.exit_code == 0
    assert "orders       from orders.csv" in done.output
    assert "crm-research check mine.yaml" in done.output
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["tables"]["orders"]["from"] == "orders.csv"
    with pytest.raises(StudyError, match="Give --force"):
        CliRunner().invoke(command, asked, catch_exceptions=False)
    assert CliRunner().invoke(command, [*asked, "--force"], catch_exceptions=False).exit_code == 0


def test_the_command_writes_beside_the_other_studies_by_default(tmp_path, monkeypatch):
    for folder in ("notebooks", "data/studies"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(command, ["study", "mine", "--from", "orders.csv"], catch_exceptions=False)
    assert open_study("mine").has("orders")


def test_a_name_that_is_no_name_is_refused(tmp_path):
    with pytest.raises(StudyError, match="a-z, 0-9 and hyphens"):
        CliRunner().invoke(command, ["study", "My Shop", "--from", "x.csv"], catch_exceptions=False)


def test_contracts_without_a_number_of_which_a_customer_has_several_are_told_apart_by_their_start(tmp_path):
    text = "client,date debut,date fin\na,2019-01-01,2020-01-01\na,2021-01-01,\nb,2021-01-01,\n"
    (tmp_path / "contrats.csv").write_text(text)
    _, study = _drafted(tmp_path, "contrats.csv")
    assert held(study, "contracts", "contract_id") == [("a-2019-01-01",), ("a-2021-01-01",), ("b-2021-01-01",)]


SURVEY = (
    "RespondentID,CustomerID,SurveyDate,NPS,SAT_price,SAT_slow_r,Age,Comment\n"
    "1,a,2024-03-01,9,5,1,44,good\n"
    "2,,2024-03-02,-99,4,2,31,\n"
    "3,c,2024-03-03,3,1,,58,slow\n"
    "4,d,2024-03-03,7,3,5,19,NA\n"
)


def test_a_survey_with_a_column_a_question_becomes_one_row_an_answer(tmp_path):
    (tmp_path / "survey.csv").write_text(SURVEY)
    draft, study = _drafted(tmp_path, "survey.csv")
    answers = held(study, "surveys", "response_id", "item", "score", "scale_min", "scale_max")
    assert len(answers) == 12
    said = {row[:2]: row[2:] for row in answers if row[2] == row[2]}
    assert said["1", "NPS"] == (9.0, 0.0, 10.0)
    assert said["1", "SAT_slow_r"] == (5.0, 1.0, 5.0)  # one is the worst answer of a reversed item
    assert {("2", "NPS"), ("3", "SAT_slow_r")}.isdisjoint(said)
    assert "Age" not in {row[1] for row in answers}
    assert draft.unused == ()


def test_answers_without_a_date_a_number_or_a_telling_name_are_still_a_survey(tmp_path):
    rows = "".join(f"{i},{1 + i % 6},{1 + i % 5},{2 + i % 4},{1 + i % 3},{6 - i % 6}\n" for i in range(30))
    (tmp_path / "bfi.csv").write_text(",A1,A2,A3,A4,A5\n" + rows)
    draft, study = _drafted(tmp_path, "bfi.csv")
    assert len(held(study, "surveys")) == 150
    assert "does not say when it was asked" in draft.text


def test_purchases_with_a_whole_number_a_column_are_no_survey(tmp_path):
    rows = "".join(f"{i},{i % 7},2024-01-0{1 + i % 9},{1 + i % 4},{10 + i}.5\n" for i in range(30))
    (tmp_path / "till.csv").write_text("order_id,customer_id,order_date,quantity,revenue\n" + rows)
    _, study = _drafted(tmp_path, "till.csv")
    assert set(study.tables) == {"orders"}


def test_monthly_files_in_two_encodings_are_one_table_and_copies_are_told(tmp_path):
    head = "订单编号,用户,下单时间,实付\n"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "2024-01.csv").write_text(head + "s1,王伟,2024-01-02,5\ns2,李娜,2024-01-31,7\n", "utf-8")
    (tmp_path / "shop" / "2024-02.csv").write_text(head + "s2,李娜,2024-01-31,7\ns3,王伟,2024-02-02,5\n", "gb18030")
    draft, study = _drafted(tmp_path, "shop")
    assert "encoding: [utf-8, gb18030]" in draft.text
    assert "1 row copies another" in draft.text
    assert {row[0] for row in held(study, "orders", "customer_id")} == {"王伟", "李娜"}
    assert sum(row[0] for row in held(study, "orders", "revenue")) == 24


def test_a_ledger_in_several_currencies_needs_rates_and_makes_orders_of_invoices(tmp_path):
    text = (
        "Belegnr;Belegdatum;Kundennr;Nettobetrag;Währung;Fällig\n"
        "R1;01.03.2024;K1;1.000,00;EUR;31.03.2024\nR2;02.03.2024;K2;100,00;USD;31.03.2024\n"
        "G1;05.03.2024;K1;-50,00;EUR;31.03.2024\n"
    )
    (tmp_path / "buchungen.csv").write_bytes(text.encode("cp1252"))
    draft = draft_study("mine", [tmp_path / "buchungen.csv"], beside=tmp_path)
    assert "currency: EUR" in draft.text
    assert "exchange_rates: {USD: RATE}" in draft.text
    (tmp_path / "mine.yaml").write_text(draft.text, encoding="utf-8")
    with pytest.raises(ContractViolation, match=r"Found for example: 'USD'. Write exchange_rates: \{USD: RATE\}"):
        open_study(tmp_path / "mine.yaml")
    mended = draft.text.replace("# exchange_rates: {USD: RATE}", "exchange_rates: {USD: 0.9}")
    (tmp_path / "mine.yaml").write_text(mended, encoding="utf-8")
    study = open_study(tmp_path / "mine.yaml")
    assert held(study, "orders", "order_id", "kind", "revenue") == [
        ("G1", "return", -50.0),
        ("R1", "sale", 1000.0),
        ("R2", "sale", 90.0),
    ]


def test_bills_of_contracts_are_no_orders(tmp_path):
    (tmp_path / "contracts.csv").write_text("contract_id,customer_id,start_date\nc1,a,2024-01-01\n")
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,invoice_date,due_date,amount\n1,a,2024-02-01,2024-02-15,5.5\n"
    )
    _, study = _drafted(tmp_path, "contracts.csv", "invoices.csv")
    assert set(study.tables) == {"contracts", "invoices"}


def test_a_log_of_dates_and_ids_counts_purchases_and_says_that_it_holds_no_money(tmp_path):
    (tmp_path / "log.csv").write_text("date,id\n2024-01-01,7\n2024-01-05,7\n2024-01-05,8\n")
    _, study = _drafted(tmp_path, "log.csv")
    assert held(study, "orders", "customer_id", "revenue") == [("7", 1.0), ("7", 1.0), ("8", 1.0)]
    assert "holds no money" in study.caveats[0]


def test_columns_parted_by_blanks_without_a_header_are_read_and_doubted(tmp_path):
    (tmp_path / "log.txt").write_text(
        " 0001 19970101  2   29.33\n 0001 19970118  2   29.73\n 0002 19970802  1   14.96\n"
    )
    draft, study = _drafted(tmp_path, "log.txt")
    assert held(study, "orders", "customer_id", "revenue") == [("0001", 29.33), ("0001", 29.73), ("0002", 14.96)]
    assert "CHECK: the first line holds no names" in draft.text


def test_the_only_number_of_rows_numbers_orders(tmp_path):
    (tmp_path / "cars.csv").write_text(
        "ContractNo,SaleDate,CustomerNo,Price\n1,2020-05-01,7,20000\n2,2024-05-01,7,21000\n3,2024-05-01,8,9000\n"
    )
    _, study = _drafted(tmp_path, "cars.csv")
    assert held(study, "orders", "order_id", "customer_id") == [("1", "7"), ("2", "7"), ("3", "8")]


def test_what_a_draft_leaves_out_stands_on_every_page(tmp_path):
    (tmp_path / "retail.csv").write_text(RETAIL)
    _, study = _drafted(tmp_path, "retail.csv")
    assert study.caveats == (
        "1 of 5 lines, worth 12.00 of 31.00 in all, names no customer and is left out of everything.",
    )
    assert {one.source for one in study.inputs} == {"retail.csv (1 of 5 rows left out by where)"}


def test_answers_in_words_are_put_in_order(tmp_path):
    (tmp_path / "survey.csv").write_text(
        "respondent,date,service,shop,colour\n"
        "1,2024-03-01,Very satisfied,Neutral,red\n2,2024-03-01,Dissatisfied,Agree,blue\n3,2024-03-01,Neutral,,red\n"
        "4,2024-03-02,Satisfied,Strongly disagree,green\n"
    )
    _, study = _drafted(tmp_path, "survey.csv")
    said = {row[:2]: row[2] for row in held(study, "surveys", "response_id", "item", "score")}
    assert [said[str(i), "service"] for i in range(1, 5)] == [5.0, 2.0, 3.0, 4.0]
    assert [said[i, "shop"] for i in ("1", "2", "4")] == [3.0, 4.0, 1.0]
    assert {item for _, item in said} == {"service", "shop"}


def test_a_sheet_with_title_two_rows_of_names_and_a_total_is_read_between_them(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Umsatzbericht"],
        ["Erstellt am:", datetime(2024, 7, 1, 8, 30)],
        [],
        ["Beleg", None, "Kunde", None, "Betrag", None],
        ["Nummer", "Datum", "Nummer", "Name", "MwSt", "Brutto"],
    ):
        sheet.append(row)
    for i in range(12):
        sheet.append([f"R{i}", datetime(2024, 1, 1 + i), f"{i % 5:04d}", "Haus", 1.0, 10.0 + i])
    sheet.append(["Summe", None, None, None, 12.0, 186.0])
    book.save(tmp_path / "report.xlsx")
    text = draft_study("mine", [tmp_path / "report.xlsx"], beside=tmp_path).text
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    orders = open_study(tmp_path / "mine.yaml").table("orders").execute()
    # 10 + 11 + ... + 21
    assert (len(orders), orders["revenue"].sum(), orders["customer_id"].nunique()) == (12, 186.0, 5)
    assert "skip_rows: 4  # CHECK" in text
    assert "skip_footer: 1  # CHECK" in text
    assert "Kunde - Nummer" in text


def test_a_file_whose_rows_nothing_calls_customers_is_drafted_so_only_with_a_doubt(tmp_path):
    rows = "".join(f"{i},{i % 3},{i % 7}.5\n" for i in range(40))
    (tmp_path / "list.csv").write_text("No,Level,Points\n" + rows)
    text = draft_study("mine", [tmp_path / "list.csv"], beside=tmp_path).text
    assert re.search(r"customer_id: 'No'  # CHECK: .*nothing says that a row is a customer", text)


def test_payments_of_which_some_name_a_subscription_are_no_contracts(tmp_path):
    head = "id,created_at,charge_date,amount,currency,status,links.mandate,links.subscription,customers.id\n"
    rows = []
    for k in range(54):
        month, state = f"2024-{k // 6 + 1:02d}", "failed" if k % 10 == 3 else "paid_out"
        contract = f"SB{k % 12:04d}" if k % 2 else ""
        at, charged = f"{month}-0{k % 6 + 1}T08:00:00.000Z", f"{month}-1{k % 6}"
        rows.append(f"PM{k:06d},{at},{charged},{20 + k % 12}.00,GBP,{state},MD{k % 12:04d},{contract},CU{k % 12:05d}\n")
    (tmp_path / "payments.csv").write_text(head + "".join(rows))
    draft, study = _drafted(tmp_path, "payments.csv")
    assert [table for table, *_ in draft.guesses] == ["orders"]
    # 54 payments, of which 3, 13, 23, 33, 43 and 53 failed.
    kinds = held(study, "orders", "kind")
    assert (kinds.count(("sale",)), kinds.count(("cancelled",))) == (48, 6)


def test_refunds_without_a_customer_are_not_left_out_by_a_draft_but_told_by_the_check(tmp_path):
    head = "id,type,parent_order_id,customer_id,date_created_gmt,status,total_amount,currency\n"
    sold = [
        f"{100 + k},shop_order,0,{k % 9 + 1},2024-01-{k % 28 + 1:02d} 10:00:00,wc-completed,50.00,EUR\n"
        for k in range(36)
    ]
    back = [
        f"{200 + k},shop_order_refund,{100 + k},,2024-02-0{k + 1} 10:00:00,wc-completed,-20.00,EUR\n" for k in range(3)
    ]
    (tmp_path / "posts.csv").write_text(head + "".join(sold + back))
    draft, study = _drafted(tmp_path, "posts.csv")
    assert "where:" not in draft.text
    assert "3 rows with money given back name no customer" in draft.text
    failed = {finding.rule: finding for finding in check_study(study).failed}
    assert failed["missing-key"].n_bad == 3


@pytest.mark.parametrize(
    ("text", "kept", "money"),
    [
        (
            "Numer zamówienia,Data zamówienia,Login kupującego,Status zamówienia,Wartość zamówienia,Waluta\n"
            + "".join(
                f'0000{k:04d},2024-01-{k:02d} 10:00:00,kup_{k % 4},{state},"{k},50",PLN\n'
                for k, state in enumerate(["Zrealizowane"] * 8 + ["Anulowane", "Zwrócone"], start=1)
            ),
            8,
            40.0,
        ),
        (
            "Sipariş No\tSipariş Tarihi\tMüşteri No\tDurum\tTutar\tPara Birimi\n"
            + "".join(
                f"TR{k:04d}\t{k:02d}.01.2024 10:00\t{4000 + k % 4}\t{state}\t{k},50\tTRY\n"
                for k, state in enumerate(["Teslim edildi"] * 8 + ["İptal edildi", "İade edildi"], start=1)
            ),
            8,
            40.0,
        ),
        (
            "Psp Reference,Merchant Reference,Payment Method,Creation Date,Type,Currency,Amount,Shopper Reference\n"
            + "".join(
                f"88{k:014d},ORD{k},visa,2024-01-{k:02d} 10:00:00,{state},EUR,{k}.50,S{k % 4}\n"
                for k, state in enumerate(["Settled"] * 8 + ["Refused", "Refused"], start=1)
            ),
            8,
            40.0,
        ),
    ],
    ids=["Polish market place", "Turkish shop", "payments refused by their type"],
)
def test_what_did_not_come_about_is_no_sale_in_other_languages_and_systems(tmp_path, text, kept, money):
    # 1.50 + 2.50 + ... + 8.50 = 40; the last two were called off, given back or refused.
    (tmp_path / "orders.csv").write_text(text)
    _, study = _drafted(tmp_path, "orders.csv")
    sold = [revenue for kind, revenue in held(study, "orders", "kind", "revenue") if kind != "cancelled"]
    assert (len(sold), sum(sold)) == (kept, money)
