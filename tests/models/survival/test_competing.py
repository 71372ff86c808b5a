"""Cumulative incidence: by hand with ties, against lifelines without them, and summing to one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter

from crm_research.models.survival import estimate_incidence, estimate_survival
from tests.models.survival.samples import a_world, reason_counts


def test_ties_by_hand():
    # Five contracts: on day 10 one leaves for price, one for service and one is censored; on day 20 one leaves for
    # price; the last is censored on day 30. F_price = 1/5 + 3/5 * 1/2 = 1/2, F_service = 1/5, S = 3/10.
    world = pd.DataFrame({"exit": [10.0, 10, 10, 20, 30], "cause": [1, 2, 0, 1, 0], "entry": 0.0})
    found = estimate_incidence(*reason_counts(world)).at(30).set_index("reason")
    assert found["incidence"].to_dict() == pytest.approx({"1": 0.5, "2": 0.2})
    # Delta method by hand for "2": (0)^2 ... its own term 1 * (1/5)(4/5)/5 only, since F stays put after day 10.
    assert found.loc["2", "std_error"] == pytest.approx(np.sqrt(0.2 * 0.8 / 5))


@pytest.mark.parametrize("reason", [1, 2])
def test_untied_incidence_and_variance_agree_with_lifelines(reason):
    world = a_world(400, seed=5, n_reasons=2)
    own = estimate_incidence(*reason_counts(world)).curves.query(f"reason == '{reason}' and incidence > 0")
    peer = AalenJohansenFitter().fit(world["exit"], world["cause"], event_of_interest=reason)
    own = own.loc[own["tenure_days"] < world["exit"].max()]
    days = own["tenure_days"].to_numpy()
    assert np.allclose(own["incidence"], peer.cumulative_density_.loc[days].iloc[:, 0], rtol=0, atol=1e-10)
    assert np.allclose(own["std_error"] ** 2, peer.variance_.loc[days], rtol=0, atol=1e-10)
    peer_upper = peer.confidence_interval_.loc[days].max(axis=1)
    assert np.allclose(own["upper"], peer_upper, rtol=0, atol=1e-10)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=50))
def test_all_reasons_and_survival_sum_to_one_at_every_tenure(rows):
    world = pd.DataFrame(rows, columns=["exit", "cause", "entry"]).astype({"exit": float, "entry": float})
    world = world[(world["entry"] < world["exit"]) | (world["entry"] == 0)]
    if world.empty:
        return
    counts, ends = reason_counts(world)
    left = estimate_incidence(counts, ends).curves.groupby("tenure_days")["incidence"].sum()
    stays = estimate_survival(counts).curves.set_index("tenure_days")["survival"]
    if left.empty:
        return
    assert np.allclose(left + stays.reindex(left.index), 1.0, atol=1e-12)


def test_one_minus_kaplan_meier_would_overstate():
    world = a_world(2000, seed=6, n_reasons=2)
    counts, ends = reason_counts(world)
    naive = world.assign(cause=(world["cause"] == 1).astype(int))
    alone = 1 - estimate_survival(reason_counts(naive)[0]).at(200)["survival"].item()
    true = estimate_incidence(counts, ends).at(200).set_index("reason")["incidence"]["1"]
    assert alone > true + 0.05


def test_nobody_left_gives_an_empty_table_not_an_error():
    world = pd.DataFrame({"exit": [10.0, 20], "cause": [0, 0], "entry": 0.0})
    found = estimate_incidence(*reason_counts(world))
    assert found.curves.empty
    assert found.at(5).empty


def test_everybody_left_for_one_reason():
    world = pd.DataFrame({"exit": [10.0, 10, 20], "cause": [1, 1, 1], "entry": 0.0})
    row = estimate_incidence(*reason_counts(world)).at(20).iloc[0]
    assert row["incidence"] == 1.0
    assert 0 <= row["lower"] < 1 == row["upper"]


def test_ends_without_a_reason_are_refused():
    counts, ends = reason_counts(pd.DataFrame({"exit": [10.0, 20], "cause": [1, 1], "entry": 0.0}))
    with pytest.raises(ValueError, match="add up"):
        estimate_incidence(counts, ends.head(1))
