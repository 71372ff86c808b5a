"""A customer's own rhythm, by hand and against a simulated one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crm_research.features.own_rhythm import RhythmScale, build_own_rhythm, count_gap_scores, count_log_gaps
from tests.builders import a_study, orders
from tests.features.worlds import rows

SCALE = RhythmScale(
    centre=math.log(10), between_sd=1.0, within_sd=1.0,
    fading_first=1.0, lost_first=2.0, fading_later=0.5, lost_later=1.5,
)  # fmt: skip


def a_buyer(*days: int, name: str = "ann"):
    return orders(*[(name, f"2024-01-{day:02d}", 1.0) for day in days])


def test_shrinking_by_hand():
    # Gaps of 4 and 16 days: mean logarithm ln 8. Variances 1 and 1: weights 0, 1/2 and 2/3 after 0, 1 and 2 gaps.
    found = rows(build_own_rhythm(a_study(orders=a_buyer(1, 5, 21)), SCALE), "ordered_at")
    centres = [math.log(10), (math.log(10) + math.log(4)) / 2, (math.log(10) + 2 * math.log(8)) / 3]
    assert found["typical_days"].tolist() == pytest.approx(np.exp(centres).tolist())
    assert found["log_sd"].tolist() == pytest.approx([math.sqrt(2), math.sqrt(1.5), math.sqrt(4 / 3)])
    assert found["fading_days"][0] == pytest.approx(10 * math.exp(math.sqrt(2)))
    assert found["fading_days"][1] == pytest.approx(math.exp(centres[1] + 0.5 * math.sqrt(1.5)))
    assert found["gap_days"].tolist()[:2] == [4.0, 16.0]


def test_a_purchase_after_a_lost_silence_is_a_return():
    scale = RhythmScale(
        centre=math.log(2), between_sd=0.1, within_sd=0.2,
        fading_first=1.0, lost_first=2.0, fading_later=1.0, lost_later=2.0,
    )  # fmt: skip
    found = rows(build_own_rhythm(a_study(orders=a_buyer(1, 3, 23, 25)), scale), "ordered_at")
    assert found["is_return"].tolist() == [False, False, True, False]


def test_counts_of_gaps_by_hand():
    frame = orders(("a", "2024-01-01", 1.0), ("a", "2024-01-05", 1.0), ("a", "2024-01-21", 1.0),
                   ("b", "2024-01-01", 1.0), ("b", "2024-01-03", 1.0), ("c", "2024-01-01", 1.0))  # fmt: skip
    counted = count_log_gaps(a_study(orders=frame)).set_index("n_gaps")
    assert counted["n_customers"].to_dict() == {1: 1, 2: 1}
    assert counted.loc[2, "sum_mean"] == pytest.approx(math.log(8))
    assert counted.loc[2, "within"] == pytest.approx(2 * math.log(2) ** 2)


def test_a_rhythm_reads_nothing_of_later_purchases():
    short = rows(build_own_rhythm(a_study(orders=a_buyer(1, 5, 21)), SCALE), "ordered_at")
    longer = rows(build_own_rhythm(a_study(orders=a_buyer(1, 5, 21, 22, 30)), SCALE), "ordered_at")
    names = ["typical_days", "fading_days", "lost_days", "is_return"]
    assert longer[names].head(3).equals(short[names])


def test_scores_hold_every_completed_gap():
    study = a_study(orders=a_buyer(1, 5, 21, 22))
    scores = count_gap_scores(study, SCALE)
    assert scores["n"].sum() == 3
    assert scores["days"].sum() == 21
    assert scores.loc[scores["is_first"], "score"].item() == pytest.approx(math.log(0.4) / math.sqrt(2), abs=0.011)


def test_two_orders_at_one_instant_do_not_break_the_logarithm():
    frame = orders(("客户", "2024-01-01", 1.0), ("客户", "2024-01-01", 1.0), ("客户", "2024-02-01", 1.0))
    found = rows(build_own_rhythm(a_study(orders=frame), SCALE, occasion="order"), "ordered_at")
    assert np.isfinite(found["typical_days"]).all()
