"""Moves counted by runs of periods, beside the same moves followed customer by customer."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from crm_research.features.moves import DISCOUNT_SIGN, count_before_moves, count_in_rhythm, count_moves
from crm_research.features.own_rhythm import RhythmScale
from crm_research.features.states import DEVELOPING, LOYAL, NEW, LadderRule, build_states
from tests.builders import a_study, orders
from tests.features.worlds import rows

SCALE = RhythmScale(
    centre=math.log(25), between_sd=0.6, within_sd=0.5,
    fading_first=0.5, lost_first=1.5, fading_later=0.7, lost_later=1.3,
)  # fmt: skip
RULE = LadderRule(scale=SCALE, loyal_from=3)


def a_shop(seed: int):
    """Sixty customers with gaps from days to years, so that moves of every kind occur."""
    rng = np.random.default_rng(seed)
    sales = []
    for number in range(60):
        at = pd.Timestamp("2021-01-01") + pd.Timedelta(days=int(rng.integers(0, 400)))
        scale = rng.choice([4, 20, 60, 200])
        while at < pd.Timestamp("2024-01-01"):
            sales.append((f"c{number:02d}", str(at.date()), 1.0))
            at += pd.Timedelta(days=int(rng.exponential(scale)) + 1)
    frame = orders(*sales)
    frame["discount"] = rng.choice([0.0, 1.0, np.nan], size=len(frame))
    when = pd.Timestamp("2021-02-01") + pd.to_timedelta(rng.integers(0, 1000, size=300), unit="D")
    contacts = pd.DataFrame(
        {"contact_id": [f"k{i}" for i in range(300)], "customer_id": [f"c{i % 60:02d}" for i in range(300)],
         "opened_at": when.astype(str), "kind": rng.choice(["complaint", "enquiry"], size=300)}
    )  # fmt: skip
    return a_study(as_of="2023-06-30", holdout_until="2023-12-31", orders=frame, contacts=contacts)


def follow(study, months):
    """Row by row: each customer and period with its neighbours."""
    found = rows(build_states(study, RULE, period_months=months), "customer_id", "period")
    by_customer = found.groupby("customer_id")
    return found.assign(
        from_state=by_customer["state"].shift(1), before_state=by_customer["state"].shift(2),
        to_state=found["state"], next_state=by_customer["state"].shift(-1),
    )  # fmt: skip


@pytest.mark.parametrize(("seed", "months"), [(1, 1), (2, 1), (3, 3), (4, 12)])
def test_moves_are_those_of_each_customer(seed, months):
    study = a_shop(seed)
    keys = ["period_start", "before_state", "from_state", "to_state"]
    expected = follow(study, months).groupby(keys, dropna=False).size()
    counted = count_moves(study, RULE, period_months=months).set_index(keys)["n"]
    names = [tuple("" if pd.isna(part) else part for part in key) for key in counted.index]
    wanted = {tuple("" if pd.isna(part) else part for part in key): n for key, n in expected.items()}
    assert dict(zip(names, counted, strict=True)) == wanted


@pytest.mark.parametrize(("seed", "months"), [(1, 1), (3, 3)])
def test_who_is_within_his_rhythm_is_counted_by_purchases_so_far(seed, months):
    study = a_shop(seed)
    found = follow(study, months)
    last = found["period_start"].max()
    assert last == pd.Timestamp("2023-05-01" if months == 1 else "2023-01-01")  # the last that is over on 2023-06-30
    ends = last + pd.DateOffset(months=months)
    sales = study.table("orders").to_pandas()
    days = sales.loc[sales["ordered_at"] < ends].groupby("customer_id")["ordered_at"].nunique()
    now = found.loc[(found["period_start"] == last) & found["state"].isin([NEW, DEVELOPING, LOYAL])]
    expected = days.loc[now["customer_id"]].value_counts().sort_index()
    counted = count_in_rhythm(study, RULE, period_months=months)
    assert counted.columns.tolist() == ["depth", "n"]
    assert counted["depth"].tolist() == expected.index.tolist()
    assert counted["n"].tolist() == expected.tolist()
    assert 0 < counted["n"].sum() < 60


@pytest.mark.parametrize("seed", [1, 2])
def test_signs_are_those_of_each_customer(seed):
    study = a_shop(seed)
    moved = follow(study, 1).dropna(subset=["next_state"])
    contacts = study.table("contacts").to_pandas()
    contacts = contacts.loc[(contacts["kind"] == "complaint") & (contacts["opened_at"] <= study.as_of)]
    had = set(zip(contacts["customer_id"], contacts["opened_at"].dt.strftime("%Y-%m"), strict=True))
    moved["a complaint"] = [
        (name, at.strftime("%Y-%m")) in had
        for name, at in zip(moved["customer_id"], moved["period_start"], strict=True)
    ]
    moved[DISCOUNT_SIGN] = np.where(moved["discount"].isna(), None, moved["discount"] > 0)
    counted = count_before_moves(study, RULE)
    for sign in ("a complaint", DISCOUNT_SIGN):
        expected = moved.dropna(subset=[sign]).groupby(["state", "next_state", sign]).size()
        found = counted.loc[counted["sign"] == sign].set_index(["from_state", "to_state", "had_it"])["n"]
        assert found.to_dict() == {key: n for key, n in expected.items() if n}


def test_the_past_is_the_same_seen_from_later():
    study = a_shop(5)
    later = study.standing_at(study.holdout_until)
    pd.testing.assert_frame_equal(count_before_moves(study, RULE), count_before_moves(later, RULE, ends_by=study.as_of))
