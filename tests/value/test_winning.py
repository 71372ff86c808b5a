"""What winning a customer costs, beside what those won bring, and when it has come back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.winning import address_rows, list_won, sum_first_months, sum_winning
from crm_research.pillars.value.lifetime.measure import measure_lifetime
from crm_research.pillars.value.winning.measure import Winning, measure_winning
from crm_research.pillars.value.winning.page import winning_figures, winning_section
from crm_research.pillars.value.winning.words import say_winning
from tests.builders import a_study, contracts, orders

AS_OF = "2024-07-01"
CAMPAIGNS = pd.DataFrame(
    {
        "campaign_id": ["m1", "m2", "v1", "late"], "kind": ["mail", "mail", "visit", "mail"],
        "started_at": ["2023-01-01", "2023-06-01", "2023-06-01", "2024-05-01"], "cost": [40.0, 90.0, None, 1000.0],
    }
)  # fmt: skip


def targets(*rows: tuple[str, str, bool | None], at: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["campaign_id", "customer_id", "is_control"])
    return frame if at is None else frame.assign(targeted_at=at)


BY_HAND = targets(
    ("m1", "ann", False), ("m1", "bob", None), ("m1", "cid", False), ("m1", "dan", True), ("m1", "old", False),
    ("m2", "ann", False), ("m2", "eve", False), ("m2", "fay", True), ("m2", "gus", False),
    ("v1", "eve", False), ("late", "ivy", False),
)  # fmt: skip
BOUGHT = orders(
    ("old", "2022-05-01", 5.0), ("ann", "2023-02-01", 10.0), ("ann", "2023-03-10", 20.0), ("bob", "2023-04-01", 7.0),
    ("bob", "2023-04-02", 7.0), ("cid", "2023-04-02", 30.0), ("dan", "2023-01-02", 40.0), ("eve", "2023-06-11", 50.0),
    ("ivy", "2024-05-02", 60.0),
)  # fmt: skip


def by_hand(**more):
    return a_study(as_of=AS_OF, orders=BOUGHT, campaigns=CAMPAIGNS, campaign_targets=BY_HAND, **more)


@pytest.mark.slow
def test_people_who_were_no_customers_yet_count_and_carry_their_share_of_the_cost():
    study = by_hand(contracts=contracts(("gus", "2023-05-01", None, None)))
    found = sum_winning(study, address_rows(study)).to_pandas().set_index("kind")
    # Of the first mailing old was a customer; of the second ann and gus were. A campaign of the last 90 days is too
    # young. The 1st of April is the 90th day after the 1st of January, the 2nd is beyond.
    assert found.loc["mail"].to_dict() == {
        "n_campaigns": 2, "n_without_cost": 0, "n_addressed": 7, "n_prospects": 4, "n_won": 3, "n_control": 2,
        "n_control_won": 1, "cost": 40.0 * 3 / 4 + 90.0 * 1 / 3, "n_addresses": 4, "n_held_back": 2,
    }  # fmt: skip
    # Eve was mailed and visited on one day: she is won once, by the first campaign by its number.
    assert found.loc["visit", ["n_without_cost", "n_prospects", "n_won", "cost"]].tolist() == [1, 1, 0, 0]
    won = list_won(address_rows(study)).to_pandas().set_index("customer_id")["kind"].to_dict()
    assert won == {"ann": "mail", "bob": "mail", "eve": "mail"}
    months = sum_first_months(study, list_won(address_rows(study)), money="revenue", cost_share=0.0).to_pandas()
    assert months["amount"].tolist() == [50.0, 14.0, 10.0, 20.0]
    assert months["month"].tolist() == [0, 0, 0, 1]
    assert months["seen"].tolist() == [12, 15, 16, 16]


def month_after_month(*, control: int, seed: int = 8):
    """600 people, as many as `control` of them held back, are mailed each 30 days a year long; all at one price.

    Who wants to buy does so on a day of that year, whether mailed that month or long ago; 20 a month from then on.
    """
    rng = np.random.default_rng(seed)
    names = np.array([f"p{place:04d}" for place in range(600)])
    is_control = np.arange(600) < control
    wants = rng.random(600) < np.where(is_control, 0.05, 0.2)
    first = pd.Timestamp("2023-01-02") + pd.to_timedelta(rng.integers(0, 360, 600), unit="D")
    rows = [
        (name, str(day + pd.Timedelta(days=30 * month)), 20.0)
        for name, day in zip(names[wants], first[wants], strict=True)
        for month in range(4)
    ]
    starts = [pd.Timestamp("2023-01-01") + pd.Timedelta(days=30 * place) for place in range(12)]
    campaigns = pd.DataFrame(
        {"campaign_id": [f"m{place:02d}" for place in range(12)], "kind": "mail", "started_at": starts, "cost": 100.0}
    )
    chosen = targets(
        *(
            (f"m{place:02d}", name, bool(held))
            for place in range(12)
            for name, held in zip(names, is_control, strict=True)
        )
    )
    study = a_study(
        as_of=AS_OF, orders=orders(*sorted(rows, key=lambda row: row[1])), campaigns=campaigns, campaign_targets=chosen
    )
    day_of = pd.DataFrame({"name": names, "first": pd.Series(first).where(wants), "is_control": is_control})
    times = pd.concat([day_of["first"].isna() | (day_of["first"] > start) for start in starts], axis=1)
    return study, day_of, times


@pytest.mark.slow
@pytest.mark.parametrize("control", [0, 200])
def test_who_is_addressed_month_after_month_is_one_person_and_won_once(control):
    study, people, times = month_after_month(control=control)
    found = measure_winning(study, measure_lifetime(study, n_backtests=0))
    assert isinstance(found, Winning)
    row = found.kinds.iloc[0]
    asked, kept = ~people["is_control"], people["is_control"]
    won, came = int(people.loc[asked, "first"].notna().sum()), int(people.loc[kept, "first"].notna().sum())
    assert (row["n_prospects"], row["n_control"]) == (600 - control, control)
    assert (row["n_addresses"], row["n_held_back"]) == (times[asked].to_numpy().sum(), times[kept].to_numpy().sum())
    assert row["n_won"] == won
    cost = (100 * times[asked].sum() / asked.sum()).sum()
    assert row["cost"] == pytest.approx(cost)
    extra = won - row["n_addresses"] * came / row["n_held_back"] if control else won
    assert row["cost_each"] == pytest.approx(cost / extra)
    said = say_winning(found)
    assert f"Of {600 - control} people addressed by campaigns of the kind “mail”, " in said
    assert f" times on average, who were no customers yet, {won} customers bought within 90 days" in said


def test_an_older_campaign_does_not_take_whom_one_too_young_to_count_has_won():
    campaigns = pd.DataFrame(
        {"campaign_id": ["old", "new"], "kind": "mail", "started_at": ["2024-03-01", "2024-05-01"], "cost": 1.0}
    )
    chosen = targets(("old", "ann", False), ("new", "ann", False), ("old", "bob", False))
    study = a_study(
        as_of=AS_OF, orders=orders(("ann", "2024-05-03", 1.0), ("bob", "2024-05-03", 1.0)), campaigns=campaigns,
        campaign_targets=chosen,
    )  # fmt: skip
    rows = address_rows(study).to_pandas().set_index("customer_id")
    assert rows["is_won"].to_dict() == {"ann": False, "bob": True}


def a_campaign(
    n: int = 600, *, share: float = 0.3, own: float = 0.1, control: int = 200, seed: int = 4, cost: float = 3_000.0
):
    """A mailing to n strangers of whom so many buy within a month, beside people held back; all buy each month."""
    rng = np.random.default_rng(seed)
    names = [f"p{place:04d}" for place in range(n + control)]
    is_control = np.arange(n + control) >= n
    wants = rng.random(n + control) < np.where(is_control, own, share)
    rows = []
    for name, buys in zip(names, wants, strict=True):
        if buys:
            first = pd.Timestamp("2023-01-10") + pd.Timedelta(days=int(rng.integers(0, 20)))
            rows += [
                (name, str(first + pd.Timedelta(days=35 * month)), 20.0) for month in range(int(rng.integers(3, 9)))
            ]
    bought = orders(*sorted(rows, key=lambda row: row[1]))
    campaign = pd.DataFrame({"campaign_id": ["c"], "started_at": ["2023-01-01"], "cost": [cost], "kind": ["a <b> $1"]})
    chosen = targets(*(("c", name, bool(held)) for name, held in zip(names, is_control, strict=True)), at="2023-01-05")
    return a_study(as_of=AS_OF, orders=bought, campaigns=campaign, campaign_targets=chosen)


@pytest.mark.slow
def test_people_held_back_tell_who_would_have_come_anyway():
    study = a_campaign()
    lifetime = measure_lifetime(study, n_backtests=0)
    found = measure_winning(study, lifetime)
    assert isinstance(found, Winning)
    row = found.kinds.iloc[0]
    own = study.table("orders").to_pandas()["customer_id"].drop_duplicates()
    n_won, n_held = int((own < "p0600").sum()), int((own >= "p0600").sum())
    extra = n_won - 600 * n_held / 200
    assert (row["n_won"], row["n_control"]) == (n_won, 200)
    assert row["extra"] == pytest.approx(extra)
    assert row["extra_lower"] < extra < row["extra_upper"]
    assert row["came_anyway"] == pytest.approx(600 * n_held / 200 / n_won)
    assert row["cost_each"] == pytest.approx(3_000 / extra)
    assert row["cost_lower"] < row["cost_each"] < row["cost_upper"]
    # 20 a month: the second order, 35 days after the first, brings it back.
    assert 20 < row["cost_each"] < 40
    assert row["payback_months"] == 2
    assert "which came back within 2 months as revenue" in say_winning(found)
    figures = {figure.id: figure for figure in winning_figures(found, lifetime)}
    assert figures["value.acquisition_cost"].estimate == pytest.approx(row["cost_each"])
    assert figures["value.payback_months"].estimate == 2
    assert not winning_section(found, lifetime).is_missing


@pytest.mark.slow
def test_a_campaign_that_wins_nobody_more_has_no_cost_of_one():
    study = a_campaign(own=0.3)
    found = measure_winning(study, measure_lifetime(study, n_backtests=0))
    assert isinstance(found, Winning)
    told = found.kinds.iloc[0]
    assert told["extra_lower"] < 0 < told["extra_upper"]
    assert told[["cost_each", "cost_lower", "cost_upper", "payback_months"]].isna().all()
    assert "no clearly larger share than of those held back" in say_winning(found)


@pytest.mark.slow
def test_a_campaign_that_cost_nothing_by_the_records_has_not_come_back():
    study = a_campaign(cost=0.0)
    found = measure_winning(study, measure_lifetime(study, n_backtests=0))
    assert isinstance(found, Winning)
    assert found.kinds["cost_each"].iloc[0] == 0
    assert np.isnan(found.kinds["payback_months"].iloc[0])
    assert say_winning(found).endswith("would have come anyway. By the records winning them cost nothing.")


@pytest.mark.slow
def test_without_people_held_back_everybody_who_came_counts_and_it_is_said():
    study = a_campaign(control=0)
    found = measure_winning(study, measure_lifetime(study, n_backtests=0))
    assert isinstance(found, Winning)
    row = found.kinds.iloc[0]
    assert row["cost_each"] == pytest.approx(3_000 / row["n_won"])
    assert np.isnan(row["came_anyway"])
    assert "looks cheaper than it is" in say_winning(found)


@pytest.mark.slow
def test_what_the_records_do_not_hold_is_named():
    study = by_hand()
    lifetime = measure_lifetime(study, n_backtests=0)
    assert str(measure_winning(study, lifetime)).startswith("Fewer than 20 customers bought for the first time")
    bare = a_study(as_of=AS_OF, orders=BOUGHT)
    assert "campaigns with their cost" in str(measure_winning(bare, lifetime))
    without = a_study(
        as_of=AS_OF, orders=BOUGHT, campaigns=CAMPAIGNS.drop(columns="cost"), campaign_targets=BY_HAND
    )  # fmt: skip
    assert "cost of campaigns is not recorded" in str(measure_winning(without, lifetime))
    assert winning_section(measure_winning(bare, lifetime), lifetime).is_missing
