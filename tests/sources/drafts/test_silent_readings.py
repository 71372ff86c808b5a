"""What a draft must not misread without a word: prices, refunds, scales, guests, ends to come."""

from __future__ import annotations

import pytest

from tests.sources.drafts.test_kinds import _days, _drafted, _line


@pytest.mark.parametrize("price", ["item_price", "price", "Preis", "单价"])
def test_the_price_of_a_piece_is_no_money_of_a_line(price, tmp_path):
    text = f"order_id,customer_id,order_date,sku,{price},quantity\n"
    text += "1,a,2024-01-02,x,10.5,3\n1,a,2024-01-02,y,7.5,1\n2,b,2024-01-04,x,10.5,2\n"
    _said, _, study = _drafted(tmp_path, text)
    # 3 times 10.50 and 7.50; 2 times 10.50.
    assert sorted(study.table("orders").execute()["revenue"]) == [21, 39]


def test_money_that_grows_with_the_pieces_is_the_money_of_all_of_them(tmp_path):
    text = "amazon-order-id,buyer-email,purchase-date,sku,quantity-purchased,item-price\n"
    text += "1,a@x.org,2024-01-02,x,3,31.5\n2,b@x.org,2024-01-04,x,2,21\n3,b@x.org,2024-01-05,y,1,7.5\n"
    _, _, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["revenue"].sum() == 60


def test_the_total_of_an_order_is_taken_before_the_price_of_a_piece(tmp_path):
    text = "event_date,user_pseudo_id,ecommerce_transaction_id,ecommerce_purchase_revenue,"
    text += "item_id,item_price,item_quantity\n"
    for i, day in enumerate(_days(8)):
        text += f"{day:%Y%m%d},u{i % 3}.7,T{i},3{i},a,10,2\n{day:%Y%m%d},u{i % 3}.7,T{i},3{i},b,1{i},1\n"
    said, _, study = _drafted(tmp_path, text)
    # Each total stands on both lines of its order.
    assert study.table("orders").execute()["revenue"].sum() == sum(30 + i for i in range(8))
    assert "CHECK" in _line(said, "revenue")


def test_refunds_among_words_for_none_are_taken_off(tmp_path):
    text = "订单编号,买家会员名,买家实付金额,订单状态,订单创建时间,退款金额\n"
    for i, day in enumerate(_days(20)):
        text += f"{i + 1000},买家{i % 6},50.5,交易成功,{day},{'20.25' if i == 3 else '无退款申请'}\n"
    _, _, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["revenue"].sum() == pytest.approx(20 * 50.5 - 20.25)


def test_refunds_that_cannot_be_read_are_told(tmp_path):
    text = "order_id,customer_id,order_date,total,refund_amount\n"
    for i, day in enumerate(_days(20)):
        text += f"{i + 1000},c{i % 6},{day},50.5,{'20.25' if i == 3 else 'see note' if i == 5 else ''}\n"
    said, _, _ = _drafted(tmp_path, text)
    assert "refund_amount holds words beside numbers and is not taken off" in _line(said, "revenue")
    assert "CHECK" in _line(said, "revenue")


def test_a_time_of_refund_without_its_money_takes_the_whole_back(tmp_path):
    text = "user_id,purchased_at,price,store_transaction_id,refunded_at\n"
    for i, day in enumerate(_days(12)):
        text += f"u{i % 4},{day},9.5,T{i},{day if i in (2, 7) else ''}\n"
    said, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    assert (orders["kind"] == "cancelled").sum() == 2
    assert "any refunded_at" in _line(said, "cancellations")


def test_statuses_are_read_with_and_without_accents(tmp_path):
    text = "Commande;Email client;Acheté le;Total (base);Statut\n"
    said = ["Complète", "Annulée", "Clôturée", "En cours de traitement", "En attente", "Complète"]
    for i, (status, day) in enumerate(zip(said, _days(6), strict=True)):
        text += f"{i + 1};c{i}@x.fr;{day:%d/%m/%Y};1{i},50 €;{status}\n"
    _, _tables, study = _drafted(tmp_path, text)
    kinds = list(study.table("orders").execute().sort_values("order_id")["kind"].fillna("sale"))
    assert kinds == ["sale", "cancelled", "cancelled", "sale", "cancelled", "sale"]


def test_guests_whose_address_has_a_number_elsewhere_are_the_same_customer(tmp_path):
    text = "order_id,customer_id,billing_email,order_date,order_total,status\n"
    for i, day in enumerate(_days(12)):
        text += f"{i + 100},{0 if i % 2 else 500 + i % 6},c{i % 6 // 2}@x.org,{day},20.5,completed\n"
    said, _, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["customer_id"].nunique() == 3
    assert "CHECK" in _line(said, "customer_id")


def test_people_whom_a_program_calls_contacts_are_customers(tmp_path):
    text = "Record ID,First Name,Last Name,Email,Create Date,Lifecycle Stage\n"
    text += "".join(f"{7000 + i},A{i},B,a{i}@x.org,{day},Lead\n" for i, day in enumerate(_days(8)))
    _, tables, _ = _drafted(tmp_path, text, "hubspot_contacts.csv")
    assert list(tables) == ["customers"]


def test_whoever_comes_again_in_a_log_is_the_customer(tmp_path):
    text = "Zeitpunkt;Ausweis;Studio\n"
    for i, day in enumerate(_days(60, step=1)):
        text += f"{day:%d.%m.%Y} 10:00;{10000 + i % 12};{'Nord' if i % 2 else 'Süd'}\n"
    said, _, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["customer_id"].nunique() == 12
    assert "CHECK" in _line(said, "customer_id")


def test_pairs_of_names_and_values_are_no_basket(tmp_path):
    text = "order_id,customer_id,order_date,total,line_item_1\n"
    text += "".join(f"{i},c{i % 3},{day},20.5,name:Mug|sku:M1|quantity:2\n" for i, day in enumerate(_days(8)))
    _, tables, _ = _drafted(tmp_path, text)
    assert list(tables) == ["orders"]


def test_three_capitals_beside_digits_are_no_currency(tmp_path):
    text = "order_id,customer_id,order_date,total,sku\n"
    text += "".join(f"{i},c{i % 3},{day},20.5,SKU1{i}\n" for i, day in enumerate(_days(8)))
    said, _, _ = _drafted(tmp_path, text)
    assert "signs" not in said


def test_ends_to_come_do_not_say_until_when_records_reach(tmp_path):
    text = "subscription_id,customer_id,started_at,cancelled_at,status\n"
    for i, day in enumerate(_days(12)):
        end = "2024-05-20" if i < 3 else "2024-06-20" if i == 4 else ""
        text += f"S{i},K{i},{day},{end},{'cancelled' if i < 3 else 'non_renewing' if i == 4 else 'active'}\n"
    said, _, study = _drafted(tmp_path, text)
    assert "as_of: 2024-05-20" in said
    assert study.table("contracts").execute()["ended_at"].notna().sum() == 3


def test_ends_far_behind_the_last_beginning_are_told(tmp_path):
    text = "contract_no,customer_no,start_date,end_date,plan\n"
    for i, day in enumerate(_days(12, step=3)):
        text += f"C{i:03},K{i:03},{day},{'2026-05-31' if i < 4 else ''},basic\n"
    said, _, _ = _drafted(tmp_path, text)
    assert "CHECK" in _line(said, "as_of")
    assert "ends up to 2026-05-31 are taken as planned" in _line(said, "as_of")


def test_a_fee_for_several_intervals_is_parted_by_both(tmp_path):
    text = "Subscription Id,Customer Id,Started At,Cancelled At,Billing Period,Billing Period Unit,Plan Amount\n"
    for i, day in enumerate(_days(10)):
        text += f"S{i},K{i},{day},{'2024-06-01' if i < 3 else ''},{3 if i < 4 else 1},month,{36 if i < 4 else 15}\n"
    _said, _, study = _drafted(tmp_path, text)
    # Four pay 36 for three months, six 15 for one.
    assert study.table("contracts").execute()["fee"].sum() == pytest.approx(4 * 12 + 6 * 15)


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [("0 - Not at all likely", "10 - Extremely likely"), ("Not at all likely - 0", "Extremely likely - 10")],
)
def test_numbers_with_their_meaning_beside_them_are_answers(lowest, highest, tmp_path):
    text = "Respondent ID,End Date,How likely is it that you would recommend us to a friend?\n"
    for i, day in enumerate(_days(22, step=1)):
        text += f"{11800 + i},{day},{ {0: lowest, 10: highest}.get(i % 11, i % 11) }\n"
    said, _, study = _drafted(tmp_path, text, "survey.csv")
    surveys = study.table("surveys").execute()
    assert (surveys["score"].sum(), surveys["scale_max"].max()) == (110, 10)
    assert "CHECK" in _line(said, "nps")


def test_a_question_that_cannot_be_put_on_a_scale_is_told(tmp_path):
    text = "Respondent ID,End Date,How likely would you recommend us to a friend?,How satisfied are you overall?\n"
    for i, day in enumerate(_days(22, step=1)):
        text += f"{11800 + i},{day},{i % 11},{['blue', 'green', 'pink'][i % 3]}\n"
    said, _, _ = _drafted(tmp_path, text, "survey.csv")
    assert "CHECK: not read: it seems to ask for satisfaction, and says blue, green, pink" in said


def _contracts_that_began(header, begun=lambda _: ""):
    text = f"contract_id,customer_id,plan,{header},ended_at\n"
    for i, day in enumerate(_days(20)):
        text += f"s{i},c{i % 7},p{i % 2},{day}{begun(i)},{f'2024-09-{i + 1:02d}' if i % 2 else ''}\n"
    return text


@pytest.mark.parametrize(
    "header", ["created_at", "createdAt", "Creation Date", "Created (UTC)", "date_entered", "Erstellt am", "创建时间"]
)
def test_a_draft_asks_whether_a_contract_began_when_its_record_was_created(header, tmp_path):
    said, tables, _ = _drafted(tmp_path, _contracts_that_began(header), "subscriptions.csv")
    assert tables["contracts"]["columns"]["started_at"] == header
    line = _line(said, "started_at")
    assert "# CHECK: " in line
    assert "did each contract begin when its record was created?" in line
    assert "no other column says when it began" in line


def test_a_beginning_that_some_rows_lack_is_named_beside_the_creation(tmp_path):
    text = _contracts_that_began("created_at,activated_at", lambda i: f",2024-08-{i + 1:02d}" if i % 4 else ",")
    said, tables, _ = _drafted(tmp_path, text, "subscriptions.csv")
    assert tables["contracts"]["columns"]["started_at"] == "created_at"
    # Every fourth of twenty rows has none.
    assert "activated_at says when it began in 15 of 20 rows" in _line(said, "started_at")


@pytest.mark.parametrize("header", ["started_at", "activation date", "signup_date", "Vertragsbeginn"])
def test_a_beginning_called_so_is_not_asked_of(header, tmp_path):
    said, _, _ = _drafted(tmp_path, _contracts_that_began(header), "subscriptions.csv")
    assert "CHECK" not in _line(said, "started_at")


def test_a_beginning_that_all_rows_have_is_taken_before_the_creation(tmp_path):
    text = _contracts_that_began("created_at,activated_at", lambda i: f",2024-08-{i + 1:02d}")
    said, tables, _ = _drafted(tmp_path, text, "subscriptions.csv")
    assert tables["contracts"]["columns"]["started_at"] == "activated_at"
    assert "CHECK" not in _line(said, "started_at")
