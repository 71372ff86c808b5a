"""Contracts that go on in each other, by hand and against the whole of a file."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import ibis
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.contracts.checks import check_study
from crm_research.errors import StudyError
from crm_research.features.joined import join_contracts, rename_joined
from crm_research.features.window import known_rows, outcome_rows
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.figures import key_figures
from crm_research.pillars.churn.curves.words import answer
from crm_research.study import Continuation
from tests.builders import a_study, contracts

CASE = Path(__file__).parents[1] / "cases" / "08-plan-change-pause"
WEEK = Continuation(within_days=7)


def joined(rule: Continuation, *rows, as_of: str = "2024-07-01", **extra) -> pd.DataFrame:
    study = replace(a_study(as_of=as_of, contracts=contracts(*rows, **extra)), continuation=rule)
    found = known_rows(study, "contracts").order_by("contract_id").to_pandas()
    return found.assign(**{name: found[name].dt.strftime("%m-%d") for name in ("started_at", "ended_at")})


def test_seven_days_are_within_seven_days_and_eight_are_not():
    rows = [("c", "2024-01-01", "2024-01-10", "moved"), ("c", "2024-01-17", "2024-02-01", "price")]
    one = joined(WEEK, *rows)
    assert one[["contract_id", "started_at", "ended_at", "end_reason"]].to_numpy().tolist() == [
        ["k1", "01-01", "02-01", "price"]
    ]
    assert joined(Continuation(within_days=6), *rows)["contract_id"].tolist() == ["k1", "k2"]
    late = [rows[0], ("c", "2024-01-18", None, None)]
    assert joined(WEEK, *late)["contract_id"].tolist() == ["k1", "k2"]


def test_hours_of_the_day_do_not_matter():
    rows = [("c", "2024-01-01 08:00", "2024-01-10 00:30", None), ("c", "2024-01-17 23:00", "2024-02-01 12:00", None)]
    assert len(joined(WEEK, *rows)) == 1


def test_a_run_that_still_goes_on_has_no_end_and_no_reason():
    found = joined(WEEK, ("c", "2024-01-01", "2024-02-01", "changed plan"), ("c", "2024-02-01", None, None))
    assert len(found) == 1
    assert found["ended_at"].isna().item()
    assert found["end_reason"].isna().item()


def test_an_end_that_is_none_waits_for_the_next_contract_whenever_it_comes():
    rule = Continuation(within_days=0, after=("paused",))
    rows = [("c", "2023-01-01", "2023-02-01", "paused"), ("c", "2023-12-01", "2024-01-01", "left")]
    assert joined(rule, *rows)[["started_at", "ended_at", "end_reason"]].to_numpy().tolist() == [
        ["01-01", "01-01", "left"]
    ]
    # Without a next one it has not ended.
    assert joined(rule, rows[0])["ended_at"].isna().item()
    # After a true end a later contract is a new one, though an earlier end was none.
    again = joined(rule, *rows, ("c", "2024-03-01", None, None))
    assert again["contract_id"].tolist() == ["k1", "k3"]


def test_contracts_side_by_side_are_one_and_other_customers_and_nobodys_are_not():
    rows = [
        ("a", "2024-01-01", "2024-06-01", None),
        ("a", "2024-02-01", "2024-03-01", None),  # within the first: the end is the later one
        ("b", "2024-03-02", None, None),
        (None, "2024-01-01", "2024-01-05", None),
        (None, "2024-01-05", None, None),
    ]
    found = joined(WEEK, *rows)
    assert found["contract_id"].tolist() == ["k1", "k3", "k4", "k5"]
    assert found["ended_at"].iloc[0] == "06-01"


def test_what_came_after_as_of_joins_nothing():
    rows = [("c", "2024-01-01", "2024-06-29", "moved"), ("c", "2024-07-03", None, None)]
    then = joined(WEEK, *rows, as_of="2024-07-01")
    assert then[["contract_id", "ended_at"]].to_numpy().tolist() == [["k1", "06-29"]]
    assert joined(WEEK, *rows, as_of="2024-07-04")["ended_at"].isna().tolist() == [True]


def test_a_change_of_plan_in_the_holdout_is_no_new_contract():
    frame = contracts(("c", "2024-01-01", "2024-08-01", None), ("c", "2024-08-01", None, None))
    study = a_study(as_of="2024-07-01", holdout_until="2024-12-31", contracts=frame)
    assert int(outcome_rows(study, "contracts").count().execute()) == 1
    assert int(outcome_rows(replace(study, continuation=WEEK), "contracts").count().execute()) == 0


def test_plan_and_fee_are_those_of_the_first_contract():
    rows = [("c", "2024-01-01", "2024-02-01", None), ("c", "2024-02-01", None, None)]
    found = joined(WEEK, *rows, plan=["basic", "plus"], fee=[10.0, 20.0])
    assert found[["plan", "fee"]].to_numpy().tolist() == [["basic", 10.0]]


def test_states_stand_under_the_joined_contract():
    frame = contracts(("c", "2024-01-01", "2024-02-01", None), ("c", "2024-02-01", None, None))
    states = pd.DataFrame(
        {"contract_id": ["k1", "k2"], "valid_from": ["2024-01-01", "2024-02-01"], "valid_to": ["2024-02-01", None]}
    )
    study = replace(a_study(contracts=frame, contract_states=states), continuation=WEEK)
    assert known_rows(study, "contract_states").to_pandas()["contract_id"].tolist() == ["k1", "k1"]


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_the_join_is_one_query_of_every_engine(dialect):
    columns = {"contract_id": "string", "customer_id": "string", "started_at": "timestamp", "ended_at": "timestamp"}
    table = ibis.table({**columns, "end_reason": "string"}, name="contracts")
    rule = Continuation(within_days=7, after=("paused",))
    states = ibis.table({"contract_id": "string", "valid_from": "timestamp"}, name="contract_states")
    for expression in (join_contracts(table, rule), rename_joined(states, table, rule)):
        assert "OVER" in str(ibis.to_sql(expression, dialect=dialect))


def test_contracts_without_ends_are_left_as_they_are():
    study = a_study(contracts=contracts(("c", "2024-01-01", None, None)).drop(columns=["ended_at", "end_reason"]))
    assert known_rows(replace(study, continuation=WEEK), "contracts").columns == study.table("contracts").columns


# Of the file: Kaplan-Meier in R over its rows, and over one row a customer with pauses and changes joined.
def test_the_file_by_row_and_by_customer_has_the_right_values():
    by_row, by_customer = (describe_churn(open_study(CASE / name)) for name in ("study.yaml", "joined.yaml"))
    assert by_row.survival.at(365.25)["survival"].item() == pytest.approx(0.2054, abs=5e-5)
    assert by_row.survival.medians["median_days"].item() == 160
    assert by_customer.survival.at(365.25)["survival"].item() == pytest.approx(0.497, abs=5e-4)
    assert by_customer.survival.medians["median_days"].item() == 364
    assert by_customer.setting.n_contracts == 400


@pytest.mark.slow
def test_the_headline_names_the_other_reading():
    by_row, by_customer = (describe_churn(open_study(CASE / name)) for name in ("study.yaml", "joined.yaml"))
    assert answer(by_row)[0].endswith(
        " If contracts that the same customer began within 7 days were joined, half would have ended after 9 months."
    )
    assert answer(by_customer)[0].endswith(
        " If each contract were counted by itself, as recorded, half would have ended after 5 months."
    )
    assert [figure.label for figure in key_figures(by_row)][:2] == [
        "Median tenure, each contract by itself",
        "Still there after 12 months, each contract by itself",
    ]
    assert key_figures(by_customer)[0].label == "Median tenure, contracts that go on joined"
    unit = by_customer.setting.estimand().set_index("part")["definition"]["Unit"]
    assert "begins within 7 days after it ended, or while it runs or follows an end for 'upgraded' or 'paused'" in unit


def test_check_finds_it_with_the_mend_and_is_silent_once_the_study_has_said():
    found = [one for one in check_study(open_study(CASE / "study.yaml")).warnings if one.rule == "goes-on"]
    assert len(found) == 1
    assert (found[0].n_bad, found[0].n_checked) == (246, 579)
    assert "upgraded" in found[0].examples[0]
    assert "continues_within: 7 days" in found[0].mend
    assert "goes-on" not in {one.rule for one in check_study(open_study(CASE / "joined.yaml")).failed}


def broken(*rows) -> set[str]:
    return {one.rule for one in check_study(a_study(contracts=contracts(*rows))).failed}


def test_a_few_who_come_back_at_once_are_no_finding():
    rows = [(f"c{i}", "2024-01-01", "2024-02-01", None) for i in range(40)]
    few = [("c0", "2024-02-01", None, None), ("c1", "2024-02-01", None, None)]
    assert "goes-on" not in broken(*rows, *few)
    more = [*few, ("c2", "2024-02-01", None, None)]
    assert "goes-on" in broken(*rows, *more)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("continues_within: soon", "no number of days"),
        ("by: customer", "says whose contracts are joined, but not when"),
        ("continues_within: -1", "continues_within: must be 0 or more; found -1"),
    ],
)
def test_keys_that_make_no_sense_are_refused(tmp_path, line, told):
    text = (CASE / "study.yaml").read_text(encoding="utf-8").replace("contracts.csv", str(CASE / "contracts.csv"))
    path = tmp_path / "study.yaml"
    path.write_text(f"{text}    {line}\n", encoding="utf-8")
    with pytest.raises(StudyError, match=told):
        open_study(path)


def test_only_contracts_are_joined(tmp_path):
    (tmp_path / "o.csv").write_text("order_id,customer_id,ordered_at,revenue\n1,a,2024-01-01,5\n", encoding="utf-8")
    path = tmp_path / "study.yaml"
    head = "name: x\ncurrency: EUR\nas_of: 2024-07-01\ntables:\n  orders:\n    from: o.csv\n"
    path.write_text(f"{head}    continues_within: 7 days\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"tables\.orders\.continues_within: only contracts take continues_within"):
        open_study(path)


def test_two_weeks_are_fourteen_days(tmp_path):
    text = (CASE / "study.yaml").read_text(encoding="utf-8").replace("contracts.csv", str(CASE / "contracts.csv"))
    path = tmp_path / "study.yaml"
    path.write_text(f"{text}    continues_within: 2 weeks\n", encoding="utf-8")
    study = open_study(path, as_of=datetime(2024, 7, 1))
    assert study.continuation == Continuation(within_days=14)


@pytest.mark.postgres
def test_postgresql_joins_alike(postgres_url):
    study = open_study(CASE / "joined.yaml")
    backend = ibis.connect(os.path.expandvars(postgres_url))  # one that may write, to put the rows there
    table = study.table("contracts")
    moved = backend.create_table("contracts", table.to_pyarrow(), schema=table.schema(), overwrite=True)
    there = replace(study, tables={"contracts": moved})
    columns = ["contract_id", "customer_id", "started_at", "ended_at", "end_reason"]
    here, other = (known_rows(one, "contracts").order_by("contract_id").to_pandas()[columns] for one in (study, there))
    assert len(here) == 400
    pd.testing.assert_frame_equal(here, other, check_dtype=False)
    assert {one.rule for one in check_study(replace(there, continuation=None)).failed} >= {"goes-on"}
    backend.disconnect()
