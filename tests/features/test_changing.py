"""Covariates that change: each day is explained by what held before it, held against a walk day by day."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ParameterError
from crm_research.features.changing import RECENT_DAYS, build_standing, build_stretches, changing_covariates
from crm_research.features.leakage import guard_no_lookahead
from crm_research.features.person_periods import count_stretches
from tests.builders import a_study, contracts

STARTED = pd.Timestamp("2024-01-01")
ATTRIBUTES = {"contract_states": {"plan": "category", "fee": "number"}, "contracts": {"plan": "category"}}


def states(*rows):
    """Rows of (contract_id, day of the contract, plan)."""
    frame = pd.DataFrame(rows, columns=["contract_id", "day", "plan"])
    frame["valid_from"] = STARTED + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(fee=10.0)


def complaints(*rows):
    """Rows of (customer_id, day)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    frame["opened_at"] = STARTED + pd.to_timedelta(frame.pop("day"), unit="D")
    frame["contact_id"] = [f"x{i}" for i in range(len(frame))]
    return frame.assign(kind="complaint")


def a_company(*, held=None, contacts=None, deals=None, as_of="2024-07-01", **options):
    deals = contracts(("ann", "2024-01-01", "2024-04-10", "price")) if deals is None else deals
    tables = {"contracts": deals}
    if held is not None:
        tables["contract_states"] = held
    if contacts is not None:
        tables["contacts"] = contacts
    return a_study(as_of=as_of, holdout_until="2024-12-31", attributes=ATTRIBUTES, **tables, **options)


def laid_out(study, *covariates, **options):
    built = build_stretches(study, covariates, **options)
    frame = built.execute().sort_values(["contract_id", "entry_days"])
    shown = frame[["entry_days", "tenure_days", "is_ended", *covariates]].astype(object)
    return [tuple(row) for row in shown.where(shown.notna(), None).to_numpy()]


def test_a_change_counts_from_the_next_day_and_only_the_last_stretch_ends():
    study = a_company(held=states(("k1", 0, "basic"), ("k1", 40, "plus")))
    assert laid_out(study, "plan") == [(0, 40, False, "basic"), (40, 100, True, "plus")]
    reasons = build_stretches(study, ["plan"]).execute().sort_values("entry_days")["end_reason"]
    assert reasons.isna().tolist() == [True, False]


def test_a_change_on_the_day_of_the_end_explains_nothing():
    study = a_company(held=states(("k1", 0, "basic"), ("k1", 100, "plus"), ("k1", 150, "flex")))
    assert laid_out(study, "plan") == [(0, 100, True, "basic")]


def test_before_the_first_state_nothing_is_known_whatever_the_contract_says_today():
    deals = contracts(("ann", "2024-01-01", "2024-04-10", None), plan=["flex"])
    study = a_company(held=states(("k1", 30, "basic")), deals=deals)
    assert laid_out(study, "plan") == [(0, 30, False, None), (30, 100, True, "basic")]


def test_a_contract_without_states_keeps_what_the_contracts_say():
    deals = contracts(("ann", "2024-01-01", None, None), ("bob", "2024-01-01", "2024-02-01", None), plan=["x", "flex"])
    study = a_company(held=states(("k1", 0, "basic")), deals=deals)
    assert laid_out(study, "plan") == [(0, 182, False, "basic"), (0, 31, True, "flex")]


def test_gaps_are_bridged_and_of_states_that_overlap_the_later_one_wins():
    held = states(("k1", 0, "basic"), ("k1", 20, "plus"), ("k1", 50, "flex"))
    held["valid_to"] = STARTED + pd.to_timedelta([80, 30, 60], unit="D")
    assert laid_out(a_company(held=held), "plan") == [
        (0, 20, False, "basic"), (20, 50, False, "plus"), (50, 100, True, "flex"),
    ]  # fmt: skip


def test_of_two_states_on_one_day_the_last_holds():
    held = states(("k1", 0, "basic"), ("k1", 20, "plus"), ("k1", 20, "flex"))
    held.loc[1, "valid_from"] += pd.Timedelta(hours=9)
    assert laid_out(a_company(held=held), "plan") == [(0, 20, False, "basic"), (20, 100, True, "plus")]


def test_late_entry_begins_with_what_held_then():
    deals = contracts(("ann", "2024-01-01", "2024-04-10", None)).assign(observed_from="2024-02-10")
    held = states(("k1", -5, "basic"), ("k1", 10, "plus"), ("k1", 40, "flex"), ("k1", 60, "basic"))
    assert laid_out(a_company(held=held, deals=deals), "plan") == [(40, 60, False, "flex"), (60, 100, True, "basic")]


def test_states_from_after_as_of_are_not_known():
    held = states(("k1", 0, "basic"), ("k1", 20, "plus"))
    assert laid_out(a_company(held=held, as_of="2024-01-11"), "plan") == [(0, 10, False, "basic")]


def test_neighbours_that_are_alike_are_one_stretch():
    held = states(("k1", 0, "basic"), ("k1", 20, "basic"), ("k1", 40, "plus"))
    assert laid_out(a_company(held=held), "plan") == [(0, 40, False, "basic"), (40, 100, True, "plus")]


@pytest.mark.slow
def test_an_end_on_the_first_day_stays_one_row():
    deals = contracts(("ann", "2024-01-01", "2024-01-01", None))
    assert laid_out(a_company(held=states(("k1", 0, "basic")), deals=deals), "plan") == [(0, 0, True, "basic")]


def test_a_complaint_counts_from_the_next_day_for_ninety_days():
    deals = contracts(("ann", "2024-01-01", "2024-06-29", None))
    study = a_company(contacts=complaints(("ann", 10), ("bob", 50)), deals=deals)
    assert laid_out(study, "recent_complaint") == [
        (0, 10, False, False), (10, 100, False, True), (100, 180, True, False),
    ]  # fmt: skip


def test_complaints_run_into_each_other_and_older_ones_reach_into_the_contract():
    deals = contracts(("ann", "2024-01-01", "2024-06-29", None))
    study = a_company(contacts=complaints(("ann", -30), ("ann", 40), ("ann", 60)), deals=deals)
    assert laid_out(study, "recent_complaint") == [(0, 150, False, True), (150, 180, True, False)]


def test_today_is_what_holds_for_tomorrow():
    deals = contracts(("ann", "2024-01-01", None, None), ("bob", "2024-01-01", "2024-02-01", None))
    held = states(("k1", 0, "basic"), ("k1", 182, "plus"), ("k1", 190, "flex"))
    study = a_company(held=held, contacts=complaints(("ann", 182 - RECENT_DAYS)), deals=deals)
    now = build_standing(study, ["plan", "recent_complaint"]).execute()
    assert now[["contract_id", "entry_days", "tenure_days"]].to_numpy().tolist() == [["k1", 0, 182]]
    assert now["plan"].tolist() == ["plus"]
    assert not now["recent_complaint"].iloc[0]


def test_what_may_change_is_listed_and_an_unknown_name_is_offered_the_known():
    study = a_company(held=states(("k1", 0, "basic")), contacts=complaints(("ann", 1)))
    assert changing_covariates(study) == {"plan": "category", "fee": "number", "recent_complaint": "flag"}
    with pytest.raises(ParameterError, match=r"'recent_complain'.*'recent_complaint'"):
        build_stretches(study, ["recent_complain"])


def test_stretches_read_the_past_alone():
    held = states(("k1", 0, "basic"), ("k1", 50, "plus"), ("k2", 0, "basic"), ("k2", 250, "plus"))
    deals = contracts(("ann", "2024-01-01", "2024-11-01", None), ("bob", "2024-01-01", None, None))
    study = a_company(held=held, contacts=complaints(("ann", 10), ("ann", 200)), deals=deals)
    check = guard_no_lookahead(lambda at: build_stretches(at, ["plan", "recent_complaint"]), study)
    assert check.n_rows_ahead == 2


def test_a_month_in_which_a_contract_changes_is_counted_once():
    study = a_company(held=states(("k1", 0, "basic"), ("k1", 40, "plus"), ("k1", 45, "flex"), ("k1", 95, "basic")))
    counted = count_stretches(build_stretches(study, ["plan"]), ["plan"], unit_days=30).execute()
    found = counted.sort_values("first_period")[["plan", "first_period", "last_period", "n_ended"]].to_numpy().tolist()
    assert found == [["basic", 0, 0, 0], ["flex", 1, 2, 0], ["basic", 3, 3, 1]]


def own_scores(study):
    """An own covariate that changes: 1 from the day of the start, 2 from the tenth day on."""
    deals = study.table("contracts")
    first = deals.select("contract_id", valid_from=deals.started_at, score=1)
    later = deals.select("contract_id", valid_from=deals.started_at + pd.Timedelta(days=10), score=2)
    return first.union(later)


def test_own_covariates_may_change_too():
    assert laid_out(a_company(), "score", extra=own_scores) == [(0, 10, False, 1), (10, 100, True, 2)]


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(st.tuples(st.integers(-3, 70), st.sampled_from("ab")), max_size=5, unique_by=lambda m: m[0]),
    opened=st.lists(st.integers(-120, 70), max_size=3),
    entry=st.integers(0, 20),
    tenure=st.integers(0, 60),
)
@pytest.mark.slow
def test_every_day_is_explained_by_what_held_before_it(moves, opened, entry, tenure):
    ended = STARTED + pd.Timedelta(days=entry + tenure)
    deals = contracts(("ann", "2024-01-01", str(ended.date()), None), plan=["own"])
    deals = deals.assign(observed_from=STARTED + pd.Timedelta(days=entry))
    study = a_company(
        held=states(*[("k1", day, plan) for day, plan in moves], ("k9", 0, "z")),
        contacts=complaints(*[("ann", day) for day in opened], ("zoe", 0)),
        deals=deals,
    )
    found = laid_out(study, "plan", "recent_complaint")
    assert found[0][0] == entry
    assert found[-1][1] == entry + tenure
    assert [row[2] for row in found] == [False] * (len(found) - 1) + [True]
    assert all(one[1] == other[0] for one, other in pairwise(found))
    for begin, until, _, plan, recent in found:
        assert until > begin or tenure == 0
        for day in range(begin + 1, until + 1):
            before = [state for since, state in sorted(moves) if since < day]
            assert plan == (before[-1] if before else None if moves else "own")
            assert recent == any(since < day <= since + RECENT_DAYS for since in opened)


def test_instants_and_numbers_survive():
    study = a_company(held=states(("k1", 0, "basic")).assign(fee=np.pi))
    assert laid_out(study, "fee")[0][3] == pytest.approx(np.pi)
    assert study.as_of == datetime(2024, 7, 1)
