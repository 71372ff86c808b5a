"""Covariates that read the future are refused before any model is fitted."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

import ibis
import pandas as pd
import pytest

from crm_research.errors import LeakageError, ParameterError
from crm_research.features.person_periods import count_person_periods, count_stretches, guard_covariates
from crm_research.features.spells import build_spells, count_spells
from crm_research.features.window import known_rows
from crm_research.vocabulary import days_in_months
from tests.builders import a_study, contracts


def test_periods_by_month_are_calendar_months_at_any_tenure():
    """Month k of a contract is the tenures beyond `days_in_months(k - 1)`, up to `days_in_months(k)`."""
    days = list(range(1, 3000))
    frame = pd.DataFrame({"kind": days, "tenure_days": days, "entry_days": [day // 2 for day in days]})
    spells = ibis.memtable(frame.assign(is_ended=[day % 2 == 0 for day in days]))
    found = count_stretches(spells, ["kind"], is_by_month=True).to_pandas().set_index("kind").sort_index()
    over = [days_in_months(months) for months in range(1, 120)]
    expected = [bisect_right(over, day - 1) for day in days]
    assert found["last_period"].tolist() == expected
    assert found["first_period"].tolist() == [bisect_right(over, day // 2) for day in days]
    assert found["n_at_risk"].tolist() == [1] * len(days)
    assert found["n_ended"].tolist() == [int(day % 2 == 0) for day in days]
    # 31 days are the first month, 32 the second; 1,461 the 48th, 1,462 the 49th.
    assert [expected[day - 1] for day in (31, 32, 1461, 1462)] == [0, 1, 47, 48]


EARLIER = [datetime(2024, 3, 1), datetime(2024, 5, 1)]


def a_company():
    frame = contracts(
        ("ann", "2024-01-01", "2024-04-15", "price"),
        ("bob", "2024-01-10", "2024-08-01", "moved"),  # still runs at as_of
        ("cy", "2024-02-01", None, None),
        ("dee", "2024-02-20", "2024-06-01", None),
        plan=["gold", "basic", "gold", None],
    )
    contacts = pd.DataFrame(
        {
            "contact_id": ["c1", "c2", "c3"],
            "customer_id": ["ann", "cy", "dee"],
            "opened_at": ["2024-04-01", "2024-08-15", "2024-02-21"],
            "kind": "complaint",
        }
    )
    return a_study(holdout_until="2024-09-01", contracts=frame, contacts=contacts)


def with_complaint(study, complaints):
    who = complaints.filter(complaints.kind == "complaint").select("customer_id").distinct()
    spells = build_spells(study)
    both = spells.left_join(who, "customer_id")
    return spells.join(
        both.select("contract_id", ever_complained=both.customer_id_right.notnull()),  # noqa: PD004 - Ibis
        "contract_id",
    )


def with_any_complaint(study):
    return with_complaint(study, study.table("contacts"))


def with_known_complaint(study):
    return with_complaint(study, known_rows(study, "contacts"))


def test_a_complaint_from_after_as_of_is_refused():
    with pytest.raises(LeakageError, match=r"with_any_complaint .*ever_complained"):
        guard_covariates(a_company(), ["ever_complained"], build=with_any_complaint)


def test_ever_complained_is_refused_even_if_known_since_it_came_on_the_way():
    with pytest.raises(LeakageError, match=r"ever_complained .* changed between"):
        guard_covariates(a_company(), ["ever_complained"], build=with_known_complaint, instants=EARLIER)


def test_a_plan_that_never_changed_passes():
    guard_covariates(a_company(), ["plan"], instants=EARLIER)


def test_an_unknown_covariate_is_named():
    with pytest.raises(ParameterError, match=r"'plam'.*'plan'"):
        guard_covariates(a_company(), ["plam"])


def test_counts_by_period_are_those_that_kaplan_meier_rests_on():
    study = a_company()
    periods = count_person_periods(build_spells(study), [], unit_days=30).execute()
    moves = count_spells(study, unit_days=30).execute()
    ended = moves.set_index("tenure_days")["n_ended"]
    for row in periods.itertuples():
        end = (row.period_index + 1) * 30
        assert row.n_ended == ended.get(end, 0)
        entered = moves.loc[moves["tenure_days"] < end, "n_entered"].sum()
        left = moves.loc[moves["tenure_days"] < end, ["n_ended", "n_censored"]].to_numpy().sum()
        assert row.n_at_risk == entered - left


def test_a_missing_plan_is_a_kind_of_its_own():
    found = count_stretches(build_spells(a_company()), ["plan"], unit_days=30).execute()
    assert found.groupby("plan", dropna=False)["n_at_risk"].sum().tolist() == [1, 2, 1]


@pytest.mark.parametrize("unit_days", [0, -1, 1.5, True])
def test_a_period_has_whole_days(unit_days):
    with pytest.raises(ParameterError, match="unit_days"):
        count_stretches(build_spells(a_company()), [], unit_days=unit_days)


@pytest.mark.parametrize("name", ["tenure_days", "is_ended", "end_reason"])
def test_the_outcome_cannot_explain_itself(name):
    with pytest.raises(LeakageError, match=f"{name} say how long"):
        guard_covariates(a_company(), ["plan", name])
