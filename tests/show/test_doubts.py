"""What the check of a run found stands among the cautions of the reports that it spoils, and of no other."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pandas as pd
import pytest

from crm_research import open_study
from crm_research.catalogue import reports
from crm_research.contracts.checks import check_study
from crm_research.contracts.findings import Finding, Verdict
from crm_research.pillars.churn import ChurnPage, describe_churn
from crm_research.pillars.churn.curves.page import cautions_parts
from crm_research.pillars.loyalty.page import LoyaltyPage
from crm_research.show import Note, Page
from crm_research.show.doubts import find_doubts
from crm_research.sources.snapshot import write_snapshot
from tests.builders import a_study
from tests.pages.test_declared_tables import PAGES

STALE = (
    "The records break the rule that in contracts records reach to within 31 days of as_of, 2024-07-01: the last one "
    "is of 2016-09-09, 2,852 days earlier. What that spoils: silence after the last record looks like customers who "
    "stay away, in recency, churn and retention."
)
NAMELESS = (
    "The records break the rule that in orders every row has a customer_id: broken by 3 of 10 (30.0 %). What that "
    "spoils: such rows belong to nobody: they are counted in totals and left out of every customer's figures."
)


class APage(Page):
    """A page that says nothing by itself."""

    report = "loyalty"

    def gravest_doubt(self) -> str:
        """Nothing."""
        return "It may rain."


def old_contracts() -> pd.DataFrame:
    started = pd.Timestamp("2013-01-01") + pd.to_timedelta(range(0, 800, 8), unit="D")
    names = [f"k{row}" for row in range(100)]
    ended = pd.Series(started + pd.to_timedelta([60 + 5 * row for row in range(100)], unit="D"))
    ended = ended.where(pd.Series(range(100)) % 3 == 0)
    return pd.DataFrame({"contract_id": names, "customer_id": names, "started_at": started, "ended_at": ended})


def orders_without_names(n_nameless: int = 3, n: int = 10) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": [f"o{row}" for row in range(n)],
            "customer_id": [None] * n_nameless + [f"c{row % 4}" for row in range(n - n_nameless)],
            "ordered_at": pd.Timestamp("2024-06-01") + pd.to_timedelta(range(n), unit="D"),
            "revenue": 10.0,
        }
    )


def said_by(made) -> list[str]:
    return [part.text for part in made.parts if isinstance(part, Note)]


def broken(table: str, n_bad: int, severity: str = "warning", spoils: str = "sums") -> Finding:
    return Finding(
        table=table, column="x", rule=f"r{n_bad}", expected=f"x is not {n_bad}", severity=severity,
        n_checked=100, n_bad=n_bad, spoils=f"{spoils} (reports: loyalty)",
    )  # fmt: skip


def held(*found: Finding):
    study = a_study(orders=orders_without_names(0))
    verdict = Verdict(study=study.name, as_of=study.as_of, holdout_until=None, tables=(), findings=found)
    study.kept.hold(check_study, {"tables": None}, verdict)
    return study


def test_records_that_end_years_ago_are_a_caution_of_churn_and_nothing_speaks_of_their_soundness():
    study = a_study(contracts=old_contracts())
    page = ChurnPage(study)
    assert page.doubts == []
    check_study(study)
    assert page.doubts == [STALE]
    sound = "Nothing in the records suggests that early leavers are missing or that contracts were cut off."
    leaving = describe_churn(study)
    assert [part.text for part in cautions_parts(leaving)] == [sound]
    assert [part.text for part in cautions_parts(leaving, page.doubts)] == [STALE]


def test_orders_without_a_customer_are_a_caution_of_loyalty_also_where_the_study_accepts_them():
    study = replace(a_study(orders=orders_without_names()), accepted={"orders": {"missing-key": 0.31}})
    verdict = check_study(study)
    assert not verdict.errors
    assert LoyaltyPage(study).doubts == [NAMELESS]


def test_a_run_hands_what_it_found_to_the_reports_and_a_notebook_by_hand_says_nothing(tmp_path, monkeypatch):
    old_contracts().to_csv(tmp_path / "contracts.csv", index=False)
    file = tmp_path / "old.yaml"
    tables = "tables: {contracts: {from: contracts.csv}}"
    file.write_text(f"name: old\ntitle: Old\ncurrency: EUR\nas_of: 2024-07-01\n{tables}\n")
    study = open_study(file)
    for checked, said in ((check_study(study), [STALE]), (None, [])):
        folder = tmp_path / f"snapshot {len(said)}"
        write_snapshot(study, folder, checked)
        monkeypatch.setenv("CRM_RESEARCH_SNAPSHOT", str(folder))
        assert ChurnPage(open_study(file)).doubts == said


def test_the_gravest_stand_beside_the_advice_and_all_among_the_doubts():
    found = [broken("orders", n) for n in (7, 61, 4, 23, 15)]
    page = APage(held(*found))
    start = "The records break the rule that in orders x is not"
    said = [f"{start} {n}: broken by {n} of 100 ({n}.0 %). What that spoils: sums." for n in (61, 23, 15, 7, 4)]
    more = "1 more rule does not hold; the page of the customer base lists them."
    assert said_by(page.advice) == ["It may rain.", *said[:3], more]
    assert said_by(page.caveats) == said


@pytest.mark.parametrize(
    "found",
    [
        broken("products", 50),
        broken("orders", 50, "note"),
        broken("orders", 50, "error"),
        broken("orders", 50, spoils="nothing; such rows are not read"),
        broken("orders", 0),
    ],
)
def test_what_spoils_nothing_of_a_report_is_no_doubt_of_it(found):
    assert find_doubts(held(found), "loyalty") == ()
    assert find_doubts(held(broken("orders", 50)), "") == ()


def test_every_page_bears_the_id_of_its_report():
    for report, (place, _) in PAGES.items():
        room, kind = place.split(".")
        assert getattr(importlib.import_module(f"crm_research.pillars.{room}"), kind).report == report
    assert set(PAGES) == set(reports()) - {"customer-base", "data-quality"}
