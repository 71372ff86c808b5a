"""Invoices: what business customers are billed, and how late they pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.baskets import Orders
from crm_research.simulate.chance import Floats, Ints, open_stream
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings

TERM_DAYS: Final = 30.0
MEAN_LATE_DAYS: Final = 20.0
# Log odds of paying late and of never paying: of average credit quality, and for one standard deviation more of it.
LATE_LOGIT: Final = (-1.5, -0.8)
UNPAID_LOGIT: Final = (-5.0, -0.8)


@dataclass(frozen=True, eq=False, kw_only=True)
class Invoices:
    """Invoices of a block, one value each: the order billed, and when it is paid (inf: never)."""

    order: Ints
    paid_at: Floats


def draw_invoices(world: WorldSettings, block: int, people: People, orders: Orders) -> Invoices:
    """Which orders are billed, and when are the bills paid? Every sale to a business; due after 30 days."""
    rng = open_stream(world.seed, "invoices", block)
    is_billed = people.is_business[orders.customer] & ~orders.is_return & ~orders.is_cancelled
    order = np.flatnonzero(is_billed)
    n = len(order)
    credit = people.credit_quality[orders.customer[order]]
    is_late = rng.random(n) < chance_of(LATE_LOGIT, credit)
    is_unpaid = rng.random(n) < chance_of(UNPAID_LOGIT, credit)
    in_time = TERM_DAYS * rng.uniform(0.1, 1.0, n)
    late = TERM_DAYS + 1.0 + rng.exponential(MEAN_LATE_DAYS, n)
    delay = np.where(is_unpaid, np.inf, np.where(is_late, late, in_time))
    return Invoices(order=order, paid_at=orders.at_days[order] + delay)


def chance_of(logit: tuple[float, float], credit_quality: Floats) -> Floats:
    """The chance that an invoice meets this fate, by its customer's credit quality."""
    return np.asarray(1.0 / (1.0 + np.exp(-(logit[0] + logit[1] * credit_quality))))
