"""Whose a row is, said by a system's own number of the customer in the place of a customer_id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.contracts import RECORD_KEY
from crm_research.sources.record_parts import own_number_sql

if TYPE_CHECKING:
    from crm_research.contracts import TableContract
    from crm_research.sources.definition import TableRule

_OWN: Final = frozenset({"customer_id"})
_LOCAL: Final = frozenset(RECORD_KEY)


@dataclass(frozen=True, kw_only=True)
class LocalIds:
    """How a table of dealings names its customers.

    Parameters
    ----------
    is_said
        By system and local_id.
    left_out
        Canonical columns that are not read of the source.
    is_twofold
        The study file maps both ways.
    lacks_system
        Nothing says in which system the numbers are.
    """

    is_said: bool = False
    left_out: frozenset[str] = frozenset()
    is_twofold: bool = False
    lacks_system: bool = False

    @classmethod
    def of(cls, contract: TableContract, rule: TableRule, by_lower: Mapping[str, str]) -> LocalIds:
        """By the study file where it maps one of the two, else by what the source has; a customer_id goes first."""
        columns = {column.name: column for column in contract.columns}
        if "customer_id" not in columns or "local_id" not in columns or columns["local_id"].required:
            return cls()
        is_mapped, is_found = {name: name in rule.columns for name in columns}, {*by_lower}
        has_own = is_mapped["customer_id"] or ("customer_id" in is_found and not is_mapped["local_id"])
        if has_own or not (is_mapped["local_id"] or "local_id" in is_found):
            return cls(left_out=_LOCAL - {name for name in _LOCAL if is_mapped[name]}, is_twofold=is_mapped["local_id"])
        return cls(is_said=True, left_out=_OWN, lacks_system=not (is_mapped["system"] or "system" in is_found))

    def problems(self, place: str, source: str) -> list[str]:
        """What the study file must still say."""
        if self.is_twofold:
            said = "maps customer_id and local_id; whose a row is may be said once. Keep customer_id where it is one"
            return [f"{place}.columns: {said} number across all systems, else system and local_id."]
        if self.lacks_system:
            mend = "Write system: {value: NAME} under columns, with the name that the system has in customer_records."
            return [f"{place}.columns.system: {source} has none, so nobody knows whose numbers local_id are. {mend}"]
        return []

    @staticmethod
    def customer_id(outputs: Mapping[str, str]) -> str:
        """The number of a customer whom nothing links, as SQL."""
        return own_number_sql(*(f"({outputs[name]})" for name in RECORD_KEY))
