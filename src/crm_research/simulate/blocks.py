"""Blocks: some thousand customers with all they do, drawn together and written together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.simulate import tables, truth
from crm_research.simulate.agreements import Agreements, draw_agreements
from crm_research.simulate.baskets import Orders, draw_orders
from crm_research.simulate.buying_centre import Persons, draw_persons, name_contacts
from crm_research.simulate.campaigns import Responses, Targets, draw_responses, draw_targets
from crm_research.simulate.chance import Flags, Floats, Ints
from crm_research.simulate.contacts import Contacts, draw_contacts, find_slow_spells
from crm_research.simulate.invoices import Invoices, draw_invoices
from crm_research.simulate.ledger import Ledger, count_use
from crm_research.simulate.people import People, draw_people
from crm_research.simulate.products import Products
from crm_research.simulate.profits import true_profit_rows
from crm_research.simulate.purchases import draw_purchases
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.surveys import Answers, draw_answers
from crm_research.simulate.writing import TableWriter


@dataclass(frozen=True, eq=False, kw_only=True)
class Block:
    """What the customers of one block are and do; `spoken_with` is a place in `persons` for each contact, or -1."""

    people: People
    targets: Targets
    extra_orders: Floats
    orders: Orders
    responses: Responses
    invoices: Invoices
    contacts: Contacts
    persons: Persons
    spoken_with: Ints
    agreements: Agreements
    answers: Answers


def draw_block(world: WorldSettings, number: int, index: Ints, products: Products, n_dealers: int) -> Block:
    """Draw everything that happens to one block of customers."""
    people = draw_people(world, number, index)
    targets = draw_targets(world, number, people)
    purchases = draw_purchases(world, number, people, targets)
    orders = draw_orders(world, number, people, purchases, products, n_dealers)
    would_come = draw_contacts(world, number, people)
    agreements = draw_agreements(world, number, people, find_slow_spells(world, would_come))
    left_at = _find_departures(people, agreements)
    contacts, persons = would_come.keep(_is_there(would_come, left_at)), draw_persons(world, number, people)
    return Block(
        people=people,
        targets=targets,
        extra_orders=purchases.expected_extra,
        orders=orders,
        responses=draw_responses(world, number, targets, purchases.target, purchases.at_days),
        invoices=draw_invoices(world, number, people, orders),
        contacts=contacts,
        persons=persons,
        spoken_with=name_contacts(world, number, contacts, persons, len(people)),
        agreements=agreements,
        answers=draw_answers(world, number, people, left_at),
    )


def _find_departures(people: People, agreements: Agreements) -> Floats:
    """When has each customer stopped buying and ended the last contract?"""
    left_at = people.dropped_out.copy()
    np.maximum.at(left_at, agreements.customer, agreements.ended_at)
    return left_at


def _is_there(contacts: Contacts, left_at: Floats) -> Flags:
    return (contacts.opened_at >= 0.0) & (contacts.opened_at < left_at[contacts.customer])


def write_block(
    world: WorldSettings, block: Block, ledger: Ledger, product_ids: list[str], records: TableWriter
) -> None:
    """Write a block's rows of the canonical tables and book its totals."""
    people, orders, agreements, targets = block.people, block.orders, block.agreements, block.targets
    ids = tables.order_ids(people, orders)
    kept = np.flatnonzero(agreements.is_recorded(world))
    use = count_use(ledger, len(people), orders, block.contacts, block.invoices)
    ledger.book_dealers(orders)
    ledger.book_use(world, use)
    records.append("customers", tables.customer_rows(world, people))
    records.append("orders", tables.order_rows(world, people, orders, ids))
    records.append("order_lines", tables.line_rows(orders, ids, product_ids))
    records.append("contracts", tables.contract_rows(world, people, agreements, kept))
    records.append("contract_states", tables.state_rows(world, people, agreements, kept))
    records.append("contacts", tables.contact_rows(world, people, block.contacts, block.persons, block.spoken_with))
    records.append("people", tables.person_rows(world, people, block.persons))
    records.append("surveys", tables.survey_rows(world, people, block.answers))
    records.append("campaign_targets", tables.target_rows(world, people, targets))
    records.append("campaign_responses", tables.response_rows(world, people, targets, block.responses))
    records.append("activity_use", tables.use_rows(world, people, ledger, use))
    records.append("invoices", tables.invoice_rows(world, people, orders, block.invoices))


def write_true_block(world: WorldSettings, block: Block, ledger: Ledger, secrets: TableWriter) -> None:
    """Write what is true of a block."""
    people, targets = block.people, block.targets
    use = count_use(ledger, len(people), block.orders, block.contacts, block.invoices)
    profits = true_profit_rows(world, people, ledger, block.orders, block.contacts, block.agreements, use)
    secrets.append("profits", profits)
    secrets.append("customers", truth.true_customer_rows(world, people))
    secrets.append("contracts", truth.true_contract_rows(world, people, block.agreements))
    secrets.append("campaign_targets", truth.true_target_rows(world, people, targets, block.extra_orders))
