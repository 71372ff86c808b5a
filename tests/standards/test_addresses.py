"""Addresses: streets, numbers, postcodes, cities and regions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.standards.addresses import read_city, read_postcode, read_region, read_street
from crm_research.standards.places import cities, province_of, provinces


@pytest.mark.parametrize(
    ("text", "street", "number"),
    [
        ("Hauptstr. 12", "hauptstrasse", "12"),
        ("Hauptstraße 12 a", "hauptstrasse", "12a"),
        ("Hauptstrasse12", "hauptstrasse", "12"),
        ("Karl-Marx-Str. 5-7", "karl marx strasse", "5-7"),
        ("Straße des 17. Juni 135", "strasse des 17 juni", "135"),
        ("12 Main St", "main street", "12"),
        ("221B Baker Street", "baker street", "221b"),
        ("Flat 3, 12 High St", "high street", "12"),
        ("12, rue de la Paix", "rue de la paix", "12"),
        ("Calle Mayor, 5, 2º B", "calle mayor", "5"),
        ("Via Roma 5/7", "via roma", "5/7"),
        ("Postfach 12 34", "postfach", "12 34"),
        ("42nd Street 5", "42nd street", "5"),
        ("Am Markt", "am markt", None),
    ],
)
def test_streets(text, street, number):
    read = read_street(text)
    assert (read.street, read.number, read.city, read.region, read.flaw) == (street, number, None, None, "")


@pytest.mark.parametrize(
    ("text", "street", "number", "city", "region"),
    [
        ("北京市海淀区中关村大街27号3号楼501室", "中关村大街", "27", "beijing", "beijing"),
        ("广东省深圳市南山区科技园1号楼", "科技园", "1", "shenzhen", "guangdong"),
        ("苏州市姑苏区干将东路200号", "干将东路", "200", "suzhou", "jiangsu"),
        ("內蒙古自治區 呼和浩特市 新城區 北街 1號", "北街", "1", "hohhot", "inner mongolia"),
        ("台灣台北市信義區信義路五段7號", "信义路五段", "7", "taipei", "taiwan"),
        # A street that is called after a city lies in none.
        ("南京路100号", "南京路", "100", None, None),
        ("中山北路3300号", "中山北路", "3300", None, None),
    ],
)
def test_chinese_lines_are_taken_apart(text, street, number, city, region):
    read = read_street(text)
    assert (read.street, read.number, read.city, read.region, read.flaw) == (street, number, city, region, "")


def test_a_line_without_a_street_is_named():
    assert read_street("12").flaw == "ambiguous"
    assert read_street("浙江省杭州市").city == "hangzhou"
    assert read_street("--").flaw == "refused"


@pytest.mark.parametrize(
    ("text", "country", "code", "flaw"),
    [
        ("01067", "DE", "01067", ""),
        ("1067", "DE", "01067", ""),  # a table read as numbers
        ("1067", "CH", "1067", ""),
        ("1067", None, "1067", ""),
        ("D-80331", "DE", "80331", ""),
        ("80331.0", "DE", "80331", ""),
        ("sw1a 1aa", "GB", "SW1A1AA", ""),
        ("12345-6789", "US", "12345", ""),
        ("123", "DE", "123", "doubtful"),
        ("99999", "DE", "99999", "doubtful"),
        ("abc", "DE", None, "refused"),
        ("", None, None, "refused"),
    ],
)
def test_postcodes(text, country, code, flaw):
    assert read_postcode(text, country) == (code, flaw)


@pytest.mark.parametrize(
    ("texts", "city"),
    [
        (("北京", "北京市", "Peking", "BEIJING", "Beijing City"), "beijing"),
        (("西安市", "Xi'an", "Xian"), "xian"),
        (("東莞", "Dongguan Shi"), "dongguan"),
        (("München", "MUENCHEN", "Munich", "80331 München"), "munich"),
        (("Frankfurt/Main", "Frankfurt a. M.", "Frankfurt"), "frankfurt am main"),
        (("Mexico City",), "mexico city"),
    ],
)
def test_a_city_has_one_name(texts, city):
    assert [read_city(text) for text in texts] == [(city, "")] * len(texts)


def test_a_region_has_one_name():
    assert {read_region(text)[0] for text in ("广东省", "粤", "Guangdong Province", "guangdong")} == {"guangdong"}
    assert [read_region(text)[0] for text in ("N", "Nord", "Süd", "Ost", "W")] == [
        "north",
        "north",
        "south",
        "east",
        "west",
    ]
    # O is east in German and west in French: it stays.
    assert read_region("O") == ("o", "")
    assert read_region("陕西")[0] != read_region("山西")[0]


def test_china_is_whole():
    assert len(provinces()) == 34
    assert len(cities()) > 300
    assert cities()["六安"].latin == "luan"
    assert cities()["厦门"].province == "fujian"
    # Suzhou is two cities: in Jiangsu and in Anhui.
    assert (province_of("suzhou"), province_of("hangzhou"), province_of("x")) == (None, "zhejiang", None)


PIECES = st.sampled_from(
    [
        "Hauptstr.",
        "12",
        "a",
        "5/7",
        "Main",
        "St",
        ",",
        "Rue",
        "北京市",
        "南京",
        "路",
        "27号",
        "区",
        "海淀",
        "#",
        "-",
        "Ave",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=6), st.sampled_from(["", " "]))
def test_what_is_read_is_read_the_same_again(pieces, between):
    text = between.join(pieces)
    street = read_street(text).street
    assert street is None or read_street(street).street == street
    for read in (read_city, read_region):
        once = read(text)[0]
        assert once is None or read(once)[0] == once
    code = read_postcode(text, "DE")[0]
    assert code is None or read_postcode(code, "DE")[0] == code
