"""Drafts of files that hold lengths of time, codes of ends, stretches or bills, and no dates of contracts."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.drafts.events import read_ending
from crm_research.sources.drafts.look import ColumnLook
from crm_research.sources.drafts.units import as_interval, unit_of, unit_signs
from crm_research.sources.opening import open_study
from tests.sources.files import held


def _drafted(folder, text: str, name: str = "records.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    draft = draft_study("mine", [folder / name], beside=folder)
    (folder / "mine.yaml").write_text(draft.text, encoding="utf-8")
    return draft, open_study(folder / "mine.yaml")


def _spells(study) -> list[tuple[int, bool]]:
    rows = study.table("contracts").order_by("contract_id").execute()
    days = (study.as_of - rows["started_at"]).dt.days
    return list(zip(days, rows["ended_at"].notna(), strict=True))


def _column(name: str, *values: str, **more) -> ColumnLook:
    numbers = [value.replace(".", "", 1).lstrip("-").isdigit() for value in values]
    is_number = all(numbers)
    floats = [float(value) for value in values] if is_number else [None]
    given = {
        "n": len(values),
        "n_rows": len(values),
        "n_distinct": len(set(values)),
        "is_number": is_number,
        "is_whole": is_number and all(value == int(value) for value in floats),
        "is_time": False,
        "low": min(floats),
        "high": max(floats),
        "values": tuple(dict.fromkeys(values)),
    }
    return ColumnLook(name=name, **(given | more))


def test_weeks_and_an_arrest_without_any_number(tmp_path):
    draft, study = _drafted(tmp_path, "week,arrest,fin,age\n20,1,0,27\n17,1,0,18\n52,0,1,19\n52,0,1,19\n")
    assert _spells(study) == [(140, True), (119, True), (364, False), (364, False)]
    assert study.table("contracts").customer_id.nunique().execute() == 4
    assert "followed from the start" in draft.text
    assert (study.table("contracts").observed_from == study.table("contracts").started_at).all().execute()
    assert any("dates are counted back" in caveat for caveat in study.caveats)


def test_a_churn_flag_is_a_snapshot_that_may_lack_early_leavers(tmp_path):
    text = "CustomerId,Geography,Tenure,Balance,Exited\n" + "".join(
        f"{15000 + i},France,{i % 11},{100.5 * i},{i % 2}\n" for i in range(40)
    )
    draft, study = _drafted(tmp_path, text)
    assert "observed_from" not in study.table("contracts").columns
    assert "taken as years before as_of; if not, write to_days, to_months" in draft.text
    assert max(days for days, _ in _spells(study)) in {3652, 3653}


def test_a_number_of_calls_to_customer_service_is_no_customer(tmp_path):
    head = "account_length,international_plan,number_customer_service_calls,total_day_charge,churn\n"
    rows = "".join(
        f"{1 + i % 240},{'yes' if i % 3 else 'no'},{i % 9},{i / 7:.2f},{'no' if i % 5 else 'yes'}\n" for i in range(300)
    )
    draft, study = _drafted(tmp_path, head + rows)
    assert "contract_id: row_number" in draft.text
    assert study.table("contracts").contract_id.nunique().execute() == 300


def test_a_tenure_with_its_unit_behind_it_is_read(tmp_path):
    draft, study = _drafted(tmp_path, "customerID,tenure,Churn\na,1 month,Yes\nb,12 months,No\nc,24 months,No\n")
    assert "signs: [months, month]" in draft.text
    assert [round(days / 30.4) for days, _ in _spells(study)] == [1, 12, 24]


def test_codes_of_several_ends_are_reasons_that_compete(tmp_path):
    draft, study = _drafted(tmp_path, "id,time,status,age\n1,400,2,58\n2,4500,0,56\n3,1012,1,70\n")
    assert held(study, "contracts", "contract_id", "end_reason") == [("1", "status 2"), ("2", None), ("3", "status 1")]
    assert "give the codes their names" in draft.text


def test_what_is_known_only_of_ends_is_their_reason_and_what_repeats_them_is_left_out(tmp_path):
    text = "customer_id,tenure_months,churn_value,churn_label,churn_reason,region\n"
    text += "a,3,1,Yes,price,N\nb,12,0,No,,N\nc,7,1,Yes,move,S\nd,30,0,No,,S\n"
    _, study = _drafted(tmp_path, text)
    assert held(study, "contracts", "end_reason") == [("move",), ("price",), (None,), (None,)]
    assert set(study.attributes_of("contracts")) == {"region"}


def test_stretches_become_contracts_with_what_changes(tmp_path):
    text = "id,start,stop,event,age,transplant\n1,0,50,1,40,0\n2,0,36,0,51,0\n2,36,90,1,51,1\n3,5,200,0,60,0\n"
    _, study = _drafted(tmp_path, text)
    assert _spells(study) == [(50, True), (90, True), (200, False)]
    entry = study.table("contracts").order_by("contract_id").execute()
    assert (entry["observed_from"] - entry["started_at"]).dt.days.tolist() == [0, 0, 5]
    assert dict(study.attributes_of("contract_states")) == {"transplant": "flag"}
    states = study.table("contract_states").filter(lambda t: t.contract_id == "2").order_by("valid_from").execute()
    assert (study.as_of - states["valid_from"]).dt.days.tolist() == [90, 54]
    assert "transplant" not in study.attributes_of("contracts")


def test_ends_that_recur_are_contracts_one_after_the_other(tmp_path):
    _, study = _drafted(tmp_path, "id,tstart,tstop,status\n1,0,219,1\n1,219,373,1\n1,373,414,0\n2,0,100,0\n")
    rows = study.table("contracts").order_by("contract_id").execute()
    assert rows["customer_id"].tolist() == ["1", "1", "1", "2"]
    ends = rows["ended_at"].fillna(pd.Timestamp(study.as_of))
    assert (ends - rows["started_at"]).dt.days.tolist() == [219, 154, 41, 100]
    assert rows["ended_at"].notna().tolist() == [True, True, False, False]


def test_bills_of_subscriptions_are_contracts_that_end_when_no_bill_comes(tmp_path):
    rows = [("s1", f"2024-{month:02d}-05") for month in range(1, 13)] + [
        ("s2", f"2024-{m:02d}-11") for m in range(1, 6)
    ]
    text = "invoice_number,customer_id,subscription_id,created,plan,amount\n"
    text += "".join(f"i{i},c{s},{s},{day},Team,{99 if i else 29}\n" for i, (s, day) in enumerate(rows))
    draft, study = _drafted(tmp_path, text, "bills.csv")
    found = study.table("contracts").order_by("contract_id").execute()
    assert found["ended_at"].astype(str).tolist() == ["NaT", "2024-06-11"]
    assert found["fee"].tolist() == [29.0, 99.0]
    assert "bills come every month" in draft.text
    # Moved back, the study still holds the end that came afterwards.
    earlier = open_study(tmp_path / "mine.yaml", as_of="2024-05-20")
    assert earlier.table("contracts").ended_at.count().execute() == 1


def test_orders_at_odd_distances_are_no_subscriptions(tmp_path):
    days = ["2024-01-01", "2024-01-04", "2024-03-01", "2024-03-02", "2024-07-09", "2024-12-01"]
    text = "order_id,customer_id,contract_no,date,amount\n" + "".join(
        f"{i},c{i % 2},k{i % 2},{day},5.5\n" for i, day in enumerate(days)
    )
    draft, _ = _drafted(tmp_path, text, "orders.csv")
    assert [table for table, *_ in draft.guesses] == ["orders"]


@pytest.mark.parametrize(
    ("name", "values", "ended"),
    [
        ("Churn", ("Yes", "No"), ("Yes",)),
        ("Attrition_Flag", ("Existing Customer", "Attrited Customer"), ("Attrited Customer",)),
        ("status", ("1", "2"), ("2",)),
        ("event", ("0", "1"), ("1",)),
        ("censored", ("0", "1"), ("0",)),
        ("is_active", ("yes", "no"), ("no",)),
        ("status", ("active", "closed"), ("closed",)),
        ("是否流失", ("是", "否"), ("是",)),
        ("status", ("0", "1", "2"), ("1", "2")),
        ("status", ("open", "blue"), None),
        ("event", ("1.5", "2"), None),
        ("event", ("1", "1"), None),
    ],
)
def test_which_value_is_an_end(name, values, ended):
    found = read_ending(_column(name, *values))
    assert (None if found is None else found.ended) == ended


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("week", ("1", "52"), "weeks"),
        ("在网月数", ("1", "90"), "months"),
        ("YearsAtCompany", ("0", "40"), "years"),
        ("tenure", ("0", "72"), "months"),
        ("tenure", tuple(str(n) for n in range(11)), "years"),
        ("time", ("8", "3329"), "days"),
        ("time", ("0.6", "2.2", "3.5", "7.4", "10.7"), "years"),
        ("Dauer", ("3 Jahre", "12 Jahre"), "years"),
    ],
)
def test_the_unit_is_named_or_follows_from_the_size(name, values, unit):
    assert unit_of(_column(name, *values)).name == unit


def test_units_that_differ_are_no_sign_to_take_off():
    assert unit_signs(["12 months", "1 month"]) == ["months", "month"]
    assert unit_signs(["12 months", "2 years"]) == []
    assert unit_signs(["12 apples"]) == []
    assert unit_signs([]) == []


def test_parts_of_a_month_are_counted_in_days():
    whole = unit_of(_column("months", "1", "30"))
    parts = unit_of(_column("months", "1.5", "30"))
    assert as_interval("m", whole) == "to_months(cast(round(m) as integer))"
    assert as_interval("m", parts) == "to_days(cast(round(30.4375 * m) as integer))"


@pytest.mark.parametrize(("codes", "ended"), [("10", "1"), (("离网", "在网"), "离网"), (("死亡", "删失"), "死亡")])
def test_durations_with_chinese_headers(tmp_path, codes, ended):
    rows = "".join(f"H{i:03},{10 + 3 * i},{codes[i % 2]},{'男女'[i // 2 % 2]}\n" for i in range(8))
    draft, study = _drafted(tmp_path, "合同号,天数,状态,性别\n" + rows)
    assert _spells(study) == [(10 + 3 * i, i % 2 == 0) for i in range(8)]
    assert f"状态 = {ended} is taken as ended" in draft.text
    assert study.attributes_of("contracts") == {"性别": "category"}


@pytest.mark.parametrize("word", ["cens", "censored", "delta", "event", "dead", "failed", "churned", "状态"])
@pytest.mark.parametrize("number", ["", "id,"])
def test_one_stretch_for_each_with_its_entry_exit_and_outcome(tmp_path, word, number):
    ended = "0" if word.startswith("cens") else "1"
    rows = "".join(
        f"{f'{i + 1},' if number else ''}{i},{40 + 5 * i},{40 + 4 * i},{i % 2},{'mf'[i // 2 % 2]}\n" for i in range(9)
    )
    draft, study = _drafted(tmp_path, f"{number}entry,exit,time in days,{word},sex\n" + rows)
    assert f"= {ended} is taken as ended" in draft.text
    assert ("in some files 1 is the end" in draft.text) == word.startswith("cens")
    held = study.table("contracts").execute().sort_values("started_at", ascending=False)
    assert held["ended_at"].notna().tolist() == [str(i % 2) == ended for i in range(9)]
    assert study.attributes_of("contracts") == {"sex": "category"}
    assert draft.text.index("observed_from") < draft.text.index("exit - entry")


def test_lines_offered_for_contracts_use_all_columns_that_would_do(tmp_path):
    text = "opened,closed,why\n2024-01-03,2024-04-05,price\n2024-01-03,,\n2024-02-07,,\n"
    with pytest.raises(StudyError, match="started_at: opened, ended_at: closed, end_reason: why}"):
        _drafted(tmp_path, text)
