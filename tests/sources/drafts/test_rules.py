"""The rules behind drafts, each on the smallest file that shows it."""

from __future__ import annotations

import pytest

from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.drafts.later import is_later
from crm_research.sources.drafts.outcomes import outcome_of
from crm_research.sources.drafts.wide import month_of
from crm_research.sources.opening import open_study
from tests.sources.files import held


def _opened(folder, text, name="export.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    draft = draft_study("mine", [folder / name], beside=folder)
    (folder / "mine.yaml").write_text(draft.text, encoding="utf-8")
    return draft, open_study(folder / "mine.yaml")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("Completed", "done"),
        ("交易成功", "done"),
        ("Closed Won", "done"),
        ("Closed Lost", "lost"),
        ("交易关闭", "lost"),
        ("storniert", "lost"),
        ("Annulée", "lost"),
        ("Remboursé", "refunded"),
        ("partially_refunded", "partly"),
        ("unpaid", "open"),
        ("Closed", "closed"),
        ("订单未关闭", "unknown"),
        ("purple", "unknown"),
    ],
)
def test_a_status_says_what_came_of_an_order(value, outcome):
    assert outcome_of(value) == outcome


@pytest.mark.parametrize(
    "header", ["Churn Score", "CLTV", "Predicted CLV", "Last Activity Date", "流失风险", "Total Charges"]
)
def test_what_only_later_is_known_is_known_by_its_name(header):
    assert is_later(header)


@pytest.mark.parametrize("header", ["Last Name", "Gender", "Region", "Payment Method", "Marital Status"])
def test_what_was_known_from_the_start_is_kept(header):
    assert not is_later(header)


@pytest.mark.parametrize(
    "header", ["2024-03", "2024/3", "03/2024", "202403", "Mar 2024", "Mär 2024", "2024年3月", "Mar-24"]
)
def test_a_header_names_a_month(header):
    assert f"{month_of(header):%Y-%m-%d}" == "2024-03-01"


def test_a_partial_refund_is_taken_off_an_order_that_stands(tmp_path):
    text = "order_id,customer_id,order_date,total,refund_amount,status\n"
    text += "1,a,2024-01-01,50.5,0,paid\n2,b,2024-01-02,80.5,20.25,paid\n3,a,2024-01-03,70.5,70.5,refunded\n"
    draft, study = _opened(tmp_path, text)
    # 50.50, and 80.50 - 20.25 = 60.25; the third was given back in full.
    found = dict(held(study, "orders", "order_id", "revenue"))
    assert (found["1"], found["2"]) == (50.5, 60.25)
    assert dict(held(study, "orders", "order_id", "kind")) == {"1": "sale", "2": "sale", "3": "cancelled"}
    assert "CHECK" in next(line for line in draft.text.splitlines() if "cancellations:" in line)


def test_a_column_of_few_values_is_no_customer(tmp_path):
    rows = "".join(f"{i},{'ab'[i % 2]},m{i % 20}@x.org,2024-01-{1 + i % 28:02d},{5 + i}.5\n" for i in range(80))
    _, study = _opened(tmp_path, "order_id,customer_group,email,order_date,total\n" + rows)
    assert len(set(held(study, "orders", "customer_id"))) == 20


def test_money_that_cannot_be_read_is_not_replaced_by_a_count_of_rows(tmp_path):
    (tmp_path / "stays.csv").write_text(
        "guest_id,day,price\ng1,2024-01-01,about 5\ng1,2024-01-02,some\ng2,2024-01-02,x\n"
    )
    with pytest.raises(StudyError, match=r"looks like orders, but lacks revenue"):
        draft_study("mine", [tmp_path / "stays.csv"], beside=tmp_path)


def test_a_fee_of_each_interval_is_money_a_month(tmp_path):
    text = "id,customer_id,plan,amount,interval,created,current_period_end,ended_at\n"
    text += "s1,a,p,120,year,2023-01-05,2024-01-05,\ns2,b,q,30,month,2023-02-05,2023-03-05,2023-03-05\n"
    _, study = _opened(tmp_path, text, "subscriptions.csv")
    assert held(study, "contracts", "contract_id", "fee") == [("s1", 10.0), ("s2", 30.0)]


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("Credited", "refunded"), ("gutgeschrieben", "refunded"), ("返品", "refunded"), ("キャンセル", "lost"),
     ("発送済み", "done"), ("Awaiting Fulfillment", "unknown"), ("Awaiting Payment", "open")],
)  # fmt: skip
def test_more_words_of_a_status(value, outcome):
    assert outcome_of(value) == outcome


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_orders_in_japanese(encoding, tmp_path):
    # Worth 1,010 + 1,020 + ... + 1,200 = 22,100; the fifth (1,050) is called off, the eighth (1,080) given back.
    rows = "".join(
        f"{k},2024/01/{k:02d} 10:00:00,{500 + k % 6},A,{'キャンセル' if k == 5 else '返品' if k == 8 else '発送済み'},"
        f'"{1000 + 10 * k:,}"\n'
        for k in range(1, 21)
    )
    (tmp_path / "export.csv").write_bytes(
        f"注文番号,注文日時,会員ID,お名前,対応状況,お支払い合計\n{rows}".encode(encoding)
    )
    (tmp_path / "mine.yaml").write_text(draft_study("mine", [tmp_path / "export.csv"], beside=tmp_path).text, "utf-8")
    orders = open_study(tmp_path / "mine.yaml").table("orders").execute()
    kept = orders[orders["kind"] != "cancelled"]
    assert (len(kept), kept["revenue"].sum(), kept["customer_id"].nunique()) == (18, 19970.0, 6)


def test_a_title_over_the_table_is_no_header_though_it_has_its_separators(tmp_path):
    rows = "".join(f"R{k},C{k % 6},{k:02d}/02/2024,Confirmée,{k},50\n" for k in range(1, 21))
    head = "Liste des réservations;;;;\nÉditée le 12/03/2024;;;;\n"
    head += "N° réservation;N° client;Date de réservation;Statut;Montant TTC\n"
    _, study = _opened(tmp_path, head + rows.replace(",50\n", "#50\n").replace(",", ";").replace("#", ","))
    assert held(study, "orders", "revenue")[-1] == (9.5,)
    assert study.table("orders").count().execute() == 20


def test_a_total_with_tax_is_no_tax_and_nr_is_a_number(tmp_path):
    rows = "".join(f"{k},D{k % 6},2024-02-{k:02d},{k},{k + 0.25}\n" for k in range(1, 21))
    head = "Belegnr.,Debitorennr.,Buchungsdatum,Tax Total,Order Total (inc tax)\n"
    _, study = _opened(tmp_path, head + rows)
    assert study.table("orders").revenue.sum().execute() == 215.0
    assert study.table("orders").customer_id.nunique().execute() == 6


def test_payments_of_a_ledger_are_no_sales_and_no_returns(tmp_path):
    # 20 invoices, 11 + ... + 30 = 410; a credit note of 15; ten payments that take their money off the account.
    rows = [f"{k:02d}.03.2024,Rechnung,R{k},D{k % 6},{10 + k},50" for k in range(1, 21)]
    rows += [f"{k:02d}.04.2024,Zahlung,Z{k},D{k % 6},{10 + k},50-" for k in range(1, 11)]
    rows += ["30.04.2024,Gutschrift,G1,D1,15,25-"]
    head = "Buchungsdatum;Belegart;Belegnr.;Debitorennr.;Betrag\n"
    parted = [";".join(row.split(",")[:4]) + ";" + ",".join(row.split(",")[4:]) for row in rows]
    draft, study = _opened(tmp_path, head + "\n".join(parted) + "\n")
    orders = study.table("orders").execute()
    assert (len(orders), orders["revenue"].sum()) == (21, 20 * 0.5 + 410 - 15.25)
    assert orders.loc[orders["kind"] == "return", "revenue"].tolist() == [-15.25]
    assert "CHECK" in next(line for line in draft.text.splitlines() if "Zahlung" in line)


def test_where_nothing_is_billed_a_payment_is_the_sale(tmp_path):
    rows = "".join(
        f"{k},c{k % 6},2024-03-{k:02d},{'payment' if k % 4 else 'charge'},{10 + k}.5\n" for k in range(1, 21)
    )
    _, study = _opened(tmp_path, "id,customer_id,created_at,type,amount\n" + rows)
    assert study.table("orders").revenue.sum().execute() == 20 * 0.5 + 410


def test_rows_of_credit_take_back_the_order_whose_number_they_bear(tmp_path):
    # Sales of 11 to 30, 410 in all; orders 1 to 4 were given back on a row of their own: 11 + 12 + 13 + 14 = 50.
    rows = [f"t{k},sale,settled,2024-03-{k:02d},{10 + k},{10 + k},c{k % 6},o{k}" for k in range(1, 21)]
    rows += [f"r{k},credit,settled,2024-04-{k:02d},{10 + k},,c{k % 6},o{k}" for k in range(1, 5)]
    head = "Transaction ID,Transaction Type,Transaction Status,Created Datetime,"
    head += "Amount Submitted For Settlement,Amount Authorized,Customer ID,Order ID\n"
    draft, study = _opened(tmp_path, head + "\n".join(rows) + "\n")
    orders = study.table("orders").execute()
    assert (len(orders), orders["revenue"].sum()) == (20, 360.0)
    assert "CHECK" in next(line for line in draft.text.splitlines() if line.strip().startswith("revenue:"))


def test_names_that_begin_with_what_they_are_of_are_names(tmp_path):
    rows = "".join(
        f"{k},Org {k % 6},{10 + k}.5,{'Won' if k % 4 else 'Lost'},2024-03-{k:02d} 10:00:00\n" for k in range(1, 21)
    )
    head = "Deal - ID,Deal - Organization,Deal - Value,Deal - Status,Deal - Deal created\n"
    _, study = _opened(tmp_path, head + rows)
    orders = study.table("orders").execute()
    # 410 and twenty halves, less 14.5 + 18.5 + 22.5 + 26.5 + 30.5 of what was lost
    assert orders.loc[orders["kind"] != "cancelled", "revenue"].sum() == 420.0 - 112.5
    assert orders["customer_id"].nunique() == 6


@pytest.mark.parametrize(("who", "n"), [("consumer_id", 6), ("Consumer name", 6), ("Shopper Reference", 6)])
def test_payers_of_payment_services_are_customers(tmp_path, who, n):
    rows = "".join(f"tr_{k},person{k % 6},2024-03-{k:02d},paid,{10 + k}.5\n" for k in range(1, 21))
    _, study = _opened(tmp_path, f"ID,{who},Date,Status,Amount\n{rows}")
    assert study.table("orders").customer_id.nunique().execute() == n
