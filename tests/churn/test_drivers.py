"""What goes with leaving, through the whole chain from a study to the table, the picture and the figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.churn import describe_churn, show_drivers
from crm_research.churn.driver_views import HAZARD_RATIO, draw_drivers, driver_figures, driver_finding, driver_table
from crm_research.churn.drivers import default_covariates, measure_drivers
from crm_research.errors import NotEnoughData, ParameterError
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles


def a_company(n: int = 3000, *, holdout: bool = True, **changes):
    frame = a_world(n)
    rng = np.random.default_rng(7)
    frame["town"] = rng.choice(["Graz", "Wien", "Linz"], n)
    frame["age"] = rng.integers(20, 70, n).astype(float)
    frame = frame.assign(**changes)
    return a_study(
        contracts=frame,
        as_of="2023-06-01",
        holdout_until="2024-01-01" if holdout else None,
        attributes={"contracts": {"town": "category", "age": "number"}},
    )


def test_the_plan_that_leaves_twice_as_fast_is_found_and_the_rest_is_not():
    drivers = measure_drivers(a_company())
    assert drivers.covariates == ("plan", "town", "age")
    table = driver_table(drivers)
    first = table.iloc[0]
    ratio = first["hazard_ratio"] if first["compared"].startswith("flex") else 1 / first["hazard_ratio"]
    assert first["covariate"] == "plan"
    assert ratio == pytest.approx(2.0, rel=0.15)
    assert not table.loc[table["covariate"] != "plan", "is_clear"].any()
    assert driver_finding(drivers).startswith("After allowing for the rest, plan (")


def test_the_holdout_finds_the_risks_right_and_better_than_the_curve_alone():
    drivers = measure_drivers(a_company())
    card = drivers.card
    assert card is not None
    assert drivers.is_fit_for_lists
    assert card.measures["horizon_days"].nunique() == 3
    assert card.value("observed_to_expected", 214.0) == pytest.approx(1.0, abs=0.15)
    assert card.measures.set_index("measure").loc["ibs_gain", "lower"] > 0


def test_ends_in_the_holdout_do_not_reach_the_model():
    whole, cut = a_company(), a_company(holdout=False)
    np.testing.assert_allclose(measure_drivers(whole).fit.terms["z"], measure_drivers(cut).fit.terms["z"])


def test_without_a_holdout_no_list_may_be_printed():
    drivers = measure_drivers(a_company(holdout=False))
    assert drivers.card is None
    assert not drivers.is_fit_for_lists


def test_several_contracts_of_a_customer_give_robust_errors():
    single = measure_drivers(a_company())
    doubled = measure_drivers(a_company(customer_id=[f"c{i // 2}" for i in range(3000)]))
    assert "robust" not in single.fit.estimator
    assert "robust errors by cluster" in doubled.fit.estimator


def test_strata_get_a_baseline_each_and_no_ratio():
    drivers = measure_drivers(a_company(), ["age", "plan"], strata=["plan"])
    assert drivers.fit.terms["covariate"].tolist() == ["age"]
    assert drivers.fit.baseline["stratum"].unique().tolist() == ["fixed", "flex"]
    assert drivers.card is not None


def test_figures_bear_the_ids_that_other_programs_read():
    figures = driver_figures(measure_drivers(a_company()), window="2020 to 2023")
    ids = [figure.id for figure in figures]
    assert ids.count(HAZARD_RATIO) == 4
    assert ids[-3:] == ["churn.contract.uno_c", "churn.contract.ibs", "churn.contract.ibs_null"]
    assert all(figure.validation == "holdout" for figure in figures[-3:])
    assert len({figure.group for figure in figures[:4]}) == 4


def test_the_picture_names_every_comparison():
    ax = draw_drivers(measure_drivers(a_company()))
    names = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert len(names) == 4
    assert names[0].startswith("plan: ")


def test_columns_that_name_single_contracts_explain_nothing():
    study = a_company(town=[f"street {i}" for i in range(3000)])
    assert default_covariates(study) == ["plan", "age"]


def test_trouble_is_told():
    with pytest.raises(ParameterError, match="'towm'"):
        measure_drivers(a_company(100), ["towm"])
    with pytest.raises(NotEnoughData):
        measure_drivers(a_company(100, ended_at=pd.NaT))
    alike = measure_drivers(a_company(200, plan="only", town="one", age=30.0))
    assert driver_table(alike).empty
    assert driver_finding(alike).startswith("None of the characteristics")
    assert len(alike.fit.notes) == 1  # a plan and a town of one value are not even tried


def _shown(study) -> str:
    leaving = describe_churn(study)
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: show_drivers(study, leaving)))


def test_the_page_shows_the_ratios_and_says_the_finding_once():
    study = a_company(600)
    told = _shown(study)
    assert "After allowing for the rest" in told
    assert "Danger of leaving, everything else alike" in told


def test_a_study_without_characteristics_gets_a_note_and_no_picture():
    rows = [(f"c{i}", "2023-01-01", f"2023-0{i + 2}-01", None) for i in range(6)]
    told = _shown(a_study(contracts=contracts(*rows)))
    assert "no plan, fee or declared attribute" in told
    assert "[picture" not in told


def test_a_company_nobody_left_gets_a_note_of_what_is_needed():
    rows = [(f"c{i}", "2023-01-01", None, None) for i in range(6)]
    told = _shown(a_study(contracts=contracts(*rows, plan=["a", "b"] * 3)))
    assert "needs at least" in told
