"""From the columns found to the lines of a draft: what each canonical table further needs, derived where it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.contracts import contract_of
from crm_research.sources.drafts.attributes import attribute_guesses
from crm_research.sources.drafts.came_about import add_where, leave_out_payments
from crm_research.sources.drafts.contracts import shape_contracts
from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns
from crm_research.sources.drafts.keys import is_code
from crm_research.sources.drafts.orders import draft_orders, in_one_currency
from crm_research.sources.drafts.outcomes import is_in, lost_values, status_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words, name_score, names_any
from crm_research.sources.mapping.once import FEWEST_TELLING, is_repeated
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session


def _contracts(session: Session, guess: TableGuess) -> list[TableGuess]:
    customer = guess.column_of("customer_id")
    if "contract_id" not in guess.used and any(_repeats_contracts(column) for column in guess.look.columns.values()):
        return []  # bills or states of contracts, whose number repeats
    if any(_names_contracts(column, guess) for column in guess.look.columns.values()):
        return []  # payments, some of them for a contract
    if "contract_id" not in guess.used and (customer is None or not customer.is_unique):
        if any(line.key == "started_at" and line.is_unsure for line in guess.columns):
            return []  # customers who repeat, or none, at times that nothing calls a beginning: no contracts
        _number_rows(guess, "contract_id", "started_at")
    _set_contract_ids(guess)
    shape_contracts(session, guess)
    return _finished(guess) if "customer_id" in {line.key for line in guess.columns} else []


def _repeats_contracts(column: ColumnLook) -> bool:
    is_number = not column.is_time and column.n == column.n_rows and not column.is_unique
    return is_number and column.n_distinct > 1 and name_score(column.name, "contract_id") >= 0.95 and is_code(column)


def _names_contracts(column: ColumnLook, guess: TableGuess) -> bool:
    """Does a column name the contracts of some rows, and the same one in several, where the rows have a bare number?"""
    taken, customer = guess.column_of("contract_id"), guess.column_of("customer_id")
    if taken is None or customer is None or set(header_words(taken.name)) - {"id", "no", "number", "nr"}:
        return False
    words = header_words(column.name)
    is_named = bool({"subscription", "contract"} & set(words)) and words[-1] in {"subscription", "contract", "id", "no"}
    # As many as there are customers, and not the few kinds of contract.
    are_many = customer.n_distinct <= 3 * column.n_distinct and 1 < column.n_distinct < column.n
    return is_named and are_many and not column.is_time and is_code(column)


def _set_contract_ids(guess: TableGuess) -> None:
    """A file without one of the two numbers has one contract for each customer."""
    have = {line.key for line in guess.columns}
    unique = [look for look in guess.look.columns.values() if look.is_unique and not look.is_time]
    source = guess.used.get("contract_id") or guess.used.get("customer_id") or (unique[0].name if unique else None)
    for role in ("contract_id", "customer_id"):
        if role not in have and source is not None:
            why = "no other number; one contract for each customer"
            guess.columns.insert(0, Guess(key=role, value=source, why=why, is_unsure=True))
            guess.used[role] = source


_COMPLAINTS: Final = (
    "complaint", "complaints", "beschwerde", "beschwerden", "reklamation", "reklamationen", "vorgangsnummer",
    "reclamation", "reclamations", "reclamacion", "queja", "klacht", "klachtnummer", "klachten", "reclamo", "投诉",
    "苦情", "クレーム", "민원",
)  # fmt: skip


def _partners(_session: Session, guess: TableGuess) -> list[TableGuess]:
    look = guess.column_of("partner_id")
    return _finished(guess) if look is not None and look.is_unique else []


def _customers(_session: Session, guess: TableGuess) -> list[TableGuess]:
    look = guess.column_of("customer_id")
    if "customer_id" in guess.doubts and "registered_at" not in guess.used and _is_log(guess):
        return []
    return _finished(guess) if look is not None and look.is_unique else []


def _is_log(guess: TableGuess) -> bool:
    """Do rows that a bare number tells apart have a time, and numbers that repeat, as calls and bookings have?"""
    others = [one for name, one in guess.look.columns.items() if name not in guess.used.values() and one.n]
    has_time = any(one.is_time for one in others)
    return has_time and any(is_code(one) and 10 < one.n_distinct < one.n and not one.is_time for one in others)


def _products(_session: Session, guess: TableGuess) -> list[TableGuess]:
    look = guess.column_of("product_id")
    return _finished(guess) if look is not None and look.is_unique else []


def _contacts(_session: Session, guess: TableGuess) -> list[TableGuess]:
    if "contact_id" not in guess.used and not {"closed_at", "text"} & set(guess.used):
        return []
    _number_rows(guess, "contact_id", "opened_at")
    if any(names_any(name, _COMPLAINTS) for name in (*guess.look.columns, guess.look.paths[0].stem)):
        kind, why = "complaint", "all are taken for complaints; write enquiry, visit or service, or derive it by expr"
    else:
        kind, why = "service", "all are taken for service; write complaint, enquiry or visit, or derive it by expr"
    guess.columns.append(Guess(key="kind", value={"value": kind}, why=why, is_unsure=True))
    return _finished(guess)


def _surveys(_session: Session, guess: TableGuess) -> list[TableGuess]:
    score = guess.column_of("score")
    if score is None:
        return []
    _number_rows(guess, "response_id", "asked_at")
    if "item" not in guess.used:
        why = "one question in the file, named after its column"
        guess.columns.append(Guess(key="item", value={"value": score.name}, why=why))
    for key, value in (("scale_min", score.low), ("scale_max", score.high)):
        why = "the smallest and largest answer found; write those that could be given"
        guess.columns.append(Guess(key=key, value={"value": value}, why=why, is_unsure=True))
    return _finished(guess)


def _invoices(session: Session, guess: TableGuess) -> list[TableGuess]:
    orders = _orders_of(session, guess)
    _number_rows(guess, "invoice_id", "issued_at")
    _sum_lines(session, guess)
    leave_out_payments(guess)
    _leave_out_voided(guess)
    return [*orders, *_finished(in_one_currency(guess, "amount"))]


def _sum_lines(session: Session, guess: TableGuess) -> None:
    """A bill of several lines is owed as a whole: their sum, or what each of them says of the whole."""
    number, money = guess.column_of("invoice_id"), guess.column_of("amount")
    if number is None or money is None or number.is_unique or number.n < number.n_rows:
        return
    key, amount = name_in_sql(number.name), name_in_sql(money.name)
    relation = guess.look.relation.name
    whole = is_repeated(session, relation, quoted(number.name), quoted(money.name), fewest=FEWEST_TELLING)
    owed = "" if whole else f" replace (sum(cast({amount} as double)) over (partition by {key}) as {amount})"
    guess.sql = f"select *{owed} from records qualify row_number() over (partition by {key} order by {amount}) = 1"
    why = f"{number.name} repeats: {'each line says the whole' if whole else 'its lines are summed'}"
    guess.columns[:] = [
        replace(line, why=f"{line.why}; {why}", is_unsure=True) if line.key == "amount" else line
        for line in guess.columns
    ]


def _leave_out_voided(guess: TableGuess) -> None:
    """Bills that were called off are owed by nobody."""
    for column in status_columns(guess.look):
        lost = [
            value
            for value, outcome in lost_values(column).items()
            if outcome == "lost" or _UNPOSTED.fullmatch(value.strip())
        ]
        if lost:
            why = f"{' and '.join(lost)} in {column.name}: bills that were called off?"
            value = f"({is_in(name_in_sql(column.name), lost)}) is not true"
            add_where(guess, Guess(key="where", value=value, why=why, is_unsure=True))
            return


# Bills that nobody has let through yet are owed by nobody; open ones are.
_UNPOSTED: Final = re.compile(
    r"draft|entwurf|brouillon|borrador|草稿|创建|暂存|审核中|重新审核|待审核|未审核", re.IGNORECASE
)

# Role of an invoice to the role of the order it bills.
_BILLED: Final = {
    "invoice_id": "order_id",
    "customer_id": "customer_id",
    "issued_at": "ordered_at",
    "amount": "revenue",
}


def _orders_of(session: Session, invoices: TableGuess) -> list[TableGuess]:
    """The same file as orders: who is billed has bought, and most reports ask what was bought."""
    why = "an invoice is taken for an order"
    orders = TableGuess(table="orders", look=invoices.look, score=0.3)
    orders.used = {_BILLED[role]: name for role, name in invoices.used.items() if role in _BILLED}
    orders.columns = [
        replace(line, key=_BILLED[line.key], why=why if line.key == "issued_at" else line.why, is_unsure=True)
        for line in invoices.columns
        if line.key in _BILLED
    ]
    return draft_orders(session, orders)


def _number_rows(guess: TableGuess, role: str, time: str) -> None:
    """A number for rows that have none: customer and time."""
    if role in guess.used or "customer_id" not in guess.used:
        return
    value = {"expr": f"{name_in_sql(guess.used['customer_id'])} || '-' || {name_in_sql(guess.used[time])}"}
    guess.columns.insert(0, Guess(key=role, value=value, why="no number found; customer and time", is_unsure=True))


def _finished(guess: TableGuess) -> list[TableGuess]:
    required = set(contract_of(guess.table).required_names)
    if not required <= {line.key for line in guess.columns}:
        return []
    if guess.table in {"customers", "partners"}:
        guess.attributes = attribute_guesses(guess)
    keep_columns(guess)
    return [guess]


BUILDERS: Final[Mapping[str, Callable[[Session, TableGuess], list[TableGuess]]]] = {
    "orders": draft_orders,
    "contracts": _contracts,
    "customers": _customers,
    "products": _products,
    "contacts": _contacts,
    "surveys": _surveys,
    "invoices": _invoices,
    "partners": _partners,
}
