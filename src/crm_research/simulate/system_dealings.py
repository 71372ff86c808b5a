"""Dealings by system: the number, of which system, that stands for the customer on each order, contract and contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from crm_research.simulate.chance import open_stream, scramble
from crm_research.simulate.columns import name_codes, number_ids, take_rows
from crm_research.simulate.surveys import ITEMS
from crm_research.simulate.systems import SYSTEMS
from crm_research.simulate.tables import contact_ids, contract_rows, order_ids, survey_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_research.simulate.blocks import Block
    from crm_research.simulate.chance import Ints
    from crm_research.simulate.settings import WorldSettings
    from crm_research.simulate.systems import Records
    from crm_research.simulate.writing import TableWriter

# Who deals and stands in no system is known to the till alone, by a number of its own.
TILL: Final = "till"
_TILL_DIGITS: Final = 11
# Table whose rows are told of, to the key by which they are.
KEYS: Final = {"orders": "order_id", "contracts": "contract_id", "contacts": "contact_id", "surveys": "response_id"}


def write_dealings(
    world: WorldSettings, number: int, block: Block, held: Sequence[tuple[Records, pa.StringArray]], files: TableWriter
) -> None:
    """Append, for each table of dealings, whose number each of the block's rows bears in which system.

    Parameters
    ----------
    held
        Each system's records with their ids, in the order of SYSTEMS.
    """
    rng = open_stream(world.seed, "numbers", number)
    whose = np.concatenate([records.customer for records, _ in held])
    system = np.repeat(np.arange(len(held)), [len(ids) for _, ids in held])
    ids = pa.concat_arrays([ids for _, ids in held])
    order = np.argsort(whose, kind="stable")
    first = np.searchsorted(whose[order], np.arange(len(block.people) + 1))
    for table, keys, customer in _dealings(world, block):
        n_held = (first[1:] - first[:-1])[customer]
        drawn = first[customer] + np.floor(rng.random(len(customer)) * n_held).astype(np.int64)
        record = np.where(n_held > 0, np.append(order, -1)[np.minimum(drawn, len(order))], -1)
        at_till = number_ids("U", (scramble(block.people.index[customer]), _TILL_DIGITS))
        written = np.where(record < 0, len(ids) + np.arange(len(record)), record)
        local = take_rows(pa.concat_arrays([ids, at_till]), written)
        names = [each.name for each in SYSTEMS] + [TILL]
        place = np.where(record < 0, len(SYSTEMS), np.append(system, len(SYSTEMS))[record])
        files.append(table, {KEYS[table]: keys, "system": name_codes(names, place), "local_id": local})


def _dealings(world: WorldSettings, block: Block) -> list[tuple[str, pa.StringArray, Ints]]:
    people, agreements, answers = block.people, block.agreements, block.answers
    kept = np.flatnonzero(agreements.is_recorded(world))
    named = np.flatnonzero(~answers.is_anonymous)
    responses = survey_rows(world, people, answers)["response_id"]
    return [
        ("orders", order_ids(people, block.orders), block.orders.customer),
        ("contracts", contract_rows(world, people, agreements, kept)["contract_id"], agreements.customer[kept]),
        ("contacts", contact_ids(people, block.contacts), block.contacts.customer),
        ("surveys", take_rows(responses, named * len(ITEMS)), answers.customer[named]),
    ]
