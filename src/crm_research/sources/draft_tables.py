"""From the columns found to the lines of a draft: what each canonical table further needs, derived where it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.contracts import contract_of
from crm_research.sources.draft_guess import (
    Guess,
    TableGuess,
    attribute_guesses,
    name_in_sql,
    order_numbers,
)

if TYPE_CHECKING:
    from crm_research.sources.session import Session


def _orders(session: Session, guess: TableGuess) -> list[TableGuess]:
    if not _set_revenue(guess):
        return []
    customer = guess.column_of("customer_id")
    repeats = _set_order_number(session, guess)
    if customer is not None and customer.n < customer.n_rows:
        _leave_out_nameless(guess)
    _set_returns(guess)
    tables = [guess]
    product = guess.column_of("product_id")
    quantity = guess.column_of("quantity")
    if repeats and product is not None and quantity is not None and product.n == product.n_rows:
        tables.append(_lines_of(guess))
    if repeats:
        guess.keys.insert(
            0, Guess(key="sum_lines", value=True, why="the order number repeats: lines are summed to orders")
        )
    _keep_columns(guess)
    return tables


def _set_revenue(guess: TableGuess) -> bool:
    """Money of a line: as it stands, or pieces times price."""
    if "revenue" in guess.used:
        return True
    if {"quantity", "unit_price"} <= set(guess.used):
        pieces, price = (name_in_sql(guess.used[role]) for role in ("quantity", "unit_price"))
        why = "no column of money; pieces times price of a piece"
        guess.columns.append(Guess(key="revenue", value={"expr": f"{pieces} * {price}"}, why=why))
        return True
    if "unit_price" in guess.used:
        price = guess.used.pop("unit_price")
        guess.used["revenue"] = price
        guess.columns.append(
            Guess(key="revenue", value=price, why="a price, and no quantity beside it", is_unsure=True)
        )
        return True
    free = [look for name, look in guess.look.columns.items() if name not in guess.used.values() and look.is_number]
    money = [look for look in free if not look.is_whole]
    if len(money) != 1:
        return False
    guess.used["revenue"] = money[0].name
    why = "the only column of numbers with decimals; is it money after discount?"
    guess.columns.append(Guess(key="revenue", value=money[0].name, why=why, is_unsure=True))
    return True


def _set_order_number(session: Session, guess: TableGuess) -> bool:
    """Find or make the order number. Returns whether it repeats from line to line."""
    customer, order, day = (guess.used.get(role) for role in ("customer_id", "order_id", "ordered_at"))
    if order is not None and customer is not None and guess.look.columns[order].n == guess.look.n_rows:
        n_orders, n_mixed = order_numbers(session, guess.look, order, customer)
        if n_mixed:
            value = {"expr": f"{name_in_sql(customer)} || '-' || {name_in_sql(order)}"}
            why = f"{n_mixed:,} numbers in {order} stand with several customers, so the customer is part of it"
            _put(guess, Guess(key="order_id", value=value, why=why, is_unsure=True))
            return True
        return n_orders < guess.look.n_rows
    if order is not None:
        guess.used.pop("order_id")
    value = {"expr": f"{name_in_sql(str(customer))} || '-' || {name_in_sql(str(day))}"}
    _put(
        guess,
        Guess(
            key="order_id",
            value=value,
            why="no order number found; one customer at one time is one order",
            is_unsure=True,
        ),
    )
    return True


def _put(guess: TableGuess, line: Guess) -> None:
    guess.columns[:] = [line, *(other for other in guess.columns if other.key != line.key)]


def _leave_out_nameless(guess: TableGuess) -> None:
    look = guess.look.columns[guess.used["customer_id"]]
    name = name_in_sql(look.name)
    value = f"{name} is not null" + (
        f" and trim({name}) <> ''" if guess.look.relation.kinds[look.name] == "text" else ""
    )
    why = f"{look.n_rows - look.n:,} of {look.n_rows:,} rows name no customer and are left out"
    guess.keys.append(Guess(key="where", value=value, why=why, is_unsure=True))


def _set_returns(guess: TableGuess) -> None:
    marked = _marked_number(guess)
    for role in ("quantity", "revenue"):
        look = guess.column_of(role)
        if look is not None and look.low is not None and look.low < 0:
            why = f"{look.name} goes down to {look.low:,.2f}"
            if marked:
                why += f"; numbers such as {marked} are then credit notes, whose money is taken back"
            guess.keys.append(Guess(key="returns", value=f"{name_in_sql(look.name)} < 0", why=why))
            return
    order = guess.column_of("order_id")
    if marked and order is not None:
        value = f"starts_with({name_in_sql(order.name)}, '{marked[0]}')"
        why = f"numbers such as {marked} among plain ones, and no money goes back: orders that never came about?"
        guess.keys.append(Guess(key="cancellations", value=value, why=why, is_unsure=True))


def _marked_number(guess: TableGuess) -> str | None:
    """An order number that begins with a letter where most are plain digits, as C536379; None without such."""
    order = guess.column_of("order_id")
    if order is None or order.is_number:
        return None
    marked = [value for value in order.values if re.fullmatch(r"[A-Za-z]\d+", value)]
    plain = [value for value in order.values if value.isdigit()]
    is_mark = bool(plain) and len({value[0] for value in marked}) == 1 and len(marked) < len(plain)
    return marked[0] if is_mark else None


def _lines_of(orders: TableGuess) -> TableGuess:
    """The same file once more, as the lines of its orders."""
    lines = TableGuess(table="order_lines", look=orders.look, used=dict(orders.used))
    named = {line.key: line for line in orders.columns}
    lines.columns = [
        replace(named[role], why="as above" if role != "product_id" else named[role].why)
        for role in ("order_id", "product_id", "quantity", "revenue", "discount", "cost")
        if role in named
    ]
    lines.keys = [replace(key, why="as above") for key in orders.keys if key.key == "where"]
    return lines


def _contracts(_session: Session, guess: TableGuess) -> list[TableGuess]:
    customer = guess.column_of("customer_id")
    if "contract_id" not in guess.used and customer is not None and not customer.is_unique:
        if any(line.key == "started_at" and line.is_unsure for line in guess.columns):
            return []  # customers who repeat at times that nothing calls a beginning: no contracts
        _number_rows(guess, "contract_id", "started_at")
    _set_contract_ids(guess)
    return _finished(guess) if "customer_id" in {line.key for line in guess.columns} else []


def _snapshot(_session: Session, guess: TableGuess) -> list[TableGuess]:
    """A snapshot with tenure and a churn flag: dates are counted back from as_of."""
    tenure, churn = guess.column_of("tenure"), guess.column_of("churn")
    if tenure is None or churn is None or churn.n_distinct != 2 or tenure.low < 0:
        return []
    guess.table = "contracts"
    _set_contract_ids(guess)
    months = f"cast({name_in_sql(tenure.name)} as integer)"
    guess.columns = [line for line in guess.columns if line.key not in {"tenure", "churn"}]
    guess.columns.append(
        Guess(
            key="started_at",
            value={"expr": f"as_of - to_months({months})"},
            why="no dates; tenure is taken as months before as_of",
            is_unsure=True,
        )
    )
    words = {"yes", "true", "1", "t", "y", "ja", "churned", "left", "是", "流失"}
    left = next((value for value in churn.values if value.lower().rstrip(".") in words), churn.values[-1])
    compared = f"{name_in_sql(churn.name)} = {left if churn.is_number else repr(left)}"
    why = f"{churn.name} = {left} is taken as: ended at as_of"
    guess.columns.append(
        Guess(key="ended_at", value={"expr": f"case when {compared} then as_of end"}, why=why, is_unsure=True)
    )
    tables = _finished(guess)
    guess.attributes = [_doubted(line) if line.value == "number" else line for line in guess.attributes]
    return tables


def _doubted(line: Guess) -> Guess:
    return replace(line, why=f"{line.why}; leave it out if it grows with tenure", is_unsure=True)


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


def _customers(_session: Session, guess: TableGuess) -> list[TableGuess]:
    look = guess.column_of("customer_id")
    return _finished(guess) if look is not None and look.is_unique else []


def _products(_session: Session, guess: TableGuess) -> list[TableGuess]:
    look = guess.column_of("product_id")
    return _finished(guess) if look is not None and look.is_unique else []


def _contacts(_session: Session, guess: TableGuess) -> list[TableGuess]:
    if "contact_id" not in guess.used and not {"closed_at", "text"} & set(guess.used):
        return []
    _number_rows(guess, "contact_id", "opened_at")
    why = "all are taken for complaints; write enquiry, visit or service, or derive it by expr"
    guess.columns.append(Guess(key="kind", value={"value": "complaint"}, why=why, is_unsure=True))
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


def _invoices(_session: Session, guess: TableGuess) -> list[TableGuess]:
    _number_rows(guess, "invoice_id", "issued_at")
    return _finished(guess)


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
    if guess.table in {"customers", "contracts"}:
        guess.attributes = attribute_guesses(guess)
    _keep_columns(guess)
    return [guess]


def _keep_columns(guess: TableGuess) -> None:
    """Only canonical columns are mapped, in their own order; what they were derived from is not."""
    names = contract_of(guess.table).column_names
    kept = {line.key: line for line in guess.columns if line.key in names}
    guess.columns = [kept[name] for name in names if name in kept]


BUILDERS: Final[Mapping[str, Callable[[Session, TableGuess], list[TableGuess]]]] = {
    "orders": _orders,
    "contracts": _contracts,
    "snapshot": _snapshot,
    "customers": _customers,
    "products": _products,
    "contacts": _contacts,
    "surveys": _surveys,
    "invoices": _invoices,
}
