"""Surroundings: dealers and other partners, and the economy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.calendar import begin_periods
from crm_research.simulate.chance import Floats, Ints, open_stream
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.words import PARTNER_KINDS, REGIONS

CUSTOMERS_PER_PARTNER: Final = 250
FEWEST_PARTNERS, MOST_PARTNERS = 6, 400
# Name to (level, persistence from month to month, standard deviation of the monthly shock).
INDICATORS: Final = {
    "consumer_confidence": (100.0, 0.9, 1.5),
    "unemployment_rate": (5.5, 0.95, 0.12),
    "inflation_rate": (2.5, 0.92, 0.25),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Partners:
    """All partners, one value each; the first `n_dealers` are dealers, whose revenue is that of their orders.

    Parameters
    ----------
    ability, willingness
        True scores, standard normal: what a partner scorecard should find.
    """

    kind: Ints
    region: Ints
    joined_at: Floats
    ability: Floats
    willingness: Floats

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def n_dealers(self) -> int:
        """How many of the partners are dealers."""
        return int((self.kind == PARTNER_KINDS.index("dealer")).sum())


def draw_partners(world: WorldSettings) -> Partners:
    """Which partners are there, and how good are they truly? Half of them are dealers."""
    rng = open_stream(world.seed, "partners", 0)
    n = int(np.clip(world.n_customers // CUSTOMERS_PER_PARTNER, FEWEST_PARTNERS, MOST_PARTNERS))
    kind = np.where(np.arange(n) < (n + 1) // 2, 0, 1 + np.arange(n) % (len(PARTNER_KINDS) - 1))
    return Partners(
        kind=kind.astype(np.int64),
        region=rng.integers(len(REGIONS), size=n),
        joined_at=-rng.integers(1, 3650, size=n).astype(np.float64),
        ability=rng.standard_normal(n),
        willingness=rng.standard_normal(n),
    )


def draw_partner_measures(world: WorldSettings, partners: Partners) -> dict[str, Floats]:
    """Monthly results that tell of a partner's true ability and willingness; arrays of shape (months, partners)."""
    rng = open_stream(world.seed, "partners", 1)
    shape = (len(begin_periods(world, 1)), len(partners))
    stock_days = 40.0 * np.exp(-0.20 * partners.ability + rng.normal(0.0, 0.15, shape))
    fulfilment = 1.0 / (1.0 + np.exp(-(1.5 + 0.5 * partners.ability + rng.normal(0.0, 0.5, shape))))
    reports = rng.binomial(20, 1.0 / (1.0 + np.exp(-(1.0 + 0.7 * partners.willingness))), shape)
    return {
        "stock_days": stock_days.round(1),
        "target_fulfilment": fulfilment.round(4),
        "reports_in_time": reports.astype(np.float64),
    }


def draw_indicators(world: WorldSettings) -> dict[str, Floats]:
    """Monthly economic indicators, each drifting around its level; they move nothing else in the world."""
    rng = open_stream(world.seed, "indicators", 0)
    n = len(begin_periods(world, 1))
    drawn = {}
    for name, (level, persistence, shock_sd) in INDICATORS.items():
        shocks = rng.normal(0.0, shock_sd, n)
        kept = persistence ** np.subtract.outer(np.arange(n), np.arange(n)).clip(0)
        drawn[name] = np.round(level + np.tril(kept) @ shocks, 2)
    return drawn
