"""Programmes: where the records hold one, and worlds in which members only look loyal, or joining helps."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.loyalty import describe_loyalty, find_membership, measure_programme
from crm_research.pillars.loyalty.effects.landmark_rows import LEFT_OUT, OTHERS, read_landmarks
from crm_research.pillars.loyalty.effects.programme_page import (
    draw_programme,
    programme_figures,
    programme_finding,
    programme_section,
    programme_title,
    sensitivity_finding,
)
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.loyalty.programmes import a_programme_world
from tests.loyalty.test_analysis import THIN

DAYS = 60.0


def measured(world, **tables):
    study = world.study(**tables)
    return measure_programme(study, find_membership(study), days=DAYS, occasion="order")


@pytest.fixture(scope="module")
def useless_study():
    return a_programme_world(800, seed=3).study()


@pytest.fixture(scope="module")
def useless(useless_study):
    return measure_programme(useless_study, find_membership(useless_study), days=DAYS, occasion="order")


@pytest.fixture(scope="module")
def useful():
    world = a_programme_world(effect=1.8, seed=2)
    return world, measured(world)


def test_members_who_only_look_loyal_come_out_without_effect(useless):
    naive, row = useless.naive.iloc[0], useless.found
    assert naive["lower"] > 0.1  # members buy more
    assert row["raw_difference"] > 0.3
    assert row["lower"] < 0 < row["upper"]
    assert row["upper"] - row["lower"] < 0.15
    assert row["n_matched"] > 0.95 * row["n"]
    assert row["largest_gap"] < 0.02
    assert row["e_value_limit"] == 1.0
    assert "no more surely" in programme_title(useless)
    assert "shows who joins" in programme_finding(useless)


def test_a_true_effect_is_recovered(useful):
    world, effect = useful
    truth, row = world.truth(DAYS), effect.found
    assert truth > 0.05
    assert row["lower"] < truth < row["upper"]
    assert row["lower"] > 0
    assert row["e_value_limit"] > 1
    assert row["before_lower"] < 0 < row["before_upper"]  # nothing before joining
    outcomes = effect.comparison.outcomes.set_index("outcome")
    assert outcomes.loc["purchases", "lower"] > 0
    assert outcomes.loc["spend", "difference"] == pytest.approx(10 * outcomes.loc["purchases", "difference"])
    assert "joined while they were followed" in sensitivity_finding(effect)


def test_those_alike_are_alike(useful):
    table = useful[1].comparison.balance.set_index("known_before")
    assert table["mean_alike"].to_numpy() == pytest.approx(table["mean"].to_numpy(), rel=0.15)
    assert table.loc["days since the last purchase", "mean_others"] > 2 * table["mean"].iloc[4]


@pytest.mark.slow
def test_keener_customers_that_no_record_tells_show_before_they_join():
    """Rates double a while before joining, for a reason of the customer's own: the placebo must say so."""
    world = a_programme_world(seed=4, effect=3.0)
    delayed = world.joined.assign(at=world.joined["at"] + pd.Timedelta(days=75))
    plans = pd.DataFrame(
        {"contract_id": [f"k{i}" for i in range(len(delayed))], "customer_id": delayed["customer_id"],
         "started_at": delayed["at"], "plan": "Club"}
    )  # fmt: skip
    effect = measured(world, contracts=plans)
    assert effect.found["before_lower"] > 0
    assert "differed already" in sensitivity_finding(effect)


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "least"), [(1.0, 0.90), (1.6, 0.86)])
def test_limits_cover_the_truth(effect, least):
    held, gaps = 0, []
    for seed in range(60):
        world = a_programme_world(700, seed=seed, effect=effect)
        row = measured(world).found
        truth = world.truth(DAYS)
        held += row["lower"] <= truth <= row["upper"]
        gaps.append(row["difference"] - truth)
    assert held / 60 >= least
    assert abs(np.mean(gaps)) < 0.015


def test_landmarks_by_hand():
    bought = orders(
        ("ann", "2024-01-03", 5.0), ("ann", "2024-01-20", 7.0), ("ann", "2024-02-10", 1.0), ("ann", "2024-03-30", 2.0),
        ("bob", "2024-01-05", 1.0), ("cy", "2024-02-05", 1.0), ("dee", "2023-12-05", 1.0),
    )  # fmt: skip
    study = a_study(as_of="2024-07-01", orders=bought)
    exposed = study.backend.create_table(
        "joined",
        pd.DataFrame(
            {"customer_id": ["ann", "dee", "bob"], "group": "member",
             "at": pd.to_datetime(["2024-01-20", "2023-12-09", "2024-02-29"])}
        ),
    )  # fmt: skip
    rows = read_landmarks(study, exposed, days=30, width_days=7, is_lasting=True)
    rows["ends_at"] = rows["ends_at"].dt.strftime("%m-%d")
    rows = rows.set_index(["customer_id", "ends_at"])
    ann = rows.loc[("ann", "01-22")]
    assert ann["group"] == "member"
    assert (ann["n_all"], ann["n_recent"], ann["n_in_period"], ann["n_after"]) == (2, 2, 1, 1)
    assert (ann["spend_so_far"], ann["spend_after"]) == (12.0, 1.0)
    assert (ann["silence_days"], ann["tenure_days"]) == (2.0, 19.0)
    assert (ann["n_all_then"], ann["n_before"]) == (0, 1)
    assert rows.loc[("bob", "01-22"), "group"] == OTHERS  # he joins later
    assert rows.loc[("bob", "03-04"), "group"] == "member"
    assert ("ann", "03-04") not in rows.index  # a member already
    assert rows.loc[("dee", "12-11"), "group"] == "member"
    assert ("dee", "01-22") not in rows.index
    assert ("cy", "01-22") not in rows.index  # had not bought by then
    passing = read_landmarks(study, exposed, days=30, width_days=7, is_lasting=False)
    assert passing.loc[passing["customer_id"] == "ann", "group"].tolist() == ["member", OTHERS]


def test_who_is_left_out_is_not_compared_with():
    study = a_study(as_of="2024-07-01", orders=orders(("a", "2024-01-03", 5.0), ("b", "2024-01-03", 5.0)))
    exposed = study.backend.create_table(
        "told",
        pd.DataFrame({"customer_id": ["a", "b"], "group": ["told", LEFT_OUT], "at": pd.Timestamp("2024-02-02")}),
    )
    rows = read_landmarks(study, exposed, days=30, width_days=7, is_lasting=False)
    assert rows["customer_id"].tolist() == ["a"]


def test_rows_are_bounded_by_lot():
    world = a_programme_world(300, seed=3)
    study = world.study()
    joined = find_membership(study).joined
    every = read_landmarks(study, joined, days=30, width_days=7, is_lasting=True)
    some = read_landmarks(study, joined, days=30, width_days=7, is_lasting=True, most_rows=200)
    is_other = some["group"] == OTHERS
    assert 20 < is_other.sum() < 400 < (every["group"] == OTHERS).sum()
    assert set(some["group"]) == set(every["group"])


ASKED = {"campaign_id": ["m1"] * 3, "customer_id": ["a", "b", "b"]}


def test_a_programme_is_found_where_its_name_says_so():
    bought = orders(("a", "2024-01-01", 1.0))
    plans = pd.DataFrame(
        {"contract_id": ["1", "2"], "customer_id": ["a", "b"], "started_at": ["2024-01-05", "2024-01-06"],
         "plan": ["Loyalty Club", "flat rate"]}
    )  # fmt: skip
    found = find_membership(a_study(orders=bought, contracts=plans))
    assert found.words == "contracts of the plan 'Loyalty Club'"
    assert not found.is_named
    people = pd.DataFrame({"customer_id": ["a", "b"], "会员日期": pd.to_datetime(["2024-02-01", "2030-01-01"])})
    dated = find_membership(a_study(orders=bought, customers=people))
    assert dated.joined.to_pandas()["customer_id"].tolist() == ["a"]  # b joins after as_of
    campaigns = pd.DataFrame({"campaign_id": ["m1"], "name": ["Bonus points launch"], "started_at": ["2024-01-01"]})
    answers = pd.DataFrame({**ASKED, "responded_at": ["2024-01-03", "2024-03-01", "2024-02-01"]})
    asked = find_membership(a_study(orders=bought, campaigns=campaigns, campaign_responses=answers))
    first = asked.joined.to_pandas().set_index("customer_id")["at"]
    assert first["b"] == pd.Timestamp("2024-02-01")
    assert find_membership(a_study(orders=bought, contracts=plans.assign(plan="flat rate"))) is None


def test_a_programme_can_be_named():
    bought = orders(("a", "2024-01-01", 1.0))
    plans = pd.DataFrame(
        {"contract_id": ["1", "2"], "customer_id": ["a", "b"], "started_at": ["2024-01-05", "2024-01-06"],
         "plan": ["Blue", "Green"]}
    )  # fmt: skip
    study = a_study(orders=bought, contracts=plans)
    assert find_membership(study, "green").joined.to_pandas()["customer_id"].tolist() == ["b"]
    assert len(find_membership(study, "contracts").joined.to_pandas()) == 2
    with pytest.raises(ParameterError, match="Green"):
        find_membership(study, "Grean")
    with pytest.raises(ParameterError, match="There are none"):
        find_membership(a_study(orders=bought), "Club")


def test_the_page_of_a_programme(useless_study):
    loyalty = describe_loyalty(useless_study, occasion="order")
    effect = programme_section(useless_study, loyalty, None).result
    assert effect.comparison.days == 60
    figure = programme_figures(effect, loyalty)[0].as_record()
    assert figure["id"] == "loyalty.programme_difference"
    assert figure["validation"].startswith("placebo")
    with chart_style():
        draw_programme(effect).figure.savefig(BytesIO(), format="svg")


@pytest.mark.slow
def test_few_members_end_in_words():
    world = a_programme_world(300, seed=5, chance=0.005)
    effect = measured(world)
    assert effect.found is None
    assert "Fewer than 20 new members" in programme_finding(effect)
    with chart_style():
        draw_programme(effect).figure.savefig(BytesIO(), format="svg")
    everybody = measured(a_programme_world(200, seed=6, chance=1.0))
    assert everybody.found is None  # all join at once: nobody is left to compare with


@pytest.mark.parametrize("case", THIN)
def test_thin_records_end_in_words(case):
    plans = pd.DataFrame({"contract_id": ["1"], "customer_id": ["a"], "started_at": ["2024-01-05"], "plan": ["Club"]})
    study = a_study(as_of="2024-07-01", orders=THIN[case], contracts=plans)
    loyalty = describe_loyalty(study)
    assert programme_section(study, loyalty, None).result.found is None
    assert programme_section(a_study(as_of="2024-07-01", orders=THIN[case]), loyalty, None).result is None
