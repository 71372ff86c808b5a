"""Exports whose rows a draft once misread: sums over the whole width, titles in cells, flags of what was won."""

from __future__ import annotations

import pytest

from crm_research.sources.drafts.ladders import ladder_of
from tests.sources.drafts.test_kinds import _days, _drafted, _line


@pytest.mark.parametrize("word", ["Summe", "Total", "合计"])
def test_a_line_that_adds_up_every_month_is_no_meter(word, tmp_path):
    text = "meter;customer no;Jan 24;Feb 24;Mar 24\n"
    text += "".join(f"M{i};{100 + i};1{i};2{i};3{i}\n" for i in range(9))
    # 9 rows of 10 + i, 20 + i and 30 + i: 9 * 60 + 3 * 36.
    text += f"{word};;126;216;306\n"
    said, _, study = _drafted(tmp_path, text)
    use = study.table("activity_use").execute()
    assert (len(use), use["quantity"].sum(), use["customer_id"].nunique()) == (27, 648, 9)
    assert "CHECK" in _line(said, "skip_footer")


def test_a_last_row_at_a_shop_called_total_is_a_row(tmp_path):
    text = "shop;client;order_id;order_date;amount\n"
    text += "".join(f"Esso;C{i % 4};{i};{day};1{i}.5\n" for i, day in enumerate(_days(12)))
    text += "Total;C1;99;2024-03-01;20.5\n"
    _, _, study = _drafted(tmp_path, text)
    assert len(study.table("orders").execute()) == 13


def test_payments_that_failed_may_say_no_money_beside_refunds(tmp_path):
    text = "id,Customer ID,Created (UTC),Amount,Amount Refunded,Status\n"
    for i, day in enumerate(_days(12)):
        failed = i in (2, 5)
        text += f"ch_{i},c{i % 4},{day},{'' if failed else '20.50'},{'5.25' if i == 3 else '0.00'},"
        text += f"{'Failed' if failed else 'Paid'}\n"
    _, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    sold = orders[orders["kind"] == "sale"]
    assert (len(sold), sold["revenue"].sum()) == (10, pytest.approx(10 * 20.5 - 5.25))


@pytest.mark.parametrize(("name", "yes", "no"), [("Is Closed Won", "true", "false"), ("Won", "1", "0")])
def test_only_deals_flagged_as_won_came_about_on_the_day_they_closed(name, yes, no, tmp_path):
    stages = ["Contract signed", "No budget", "Demo scheduled"]
    text = f"Record ID,Deal Stage,Create Date,Close Date,Currency,Amount,Amount in company currency,{name},Company ID\n"
    for i, day in enumerate(_days(12)):
        currency, rate = ("CAD", 0.5) if i % 2 else ("USD", 1)
        text += f"{i + 900},{stages[i % 3]},{day},2024-06-{i + 10},{currency},1{i:02d},{(100 + i) * rate},"
        text += f"{no if i % 3 else yes},{i % 5 + 70}\n"
    _, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    sold = orders[orders["kind"] == "sale"]
    # Deals 0, 3, 6 and 9; those of odd number are in dollars of half the worth.
    assert (len(sold), sold["revenue"].sum()) == (4, 100 + 51.5 + 106 + 54.5)
    assert sorted(sold["ordered_at"].dt.day) == [10, 13, 16, 19]


def test_names_one_empty_cell_wider_than_the_rows_are_found_under_notes_and_over_the_total(tmp_path):
    text = "# Purchases\n# 20240101-20240331\n\nTransaction ID,Date,Effective user ID,Item name,Item revenue,"
    text += "Item refund amount,\n,,,,253.5,4.5,Grand total\n"
    for i, day in enumerate(_days(12)):
        text += f"T-{i},{day:%Y%m%d},{1000 + i % 5}.1701234567,Mug,{'20.5' if i else '28'},{'4.5' if i == 3 else '0'}\n"
    _, _, study = _drafted(tmp_path, text)
    orders = study.table("orders").execute()
    assert (len(orders), orders["customer_id"].nunique()) == (12, 5)
    assert orders["revenue"].sum() == pytest.approx(28 + 11 * 20.5 - 4.5)


def test_a_title_whose_parts_stand_in_cells_is_no_line_of_names(tmp_path):
    text = "03.12.2024\t\t\tList Display\t\t\t1\n\n"
    text += "Bill.Doc.\tBill. Date\tSold-to pt\tMaterial\tSU\tNet value\tCurr.\n"
    text += "".join(
        f"{9000 + i}\t{day:%d.%m.%Y}\t{100 + i % 4}\tM1\tPC\t1{i},50\tEUR\n" for i, day in enumerate(_days(20))
    )
    _, _, study = _drafted(tmp_path, text, name="list.txt")
    orders = study.table("orders").execute()
    assert (set(orders["order_id"]), orders["customer_id"].nunique()) == ({str(9000 + i) for i in range(20)}, 4)


def test_the_group_of_a_recommender_is_no_answer(tmp_path):
    text = "ResponseId,EndDate,Q1_NPS_GROUP,Q1,Q2\n"
    for i, day in enumerate(_days(22)):
        score = i % 11
        text += f"R_{i},{day},{3 if score > 8 else 2 if score > 6 else 1},{score},{i % 5 + 1}\n"
    _, _, study = _drafted(tmp_path, text, name="survey.csv")
    assert set(study.table("surveys").execute()["item"]) == {"Q1", "Q2"}


def test_endings_in_brackets_do_not_hide_a_ladder():
    said = ["Très satisfait(e)", "Plutôt insatisfait(e)", "Très insatisfait(e)", "Plutôt satisfait(e)"]
    assert ladder_of(said) == [
        "Très insatisfait(e)", "Plutôt insatisfait(e)", "neutre", "Plutôt satisfait(e)", "Très satisfait(e)",
    ]  # fmt: skip


def test_a_dutch_register_of_complaints_is_read(tmp_path):
    text = "Klachtnr;Relatienummer;Datum ontvangst;Status;Datum afgehandeld;Vergoeding\n"
    for i, day in enumerate(_days(20)):
        text += f"K-{i};{700 + i % 6};{day:%d-%m-%Y};{'Nieuw' if i < 5 else 'Afgehandeld'};"
        text += f"{'' if i < 5 else f'{20 + i % 8}-12-2024'};0,00\n"
    _, _, study = _drafted(tmp_path, text)
    contacts = study.table("contacts").execute()
    assert (len(contacts), contacts["customer_id"].nunique(), contacts["closed_at"].notna().sum()) == (20, 6, 15)
    assert set(contacts["kind"]) == {"complaint"}
