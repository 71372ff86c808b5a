"""Guessing a study: which canonical table a file is, and which of its columns is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts import contract_of
from crm_research.sources.drafts.words import PHRASES, header_words, name_score
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_UNSURE_BELOW: Final = 0.75


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
    """A canonical table guessed from one file."""

    table: str
    look: FileLook
    score: float = 0.0
    columns: list[Guess] = field(default_factory=list)
    keys: list[Guess] = field(default_factory=list)
    attributes: list[Guess] = field(default_factory=list)
    items: list[Guess] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)
    sql: str = ""

    def column_of(self, role: str) -> ColumnLook | None:
        """The look of the column that plays a role."""
        return self.look.columns.get(self.used.get(role, ""))


def _is_time(look: ColumnLook) -> bool:
    return look.is_time


def _is_number(look: ColumnLook) -> bool:
    return look.is_number


def _is_id(look: ColumnLook) -> bool:
    return look.n > 0 and not look.is_time and (look.is_whole or not look.is_number)


def _is_label(look: ColumnLook) -> bool:
    return look.n > 0 and not look.is_time


# Table to the roles that must be found, and those that may; how each value must look stands below.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "invoices": (("customer_id", "issued_at", "due_at", "amount"), ("invoice_id", "paid_at")),
    "contracts": (
        ("started_at",),
        ("contract_id", "customer_id", "observed_from", "ended_at", "end_reason", "plan", "fee"),
    ),
    "surveys": (("score", "asked_at"), ("response_id", "customer_id", "item")),
    "contacts": (("customer_id", "opened_at"), ("contact_id", "closed_at", "text", "channel")),
    "orders": (
        ("customer_id", "ordered_at"),
        ("order_id", "revenue", "quantity", "unit_price", "discount", "cost", "product_id", "channel", "store"),
    ),
    "products": (("product_id",), ("category", "brand")),
    "customers": (("customer_id",), ("registered_at",)),
}  # fmt: skip
_IDS: Final = ("customer_id", "order_id", "product_id", "contact_id", "response_id", "invoice_id")
_NUMBERS: Final = ("revenue", "quantity", "unit_price", "discount", "cost", "fee", "score", "amount", "tenure")
_TIMES: Final = tuple(role for role in PHRASES if role.endswith("_at") or role == "observed_from")
_LOOKS: Final[Mapping[str, Callable[[ColumnLook], bool]]] = {
    **dict.fromkeys(_TIMES, _is_time),
    **dict.fromkeys(_NUMBERS, _is_number),
    **dict.fromkeys(_IDS, _is_id),
    "contract_id": lambda look: _is_id(look) and look.is_unique,
}
FILE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": ("orders", "order", "sales", "transactions", "bestellungen", "commandes", "retail", "订单"),
    "customers": ("customers", "customer", "clients", "kunden", "members", "demographics", "客户"),
    "products": ("products", "product", "articles", "artikel", "produits", "商品", "产品"),
    "contracts": ("contracts", "contract", "subscriptions", "policies", "vertraege", "contrats", "合同"),
    "contacts": ("contacts", "complaints", "tickets", "cases", "reklamationen", "reclamations", "投诉", "工单"),
    "surveys": ("survey", "surveys", "questionnaire", "nps", "umfrage", "befragung", "enquete", "问卷", "调查"),
    "invoices": ("invoices", "receivables", "rechnungen", "factures", "账单", "发票"),
}


def guess_tables(session: Session, look: FileLook) -> list[TableGuess]:
    """The canonical tables this file most probably feeds, the likeliest reading of it; empty where none fits."""
    from crm_research.sources.drafts.billing import guess_billed
    from crm_research.sources.drafts.durations import guess_durations
    from crm_research.sources.drafts.questionnaire import guess_questionnaire
    from crm_research.sources.drafts.tables import BUILDERS

    undated = guess_durations(session, look)
    questionnaire = guess_questionnaire(look)
    if questionnaire is not None and not undated:
        return [questionnaire]
    candidates = [candidate for table in _NEEDED if (candidate := _try_table(table, look)) is not None]
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if undated and undated[0].score > candidate.score:
            break
        built: list[TableGuess] = BUILDERS[candidate.table](session, candidate)
        if built:
            return _with_contracts(guess_billed(session, look), built)
    return undated or _with_contracts(guess_billed(session, look), [])


def _with_contracts(billed: TableGuess | None, built: list[TableGuess]) -> list[TableGuess]:
    """The tables of a file, and the contracts that it bills, unless it holds them as they are."""
    is_there = any(guess.table == "contracts" for guess in built)
    return built if billed is None or is_there else [*built, billed]


def why_unfit(look: FileLook) -> str:
    """Why does a file feed no table by itself? Names the table it comes nearest to, and what it lacks for that."""
    if not look.n_rows:
        return f"holds no rows, only the columns {', '.join(look.columns)}"
    candidates = [_required_found(table, look) for table in _NEEDED]
    table, found, lacking = max(candidates, key=lambda candidate: len(candidate[1]))
    if len(found) < 2:
        return "fits no canonical table"
    if not lacking:
        return "another file fits better"
    return f"looks like {table}, but lacks {' and '.join(lacking)}; join the file that has it by from: {{sql: ...}}"


def _required_found(table: str, look: FileLook) -> tuple[str, list[str], list[str]]:
    required = [role for role in contract_of(table).required_names if role in PHRASES]
    found = [
        role
        for role in required
        if any(
            _LOOKS.get(role, _is_label)(column) and name_score(name, role) >= 0.4
            for name, column in look.columns.items()
        )
    ]
    return table, found, [role for role in required if role not in found]


def _try_table(table: str, look: FileLook) -> TableGuess | None:
    needed, optional = _NEEDED[table]
    guess = TableGuess(table=table, look=look)
    scores = sorted(
        (
            (name_score(name, role), role, name)
            for role in (*needed, *optional)
            for name, column in look.columns.items()
            if _LOOKS.get(role, _is_label)(column)
        ),
        key=lambda found: (-found[0], (*needed, *optional).index(found[1])),
    )
    strength: dict[str, float] = {}
    for score, role, name in scores:
        if score >= 0.4 and role not in strength and name not in guess.used.values():
            strength[role], guess.used[role] = score, name
    _fall_back(guess, needed, strength)
    if not set(needed) <= set(strength):
        return None
    # A table is as likely as its needed columns are well named, and a little likelier for each other one found.
    guess.score = sum(strength[role] for role in needed) / len(needed)
    guess.score += 0.15 * sum(strength[role] for role in optional if role in strength)
    guess.score += 0.6 * bool(set(header_words(look.paths[0].stem)) & set(FILE_WORDS.get(table, ())))
    for role, score in strength.items():
        guess.columns.append(
            Guess(
                key=role,
                value=guess.used[role],
                why=_why(look.columns[guess.used[role]], score),
                is_unsure=score < _UNSURE_BELOW,
            )
        )
    return guess


def _fall_back(guess: TableGuess, needed: Sequence[str], strength: dict[str, float]) -> None:
    """A needed time that no header names is the only time there is."""
    free = [look for name, look in guess.look.columns.items() if name not in guess.used.values()]
    if "customer_id" in needed and "customer_id" not in strength:
        # In a log of purchases a bare "id" that repeats is the customer's; without names, the first number that does.
        nameless = guess.look.options.get("header") is False
        bare = [
            look
            for look in free
            if (nameless or header_words(look.name) == ["id"]) and not look.is_unique and _is_id(look)
        ]
        if bare:
            strength["customer_id"], guess.used["customer_id"] = 0.3 if nameless else 0.4, bare[0].name
            free = [look for look in free if look is not bare[0]]
    for role in needed:
        fits = [look for look in free if look.is_time and _LOOKS.get(role) is _is_time]
        if role not in strength and len(fits) == 1:
            strength[role], guess.used[role] = 0.3, fits[0].name
            free = [look for look in free if look is not fits[0]]


def _why(look: ColumnLook, score: float) -> str:
    named = "named so" if score >= 0.95 else "named much like it" if score >= 0.4 else "the first that fits"
    if look.is_time:
        return f"{named}; times from {look.low:%Y-%m-%d} to {look.high:%Y-%m-%d}"
    if look.is_number and not look.is_whole:
        return f"{named}; numbers from {look.low:,.2f} to {look.high:,.2f}"
    return f"{named}; {look.n_distinct:,} different values in {look.n:,} rows"


def order_numbers(session: Session, look: FileLook, order: str, customer: str) -> tuple[int, int]:
    """How many different order numbers are there, and how many of them have several customers?"""
    sql = (
        f"SELECT count(*), count(*) FILTER (WHERE n > 1) FROM "
        f"(SELECT {quoted(order)}, count(DISTINCT {quoted(customer)}) AS n FROM {quoted(look.relation.name)} "
        f"WHERE {quoted(order)} IS NOT NULL GROUP BY 1)"
    )
    n, n_mixed = session.run(sql).fetchone()
    return int(n), int(n_mixed)


def keep_columns(guess: TableGuess) -> None:
    """Only canonical columns are mapped, in their own order; what they were derived from is not."""
    names = contract_of(guess.table).column_names
    kept = {line.key: line for line in guess.columns if line.key in names}
    guess.columns = [kept[name] for name in names if name in kept]


def name_in_sql(name: str) -> str:
    """A column's name as an expression may write it: bare where that is safe."""
    from crm_research.sources.expressions import AS_OF

    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in {*_KEYWORDS, AS_OF}
    return name if is_plain else quoted(name)


_KEYWORDS: Final = frozenset(
    [
        "all",
        "and",
        "any",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "check",
        "column",
        "default",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "for",
        "from",
        "group",
        "having",
        "in",
        "into",
        "is",
        "like",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "primary",
        "references",
        "select",
        "some",
        "table",
        "then",
        "to",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "when",
        "where",
        "with",
    ]
)


def attribute_guesses(guess: TableGuess) -> list[Guess]:
    """Columns that may serve as covariates: a few labels, yes or no, or a number that numbers no thing."""
    found = []
    for name, look in guess.look.columns.items():
        if name in guess.used.values() or not look.n or look.is_time:
            continue
        if look.is_flag:
            found.append(Guess(key=name, value="flag", why="yes or no"))
        elif not look.is_number and 2 <= look.n_distinct <= 30:
            found.append(Guess(key=name, value="category", why=f"{look.n_distinct} different values"))
        elif look.is_number and not look.is_unique and look.n_distinct > 10 and name_score(name, "customer_id") < 0.5:
            found.append(Guess(key=name, value="number", why=f"from {look.low:,.6g} to {look.high:,.6g}"))
        elif look.is_whole and 2 <= look.n_distinct <= 10:
            found.append(Guess(key=name, value="category", why=f"{look.n_distinct} different values", is_unsure=True))
    return found
