"""The canonical tables: what each must hold, and the checks that say whether it does."""

from __future__ import annotations

from crm_research.contracts.names import is_internal, name_apart
from crm_research.contracts.tables import TABLES, Column, Reference, TableContract, contract_of

__all__ = ["TABLES", "Column", "Reference", "TableContract", "contract_of", "is_internal", "name_apart"]
