"""Guessing a study: which canonical table a file is, and which of its columns is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import FILE_WORDS, Guess, TableGuess
from crm_research.sources.drafts.keys import find_customers, is_code, own_number
from crm_research.sources.drafts.phrases import PHRASES
from crm_research.sources.drafts.words import BEGINS, header_words, name_score, names_any, rank
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_UNSURE_BELOW: Final = 0.75
_NAMED: Final = 0.4
_INCOMPLETE: Final = 0.15
_MOST_TELLING: Final = 6
_TIMES_OF_ROWS: Final = frozenset({"ordered_at", "started_at", "opened_at", "issued_at", "asked_at", "due_at"})


def _is_time(look: ColumnLook) -> bool:
    return look.is_time


def _is_number(look: ColumnLook) -> bool:
    return look.is_number


def _is_id(look: ColumnLook) -> bool:
    return look.n > 0 and not look.is_time and (look.is_whole or not look.is_number)


def _is_label(look: ColumnLook) -> bool:
    return look.n > 0 and not look.is_time


# Table to the roles that must be found, and those that may; how each value must look stands below.
NEEDED: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
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
    "partners": (("partner_id",), ()),
}  # fmt: skip
_IDS: Final = (
    "order_id", "product_id", "contact_id", "response_id", "invoice_id", "contract_id", "partner_id", "campaign_id",
)  # fmt: skip
_NUMBERS: Final = (
    "revenue",
    "quantity",
    "unit_price",
    "discount",
    "cost",
    "fee",
    "score",
    "amount",
    "tenure",
    "refund",
)
_TIMES: Final = tuple(role for role in PHRASES if role.endswith("_at") or role == "observed_from")
_LOOKS: Final[Mapping[str, Callable[[ColumnLook], bool]]] = {
    **dict.fromkeys(_TIMES, _is_time),
    **dict.fromkeys(_NUMBERS, _is_number),
    **dict.fromkeys(_IDS, _is_id),
    "contract_id": lambda look: _is_id(look) and look.is_unique,
}
# Words in a header that speak for a table; a table of these (below) is only considered where one of them stands.
TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": (
        "order", "sale", "sales", "payment", "charge", "captured", "refunded", "purchase", "transaction", "receipt",
        "basket", "cart", "sku", "quantity", "qty", "lineitem", "grand total", "subtotal", "item price",
        "payment method", "opportunity", "deal", "booking", "fare", "billing doc", "net sales", "bestellung",
        "bestellnummer", "bestelldatum", "fakturadatum", "beleg", "commande", "pedido", "vbeln", "订单", "下单",
        "单据", "发货", "出库", "商品", "宝贝", "实付", "注文", "受注", "売上", "réservation", "reservation",
        "purchases", "bonnummer", "kasse", "call", "calls", "duration", "заказ", "заказа", "чек", "товар", "количество",
        "номенклатура", "주문", "결제", "거래", "상품", "영수증",
    ),
    "contacts": (
        "ticket", "issue", "request type", "reporter", "complaint", "case", "priority", "assignee", "agent",
        "requester", "solved", "resolved", "resolution", "conversation", "reply", "replies", "response time",
        "date opened", "date closed", "incident", "subject", "vorgang", "vorgangsnummer", "beschwerde",
        "reklamation", "eroeffnet", "ticketnummer", "queue", "dossier", "reclamation",
        "reclamacion", "klacht", "klachtnummer", "afgehandeld", "afhandeling", "melding", "meldingsnummer", "reclamo",
        "工单", "投诉", "办结", "受理", "苦情", "問合せ", "受付方法", "対応状況", "受付番号", "접수", "문의", "민원",
        "обращение", "жалоба", "заявка", "обращения",
    ),
    "contracts": (
        "subscription", "subscriptions", "contract", "policy", "policyholder", "plan", "tariff", "membership",
        "renewal", "premium", "mrr", "trial", "current period", "interval", "churn", "vertragsbeginn",
        "vertragsende", "vertrag", "tarif", "kuendigung", "kuendigungsdatum", "contrat", "forfait", "resiliation",
        "contrato", "poliza", "保单", "合同", "险种", "套餐", "退保", "保费", "agreement", "iban", "open dt",
        "close dt", "account opened", "account closed", "account type", "开户", "销户", "договор",
        "договора", "тариф", "подписка",
        "契約", "解約", "プラン", "会費",
    ),
    "customers": (
        "first name", "last name", "birth", "birthdate", "lifecycle", "consent", "gender", "sex", "age", "region",
        "city", "segment", "income", "marital status", "email marketing", "lead status", "date added", "registered",
        "member since", "geschlecht", "alter", "性别", "年龄", "注册", "城市",
    ),
    "invoices": (
        "invoice", "due", "open balance", "amount due", "faellig", "rechnungsnummer", "echeance", "vencimiento",
        "应收", "发票", "nettofaelligkeit", "net due", "ausgleichsdatum", "clearing date",
    ),
    "products": ("category", "brand", "description", "warengruppe", "品类", "品牌"),
    "partners": ("partner", "dealer", "distributor", "reseller", "haendler", "经销商", "代理商"),
}  # fmt: skip
# Kinds of documents that are owed, as a column of their types says them.
_OWED: Final = re.compile(r"应收单|应收款|receivables? (bill|invoice)", re.IGNORECASE)
_ONLY_IF_TOLD: Final = frozenset({"contacts", "partners"})
_OWN_NUMBER: Final = {
    "orders": "order_id", "contracts": "contract_id", "contacts": "contact_id", "invoices": "invoice_id",
    "surveys": "response_id",
}  # fmt: skip
_NUMBERED: Final = 0.8


def guess_tables(session: Session, look: FileLook) -> list[TableGuess]:
    """The canonical tables this file most probably feeds, the likeliest reading of it; empty where none fits."""
    from crm_research.sources.drafts.filled_down import fill_down

    filled = fill_down(session, look)
    if filled is None:
        return _guess_tables(session, look)
    tables = _guess_tables(session, filled.look)
    for guess in tables:
        filled.tell(guess)
        # One look, so that the draft knows the file as used.
        guess.look = replace(look, columns=filled.look.columns)
    return tables


def _guess_tables(session: Session, look: FileLook) -> list[TableGuess]:
    from crm_research.sources.drafts.billing import guess_billed
    from crm_research.sources.drafts.campaigns import guess_campaigns
    from crm_research.sources.drafts.cents import in_whole_money
    from crm_research.sources.drafts.durations import guess_durations
    from crm_research.sources.drafts.logs import purchases_of
    from crm_research.sources.drafts.periods import guess_periods
    from crm_research.sources.drafts.questionnaire import guess_questionnaire
    from crm_research.sources.drafts.tables import BUILDERS
    from crm_research.sources.drafts.wide import guess_months

    by_month = guess_months(look)
    if by_month:
        return by_month
    undated = guess_durations(session, look)
    campaigns = [] if undated else guess_campaigns(look)
    questionnaire = None if campaigns else guess_questionnaire(look)
    if questionnaire is not None and not undated:
        return [questionnaire]
    if campaigns:
        return campaigns
    if periods := guess_periods(session, look):
        return periods
    log = None if undated else purchases_of(session, look)
    whole, look = look, log.look if log is not None else look
    candidates = [candidate for table in NEEDED if (candidate := _try_table(table, look)) is not None]
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if undated and undated[0].score > candidate.score:
            break
        built: list[TableGuess] = BUILDERS[candidate.table](session, candidate)
        if log is not None:
            for guess in built:
                log.restrict(guess)
                # One look, so that the draft knows the file as used, with all of its rows.
                guess.look = replace(guess.look, n_rows=whole.n_rows)
        if built:
            return [in_whole_money(guess) for guess in _with_contracts(guess_billed(session, look), built)]
    return undated or _with_contracts(guess_billed(session, look), [])


def _with_contracts(billed: TableGuess | None, built: list[TableGuess]) -> list[TableGuess]:
    """The tables of a file, and the contracts that it bills, unless it holds them as they are."""
    is_there = any(guess.table == "contracts" for guess in built)
    return built if billed is None or is_there else [*built, billed]


def _try_table(table: str, look: FileLook) -> TableGuess | None:
    needed, optional = NEEDED[table]
    guess = TableGuess(table=table, look=look)
    n_telling = sum(names_any(name, TELLING.get(table, ())) for name in look.columns)
    if table == "invoices" and any(_OWED.search(value) for one in look.columns.values() for value in one.values[:8]):
        n_telling = _MOST_TELLING
    names_file = bool(set(header_words(look.paths[0].stem)) & set(FILE_WORDS.get(table, ())))
    if table in _ONLY_IF_TOLD and not n_telling and (not names_file or _are_people(look)):
        return None
    if (
        table == "contracts"
        and not (n_telling or names_file)
        and not any(names_any(name, BEGINS) for name in look.columns)
    ):
        return None
    strength: dict[str, float] = {}
    for score, role, name in score_roles((*needed, *optional), look):
        if score >= _NAMED and role not in strength and name not in guess.used.values():
            strength[role], guess.used[role] = score, name
    _number_by_own(guess, strength)
    _fall_back(guess, needed, strength)
    if not set(needed) <= set(strength):
        return None
    # A table is as likely as its needed columns are well named, and a little likelier for each other one found.
    guess.score = sum(strength[role] for role in needed) / len(needed)
    guess.score += 0.15 * sum(strength[role] for role in optional if role in strength)
    guess.score += 0.6 * names_file + 0.1 * min(n_telling, _MOST_TELLING)
    for role, score in strength.items():
        column = look.columns[guess.used[role]]
        doubt = guess.doubts.get(role, "")
        why = f"{_why(column, score)}{f'; {doubt}' if doubt else ''}"
        guess.columns.append(
            Guess(key=role, value=column.name, why=why, is_unsure=score < _UNSURE_BELOW or bool(doubt))
        )
    return guess


def _are_people(look: FileLook) -> bool:
    """Do the columns tell of persons, whom many programs call contacts?"""
    return sum(names_any(name, _PERSONS) for name in look.columns) >= 2


_PERSONS: Final = (
    "first name", "last name", "vorname", "nachname", "prenom", "lifecycle stage", "lead status", "job title",
    "birthday", "姓名", "имя", "фамилия",
)  # fmt: skip


def score_roles(roles: Sequence[str], look: FileLook) -> list[tuple[float, str, str]]:
    """Role and column of every pair that fits, the likeliest first."""
    keys = {key.column.name: key for key in find_customers(look)}
    found = []
    for role in roles:
        for name, column in look.columns.items():
            if role == "customer_id":
                score = keys[name].score if name in keys else 0.0
            else:
                score = name_score(name, role) if _LOOKS.get(role, _is_label)(column) else 0.0
                if role in _TIMES_OF_ROWS and column.n < column.n_rows:
                    score -= _INCOMPLETE
            if score > 0:
                found.append((score, role, name))
    order = {role: i for i, role in enumerate(roles)}
    return sorted(found, key=lambda one: (-one[0], order[one[1]], rank(one[2], one[1])))


def _number_by_own(guess: TableGuess, strength: dict[str, float]) -> None:
    """A column called id, # or name numbers the rows where no other does, and customers in their own table."""
    role = _OWN_NUMBER.get(guess.table)
    if role is not None and strength.get(role, 0.0) < _NUMBERED:
        taken = {name for other, name in guess.used.items() if other not in {role, "customer_id"}}
        if strength.get("customer_id", 0.0) >= _NAMED:
            taken.add(guess.used["customer_id"])
        own = own_number(guess.look, taken, may_repeat=guess.table == "orders")
        if own is not None:
            strength[role], guess.used[role] = _NUMBERED, own.name
    if guess.table == "customers" and strength.get("customer_id", 0.0) < _NUMBERED:
        own = own_number(guess.look, set(guess.used.values()) - {guess.used.get("customer_id")})
        if own is not None:
            strength["customer_id"], guess.used["customer_id"] = _NUMBERED, own.name
            if not any(names_any(name, TELLING["customers"]) for name in guess.look.columns):
                guess.doubts["customer_id"] = "it numbers the rows, and nothing says that a row is a customer"
    chosen = guess.used.get("customer_id")
    key = next((key for key in find_customers(guess.look) if key.column.name == chosen), None)
    if key is not None and key.doubt:
        guess.doubts["customer_id"] = key.doubt


def _may_be_someone(look: ColumnLook) -> bool:
    """Numbers of something, in every row, many and each several times on the whole."""
    is_full = look.n == look.n_rows and not look.is_time
    numbers_else = any(name_score(look.name, role) >= _NAMED for role in (*_IDS, "store", "channel", "category"))
    return is_full and is_code(look) and 10 <= look.n_distinct <= look.n / 1.5 and not numbers_else


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
        repeating = [look for look in free if _may_be_someone(look)]
        has_time = any(look.is_time for look in guess.look.columns.values())
        if not bare and guess.table == "orders" and len(repeating) == 1 and has_time:
            strength["customer_id"], guess.used["customer_id"] = 0.4, repeating[0].name
            guess.doubts["customer_id"] = "the only numbers that repeat; nothing says that they are customers"
            free = [look for look in free if look is not repeating[0]]
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
    values = "one value" if look.n_distinct == 1 else say_count(look.n_distinct, "different value")
    return f"{named}; {values} in {say_count(look.n, 'row')}"
