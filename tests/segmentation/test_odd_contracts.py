"""Contracts as other companies write them: columns named like the program's own, and columns that know the end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.contracts import name_apart
from crm_research.errors import LeakageError
from crm_research.features.own_covariates import (
    count_levels,
    find_circular,
    find_end_labels,
    find_end_scores,
    find_growing,
)
from crm_research.features.spells import build_spells
from crm_research.pillars.segmentation.deployment.assign import assign_customers
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.describe.measure import pick_strongest
from crm_research.pillars.segmentation.groups.words import note_segments
from crm_research.pillars.segmentation.inputs.base import WORTH
from crm_research.pillars.segmentation.inputs.choose import build_inputs
from crm_research.pillars.segmentation.inputs.purposes import offer_inputs
from crm_research.pillars.segmentation.page import SegmentationPage
from crm_research.pillars.segmentation.result import segment_customers
from tests.builders import a_study

_TELLS = "not used: it tells how long a contract lasted, or that it ended"


def some_contracts(n=120, *, seed=4):
    rng = np.random.default_rng(seed)
    began = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    ended = pd.Series(began + pd.to_timedelta(rng.integers(20, 1400, n), unit="D"))
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i:03d}" for i in range(n)],
            "started_at": began,
            "ended_at": ended.where(ended < pd.Timestamp("2024-07-01")),
            "plan": rng.choice(["a", "b", "c"], n),
            "fee": np.where(np.arange(n) % 2 == 0, 10.0, 40.0) + rng.integers(0, 4, n),
        }
    )


@pytest.mark.parametrize(
    "name",
    [
        "spend",
        "segment",
        "group",
        "n_customers",
        "size_share",
        "revenue",
        "revenue_share",
        "median_spend",
        "stands_out",
    ],
)
@pytest.mark.slow
def test_an_attribute_may_be_named_like_a_column_of_ours(name):
    frame = some_contracts()
    frame[name] = np.where(frame["fee"] < 20, 7.0, 900.0) + np.arange(120) % 3
    study = a_study(contracts=frame, attributes={"contracts": {name: "number"}})
    kept = name_apart(name)
    assert list(study.attributes_of("contracts")) == [kept]
    page = SegmentationPage(study, k_max=3, n_bootstraps=20, inputs=["fee", kept])
    found = page.result.found
    assert set(found.inputs.used) >= {"fee"}
    # The money is still the fees of the contracts that run, and no column of theirs.
    running = frame[frame["ended_at"].isna()]
    assert found.inputs.customers[WORTH].sum() == pytest.approx(running["fee"].sum())
    assert found.cards["revenue_share"].sum() == pytest.approx(1.0)
    assert found.cards["n_customers"].sum() == 120
    for section in (page.answer, page.segments, page.profiles, page.who, page.use):
        assert section.charts or section.tables
    saved = keep_segmentation(study, page.result)
    again = assign_customers(study, saved).to_pandas().set_index("customer_id")["segment"]
    members = page.result.members().set_index("customer_id")["segment"]
    assert (again.reindex(members.index) == members).all()


def test_an_attribute_named_like_a_column_of_a_spell_is_not_read():
    frame = some_contracts().assign(tenure_days=1.0, is_ended=True, entry_days=3.0)
    kinds = {"tenure_days": "number", "is_ended": "flag", "entry_days": "number"}
    study = a_study(contracts=frame, attributes={"contracts": kinds})
    spells = build_spells(study).to_pandas()
    assert spells["is_ended"].sum() == frame["ended_at"].notna().sum()
    assert spells["tenure_days"].min() >= 20
    assert set(spells["entry_days"]) == {0}
    choice = build_inputs(study).choice.set_index("input")
    assert choice.loc[list(kinds), "reason"].tolist() == [_TELLS] * 3


def contracts_that_know(n=120):
    """Columns filled in, or last changed, when the contract ended; and one that knew nothing."""
    frame = some_contracts(n)
    has_left = frame["ended_at"].notna()
    rng = np.random.default_rng(5)
    return frame.assign(
        risk_score=np.where(has_left, rng.integers(65, 101, n), rng.integers(5, 80, n)).astype(float),
        left_flag=has_left.astype(float),
        why=np.where(has_left, rng.choice(["price", "moved"], n), None),
        state=np.where(has_left, "closed", "open"),
        rooms=rng.integers(1, 5, n).astype(float),
    )


_KNOWING = {"risk_score": "number", "left_flag": "number", "why": "category", "state": "category", "rooms": "number"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("as_of", "holdout_until"), [("2024-07-01", None), ("2023-06-01", "2024-01-01"), ("2023-06-01", None)]
)
def test_what_is_known_only_after_leaving_makes_no_segment_wherever_the_study_stands(as_of, holdout_until):
    # Standing at 2023-06-01, contracts that ended later ran: the columns of the snapshot know it all the same.
    study = a_study(
        contracts=contracts_that_know(), attributes={"contracts": _KNOWING}, as_of=as_of, holdout_until=holdout_until
    )
    choice = build_inputs(study).choice
    refused = choice[choice["reason"] == _TELLS]["input"].tolist()
    assert refused == ["risk_score", "left_flag", "why", "state"]
    assert not choice.loc[choice["input"].isin(refused), "is_used"].any()
    assert choice.set_index("input").loc[["fee", "rooms"], "is_used"].all()
    if holdout_until is not None:
        said = note_segments(segment_customers(study, k_max=2, n_bootstraps=20))
        assert (
            " Left out, for it tells how long a contract lasted or that it ended: “risk score”, “left flag”, “why” and "
            "“state”." in said
        )


@pytest.mark.parametrize("name", ["risk_score", "left_flag", "why", "state"])
def test_what_tells_the_end_is_refused_by_name_too(name):
    study = a_study(contracts=contracts_that_know(), attributes={"contracts": _KNOWING})
    with pytest.raises(LeakageError) as told:
        offer_inputs(study, inputs=["fee", name])
    assert str(told.value) == (
        f"{name!r} tells how long a contract lasted, or that it ended. Groups made of it predict who leaves by "
        "construction. Take it out of the inputs, and judge the groups by it instead."
    )


def test_attributes_of_customers_that_know_the_end_are_left_out_where_contracts_are_on_record():
    frame = contracts_that_know()
    people = pd.DataFrame({"customer_id": frame["customer_id"], "state": frame["state"], "rooms": frame["rooms"]})
    study = a_study(
        contracts=frame[["contract_id", "customer_id", "started_at", "ended_at"]],
        customers=people, attributes={"customers": {"state": "category", "rooms": "number"}},
    )  # fmt: skip
    choice = offer_inputs(study, purpose="attributes")
    assert [name for name, *_ in choice.candidates] == ["rooms"]
    assert choice.refused == (("state", _TELLS),)


def test_an_outcome_among_the_attributes_of_customers_is_left_out_and_said_so():
    rng = np.random.default_rng(6)
    people = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(90)],
            "age": rng.normal(50, 12, 90),
            "rooms": rng.normal(4, 1, 90),
            "Exited": rng.random(90) < 0.3,
        }
    )
    kinds = {"age": "number", "rooms": "number", "Exited": "flag"}
    choice = build_inputs(a_study(customers=people, attributes={"customers": kinds})).choice
    assert choice.set_index("input").loc["Exited", "reason"] == "not used: it is an outcome"
    assert choice[choice["is_used"]]["input"].tolist() == ["age", "rooms"]


def test_a_number_tells_the_end_from_nine_pairs_in_ten_on():
    """Twenty ended at about 1, and twenty running at 0 but for n at 2: 20 (20 - n) of 400 pairs are in order."""
    for n_above, is_found in ((2, True), (3, False)):
        frame = some_contracts(40)
        is_ended = np.arange(40) < 20
        frame["ended_at"] = frame["started_at"] + pd.Timedelta(days=30)
        frame["ended_at"] = frame["ended_at"].where(is_ended)
        late = np.r_[np.ones(20), np.zeros(20 - n_above), np.full(n_above, 2.0)] + np.arange(40) / 1000
        study = a_study(
            contracts=frame.assign(late=late, early=-late),
            attributes={"contracts": {"late": "number", "early": "number"}},
        )
        assert find_end_scores(build_spells(study), ["late", "early", "plan"]) == (
            ["late", "early"] if is_found else []
        )
        assert find_end_scores(build_spells(study), ["late"]) == find_circular(study, ["late", "nothing"])


def test_all_columns_are_counted_in_one_statement_and_empty_is_a_value():
    frame = some_contracts(60)
    frame["ended_at"] = (frame["started_at"] + pd.Timedelta(days=30)).where(np.arange(60) < 25)
    frame["state"] = np.where(np.arange(60) < 25, "gone", None)
    frame["box"] = np.where(np.arange(60) % 3 == 0, "a", "b")
    spells = build_spells(a_study(contracts=frame, attributes={"contracts": {"state": "category", "box": "category"}}))
    rows = count_levels(spells, ["state", "box"], "string").to_pandas().sort_values(["place", "level"])
    # Of numbers 0, 3, ..., 57 nine lie under 25 and eleven do not.
    assert rows.astype(object).where(rows.notna(), None).to_numpy().tolist() == [
        [0, "gone", 25, 0],
        [0, None, 0, 35],
        [1, "a", 9, 11],
        [1, "b", 16, 24],
    ]
    assert find_end_labels(spells, ["box", "state"]) == ["state"]
    assert find_end_labels(spells, []) == find_end_scores(spells, ["box"]) == []


def test_six_that_ended_soonest_do_not_show_that_a_number_grows():
    """Sixty ended after 1 to 60 days. Of a fee of 10 or 40, as many of each, the soonest six are all cheap by chance.

    Six alike are one world in 32; the soonest eight, of whom two are dear, show that it is chance. Where the median is
    a value that many have, whoever has it does not lie under it.
    """
    days = np.arange(1, 61)
    cheap_first = np.r_[np.full(6, 10.0), np.full(2, 40.0), np.full(24, 10.0), np.full(28, 40.0)]
    frame = some_contracts(60).assign(
        started_at=pd.Timestamp("2023-01-01"), ended_at=pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D"),
        fee=cheap_first, total=days * 3.0, left_over=100.0 - days, usual=np.where(days < 7, 10.0, 40.0) + (days == 8),
    )  # fmt: skip
    kinds = dict.fromkeys(("total", "left_over", "usual"), "number")
    spells = build_spells(a_study(contracts=frame, attributes={"contracts": kinds}))
    assert find_growing(spells, ["fee", *kinds]) == ["total", "left_over"]


def test_a_picture_of_many_inputs_shows_the_strongest_and_counts_the_rest():
    assert pick_strongest([1.0] * 15) == (list(range(15)), "")
    strength = [*np.linspace(2.0, 3.0, 10), np.nan, 0.1, *np.linspace(4.0, 5.0, 8)]
    assert pick_strongest(strength) == (
        [3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19], "; the 15 strongest inputs, 5 more are in the numbers",
    )  # fmt: skip


@pytest.mark.slow
def test_a_typical_customer_who_does_not_have_the_only_level_is_said_not_to_have_it():
    frame = some_contracts()
    # One in six has the other box: else it would say the same as the fee.
    frame["box"] = np.where((frame["fee"] < 20) ^ (np.arange(120) % 6 < 1), "small", "large")
    study = a_study(contracts=frame, attributes={"contracts": {"box": "category"}})
    page = SegmentationPage(study, k_max=2, n_bootstraps=20, inputs=["fee", "box"])
    assert page.result.found.inputs.used in (("fee", "box large"), ("fee", "box small"))
    level = page.result.found.inputs.used[1].removeprefix("box ")
    typical = next(one for one in page.who.tables if "a typical customer" in one)
    assert sorted(typical.set_index("a typical customer").loc["box"]) == [level, f"not {level}"]
