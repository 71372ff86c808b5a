"""True profit: what each customer brought and cost in each quarter, in whole cents but for fees of parts of a month."""

from __future__ import annotations

from calendar import monthrange
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from crm_research.simulate.agreements import Agreements
from crm_research.simulate.baskets import Orders
from crm_research.simulate.chance import Floats, Ints
from crm_research.simulate.columns import cents_to_money, numbers, place_instants
from crm_research.simulate.contacts import Contacts
from crm_research.simulate.ledger import ACTIVITIES, Ledger, Use
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.tables import Rows, customer_ids

_SECONDS_PER_DAY: Final = 86_400


def true_profit_rows(
    world: WorldSettings,
    people: People,
    ledger: Ledger,
    orders: Orders,
    contacts: Contacts,
    agreements: Agreements,
    use: Use,
) -> Rows:
    """One row per customer and quarter with any money: revenue, discount, goods, fees, service, contacts, profit.

    Service is the use of activities at their true unit costs; profit is revenue and fees less goods, service and
    contacts. Cancelled orders bring nothing and make work all the same.
    """
    shape = (len(people), len(ledger.quarters))
    counts = np.flatnonzero(~orders.is_cancelled)
    at = (orders.customer[counts], _quarter_of(ledger, orders.at_days[counts]))
    cents = {
        name: _add(shape, at, getattr(orders, column)[counts])
        for name, column in (("revenue", "revenue"), ("discount", "discount"), ("goods", "cost"))
    }
    unit_cents = np.array([cents for _, cents in ACTIVITIES.values()])
    cents["service"] = _add(shape, (use.customer, use.quarter), use.quantity * unit_cents[use.activity])
    cents["contacts"] = _add(shape, (contacts.customer, _quarter_of(ledger, contacts.opened_at)), contacts.cost)
    fees = _fees(world, shape, ledger, agreements)
    whole = cents["revenue"] - cents["goods"] - cents["service"] - cents["contacts"]
    customer, quarter = np.nonzero((np.stack(list(cents.values())) != 0).any(axis=0) | (fees != 0))
    money: dict[str, pa.Array] = {name: cents_to_money(held[customer, quarter]) for name, held in cents.items()}
    return {
        "customer_id": customer_ids(people, customer),
        "period": place_instants(world.start, ledger.quarters[quarter]),
        **money,
        "fees": numbers(fees[customer, quarter]),
        "profit": numbers(whole[customer, quarter] / 100.0 + fees[customer, quarter]),
    }


def _quarter_of(ledger: Ledger, at_days: Floats) -> Ints:
    return np.searchsorted(ledger.quarters, at_days, side="right") - 1


def _add(shape: tuple[int, int], at: tuple[Ints, Ints], cents: Ints) -> Ints:
    total = np.zeros(shape, dtype=np.int64)
    np.add.at(total, at, cents)
    return total


def _fees(world: WorldSettings, shape: tuple[int, int], ledger: Ledger, agreements: Agreements) -> Floats:
    """Fees by customer and quarter: a month's fee for each calendar month, a part of one by its days."""
    states = agreements.states
    kept = agreements.is_recorded(world)[states.contract]
    begin = (agreements.started_at[states.contract] + states.from_days)[kept]
    contract, fee = states.contract[kept], states.fee[kept]
    end = np.append(begin[1:], np.inf)[: len(begin)]
    end = np.where(np.append(contract[1:] != contract[:-1], True)[: len(begin)], np.inf, end)
    end = np.minimum(end, agreements.ended_at[contract])
    # As the records have them, cut to whole seconds.
    begin, end = (np.floor(days * _SECONDS_PER_DAY) / _SECONDS_PER_DAY for days in (begin, end))
    total = np.zeros(shape)
    for first in ledger.months:
        later = first + _days_of_month(world, float(first))
        days = np.minimum(end, later) - np.maximum(begin, first)
        paid = np.where(days > 0, fee * days / (later - first), 0.0)
        quarter = np.full(len(contract), int(_quarter_of(ledger, np.array([first]))[0]))
        np.add.at(total, (agreements.customer[contract], quarter), paid)
    return total


def _days_of_month(world: WorldSettings, first: float) -> float:
    begun = world.start + timedelta(days=first)
    return float(monthrange(begun.year, begun.month)[1])
