"""Buying centres: the people at business customers who have a say in what is bought, and whom our people spoke with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Floats, Ints, expand_counts, open_stream, pick_option
from crm_research.simulate.contacts import Contacts
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.words import FAMILY_NAMES, GIVEN_NAMES, PERSON_NOTES
from crm_research.vocabulary import DAYS_PER_YEAR

MEAN_PERSONS: Final = 2.5
MOST_PERSONS: Final = 8
# Of each role in their order: who decides is known less than who influences.
ROLE_SHARES: Final = (0.18, 0.26, 0.26, 0.20, 0.10)
# For us, neutral, against us at average attitude; of the rest the records do not say it.
STANCE_SHARES: Final = (0.35, 0.30, 0.15, 0.20)
NO_STANCE: Final = len(STANCE_SHARES) - 1
STAY_YEARS: Final = 5.0
# People of whom something else is noted.
NOTED_SHARE: Final = 0.4
# Contacts with a business of which the records say with whom they were.
NAMED_SHARE: Final = 0.8
# Contacts draw from a stream of their own, so that more of them change no person.
_CONTACTS: Final = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Persons:
    """People of a block's business customers, one value each, sorted by customer. Times are days from the start.

    Parameters
    ----------
    nth
        Place among the people of the customer, from 0.
    note
        Place among the notes, -1 without one.
    until
        When the person left the role (inf: has not).
    """

    customer: Ints
    nth: Ints
    role: Ints
    stance: Ints
    name: Ints
    note: Ints
    since: Floats
    until: Floats


NAMES: Final = tuple(f"{given} {family}" for family in FAMILY_NAMES for given in GIVEN_NAMES)


def draw_persons(world: WorldSettings, block: int, people: People) -> Persons:
    """Whom do we know at each business customer, in which role, and how does the person stand to us?

    Stances lean to the customer's attitude. Of some businesses we know nobody, of others nobody who decides.
    """
    rng = open_stream(world.seed, "buying centres", block)
    counts = np.minimum(rng.poisson(MEAN_PERSONS, len(people)), MOST_PERSONS) * people.is_business
    customer, nth = expand_counts(counts.astype(np.int64))
    n = len(customer)
    role = pick_option(rng.random(n), np.array([ROLE_SHARES]), np.zeros(n, dtype=np.int64))
    leaning = np.clip(rng.random(n) - 0.1 * people.attitude[customer], 0.0, 1.0 - 1e-9)
    stance = pick_option(leaning, np.array([STANCE_SHARES]), np.zeros(n, dtype=np.int64))
    begin = np.maximum(people.registered[customer], 0.0)
    since = begin + rng.random(n) * np.maximum(world.end_days - begin, 0.0)
    return Persons(
        customer=customer,
        nth=nth,
        role=role,
        stance=stance,
        name=rng.integers(len(NAMES), size=n),
        since=since,
        until=since + rng.exponential(STAY_YEARS * DAYS_PER_YEAR, n),
        note=np.where(rng.random(n) < NOTED_SHARE, rng.integers(len(PERSON_NOTES), size=n), -1),
    )


def name_contacts(world: WorldSettings, block: int, contacts: Contacts, persons: Persons, n_customers: int) -> Ints:
    """With whom was each contact: a place among `persons`, -1 where the records do not say or nobody was known yet."""
    rng = open_stream(world.seed, "buying centres", block + _CONTACTS)
    n_held = np.bincount(persons.customer, minlength=n_customers)
    first = np.cumsum(n_held) - n_held
    own = n_held[contacts.customer]
    drawn = first[contacts.customer] + np.floor(rng.random(len(own)) * own).astype(np.int64)
    place = np.where((own > 0) & (rng.random(len(own)) < NAMED_SHARE), drawn, -1)
    held = np.maximum(place, 0)
    if not len(persons.customer):
        return place
    is_there = (persons.since[held] <= contacts.opened_at) & (contacts.opened_at < persons.until[held])
    return np.where(is_there, place, -1)
