"""Kinds of files that drafts once misread, each on the smallest file that shows the kind, with the right number."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import yaml

from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.drafts.intervals import months_of
from crm_research.sources.opening import open_study


def _drafted(folder, text, name="export.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    draft = draft_study("mine", [folder / name], beside=folder)
    (folder / "mine.yaml").write_text(draft.text, encoding="utf-8")
    return draft.text, yaml.safe_load(draft.text)["tables"], open_study(folder / "mine.yaml")


def _line(text, key):
    return next(line for line in text.splitlines() if line.strip().startswith(f"{key}:"))


def _days(n, first=date(2024, 1, 3), step=7):
    return [first + timedelta(days=step * i) for i in range(n)]


LEDGER = "Debitor;Belegnummer;Belegart;Belegdatum;Nettofälligkeit;Betrag in Hauswährung;Hauswährung;Ausgleichsdatum\n"
LEDGER += "100;1;RV;02.01.2024;01.02.2024;1.000,00;EUR;05.02.2024\n100;2;DZ;05.02.2024;05.02.2024;1.000,00-;EUR;\n"
LEDGER += "200;3;RV;03.01.2024;02.02.2024;500,00;EUR;\n200;4;DG;09.01.2024;09.01.2024;50,00-;EUR;\n"


def test_payments_in_a_ledger_are_no_returns(tmp_path):
    text, _tables, study = _drafted(tmp_path, LEDGER)
    # 1,000 and 500 less the credit of 50; what customer 100 paid is neither a return nor a bill.
    orders, invoices = study.table("orders").execute(), study.table("invoices").execute()
    assert orders["revenue"].sum() == 1450 == invoices["amount"].sum()
    assert list(orders["kind"].fillna("sale")) == ["sale", "sale", "return"]
    assert invoices["paid_at"].notna().sum() == 1
    assert "currency: EUR  # the commonest that the file names" in text


def test_a_type_that_is_negative_throughout_is_doubted(tmp_path):
    text = "customer,doc no,doc type,date,amount\na,1,X1,2024-01-02,100.50\na,2,X7,2024-01-09,-100.50\n"
    text += "b,3,X1,2024-01-03,60.25\n"
    said, _, _ = _drafted(tmp_path, text)
    assert "CHECK" in _line(said, "returns")
    assert "all of X7 in doc type are negative" in said


@pytest.mark.parametrize(
    ("status", "paid"),
    [("On hold", "Completed"), ("holded", "complete"), ("payment_review", "complete"), ("暂存", "已审核")],
)
def test_an_order_that_waits_for_its_money_has_not_come_about(status, paid, tmp_path):
    text = "order_id,customer_id,order_date,total,status\n"
    text += f"1,a,2024-01-02,50.50,{paid}\n2,b,2024-01-03,80.25,{status}\n3,a,2024-01-05,20.50,{paid}\n"
    said, tables, _study = _drafted(tmp_path, text)
    assert tables["orders"]["cancellations"] == f"status = '{status}'"
    assert "CHECK" in _line(said, "cancellations")


def test_of_a_log_of_events_only_purchases_are_orders_and_refunds_are_returns(tmp_path):
    text = "event_date,event_name,user_pseudo_id,transaction_id,purchase_revenue,refund_value\n"
    rows = ["page_view,u1.1,(not set),,", "purchase,u1.1,T1,20.5,", "view_item,u2.2,(not set),,"]
    rows += ["purchase,u2.2,T2,30.25,", "page_view,u3.3,(not set),,", "refund,u1.1,T9,,5.5", "purchase,u1.1,T3,10,"]
    text += "".join(f"202401{i + 10},{row}\n" for i, row in enumerate(rows))
    said, _tables, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    # 20.50 + 30.25 + 10 - 5.50
    assert orders["revenue"].sum() == 55.25
    assert (orders["kind"].fillna("sale") == "sale").sum() == 3
    assert "CHECK" in _line(said, "where")


@pytest.mark.parametrize("event", ["event_type", "behavior", "行为类型"])
@pytest.mark.parametrize(("buys", "looks"), [("buy", "pv"), ("Order Completed", "Product Viewed"), ("购买", "浏览")])
def test_whatever_the_event_is_called_looking_is_not_buying(event, buys, looks, tmp_path):
    text = f"user_id,{event},date\n" + "".join(
        f"u{i % 4},{buys if i % 3 else looks},{day}\n" for i, day in enumerate(_days(12))
    )
    _, _, study = _drafted(tmp_path, text)
    assert study.table("orders").count().execute() == 8


def test_words_for_skipped_are_nothing_even_where_most_skipped(tmp_path):
    text = "序号,提交答卷时间,1、产品质量,2、您是否联系过客服,3、您对客服满意吗？\n"
    for i, day in enumerate(_days(20)):
        text += f"{i + 1},{day},{i % 5 + 1},{'是' if i < 5 else '否'},{i + 1 if i < 5 else '(跳过)'}\n"
    _, _, study = _drafted(tmp_path, text, "wj.csv")
    surveys = study.table("surveys").execute().dropna(subset=["score"])
    # Five of twenty were asked, and answered 1 to 5.
    asked = surveys[surveys["item"].str.contains("满意|satisf")]
    assert (len(asked), asked["score"].sum()) == (5, 15)


@pytest.mark.parametrize(
    ("ended", "open_end"),
    [
        ("2023-05-31", "9999-12-31"),
        ("31.05.2023", "31.12.9999"),
        ("31-05-2023", "31-12-9999"),
        ("2023-05-31", "0001-01-01"),
        ("20230531", "00000000"),
        ("31.05.2023", "00.00.0000"),
        ("2023-05-31", "2099-12-31"),
        ("2023-05-31 10:00:00", "1900-01-01 00:00:00"),
        ("05/31/2023", "12/31/2999"),
    ],
)
def test_days_that_stand_for_no_day_are_open_ends(ended, open_end, tmp_path):
    text = "contract_no,customer_no,start_date,end_date,plan\n"
    for i, day in enumerate(_days(12, date(2022, 1, 3))):
        text += f"C{i:03},K{i:03},{day},{ended if i < 4 else open_end},{'basic' if i % 2 else 'plus'}\n"
    said, _, study = _drafted(tmp_path, text)
    contracts = study.table("contracts").execute()
    assert (len(contracts), contracts["ended_at"].notna().sum()) == (12, 4)
    assert "CHECK" in _line(said, "null_values")


def test_a_far_day_that_stands_once_is_a_day(tmp_path):
    text = "contract_no,customer_no,start_date,end_date,plan\n"
    for i, day in enumerate(_days(12, date(2022, 1, 3))):
        text += f"C{i:03},K{i:03},{day},{'2099-12-31' if i == 1 else '2023-05-31' if i < 4 else ''},basic\n"
    said, _, _ = _drafted(tmp_path, text)
    assert "null_values" not in said


def test_words_for_nothing_that_stand_elsewhere_stay_so(tmp_path):
    text = "contract_no,customer_no,start_date,end_date,plan,fee\n"
    for i, day in enumerate(_days(12, date(2022, 1, 3))):
        text += f"C{i:03},K{i:03},{day},{'2023-05-31' if i < 4 else '9999-12-31'},basic,{'NULL' if i == 2 else 9.5}\n"
    _, _, study = _drafted(tmp_path, text)
    assert study.table("contracts").execute()["fee"].sum() == 11 * 9.5


@pytest.mark.parametrize(
    ("said", "months"),
    [
        ("monthly", 1), ("month", 1), ("1 months", 1), ("3 months", 3), ("every 6 months", 6), ("12 Monate", 12),
        ("Annual", 12), ("yearly", 12), ("semi-annual", 6), ("half-yearly", 6), ("quarterly", 3),
        ("vierteljährlich", 3), ("jährlich", 12), ("monatlich", 1), ("mensuel", 1), ("trimestriel", 3), ("annuel", 12),
        ("年缴", 12), ("月缴", 1), ("P1Y", 12), ("P3M", 3), ("1m", 1), ("biennial", 24), ("ежемесячно", 1),
        ("gold", None), ("once", None),
    ],
)  # fmt: skip
def test_an_interval_is_so_many_months(said, months):
    assert months_of(said) == months


@pytest.mark.parametrize(
    ("column", "month", "year"),
    [
        ("plan_interval", "1 months", "12 months"),
        ("interval", "month", "year"),
        ("Payment Mode", "Monthly", "Annual"),
        ("Zahlungsweise", "monatlich", "jährlich"),
        ("plan_code", "gold-monthly", "gold-yearly"),
    ],
)
def test_a_fee_is_money_a_month_however_the_interval_is_said(column, month, year, tmp_path):
    text = f"subscription_id,customer_id,start_date,end_date,{column},unit_amount\n"
    for i, day in enumerate(_days(10)):
        text += f"S{i},K{i},{day},{'2024-06-01' if i < 3 else ''},{year if i < 4 else month},{120 if i < 4 else 12}\n"
    said, _, study = _drafted(tmp_path, text)
    # Four pay 120 a year, which is 10 a month; six pay 12.
    assert study.table("contracts").execute()["fee"].sum() == pytest.approx(4 * 10 + 6 * 12)
    assert "CHECK" in _line(said, "fee")


def test_an_interval_in_unknown_words_is_told(tmp_path):
    text = "subscription_id,customer_id,start_date,end_date,interval,unit_amount\n"
    for i, day in enumerate(_days(10)):
        text += f"S{i},K{i},{day},{'2024-06-01' if i < 3 else ''},{'blau' if i < 4 else 'rot'},{120 + i}\n"
    said, _, _ = _drafted(tmp_path, text)
    assert "CHECK" in _line(said, "fee")
    assert "in words that are not known" in _line(said, "fee")


@pytest.mark.parametrize("arm", ["test_cell", "cell", "bucket", "variant_name"])
def test_arms_are_known_by_their_values(arm, tmp_path):
    text = f"contact_id,campaign_code,{arm},drop_date,purchased,purchase_date\n"
    for i in range(12):
        bought = i % 4 == 0
        text += f"C{i:04},SPRING,{'Holdout' if i % 3 == 0 else 'Treatment A'},2024-05-06,{'Y' if bought else 'N'},"
        text += f"{'2024-05-20' if bought else ''}\n"
    said, _, study = _drafted(tmp_path, text)
    targets = study.table("campaign_targets").execute()
    assert (len(targets), targets["is_control"].sum()) == (12, 4)
    # Customers 0, 4 and 8 bought; the file is known until the last of them did.
    assert study.table("campaign_responses").count().execute() == 3
    assert "as_of: 2024-05-20" in said


def test_months_across_are_known_until_the_last_has_ended(tmp_path):
    text = "Zählpunkt;Kundennummer;Nov 23;Dez 23;Jan 24\n" + "".join(f"Z{i};K{i};10,5;11;1{i},5\n" for i in range(6))
    said, _, study = _drafted(tmp_path, text)
    assert "as_of: 2024-02-01" in said
    assert study.table("activity_use").execute()["quantity"].sum() == 6 * 21.5 + sum(10.5 + i for i in range(6))


def test_what_a_piece_costs_is_taken_as_often_as_there_are_pieces(tmp_path):
    text = "order_id,customer_id,order_date,sku,quantity,price,unit_cost\n"
    text += "1,a,2024-01-02,x,3,10.5,4.25\n1,a,2024-01-02,y,1,7.5,2.5\n2,b,2024-01-04,x,2,10.5,4.25\n"
    _said, _, study = _drafted(tmp_path, text)
    assert sorted(study.table("orders").execute()["cost"]) == [8.5, 15.25]


def test_the_price_that_a_shop_calls_item_cost_is_no_cost(tmp_path):
    text = "Order Number,Email (Billing),Order Date,Order Status,Order Total Amount,SKU,Quantity,Item Cost\n"
    text += "1,a@x.org,2024-01-02,Completed,31.50,x,3,10.50\n2,b@x.org,2024-01-04,Completed,21.00,x,2,10.50\n"
    _, tables, _ = _drafted(tmp_path, text)
    assert "cost" not in tables["orders"]["columns"]


def test_sales_and_returns_without_a_card_are_left_out_together(tmp_path):
    text = "Bonnr;Kundenkarte;Datum;Artikel;Menge;Gesamt\n"
    text += "1;K1;02.01.2024;a;1;5,50\n1;K1;02.01.2024;b;1;2,50\n2;;03.01.2024;a;1;5,50\n3;;04.01.2024;a;-1;-5,50\n"
    text += "4;K2;05.01.2024;a;2;11,00\n5;K2;06.01.2024;b;-1;-2,50\n"
    said, _tables, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["revenue"].sum() == 16.5
    assert "CHECK" in _line(said, "where")


def test_accounts_opened_and_closed_are_contracts(tmp_path):
    text = "IBAN|CIF|PRODUCT|OPEN_DT|CLOSE_DT|STATUS\n"
    for i, day in enumerate(_days(12, date(2020, 1, 3))):
        closed = i % 3 == 0
        text += (
            f"DE{i:020}|{i // 2:06}|Current|{day:%Y%m%d}|{'20230401' if closed else '00000000'}|{'CA'[not closed]}\n"
        )
    _, _, study = _drafted(tmp_path, text, "accounts.txt")
    contracts = study.table("contracts").execute()
    assert (len(contracts), contracts["ended_at"].notna().sum()) == (12, 4)


def test_calls_are_what_their_callers_bought(tmp_path):
    text = "record_id,msisdn,called_number,call_start,duration_sec,charge,disposition\n"
    for i, day in enumerate(_days(40, step=1)):
        said = "NOANSWER" if i % 8 == 0 else "ANSWERED"
        text += f"{i:06},41790000{i % 13:03},4144{i:07},{day}T10:00:00,{60 + i},{0 if i % 8 == 0 else 0.25},{said}\n"
    _, _, study = _drafted(tmp_path, text, "cdr.csv")
    orders = study.table("orders").execute()
    kept = orders[orders["kind"] != "cancelled"]
    assert (len(kept), kept["customer_id"].nunique(), kept["revenue"].sum()) == (35, 13, 35 * 0.25)


def test_russian_files_are_read(tmp_path):
    text = "Номер заказа;Дата заказа;Клиент;Сумма заказа;Статус\n"
    for i, day in enumerate(_days(9)):
        text += f"{i + 1};{day:%d.%m.%Y};ООО Ромашка {i % 4};1{i}0,50;{'Отменён' if i == 2 else 'Выполнен'}\n"
    said, tables, study = _drafted(tmp_path, text, encoding="cp1251")
    orders = study.table("orders").execute()
    kept = orders[orders["kind"].fillna("sale") == "sale"]
    assert tables["orders"]["from"]["encoding"] == "cp1251"
    assert (len(kept), kept["revenue"].sum()) == (8, sum(100.5 + 10 * i for i in range(9)) - 120.5)
    assert "currency: RUB  # CHECK" in said


def test_a_refusal_names_the_nearest_table_even_where_one_column_fits(tmp_path):
    (tmp_path / "x.csv").write_text("Datum;Wert\n01.01.2024;eins\n02.01.2024;zwei\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"looks like .* but lacks"):
        draft_study("mine", [tmp_path / "x.csv"], beside=tmp_path)


@pytest.mark.parametrize("header", ["AbGr", "Absagegrund", "Reason for rejection", "Cancel reason", "取消原因"])
def test_a_line_with_a_reason_why_it_was_rejected_has_not_come_about(header, tmp_path):
    text = f"Verk.Beleg;Auftraggeber;Belegdatum;Nettowert;{header}\n"
    text += "".join(f"{100 + i};a{i % 3};{day:%d.%m.%Y};{10 * (i + 1)},00;\n" for i, day in enumerate(_days(6)))
    text += "900;a1;05.03.2024;700,50;93\n"
    said, _, study = _drafted(tmp_path, text)
    line = _line(said, "cancellations")
    assert "CHECK" in line
    assert f"any {header}" in line
    orders = study.table("orders").execute()
    assert orders.loc[orders["kind"].fillna("sale") == "sale", "revenue"].sum() == 210


@pytest.mark.parametrize("header", ["Response Time", "Responded at", "Sent At", "Feedback date"])
def test_the_time_of_an_answer_by_its_other_names(header, tmp_path):
    text = f"Response ID,Person ID,Score,{header},Source\n"
    text += "".join(f"{i},p{i % 4},{i % 11},{day} 18:51:00 -0500,email\n" for i, day in enumerate(_days(24)))
    _, tables, study = _drafted(tmp_path, text)
    assert tables["surveys"]["columns"]["asked_at"] == header
    asked = study.table("surveys").execute()["asked_at"]
    assert str(asked.min()) == "2024-01-03 23:51:00"
