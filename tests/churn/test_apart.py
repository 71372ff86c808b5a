"""Plans that tell leavers from stayers without overlap, and covariates left out: what the page says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn.drivers.measure import measure_drivers
from crm_research.pillars.churn.drivers.tables import driver_table
from crm_research.pillars.churn.drivers.words import driver_finding
from crm_research.pillars.churn.risks.model import fit_for_lists
from crm_research.pillars.churn.risks.reasons import say_reasons
from crm_research.pillars.churn.spell_rows import read_rows
from crm_research.sources.opening import open_study

CASES = Path(__file__).parents[1] / "cases"


def test_trials_do_not_turn_the_sign_of_the_other_plans():
    # 1,200 contracts of which 350 are trials that all end on day 14. coxph(Surv(tenure, ended) ~ plan, rows without
    # trials) in R 4.2.2: plus against basic 1.30068 (1.114934 to 1.51737); with the fee in it 1.3017.
    drivers = measure_drivers(open_study(CASES / "churn-trial" / "trial.yaml"))
    table = driver_table(drivers)
    plan = table.loc[table["covariate"] == "plan"].iloc[0]
    assert plan["compared"] == "plus against basic"
    assert plan["hazard_ratio"] == pytest.approx(1.301, abs=0.001)
    assert (plan["lower"], plan["upper"]) == (pytest.approx(1.115, abs=0.001), pytest.approx(1.518, abs=0.001))
    assert (table["when"] == "").all()
    assert drivers.remedy == ""
    assert driver_finding(drivers) == (
        "After allowing for the rest, plan (plus against basic) goes with 1.30 times (1.12 to 1.52) the risk of "
        "leaving; 95 % intervals in brackets."
    )
    (note,) = drivers.notes
    assert note.startswith("plan = trial (n 350, 350 ended) tells those who left from those who stayed without overlap")
    assert "its ratio against basic is at least 3,100 (95 % limit)" in note


def test_the_risk_of_a_trial_is_what_trials_show():
    study = open_study(CASES / "churn-trial" / "trial.yaml")
    rows = read_rows(study, ["plan", "fee"])
    fit = fit_for_lists(rows, ["plan", "fee"])
    asked = pd.DataFrame({"plan": ["trial", "basic"], "fee": [20.0, 20.0], "tenure_days": [5.0, 5.0]})
    risk = fit.risk(asked, [9.0, 31.0])
    assert risk.iloc[0, 0] > 0.99
    assert np.isnan(risk.iloc[0, 1])
    assert 0 < risk.iloc[1, 1] < 0.1
    reasons = say_reasons(fit, asked)
    assert reasons["raised_by"].iloc[0] == "plan trial (at least 3,100 times that of basic)"


def test_rows_of_a_covariate_left_out_are_not_said_to_be_left_out():
    # Cox's ratio of pro_year against pro_month on all 450 contracts: .23327 (.1559 to .3490), by lifelines.
    drivers = measure_drivers(open_study(CASES / "21-false-caution-left-out" / "study.yaml"))
    row = driver_table(drivers).iloc[0]
    assert row["compared"] == "pro_year against pro_month"
    found = [float(row[name]) for name in ("hazard_ratio", "lower", "upper")]
    assert found == pytest.approx([0.23327, 0.1559, 0.3490], abs=1e-4)
    assert drivers.fit.n == 450
    assert drivers.n_contracts == 450
    said = (
        "Status tells nearly all contracts that ended, by now or later, from those that run: it seems to have become "
        "known with the end, and was left out."
    )
    assert drivers.notes == (said,)
