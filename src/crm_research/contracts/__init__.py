"""The canonical tables: what each must hold, and the checks that say whether it does."""

from __future__ import annotations

from crm_research.contracts.columns import Column, Reference, TableContract
from crm_research.contracts.names import is_internal, name_apart
from crm_research.contracts.record_tables import (
    DOUBTS,
    EVENTS,
    JUDGEMENTS,
    LINKS,
    PAIR_GROUPS,
    PEOPLE,
    RECORD_KEY,
    RECORD_TABLES,
    RECORDS,
    RELATIONS,
    REPAIRS,
)
from crm_research.contracts.tables import TABLES, contract_of

__all__ = [
    "DOUBTS",
    "EVENTS",
    "JUDGEMENTS",
    "LINKS",
    "PAIR_GROUPS",
    "PEOPLE",
    "RECORDS",
    "RECORD_KEY",
    "RECORD_TABLES",
    "RELATIONS",
    "REPAIRS",
    "TABLES",
    "Column",
    "Reference",
    "TableContract",
    "contract_of",
    "is_internal",
    "name_apart",
]
