"""A company younger than the months asked for: what nobody could have seen is not known, though all have left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.spells import count_spells
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.figures import group_figures, key_figures, reason_figures, tenure_figures
from crm_research.pillars.churn.curves.tables import milestones
from crm_research.pillars.churn.curves.words import answer, year_finding
from tests.builders import a_study


def sold_from(first: str, *, as_of: str = "2024-07-01", plan: tuple[str, str] = ("new", "new")):
    """Forty contracts begun on one day that all end, one a day, for two reasons on two plans."""
    started = pd.Timestamp(first)
    names = [f"k{i}" for i in range(40)]
    frame = pd.DataFrame(
        {
            "contract_id": names,
            "customer_id": names,
            "started_at": started,
            "ended_at": started + pd.to_timedelta(np.arange(1, 41), unit="D"),
            "end_reason": ["price", "moved"] * 20,
            "plan": list(plan) * 20,
        }
    )
    return a_study(as_of=as_of, contracts=frame)


def by_id(figures):
    return {figure.id: figure for figure in figures}


def test_where_all_have_left_a_young_company_12_months_are_not_known():
    leaving = describe_churn(sold_from("2024-02-01"))  # 151 days before as_of
    figure = by_id(key_figures(leaving))["churn.contract.survival_12m"]
    assert figure.estimate is None
    assert figure.label == "Still there after 12 months (nobody was watched that long)"
    assert year_finding(leaving) == (
        "All contracts have ended, but none could have been watched for 12 months: the first began 5 months before "
        "the records end, so 12-month survival is not known."
    )
    assert year_finding(leaving).rstrip(".") in answer(leaving)[1]
    assert [figure.estimate for figure in reason_figures(leaving)] == [None, None]
    assert milestones(leaving)["months"].tolist() == [1, 3]
    assert by_id(tenure_figures(leaving))["churn.contract.survival_3m"].estimate == 0
    assert by_id(tenure_figures(leaving))["churn.contract.survival_24m"].estimate is None


def test_where_the_company_is_old_enough_nought_is_right():
    leaving = describe_churn(sold_from("2023-07-02"))  # 365 days before as_of: 12 calendar months from 2 July on
    figure = by_id(key_figures(leaving))["churn.contract.survival_12m"]
    assert figure.estimate == 0
    assert figure.lower == 0
    assert 0 < figure.upper < 1
    assert sum(figure.estimate for figure in reason_figures(leaving)) == pytest.approx(1)
    assert "last longer than 12 months" in year_finding(leaving)
    young = describe_churn(sold_from("2023-07-03"))  # 364 days: not yet
    assert by_id(key_figures(young))["churn.contract.survival_12m"].estimate is None


def test_a_plan_sold_for_less_is_not_known_beside_one_that_is_old_enough():
    old, new = sold_from("2022-01-01"), sold_from("2024-02-01")
    frames = [study.table("contracts").to_pandas() for study in (old, new)]
    both = pd.concat([frames[0].assign(plan="old"), frames[1].assign(plan="new")], ignore_index=True)
    names = [f"k{i}" for i in range(len(both))]
    leaving = describe_churn(a_study(contracts=both.assign(contract_id=names, customer_id=names)), group="plan")
    figures = {figure.group: figure.estimate for figure in group_figures(leaving) if "survival" in figure.id}
    assert figures == {"old": 0, "new": None}
    assert leaving.pairs["horizon_days"].max() <= 151


def test_the_engine_counts_how_long_a_contract_could_have_run():
    counts = count_spells(sold_from("2024-02-01", plan=("a", "b")), by="plan").to_pandas()
    last = counts.groupby("group").tail(1)
    assert last["tenure_days"].tolist() == [151, 151]
    assert last[["n_entered", "n_ended", "n_censored"]].to_numpy().sum() == 0
    months = count_spells(sold_from("2024-02-01"), unit_days=31).to_pandas()
    assert months["tenure_days"].tolist()[-1] == 155
