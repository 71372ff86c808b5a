"""Rhythms against simulated truth, and cycles by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.features.own_rhythm import count_gap_scores, count_log_gaps
from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.rhythm.gap_model import chance_beyond, fit_gap_scale, set_limits
from crm_research.pillars.loyalty.rhythm.measure import describe_rhythm
from crm_research.pillars.loyalty.rhythm.words import cycle_finding, later_finding, overdue_finding, rhythm_finding
from tests.builders import a_study, orders


def a_steady_world(n: int = 400, *, seed: int = 3, years: int = 6, between: float = 0.5, within: float = 0.8):
    """Customers whose gaps are log-normal about a median of their own, spread about 30 days; nobody leaves."""
    rng = np.random.default_rng(seed)
    days = 365 * years
    centre = np.log(30) + between * rng.normal(size=n)
    gaps = np.exp(centre[:, None] + within * rng.normal(size=(n, 200)))
    at = rng.integers(0, 30, n)[:, None] + np.concatenate([np.zeros((n, 1)), np.cumsum(gaps, axis=1)], axis=1)
    who, which = np.nonzero(at < days)
    stamp = pd.Timestamp("2018-01-01") + pd.to_timedelta((at[who, which] * 86_400).round(), unit="s")
    return pd.DataFrame(
        {"order_id": [f"o{i}" for i in range(len(who))], "customer_id": [f"c{i}" for i in who], "ordered_at": stamp,
         "revenue": 10.0}
    )  # fmt: skip


@pytest.fixture(scope="module")
def steady():
    return a_study(as_of="2023-06-01", holdout_until="2024-01-01", orders=a_steady_world())


def test_a_known_scale_is_recovered(steady):
    scale = fit_gap_scale(count_log_gaps(steady, occasion="order"))
    assert np.exp(scale.centre) == pytest.approx(30, rel=0.08)
    assert scale.between_sd == pytest.approx(0.5, abs=0.05)
    assert scale.within_sd == pytest.approx(0.8, abs=0.02)


def test_limits_are_kept_by_the_share_they_say(steady):
    scale = fit_gap_scale(count_log_gaps(steady, occasion="order"))
    scores = count_gap_scores(steady, scale, occasion="order")
    limited = set_limits(scale, scores)
    later = scores.loc[~scores["is_first"]]
    kept = later.loc[later["score"] <= limited.lost_later, "n"].sum() / later["n"].sum()
    assert kept == pytest.approx(0.95, abs=0.005)
    # Gaps are log-normal here, so the measured limits are the normal ones.
    assert limited.lost_later == pytest.approx(1.645, abs=0.08)
    assert limited.fading_later == pytest.approx(0.842, abs=0.06)


def test_the_chance_of_a_silence_by_hand():
    scores = pd.DataFrame({"is_first": False, "score": np.linspace(-1, 1, 101), "n": 1})
    found = chance_beyond(scores, np.array([-2.0, 0.0, 5.0]), np.array([False, False, False]))
    assert found.tolist() == pytest.approx([1.0, 51 / 101, 0.5 / 101])


def test_customers_who_are_all_there_are_overdue_as_often_as_usual(steady):
    loyalty = describe_loyalty(steady, occasion="order")
    rhythm = describe_rhythm(steady, loyalty)
    shares = rhythm.standing.set_index("band")["share"]
    assert shares["overdue"] + shares["long silent"] == pytest.approx(rhythm.usual_overdue_share, abs=0.07)
    assert rhythm.later["n_bought"].sum() > 0.95 * rhythm.later["n"].sum()


def test_rhythms_that_do_not_differ_are_said_not_to():
    frame = a_steady_world(200, between=0.0, years=2)
    scale = fit_gap_scale(count_log_gaps(a_study(as_of="2019-12-01", orders=frame), occasion="order"))
    assert scale.between_sd < 0.12


def test_the_overdue_list_is_sorted_by_value_and_has_chances(steady):
    rhythm = describe_rhythm(steady, describe_loyalty(steady, occasion="order"))
    assert rhythm.overdue["spend"].is_monotonic_decreasing
    assert rhythm.overdue["chance"].between(0.05, 0.2001).all()
    assert (rhythm.overdue["silence_days"] > rhythm.overdue["typical_days"]).all()


def test_a_new_cycle_by_hand():
    # Fifteen who buy every 30 days, fifteen who came back after 5 days only.
    every = [
        (f"a{i}", str(day.date()), 1.0) for i in range(15) for day in pd.date_range("2024-01-01", periods=6, freq="30D")
    ]
    once = [(f"b{i}", day, 1.0) for i in range(15) for day in ("2024-01-01", "2024-01-06")]
    study = a_study(as_of="2024-06-15", orders=orders(*every, *once))
    rhythm = describe_rhythm(study, describe_loyalty(study))
    assert rhythm.cycle_days == 30
    later = rhythm.won.set_index("measure")
    assert later["n"].tolist() == [30, 30]
    assert later.loc["in the next cycle", "n_won"] == 15
    assert "30 days" in cycle_finding(rhythm)


def test_too_few_gaps_are_said_to_be_too_few():
    study = a_study(orders=orders(("a", "2024-01-01", 1.0), ("a", "2024-01-09", 1.0)))
    with pytest.raises(NotEnoughData, match="30"):
        describe_rhythm(study, describe_loyalty(study))


def test_clockwork_buyers_have_a_rhythm_too():
    rows = [
        (f"c{i}", str(day.date()), 1.0) for i in range(10) for day in pd.date_range("2024-01-01", periods=8, freq="14D")
    ]
    study = a_study(as_of="2024-07-01", orders=orders(*rows))
    rhythm = describe_rhythm(study, describe_loyalty(study))
    assert rhythm.standing.set_index("band").loc["long silent", "n"] == 10
    for say in (rhythm_finding, overdue_finding, later_finding, cycle_finding):
        assert "nan" not in say(rhythm)
