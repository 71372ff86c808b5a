"""Every page, section and result of every report shows itself, as HTML and as text, also where records are few."""

import importlib

import matplotlib.pyplot as plt
import pytest

from crm_research import open_study
from crm_research.show import Page
from crm_research.simulate import WorldSettings, simulate_world
from tests.pages.worlds import lay_systems

pytestmark = pytest.mark.slow

PAGES = {
    "customer_base.CustomerBasePage": {},
    "segmentation.SegmentationPage": {"n_bootstraps": 5, "k_max": 3, "served_min": 3, "served_max": 3},
    "churn.ChurnPage": {"risk_months": (1, 3)},
    "loyalty.LoyaltyPage": {},
    "silent_churn.SilentChurnPage": {},
    "brand_loyalty.BrandLoyaltyPage": {},
    "satisfaction.SatisfactionPage": {"n_bootstraps": 50},
    "value.ValuePage": {},
    "grades.GradesPage": {},
    "single_view.SingleViewPage": {},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms") / "world"
    simulate_world(WorldSettings(n_customers=300, seed=4, contract_share=0.8), folder)
    lay_systems(folder)
    return open_study(folder / "study.yaml")


@pytest.mark.parametrize("name", PAGES)
def test_every_section_and_result_has_an_html_and_a_text_form(name, study):
    room, kind = name.split(".")
    page: Page = getattr(importlib.import_module(f"crm_research.pillars.{room}"), kind)(study, **PAGES[name])
    shown = {"page": page}
    for section in page.contents():
        shown[section] = getattr(page, section)
        shown[f"{section}.result"] = shown[section].result
        assert shown[section].is_missing or shown[section].parts or section == "advice", section
    for what, one in shown.items():
        assert one is None or repr(one).strip(), what
        form = getattr(one, "_repr_html_", None)
        if form is not None:
            html = form()
            assert html is None or html.strip(), what
            assert what.endswith(".result") or html, what
    plt.close("all")
