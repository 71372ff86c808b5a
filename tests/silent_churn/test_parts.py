"""Counts, rules of thumb and verdicts by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.btyd import fit_mbg_nbd
from crm_research.pillars.silent_churn.choice import choose_by_holdout
from crm_research.pillars.silent_churn.counting import (
    count_histories,
    count_purchase_days,
    find_usual_gap,
    read_big_spenders,
)
from crm_research.pillars.silent_churn.holdout import HIATUS, SAME_AGAIN, check_forecasts
from crm_research.pillars.silent_churn.intake import judge_intake
from crm_research.pillars.silent_churn.pictures import merge_weeks
from crm_research.pillars.silent_churn.tracking import track_purchases
from tests.builders import a_study, orders

# as_of 1 July; the holdout is 30 days, so the last period begins on 1 June.
BOUGHT = (
    ("ann", "2024-04-02", 10.0),
    ("ann", "2024-06-11", 10.0),
    ("ann", "2024-06-21", 10.0),
    ("ann", "2024-07-05", 10.0),  # holdout
    ("bob", "2024-06-15", 99.0),  # his first: no repeat of the last period
    ("cid", "2024-01-01", 10.0),
    ("cid", "2024-01-11", 10.0),
    ("dan", "2024-07-03", 10.0),  # not known at as_of
)


def a_shop(holdout_until: str | None = "2024-07-31"):
    return a_study(as_of="2024-07-01", holdout_until=holdout_until, orders=orders(*BOUGHT))


def test_histories_by_hand():
    counted = count_histories(a_shop()).set_index("frequency")
    assert counted["n_customers"].sum() == 3
    ann, bob, cid = counted.loc[2], counted.loc[0], counted.loc[1]
    assert (ann.recency_days, ann.age_days, ann.n_last, ann.n_later) == (80, 90, 2, 1)
    assert (bob.recency_days, bob.age_days, bob.n_last, bob.n_later) == (0, 16, 0, 0)
    assert (cid.recency_days, cid.age_days, cid.n_last, cid.n_later) == (10, 182, 0, 0)
    assert count_histories(a_shop(None)).empty


def test_the_rules_of_thumb_by_hand():
    assert find_usual_gap(a_shop()) == 70  # gaps of 10, 10 and 70 days: nine of ten are not longer
    check = check_forecasts(a_shop(), {}, 70.0, confidence=0.95, seed=1)
    errors = check.errors.set_index("forecast")
    # Same again: 2, 0, 0 against 1, 0, 0. Hiatus: cid, silent for 172 days, is gone; ann goes on at 2 in 90 days.
    assert errors.loc[SAME_AGAIN, "total_expected"] == 2
    assert errors.loc[SAME_AGAIN, "rmse"] == pytest.approx(np.sqrt(1 / 3))
    assert errors.loc[HIATUS, "total_expected"] == pytest.approx(2 / 3)
    assert errors.loc[HIATUS, "rmse"] == pytest.approx(np.sqrt((1 / 3) ** 2 / 3))
    assert check.best_rule == HIATUS
    assert check.chosen is None


def test_purchase_days_count_from_as_of_and_leave_later_customers_out():
    counted = count_purchase_days(a_shop())
    assert counted["born_days"].tolist() == counted["day"].tolist()  # dates alone: midnights
    days = counted.set_index("day").drop(columns="born_days")
    assert days.loc[4].tolist() == [1, 0]  # ann on 5 July
    assert 2 not in days.index  # dan was not known
    assert days["n_first"].sum() == 3


def test_tracking_counts_every_purchase_of_the_holdout_at_its_clock_time():
    bought = orders(
        ("ann", "2024-06-02 10:00", 1.0), ("ann", "2024-06-30 23:00", 1.0), ("ann", "2024-07-01 08:00", 1.0),
        ("bob", "2024-06-03 08:00", 1.0), ("bob", "2024-07-08 00:00", 1.0), ("bob", "2024-07-08 00:01", 1.0),
        ("bob", "2024-07-18 23:59", 1.0), ("bob", "2024-07-19 00:01", 1.0), ("cy", "2024-07-02 09:00", 1.0),
    )  # fmt: skip
    study = a_study(as_of="2024-07-01", holdout_until="2024-07-19", orders=bought)
    patterns = pd.DataFrame(
        {
            "frequency": [0, 1, 2, 5],
            "recency_days": [0.0, 9.0, 20.0, 25.0],
            "age_days": 29.0,
            "n_customers": [20, 9, 5, 2],
        }
    )
    table = track_purchases(study, fit_mbg_nbd(patterns)).set_index("week")
    # Weeks end at the midnights of 1, 8 and 15 July; the last stretch is the four days to the 19th. Bob's 8 July is one
    # purchase, of its first order: that at midnight belongs to the week before.
    assert table.loc[0:, "observed"].tolist() == [1.0, 2.0, 0.0, 1.0]
    assert table.loc[0:, "is_whole"].tolist() == [True, True, True, False]
    assert table.index[-1] == 3
    assert table.loc[3, "ends_at"] == pd.Timestamp("2024-07-19")
    assert table["is_holdout"].sum() == 3
    later = count_histories(study)
    assert (later["n_later"] * later["n_customers"]).sum() == 3 == table.loc[1:, "observed"].sum()


def test_big_spenders_bought_again():
    found = read_big_spenders(a_shop(), 5)
    assert found["customer_id"].tolist() == ["ann", "cid"]
    assert found["spend"].tolist() == [30.0, 20.0]


def intake(*per_block: int):
    """First-seen customers in blocks of 30 days, the last of which has ended."""
    age = [30.0 * len(per_block) - 30 * block - day for block in range(len(per_block)) for day in (0, 29)]
    n = [count for block in per_block for count in (block - block // 2, block // 2)]
    return judge_intake(pd.DataFrame({"age_days": age, "n_customers": n}))


def test_a_rush_at_the_beginning_is_old_customers():
    found = intake(500, 90, 20, 20, 20, 20)
    assert (found.n_old, found.is_mostly_old, found.usual) == (590, True, 20)


def test_a_rush_later_on_is_a_campaign_and_an_even_stream_is_new():
    assert intake(20, 20, 300, 20, 20, 20).n_old == 0
    assert intake(20, 20, 20, 20).n_old == 0


def test_one_intake_cannot_be_told():
    found = intake(700, 900)
    assert found.n_old == 0
    assert np.isnan(found.usual)
    assert judge_intake(pd.DataFrame({"age_days": [], "n_customers": []})).n_customers == 0


def choose(**models):
    """Models as (error in orders, share of customers whose buying was predicted wrongly); 1,000 customers."""
    errors = pd.DataFrame({"forecast": list(models), "is_rule": False, "rmse": [rmse for rmse, _ in models.values()]})
    misses = {
        name: ((np.arange(1000) < 1000 * wrong).astype(float), np.ones(1000)) for name, (_, wrong) in models.items()
    }
    return choose_by_holdout(errors.sort_values("rmse"), misses, 0.95)[0]


def test_a_model_clearly_worse_at_who_buys_falls_out_whatever_its_error():
    assert choose(**{"MBG/NBD": (1.6, 0.10), "Pareto/NBD": (1.5, 0.20)}) == "MBG/NBD"


def test_of_equals_the_smaller_error_wins_and_the_bg_nbd_only_alone():
    assert choose(**{"MBG/NBD": (1.6, 0.10), "Pareto/NBD": (1.5, 0.10)}) == "Pareto/NBD"
    assert choose(**{"MBG/NBD": (1.6, 0.10), "BG/NBD": (1.5, 0.10)}) == "MBG/NBD"
    assert choose(**{"MBG/NBD": (1.6, 0.20), "BG/NBD": (1.5, 0.10)}) == "BG/NBD"
    assert choose(**{"BG/NBD": (1.5, 0.10)}) == "BG/NBD"


@pytest.mark.parametrize(("n_before", "n_after", "n_weeks"), [(52, 39, 1), (300, 39, 4), (1000, 40, 13)])
def test_long_records_are_drawn_in_stretches_that_never_cross_as_of(n_before, n_after, n_weeks):
    week = np.arange(1 - n_before, n_after + 1)
    tracking = pd.DataFrame(
        {
            "week": week,
            "ends_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(week * 7, unit="D"),
            "observed": 1.0,
            "expected": 2.0,
            "is_holdout": week > 0,
            "is_whole": True,
        }
    )
    rest = tracking.tail(1).assign(week=n_after + 1, observed=0.5, is_whole=False)
    merged, width = merge_weeks(pd.concat([tracking, rest], ignore_index=True))
    assert width == n_weeks
    assert (merged["observed"] == width).all()
    assert (merged["week"] % width == 0).all()
    assert (merged["is_holdout"] == (merged["week"] > 0)).all()
    assert len(merged) == n_before // width + n_after // width
