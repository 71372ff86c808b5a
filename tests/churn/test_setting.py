"""Which setting a study is, by which evidence, and what is said of odd contracts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.spells import count_spells
from crm_research.pillars.churn.detection import CONTINUOUS, NOTHING, ORDERS_ONLY, RENEWALS, SNAPSHOT, detect_setting
from crm_research.pillars.churn.setting import describe_setting
from crm_research.pillars.silent_churn.setting import explain_setting
from tests.builders import a_study, contracts, orders
from tests.churn.renewal_worlds import a_renewed_world
from tests.churn.worlds import a_world


def one_caution(study) -> str:
    (caution,) = detect_setting(study).cautions()
    return caution


@pytest.mark.parametrize("months", [1, 3, 12])
def test_ends_on_anniversaries_are_renewals(months):
    study = a_study(as_of="2024-01-01", contracts=a_renewed_world(800, months=months, late_days=2))
    detection = detect_setting(study)
    assert (detection.kind, detection.period_months) == (RENEWALS, months)
    row = detection.evidence.set_index("period_months").loc[months]
    assert row["near_share"] == 1.0
    assert row["lower"] > 0.98
    assert row["chance_share"] == pytest.approx(7 / (months * 30.4375))
    assert "They end when a renewal is due" in detection.explain()
    assert detection.cautions() == []


def test_ends_at_any_time_are_not():
    detection = detect_setting(a_study(as_of="2024-01-01", contracts=a_world(1500)))
    assert (detection.kind, detection.period_months) == (CONTINUOUS, None)
    row = detection.evidence.iloc[0]
    assert row["lower"] < row["chance_share"] < row["upper"]
    assert "They end at any time" in detection.explain()


def test_a_mixture_of_both_is_said():
    both = pd.concat([a_renewed_world(800), a_world(800).assign(contract_id=lambda t: "m" + t["contract_id"])])
    detection = detect_setting(a_study(as_of="2024-01-01", contracts=both))
    assert detection.period_months is None
    assert "some contracts seem to be renewed then" in detection.explain()


def test_tenure_written_in_whole_months_is_no_renewal():
    """Starts reckoned back from as_of by whole months: those who run on stand at an anniversary as well."""
    world = a_world(900)
    months = (pd.Timestamp("2024-01-01") - world["started_at"]).dt.days // 30
    started = [pd.Timestamp("2024-01-01") - pd.DateOffset(months=int(n)) for n in months]
    ended = [
        s + pd.DateOffset(months=int(n) // 2) if n % 3 == 0 else pd.NaT for s, n in zip(started, months, strict=True)
    ]
    detection = detect_setting(a_study(as_of="2024-01-01", contracts=world.assign(started_at=started, ended_at=ended)))
    assert (detection.kind, detection.period_months, detection.is_whole_periods) == (CONTINUOUS, 1, True)
    assert "whole periods of one month only" in detection.explain()


def test_one_date_of_all_ends_is_a_snapshot():
    world = a_world(300)
    ended = pd.Series(pd.NaT, index=world.index).mask(world["ended_at"].notna(), pd.Timestamp("2023-12-31"))
    detection = detect_setting(a_study(as_of="2024-01-01", contracts=world.assign(ended_at=ended)))
    assert detection.kind == SNAPSHOT
    assert "All ends bear one date" in detection.explain()


@pytest.mark.slow
def test_a_snapshot_followed_from_the_start_lacks_nobody():
    """Durations without dates, counted back: observed_from says that nobody was dropped."""
    world = a_world(300)
    ended = pd.Series(pd.NaT, index=world.index).mask(world["ended_at"].notna(), pd.Timestamp("2023-12-31"))
    snapshot = world.assign(ended_at=ended)

    def setting_of(frame):
        study = a_study(as_of="2024-01-01", contracts=frame)
        return describe_setting(study, count_spells(study).to_pandas())

    bare, followed = setting_of(snapshot), setting_of(snapshot.assign(observed_from=snapshot["started_at"]))
    assert bare.may_lack_early_leavers
    assert "say so by observed_from" in bare.cautions()[0]
    assert followed.is_snapshot
    assert not followed.may_lack_early_leavers
    assert not any("early leavers" in caution or "left truncation" in caution for caution in followed.cautions())
    some = snapshot.assign(observed_from=snapshot["started_at"].where(snapshot.index > 0))
    assert setting_of(some).may_lack_early_leavers


def test_a_total_that_grows_with_tenure_is_named_and_an_age_is_not():
    world = a_world(900)
    until = world["ended_at"].fillna(pd.Timestamp("2024-01-01"))
    tenure = (until - world["started_at"]).dt.days
    rng = np.random.default_rng(4)
    world = world.assign(
        total_charges=tenure * rng.uniform(0.5, 1.5, 900),
        left_to_run=1500.0 - tenure,
        # Older customers stay longer, but no age tells how long a contract lasted.
        age=rng.normal(40, 10, 900) + tenure / 100,
        # Newer contracts are dearer: that goes by the calendar.
        price=20 + (world["started_at"] - world["started_at"].min()).dt.days / 100,
    )
    attributes = {"contracts": dict.fromkeys(("total_charges", "left_to_run", "age", "price"), "number")}
    study = a_study(as_of="2024-01-01", contracts=world, attributes=attributes)
    setting = describe_setting(study, count_spells(study).to_pandas())
    assert setting.growing == ("total_charges", "left_to_run")
    assert any("total_charges and left_to_run add up (or run down)" in caution for caution in setting.cautions())
    few = a_study(as_of="2024-01-01", contracts=world.head(60), attributes=attributes)
    assert describe_setting(few, count_spells(few).to_pandas()).growing == ()


def test_orders_without_contracts_and_nothing_at_all():
    shop = detect_setting(a_study(orders=orders(("ann", "2024-01-10", 5.0), ("bob", "2024-02-10", 5.0))))
    assert shop.kind == ORDERS_ONLY
    assert "orders of 2 customers and no contracts" in shop.explain()
    nothing = detect_setting(a_study(customers=pd.DataFrame({"customer_id": ["ann"]})))
    assert nothing.kind == NOTHING
    assert (nothing.cautions(), shop.cautions()) == ([], [])


def test_where_both_apply_each_page_names_the_other():
    deals = contracts(("ann", "2023-01-10", "2023-07-01", None), ("bob", "2023-01-10", None, None))
    bought = orders(("ann", "2024-01-10", 5.0), ("cy", "2024-02-10", 5.0), ("dee", "2024-08-10", 5.0))
    study = a_study(as_of="2024-07-01", contracts=deals, orders=bought)
    detection = detect_setting(study)
    assert (detection.n_order_customers, detection.n_orders_only) == (2, 1)
    assert "1 customer of 2 with orders has no contract" in detection.explain()
    assert "contracts of 2 customers, 1 of them among the buyers" in explain_setting(study)
    assert explain_setting(a_study(orders=bought)).endswith("The study holds no contracts.")


def test_contracts_without_a_column_of_ends_are_cautioned():
    frame = contracts(("ann", "2023-01-10", None, None)).drop(columns=["ended_at", "end_reason"])
    study = a_study(contracts=frame)
    assert "no column of ends" in one_caution(study)
    assert "No end is known yet" in detect_setting(study).explain()


def test_planned_ends_are_counted_and_their_assumption_said():
    deals = contracts(("ann", "2023-01-10", "2024-12-31", "moved"), ("bob", "2023-01-10", "2024-08-01", "price"))
    study = a_study(as_of="2024-07-01", holdout_until="2024-09-01", contracts=deals)
    assert detect_setting(study).sizes.n_planned == 1
    assert "For 1 contract an end beyond the study's window" in one_caution(study)
    assert "counts as running on 2024-07-01" in one_caution(study)


def test_a_study_moved_back_in_time_has_no_planned_ends():
    deals = contracts(("ann", "2023-01-10", "2024-12-31", None), ("bob", "2024-10-10", None, None))
    assert detect_setting(a_study(as_of="2024-07-01", contracts=deals)).cautions() == []


def test_overlaps_and_ends_followed_by_a_new_contract_are_told_apart():
    overlap = contracts(("ann", "2023-01-10", None, None), ("ann", "2023-06-10", "2023-09-10", None))
    assert "while another of the same customer was running" in one_caution(a_study(contracts=overlap))
    followed = contracts(("ann", "2023-01-10", "2023-06-10", None), ("ann", "2023-06-12", None, None))
    assert "began another contract within 7 days" in one_caution(a_study(contracts=followed))
    apart = contracts(("ann", "2023-01-10", "2023-06-10", None), ("ann", "2023-08-12", None, None))
    assert detect_setting(a_study(contracts=apart)).cautions() == []


def test_contracts_that_end_as_they_begin_are_cautioned():
    deals = contracts(("ann", "2023-01-10", "2023-01-10", None), ("bob", "2023-01-10", "2023-06-01", None))
    assert "ended on the day it began" in one_caution(a_study(contracts=deals))


def test_the_setting_of_the_page_speaks_through_the_detection():
    study = a_study(as_of="2024-01-01", contracts=a_renewed_world(500))
    setting = describe_setting(study, count_spells(study).to_pandas())
    assert setting.explain() == setting.detection.explain()
    before = a_study(as_of="2013-01-01", contracts=a_renewed_world(50))
    nothing = describe_setting(before, count_spells(before).to_pandas())
    assert nothing.explain() == "The study has a table of contracts, but none had begun by its as_of."
    assert detect_setting(before).kind == NOTHING
