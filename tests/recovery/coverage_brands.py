"""Brands against the norm of their size: limits by leaving out groups of customers, judged on markets of known truth.

The truth of each figure is its own value in a very large sample of the same market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from crm_research.models.dirichlet import (
    FEWEST_BUYERS,
    compare_with_norm,
    fit_dirichlet,
    jackknife_interval,
    measure_duplication,
)
from tests.models.dirichlet.markets import draw_purchases, masks, tally
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

_MARKET: Mapping[str, float] = {"m": 2.5, "k": 0.8, "s": 1.4}
_LARGE = 1_000_000
_GROUPS = 40
# Of this brand a fifth of the buyers would hear of no other: it is bought more than its size explains.
_LOYAL = 2
_SHOWN = {0: "largest brand", _LOYAL: "brand beyond its size", 3: "brand of a tenth"}


def draw_market(rng: np.random.Generator, n: int) -> np.ndarray:
    """Purchases of seven brands by customer: a Dirichlet market, but for the loyal buyers of one brand."""
    bought = draw_purchases(n, **_MARKET, seed=int(rng.integers(1 << 31)))[0]
    is_loyal = (bought[:, _LOYAL] > 0) & (rng.random(n) < 0.2)
    total = bought[is_loyal].sum(axis=1)
    bought[is_loyal] = 0
    bought[is_loyal, _LOYAL] = total
    return bought


def _measure(bought: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Figure to its estimate and limits, by the functions that the page calls; of brands with 50 buyers."""
    tallies = tally(bought, n_groups=_GROUPS)
    # Limits hold for all judged brands together: at this level those of one brand hold 95 % of the time.
    n_judged = int((tallies.buyers[0] >= FEWEST_BUYERS).sum())
    norm = compare_with_norm(tallies, fit_dirichlet(tallies), confidence=1 - 0.05 * max(n_judged, 1))
    scr = jackknife_interval(tallies.observed()["scr"])
    customers = np.bincount(np.arange(len(bought)) % _GROUPS).astype(float)
    names = [f"brand {place + 1}" for place in range(bought.shape[1])]
    shared = measure_duplication(masks(bought, n_groups=_GROUPS), np.arange(_GROUPS), customers, names)
    found: dict[str, tuple[float, float, float]] = {}
    if shared is not None:
        found["duplication D"] = (float(shared.law.estimate), float(shared.law.lower), float(shared.law.upper))
    for place, name in _SHOWN.items():
        row = norm.iloc[place]
        if row["n_buyers"] >= FEWEST_BUYERS:
            found[f"excess, {name}"] = (row["excess_ratio"], row["ratio_lower"], row["ratio_upper"])
            found[f"share of requirements, {name}"] = tuple(float(part[place]) for part in scr)
    return found


@cache
def _truths() -> dict[str, float]:
    return {name: row[0] for name, row in _measure(draw_market(np.random.default_rng(99), _LARGE)).items()}


def norms(worlds: int, sizes: Sequence[int] = (400, 1_000)) -> list[Coverage]:
    """D of shared buyers, purchases beyond the norm and share of requirements; customers, buyers or not."""
    truths = _truths()

    def judge(rng: np.random.Generator, n: int) -> Judged:
        for name, (_, lower, upper) in _measure(draw_market(rng, n)).items():
            yield name, bool(lower <= truths[name] <= upper)

    rows = [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
    # A brand that has its 50 buyers in some worlds only is a chosen part of them.
    return [row for row in rows if row.worlds == worlds]
