"""A report says the same whether its study holds all tables or only those that it declares: a run opens these alone."""

import importlib
from dataclasses import replace
from types import MappingProxyType

import pytest

from crm_research import open_study
from crm_research.catalogue import reports
from crm_research.simulate import WorldSettings, simulate_world
from tests.pages.worlds import lay_systems

pytestmark = pytest.mark.slow

PAGES = {
    "segmentation": ("segmentation.SegmentationPage", {"n_bootstraps": 5, "k_max": 3}),
    "churn": ("churn.ChurnPage", {"risk_months": (1, 3)}),
    "loyalty": ("loyalty.LoyaltyPage", {}),
    "silent-churn": ("silent_churn.SilentChurnPage", {}),
    "brand-loyalty": ("brand_loyalty.BrandLoyaltyPage", {}),
    "satisfaction": ("satisfaction.SatisfactionPage", {"n_bootstraps": 50}),
    "customer-base-audit": ("customer_base_audit.AuditPage", {}),
    "value": ("value.ValuePage", {}),
    "customer-file": ("customer_file.CustomerFilePage", {"n_top": 3}),
    "grades": ("grades.GradesPage", {}),
    "single-view": ("single_view.SingleViewPage", {}),
    "summary": ("summary.SummaryPage", {}),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("declared") / "world"
    simulate_world(WorldSettings(n_customers=300, seed=4, contract_share=0.8), folder)
    lay_systems(folder)
    study = open_study(folder / "study.yaml")
    invoices = study.table("invoices")
    # Known from their invoices alone: whoever counts customers must have read these.
    strangers = invoices.mutate(customer_id="elsewhere " + invoices.customer_id)
    return replace(study, tables=MappingProxyType({**study.tables, "invoices": strangers}))


def test_every_report_that_does_not_read_all_tables_is_looked_at():
    assert {report.id for report in reports().values() if report.may_read is not None} == set(PAGES)


def rounded(figure):
    """All of a figure; sums may differ in their last digits by the order in which threads add."""
    ends = {name: getattr(figure, name) for name in ("estimate", "lower", "upper")}
    ends = {name: None if end is None else f"{end:.10g}" for name, end in ends.items()}
    return vars(figure) | ends


@pytest.mark.parametrize("report", PAGES)
def test_the_same_figures_and_sections_come_of_the_declared_tables_alone(report, study):
    place, parameters = PAGES[report]
    room, kind = place.split(".")
    page = getattr(importlib.import_module(f"crm_research.pillars.{room}"), kind)
    declared = reports()[report].read_among(study.tables, study.tables, parameters)
    assert len(declared) < len(study.tables)
    few = replace(study, tables=MappingProxyType({name: study.tables[name] for name in declared}))
    whole, part = page(study, **parameters), page(few, **parameters)
    assert [rounded(figure) for figure in part.figures] == [rounded(figure) for figure in whole.figures]
    assert len(whole.figures) > 3
    assert [repr(section) for section in part.sections().values()] == [
        repr(section) for section in whole.sections().values()
    ]
