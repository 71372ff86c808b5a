"""What keeping more customers would bring, by hand, in worlds of known truth, and where it is not told."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.money_window import ends_begin_late, find_window, holds_months_before, share_seen_late
from crm_research.pillars.value.keeping import words
from crm_research.pillars.value.keeping.figures import keeping_figures
from crm_research.pillars.value.keeping.measure import measure_keeping
from tests.builders import a_study
from tests.told import check_figures

STAYED = {"gold": (90, 10, 95, 200.0), "iron": (60, 40, 80, 50.0), "lead": (30, 70, 150, -4.0)}


def a_base(stayed=STAYED, *, months=12, why="too short"):
    """Moves of each tier (stayed, gone), and how many it has now at which margin."""
    rows = [
        (tier, place, n)
        for tier, (kept, gone, *_) in stayed.items()
        for place, n in (("iron", kept), ("not there", gone))
    ]
    moves = pd.DataFrame([*rows, ("not there", "lead", 17)], columns=["before", "now", "n_customers"])
    now = pd.DataFrame(
        [(tier, n, each) for tier, (_, _, n, each) in stayed.items()], columns=["tier", "n_customers", "mean_profit"]
    )
    profit = SimpleNamespace(window=SimpleNamespace(months=months), currency="EUR")
    return profit, SimpleNamespace(moves=moves if stayed else moves.iloc[:0], tiers=now, why_no_moves=why)


def worth(kept, rate=0.1):
    return sum(n * each * r / (1 + rate - r) for r, (_, _, n, each) in zip(kept, STAYED.values(), strict=True))


def test_the_numbers_by_hand():
    found = measure_keeping(*a_base(), discount_rate=0.1)
    assert found.tiers["kept_share"].tolist() == [0.9, 0.6, 0.3]
    assert found.tiers["worth_each"].tolist() == pytest.approx([200 * 4.5, 50 * 1.2, -4 * 0.375])
    assert found.tiers["worth_kept"].tolist() == pytest.approx([1000, 100, -5])
    five, one = found.gain(5), found.gain(1)
    assert five["money"] == pytest.approx(0.05 * (95 * 200 + 80 * 50 - 150 * 4))
    assert five["money_share"] == pytest.approx(1120 / (0.9 * 19_000 + 0.6 * 4_000 - 0.3 * 600))
    assert five["lifetime_share"] == pytest.approx(worth([0.95, 0.65, 0.35]) / worth([0.9, 0.6, 0.3]) - 1)
    assert one["lifetime_share"] == pytest.approx(worth([0.91, 0.61, 0.31]) / worth([0.9, 0.6, 0.3]) - 1)
    assert found.elasticity == pytest.approx(worth([0.909, 0.606, 0.303]) / worth([0.9, 0.6, 0.3]) - 1)
    assert (found.kept, found.n_before) == (0.6, 300)
    assert five["lower"] < five["lifetime_share"] < five["upper"]
    check_figures(keeping_figures(found, "2023"))


def test_nobody_is_kept_more_than_surely():
    found = measure_keeping(*a_base({"gold": (97, 3, 100, 10.0)}), discount_rate=0.1)
    # From .97 to 1, not to 1.02: 10 of this year's margins instead of 7.46.
    assert found.gain(5)["lifetime_share"] == pytest.approx(10 / (0.97 / 0.13) - 1)
    assert found.gain(5)["money"] == pytest.approx(30)


def test_what_is_said_and_at_which_price():
    found = measure_keeping(*a_base(), discount_rate=0.1)
    five = found.gain(5)
    said = words.say_keeping(found)
    assert "60 % (95 % interval 54 % to 65 %) are still there" in said
    more = f"worth {round(100 * five['lifetime_share'])} %"
    assert f"next year would bring 1,120 EUR more, and all that is to come would be {more}" in said
    assert "may cost up to 1,000 EUR for one who is gold and 100.00 EUR for one who is iron." in words.say_price(found)
    claims = words.claims_table(found)
    assert claims["here"].tolist() == pytest.approx([five["lifetime_share"], found.elasticity])
    assert claims["verdict"].tolist() == ["these data do not contradict it"] * 2


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 0.24, "less than is said"),
        (0.1, 0.25, "these data do not contradict it"),
        (0.25, 0.3, "as is said"),
        (0.24, 0.3, "these data do not contradict it"),
        (0.3, 0.9, "these data do not contradict it"),
        (0.31, 0.9, "more than is said"),
    ],
)
def test_a_saying_is_judged_by_the_limits(low, high, verdict):
    assert words._judge(0.25, 0.30, low, high) == verdict


@pytest.mark.parametrize(
    ("base", "rate", "said"),
    [
        (a_base(months=6), 0.1, "two years of twelve whole months"),
        (a_base({}), 0.1, "too short"),
        (a_base(), 0.0, "Without a discount rate"),
        (a_base({"gold": (20, 9, 30, 10.0)}), 0.1, "The year before had 29 customers, too few .* it takes 30"),
        (a_base({"gold": (50, 0, 30, 10.0)}), 0.1, "All customers of the year before are still there"),
        (a_base({"gold": (40, 10, 30, -10.0)}), 0.1, "nothing to keep them for"),
        ((a_base()[0], None), 0.1, "Without tiers"),
    ],
)
def test_where_it_is_not_told_it_is_said_why(base, rate, said):
    found = measure_keeping(*base, discount_rate=rate)
    assert isinstance(found, str)
    assert pd.Series([found]).str.contains(said).all()


def test_a_rate_that_looks_like_a_percentage_is_asked_back():
    with pytest.raises(ParameterError, match=r"If 12 % is meant, give 0\.12"):
        measure_keeping(*a_base(), discount_rate=12)


@pytest.mark.slow
def test_limits_hold_the_truth_as_often_as_they_say():
    rng, truth, sizes, money = np.random.default_rng(3), np.array([0.8, 0.7, 0.5]), [200, 300, 500], [100.0, 30.0, 4.0]
    true = None
    held = []
    for _ in range(600):
        stayed = rng.binomial(sizes, truth)
        world = {
            tier: (int(k), int(n - k), n, m)
            for tier, k, n, m in zip(("gold", "iron", "lead"), stayed, sizes, money, strict=True)
        }
        found = measure_keeping(*a_base(world), discount_rate=0.1)
        if true is None:
            weights = np.array(sizes) * np.array(money)
            true = weights @ ((truth + 0.05) / (1.05 - truth)) / (weights @ (truth / (1.1 - truth))) - 1
        five = found.gain(5)
        held.append(five["lower"] <= true <= five["upper"])
    assert 0.93 <= np.mean(held) <= 0.97


def contracts(**columns):
    frame = pd.DataFrame(columns)
    for name in ("started_at", "ended_at", "observed_from"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name])
    return a_study(as_of="2024-01-01", contracts=frame.assign(contract_id=[f"k{i}" for i in range(len(frame))]))


def test_contracts_that_are_known_only_since_later_hide_who_left():
    study = contracts(
        customer_id=[f"c{i}" for i in range(40)],
        started_at=["2020-01-01"] * 40,
        ended_at=["2023-06-01"] * 4 + [None] * 36,
        observed_from=["2023-03-01"] * 10 + ["2020-01-01"] * 30,
        fee=[10.0] * 40,
    )
    assert share_seen_late(study, datetime(2022, 1, 1)) == 0.25
    assert share_seen_late(study, datetime(2023, 3, 1)) == 0.0
    assert not holds_months_before(study, find_window(study))


def test_a_snapshot_with_those_who_left_lately_is_no_record_of_who_left_before():
    snapshot = contracts(
        customer_id=[f"c{i}" for i in range(100)],
        started_at=["2020-01-01"] * 100,
        ended_at=["2023-12-15"] * 20 + [None] * 80,
        fee=[10.0] * 100,
    )
    assert ends_begin_late(snapshot, datetime(2022, 1, 1))
    assert not holds_months_before(snapshot, find_window(snapshot))
    few = contracts(
        customer_id=[f"c{i}" for i in range(100)],
        started_at=["2020-01-01"] * 100,
        ended_at=["2023-02-15", "2023-05-01", "2023-12-15", *[None] * 97],
        fee=[10.0] * 100,
    )
    # Three in eleven months: that none left in the fourteen months before is no wonder.
    assert not ends_begin_late(few, datetime(2022, 1, 1))
    assert holds_months_before(few, find_window(few))
    assert not ends_begin_late(contracts(customer_id=["a"], started_at=["2020-01-01"], fee=[1.0]), datetime(2022, 1, 1))


def test_an_estimate_lies_within_its_limits_where_all_of_a_few_were_kept():
    stayed = {"gold": (7, 0, 7, 215.0), "iron": (13, 8, 22, 11.0), "lead": (16, 25, 43, 2.0)}
    found = measure_keeping(*a_base(stayed), discount_rate=0.1)
    for points in (1, 5):
        gain = found.gain(points)
        assert gain["lower"] <= gain["lifetime_share"] <= gain["upper"]
    # Gold cannot be kept more than surely: only iron and lead bring more, by hand.
    worth_now = 7 * 215 / 0.1 + 22 * 11 * (13 / 21) / (1.1 - 13 / 21) + 43 * 2 * (16 / 41) / (1.1 - 16 / 41)
    iron, lead = 13 / 21 + 0.05, 16 / 41 + 0.05
    more = 7 * 215 / 0.1 + 22 * 11 * iron / (1.1 - iron) + 43 * 2 * lead / (1.1 - lead)
    assert found.gain(5)["lifetime_share"] == pytest.approx(more / worth_now - 1)
    assert found.elasticity_lower <= found.elasticity <= found.elasticity_upper
