"""Rungs of the ladder, by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.moves import count_before_moves, count_moves
from crm_research.features.own_rhythm import RhythmScale
from crm_research.features.states import LadderRule, build_states
from tests.builders import a_study, orders
from tests.features.worlds import rows

# Everybody's rhythm is 20 days; fading after 40 days of silence and lost after 80, whatever the own gaps.
SCALE = RhythmScale(
    centre=math.log(20), between_sd=0.0, within_sd=1.0,
    fading_first=math.log(2), lost_first=math.log(4), fading_later=math.log(2), lost_later=math.log(4),
)  # fmt: skip
RULE = LadderRule(scale=SCALE, loyal_from=3)
SHOP = orders(
    ("ann", "2024-01-10", 10.0),  # new at the end of January
    ("ann", "2024-02-05", 10.0),  # developing
    ("ann", "2024-02-25", 10.0),  # loyal at the end of February
    ("ann", "2024-06-20", 10.0),  # 36 days silent at the end of March, 66 of April, 97 of May; back in June
    ("bob", "2024-05-31", 10.0),
    discount=[0.0, 0.0, 2.0, 0.0, None],
)


def states_of(study, **options):
    found = rows(build_states(study, RULE, **options), "customer_id", "period")
    return {name: part["state"].tolist() for name, part in found.groupby("customer_id")}


def test_every_rung_by_hand():
    assert states_of(a_study(as_of="2024-07-01", orders=SHOP)) == {
        "ann": ["new", "loyal", "loyal", "fading", "lost", "returned"],
        "bob": ["new", "new"],
    }


def test_the_running_month_is_left_out():
    assert states_of(a_study(as_of="2024-06-25", orders=SHOP))["ann"][-1] == "lost"


def test_a_state_does_not_change_when_more_becomes_known():
    early = states_of(a_study(as_of="2024-04-01", orders=SHOP))["ann"]
    assert early == ["new", "loyal", "loyal"]


def test_quarters_have_one_row_each():
    assert states_of(a_study(as_of="2024-07-01", orders=SHOP), period_months=3)["ann"] == ["loyal", "returned"]


def test_moves_by_hand():
    counts = count_moves(a_study(as_of="2024-07-01", orders=SHOP), RULE)
    moved = counts.dropna(subset=["from_state"])
    pairs = moved.groupby(["from_state", "to_state"])["n"].sum().to_dict()
    assert pairs == {
        ("new", "loyal"): 1, ("loyal", "loyal"): 1, ("loyal", "fading"): 1,
        ("fading", "lost"): 1, ("lost", "returned"): 1, ("new", "new"): 1,
    }  # fmt: skip
    entered = counts.loc[counts["from_state"].isna(), "period_start"].tolist()
    assert entered == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-05-01")]
    later = count_moves(a_study(as_of="2024-07-01", orders=SHOP), RULE, begins_at=pd.Timestamp("2024-04-01"))
    assert later["period_start"].min() == pd.Timestamp("2024-05-01")


def test_what_came_before_by_hand():
    contacts = pd.DataFrame(
        {"contact_id": ["k1", "k2"], "customer_id": ["ann", "ann"], "opened_at": ["2024-03-03", "2024-03-04"],
         "kind": ["complaint", "complaint"]}
    )  # fmt: skip
    counts = count_before_moves(a_study(as_of="2024-07-01", orders=SHOP, contacts=contacts), RULE)
    complaint = counts.loc[(counts["sign"] == "a complaint") & counts["had_it"]]
    assert complaint[["from_state", "to_state", "n"]].to_numpy().tolist() == [["loyal", "fading", 1]]
    discount = counts.loc[counts["sign"] == "the last purchase at a discount"]
    assert discount["n"].sum() == 5  # Bob's discount is not known
    assert discount.loc[discount["had_it"], "n"].sum() == 4  # from February to May


def test_a_base_without_signs_has_none():
    bare = count_before_moves(a_study(as_of="2024-07-01", orders=SHOP.drop(columns="discount")), RULE)
    assert bare.empty


def test_loyal_from_the_first_purchase_makes_no_ladder():
    with pytest.raises(ParameterError, match="loyal_from"):
        LadderRule(scale=SCALE, loyal_from=1)
