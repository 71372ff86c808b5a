"""Kinds of exports that a fifth look asked for: intervals, notices, quarters, zones, other languages, lost digits."""

from __future__ import annotations

from datetime import datetime

import pytest

from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.drafts.intervals import months_of
from crm_research.sources.drafts.spans import span_of
from tests.sources.drafts.test_kinds import _days, _drafted, _line


def _slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("said", "months"),
    [
        ("Yearly", 12), ("annual", 12), ("P1Y", 12), ("1 yr", 12), ("12 mo", 12), ("Two_Years", 24), ("SIX_MONTHS", 6),
        ("1/4-jährlich", 3), ("1.5 years", 18), ("twice a year", 6), ("4 times a year", 3), ("rocznie", 12),
        ("trimestrale", 3), ("mensal", 1), ("365 days", 365 * 12 / 365.25), ("2x per year", 6), ("Gold", None),
    ],
)  # fmt: skip
def test_the_months_of_an_interval(said, months):
    assert months_of(said) == (None if months is None else pytest.approx(months))


# A fee of 120 for a year and one of 10 for a month are both 10 a month; six rows of each.
@pytest.mark.parametrize(
    ("header", "year", "month"),
    [
        ("plan_interval_length,plan_interval_unit", "12,months", "1,months"),
        _slow("plan_interval_length,plan_interval_unit", "1,year", "1,month"),
        ("plan.billing_period,plan.billing_period_unit", "1,year", "1,month"),
        _slow("Rate Plan Charge: Billing Period", "Annual", "Month"),
        _slow("plan.interval,plan.interval_count", "year,1", "month,1"),
        ("plan.interval,plan.interval_count", "month,12", "month,1"),
        ("Billed", "Yearly", "Monthly"),
        _slow("Cycle", "annually", "monthly"),
        _slow("recurring_interval_iso", "P1Y", "P1M"),
        ("billing_every", "12", "1"),
        ("payments per year", "1", "12"),
    ],
)
def test_a_years_fee_is_never_a_months(header, year, month, tmp_path):
    text = f"subscription_id,customer_id,status,start_date,amount,{header}\n"
    for i, day in enumerate(_days(12)):
        text += f"s{i},c{i},active,{day},{'120.00' if i % 2 else '10.00'},{year if i % 2 else month}\n"
    said, _, study = _drafted(tmp_path, text, name="subscriptions.csv")
    assert study.table("contracts").execute()["fee"].tolist() == pytest.approx([10.0] * 12)
    assert "CHECK" in _line(said, "fee")


def test_a_fee_that_says_it_is_a_months_is_not_parted(tmp_path):
    text = "subscription_id,customer_id,status,start_date,mrr,billing period\n"
    text += "".join(
        f"s{i},c{i},active,{day},10.50,{'Annual' if i % 2 else 'Month'}\n" for i, day in enumerate(_days(12))
    )
    _, _, study = _drafted(tmp_path, text, name="subscriptions.csv")
    assert study.table("contracts").execute()["fee"].sum() == 12 * 10.5


def test_an_interval_without_a_unit_is_told(tmp_path):
    text = "subscription_id,customer_id,status,start_date,amount,interval_count\n"
    text += "".join(f"s{i},c{i},active,{day},10.50,{1 + i % 2}\n" for i, day in enumerate(_days(12)))
    said, _, _ = _drafted(tmp_path, text, name="subscriptions.csv")
    assert "CHECK" in _line(said, "fee")
    assert "nothing says whether in months or years" in _line(said, "fee")


def _recurly(canceled, ended, header="canceled_at,expires_at"):
    """Twelve subscriptions: 1 and 2 asked to stop on 2024-04-01, 1 is over since May, 2 runs until 2025; 3 ran out."""
    text = f"uuid,account_code,state,plan_code,unit_amount,activated_at,{header}\n"
    for i, day in enumerate(_days(12)):
        said = {1: f"2024-04-01,{ended}", 2: f"2024-04-01,{canceled}", 3: "2024-03-30,2024-03-30"}.get(i, ",")
        state = {1: "expired", 2: "canceled", 3: "expired"}.get(i, "active")
        text += f"u{i},a{i},{state},pro,10.00,{day},{said}\n"
    return text


@pytest.mark.parametrize("header", ["canceled_at,expires_at", "canceled_at,ended_at", "Gekündigt am,Gekündigt zum"])
def test_a_contract_ends_when_it_ran_out_and_not_when_that_was_asked_for(header, tmp_path):
    said, _, study = _drafted(tmp_path, _recurly("2025-01-20", "2024-05-01", header), name="subscriptions.csv")
    contracts = study.table("contracts").execute().sort_values("contract_id")
    ends = contracts.set_index("contract_id")["ended_at"].dropna()
    assert {key: str(value.date()) for key, value in ends.items()} == {"u1": "2024-05-01", "u3": "2024-03-30"}
    assert "CHECK" in _line(said, "ended_at")
    assert "canceled is asked to stop and still runs" in _line(said, "ended_at")


def test_without_a_status_the_end_is_the_later_of_notice_and_end(tmp_path):
    text = "contract_id,customer_id,start_date,canceled_at,ended_at,monthly_fee\n"
    for i, day in enumerate(_days(12)):
        text += f"s{i},c{i},{day},{'2024-02-25,2024-03-15' if i == 1 else ','},10.00\n"
    _, _, study = _drafted(tmp_path, text, name="contracts.csv")
    ends = study.table("contracts").execute()["ended_at"].dropna()
    assert [str(end.date()) for end in ends] == ["2024-03-15"]


def test_a_term_that_all_have_is_no_end_where_some_were_cancelled_before(tmp_path):
    text = "contract_id,customer_id,start_date,cancelled_date,end_date,status,monthly_fee\n"
    for i, day in enumerate(_days(12)):
        over = i % 4 == 1
        text += f"s{i},c{i},{day},{'2024-05-01' if over else ''},2025-0{1 + i % 9}-01,"
        text += f"{'Cancelled' if over else 'Active'},10.00\n"
    _, _, study = _drafted(tmp_path, text, name="contracts.csv")
    ends = study.table("contracts").execute()["ended_at"].dropna()
    assert [str(end.date()) for end in ends] == ["2024-05-01"] * 3


def test_what_ran_out_without_a_notice_ended_with_its_term(tmp_path):
    text = "contract_id,customer_id,start_date,cancelled_date,term_end_date,status,monthly_fee\n"
    for i, day in enumerate(_days(24)):
        state = {1: "Cancelled", 2: "Expired"}.get(i, "Active")
        text += f"s{i},c{i},{day},{'2024-05-01' if i == 1 else ''},2024-0{6 + i % 3}-15,{state},10.00\n"
    said, _, study = _drafted(tmp_path, text, name="contracts.csv")
    ends = study.table("contracts").execute().set_index("contract_id")["ended_at"].dropna()
    assert {key: str(end.date()) for key, end in ends.items()} == {"s1": "2024-05-01", "s2": "2024-08-15"}
    assert "CHECK" in _line(said, "ended_at")


@pytest.mark.parametrize(
    ("form", "zones"),
    [
        ("%m/%d/%Y, %I:%M %p", [""]),
        _slow("%d.%m.%Y, %H:%M", [""]),
        ("%b %d, %Y %I:%M:%S %p", [" PST", " PDT"]),
        _slow("%d.%m.%Y %H:%M", [" MEZ", " MESZ"]),
        ("%Y-%m-%d %H:%M:%S", [" Europe/Berlin"]),
        ("%Y/%m/%d %I:%M:%S %p", [" GMT+1", " GMT+2"]),
        _slow("%Y-%m-%d %H:%M", [" CET"]),
    ],
)
def test_times_with_commas_and_zones_are_read_by_the_clock_of_their_place(form, zones, tmp_path):
    text = "order_id,customer_id,order_date,total\n"
    for i, day in enumerate(_days(30)):
        at = datetime(day.year, day.month, day.day, 13 + i % 9, 5)
        text += f'{i},c{i % 4},"{at.strftime(form)}{zones[i % len(zones)]}",10.50\n'
    said, _, study = _drafted(tmp_path, text)
    times = study.table("orders").execute()["ordered_at"]
    assert (str(times.min()), str(times.max())) == ("2024-01-03 13:05:00", "2024-07-24 15:05:00")
    if zones != [""]:
        assert "CHECK" in _line(said, "ordered_at")
        assert zones[0].strip() in _line(said, "ordered_at").partition("#")[2]


def test_zones_of_several_places_are_refused_with_what_to_write(tmp_path):
    text = "order_id,customer_id,order_date,total\n"
    for i, day in enumerate(_days(12)):
        text += f"{i},c{i % 4},{day:%m/%d/%Y} 13:05 {'PST' if i % 2 else 'CET'},10.50\n"
    with pytest.raises(StudyError) as refusal:
        _drafted(tmp_path, text)
    assert "order_date holds times of several zones (CET, PST)" in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "start", "months"),
    [
        ("Q1 2023", (2023, 1), 3), ("2023-Q4", (2023, 10), 3), ("Q2/23", (2023, 4), 3),
        ("3. Quartal 2023", (2023, 7), 3),
        ("Q3 2022 kWh", (2022, 7), 3), ("T2 2024", (2024, 4), 3), ("2023年第四季度", (2023, 10), 3),
        ("2023Q1", (2023, 1), 3),
        ("H2 2023", (2023, 7), 6), ("2023H1", (2023, 1), 6), ("FY2023", (2023, 1), 12), ("FY23", (2023, 1), 12),
        ("2023", (2023, 1), 12), ("2023年", (2023, 1), 12), ("Umsatz 2022", (2022, 1), 12),
        ("Address 2", None, None), ("Q1", None, None), ("Street 2023a5", None, None), ("VAT 19", None, None),
    ],
)  # fmt: skip
def test_the_span_that_a_header_names(header, start, months):
    span = span_of(header)
    assert (span and (span.start.year, span.start.month), span and span.months) == (start, months)


@pytest.mark.parametrize(
    ("headers", "first", "n"),
    [
        (["Q1 2023", "Q2 2023", "Q3 2023", "Q4 2023"], ["2023-01-01", "2023-10-01"], 4),
        (["2023-Q1", "2023-Q2", "2023-Q3", "FY2023"], ["2023-01-01", "2023-07-01"], 3),
        (["H1 2023", "H2 2023", "H1 2024", "H2 2024"], ["2023-01-01", "2024-07-01"], 4),
        (["FY2021", "FY2022", "FY2023", "FY2024"], ["2021-01-01", "2024-01-01"], 4),
        (["2023-01", "2023-02", "2023-03", "2023"], ["2023-01-01", "2023-03-01"], 3),
    ],
)
def test_columns_of_quarters_and_years_are_rows_and_totals_count_once(headers, first, n, tmp_path):
    text = f"customer_no,region,{','.join(headers)}\n"
    text += "".join(f"{100 + i},north,{','.join(str(10 * k + i) for k in range(1, 5))}\n" for i in range(9))
    said, _, study = _drafted(tmp_path, text, name="usage.csv")
    use = study.table("activity_use").execute()
    # Ten, twenty, ... and 0 to 8 on each: 36 a column.
    assert (len(use), use["quantity"].sum()) == (9 * n, 9 * 10 * sum(range(1, n + 1)) + 36 * n)
    assert [str(use["period"].min())[:10], str(use["period"].max())[:10]] == first
    assert "CHECK" in _line(said, "period")
    assert ("would count the same again" in _line(said, "period")) == (n == 3)


@pytest.mark.parametrize("written", ["1.23457E+15", _slow("1E15"), _slow("4,5E+12")])
def test_numbers_that_a_spreadsheet_cut_short_are_no_key_without_a_warning(written, tmp_path):
    text = "order_id;customer_id;order_date;total\n"
    for i, day in enumerate(_days(12)):
        order, customer = (written, written) if i < 3 else (1234570000000100 + i, 900000000000100 + i % 5)
        text += f"{order};{customer};{day};10.50\n"
    said, _, _ = _drafted(tmp_path, text)
    for key in ("order_id", "customer_id"):
        assert "CHECK" in _line(said, key)
        assert f"as in {written}" in _line(said, key)
    assert "customer_id of orders is not to be trusted" in said.partition("tables:")[0]


def test_another_key_is_taken_before_numbers_cut_short(tmp_path):
    text = "order_id,customer_id,email,order_date,total\n"
    text += "".join(f"{i},1.23457E+15,u{i % 5}@x.org,{day},10.50\n" for i, day in enumerate(_days(12)))
    _, tables, _ = _drafted(tmp_path, text)
    assert tables["orders"]["columns"]["customer_id"] == "email"


@pytest.mark.parametrize(
    ("text", "table", "missing"),
    [
        ("client no,town\n" + "C1,Ulm\nC2,Bonn\nC1,Ulm\n" * 9, "customers", "client no repeats"),
        (
            "Requester,Subject,Opened\n" + "".join(f"u{i % 4}@x.org,Late,{day:%d.%m.%Y} um 9\n"
            for i, day in enumerate(_days(12))),
            "contacts", "Opened holds times that are not read, such as 03.01.2024 um 9",
        ),
    ],
)  # fmt: skip
def test_a_lone_file_that_is_refused_is_told_the_nearest_table_and_the_lines(text, table, missing, tmp_path):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(StudyError) as refusal:
        draft_study("mine", [tmp_path / "list.csv"], beside=tmp_path)
    said = str(refusal.value)
    assert "another file fits better" not in said
    assert missing in said
    assert f"write {table}: {{from: list.csv, columns: {{" in said


_SURVEYS = {
    "it": """ID rispondente,Data di inizio,Data di fine,Indirizzo e-mail,Quanto è soddisfatto del nostro servizio?,Con \
quale probabilità ci consiglierebbe a un amico?
Molto insoddisfatto,Piuttosto insoddisfatto,Né soddisfatto né insoddisfatto,Piuttosto soddisfatto,Molto soddisfatto""",
    "pt": """ID da resposta,Data de início,Data de envio,Endereço de e-mail,Qual é o seu nível de satisfação?,Qual a \
probabilidade de nos recomendar a um amigo?
Muito insatisfeito,Insatisfeito,Neutro,Satisfeito,Muito satisfeito""",
    "pl": """ID odpowiedzi,Data rozpoczęcia,Data wypełnienia,Adres e-mail,Jak bardzo jest Pan zadowolony?,Czy \
poleciłby nas Pan znajomym?
Bardzo niezadowolony,Raczej niezadowolony,Ani zadowolony ani niezadowolony,Raczej zadowolony,Bardzo zadowolony""",
}


@pytest.mark.parametrize("language", list(_SURVEYS))
def test_surveys_in_italian_portuguese_and_polish_are_read(language, tmp_path):
    header, words = _SURVEYS[language].splitlines()
    text = header + "\n"
    for i, day in enumerate(_days(22)):
        text += f"{900 + i},{day} 10:00,{day} 10:04,u{i}@x.org,{words.split(',')[i % 5]},{i % 11}\n"
    _, _, study = _drafted(tmp_path, text)
    surveys = study.table("surveys").execute()
    totals = surveys.groupby("item")["score"].sum().to_dict()
    # Words 1 to 5 in turn make 4 rounds of 15, and 1 + 2; 0 to 10 twice make 110.
    assert (totals, surveys["customer_id"].nunique()) == ({"satisfaction": 63, "nps": 110}, 22)
    assert str(surveys["asked_at"].min()) == "2024-01-03 10:04:00"


_ORDERS = {
    "it": ("Numero ordine;Data ordine;Codice cliente;Stato;Totale ordine;Importo rimborsato", "Annullato", "Spedito"),
    "pt": (
        "Número do pedido;Data do pedido;Código do cliente;Situação;Valor total;Valor estornado",
        "Cancelado",
        "Pago",
    ),
    "pl": ("Numer zamówienia;Data zamówienia;Id klienta;Status;Wartość;Kwota zwrotu", "Anulowane", "Zrealizowane"),
}


@pytest.mark.parametrize("language", list(_ORDERS))
def test_orders_in_italian_portuguese_and_polish_are_read(language, tmp_path):
    header, lost, done = _ORDERS[language]
    text = header + "\n"
    for i, day in enumerate(_days(12)):
        state, back = lost if i == 4 else done, "20,00" if i == 7 else ""
        text += f"{700 + i};{day:%d/%m/%Y};{40 + i % 5};{state};1{i:02d},50;{back}\n"
    said, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    net = orders.loc[orders["kind"].fillna("sale") != "cancelled", "revenue"].sum()
    # 100.50 to 111.50 are 1,272, less the 104.50 that was called off and the 20 that came back.
    assert (net, orders["customer_id"].nunique()) == (1272 - 104.5 - 20, 5)
    assert "CHECK" in _line(said, "cancellations")


@pytest.mark.parametrize("sides", ["Gross Debit (GC),Gross Credit (GC)", "Soll,Haben", "支出金额,收入金额"])
def test_money_on_two_sides_is_what_came_less_what_went_back(sides, tmp_path):
    text = f"Psp Reference,Shopper Reference,Creation Date,Type,{sides}\n"
    for i, day in enumerate(_days(12)):
        kind = {4: "Refunded", 7: "Chargeback"}.get(i, "Settled")
        text += f"P{i},s{i % 5},{day},{kind},{f'1{i:02d}.50,' if kind != 'Settled' else f',1{i:02d}.50'}\n"
    said, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    # 100.50 to 111.50 are 1,272 in all, of which 104.50 and 107.50 stand on the other side.
    assert orders["revenue"].sum() == 1272 - 2 * (104.5 + 107.5)
    assert (orders["kind"].fillna("sale") == "return").sum() == 2
    assert "CHECK" in _line(said, "revenue")


def test_a_fee_named_after_its_part_of_a_program_is_read(tmp_path):
    text = "Contract: Name,Account: Account Number,Contract: Start Date,Charge Tier: Price,Charge: Billing Period\n"
    for i, day in enumerate(_days(12)):
        text += f"S{i},A{i},{day},{'120.00,Annual' if i % 2 else '10.00,Month'}\n"
    _, _, study = _drafted(tmp_path, text, name="subscriptions.csv")
    assert study.table("contracts").execute()["fee"].tolist() == pytest.approx([10.0] * 12)


def test_contracts_whose_fee_is_not_found_say_so(tmp_path):
    text = "subscription_id,customer_id,status,start_date,tier_rate_gold\n"
    text += "".join(f"s{i},c{i},active,{day},1{i % 3}.50\n" for i, day in enumerate(_days(12)))
    said, tables, _ = _drafted(tmp_path, text, name="subscriptions.csv")
    assert "fee" not in tables["contracts"]["columns"]
    assert "# fee: tier_rate_gold  # CHECK: not read: its name speaks of money" in said


@pytest.mark.parametrize(("thousands", "before"), [("\u202f", "\u00a0€"), (" ", " €"), ("\u00a0", "")])
def test_thousands_parted_by_blanks_are_numbers(thousands, before, tmp_path):
    text = "Référence;Client;Date;Total\n"
    for i, day in enumerate(_days(12)):
        text += f"X{i};Client {i % 5};{day:%d/%m/%Y};{f'1{thousands}2' if i % 2 else ''}{i + 10},50{before}\n"
    _, _, study = _drafted(tmp_path, text)
    # 10.50 to 21.50 are 192; six of them have 1,200 more.
    assert study.table("orders").execute()["revenue"].sum() == 192 + 6 * 1200


def test_the_currency_of_a_value_is_its_currency(tmp_path):
    text = "Deal - ID,Deal - Organization,Deal - Value,Deal - Currency of Value,Deal - Status,Deal - Won time\n"
    text += "".join(f"{i},Org {i % 5},100.50,GBP,Won,{day}\n" for i, day in enumerate(_days(12)))
    said, _, _ = _drafted(tmp_path, text)
    assert "currency: GBP" in said


def test_money_after_fees_is_not_what_customers_paid(tmp_path):
    text = "date/time,type,order id,buyer email,product sales,selling fees,fba fees,total\n"
    for i, day in enumerate(_days(12)):
        text += f"{day},Order,O{i},u{i % 5}@x.org,100.50,-15.00,-3.50,82.00\n"
    text += "2024-05-01,Refund,O3,u3@x.org,-100.50,15.00,0,-85.50\n"
    said, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    assert orders["revenue"].sum() == 11 * 100.5
    assert "CHECK" in _line(said, "revenue")
    assert "before fees, rather than total" in _line(said, "revenue")


def test_a_payment_that_failed_by_an_error_is_no_order(tmp_path):
    text = "Référence;Client;Total;État;Date\n"
    for i, day in enumerate(_days(12)):
        text += f"X{i};Client {i % 5};1{i:02d},50;{'Erreur de paiement' if i == 4 else 'Livré'};{day:%d/%m/%Y}\n"
    _, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    assert orders.loc[orders["kind"].fillna("sale") != "cancelled", "revenue"].sum() == 1272 - 104.5


def test_a_line_that_only_says_that_answers_stand_there_is_no_row(tmp_path):
    text = "ID rispondente,Data di fine,E-mail,Quanto è soddisfatto del servizio?,Ci consiglierebbe a un amico?\n"
    text += ",,,Response,Response\n"
    words = ["Molto insoddisfatto", "Insoddisfatto", "Neutrale", "Soddisfatto", "Molto soddisfatto"]
    text += "".join(f"{900 + i},{day},u{i}@x.org,{words[i % 5]},{i % 11}\n" for i, day in enumerate(_days(22)))
    said, _, study = _drafted(tmp_path, text)
    totals = study.table("surveys").execute().groupby("item")["score"].sum().to_dict()
    assert totals == {"satisfaction": 63, "nps": 110}
    assert "CHECK" in _line(said, "header")


def test_many_who_asked_to_stop_and_still_run_are_no_ends(tmp_path):
    text = "uuid,account_code,state,unit_amount,activated_at,canceled_at,expires_at\n"
    for i, day in enumerate(_days(12)):
        said = {1: "expired", 2: "canceled", 3: "canceled", 5: "canceled"}.get(i, "active")
        ends = {"expired": ",2024-05-01", "canceled": ",2025-01-20", "active": ","}[said]
        text += f"u{i},a{i},{said},10.00,{day},{'2024-04-01' if said != 'active' else ''}{ends}\n"
    said, _, study = _drafted(tmp_path, text, name="subscriptions.csv")
    ends = study.table("contracts").execute()["ended_at"].dropna()
    assert [str(end.date()) for end in ends] == ["2024-05-01"]
    assert "CHECK" in _line(said, "ended_at")


def test_polish_letters_and_zloty_are_read(tmp_path):
    text = "Numer zamówienia;Data zamówienia;Login kupującego;Razem do zapłaty\n"
    text += "".join(f"{i};{day:%d.%m.%Y};k{i % 5};1{i:02d},50 zł\n" for i, day in enumerate(_days(12)))
    said, _, study = _drafted(tmp_path, text)
    assert study.table("orders").execute()["revenue"].sum() == 1272
    assert "currency: PLN" in said


def test_a_zone_in_brackets_does_not_hide_what_a_time_is(tmp_path):
    text = "Conversation ID,Conversation started at (America/New_York),User external ID,"
    text += "Conversation last closed at (America/New_York)\n"
    text += "".join(f"{i},{day},u{i % 5},{'' if i % 3 else '2024-06-01'}\n" for i, day in enumerate(_days(12)))
    _, _, study = _drafted(tmp_path, text, name="conversations.csv")
    assert study.table("contacts").execute()["closed_at"].notna().sum() == 4
