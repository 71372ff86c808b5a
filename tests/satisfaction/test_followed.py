"""What followed the answers: by hand, and in worlds where late answers would be lost without censoring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.answers import read_survey
from crm_research.models.attitude import GROUPS
from crm_research.pillars.satisfaction.followed import _reached, count_patronage, follow_groups
from tests.builders import a_study, contracts, orders
from tests.satisfaction.test_satisfaction import long_form

ITEMS = ["loyalty_1", "loyalty_2", "loyalty_3"]


def test_kaplan_meier_by_hand_and_with_chances_as_weights():
    days, happened = np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, False, True, True])
    one = np.ones((4, 1))
    assert _reached(days, happened, one, 1.0)[0] == pytest.approx(1 / 4)
    assert _reached(days, happened, one, 2.0)[0] == pytest.approx(1 - 3 / 4 * 2 / 3)  # the censored one is at risk
    assert _reached(days, happened, one, 9.0)[0] == pytest.approx(1.0)
    weighed = np.array([[2.0], [1.0], [1.0], [1.0]])
    twice = _reached(np.array([1.0, 1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True, True]), np.ones((5, 1)), 2)
    assert _reached(days, happened, weighed, 2.0) == pytest.approx(twice)


def test_patronage_is_counted_up_to_each_ones_own_day():
    bought = orders(
        ("ann", "2022-01-01", 1.0), ("ann", "2023-12-01", 1.0), ("ann", "2023-12-01", 1.0), ("ann", "2024-02-01", 1.0),
        ("bob", "2023-12-31", 1.0), ("bob", "2024-01-02", 1.0), ("cy", "2024-05-01", 1.0),
    )  # fmt: skip
    people = pd.DataFrame({"customer_id": ["ann", "bob", "cy"], "at": pd.Timestamp("2024-01-10")})
    found = count_patronage(a_study(as_of="2024-07-01", orders=bought), people, 365).set_index("customer_id")
    assert found["n"].to_dict() == {"ann": 1, "bob": 1}  # bob's first purchase is no repeat; cy had not bought
    assert found["years"].to_numpy() == pytest.approx([365 / 365.25, 10 / 365.25])


def two_waves(n=400, *, seed=1, as_of="2024-06-01"):
    """Half answer early, half two months before as_of; who thinks highly of us ends his contract half as often."""
    rng = np.random.default_rng(seed)
    attitude, keen = rng.normal(size=n), rng.normal(size=n)
    answers = pd.DataFrame(
        {name: np.clip(np.rint(4 + 1.2 * (0.85 * attitude + 0.53 * rng.normal(size=n))), 1, 7) for name in ITEMS},
        index=[f"c{i}" for i in range(n)],
    )
    early = np.arange(n) < n // 2
    surveys = pd.concat(
        [long_form(answers.loc[early], "2023-03-01"), long_form(answers.loc[~early], "2024-04-01", wave="v")]
    )
    first = pd.Timestamp("2022-01-01")
    bought = [
        (name, (first + pd.Timedelta(hours=round(24 * day))).isoformat(), 1.0)
        for name, many in zip(answers.index, rng.poisson(8 * np.exp(0.7 * keen)), strict=True)
        for day in [0.0, *np.sort(rng.uniform(1, 880, many))]
    ]
    asked = pd.to_datetime(np.where(early, "2023-03-02", "2024-04-02"))
    left = (asked + pd.to_timedelta(rng.exponential(500 * np.exp(0.5 * attitude)), unit="D")).round("s")
    held = contracts(
        *[(name, "2022-01-01", at.isoformat() if at < pd.Timestamp(as_of) else None, None)
          for name, at in zip(answers.index, left, strict=True)]
    )  # fmt: skip
    return a_study(as_of=as_of, surveys=surveys, orders=orders(*bought), contracts=held)


def follow(study, **given):
    return follow_groups(study, read_survey(study), ITEMS, patronage_days=365, confidence=0.95, seed=1, **given)


def test_late_answers_are_censored_and_not_left_out():
    found = follow(two_waves())
    ended = found.table.loc[found.table["outcome"] == "ended a contract"].set_index("group")
    assert list(ended.index) == list(GROUPS)
    assert ended["days"].eq(365).all()
    assert (ended["n"] > 380).all()  # also those who answered 60 days before as_of
    assert ended["n_censored"].iloc[0] > 100
    gap = found.contrasts.set_index("outcome").loc["ended a contract"]
    assert gap["upper"] < 0
    assert ended.loc["true loyalty", "value"] < ended.loc["spurious loyalty", "value"]


def test_nothing_of_what_followed_makes_the_groups():
    whole = follow(two_waves())
    cut = follow(two_waves(as_of="2024-04-20"))
    # At the earlier date the same people are watched for less long; nothing is said of a time nobody was watched for.
    assert whole.table["n"].iloc[0] == cut.table["n"].iloc[0]
    assert (cut.table["n_censored"] >= whole.table["n_censored"]).all()


def test_too_short_a_time_ends_in_words():
    found = follow(two_waves(60, as_of="2024-04-05"))
    assert found.table.empty or found.table["days"].min() >= 14
    few = follow(two_waves(20))
    assert few.table.empty
    assert "cannot be told" in few.notes[0]
