"""Renewals counted in the engine, against a count by hand and against a loop over contracts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.renewals import count_end_offsets, count_renewals
from tests.builders import a_study, contracts


def read(study, **options):
    return count_renewals(study, **options).to_pandas()


def by_renewal(study, **options):
    sums = read(study, **options).groupby("renewal")[["n_up", "n_left"]].sum()
    return {int(renewal): (int(row["n_up"]), int(row["n_left"])) for renewal, row in sums.iterrows()}


FIVE_YEARS = contracts(
    ("ann", "2019-03-10", "2021-03-10", None),  # leaves at its second anniversary
    ("bob", "2019-03-10", None, None),  # comes to five renewals
    ("cy", "2020-02-29", "2021-02-28", None),  # a leap day's anniversary
    ("dee", "2023-09-01", "2024-03-01", None),  # its first anniversary has not come, nor counts its end
    ("eve", "2021-05-05", "2022-11-20", None),  # between two anniversaries: counts at the second
    ("fay", "2024-06-30", "2024-06-30", None),  # ended as it began, its first anniversary not come
)


def test_years_are_counted_by_hand():
    study = a_study(as_of="2024-07-01", contracts=FIVE_YEARS)
    assert by_renewal(study, period_months=12) == {1: (4, 1), 2: (3, 2), 3: (1, 0), 4: (1, 0), 5: (1, 0)}
    cohorts = read(study, period_months=12)
    assert cohorts["cohort"].dt.year.tolist() == [2019, 2019, 2019, 2019, 2019, 2020, 2021, 2021]
    assert cohorts.loc[cohorts["cohort"].dt.year == 2019, "n_up"].tolist() == [2, 2, 1, 1, 1]


def test_an_end_a_little_late_counts_at_its_renewal_once_it_is_settled():
    late = contracts(("ann", "2020-01-01", "2021-01-04", None), ("bob", "2020-01-01", None, None))
    study = a_study(as_of="2021-06-01", contracts=late)
    assert by_renewal(study, period_months=12) == {1: (2, 0)}
    assert by_renewal(study, period_months=12, slack_days=3) == {1: (2, 1)}
    # Two days after the renewal nobody can know yet who will have left within three.
    assert by_renewal(study.standing_at(pd.Timestamp("2021-01-03")), period_months=12, slack_days=3) == {}
    assert by_renewal(study.standing_at(pd.Timestamp("2021-01-04")), period_months=12, slack_days=3) == {1: (2, 1)}


def test_those_met_late_are_up_only_for_what_follows():
    met = contracts(("ann", "2018-01-01", None, None), ("bob", "2018-01-01", "2021-01-01", None))
    study = a_study(as_of="2022-06-01", contracts=met.assign(observed_from=["2019-07-01", "2020-01-01"]))
    assert by_renewal(study, period_months=12) == {2: (1, 0), 3: (2, 1), 4: (1, 0)}
    # Where ends may come at any time, ann's second year was seen in part only; bob's third began on the day.
    assert by_renewal(study, period_months=12, is_by_appointment=False) == {3: (2, 1), 4: (1, 0)}


def test_what_comes_after_as_of_is_not_known():
    study = a_study(as_of="2021-03-09", contracts=FIVE_YEARS)
    assert by_renewal(study, period_months=12) == {1: (3, 1)}


def test_groups_and_missing_ends():
    frame = contracts(("ann", "2023-01-15", None, None), ("bob", "2023-02-15", None, None)).drop(columns="ended_at")
    study = a_study(as_of="2023-04-20", contracts=frame.drop(columns="end_reason").assign(plan=["甲", None]))
    found = read(study, period_months=1, by="plan")
    assert found["n_left"].sum() == 0
    assert found.groupby("group")["n_up"].sum().to_dict() == {"not known": 2, "甲": 3}
    with pytest.raises(ParameterError, match="no column 'plann'"):
        count_renewals(study, period_months=1, by="plann")


@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
def test_periods_are_whole_months(bad):
    study = a_study(as_of="2023-04-20", contracts=FIVE_YEARS)
    with pytest.raises(ParameterError, match="period_months"):
        count_renewals(study, period_months=bad)
    with pytest.raises(ParameterError, match="slack_days"):
        count_renewals(study, period_months=1, slack_days=-1)


def anniversary(start: date, months: int) -> date:
    return (pd.Timestamp(start) + pd.DateOffset(months=months)).date()


def count_one_by_one(frame, as_of, months, slack, is_by_appointment):
    """The definition, contract by contract: each renewal whose day has come while the contract was watched."""
    found: dict[int, list[int]] = {}
    for row in frame.itertuples():
        start = row.started_at.date()
        end = None if pd.isna(row.ended_at) else row.ended_at.date()
        seen_from = start if pd.isna(row.observed_from) else max(row.observed_from.date(), start)
        if end is not None and end < seen_from:
            continue
        for renewal in range(1, 200):
            day, last = anniversary(start, months * renewal), anniversary(start, months * (renewal - 1))
            if day + timedelta(days=slack) > as_of:
                break
            begins_inside = seen_from > last if not is_by_appointment else False
            if seen_from < day and not begins_inside:
                has_left = end is not None and end <= day + timedelta(days=slack)
                counted = found.setdefault(renewal, [0, 0])
                counted[0] += 1
                counted[1] += has_left
                if has_left:
                    break
            elif end is not None and end <= day + timedelta(days=slack):
                break
    return {renewal: tuple(counts) for renewal, counts in sorted(found.items())}


@pytest.mark.parametrize("months", [1, 3, 12])
@pytest.mark.parametrize("slack", [0, 3])
@pytest.mark.parametrize("is_by_appointment", [True, False])
def test_a_loop_over_contracts_counts_the_same(months, slack, is_by_appointment):
    rng = np.random.default_rng(months + slack)
    n, as_of = 300, date(2024, 5, 31)
    start = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 1900, n), unit="D")
    end = start + pd.to_timedelta(rng.integers(0, 1500, n), unit="D")
    met = start + pd.to_timedelta(np.where(rng.random(n) < 0.3, rng.integers(0, 700, n), -5), unit="D")
    frame = pd.DataFrame({"started_at": start, "ended_at": end, "observed_from": met})
    frame = frame.loc[(frame["observed_from"] <= pd.Timestamp(as_of)) & (frame["started_at"] <= pd.Timestamp(as_of))]
    frame["ended_at"] = frame["ended_at"].where(frame["ended_at"] <= pd.Timestamp(as_of))
    frame = frame.assign(contract_id=[f"k{i}" for i in range(len(frame))], customer_id="c")
    study = a_study(as_of=as_of.isoformat(), contracts=frame)
    options = {"period_months": months, "slack_days": slack, "is_by_appointment": is_by_appointment}
    wanted = count_one_by_one(frame, as_of, months, slack, is_by_appointment)
    assert by_renewal(study, **options) == wanted


def test_offsets_are_days_from_the_nearest_anniversary():
    deals = contracts(
        ("ann", "2024-01-31", "2024-02-29", None),  # on the day
        ("bob", "2024-01-10", "2024-03-08", None),  # two days before the second
        ("cy", "2024-01-10", "2024-01-12", None),  # two days after the start
        ("dee", "2024-01-10", None, None),
    )
    found = count_end_offsets(a_study(as_of="2024-04-15", contracts=deals)).to_pandas()
    ended = found.loc[found["is_ended"], ["month", "offset_days"]]
    assert sorted(map(tuple, ended.to_numpy())) == [(0, 2), (1, 0), (2, -2)]
    assert found.loc[~found["is_ended"], ["month", "offset_days", "n_contracts"]].to_numpy().tolist() == [[3, 5, 1]]
