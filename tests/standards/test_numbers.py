"""Phones, e-mail and identity numbers."""

from __future__ import annotations

import pytest

from crm_research.standards.countries import read_country
from crm_research.standards.emails import read_email
from crm_research.standards.identifiers import read_identifier
from crm_research.standards.phones import read_phone


# Numbers kept for films by Ofcom and the Bundesnetzagentur; E.123 writes them with +, brackets and spaces.
@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+44 20 7946 0958", None, "+442079460958"),
        ("(020) 7946 0958", "GB", "+442079460958"),
        ("+44 (0)20 7946 0958", "DE", "+442079460958"),
        ("030 23125 000", "DE", "+493023125000"),
        ("0049-30-23125 000", None, "+493023125000"),
        ("0049 30 23125 000", "US", "+493023125000"),
        ("011 49 30 23125000", "US", "+493023125000"),
        ("030/23125-000", "DE", "+493023125000"),
        ("＋４９ ３０ 23125000", None, "+493023125000"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("+86-138-0013-8000", "DE", "+8613800138000"),
        ("+1 212 736 5000 ext. 12", None, "+12127365000"),
    ],
)
def test_phones_as_e164(text, country, number):
    assert read_phone(text, country) == (number, "")


@pytest.mark.parametrize(
    ("text", "country"),
    [("030 23125000", None), ("0000000", "DE"), ("111111111", "DE"), ("abc", "DE"), ("12", "DE"), ("", "DE"),
     ("4.93E+11", "DE"), ("030 23125000 / 0171 1234567", "DE")],
)  # fmt: skip
def test_what_is_no_number_is_none(text, country):
    assert read_phone(text, country) == (None, "refused")


def test_a_number_that_nobody_gives_out_is_doubtful():
    assert read_phone("+49 123 456 7890", None) == ("+491234567890", "doubtful")


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        (" Hans.Muster+shop@GoogleMail.com ", "hans.muster+shop@googlemail.com", "hansmuster@gmail.com"),
        ("h.a.n.s@gmail.com", "h.a.n.s@gmail.com", "hans@gmail.com"),
        # Elsewhere a dot or a plus may be another box.
        ("hans.muster+a@example.org", "hans.muster+a@example.org", "hans.muster+a@example.org"),
        ("hans+a@outlook.com", "hans+a@outlook.com", "hans@outlook.com"),
        ("mailto:hans＠example.org", "hans@example.org", "hans@example.org"),
        ("Hans Muster <hans@example.org>", "hans@example.org", "hans@example.org"),
        ("hans@example.org, HANS@example.org", "hans@example.org", "hans@example.org"),
    ],
)
def test_emails(text, address, key):
    read = read_email(text)
    assert (read.address, read.key, read.flaw) == (address, key, "")


@pytest.mark.parametrize(
    ("text", "flaw"),
    [("a@b", "refused"), ("a@@b.com", "refused"), ("n/a", "refused"), ("a b@c.de", "refused"), (".a@b.de", "refused"),
     ("a..b@gmail.com", "refused"), ("", "refused"), ("x@y.de; z@y.de", "ambiguous")],
)  # fmt: skip
def test_no_address_or_several_are_none(text, flaw):
    read = read_email(text)
    assert (read.address, read.key, read.flaw) == (None, None, flaw)


# From the standards: GB 11643-1999, GB 32100-2015, ISO 13616, ISO 17442; a VAT number as the tax office checks it.
@pytest.mark.parametrize(
    ("text", "country", "number", "kind"),
    [
        ("11010519491231002x", "CN", "11010519491231002X", "cn.ric"),
        ("440524 18800101 0014", None, "440524188001010014", "cn.ric"),
        ("110105491231002", "CN", "11010519491231002X", "cn.ric"),
        ("身份证号：11010519491231002X", "CN", "11010519491231002X", "cn.ric"),
        ("91350100M000100Y43", None, "91350100M000100Y43", "cn.uscc"),
        ("GB82 WEST 1234 5698 7654 32", None, "GB82WEST12345698765432", "iban"),
        ("54930084UKLVMY22DS16", None, "54930084UKLVMY22DS16", "lei"),
        ("DE 136695976", None, "DE136695976", "eu.vat"),
        ("USt-IdNr.: DE136695976", None, "DE136695976", "eu.vat"),
        ("136 695 976", "DE", "DE136695976", "eu.vat"),
    ],
)
def test_identity_numbers(text, country, number, kind):
    read = read_identifier(text, country)
    assert (read.number, read.kind, read.flaw) == (number, kind, "")


@pytest.mark.parametrize(
    ("text", "country", "flaw"),
    [
        ("110105194912310021", "CN", "refused"),
        ("91350100M000100Y44", None, "refused"),
        ("GB82 WEST 1234 5698 7654 33", None, "refused"),
        ("DE136695977", None, "refused"),
        ("136695976", None, "refused"),  # of which country is not said
        ("123456789", "US", "ambiguous"),  # a company's or a person's
        ("K-001", "DE", "refused"),
        ("0000000000", "DE", "refused"),
        ("", None, "refused"),
    ],
)
def test_a_wrong_check_digit_is_no_number(text, country, flaw):
    read = read_identifier(text, country)
    assert (read.number, read.kind, read.flaw) == (None, None, flaw)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Germany", "DE"), ("DEUTSCHLAND", "DE"), ("de", "DE"), ("中国", "CN"), ("中國", "CN"), ("UK", "GB"),
     ("P.R. China", "CN"), ("Türkiye", "TR"), ("Atlantis", None), ("", None)],
)  # fmt: skip
def test_countries(text, code):
    assert read_country(text) == code
