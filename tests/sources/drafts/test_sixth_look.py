"""What a draft guesses it says: fees without an interval, ids that a workbook cut, dashes; and lines that open."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from crm_research import open_study
from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from tests.sources.drafts.test_kinds import _days, _drafted, _line


def _contracts(header, *fees, plans=("Gold", "Silver")):
    text = f"contract_id,customer_id,start_date,plan,{header}\n"
    return text + "".join(f"k{i},c{i},{day},{plans[i % 2]},{fees[i % len(fees)]}\n" for i, day in enumerate(_days(12)))


@pytest.mark.parametrize("header", ["fee", "premium", "Beitrag", "price", "费用"])
def test_a_fee_that_says_no_interval_is_taken_as_a_months_and_says_so(header, tmp_path):
    said, _, study = _drafted(tmp_path, _contracts(header, "120.00", "240.00"), name="contracts.csv")
    line = _line(said, "fee")
    assert "CHECK" in line
    assert "nothing says how often it is paid: taken as money a month" in line
    assert "scale: 0.0833333333333" in line
    assert sorted(set(study.table("contracts").execute()["fee"])) == [120.0, 240.0]


@pytest.mark.parametrize(
    ("header", "months"),
    [
        ("cotisation trimestrielle", 3), ("canone trimestrale", 3), ("Quartalsgebühr", 3),
        ("prime semestrielle", 6), ("canone annuale", 12), ("Jahresgebühr", 12),
    ],
)  # fmt: skip
def test_a_fee_whose_header_says_a_longer_interval_is_parted(header, months, tmp_path):
    said, _, study = _drafted(tmp_path, _contracts(header, "120.00"), name="contracts.csv")
    assert study.table("contracts").execute()["fee"].tolist() == pytest.approx([120 / months] * 12)
    assert "nothing says" not in _line(said, "fee")


@pytest.mark.parametrize(
    ("header", "plans"),
    [
        ("monthly_fee", ("Gold", "Silver")),
        ("Monatsbeitrag", ("Gold", "Silver")),
        ("fee", ("Gold monthly", "Monthly S")),
    ],
    ids=["the header says a month", "a German header", "the plans say a month"],
)
def test_a_fee_that_says_a_month_is_no_guess(header, plans, tmp_path):
    said, _, study = _drafted(tmp_path, _contracts(header, "10.00", plans=plans), name="contracts.csv")
    assert "nothing says how often" not in _line(said, "fee")
    assert set(study.table("contracts").execute()["fee"]) == {10.0}


def test_a_plan_that_says_an_interval_of_some_fees_only_leaves_a_guess(tmp_path):
    text = _contracts("fee", "10.00", plans=("Gold monthly", "Silver"))
    said, _, _ = _drafted(tmp_path, text, name="contracts.csv")
    assert "nothing says how often it is paid" in _line(said, "fee")


CUT = [4012345678901230, 4012345678901240, 4012345678901290, 4012345678901500, 4012345678901110, 4012345678901370]


def _book(tmp_path, ids):
    frame = pd.DataFrame(
        {
            "Order": range(1001, 1013), "Customer": [ids[i % 6] for i in range(12)],
            "Date": pd.to_datetime(_days(12)), "Amount": [1.5 + i for i in range(12)],
        }
    )  # fmt: skip
    frame.to_excel(tmp_path / "orders.xlsx", index=False)
    return draft_study("mine", [tmp_path / "orders.xlsx"], beside=tmp_path).text


def test_ids_that_a_workbook_cut_are_marked_and_told_on_every_page(tmp_path):
    said = _book(tmp_path, CUT)
    assert "CHECK" in _line(said, "customer_id")
    assert "a spreadsheet cut its numbers short, as in 40123456789" in _line(said, "customer_id")
    assert "customer_id of orders is not to be trusted" in yaml.safe_load(said)["caveats"][0]


def test_ids_longer_than_a_number_can_be_are_marked_too(tmp_path):
    assert "cut its numbers short, as in 4.012" in _line(_book(tmp_path, [one * 100 for one in CUT]), "customer_id")


@pytest.mark.parametrize("whole", [4012345678901231, 40123456789012], ids=["one that is whole", "of 14 digits"])
def test_ids_that_are_whole_are_not_marked(whole, tmp_path):
    ids = [*CUT[:5], whole] if whole > 10**15 else [one // 100 for one in CUT]
    assert "cut" not in _line(_book(tmp_path, ids), "customer_id")


def test_a_dash_is_nothing_among_dates_and_among_reasons(tmp_path):
    text = "contract_id,customer_id,start_date,end_date,end_reason,level\n"
    for i, day in enumerate(_days(12)):
        ended = i % 3 == 0
        text += f"k{i},c{i},{day},{'2024-12-30' if ended else '-'},{'price' if ended else '-'},{'+-'[i % 2]}\n"
    said, _, study = _drafted(tmp_path, text, name="contracts.csv")
    assert "4 of 12 have one" in _line(said, "ended_at")
    held = study.table("contracts").execute()
    assert (held["ended_at"].notna().sum(), held["end_reason"].notna().sum()) == (4, 4)


def test_a_sign_of_two_is_no_dash_for_nothing(tmp_path):
    text = "customer_id,gender,result\n" + "".join(f"c{i},{'mf'[i % 2]},{'+-'[i % 2]}\n" for i in range(12))
    said, _, _ = _drafted(tmp_path, text, name="customers.csv")
    assert "null_values" not in said


def _given(refusal):
    """The lines that a refusal offers, as a table of a study file."""
    text = str(refusal.value)
    begin = text.index("write ") + len("write ")
    first, depth = text.index("{", begin), 0
    for end in range(first, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if not depth:
            return yaml.safe_load(text[begin : end + 1])
    raise AssertionError(text)


def _refused(tmp_path, name, text, encoding="utf-8"):
    (tmp_path / name).write_bytes(text.encode(encoding))
    with pytest.raises(StudyError) as refusal:
        draft_study("mine", [tmp_path / name], beside=tmp_path)
    return _given(refusal)


def _open(tmp_path, tables):
    head = {"name": "mine", "currency": "EUR", "as_of": "2025-01-01"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**head, "tables": tables}, allow_unicode=True), "utf-8")
    return open_study(tmp_path / "mine.yaml")


def test_the_lines_of_a_refusal_open_the_file_they_speak_of(tmp_path):
    # A comma, a colon and brackets in names, another encoding and separator: all that has to be said is said.
    text = "Kundennr.;Ort, Größe: [neu]\n" + "".join(f"00{i % 4};Köln {i % 3}\n" for i in range(12))
    tables = _refused(tmp_path, "kunden.csv", text, "cp1252")
    assert tables["customers"]["from"] == {"path": "kunden.csv", "encoding": "cp1252", "delimiter": ";"}
    study = _open(tmp_path, tables)
    assert study.table("customers").execute()["customer_id"].tolist() == [f"00{i % 4}" for i in range(12)]


@pytest.mark.parametrize("who", ["who", "who: id", "who, [id]"])
def test_the_lines_open_once_the_capitals_in_them_are_filled(who, tmp_path):
    text = f"when;score;{who}\n" + "".join(f"2024-03-{i + 1:02};{i % 5 + 1},5;c{i}\n" for i in range(12))
    tables = _refused(tmp_path, "answers.csv", text)
    columns = tables["surveys"]["columns"]
    assert columns["asked_at"] == columns["response_id"] == "COLUMN"
    assert (columns["scale_min"], columns["scale_max"]) == ({"value": "LOWEST"}, {"value": "HIGHEST"})
    columns |= {"asked_at": "when", "response_id": who, "scale_min": {"value": 1.0}, "scale_max": {"value": 6.0}}
    held = _open(tmp_path, tables).table("surveys").execute()
    assert held["score"].tolist() == [i % 5 + 1.5 for i in range(12)]
    assert held["response_id"].tolist() == [f"c{i}" for i in range(12)]


def test_the_lines_pass_over_what_stands_above_a_sheet(tmp_path):
    rows = [["Kundenliste 2024", None], ["Stand: März", None], ["Kundennr.", "Ort"]]
    rows += [[f"K{i % 4}", f"Köln {i % 3}"] for i in range(12)]
    pd.DataFrame(rows).to_excel(tmp_path / "book.xlsx", index=False, header=False)
    with pytest.raises(StudyError) as refusal:
        draft_study("mine", [tmp_path / "book.xlsx"], beside=tmp_path)
    tables = _given(refusal)
    assert tables["customers"]["from"]["skip_rows"] == 2
    assert _open(tmp_path, tables).table("customers").execute()["customer_id"].tolist() == [
        f"K{i % 4}" for i in range(12)
    ]


def _ledger(header, sold, back, money="Amount", names="Invoice No,Customer No,Posting Date"):
    # 12 rows of 100, 101, ...: those of 102, 107 and 109 are on the other side.
    text = f"{names},{money},{header}\n"
    for i, day in enumerate(_days(12)):
        text += f"R{i:03},{100 + i % 4},{day},{100 + i}.50,{back if i in (2, 7, 9) else sold}\n"
    return text


@pytest.mark.parametrize(
    ("header", "sold", "back"),
    [
        ("Soll/Haben", "S", "H"), ("S/H", "H", "S"), ("SHKZG", "S", "H"), ("Soll/Haben-Kennzeichen", "S", "H"),
        ("Dr/Cr", "DR", "CR"), ("Dr/Cr", "Dr.", "Cr."), ("Debit/Credit", "D", "C"),
        ("Debit or Credit", "Debit", "Credit"),
        ("Sens", "D", "C"), ("Sign", "+", "-"), ("借贷方向", "借", "贷"), ("Dare/Avere", "Dare", "Avere"),
    ],
)  # fmt: skip
def test_money_that_a_mark_puts_on_the_other_side_was_given_back(header, sold, back, tmp_path):
    said, _, study = _drafted(tmp_path, _ledger(header, sold, back), name="ledger.csv")
    held = study.table("orders").execute()
    # 12 rows sum to 1272; 102.5 + 107.5 + 109.5 = 319.5 of it go back.
    assert held["revenue"].sum() == 1272 - 2 * 319.5
    assert held.loc[held["kind"] == "return", "revenue"].tolist() == [-102.5, -107.5, -109.5]
    assert "CHECK" in _line(said, "revenue")
    assert "CHECK" in _line(said, "returns")


@pytest.mark.parametrize(
    ("header", "sold", "back"),
    [("Card", "Debit", "Credit"), ("Payment Type", "D", "C"), ("Size", "S", "H"), ("Result", "+", "-")],
)
def test_cards_and_sizes_are_no_sides(header, sold, back, tmp_path):
    _, _, study = _drafted(tmp_path, _ledger(header, sold, back), name="ledger.csv")
    assert study.table("orders").execute()["revenue"].sum() == 1272


def test_a_refusal_does_not_invite_money_without_its_side(tmp_path):
    # DATEV's stack of postings: no year in its dates, and amounts without signs.
    text = '"EXTF";700;21;"Buchungsstapel";9;20240201;;"RE";""\n'
    text += "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;Konto;Belegdatum\n"
    text += "".join(f'{100 + i},50;"{"SH"[i % 6 == 5]}";{10000 + i % 5};{i + 1:02}01\n' for i in range(24))
    (tmp_path / "stack.csv").write_bytes(text.encode("cp1252"))
    with pytest.raises(StudyError) as refusal:
        draft_study("mine", [tmp_path / "stack.csv"], beside=tmp_path)
    assert "Soll/Haben-Kennzeichen (H and S) says on which side" in str(refusal.value).replace("(S and H)", "(H and S)")
    assert "then -MONEY else MONEY end" in str(refusal.value)


def test_dates_among_day_numbers_are_named_with_the_formats_to_write(tmp_path):
    days = [day if i % 2 else (pd.Timestamp(day) - pd.Timestamp("1899-12-30")).days for i, day in enumerate(_days(12))]
    text = "OrderNo,Client,OrderDate,Amount\n" + "".join(f"{i},C{i % 4},{day},{i}.25\n" for i, day in enumerate(days))
    (tmp_path / "orders.csv").write_text(text)
    with pytest.raises(StudyError) as refusal:
        draft_study("mine", [tmp_path / "orders.csv"], beside=tmp_path)
    assert "OrderDate holds dates, such as 20" in str(refusal.value)
    assert "write {column: OrderDate, format: [iso, excel]}" in str(refusal.value)
    tables = _given(refusal)
    tables["orders"]["columns"] |= {
        "order_id": "OrderNo",
        "ordered_at": {"column": "OrderDate", "format": ["iso", "excel"]},
    }
    held = _open(tmp_path, tables).table("orders").execute().sort_values("ordered_at")
    assert [f"{at:%Y-%m-%d}" for at in held["ordered_at"]] == [str(day) for day in _days(12)]


def test_yen_written_behind_its_number_and_a_total_in_japanese(tmp_path):
    text = "受注番号,受注日,顧客ID,合計金額\n" + "".join(
        f'J{i},{day:%Y/%m/%d},{i % 4:05},"{1000 + 10 * i:,}円"\n' for i, day in enumerate(_days(12))
    )
    _, _, study = _drafted(tmp_path, text, name="受注.csv", encoding="cp932")
    held = study.table("orders").execute()
    assert (held["revenue"].sum(), held["customer_id"].iloc[0]) == (12 * 1000 + 10 * 66, "00000")
