"""The canonical tables: what each must hold, and the checks that say whether it does."""

from __future__ import annotations

from crm_research.contracts.columns import Column, Reference, TableContract
from crm_research.contracts.names import is_internal, name_apart
from crm_research.contracts.record_tables import LINKS, PEOPLE, RECORD_KEY, RECORDS, RELATIONS
from crm_research.contracts.tables import TABLES, contract_of

__all__ = [
    "LINKS",
    "PEOPLE",
    "RECORDS",
    "RECORD_KEY",
    "RELATIONS",
    "TABLES",
    "Column",
    "Reference",
    "TableContract",
    "contract_of",
    "is_internal",
    "name_apart",
]
