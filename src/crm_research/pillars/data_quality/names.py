"""Tables, columns and main figures as people call them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from crm_research.pillars.data_quality.effects import AGAIN, AVERAGE, CUSTOMERS, DEALINGS, MONEY, TOP
from crm_research.pillars.data_quality.suspicions import Suspicion
from crm_research.theme import say_plainly, shorten

if TYPE_CHECKING:
    from crm_research.features.without import Dealing

_LONGEST: Final = 60
_CALLED: Final[Mapping[str, str]] = {"customer_records": "systems' records"}
_ROWS_OF: Final[Mapping[str, str]] = {
    "customers": "customer records",
    "customer_records": "records of the systems",
    "links": "links of records",
    "customer_relations": "relations of customers",
    "repairs": "repaired values",
    "link_events": "changes of customers' numbers",
    "link_pairs": "groups of linked pairs",
    "link_doubts": "pairs in doubt",
    "link_judgements": "groups of judged pairs",
    "people": "people at business customers",
    "order_lines": "lines of orders",
    "contract_states": "states of contracts",
    "surveys": "survey answers",
    "campaign_targets": "customers chosen for campaigns",
    "campaign_responses": "responses to campaigns",
    "activity_use": "uses of activities",
    "partner_results": "results of partners",
    "indicators": "figures of the economy",
}
_FIGURES: Final[Mapping[str, Mapping[str, str]]] = {
    "orders": {
        CUSTOMERS: "customers who bought",
        DEALINGS: "purchases",
        MONEY: "revenue of customers",
        AVERAGE: "revenue of each of them",
        TOP: "share of revenue from the top fifth",
        AGAIN: "share who bought more than once",
    },
    "contracts": {
        CUSTOMERS: "customers with contracts",
        DEALINGS: "contracts",
        MONEY: "fees a month of those that run",
        AVERAGE: "fees a month of each of them",
        TOP: "share of fees from the top fifth",
        AGAIN: "share with a contract that runs",
    },
}


def rows_of(table: str) -> str:
    """What the rows of a table are called."""
    return _ROWS_OF.get(table, table.replace("_", " "))


def table_of(table: str) -> str:
    """What a table is called: customers are described in one, and their systems' records in another."""
    return _CALLED.get(table, table.replace("_", " "))


def column_of(table: str, column: str) -> str:
    """A column by its name and that of its table: ``customer id of orders``."""
    return f"{shorten(say_plainly(column), _LONGEST)} of {table_of(table)}"


def tell_apart(names: Sequence[str]) -> list[str]:
    """The same names, with a number behind each that stood there before: long ones may be cut alike."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return told


def place_of(suspicion: Suspicion) -> str:
    """Where a suspicion lies, by name."""
    if not suspicion.column:
        return table_of(suspicion.table)
    return column_of(suspicion.table, suspicion.column)


def name_of(suspicion: Suspicion) -> str:
    """A suspicion by its kind and place."""
    return f"{suspicion.kind} ({place_of(suspicion)})"


def figure_name(figure: str, dealing: Dealing | None) -> str:
    """A main figure as it is called where dealings are orders, or contracts."""
    return _FIGURES[dealing or "orders"][figure]
