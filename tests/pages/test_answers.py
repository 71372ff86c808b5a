"""Every clause of a report's question has its sentence on the manager's part, with a link to what proves it."""

from __future__ import annotations

import re

import pytest

from crm_research import (
    brand_loyalty,
    churn,
    customer_base,
    customer_base_audit,
    customer_file,
    data_quality,
    grades,
    loyalty,
    open_study,
    satisfaction,
    segmentation,
    show,
    silent_churn,
    single_view,
    value,
)
from crm_research.catalogue import find_report
from tests.pages.worlds import world

PAGES = {
    "customer-base": customer_base.CustomerBasePage,
    "customer-base-audit": customer_base_audit.AuditPage,
    "churn": churn.ChurnPage,
    "loyalty": loyalty.LoyaltyPage,
    "silent-churn": silent_churn.SilentChurnPage,
    "brand-loyalty": brand_loyalty.BrandLoyaltyPage,
    "satisfaction": satisfaction.SatisfactionPage,
    "segmentation": segmentation.SegmentationPage,
    "value": value.ValuePage,
    "grades": grades.GradesPage,
    "customer-file": customer_file.CustomerFilePage,
    "data-quality": data_quality.DataQualityPage,
    "single-view": single_view.SingleViewPage,
}
_LIMITS = re.compile(r"\d % interval|\(-?[\d.,]+(?: %| points| months| days)? to -?[\d.,]+")


def bare(text):
    return re.sub(r"\W+", " ", text).strip().lower()


@pytest.mark.parametrize("report", PAGES)
def test_the_clauses_of_a_page_make_up_its_question(report):
    asked = find_report(report).question
    rest = bare(asked)
    for clause, name in PAGES[report].clauses.items():
        assert bare(clause) in rest, clause
        rest = rest.replace(bare(clause), " ", 1)
        assert name in PAGES[report].contents()
    assert rest.split() in ([], ["and"]), rest


def cited(page):
    """Names of the sections that the manager's part cites, and its sentences."""
    parts = [
        part
        for name in ("answer", "advice", "contacts")
        if name in page.contents()
        for part in getattr(page, name).parts
    ]
    answers = [part for part in parts if isinstance(part, show.Answer)]
    steps = [step for part in parts if isinstance(part, show.Advice) for step in part.steps]
    names = {name for part in answers for name in part.see} | {step.see for step in steps}
    return names - {"", None}, [line for part in answers for line in part.sentences], steps


@pytest.mark.parametrize(
    ("report", "study"),
    [
        ("customer-base", "eleven"),
        ("loyalty", "eleven"),
        ("customer-base", "cdnow"),
        *(
            pytest.param(report, study, marks=pytest.mark.slow)
            for report in PAGES
            for study in ("everything", "hostile")
        ),
    ],
)
def test_each_clause_has_its_sentence_and_something_to_do(report, study, tmp_path):
    page = PAGES[report](open_study(world(study, tmp_path)))
    names, sentences, steps = cited(page)
    assert set(page.clauses.values()) <= names
    assert names <= set(page.contents())
    assert not any(_LIMITS.search(line) for line in sentences), sentences
    assert len(sentences) <= 4
    if study != "eleven":
        assert 1 <= len(steps) <= 5
        assert all(step.text[0].isupper() and step.text.endswith(".") for step in steps)
