"""The scan: everything of a person that is planted is found, in every kind of file, and nothing else is."""

from __future__ import annotations

import base64
import itertools
import json
import random
from pathlib import Path

import pandas as pd
import pytest

from crm_research.errors import CrmError
from crm_research.privacy.known_ids import IdsOfList, IdsOfStudy
from crm_research.privacy.masking import IDENTITY_CARD, PHONE, find_personal, masked
from crm_research.privacy.scan import Finding, scan, scan_reports
from crm_research.privacy.written_texts import read_texts
from tests.builders import a_study

PLANTED = {
    "an e-mail address": ["anna.lee@shop.example", "o'neil+7@mail.co.uk", "zhang_wei@163.com", "李雷@公司.cn"],
    "a phone number": [
        "+44 20 7946 0958", "+4930123456789", "(415) 555-2671", "415-555-2671", "1-415-555-2671", "13812345678",
        "138 1234 5678", "+86 138-1234-5678", "010-62345678", "(021) 62345678", "０１０－６２３４５６７８",
    ],
    "an identity-card number": ["11010519491231002X", "440308199901010012", "130503670401001", "123-45-6789"],
    "a bank account": [
        "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "de89370400440532013000",
        "gb29 nwbk 6016 1331 9268 19",
        "Fr14 2004 1010 0505 0001 3m02 606", "ES91 2100 0418 4502 0005 1332", "de89-3704-0044-0532-0130-00",
        "DE 89 370 400 440 532 013 000", "be68\u00a05390\u00a00754\u00a07034",
        "ＤＥ８９３７０４００４４０５３２０１３０００",
    ],
    "a payment-card number": ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "6212345678901265"],
}  # fmt: skip
IDS = {
    "customer_id": [
        "C000123", "ab-77-x", "9f1c2d3e-1111-4222-8333-444455556666", "12345678", "user 17 b", "42", "ann@x.example",
    ],
    "contract_id": ["K/2024/0001", "POL.0000.17"],
}  # fmt: skip


def fix_card(text: str) -> str:
    """The planted Chinese card of Guangdong with its right check sign."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return text[:17] + "10X98765432"[sum(w * int(d) for w, d in zip(weights, text[:17], strict=True)) % 11]


def written(folder: Path, ending: str, value: str, kind: str | None = None) -> Path:
    """A file of this kind with the value in a sentence or, of an id, in a column of ids."""
    path = folder / f"page{ending}"
    head = kind or "remark"
    said = value if kind else f"Write to {value}, please"
    heads = f'<th scope="col">what</th><th scope="col">{head.replace("_", " ")}</th>'
    table = f"<table><tr>{heads}</tr><tr><td>1</td><td>{said}</td></tr></table>"
    rows = f'what,{head}\n1,"{said}"\n'
    texts = {
        ".html": f"<html><style>a{{}}</style><body>{table}</body></html>",
        ".svg": f'<svg><path d="M 415.555 2671"/><text>customer {said}</text></svg>',
        ".atom": f"<feed><entry><summary>customer {said}</summary></entry></feed>",
        ".json": json.dumps({"rows": [{head: said}]}),
        ".csv": rows,
        ".txt": f"customer {said}\n",
        ".ipynb": json.dumps(
            {"cells": [{"cell_type": "code", "source": ["x = 1"], "outputs": [{"data": {"text/html": [table]}}]}]}
        ),
    }
    if ending == ".link":
        path = folder / "page.html"
        held = base64.b64encode(rows.encode()).decode()
        path.write_text(f'<a download="list.csv" href="data:text/csv;charset=utf-8;base64,{held}">list</a>')
        return path
    path.write_text(texts[ending], encoding="utf-8")
    return path


ENDINGS = [".html", ".svg", ".atom", ".json", ".csv", ".txt", ".ipynb", ".link"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_everything_that_is_planted_is_found(tmp_path, ending):
    for kind, values in PLANTED.items():
        for value in values:
            told = fix_card(value) if value.startswith("4403") else value
            found = scan(written(tmp_path, ending, told))
            assert [each.kind for each in found] == [kind], (value, found)
            assert told not in str(found[0])
    known = IdsOfList(IDS)
    for kind, ids in IDS.items():
        for value in ids:
            if " " in value and ending in (".svg", ".atom", ".txt"):
                continue  # an id with blanks is found where it stands by itself
            found = scan(written(tmp_path, ending, value, kind), known)
            assert f"the id of a {kind.removesuffix('_id')}" in {each.kind for each in found}, (value, found)
            assert all(value not in str(each) for each in found if len(value) > 2)


def test_a_hundred_of_a_hundred_in_a_page_of_numbers(tmp_path):
    chance = random.Random(20241130)
    ids = [f"cust{chance.randrange(10**7):07d}" for _ in range(25)]
    mails = [f"name{number}.{chance.randrange(999)}@mail{number}.example" for number in range(25)]
    phones = [f"1{chance.choice('3456789')}{chance.randrange(10**9):09d}" for _ in range(25)]
    cards = []
    while len(cards) < 25:
        body = f"4{chance.randrange(10**14):014d}"
        total = sum(int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(body))
        cards.append(f"{body}{-total % 10}")
    planted = [*ids, *mails, *phones, *cards]
    chance.shuffle(planted)
    lines = [f"<p>{chance.randrange(10**6):,} of {chance.random():.6f}: {value}.</p>" for value in planted]
    (tmp_path / "page.html").write_text("\n".join(lines), encoding="utf-8")
    found = scan(tmp_path, IdsOfList({"customer_id": ids}))
    assert {each.place for each in found} == {f"line {number}" for number in range(1, 101)}
    assert len(found) == 100


@pytest.mark.parametrize(
    "text",
    [
        "1,234,567,890,123 EUR of 13812345678.5 and 0.4111111111111111",
        "fingerprint 4f9a13812345678bcd, seed 20240630, version 3.11.9, 2024-06-30 to 2024-12-31",
        "sha256:1381234567813812345678138123456781381234567813812345678138123456",
        "C-7k3f9q2d and K-00000000, C-7k3f9q2dab01",
        "95 % interval 97.1 % to 98.3 %, n = 12,345, +1.23, -0.004, 1e-12",
        "4111111111111112 is no card, 110105194912310021 no identity card, 666-45-6789 no number of anybody",
        "@media (prefers-color-scheme: dark), ADR 0038, pages 123-456",
        "leaves +7674142747070269.0 of +1234567890.5",
        "de89370400440532013001 is no account, it 12 of a 10 and at 12 345 678 901 234 567 be 16 of 20, is 24, no 95",
        "numpy 2.4.1, pandas 2.3.3, 12.345.678 rows, 1 234 567 890 rows",
    ],
)
def test_numbers_of_reports_are_nobody(tmp_path, text):
    for ending in (".txt", ".html", ".json"):
        assert scan(written(tmp_path, ending, text), IdsOfList({"customer_id": ["1", "2", "12", "345"]})) == []


def test_short_ids_are_looked_for_where_ids_stand(tmp_path):
    known = IdsOfList({"customer_id": ["7", "12"]})
    (tmp_path / "a.csv").write_text("customer_id,n\n7,12\n8,7\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("7 of 12 customers\nand customer 12, too\n", encoding="utf-8")
    (tmp_path / "c.json").write_text('{"customer_id": [7, 8], "n": 7}', encoding="utf-8")
    assert [str(each) for each in scan(tmp_path, known)] == [
        "a.csv, row 2, column 1: the id of a customer",
        "b.txt, line 2: the id of a customer",
        "c.json, customer_id[0]: the id of a customer",
    ]


def test_short_numbers_beside_our_words_are_nobody(tmp_path):
    known = IdsOfList({"customer_id": [str(number) for number in range(1, 9_000)]})
    said = (
        "one contract 7,043 of them; contact 163 of 1,775 contracts; contract 12 months; ended a contract: 17 % of "
        "those; has a running contract: 2; one row per customer: 946 of 2,357; order 5\u00a0% more; one customer  31"
    )
    (tmp_path / "a.txt").write_text(said, encoding="utf-8")
    assert scan(tmp_path, known) == []
    for told in ("customer 12, too", "Customer #7043.", "customer no. 31", "contact id 8", "order:77 was late"):
        (tmp_path / "a.txt").write_text(told, encoding="utf-8")
        assert len(scan(tmp_path, known)) == 1, told


def test_the_private_folder_and_hidden_files_are_left_out(tmp_path):
    for name in ("private/shop/list.csv", ".lock", "shop/2024-07-01/list.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mail\na.b@c.example\n", encoding="utf-8")
    assert scan(tmp_path) == [Finding("shop/2024-07-01/list.csv", "row 2, column 1", "an e-mail address")]


def test_a_workbook_is_told_by_sheet_and_cell(tmp_path):
    xlsxwriter = pytest.importorskip("xlsxwriter")
    book = xlsxwriter.Workbook(tmp_path / "page.xlsx")
    sheet = book.add_worksheet("Whom to call")
    for row, cells in enumerate([["Customers to call"], ["customer id", "n"], [12, 7], ["x9-100", 12]]):
        sheet.write_row(row, 0, cells)
    book.close()
    found = scan(tmp_path, IdsOfList({"customer_id": ["12", "x9-100"]}))
    assert [each.place for each in found] == ["sheet 1, cell A3", "sheet 1, cell A4"]


def test_the_engine_knows_the_ids_of_a_study(tmp_path):
    study = a_study(
        customers=pd.DataFrame({"customer_id": ["first-1", "second-2"]}),
        orders=pd.DataFrame(
            {
                "order_id": ["o-0001", "o-0002"],
                "customer_id": ["first-1", "third-3"],
                "ordered_at": ["2024-01-01", "2024-02-01"],
                "revenue": [1.0, 2.0],
            }
        ),
    )
    words = ["first-1", "second-2", "third-3", "fourth-4", "o-0002"]
    assert IdsOfStudy(study).among(words) == {
        "first-1": "customer_id",
        "second-2": "customer_id",
        "third-3": "customer_id",
        "o-0002": "order_id",
    }
    assert IdsOfStudy(study).among([]) == {}


def test_what_cannot_be_read_is_not_called_clean(tmp_path):
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CrmError, match=r"broken\.xlsx cannot be scanned"):
        scan(tmp_path)
    with pytest.raises(CrmError, match="There is no"):
        scan(tmp_path / "elsewhere")


def test_pictures_hold_no_text(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0 13812345678")
    assert list(read_texts(tmp_path / "picture.png")) == []


def test_the_pseudonyms_of_a_study_are_compared_once(monkeypatch):
    from crm_research.privacy import known_ids

    asked = []
    monkeypatch.setattr(
        known_ids, "find_shared", lambda kind, parts: asked.append((kind, sorted(itertools.chain(*parts)))) or {kind}
    )
    study = a_study(
        customers=pd.DataFrame({"customer_id": ["a", "b", "a"]}),
        contracts=pd.DataFrame(
            {"contract_id": ["k1", "k2"], "customer_id": ["a", "z"], "started_at": ["2024-01-01", "2024-01-02"]}
        ),
    )
    assert known_ids.find_shared_pseudonyms(study) == {"customer_id", "contract_id"}
    assert asked == [("customer_id", ["a", "b"]), ("contract_id", ["k1", "k2"])]


@pytest.mark.parametrize(
    "text",
    [
        "电话13812345678", "手机号13812345678号", "tel:13812345678", "（021）62345678", "0170 1234567", "021 62345678",
        "06 12 34 56 78", "0049 170 1234567", "身份证11010519491231002X", "Tel.13812345678", "mobile13812345678",
        "a,13812345678", "8613812345678", "01701234567", "0612345678", "00491701234567", "+49 (0) 170 / 123 45 67",
        "020 7946 0958", "044 668 18 00", "(02) 9374 4000", "089 / 1234567", "0351 1234 567", "090-1234-5678",
        "phone 2125550123", "身份证110105 19491231 002X", "Tel. 321 23 45", "phone: 912\u00a0345\u00a0678",
        "+374 10/123456", "+1.201-555-0123", "+687 20.12.34", "+49\u00a0170\u00a07654321", "+44–20–7946–0958",
        "＋４９／１７０／７６５４３２１", "0170\u202f1234567",
    ],
)  # fmt: skip
def test_a_number_is_found_between_chinese_signs_and_as_it_is_written_elsewhere(text):
    ((first, last, kind),) = find_personal(text)
    assert kind in {PHONE, IDENTITY_CARD}
    told = masked(f"{text}。")
    assert told == f"{text[:first]}[{kind} {told[first + len(kind) + 2 :][:5]}]{text[last:]}。"


@pytest.mark.parametrize(
    "text",
    ["12:13812345678", "sha256:13812345678a", "v0.13812345678", "0012345678901", "00123 45678", "0123 456789012",
     "0.1 2 3", "00 12 34 56 78", "05-06-2024 12", "phone 1234567 0.25", "0041331021234 7",
     "phone: 123456", "+12.5 14.3 11.2", "tel.: 2345678 %", "2023–2024: 12–15", "+1.2\u00a03.4\u00a05.6\u00a07.8"],
)  # fmt: skip
def test_what_only_looks_like_one_stays(text):
    assert masked(text) == text


EVERY_WAY = {
    "abroad": lambda abroad, at_home: abroad,
    "blanks that do not break": lambda abroad, at_home: abroad.replace(" ", "\u00a0"),
    "strokes": lambda abroad, at_home: abroad.replace(" ", "–"),
    "slashes": lambda abroad, at_home: abroad.replace(" ", "/", 2).replace("/", " ", 1),
    "behind a word": lambda abroad, at_home: f"Tel.: {at_home}",
}


def test_the_numbers_of_every_country_are_found_as_they_are_written_abroad():
    """Examples of libphonenumber for 245 countries, fixed and mobile; the short ones of a country are left alone."""
    phonenumbers = pytest.importorskip("phonenumbers")
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    numbers = [
        tuple(phonenumbers.format_number(number, form) for form in (1, 2))
        for country in phonenumbers.SUPPORTED_REGIONS
        for number in (phonenumbers.example_number_for_type(country, kind) for kind in kinds)
        if number is not None
    ]
    assert len(numbers) > 480
    missed = {
        way: [written for number in numbers if not list(find_personal(f"Call {(written := write(*number))}, please"))]
        for way, write in EVERY_WAY.items()
    }
    short = missed.pop("behind a word")
    assert not any(missed.values()), missed
    assert all(sum(sign.isdigit() for sign in written) < 7 or "-" in written for written in short), short
    assert len(short) / len(numbers) < 0.08


def test_two_numbers_are_two_however_they_are_parted():
    assert [kind for _, _, kind in find_personal("13812345678/13912345678")] == [PHONE, PHONE]
    one, same, other = (masked(text) for text in ("0170 1234567", "0170/123-4567", "0170 1234568"))
    assert one == same
    assert one != other
    for row in ("+49 170 7654321  7.9 %", "+49 170 7654321 7.9 %", "0351 1234 567 1200 EUR", "+49 170 7654321 12345 6"):
        assert "7654321" not in masked(row)
        assert "1234 567" not in masked(row)
    assert masked("+49 170 7654321  7.9 %").endswith("]  7.9 %")
    assert masked("+49.170.7654321").startswith("[a phone number ")
    assert masked("IBANDE89370400440532013000") == f"IBAN{masked('DE89 3704 0044 0532 0130 00')}"
    assert masked("6222 0212 3456 7890 128").startswith("[a payment-card number ")


def test_an_account_is_masked_whole_and_no_word_beside_it():
    """Words of four letters behind an account are no part of it, nor are those before it."""
    said = "paid by iban es91 2100 0418 4502 0005 1332 from home, and DE89 3704 0044 0532 0130 00 too"
    assert masked(said) == "paid by iban [a bank account ntqpz] from home, and [a bank account nfmzt] too"
    assert masked("账号de89370400440532013000，谢谢") == "账号[a bank account nfmzt]，谢谢"


def test_parts_of_customers_are_asked_for_the_ids_of_their_own_study(tmp_path):
    for study, apart in (("shop", "shop-region"), ("bank", "bank-region")):
        folder = tmp_path / "each" / apart / "north" / "2024-06-30"
        folder.mkdir(parents=True)
        (tmp_path / "each" / apart / "each.json").write_text(json.dumps({"study": study}), encoding="utf-8")
        (folder / "page.txt").write_text("buyer-17 and client-23\n", encoding="utf-8")
    ids = {"shop": IdsOfList({"customer_id": ["buyer-17"]}), "bank": IdsOfList({"contract_id": ["client-23"]})}
    assert [str(found) for found in scan_reports(tmp_path, ids)] == [
        "each/bank-region/north/2024-06-30/page.txt, line 1: the id of a contract",
        "each/shop-region/north/2024-06-30/page.txt, line 1: the id of a customer",
    ]
