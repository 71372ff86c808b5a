"""What share of the money comes from the top fifth, and from each group by rule? Customers of a long tail."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import ibis
import numpy as np
import pandas as pd

from crm_research.pillars.customer_base.concentration import measure_concentration
from crm_research.pillars.customer_base.spending import RankedSpend
from crm_research.pillars.segmentation.rfm.rules import MEASURES, count_cells, name_cells, sum_groups, take_quintiles
from crm_research.stats.concentration import concentration_of
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

_LARGE = 1_000_000


def draw_customers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Days since the last purchase, purchases (geometric by a gamma rate), and money of a lognormal basket."""
    rate = rng.gamma(0.7, size=n)
    frequency = 1 + rng.poisson(5 * rate)
    recency = np.ceil(rng.exponential(200 / (0.3 + rate)))
    money = frequency * rng.lognormal(3.5, 0.9, n)
    return pd.DataFrame({"recency": recency, "frequency": frequency.astype(float), "money": money})


def _share(frame: pd.DataFrame) -> pd.DataFrame:
    measured = ibis.memtable(frame)
    cells = name_cells(count_cells(measured, take_quintiles(measured, list(MEASURES))))
    return sum_groups(cells, confidence=0.95).set_index("group")


@cache
def _truth() -> pd.Series:
    return _share(draw_customers(np.random.default_rng(99), _LARGE))["revenue_share"]


def money_of_groups(worlds: int, sizes: Sequence[int] = (60, 300, 1_000)) -> list[Coverage]:
    """Shares of net revenue of the named groups, cut at the quintiles of the customers at hand.

    The truth is the share in a very large sample, cut at its own quintiles.
    """
    truth = _truth()

    def judge(rng: np.random.Generator, n: int) -> Judged:
        found = _share(draw_customers(rng, n))
        for name, row in found.loc[found["n_customers"] > 0].iterrows():
            yield f"share of money, {name}", bool(row["lower"] <= truth[name] <= row["upper"])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


_CONCENTRATION = ("share of money, top fifth", "Gini coefficient of money", "customers for 80 % of money")


def concentration(worlds: int, sizes: Sequence[int] = (60, 300, 1_000)) -> list[Coverage]:
    """How unevenly money is spread over the same customers: the top fifth, Gini, and how many bring 80 %."""
    large = np.sort(draw_customers(np.random.default_rng(99), _LARGE)["money"].to_numpy())[::-1]
    truths = concentration_of(large, np.ones(_LARGE))

    def judge(rng: np.random.Generator, n: int) -> Judged:
        spend = np.sort(draw_customers(rng, n)["money"].to_numpy())[::-1]
        found = measure_concentration(RankedSpend(spend=spend))
        parts = (found.top20, found.gini, found.customers_for_80)
        for name, limits, truth in zip(_CONCENTRATION, parts, truths, strict=True):
            yield name, bool(limits.lower <= truth <= limits.upper)

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
