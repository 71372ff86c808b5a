"""From the columns found to the orders of a draft: their money, numbers, lines and returns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from crm_research.sources.drafts.guess import Guess, TableGuess, keep_columns, name_in_sql, order_numbers
from crm_research.sources.drafts.words import currency_column, header_words

if TYPE_CHECKING:
    from crm_research.sources.session import Session


def draft_orders(session: Session, guess: TableGuess) -> list[TableGuess]:
    """The file as orders, and as their lines where it holds those; empty where it tells no money."""
    if not _set_revenue(guess):
        return []
    in_one_currency(guess, "revenue")
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
    keep_columns(guess)
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
    customer = guess.column_of("customer_id")
    is_log = set(guess.look.columns) <= {*guess.used.values(), *_unnamed(guess)}
    if not money and is_log and customer is not None and not customer.is_unique:
        why = "no column of money: each row counts 1"
        caveat = "The file holds no money: every row counts 1, so what is called revenue is a number of rows."
        guess.columns.append(Guess(key="revenue", value={"value": 1}, why=why, is_unsure=True, caveat=caveat))
        return True
    if len(money) != 1:
        return False
    guess.used["revenue"] = money[0].name
    why = "the only column of numbers with decimals; is it money after discount?"
    guess.columns.append(Guess(key="revenue", value=money[0].name, why=why, is_unsure=True))
    return True


def _unnamed(guess: TableGuess) -> set[str]:
    return {name for name in guess.look.columns if name.startswith("column_")}


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
    number = _numbering(guess)
    if number is not None:
        why = "no two rows share one, and its name speaks of a number"
        guess.used["order_id"] = number
        _put(guess, Guess(key="order_id", value=number, why=why, is_unsure=True))
        return False
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


def _numbering(guess: TableGuess) -> str | None:
    """The one column that numbers the rows by its name, such as ContractNo; None without one, or with several."""
    named = [
        look.name
        for look in guess.look.columns.values()
        if look.is_unique
        and look.name not in guess.used.values()
        and (look.is_whole or not (look.is_number or look.is_time))
        and set(header_words(look.name)) & {"id", "no", "nr", "number", "nummer", "num", "号", "编号"}
    ]
    return named[0] if len(named) == 1 else None


def _put(guess: TableGuess, line: Guess) -> None:
    guess.columns[:] = [line, *(other for other in guess.columns if other.key != line.key)]


def _leave_out_nameless(guess: TableGuess) -> None:
    look = guess.look.columns[guess.used["customer_id"]]
    name = name_in_sql(look.name)
    value = f"{name} is not null" + (
        f" and trim({name}) <> ''" if guess.look.relation.kinds[look.name] == "text" else ""
    )
    why = f"{look.n_rows - look.n:,} of {look.n_rows:,} rows name no customer and are left out"
    caveat = f"{look.n_rows - look.n:,} of {look.n_rows:,} lines name no customer and are left out of everything."
    guess.keys.append(Guess(key="where", value=value, why=why, is_unsure=True, caveat=caveat))


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


def in_one_currency(guess: TableGuess, role: str) -> TableGuess:
    """Money beside a column that names several currencies is counted at each one's rate."""
    name = currency_column(guess.look.columns)
    if name is None or guess.look.columns[name].n_distinct < 2:
        return guess
    codes = " and ".join(sorted(guess.look.columns[name].values)[:6])
    for line in guess.columns:
        if line.key == role:
            origin = line.value if isinstance(line.value, dict) else {"column": line.value}
            why = f"{name} names {codes}; write their exchange_rates at the top"
            _put_in_place(guess, replace(line, value={**origin, "currency_column": name}, why=why, is_unsure=True))
    return guess


def _put_in_place(guess: TableGuess, line: Guess) -> None:
    guess.columns[:] = [line if other.key == line.key else other for other in guess.columns]
