"""The risk of each contract, from a study to the list, the picture and the figures, and the refusals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.models.hazards import fit_cox
from crm_research.models.hazards.boosting import fit_boosting
from crm_research.pillars.churn.risks.assess import assess_risks
from crm_research.pillars.churn.risks.charts import draw_risks
from crm_research.pillars.churn.risks.page import risks_section
from crm_research.pillars.churn.risks.prediction import LeavingPrediction
from crm_research.pillars.churn.risks.reasons import say_reasons
from crm_research.pillars.churn.risks.words import EXPECTED_LEAVERS, list_rows, risk_figures, risk_finding, risk_title
from crm_research.pillars.churn.spell_rows import read_ends, read_rows, read_running
from crm_research.pillars.churn.validation.validate import validate_risks
from crm_research.vocabulary import days_in_months
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world

COVARIATES = ["plan", "age", "debit"]


def a_company(n: int = 1500, *, holdout: bool = True, **changes):
    rng = np.random.default_rng(7)
    frame = a_world(n).assign(age=rng.integers(20, 70, n).astype(float), debit=rng.random(n) < 0.5)
    return a_study(
        contracts=frame.assign(**changes),
        as_of="2023-06-01",
        holdout_until="2024-01-01" if holdout else None,
        attributes={"contracts": {"age": "number", "debit": "flag"}},
    )


def a_fit(study, covariates=COVARIATES):
    return fit_cox(read_rows(study, covariates), covariates)


@pytest.fixture(scope="module")
def company():
    return a_company()


@pytest.fixture(scope="module")
def risks(company):
    return assess_risks(company, a_fit(company), COVARIATES)


@pytest.fixture(scope="module")
def check(company):
    fits = {
        "the model": lambda rows: fit_cox(rows, COVARIATES),
        "boosting": lambda rows: fit_boosting(rows, COVARIATES, n_periods_at_most=10_000),
    }
    return validate_risks(company, fits, COVARIATES, n_resamples=0)


def _predicted(risks, check):
    return None if check is None else LeavingPrediction(risks=risks, check=check, strata=())


def told(study, risks, check) -> str:
    return repr(risks_section(study, _predicted(risks, check)))


def test_every_running_contract_has_a_row_the_most_at_risk_first(company, risks):
    running = read_running(company, COVARIATES)
    assert sorted(risks.rows["contract_id"]) == sorted(running["contract_id"])
    assert risks.n_running == len(running)
    assert risks.main_months == 12
    main = risks.rows["risk_12m"]
    assert main.dropna().is_monotonic_decreasing
    assert main.notna().sum() == risks.n_running - risks.n_beyond - risks.n_unknown
    assert main.isna().to_numpy()[-risks.n_beyond :].all()
    for months in (1, 3, 6, 12):
        known = risks.rows.dropna(subset=[f"lower_{months}m"])
        assert (known[f"lower_{months}m"] <= known[f"risk_{months}m"]).all()
        assert (known[f"risk_{months}m"] <= known[f"upper_{months}m"]).all()


def test_risks_are_those_of_the_true_rates(risks):
    """The plan 'flex' ends at 1 / 200 a day, 'fixed' at 1 / 400, whatever the tenure."""
    judged = risks.rows.dropna(subset=["risk_3m"])
    flex = judged["reasons"].str.contains("plan flex")
    assert judged.loc[flex, "risk_3m"].mean() == pytest.approx(1 - np.exp(-92 / 200), rel=0.12)
    assert judged.loc[~flex, "risk_3m"].mean() == pytest.approx(1 - np.exp(-92 / 400), rel=0.12)
    fixed = judged.loc[~flex, "remaining_days"]
    assert fixed.mean() == pytest.approx(400 * (1 - np.exp(-366 / 400)), rel=0.08)


def test_as_many_leave_in_the_holdout_as_the_interval_says(company, risks):
    months = 6
    judged = risks.rows.dropna(subset=[f"risk_{months}m"])
    left = int((judged["contract_id"].map(read_ends(company)) <= days_in_months(months)).sum())
    row = risks.at(months)
    assert row["lower"] < left < row["upper"]
    assert row["expected"] == pytest.approx(judged[f"risk_{months}m"].sum())
    assert row["lower_share"] == pytest.approx(row["lower"] / row["n_judged"])


def test_tenths_add_up(risks):
    tenths = risks.deciles
    assert tenths["n"].sum() == risks.at(12)["n_judged"]
    assert tenths["expected"].sum() == pytest.approx(risks.at(12)["expected"])
    assert tenths["share_expected"].sum() == pytest.approx(1.0)
    assert tenths["mean_risk"].is_monotonic_decreasing
    assert risks.top_share == tenths["share_expected"].iloc[0]
    assert (tenths["lower"] < tenths["expected"]).all()


def test_reasons_name_the_plan_and_are_strongest_first():
    study = a_company(2000, debit=a_world(2000)["plan"].eq("flex").to_numpy() ^ (np.arange(2000) % 5 == 0))
    fit = a_fit(study, ["plan"])
    said = say_reasons(fit, pd.DataFrame({"plan": ["flex", "fixed", "never seen", None]}))
    assert said["raised_by"].tolist()[0].startswith("plan flex (1.")
    assert said["lowered_by"].tolist()[1].startswith("plan fixed (0.")
    assert said["raised_by"].tolist()[1:] == ["", "", ""]


def test_reasons_in_words_for_flags_numbers_and_chinese_names():
    rng = np.random.default_rng(1)
    n = 3000
    frame = pd.DataFrame(
        {
            "has_debit": rng.random(n) < 0.5,
            "fee": rng.uniform(10, 100, n).round(),
            "套餐": rng.choice(["金卡", "银卡"], n),
            "noise": rng.normal(size=n),
        }
    )
    eta = 0.7 * ~frame["has_debit"] + 0.02 * frame["fee"] + 0.5 * (frame["套餐"] == "金卡")
    frame = frame.assign(tenure_days=rng.exponential(300 * np.exp(-eta)), is_ended=True)
    fit = fit_cox(frame, ["has_debit", "fee", "套餐", "noise"], splines=["fee"])
    who = pd.DataFrame({"has_debit": [False, True], "fee": [95.0, 12.0], "套餐": ["金卡", "银卡"], "noise": [0.1, 0.1]})
    said = say_reasons(fit, who)
    high, low = said["raised_by"].iloc[0], said["lowered_by"].iloc[1]
    assert high.index("fee 95, high (") < high.index("no debit (1.4 times)") < high.index("套餐 金卡 (1.3 times)")
    assert low.index("fee 12, low (") < low.index("debit (0.7 times)") < low.index("套餐 银卡 (0.8 times)")
    assert "noise" not in f"{high}{low}"
    assert say_reasons(fit, who, n_most=1)["raised_by"].str.count("times").tolist() == [1, 0]
    assert say_reasons(fit, who.iloc[:0]).empty


def test_reasons_of_the_first_rows_only_unless_all_are_wanted(company):
    fit = a_fit(company)
    some = assess_risks(company, fit, COVARIATES, n_explained=10)
    every = assess_risks(company, fit, COVARIATES, n_explained=None, n_rows_at_once=97)
    assert (some.rows["reasons"] != "").sum() <= 10
    assert some.n_explained == 10
    assert (every.rows["reasons"] != "").sum() > 100
    pd.testing.assert_frame_equal(
        some.rows.drop(columns=["reasons", "lowered_by"]), every.rows.drop(columns=["reasons", "lowered_by"])
    )


def test_figures_bear_the_id_that_other_programs_read(risks):
    figures = risk_figures(risks, window="contracts running on 2023-06-01", validation="holdout")
    assert [figure.id for figure in figures] == [EXPECTED_LEAVERS] * 4
    assert [figure.group for figure in figures][:2] == ["within 1 month", "within 3 months"]
    assert all(figure.lower < figure.estimate < figure.upper for figure in figures)


def test_the_page_shows_the_list_where_the_check_allows_it(company, risks, check):
    assert check.is_fit_for_lists
    page = told(company, risks, check)
    assert risk_finding(risks) in page
    assert "The 15 contracts most likely to leave within 12 months" in page
    assert f"{risks.n_beyond:,} would within 12 months be older" in page
    assert "Boosting, which may take any shape, " in page
    assert list_rows(risks, 3)["customer"].tolist() == risks.rows["customer_id"].tolist()[:3]


def test_without_a_check_or_with_a_bad_one_there_is_no_list(company, risks):
    assert told(company, risks, None) == "Note: No risk of single customers could be told, so there is no list."
    swapped = validate_risks(
        company, {"backwards": lambda rows: fit_cox(rows.assign(is_ended=rows.index % 9 == 0), COVARIATES)}, COVARIATES,
        n_resamples=0,
    )  # fmt: skip
    assert not swapped.is_fit_for_lists
    page = told(company, risks, swapped)
    assert "because its risks are not known to hold" in page
    assert "most likely to leave" not in page


def test_the_picture_says_where_the_leavers_are(risks):
    ax = draw_risks(risks)
    assert len(ax.containers[0].patches) == 10
    assert risk_title(risks).startswith("Risks run from ")
    sharp = dataclasses.replace(risks, top_share=0.4)
    assert risk_title(sharp) == "The tenth most at risk holds 40 % of the leavers expected"


def test_nobody_and_one_running(check):
    rows = [(f"c{i}", "2023-01-01", f"2023-0{i % 4 + 2}-0{i % 5 + 1}", None) for i in range(60)]
    over = a_study(contracts=contracts(*rows, plan=["a", "b"] * 30), as_of="2023-06-01")
    fit = a_fit(over, ["plan"])
    nobody = assess_risks(over, fit, ["plan"])
    assert nobody.n_running == 0
    assert nobody.rows.empty
    assert nobody.deciles.empty
    assert "nobody is at risk" in told(over, nobody, check)
    one = a_study(contracts=contracts(*rows, ("d", "2023-05-20", None, None), plan=[*["a", "b"] * 30, "a"]))
    single = assess_risks(one, fit, ["plan"])
    assert single.n_running == 1
    assert risk_title(single)
    assert draw_risks(single) is not None


def test_where_nobody_can_be_judged_the_page_says_so(company, check):
    study = a_company(300)
    young = fit_cox(
        read_rows(study, COVARIATES).assign(entry_days=0, tenure_days=lambda f: f["tenure_days"] % 7), COVARIATES
    )
    none = assess_risks(study, young, COVARIATES)
    assert none.rows["risk_12m"].isna().all()
    assert none.summary["expected"].isna().all()
    assert none.n_explained == 0
    assert "none can be judged" in told(company, none, check)


def test_without_covariates_all_of_one_tenure_are_alike(company):
    rows = read_rows(company, [])
    plain = assess_risks(company, fit_cox(rows, []), [])
    assert (plain.rows["reasons"] == "").all()
    assert plain.rows.groupby("tenure_days")["risk_3m"].nunique().max() == 1


def test_horizons_are_months_at_their_longest():
    assert [days_in_months(m) for m in (1, 2, 3, 6, 12, 24)] == [31, 62, 92, 184, 366, 731]


@pytest.mark.parametrize("months", [(), (0,), (1.5,), (True,), (-3, 1)])
def test_horizons_that_are_none_are_refused(company, months):
    with pytest.raises(ParameterError, match="whole numbers from 1 on"):
        assess_risks(company, a_fit(company), COVARIATES, horizons_months=months)
