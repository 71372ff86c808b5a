"""No page contradicts itself: one quantity has one value, limits lie around their estimate, parts add up.

Every report over several companies: one of everything with a holdout, the same with hostile and Chinese names, eleven
customers, all gone, nobody left, one plan, and R's colon, Catsup and bfi laid out as records. The rules are in
`consistency`; `test_planted_faults` holds that each of them finds what it is for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_research.catalogue import reports
from tests.pages.consistency import find_faults, named_numbers
from tests.pages.quantities import QUANTITIES
from tests.pages.walking import Page, walk
from tests.pages.worlds import WORLDS, world

FAST = {
    "eleven": (
        "customer-base",
        "brand-loyalty",
        "satisfaction",
        "silent-churn",
        "summary",
        "value",
        "grades",
        "customer-file",
    ),
    "nobody-left": ("churn", "loyalty"),
}  # fmt: skip
SLOW = {
    "everything": tuple(sorted(reports())),
    "hostile": tuple(sorted(reports())),
    "eleven": ("churn", "customer-base-audit", "data-quality", "loyalty", "segmentation", "single-view"),
    "all-gone": (
        "churn",
        "customer-base",
        "customer-base-audit",
        "customer-file",
        "data-quality",
        "grades",
        "loyalty",
        "segmentation",
        "silent-churn",
        "value",
    ),
    "nobody-left": ("customer-base", "customer-base-audit", "grades", "segmentation", "silent-churn", "value"),
    "one-plan": ("churn", "customer-base", "grades", "segmentation", "value"),
    "colon": ("churn",),
    "ketchup": (
        "brand-loyalty",
        "customer-base",
        "customer-base-audit",
        "loyalty",
        "segmentation",
        "silent-churn",
        "value",
        "grades",
    ),
    "bfi": ("customer-base", "satisfaction"),
    "telco": ("churn", "customer-file", "data-quality", "grades", "segmentation", "value"),
}
QUICKLY = {"satisfaction": {"n_bootstraps": 200}, "segmentation": {"n_bootstraps": 20, "k_max": 4}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


def a_page(report: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    return walk(report, world(name, folder), monkeypatch, world=name, **QUICKLY.get(report, {}))


def pairs(chosen: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(name, report) for name, made in chosen.items() for report in made]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "report"), pairs(FAST))
def test_a_page_of_few_records_does_not_contradict_itself(name, report, folder, monkeypatch):
    page = a_page(report, name, folder, monkeypatch)
    assert page.figures
    assert find_faults(page) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "report"), pairs(SLOW))
def test_a_page_does_not_contradict_itself(name, report, folder, monkeypatch):
    page = a_page(report, name, folder, monkeypatch)
    assert find_faults(page) == []
    if name == "everything":
        named = {quantity for _, quantity, _, _ in named_numbers(page)}
        missing = {one.id for one in QUANTITIES.get(report, ()) if not any(one.id in quantity for quantity in named)}
        assert missing <= NOT_SAID.get(report, set()), "a way of saying a figure that no sentence uses any more"


# What the company of everything gives no occasion to say.
NOT_SAID = {"churn": {"churn.contract.survival_{months}m", "churn.treat.customers"}}


def test_every_report_is_walked_on_three_companies_at_least():
    walked = {report: set() for report in reports()}
    for name, report in pairs(FAST) + pairs(SLOW):
        walked[report].add(name)
    assert {report: len(names) for report, names in walked.items() if len(names) < 3} == {}
    assert set(SLOW) | set(FAST) == {*WORLDS, "telco"}
