"""Contacts: complaints and other dealings, and how long customers wait until they are settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream, pick_option
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.words import COMPLAINT_PHRASES, OTHER_PHRASES
from crm_research.vocabulary import CONTACT_KINDS, DAYS_PER_YEAR

COMPLAINT: Final = CONTACT_KINDS.index("complaint")
# Log change of the complaint rate for one standard deviation more of attitude.
COMPLAINTS_BY_ATTITUDE: Final = -0.3
DELAY_LOG_SD: Final = 1.0
OTHER_DELAY_DAYS: Final = 0.5
# Shares of enquiry, visit and service among contacts that are no complaint: of consumers, of businesses.
OTHER_KIND_SHARES: Final = ((0.6, 0.05, 0.35), (0.4, 0.35, 0.25))
CONTACT_CHANNELS: Final = ("phone", "mail", "web", "shop")
COST_CENTS: Final = (900, 400, 6000, 1500)  # by kind
SLOW_AFTERMATH_DAYS: Final = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Contacts:
    """Contacts of a block, one value each; phrase is a place in the phrases of its kind."""

    customer: Ints
    opened_at: Floats
    closed_at: Floats
    kind: Ints
    channel: Ints
    phrase: Ints
    cost: Ints

    def keep(self, is_kept: Flags) -> Contacts:
        """The contacts that are marked."""
        return Contacts(**{name: values[is_kept] for name, values in vars(self).items()})


def draw_contacts(world: WorldSettings, block: int, people: People) -> Contacts:
    """When would each customer come to us, were the customer to stay for ever?

    Whoever has left does not come any more: `Contacts.keep` those opened before. Times of closing may lie after the
    records' end; they are cut when written.
    """
    rng = open_stream(world.seed, "contacts", block)
    years = np.maximum(world.end_days - people.registered, 0.0) / DAYS_PER_YEAR
    complaint_rate = world.complaints * np.exp(COMPLAINTS_BY_ATTITUDE * people.attitude - COMPLAINTS_BY_ATTITUDE**2 / 2)
    n_complaints = rng.poisson(complaint_rate * years)
    n_others = rng.poisson(world.other_contacts * years)
    everyone = np.arange(len(people))
    customer = np.concatenate((np.repeat(everyone, n_complaints), np.repeat(everyone, n_others)))
    n = len(customer)
    is_complaint = np.arange(n) < n_complaints.sum()
    begin = people.registered[customer]
    opened_at = begin + rng.random(n) * (world.end_days - begin)
    median_delay = np.where(is_complaint, world.delay_days, OTHER_DELAY_DAYS)
    other = 1 + pick_option(rng.random(n), np.array(OTHER_KIND_SHARES), people.is_business[customer].astype(np.int64))
    kind = np.where(is_complaint, COMPLAINT, other)
    phrase_limit = np.where(is_complaint, len(COMPLAINT_PHRASES), len(OTHER_PHRASES))
    found = Contacts(
        customer=customer,
        opened_at=opened_at,
        closed_at=opened_at + median_delay * np.exp(rng.normal(0.0, DELAY_LOG_SD, n)),
        kind=kind,
        channel=rng.integers(len(CONTACT_CHANNELS), size=n),
        phrase=np.floor(rng.random(n) * phrase_limit).astype(np.int64),
        cost=np.rint(np.array(COST_CENTS)[kind] * rng.uniform(0.5, 1.5, n)).astype(np.int64),
    )
    order = np.lexsort((opened_at, customer))
    return Contacts(**{name: values[order] for name, values in vars(found).items()})


@dataclass(frozen=True, eq=False, kw_only=True)
class SlowSpells:
    """Times in which a complaint that was open too long weighs on a customer, sorted by customer."""

    customer: Ints
    begin: Floats
    end: Floats


def find_slow_spells(world: WorldSettings, contacts: Contacts) -> SlowSpells:
    """From the day a complaint has been open longer than `patience_days` until 60 days after it is settled."""
    delay = contacts.closed_at - contacts.opened_at
    slow = np.flatnonzero((contacts.kind == COMPLAINT) & (delay > world.patience_days))
    return SlowSpells(
        customer=contacts.customer[slow],
        begin=contacts.opened_at[slow] + world.patience_days,
        end=contacts.closed_at[slow] + SLOW_AFTERMATH_DAYS,
    )
