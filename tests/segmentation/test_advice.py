"""What a manager is told to do with segments, by the verdict and by what they tell of later: planted results."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from crm_research.pillars.segmentation import advice
from crm_research.pillars.segmentation.groups.words import brings_more
from crm_research.pillars.segmentation.inputs.base import BUYERS, HOLDERS
from crm_research.pillars.segmentation.use.holdout import CELLS, OUTCOMES

SAID = {
    "use": "Serve the four groups apart only where that changes what a customer gets: write down for each what is done "
    "otherwise.",
    "stability": "Use the groups to put the work in order, and draw no plan for years from them.",
    "rules": "Let staff place a customer by the simple rules: they are right for 83 % of the customers.",
    "living": "Place new customers with the saved segmentation, and draw it anew when it has aged.",
}
PLAN = "Plan spending by group: the groups tell later spend better than recency, frequency and money alone."
FORECAST = "Forecast spend by recency, frequency and money, and use the groups for what to say and to offer."
KEEP = "Keep some months apart as a holdout, so that the groups can be judged by what customers do next."
AGAIN = (
    "Judge the groups again once customers have bought more: in the months kept apart nobody spent anything different "
    "from the others."
)
ALIKE = "Do not spend more on keeping one group than another: they are not seen to differ in who leaves."
CHEAP = "Find out what drives “cheap” away and keeps “dear”: the gap is more than chance, but its cause is not shown."
DEAR = "Find out what drives “dear” away and keeps “cheap”: the gap is more than chance, but its cause is not shown."


def gains(lower, upper, estimate=0.0, explained=(0.004, 0.006)):
    rows = [(OUTCOMES["holdout_spend"], CELLS, estimate, lower, upper), ("other", CELLS, 9.0, 8.0, 10.0)]
    scores = pd.DataFrame(
        {"outcome": [*[OUTCOMES["holdout_spend"]] * 2, "other"], "explained_share": [*explained, 0.9]}
    )
    frame = pd.DataFrame(rows, columns=["outcome", "against", "estimate", "lower", "upper"])
    return SimpleNamespace(gains=frame, scores=scores)


def leaving(survival=0.9, other=0.6, lower=0.2, upper=0.4, p_value=0.001, *, is_later=False):
    row = ("dear", "cheap", survival, other, survival - other, lower, upper)
    names = ["group", "other_group", "survival", "other_survival", "survival_gap", "gap_lower", "gap_upper"]
    return SimpleNamespace(
        pairs=pd.DataFrame([row], columns=names), test=SimpleNamespace(p_value=p_value), confidence=0.95,
        is_later=is_later,
    )  # fmt: skip


def a_grouping(verdict="reproducible", base=BUYERS, holdout=None, check=None, *, least_right=0.81):
    found = SimpleNamespace(
        verdict=verdict, k=4, inputs=SimpleNamespace(base=base), holdout=holdout, leaving=check,
        rules=SimpleNamespace(fidelity=SimpleNamespace(estimate=0.834, lower=least_right)),
        cards=pd.DataFrame({"size_share": [0.2, 0.8]}),
    )  # fmt: skip
    return SimpleNamespace(found=found)


def told(segments):
    return {step.see: step.text for step in advice.steps(segments)}


def test_the_verdict_decides_whether_groups_are_served_apart():
    natural, made_up = told(a_grouping("natural")), told(a_grouping("constructed"))
    assert list(natural) == ["use", "worth", "rules", "living"]
    assert list(made_up) == ["stability", "worth", "rules", "living"]
    assert {name: natural[name] for name in ("use", "rules", "living")} == {
        name: SAID[name] for name in ("use", "rules", "living")
    }
    assert made_up["stability"] == SAID["stability"]


@pytest.mark.parametrize(
    ("holdout", "said"),
    [
        (gains(0.001, 0.2, 0.1), PLAN),
        (gains(0.0, 0.2, 0.1), FORECAST),
        (gains(-0.2, -0.001, -0.1), FORECAST),
        (gains(float("nan"), float("nan"), float("nan")), AGAIN),
        (None, KEEP),
    ],
)
def test_what_groups_of_buyers_tell_of_later_spend(holdout, said):
    assert told(a_grouping(holdout=holdout))["worth"] == said


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (leaving(), CHEAP),
        (leaving(0.6, 0.9, -0.4, -0.2), DEAR),
        (leaving(p_value=0.0501), ALIKE),
        (leaving(lower=0.0), ALIKE),
        (None, ALIKE),
    ],
)
def test_what_groups_of_contracts_tell_of_leaving(check, said):
    assert told(a_grouping(base=HOLDERS, check=check))["worth"] == said


@pytest.mark.parametrize(
    ("segments", "start"),
    [
        (a_grouping("constructed"), "The groups are lines that this page has drawn"),
        (a_grouping(), "Nothing later was kept apart"),
        (a_grouping(holdout=gains(0, 1)), ""),
        (a_grouping(base=HOLDERS), "Nothing says what these customers did afterwards"),
        (a_grouping(base=HOLDERS, check=leaving()), "Who has left is among those grouped"),
        (a_grouping(base=HOLDERS, check=leaving(is_later=True)), ""),
        (SimpleNamespace(found=None), ""),
    ],
)
def test_the_gravest_doubt(segments, start):
    said = advice.gravest_doubt(segments)
    assert said.startswith(start)
    assert bool(said) is bool(start)


def test_without_groups_there_is_nothing_to_do():
    assert list(advice.steps(SimpleNamespace(found=None))) == []


def test_nothing_is_forecast_from_what_told_nothing_of_later_spend():
    nothing = "Forecast nobody's spend from these records: neither groups nor recency, frequency and money told it."
    assert told(a_grouping(holdout=gains(-0.1, 0.1, explained=(-0.02, 0.0049))))["worth"] == nothing
    assert told(a_grouping(holdout=gains(-0.1, 0.1, explained=(-0.02, 0.005))))["worth"] == FORECAST
    assert told(a_grouping(holdout=gains(-0.2, -0.1, explained=(0.0, 0.004))))["worth"] == FORECAST


def test_rules_no_better_than_naming_the_largest_group_are_not_advised():
    # Whoever puts everybody into the largest group is right for 80 %.
    for least_right in (0.8, 0.79):
        assert told(a_grouping(least_right=least_right))["rules"] == (
            "Let nobody place customers by rules of thumb: no simple rule tells these groups apart."
        )
    assert told(a_grouping(least_right=0.801))["rules"] == SAID["rules"]


@pytest.mark.parametrize(
    ("size", "money", "said"),
    [(0.51, 0.77, True), (0.51, 0.512, False), (0.51, 0.51, False), (0.6, 0.4, False), (0.5, float("nan"), False)],
)
def test_a_group_that_brings_its_share_of_the_money_brings_no_more_than_others(size, money, said):
    assert brings_more(pd.Series({"size_share": size, "revenue_share": money})) is said
