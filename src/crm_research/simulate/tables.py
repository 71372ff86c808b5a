"""Tables: a block's objects as rows of the canonical tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from crm_research import vocabulary
from crm_research.simulate import words
from crm_research.simulate.agreements import Agreements
from crm_research.simulate.baskets import STORES_PER_REGION, Orders
from crm_research.simulate.buying_centre import NAMES as PERSON_NAMES
from crm_research.simulate.buying_centre import NO_STANCE, Persons
from crm_research.simulate.campaigns import Responses, Targets
from crm_research.simulate.chance import Ints, scramble
from crm_research.simulate.columns import (
    cents_to_money,
    flags,
    name_codes,
    number_ids,
    numbers,
    place_instants,
    take_rows,
)
from crm_research.simulate.contacts import COMPLAINT, CONTACT_CHANNELS, Contacts
from crm_research.simulate.invoices import TERM_DAYS, Invoices
from crm_research.simulate.ledger import ACTIVITIES, Ledger, Use
from crm_research.simulate.people import People
from crm_research.simulate.segments import CHANNELS
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.surveys import ITEMS, Answers

Rows = Mapping[str, pa.Array]

# Extra columns that the written study declares as attributes.
ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "customers": {"region": "category", "age": "number"},
    "contracts": {"payment": "category"},
    "contract_states": {"plan": "category", "fee": "number"},
}
_ID_DIGITS: Final = 8
_N_STORES: Final = STORES_PER_REGION * len(words.REGIONS)
_PHRASES: Final = (*words.COMPLAINT_PHRASES, *words.OTHER_PHRASES)


def customer_ids(people: People, customer: Ints | None = None) -> pa.StringArray:
    """Ids of the customers, or of those at the places given."""
    index = people.index if customer is None else people.index[customer]
    return number_ids("C", (index + 1, _ID_DIGITS))


def customer_rows(world: WorldSettings, people: People) -> Rows:
    """Rows of customers."""
    kind = np.where(people.is_business, 1, 0)
    return {
        "customer_id": customer_ids(people),
        "kind": name_codes((vocabulary.CONSUMER, vocabulary.BUSINESS), kind),
        "registered_at": place_instants(world.start, people.registered),
        "name": name_codes(NAMES, name_places(people)),
        "region": name_codes(words.REGIONS, people.region),
        "age": numbers(people.age),
    }


def name_places(people: People) -> Ints:
    """Place of each customer's name among all names."""
    family, given = people.family_name, people.given_name
    person = family * len(words.GIVEN_NAMES) + given
    company = 2 * _N_PERSONS + family * len(words.COMPANY_ENDINGS) + given % len(words.COMPANY_ENDINGS)
    return np.where(people.is_business, company, np.where(people.has_chinese_name, _N_PERSONS + person, person))


_N_PERSONS: Final = len(words.FAMILY_NAMES) * len(words.GIVEN_NAMES)
NAMES: Final = (
    *(f"{given} {family}" for family in words.FAMILY_NAMES for given in words.GIVEN_NAMES),
    *(f"{family}{given}" for family in words.CHINESE_FAMILY_NAMES for given in words.CHINESE_GIVEN_NAMES),
    *(f"{family}{ending}" for family in words.FAMILY_NAMES for ending in words.COMPANY_ENDINGS),
)


def order_ids(people: People, orders: Orders) -> pa.StringArray:
    """Ids of the orders; a return has the number of the order it gives back."""
    sold = np.flatnonzero(~orders.is_return)
    back = np.flatnonzero(orders.is_return)
    parts = [
        number_ids(prefix, (people.index[orders.customer[place]] + 1, _ID_DIGITS), (orders.nth[place] + 1, 5))
        for prefix, place in (("O", sold), ("R", back))
    ]
    return pa.concat_arrays(parts)


def order_rows(world: WorldSettings, people: People, orders: Orders, ids: pa.StringArray) -> Rows:
    """Rows of orders."""
    stores = [f"S{place + 1:03d}" for place in range(_N_STORES)]
    dealers = [partner_name(place) for place in range(int(orders.place.max(initial=0)) + 1)]
    is_dealer = orders.channel == CHANNELS.index("dealer")
    place = np.where(is_dealer, orders.place + _N_STORES, orders.place)
    kind = np.select([orders.is_return, orders.is_cancelled], [1, 2], 0)
    return {
        "order_id": ids,
        "customer_id": customer_ids(people, orders.customer),
        "ordered_at": place_instants(world.start, orders.at_days),
        "revenue": cents_to_money(orders.revenue),
        "discount": cents_to_money(orders.discount),
        "cost": cents_to_money(orders.cost),
        "channel": name_codes(CHANNELS, orders.channel),
        "store": name_codes([*stores, *dealers], place),
        "kind": name_codes(vocabulary.ORDER_KINDS, kind),
    }


def line_rows(orders: Orders, ids: pa.StringArray, product_ids: list[str]) -> Rows:
    """Rows of order lines."""
    lines = orders.lines
    return {
        "order_id": take_rows(ids, lines.order),
        "product_id": name_codes(product_ids, lines.product),
        "quantity": numbers(lines.quantity),
        "revenue": cents_to_money(lines.revenue),
        "discount": cents_to_money(lines.discount),
        "cost": cents_to_money(lines.cost),
    }


def contract_ids(people: People, agreements: Agreements, contract: Ints) -> pa.StringArray:
    """Ids of the contracts at the places given."""
    index = people.index[agreements.customer[contract]]
    return number_ids("K", (index + 1, _ID_DIGITS), (agreements.nth[contract] + 1, 2))


def contract_rows(world: WorldSettings, people: People, agreements: Agreements, kept: Ints) -> Rows:
    """Rows of contracts in the records; observed_from is the records' begin for those that are older."""
    started_at, ended_at = agreements.started_at[kept], agreements.ended_at[kept]
    states = agreements.states
    first = np.searchsorted(states.contract, kept)
    reason = np.where(ended_at < world.end_days, agreements.reason[kept], -1)
    return {
        "contract_id": contract_ids(people, agreements, kept),
        "customer_id": customer_ids(people, agreements.customer[kept]),
        "started_at": place_instants(world.start, started_at),
        "observed_from": place_instants(world.start, np.where(started_at < 0.0, 0.0, np.nan)),
        "ended_at": place_instants(world.start, ended_at, until_days=world.end_days),
        "end_reason": name_codes([each.name for each in world.reasons], reason),
        "plan": name_codes(words.PLANS, states.plan[first]),
        "fee": numbers(states.fee[first]),
        "payment": name_codes(words.PAYMENTS, agreements.payment[kept]),
    }


def state_rows(world: WorldSettings, people: People, agreements: Agreements, kept: Ints) -> Rows:
    """Rows of contract states that came before the contract's end."""
    states = agreements.states
    begin = agreements.started_at[states.contract] + states.from_days
    end = np.minimum(agreements.ended_at, world.end_days)[states.contract]
    is_last = np.append(states.contract[1:] != states.contract[:-1], True)[: len(begin)]
    until = np.where(is_last, np.inf, np.append(begin[1:], 0.0)[: len(begin)])
    until = np.minimum(until, agreements.ended_at[states.contract])
    shown = np.flatnonzero(np.isin(states.contract, kept) & (begin < end))
    return {
        "contract_id": contract_ids(people, agreements, states.contract[shown]),
        "valid_from": place_instants(world.start, begin[shown]),
        "valid_to": place_instants(world.start, until[shown], until_days=world.end_days),
        "plan": name_codes(words.PLANS, states.plan[shown]),
        "fee": numbers(states.fee[shown]),
    }


def person_ids(people: People, persons: Persons) -> pa.StringArray:
    """Ids of the people at business customers."""
    return number_ids("N", (people.index[persons.customer] + 1, _ID_DIGITS), (persons.nth + 1, 2))


def person_rows(world: WorldSettings, people: People, persons: Persons) -> Rows:
    """Rows of people at business customers."""
    return {
        "customer_id": customer_ids(people, persons.customer),
        "person_id": person_ids(people, persons),
        "name": name_codes(PERSON_NAMES, persons.name),
        "role": name_codes(vocabulary.PERSON_ROLES, persons.role),
        "stance": name_codes(vocabulary.PERSON_STANCES, np.where(persons.stance == NO_STANCE, -1, persons.stance)),
        "since": place_instants(world.start, persons.since),
        "until": place_instants(world.start, persons.until, until_days=world.end_days),
        "note": name_codes(words.PERSON_NOTES, persons.note),
    }


def contact_ids(people: People, contacts: Contacts) -> pa.StringArray:
    """The id of each contact."""
    per_customer = np.bincount(contacts.customer, minlength=len(people))
    nth = np.arange(len(contacts.customer)) - np.repeat(np.cumsum(per_customer) - per_customer, per_customer)
    return number_ids("T", (people.index[contacts.customer] + 1, _ID_DIGITS), (nth + 1, 4))


def contact_rows(world: WorldSettings, people: People, contacts: Contacts, persons: Persons, spoken_with: Ints) -> Rows:
    """Rows of contacts; closed_at is empty for those still open when the records end."""
    phrase = np.where(contacts.kind == COMPLAINT, contacts.phrase, contacts.phrase + len(words.COMPLAINT_PHRASES))
    return {
        "contact_id": contact_ids(people, contacts),
        "customer_id": customer_ids(people, contacts.customer),
        "opened_at": place_instants(world.start, contacts.opened_at),
        "closed_at": place_instants(world.start, contacts.closed_at, until_days=world.end_days),
        "kind": name_codes(vocabulary.CONTACT_KINDS, contacts.kind),
        "channel": name_codes(CONTACT_CHANNELS, contacts.channel),
        "department": name_codes([department for department, _ in _PHRASES], phrase),
        "text": name_codes([text for _, text in _PHRASES], phrase),
        "person_id": take_rows(person_ids(people, persons), spoken_with),
        "cost": cents_to_money(contacts.cost),
    }


def survey_rows(world: WorldSettings, people: People, answers: Answers) -> Rows:
    """Rows of surveys, one for each item; the response's id does not tell whose it is."""
    n_items = len(ITEMS)
    response = np.repeat(np.arange(len(answers.customer)), n_items)
    item = np.tile(np.arange(n_items), len(answers.customer))
    number = scramble(people.index[answers.customer] * 100 + answers.wave)
    named = np.where(answers.is_anonymous, -1, np.arange(len(answers.customer)))
    return {
        "response_id": number_ids("V", (number[response], 11)),
        "customer_id": take_rows(customer_ids(people, answers.customer), named[response]),
        "asked_at": place_instants(world.start, answers.at_days[response]),
        "item": name_codes([each.name for each in ITEMS], item),
        "score": numbers(answers.scores.ravel()),
        "scale_min": numbers(np.array([each.scale_min for each in ITEMS])[item]),
        "scale_max": numbers(np.array([each.scale_max for each in ITEMS])[item]),
    }


def campaign_name(place: int) -> str:
    """Id of a campaign."""
    return f"M{place + 1:03d}"


def partner_name(place: int) -> str:
    """Id of a partner."""
    return f"P{place + 1:03d}"


def target_rows(world: WorldSettings, people: People, targets: Targets) -> Rows:
    """Rows of campaign targets."""
    return {
        "campaign_id": name_codes([campaign_name(place) for place in range(world.n_campaigns)], targets.campaign),
        "customer_id": customer_ids(people, targets.customer),
        "targeted_at": place_instants(world.start, targets.at_days),
        "is_control": flags(targets.is_control),
    }


def response_rows(world: WorldSettings, people: People, targets: Targets, responses: Responses) -> Rows:
    """Rows of campaign responses."""
    campaign, customer = targets.campaign[responses.target], targets.customer[responses.target]
    return {
        "campaign_id": name_codes([campaign_name(place) for place in range(world.n_campaigns)], campaign),
        "customer_id": customer_ids(people, customer),
        "responded_at": place_instants(world.start, responses.at_days),
    }


def use_rows(world: WorldSettings, people: People, ledger: Ledger, use: Use) -> Rows:
    """Rows of activity use."""
    return {
        "customer_id": customer_ids(people, use.customer),
        "activity": name_codes(list(ACTIVITIES), use.activity),
        "period": place_instants(world.start, ledger.quarters[use.quarter]),
        "quantity": numbers(use.quantity),
    }


def invoice_rows(world: WorldSettings, people: People, orders: Orders, invoices: Invoices) -> Rows:
    """Rows of invoices; an invoice has the number of its order, and its amount."""
    order = invoices.order
    at_days = orders.at_days[order]
    index = people.index[orders.customer[order]]
    return {
        "invoice_id": number_ids("I", (index + 1, _ID_DIGITS), (orders.nth[order] + 1, 5)),
        "customer_id": customer_ids(people, orders.customer[order]),
        "issued_at": place_instants(world.start, at_days),
        "due_at": place_instants(world.start, at_days + TERM_DAYS),
        "paid_at": place_instants(world.start, invoices.paid_at, until_days=world.end_days),
        "amount": cents_to_money(orders.revenue[order]),
    }
