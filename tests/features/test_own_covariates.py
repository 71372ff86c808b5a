"""Covariates of a reader's own making: those that know too much are refused in words, honest ones pass."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import LeakageError, ParameterError
from crm_research.features.leakage import guard_history
from crm_research.features.own_covariates import guard_known_ends, guard_own_covariates, pick_instants
from crm_research.features.spells import build_spells
from crm_research.features.window import known_rows
from tests.builders import a_study
from tests.churn.worlds import START, a_world


def a_company(n: int = 200, **changes):
    rng = np.random.default_rng(3)
    deals = a_world(n).assign(**changes)
    contacts = pd.DataFrame(
        {
            "contact_id": [f"x{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "opened_at": START + pd.to_timedelta(rng.integers(0, 1400, n), unit="D"),
            "kind": "complaint",
        }
    )
    return a_study(as_of="2023-06-01", holdout_until="2024-01-01", contracts=deals, contacts=contacts)


def _flagged(study, contacts):
    who = contacts.select("customer_id").distinct()
    both = known_rows(study, "contracts").left_join(who, "customer_id")
    return both.select("contract_id", has_complained=both.customer_id_right.notnull())  # noqa: PD004 - Ibis


def ever_complained(study):
    return _flagged(study, known_rows(study, "contacts"))


def ever_complained_reading_the_whole_table(study):
    return _flagged(study, study.table("contacts"))


def only_those_who_complained(study):
    return ever_complained(study).filter(lambda t: t.has_complained)


def tenure_in_the_end(study):
    deals = study.table("contracts")
    known = known_rows(study, "contracts").select("contract_id")
    return deals.semi_join(known, "contract_id").select("contract_id", year_of_end=deals.ended_at.year())


def complained_written_back(study):
    flagged = ever_complained(study)
    deals = known_rows(study, "contracts")
    return deals.join(flagged, "contract_id").select("contract_id", "has_complained", valid_from=deals.started_at)


def complained_since(study):
    deals = known_rows(study, "contracts")
    never = deals.select("contract_id", valid_from=deals.started_at, has_complained=ibis.literal(value=False))
    both = deals.join(known_rows(study, "contacts").select("customer_id", "opened_at"), "customer_id")
    since = both.select("contract_id", valid_from="opened_at", has_complained=ibis.literal(value=True))
    return never.union(since.filter(since.valid_from > ibis.timestamp("2020-01-01")))


def length_of_the_name(study):
    deals = known_rows(study, "contracts")
    return deals.select("contract_id", letters=deals.customer_id.length())


@pytest.mark.parametrize("build", [ever_complained, only_those_who_complained])
def test_ever_complained_may_not_stand_for_a_contract_from_its_start(build):
    study = a_company()
    with pytest.raises(LeakageError, match=r"complained: has_complained .* changed between .* contract_states"):
        guard_own_covariates(study, build, pick_instants(study))


def test_the_same_is_found_without_records_from_after_as_of():
    study = a_company()
    past = study.standing_at(study.as_of)
    past = replace(past, tables={t: known_rows(past, t) for t in past.tables})
    with pytest.raises(LeakageError, match="has_complained"):
        guard_own_covariates(past, ever_complained_reading_the_whole_table, pick_instants(past))


def test_what_reads_the_future_is_refused():
    study = a_company()
    with pytest.raises(LeakageError, match=r"tenure_in_the_end reads what was not known at as_of.*year_of_end"):
        guard_own_covariates(study, tenure_in_the_end, pick_instants(study))


def test_a_history_written_back_is_refused():
    study = a_company()
    with pytest.raises(LeakageError, match=r"complained_written_back writes history back.*in has_complained"):
        guard_own_covariates(study, complained_written_back, pick_instants(study))


def test_honest_ones_pass():
    study = a_company()
    instants = pick_instants(study)
    assert guard_own_covariates(study, complained_since, instants) == ("has_complained",)
    assert guard_own_covariates(study, length_of_the_name, instants) == ("letters",)
    guard_history(
        complained_since, study, table="contracts", key="contract_id", since="valid_from", instants=instants
    )  # fmt: skip


def test_the_instants_lie_among_the_spells():
    study = a_company()
    instants = pick_instants(study)
    assert len(instants) == 4
    assert min(instants) > START
    assert max(instants) < study.as_of
    starts = known_rows(study, "contracts").started_at.execute()
    assert (starts < instants[0]).mean() == pytest.approx(0.25, abs=0.02)


def test_all_contracts_of_one_day_leave_the_middle_of_the_time_since():
    study = a_company(started_at=START)
    assert [when.date().isoformat() for when in pick_instants(study)] == ["2020-01-01", "2021-09-15"]
    with pytest.raises(LeakageError, match="has_complained"):
        guard_own_covariates(study, ever_complained, pick_instants(study))


def test_a_builder_of_the_wrong_shape_is_told_what_to_make():
    study = a_company()
    with pytest.raises(ParameterError, match="at least one more column"):
        guard_own_covariates(study, lambda at: known_rows(at, "contracts").select("contract_id"), [])
    twice = lambda at: length_of_the_name(at).union(length_of_the_name(at))  # noqa: E731
    with pytest.raises(ParameterError, match=r"makes 171 rows more .*valid_from"):
        guard_own_covariates(study, twice, [])
    with pytest.raises(LeakageError, match="is_ended"):
        guard_own_covariates(study, lambda at: build_spells(at).select("contract_id", "is_ended"), [])


def test_a_column_filled_at_the_end_is_refused_and_one_filled_at_random_is_not():
    rows = a_world(200)
    over = rows["ended_at"] < "2023-06-01"
    told = np.where(over, "moved house", None)
    some = np.where(np.arange(200) % 3 == 0, "x", None)
    study = a_study(
        as_of="2023-06-01",
        contracts=rows.assign(last_call=told, campaign=some),
        attributes={"contracts": {"last_call": "category", "campaign": "category"}},
    )
    guard_known_ends(build_spells(study), ["plan", "campaign"])
    with pytest.raises(LeakageError, match=r"^last_call: filled in for contracts that ended and for none of those"):
        guard_known_ends(build_spells(study), ["plan", "last_call", "campaign"])
