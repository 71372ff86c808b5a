"""Names of companies: forms and places taken off until nothing changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.standards.companies import looks_like_company, read_company
from crm_research.standards.legal_forms import CHINESE


@pytest.mark.parametrize(
    ("text", "name", "form", "region"),
    [
        ("Nordwind AG & Co. KG", "nordwind", "ag and co kg", None),
        ("NORDWIND G.m.b.H. & Co. KGaA", "nordwind", "gmbh and co kgaa", None),
        ("Acme Co., Ltd.", "acme", "co ltd", None),
        ("WeberGmbH", "weber", "gmbh", None),
        ("Acme Private Limited", "acme", "private limited", None),
        ("Acme S.A. de C.V.", "acme", "sa de cv", None),
        ("Kowalski Sp. z o.o.", "kowalski", "sp z oo", None),
        ("A.P. Møller - Mærsk A/S", "ap moller maersk", "as", None),
        ("ООО Ромашка", "ромашка", "ооо", None),
        ("PT Telkom Tbk", "telkom", "pt tbk", None),
        ("Smith & Sons", "smith and sons", None, None),
        ("Beijing Xiaomi Technology Co., Ltd.", "xiaomi technology", "co ltd", "beijing"),
        ("华为技术有限公司", "华为技术", "有限公司", None),
        ("华为 技术 有限 公司", "华为技术", "有限公司", None),
        ("華為技術有限公司", "华为技术", "有限公司", None),
        ("北京小米科技有限责任公司", "小米科技", "有限责任公司", "beijing"),
        ("小米科技（北京）有限责任公司", "小米科技", "有限责任公司", "beijing"),
        ("江苏省苏州市恒力集团有限公司", "恒力", "集团 有限公司", "jiangsu suzhou"),
        ("中信银行上海分行", "中信银行", "分行", "shanghai"),
        ("小米科技有限公司上海分公司", "小米科技", "有限公司 分公司", "shanghai"),
        ("阿里巴巴（中国）网络技术有限公司", "阿里巴巴网络技术", "有限公司", "china"),
        ("武汉市江汉区老王商行", "老王", "商行", "wuhan"),
        ("株式会社トヨタ", "トヨタ", "株式会社", None),
        # What is left would be a trade, no name: the place stays.
        ("北京银行股份有限公司", "北京银行", "股份有限公司", None),
    ],
)
def test_forms_and_places(text, name, form, region):
    read = read_company(text)
    assert (read.name, read.form, read.region, read.flaw) == (name, form, region, "")


@pytest.mark.parametrize("text", ["AG", "GmbH & Co. KG", "有限公司", "Co"])
def test_a_form_alone_is_kept_and_named(text):
    read = read_company(text)
    assert read.flaw == "ambiguous"
    assert read.name is not None


@pytest.mark.parametrize("text", ["", " ", "---", "（）", "&"])
def test_what_holds_no_name_is_none(text):
    assert (read_company(text).name, read_company(text).flaw) == (None, "refused")


@pytest.mark.parametrize(
    "text",
    ["Nordwind AG", "NORDWIND AG", "Société Générale S.A.", "Danfoss A/S", "Young & Co", "PT Telkom", "Müller Trading",
     "Smith & Sons", "株式会社トヨタ", "大众集团", "老王商行", "Kowalski Sp. z o.o.",
     "WeberGmbH"],
)  # fmt: skip
def test_companies_are_known_by_what_they_are_called(text):
    assert looks_like_company(text)


@pytest.mark.parametrize(
    "text", ["Eva Co", "Li Ou", "EVA CO", "John Smith", "张伟", "AG", "Sa", "", "Hans Müller", "McINC"]
)
def test_people_are_no_companies(text):
    assert not looks_like_company(text)


def test_there_are_about_sixty_chinese_forms():
    assert len(CHINESE) == len(set(CHINESE))
    assert 55 <= len(CHINESE) <= 70
    # A longer form is never hidden by one that it ends in.
    assert all(not one.endswith(other) for at, one in enumerate(CHINESE) for other in CHINESE[:at])


PIECES = st.sampled_from(
    ["Nordwind", "AG", "& Co.", "KG", "GmbH", "Ltd.", "Beijing", "北京", "上海", "小米", "科技", "有限", "公司", "集团",
     "(",     ")", "A/S", "S.A.", "and", "PT", "株式会社", "分公司", "区", "+", "é"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=6), st.sampled_from(["", " "]))
def test_what_is_read_is_read_the_same_again(pieces, between):
    once = read_company(between.join(pieces)).name
    assert once is None or read_company(once).name == once
