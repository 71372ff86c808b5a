import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.segmentation.groups.profile_words import find_worth, say_worth
from crm_research.pillars.segmentation.inputs.choose import choose_inputs
from crm_research.pillars.segmentation.use.holdout import (
    ADDED,
    CELLS,
    EQUAL,
    NAMED,
    NONE,
    SEGMENTS,
    _adjust,
    _judge,
    check_in_holdout,
    compare_errors,
    predict,
    score_quintiles,
    weigh_groups,
)
from crm_research.pillars.segmentation.use.responses import read_responses
from tests.builders import a_study, orders


def _campaigns(*starts):
    return pd.DataFrame({"campaign_id": [f"m{i}" for i in range(len(starts))], "started_at": starts})


def _targets(*rows):
    return pd.DataFrame(rows, columns=["campaign_id", "customer_id", "targeted_at", "is_control"])


def _responses(*rows):
    return pd.DataFrame(rows, columns=["campaign_id", "customer_id", "responded_at"])


BOUGHT = orders(*[(f"c{i}", "2024-01-01", 5.0) for i in range(5)])


def test_responses_count_those_addressed_in_the_holdout_only():
    study = a_study(
        orders=BOUGHT,
        holdout_until="2024-10-01",
        campaigns=_campaigns("2024-01-01", "2024-08-01"),
        campaign_targets=_targets(
            ("m0", "c0", "2024-01-01", False),  # before
            ("m1", "c1", "2024-08-01", False),
            ("m1", "c2", "2024-08-01", False),
            ("m1", "c3", "2024-08-01", True),  # held back
            ("m1", "c4", "2024-11-01", False),  # after
        ),
        campaign_responses=_responses(
            ("m0", "c0", "2024-08-02"), ("m1", "c1", "2024-08-02"), ("m1", "c1", "2024-08-03"),
            ("m0", "c2", "2024-08-05"), ("m1", "c3", "2024-08-05"),
        ),
    )  # fmt: skip
    found, why_not = read_responses(study)
    assert not why_not
    # c2 answered another campaign than the one that addressed him.
    assert found.to_dict("list") == {"customer_id": ["c1", "c2"], "has_responded": [1.0, 0.0]}


def test_targets_without_a_time_take_that_of_their_campaign():
    targets = _targets(("m0", "c0", None, False), ("m1", "c1", None, False)).drop(columns="targeted_at")
    study = a_study(
        orders=BOUGHT,
        holdout_until="2024-10-01",
        campaigns=_campaigns("2024-01-01", "2024-08-01"),
        campaign_targets=targets,
        campaign_responses=_responses(("m1", "c1", "2024-09-01")),
    )
    assert read_responses(study)[0]["customer_id"].tolist() == ["c1"]


def test_why_responses_are_not_judged_is_said():
    bare = a_study(orders=BOUGHT, holdout_until="2024-10-01")
    assert "does not say whom" in read_responses(bare)[1]
    quiet = a_study(
        orders=BOUGHT,
        holdout_until="2024-10-01",
        campaign_targets=_targets(("m0", "c0", "2024-01-01", False)),
        campaign_responses=_responses(("m0", "c0", "2024-02-01")),
    )
    found, why_not = read_responses(quiet)
    assert found.empty
    assert "No campaign addressed" in why_not


def _customers(n=400, seed=2):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:04}" for i in range(n)],
            "days_since_last": rng.exponential(60, n),
            "n_orders": 1 + rng.poisson(3, n),
            "spend": rng.gamma(2, 50, n),
            "cv_gap": rng.uniform(0, 2, n),
        }
    )


def _check(outcome_of, labels, customers):
    """The holdout check on made-up outcomes: one order each worth what `outcome_of` says."""
    bought = orders(*[(who, "2024-01-01", 5.0) for who in customers["customer_id"]])
    later = [(who, "2024-08-01", float(v)) for who, v in zip(customers["customer_id"], outcome_of, strict=True) if v]
    frame = pd.concat([bought, orders(*later).assign(order_id=lambda t: "l" + t["order_id"])])
    study = a_study(orders=frame, holdout_until="2024-10-01")
    return check_in_holdout(study, choose_inputs(customers), labels, confidence=0.95, seed=1)


def test_segments_that_know_more_than_rfm_are_seen_to_add():
    customers = _customers()
    labels = np.random.default_rng(5).integers(0, 2, len(customers))
    check = _check(20 + 80 * labels + np.random.default_rng(6).normal(0, 5, len(customers)), labels, customers)
    spend = check.gains[check.gains["outcome"] == "later spend"].set_index("against")
    assert (spend["finding"] == "better").all()
    assert spend.loc[NONE, "estimate"] > 0.9
    assert "win" not in find_worth(check)
    assert any("add" in sentence and "not seen" not in sentence for sentence in say_worth(check))


def test_segments_that_are_chance_are_said_to_add_nothing():
    customers = _customers()
    labels = np.random.default_rng(5).integers(0, 3, len(customers))
    later = customers["spend"] * np.random.default_rng(8).uniform(0.5, 1.5, len(customers))
    check = _check(later, labels, customers)
    spend = check.gains[check.gains["outcome"] == "later spend"].set_index("against")
    assert (spend.loc[[CELLS, EQUAL, NAMED], "finding"] == "worse").all()
    assert (spend.loc[[NONE, ADDED], "finding"] != "better").all()
    assert "RFM predicts customers better" in find_worth(check)
    assert "keep them for other reasons" in say_worth(check)[-1]


def test_nobody_came_back_is_said():
    customers = _customers(120)
    frame = orders(*[(who, "2024-01-01", 5.0) for who in customers["customer_id"]])
    labels = np.arange(120) % 2
    check = check_in_holdout(
        a_study(orders=frame, holdout_until="2024-10-01"), choose_inputs(customers), labels, confidence=0.95, seed=1
    )
    assert check.gains["finding"].eq("not known").all()
    assert "nobody differed" in say_worth(check)[0]


def test_a_customer_without_a_group_counts_as_one_of_none():
    customers = _customers(200)
    labels = np.r_[np.full(50, -1), np.zeros(75), np.ones(75)].astype(int)
    check = _check(customers["spend"], labels, customers)
    assert check.scores.set_index("grouping").loc["segments", "n_groups"].iloc[0] == 3


def test_limits_and_p_values_hold_for_all_comparisons():
    gains = pd.DataFrame(
        {"estimate": [0.1, 0.02, np.nan], "std_error": [0.02, 0.02, np.nan], "skewness": [0.0, 0.0, np.nan], "df": 1e9}
    )
    adjusted = _adjust(gains, confidence=0.95)
    assert adjusted["lower"][0] == pytest.approx(0.1 - 1.959964 * 0.02)
    assert adjusted["upper_all"][0] == pytest.approx(0.1 + 2.241403 * 0.02)  # two comparisons: 97.5 % each
    assert adjusted["p_adjusted"][1] == pytest.approx(0.3173, abs=1e-4)  # 1 standard error, the larger of two by Holm
    assert adjusted["finding"].tolist() == ["better", "open", "not known"]


@pytest.mark.slow
def test_chance_groups_are_seldom_said_to_be_better_than_none():
    rng = np.random.default_rng(4)
    n_better = 0
    for _ in range(300):
        actual, groups = rng.gamma(1, 50, 200), rng.integers(0, 3, 200)
        held = dict.fromkeys(("segments", CELLS, EQUAL, NAMED, "RFM groups and segments"), groups)
        gains = pd.DataFrame(_judge(actual, held, rng.integers(0, 5, 200))[1])
        n_better += int(_adjust(gains, confidence=0.95).set_index("against").loc[NONE, "finding"] == "better")
    assert n_better / 300 <= 0.05


def test_quintiles_part_customers_into_fifths_where_there_are_no_ties():
    scores = score_quintiles(_customers(500))
    assert scores["recency"].value_counts().tolist() == [100] * 5
    assert scores["money"].value_counts().tolist() == [100] * 5


def test_means_of_groups_are_drawn_in_by_their_credibility():
    # Three groups of two: means -3, 0 and 3 about that of all, and 1 either side of each: v = 6 / 3 = 2 within, and
    # between (2 * 18 - 2 * 2) / (6 - 12 / 6) = 8; so 2 / (2 + 2 / 8) = 8 / 9.
    counts, means = np.array([2, 0, 2, 2]), np.array([-3.0, 0.0, 0.0, 3.0])
    assert weigh_groups(counts, means, within=6.0) == pytest.approx([8 / 9, 0, 8 / 9, 8 / 9])
    assert weigh_groups(counts, means, within=0.0) == pytest.approx([1, 0, 1, 1])
    assert weigh_groups(counts, means / 10, within=60.0).tolist() == [0, 0, 0, 0]
    assert weigh_groups(np.array([1, 1]), np.array([-1.0, 1.0]), within=0.0).tolist() == [0, 0]
    assert weigh_groups(np.array([5]), np.array([0.0]), within=3.0).tolist() == [0]


def test_many_cells_of_chance_are_no_easy_prey():
    rng = np.random.default_rng(9)
    n, worst = 400, []
    for _ in range(40):
        actual, cells, folds = rng.gamma(1, 50, n), rng.integers(0, 120, n), rng.integers(0, 5, n)
        null = predict(np.zeros(n, dtype=np.int64), actual, folds).errors.sum()
        worst.append(1 - predict(cells, actual, folds).errors.sum() / null)
    # Plain means of cells of three would cost a third.
    assert np.mean(worst) == pytest.approx(0, abs=0.02)


def test_large_groups_that_differ_are_predicted_by_their_own_mean():
    rng = np.random.default_rng(10)
    groups = np.repeat([0, 1], 500)
    actual = rng.normal(100.0 * groups, 10)
    predicted = predict(groups, actual, rng.integers(0, 5, 1000)).expected
    assert predicted[:500].mean() == pytest.approx(actual[:500].mean(), abs=0.5)
    assert predicted[500:].mean() == pytest.approx(actual[500:].mean(), abs=0.5)


def test_the_influence_is_what_one_more_customer_does_to_the_errors():
    # Groups so far apart that nothing is drawn in, whatever one customer does: then the influence is exact.
    rng = np.random.default_rng(12)
    groups, folds = np.repeat([0, 1], 40), np.arange(80) % 5
    actual = rng.normal(1e3 * groups, 1.0)
    found = predict(groups, actual, folds)

    def errors(weights):
        total = 0.0
        for fold in range(5):
            for group in (0, 1):
                held, out = (folds != fold) & (groups == group), (folds == fold) & (groups == group)
                total += (weights[out] * (actual[out] - np.average(actual[held], weights=weights[held])) ** 2).sum()
        return total

    for who in (0, 57):
        step = np.where(np.arange(80) == who, 1e-3, 0.0)
        slope = (errors(1 + step) - errors(1 - step)) / 2e-3
        assert slope == pytest.approx(found.influence[who], abs=1e-4)
    assert found.influence.mean() == pytest.approx(found.errors.mean())


def test_intervals_of_the_gain_cover():
    rng = np.random.default_rng(1)
    n, found = 600, []
    for _ in range(200):
        segments, cells = rng.integers(0, 4, n), rng.integers(0, 60, n)
        actual = (20 * (1 + segments) + 5 * (cells % 10)) * rng.gamma(1, 1, n)
        folds = rng.integers(0, 5, n)
        by_cells, by_segments, by_none = (predict(by, actual, folds) for by in (cells, segments, 0 * cells))
        found.append([float(part) for part in compare_errors(by_cells, by_segments, by_none, confidence=0.95)])
    estimate, lower, upper = np.array(found).T
    # The gain of rules found on so many customers: that of the estimates on average.
    covered = (lower <= estimate.mean()) & (estimate.mean() <= upper)
    assert covered.mean() >= 0.92


@pytest.mark.slow
def test_gains_of_few_customers_of_very_unequal_spend_are_covered():
    """Spend of gamma shape .25, 300 customers: the linearised error alone covers 82 %."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(150):
        segments, cells = rng.integers(0, 4, 300), rng.integers(0, 60, 300)
        actual = (20 * (1 + segments) + 5 * (cells % 10)) * rng.gamma(0.25, 4.0, 300)
        held = {SEGMENTS: segments, CELLS: cells, EQUAL: cells, NAMED: cells, "RFM groups and segments": segments}
        gains = pd.DataFrame(_judge(actual, held, rng.integers(0, 5, 300))[1])
        row = _adjust(gains, confidence=0.95).set_index("against").loc[CELLS]
        found.append((row["estimate"], row["lower"], row["upper"]))
    estimate, lower, upper = np.array(found).T
    covered = (lower <= estimate.mean()) & (estimate.mean() <= upper)
    assert covered.mean() >= 0.92
