"""What says nothing is known by what it says; names of real people are let be."""

from __future__ import annotations

import pytest

from crm_research.standards.placeholders import (
    KEYBOARD,
    PLACEHOLDER,
    read_untrue_email,
    read_untrue_name,
    read_untrue_phone,
)


@pytest.mark.parametrize(
    "name",
    ["test test", "TEST", "Test1", "N. N.", "n/a", "?", "-", "12345", "Max Mustermann", "John Doe", "Unbekannt",
     "inconnu",
     "Desconocido", "sconosciuto", "Okänd", "Neznámý", "Kunde 123", "Vorname Nachname", "Prénom Nom", "Laufkundschaft",
     "foo bar", "asd", "测试", "测试用户", "張三", "张三先生", "李四", "未知", "散客", "匿名用户", "тест"],
)  # fmt: skip
def test_names_that_stand_for_no_one(name):
    assert read_untrue_name(name) == PLACEHOLDER


@pytest.mark.parametrize(
    "name",
    [
        "asdf",
        "ASDF asdf",
        "qwertz",
        "azerty",
        "asdf jkl",
        "qweasd",
        "asdasd",
        "poiu",
        "Xxx Xxx",
        "aaa",
        "lkjh",
        "jkjkjk",
    ],
)
def test_names_run_off_the_keyboard(name):
    assert read_untrue_name(name) == KEYBOARD


@pytest.mark.parametrize(
    "name",
    ["Hans Test", "Sabine Muster", "Wertz", "Trew", "Hans Wertz", "An Na", "Na Li", "Lulu", "Coco", "Emma", "Barbara",
     "Aa",
     "张三丰", "李四光", "吴晓明", "O'Neil", "Reddy", "asdf Schmidt", "Anna asd", "", "Tom 3"],
)  # fmt: skip
def test_names_of_people_are_let_be(name):
    assert read_untrue_name(name) is None


def test_emails_that_nobody_reads():
    untrue = [
        "test@firma.de",
        "none@none.com",
        "keine@x.de",
        "asdf@gmail.com",
        "a@b.invalid",
        "anna@test.de",
        "no@no.no",
    ]
    true = [
        "hans@example.org",
        "mail@firma.de",
        "na@firma.de",
        "trew@x.de",
        "max@test-world.de",
        "info@asdfx.de",
        "",
        "x",
    ]
    assert [read_untrue_email(address) for address in untrue] == [PLACEHOLDER] * len(untrue)
    assert [read_untrue_email(address) for address in true] == [None] * len(true)


def test_phones_that_are_none():
    untrue = ["+49 000 000 0000", "030 1234567", "0171/2345678", "+49 30 7654321", "5555555", "3456 7890"]
    true = ["030 1234568", "555555", "030 5555554", "", "123456", "+49 30 23125000"]
    assert [read_untrue_phone(text) for text in untrue] == [PLACEHOLDER] * len(untrue)
    assert [read_untrue_phone(text) for text in true] == [None] * len(true)
