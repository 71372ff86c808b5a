"""How far do numbers hang on the joins? Bases whose pairs of records are of one customer as often as they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from crm_research.models.joins import N_DRAWS
from crm_research.models.joins.draws import PairDoubts, draw_groups
from crm_research.stats.concentration import concentration_of
from crm_research.stats.joined import sum_up_draws
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

# The three pairs of three records, and which of them hold where none, one or all are of one customer.
_PAIRS = ((0, 1), (1, 2), (0, 2))
_MANY = 1_000
_LEVEL = 0.95


class Base(NamedTuple):
    doubts: PairDoubts
    spend: np.ndarray
    true: np.ndarray


def joins(worlds: int, sizes: Sequence[int] = (1_200,)) -> list[Coverage]:
    """Customers and the top fifth over draws, beside the truth; the share of uncertainty, beside many draws."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        base = _a_base(rng, n)
        seed = int(rng.integers(1 << 31))
        drawn = np.array([_numbers(base, label) for label in draw_groups(base.doubts, n_draws=N_DRAWS, seed=seed)])
        for place, name in enumerate(("customers", "share of money of the top fifth")):
            truth = _numbers(base, base.true)[place]
            found = sum_up_draws(truth, drawn[:, place], lower=None, upper=None, confidence=_LEVEL)
            yield f"{name} over draws of the joins", bool(found.lower <= truth <= found.upper)
        many = np.array([_numbers(base, label)[1] for label in draw_groups(base.doubts, n_draws=_MANY, seed=seed + 1)])
        # As uncertain by itself as by the joins: half of all hangs on them.
        width = 1.959964 * many.std(ddof=1)
        found = sum_up_draws(many.mean(), drawn[:, 1], lower=-width, upper=width, confidence=_LEVEL)
        is_held = found.share_lower is not None and found.share_upper is not None
        yield (
            "share of uncertainty from the joins, truly 0.5",
            bool(is_held and found.share_lower <= 0.5 <= found.share_upper),
        )

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def _a_base(rng: np.random.Generator, n: int) -> Base:
    """Records by threes; who is one with whom is drawn from what the pairs' probabilities say together."""
    first = np.arange(0, n - 2, 3)
    chance = rng.beta(0.5, 0.5, (len(first), 3)) * 0.98 + 0.01
    odds = chance / (1 - chance)
    weights = np.column_stack([np.ones(len(first)), odds, odds.prod(axis=1)])
    kind = (rng.random(len(first))[:, None] > (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    true = np.arange(n)
    for place, (one, other) in enumerate(_PAIRS, start=1):
        true[first[kind == place] + other] = first[kind == place] + one
    for place in (1, 2):
        true[first[kind == 4] + place] = first[kind == 4]
    left, right = ((first[:, None] + np.array(_PAIRS)[:, side]).ravel() for side in (0, 1))
    probability, none = chance.ravel(), np.zeros(chance.size, dtype=bool)
    doubts = PairDoubts(
        n_records=n, left=left, right=right, probability=probability, is_always=none, is_never=none,
        is_linked=probability > 0.9, key=rng.integers(0, 2**63, chance.size).astype(np.uint64),
    )  # fmt: skip
    return Base(doubts, rng.gamma(0.5, 100.0, n), true)


def _numbers(base: Base, label: np.ndarray) -> tuple[float, float]:
    """Customers, and the share of money of the top fifth of them."""
    spend = np.bincount(label, weights=base.spend, minlength=len(label))[np.unique(label)]
    return float(len(spend)), float(concentration_of(-np.sort(-spend), np.ones(len(spend)))[0])
