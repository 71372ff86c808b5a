"""Which groups the page compares: the plan, else what tells early leavers from late ones, and how it says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from crm_research.models.survival import compare_groups, count_rows
from crm_research.pillars.churn import describe_churn, describe_renewals
from crm_research.pillars.churn.curves.group_words import group_finding
from crm_research.pillars.churn.curves.grouping import choose_group, is_put_together, weigh_categories
from crm_research.pillars.churn.curves.words import answer
from tests.builders import a_study
from tests.churn.worlds import a_world


def a_study_of(frame: pd.DataFrame, *categories: str, kinds: dict[str, str] | None = None):
    declared = dict.fromkeys(categories, "category") | (kinds or {})
    return a_study(as_of="2024-01-01", contracts=frame, attributes={"contracts": declared})


def mixed(n: int = 1500, seed: int = 5) -> pd.DataFrame:
    """Gender and region that say nothing, before a tariff in which 'flex' ends twice as fast."""
    rng = np.random.default_rng(seed)
    world = a_world(n, seed=seed).rename(columns={"plan": "tariff"})
    return world.assign(gender=rng.choice(["m", "f"], n), region=rng.choice(["东", "西", "南", "北"], n))


def test_the_mapped_plan_comes_before_the_first_category_of_the_file():
    frame = mixed().rename(columns={"tariff": "plan"})
    study = a_study_of(frame, "gender", "region")
    choice = choose_group(study)
    assert choice.column == "plan"
    assert choice.why == "Compared by plan, as the study maps it."
    assert choice.n_looked_at == 1
    said = "For which reasons they leave is not recorded. By plan, 'flex' leaves sooner than 'fixed': "
    assert answer(describe_churn(study))[2].startswith(said)
    assert describe_renewals(study).group == "plan"


def test_without_a_plan_the_category_with_the_clearest_evidence_is_taken():
    study = a_study_of(mixed(), "gender", "region", "tariff")
    choice = choose_group(study)
    assert choice.column == "tariff"
    assert "of 3 categories it tells early leavers from late ones most clearly" in choice.why
    assert choice.n_looked_at == 3
    assert choice.evidence["category"].iloc[0] == "tariff"
    leaving = describe_churn(study)
    by_hand = compare_groups(leaving.counts.by_group)
    row = choice.evidence.iloc[0]
    assert row["chi_squared"] == pytest.approx(by_hand.chi_squared)
    assert row["p_value"] == pytest.approx(chi2.sf(by_hand.chi_squared, 1))
    assert row["p_adjusted"] == pytest.approx(3 * row["p_value"])
    # The pair pays for the choice: one pair of groups, three categories looked at.
    assert leaving.pairs["p_adjusted"].item() == pytest.approx(3 * leaving.pairs["p_value"].item())


@pytest.mark.slow
def test_limits_of_a_chosen_grouping_are_those_of_all_that_were_looked_at():
    chosen = describe_churn(a_study_of(mixed(), "gender", "region", "tariff")).pairs.iloc[0]
    named = describe_churn(
        a_study_of(mixed(), "gender", "region", "tariff"), group="tariff", confidence=1 - 0.05 / 3
    ).pairs.iloc[0]
    assert chosen["gap_lower"] == pytest.approx(named["gap_lower"])
    assert chosen["gap_upper"] == pytest.approx(named["gap_upper"])


def test_where_nothing_differs_the_first_is_shown_and_said_to_tell_nothing():
    rng = np.random.default_rng(2)
    frame = a_world(600).drop(columns="plan").assign(one=rng.choice(list("ab"), 600), two=rng.choice(list("xy"), 600))
    choice = choose_group(a_study_of(frame, "one", "two"))
    assert choice.column == "one"
    assert choice.why.startswith("None of 2 categories tells early leavers from late ones beyond chance")


@pytest.mark.slow
def test_null_worlds_with_five_categories_claim_a_difference_in_at_most_one_of_twenty():
    n_claimed = 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 1])
        stay, ended = pd.Series(np.ceil(rng.exponential(300, 200))), pd.Series(rng.random(200) < 0.7)
        labels = {f"c{i}": pd.Series(rng.choice(list("abc"), 200)) for i in range(5)}
        found = weigh_categories({name: count_rows(stay, ended, group=label) for name, label in labels.items()})
        n_claimed += found["p_adjusted"].iloc[0] <= 0.05
    # Eight or more of 60 at .05 come about in 1.0 % of such tests.
    assert n_claimed < 8


def test_a_status_that_tells_the_end_is_not_compared():
    frame = mixed()
    frame["status"] = np.where(frame["ended_at"].isna(), "active", "closed")
    choice = choose_group(a_study_of(frame, "status", "gender", "tariff"))
    assert choice.column == "tariff"
    assert choice.why.endswith("Not compared: status, which tells that a contract has ended rather than who leaves.")


def test_a_category_that_is_filled_at_the_end_is_not_compared():
    frame = mixed()
    frame["exit_note"] = pd.Series(np.where(frame.index % 2, "x", "y")).where(frame["ended_at"].notna())
    assert choose_group(a_study_of(frame, "exit_note", "tariff")).column == "tariff"


@pytest.mark.slow
def test_one_category_one_value_and_five_hundred_values():
    frame = mixed()
    frame["one"] = "same"
    frame["many"] = [f"m{i % 500}" for i in frame.index]
    assert choose_group(a_study_of(frame, "one")).column is None
    assert choose_group(a_study_of(frame, "tariff")).why == "Compared by tariff, the only category there is."
    assert choose_group(a_study_of(frame, "one", "many", "tariff")).column == "tariff"
    # Ids: each value has one contract, some of which end on their first day.
    frame["id_like"] = frame["contract_id"]
    frame.loc[:9, "ended_at"] = frame.loc[:9, "started_at"] + pd.Timedelta(days=1)
    assert choose_group(a_study_of(frame, "id_like", "tariff")).column == "tariff"


def test_flags_are_looked_at_too_and_a_plan_of_one_value_is_none():
    frame = mixed().assign(plan="basic")
    frame["is_flex"] = frame["tariff"] == "flex"
    choice = choose_group(a_study_of(frame, "gender", kinds={"is_flex": "flag"}))
    assert choice.column == "is_flex"


def test_a_named_group_is_said_to_be_asked_for():
    leaving = describe_churn(a_study_of(mixed(), "gender", "tariff"), group="gender")
    assert leaving.counts.choice.why == "Compared by gender, as asked for."
    assert leaving.counts.choice.n_looked_at == 1


def test_groups_that_the_page_put_together_are_not_named_as_leaving_soonest():
    world = a_world(1200)
    # Eight groups of 130 and two small ones, all of whose contracts end after a week.
    names = [f"g{i}" for i in range(8)]
    world["plan"] = [names[i % 8] if i < 1040 else ("x" if i % 2 else "y") for i in range(len(world))]
    small = world["plan"].isin(["x", "y"])
    world.loc[small, "ended_at"] = world.loc[small, "started_at"] + pd.Timedelta(days=7)
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=world), group="plan")
    assert leaving.by_group is not None
    assert "all others (2)" in [str(name) for name in leaving.by_group.groups]
    assert "all others" not in group_finding(leaving)
    assert [is_put_together(name) for name in ("all others (2)", "all others", "g1 (2)")] == [True, False, False]
