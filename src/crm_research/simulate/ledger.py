"""Ledger: totals over all blocks that tables must agree with, kept in whole cents and whole units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.baskets import Orders
from crm_research.simulate.calendar import begin_periods
from crm_research.simulate.chance import Floats, Ints
from crm_research.simulate.contacts import COMPLAINT, Contacts
from crm_research.simulate.invoices import Invoices
from crm_research.simulate.segments import CHANNELS
from crm_research.simulate.settings import WorldSettings
from crm_research.vocabulary import CONTACT_KINDS

# Resource to the cost of one of its minutes, in cents, and how many minutes are paid for where one is used.
RESOURCES: Final = {"order desk": (50.0, 1.25), "warehouse": (40.0, 1.1), "service team": (62.5, 1.2)}
# Activity to its resource and the minutes that one unit takes.
MINUTES: Final = {
    "order handling": ("order desk", 5.0),
    "picking": ("warehouse", 2.0),
    "complaint handling": ("service team", 40.0),
    "customer visits": ("service team", 144.0),
    "invoicing": ("order desk", 3.0),
}
# Activity to its driver and its true cost of one unit, in cents: its minutes at those of its resource.
ACTIVITIES: Final = {
    "order handling": ("orders", 250),
    "picking": ("order lines", 80),
    "complaint handling": ("complaints", 2_500),
    "customer visits": ("visits", 9_000),
    "invoicing": ("invoices", 150),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Use:
    """Use of activities in a block, one value for each (customer, activity, quarter) that used any."""

    customer: Ints
    activity: Ints
    quarter: Ints
    quantity: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Ledger:
    """Running totals of a world.

    Parameters
    ----------
    quarters, months
        First instants, in days from the world's start.
    n_used
        Units of each activity used in quarters that began by as_of.
    dealer_cents
        Revenue of orders through dealers, returns taken off and cancelled orders left out; shape (months, dealers).
    """

    quarters: Floats
    months: Floats
    n_used: Ints
    dealer_cents: Ints

    def book_dealers(self, orders: Orders) -> None:
        """Add a block's orders through dealers."""
        place = np.flatnonzero((orders.channel == CHANNELS.index("dealer")) & ~orders.is_cancelled)
        month = np.searchsorted(self.months, orders.at_days[place], side="right") - 1
        np.add.at(self.dealer_cents, (month, orders.place[place]), orders.revenue[place])

    def book_use(self, world: WorldSettings, use: Use) -> None:
        """Add a block's use of activities, as far as it began by as_of."""
        is_known = self.quarters[use.quarter] <= world.as_of_days
        np.add.at(self.n_used, use.activity[is_known], use.quantity[is_known])


def open_ledger(world: WorldSettings, n_dealers: int) -> Ledger:
    """A ledger with nothing booked."""
    months = begin_periods(world, 1)
    return Ledger(
        quarters=begin_periods(world, 3),
        months=months,
        n_used=np.zeros(len(ACTIVITIES), dtype=np.int64),
        dealer_cents=np.zeros((len(months), n_dealers), dtype=np.int64),
    )


def count_use(ledger: Ledger, n_customers: int, orders: Orders, contacts: Contacts, invoices: Invoices) -> Use:
    """How much of each activity did each customer use in each quarter?

    Orders and order lines count whatever their kind: a return and a cancelled order make work too.
    """
    line_order = orders.lines.order
    visit = CONTACT_KINDS.index("visit")
    events = {
        "order handling": (orders.customer, orders.at_days),
        "picking": (orders.customer[line_order], orders.at_days[line_order]),
        "complaint handling": _of_kind(contacts, COMPLAINT),
        "customer visits": _of_kind(contacts, visit),
        "invoicing": (orders.customer[invoices.order], orders.at_days[invoices.order]),
    }
    n_quarters = len(ledger.quarters)
    counts = np.zeros((n_customers, len(ACTIVITIES), n_quarters), dtype=np.int64)
    for place, name in enumerate(ACTIVITIES):
        customer, at_days = events[name]
        quarter = np.searchsorted(ledger.quarters, at_days, side="right") - 1
        cells = np.bincount(customer * n_quarters + quarter, minlength=n_customers * n_quarters)
        counts[:, place, :] = cells.reshape(n_customers, n_quarters)
    customer, activity, quarter = np.nonzero(counts)
    return Use(customer=customer, activity=activity, quarter=quarter, quantity=counts[customer, activity, quarter])


def _of_kind(contacts: Contacts, kind: int) -> tuple[Ints, Floats]:
    is_kind = contacts.kind == kind
    return contacts.customer[is_kind], contacts.opened_at[is_kind]
