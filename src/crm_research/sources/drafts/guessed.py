"""What is guessed of a file: the lines of a draft, and the canonical table that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts import contract_of
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

FILE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": ("orders", "order", "sales", "transactions", "bestellungen", "commandes", "pedidos", "retail", "订单"),
    "customers": ("customers", "customer", "clients", "kunden", "clientes", "members", "demographics", "客户"),
    "products": ("products", "product", "articles", "artikel", "produits", "productos", "商品", "产品"),
    "contracts": ("contracts", "contract", "subscriptions", "policies", "vertraege", "contrats", "contratos", "合同"),
    "contacts": (
        "contacts",
        "complaints",
        "tickets",
        "cases",
        "reklamationen",
        "reclamations",
        "klachten",
        "投诉",
        "工单",
    ),
    "surveys": (
        "survey",
        "surveys",
        "questionnaire",
        "nps",
        "umfrage",
        "befragung",
        "enquete",
        "encuesta",
        "问卷",
        "调查",
    ),
    "invoices": (
        "invoices",
        "receivables",
        "rechnungen",
        "factures",
        "facturas",
        "账单",
        "发票",
        "应收单",
        "应收款",
        "应收",
    ),
    "partners": ("partners", "dealers", "distributors", "resellers", "haendler", "经销商"),
}


@dataclass(frozen=True, kw_only=True)
class Guess:
    """One line of the draft: its key, what is written there, why, and whether the user should look."""

    key: str
    value: Any
    why: str
    is_unsure: bool = False
    caveat: str = ""


@dataclass(kw_only=True)
class TableGuess:
    """A canonical table guessed from one file.

    `latest` is the last time of a role, where not all times of its column count. `known_until` is the first instant
    after what it holds, where the names of columns say it rather than their values.
    """

    table: str
    look: FileLook
    score: float = 0.0
    columns: list[Guess] = field(default_factory=list)
    keys: list[Guess] = field(default_factory=list)
    attributes: list[Guess] = field(default_factory=list)
    items: list[Guess] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    sql: str = ""
    n_left_out: int = 0
    known_until: datetime | None = None
    latest: dict[str, datetime] = field(default_factory=dict)

    def column_of(self, role: str) -> ColumnLook | None:
        """The look of the column that plays a role."""
        return self.look.columns.get(self.used.get(role, ""))


def keep_columns(guess: TableGuess) -> None:
    """Only canonical columns are mapped, in their own order; what they were derived from is not."""
    names = contract_of(guess.table).column_names
    kept = {line.key: line for line in guess.columns if line.key in names}
    guess.columns = [kept[name] for name in names if name in kept]


def put_in_place(guess: TableGuess, line: Guess) -> None:
    """A line instead of the one with its key, where that stood."""
    guess.columns[:] = [line if other.key == line.key else other for other in guess.columns]


def put_last(guess: TableGuess, line: Guess) -> None:
    """A line behind all others, instead of the one with its key."""
    guess.columns[:] = [*(other for other in guess.columns if other.key != line.key), line]


def order_numbers(session: Session, look: FileLook, order: str, customer: str) -> tuple[int, int]:
    """How many different order numbers are there, and how many of them have several customers?"""
    sql = (
        f"SELECT count(*), count(*) FILTER (WHERE n > 1) FROM "
        f"(SELECT {quoted(order)}, count(DISTINCT {quoted(customer)}) AS n FROM {quoted(look.relation.name)} "
        f"WHERE {quoted(order)} IS NOT NULL GROUP BY 1)"
    )
    n, n_mixed = session.run(sql).fetchone()
    return int(n), int(n_mixed)
