"""From the columns found to the orders of a draft: their money, numbers, lines and returns."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.came_about import (
    count_once_of_states,
    doubt_of_negative_types,
    leave_out_payments,
    leave_out_sums,
    set_cancellations,
    set_date_of_sale,
    take_back_by_type,
)
from crm_research.sources.drafts.guessed import Guess, TableGuess, keep_columns, order_numbers, put_in_place
from crm_research.sources.drafts.guests import name_guests
from crm_research.sources.drafts.prices import is_price_of_a_piece, set_cost, take_before_fees, take_total_or_pieces
from crm_research.sources.drafts.refunds import take_off_refunds
from crm_research.sources.drafts.sql_names import filled_text, name_in_sql
from crm_research.sources.drafts.two_sides import take_back_by_mark, take_back_by_side, take_both_sides
from crm_research.sources.drafts.wide import basket_columns, lines_of_baskets
from crm_research.sources.drafts.words import currency_column, header_words, name_score, names_any
from crm_research.sources.mapping.once import FEWEST_TELLING, is_repeated
from crm_research.sources.mapping.plans import SUMMED
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session


def draft_orders(session: Session, guess: TableGuess) -> list[TableGuess]:
    """The file as orders, and as their lines where it holds those; empty where it tells no money."""
    set_date_of_sale(guess)
    gives_back = take_both_sides(session, guess)
    if not gives_back and not _set_revenue(session, guess):
        return []
    take_before_fees(session, guess)
    in_one_currency(guess, "revenue")
    set_cost(guess)
    customer = guess.column_of("customer_id")
    leave_out_sums(session, guess)
    repeats = _set_order_number(session, guess)
    is_named = name_guests(session, guess)
    if customer is not None and not is_named and customer.n < customer.n_rows and not _is_said_once(session, guess):
        _leave_out_nameless(session, guess)
    leave_out_payments(guess)
    states = count_once_of_states(session, guess) if repeats else None
    if states is None and not gives_back:
        _set_returns(session, guess)
    set_cancellations(session, guess, besides=states)
    if gives_back:
        take_back_by_side(guess, gives_back)
    tables = [guess]
    fewest = 1 if {"quantity", "unit_price", "revenue"} <= set(guess.used) else FEWEST_TELLING
    repeated = _repeated_money(session, guess, fewest) if repeats and states is None else ()
    product = guess.column_of("product_id")
    quantity = guess.column_of("quantity")
    if repeats and product is not None and quantity is not None and product.n == product.n_rows:
        tables += _lines_of(guess, repeated)
    if repeats:
        guess.keys.insert(
            0, Guess(key="sum_lines", value=True, why="the order number repeats: lines are summed to orders")
        )
    if states is None:
        take_off_refunds(session, guess)
    if repeats and states is None:
        _count_once(session, guess, repeated)
    lines = lines_of_baskets(guess) if len(tables) == 1 else None
    keep_columns(guess)
    return [*tables, lines] if lines is not None else tables


def _is_said_once(session: Session, guess: TableGuess) -> bool:
    """Do orders name their customer on one of their lines only, so that no order is nameless?"""
    order, customer = guess.column_of("order_id"), guess.column_of("customer_id")
    if order is None or customer is None or order.is_unique:
        return False
    (n_nameless,) = session.run(
        f"SELECT count(*) FROM (SELECT 1 FROM {quoted(guess.look.relation.name)} GROUP BY {quoted(order.name)} "
        f"HAVING count({filled_text(customer.name)}) = 0)"
    ).fetchone()
    return not n_nameless


def _set_revenue(session: Session, guess: TableGuess) -> bool:
    """Money of a line: as it stands, or pieces times price."""
    if is_price_of_a_piece(session, guess):
        take_total_or_pieces(guess)
        return True
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
    baskets = basket_columns(guess.look)
    has_nothing_else = set(guess.look.columns) <= {*guess.used.values(), *_unnamed(guess), *baskets}
    is_log = has_nothing_else or not _speaks_of_orders(guess)
    if not money and is_log and not _unread_money(guess) and customer is not None and not customer.is_unique:
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


def _unread_money(guess: TableGuess) -> list[str]:
    """Columns named like money that hold something else than numbers: what they say must not be lost."""
    return [
        name
        for name, column in guess.look.columns.items()
        if column.n and not column.is_number and not column.is_time and name_score(name, "revenue") >= _WELL_NAMED
    ]


def _speaks_of_orders(guess: TableGuess) -> bool:
    """Does a header speak of orders, whose money then lies elsewhere, rather than of visits, loans or calls?"""
    return any(names_any(name, _ORDERS) for name in guess.look.columns)


_ORDERS: Final = (
    "order", "orders", "sale", "sales", "purchase", "invoice", "bestellung", "bestellnummer", "auftrag", "commande",
    "pedido", "订单", "单据", "发票",
)  # fmt: skip


def _unnamed(guess: TableGuess) -> set[str]:
    return {name for name in guess.look.columns if name.startswith("column_")}


def _set_order_number(session: Session, guess: TableGuess) -> bool:
    """Find or make the order number. Returns whether it repeats from line to line."""
    customer, order, day = (guess.used.get(role) for role in ("customer_id", "order_id", "ordered_at"))
    n_rows = guess.look.n_rows - guess.n_left_out
    if order is not None and customer is not None and guess.look.columns[order].n >= n_rows:
        n_orders, n_mixed = order_numbers(session, guess.look, order, customer)
        if n_mixed:
            value = {"expr": f"{name_in_sql(customer)} || '-' || {name_in_sql(order)}"}
            why = (
                f"{say_count(n_mixed, 'number')} in {order} {word_for(n_mixed, 'stands', 'stand')} with several "
                "customers"
            )
            why += ", so the customer is part of it"
            _put(guess, Guess(key="order_id", value=value, why=why, is_unsure=True))
            return True
        return n_orders < n_rows
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


def _leave_out_nameless(session: Session, guess: TableGuess) -> None:
    look = guess.look.columns[guess.used["customer_id"]]
    name = name_in_sql(look.name)
    value = f"{name} is not null" + (
        f" and trim({name}) <> ''" if guess.look.relation.kinds[look.name] == "text" else ""
    )
    n = look.n_rows - look.n
    nameless = f"{word_for(n, 'names', 'name')} no customer and {word_for(n, 'is', 'are')} left out"
    why = f"{n:,} of {say_count(look.n_rows, 'row')} {nameless}"
    why += "; to keep them in totals, take this line away and write accept: {missing-key: 1}"
    money = _nameless_money(session, guess)
    if money is not None and money[2] < 0 <= money[3]:
        # Nobody who is named gave anything back, so these are theirs. Left out, what was given back would still count
        # as bought: the check says so until somebody names the buyer.
        line = next(one for one in guess.columns if one.key == "customer_id")
        why = (
            f"{line.why}; {say_count(n, 'row')} with money given back {word_for(n, 'names', 'name')} no customer; take "
            f"{word_for(n, 'it from its', 'theirs from their')} sale, by sql, or write "
            "accept: {missing-key: 1}"
        )
        _put(guess, replace(line, why=why, is_unsure=True))
        return
    worth = "" if money is None else f", worth {money[0]:,.2f} of {money[1]:,.2f} in all,"
    caveat = f"{n:,} of {say_count(look.n_rows, 'line')}{worth} {nameless} of everything."
    guess.keys.append(Guess(key="where", value=value, why=why, is_unsure=True, caveat=caveat))


def _nameless_money(session: Session, guess: TableGuess) -> tuple[float, float, float, float] | None:
    """Money of lines without a customer, of all lines, and the least of a line without and with; None if not known."""
    look = guess.look
    currency = currency_column(look.columns)
    if currency is not None and look.columns[currency].n_distinct > 1:
        return None
    roles = ["revenue"] if "revenue" in guess.used else ["quantity", "unit_price"]
    if not set(roles) <= set(guess.used):
        return None
    names = [guess.used[role] for role in roles]
    if any(not look.columns[name].is_number for name in names):
        return None
    money = " * ".join(f"({look.read_in_sql(name, 'float64')})" for name in names)
    customer = look.reading.text(f"CAST({quoted(guess.used['customer_id'])} AS VARCHAR)")
    found = session.run(
        f"SELECT sum({money}) FILTER (WHERE {customer} IS NULL), sum({money}), "
        f"min({money}) FILTER (WHERE {customer} IS NULL), min({money}) FILTER (WHERE {customer} IS NOT NULL) "
        f"FROM {quoted(look.relation.name)}"
    ).fetchone()
    return None if None in found else (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def _set_returns(session: Session, guess: TableGuess) -> None:
    if take_back_by_type(guess) or take_back_by_mark(session, guess):
        return
    marked = _marked_number(guess)
    for role in ("quantity", "revenue"):
        look = guess.column_of(role)
        if look is not None and look.low is not None and look.low < 0:
            why = f"{look.name} goes down to {look.low:,.2f}"
            if marked:
                why += f"; numbers such as {marked} are then credit notes, whose money is taken back"
            doubt = doubt_of_negative_types(session, guess)
            why += f"; {doubt}" if doubt else ""
            value = f"{name_in_sql(look.name)} < 0"
            guess.keys.append(Guess(key="returns", value=value, why=why, is_unsure=bool(doubt)))
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


def _lines_of(orders: TableGuess, repeated: Collection[str]) -> list[TableGuess]:
    """The same file once more, as the lines of its orders."""
    lines = TableGuess(table="order_lines", look=orders.look, used=dict(orders.used))
    named = {line.key: line for line in orders.columns}
    money = orders.column_of("revenue")
    if money is not None and (money.n < money.n_rows or "revenue" in repeated):
        # Said once an order, or again on each line: the money of a line is that of its pieces.
        if "unit_price" not in orders.used:
            return []
        pieces, price = (name_in_sql(orders.used[role]) for role in ("quantity", "unit_price"))
        named["revenue"] = Guess(
            key="revenue", value={"expr": f"{pieces} * {price}"}, why="pieces times price", is_unsure=True
        )
    lines.columns = [
        replace(named[role], why="as above" if role not in {"product_id", "revenue"} else named[role].why)
        for role in ("order_id", "product_id", "quantity", "revenue", "discount", "cost")
        if role in named
        and (role == "revenue" or role not in repeated)
        and not (role in {"discount", "cost"} and _stands_with_the_order(orders, role))
    ]
    lines.keys = [replace(key, why="as above") for key in orders.keys if key.key == "where"]
    return [lines]


def _stands_with_the_order(orders: TableGuess, role: str) -> bool:
    """Is this money said on as many lines as the order's total, which other lines leave empty?"""
    money, own = orders.column_of("revenue"), orders.column_of(role)
    return money is not None and own is not None and money.n < money.n_rows and own.n == money.n


def _repeated_money(session: Session, guess: TableGuess, fewest: int) -> tuple[str, ...]:
    """Roles of money that every line of an order repeats, in at least so many orders of several lines."""
    order = guess.used.get("order_id")
    # Money that is computed, as where rows of credit turn its sign, is each row's own.
    plain = {line.key for line in guess.columns if isinstance(line.value, str) or "column" in line.value}
    roles = [
        role for role in SUMMED if (look := guess.column_of(role)) is not None and look.is_number and role in plain
    ]
    if order is None:
        return ()
    relation = guess.look.relation.name
    return tuple(
        role for role in roles if is_repeated(session, relation, quoted(order), quoted(guess.used[role]), fewest=fewest)
    )


def _count_once(session: Session, guess: TableGuess, repeated: Collection[str]) -> None:
    """Say whose the money is that each line repeats: the order's, or the line's where too few orders tell."""
    doubtful = set(_repeated_money(session, guess, 1)) - set(repeated)
    for line in guess.columns:
        if line.key not in {*repeated, *doubtful}:
            continue
        origin = line.value if isinstance(line.value, dict) else {"column": line.value}
        is_once = line.key in repeated
        why = "the same on all lines of every order, so it is the order's and counted once"
        if not is_once:
            why = "the same on all lines of the few orders that have several: write true if it is the whole order's"
        value = {**origin, "once_an_order": is_once}
        put_in_place(guess, replace(line, value=value, why=f"{line.why}; {why}", is_unsure=True))


def _same_in_one_currency(guess: TableGuess, money: ColumnLook) -> str | None:
    """A column of the same name that says it is converted, filled wherever the money is; None without one."""
    for other, column in guess.look.columns.items():
        says_so = names_any(other, CONVERTED) and set(header_words(money.name)) < set(header_words(other))
        if says_so and column.is_number and column.n >= money.n and other not in guess.used.values():
            return other
    return None


_WELL_NAMED: Final = 0.75
# Money named so stands in one currency whatever that of the sale.
CONVERTED: Final = (
    "converted", "base", "in company currency", "konvertiert", "converti", "convertido", "home currency",
    "local currency", "hauswaehrung", "本位币",
)  # fmt: skip


def in_one_currency(guess: TableGuess, role: str) -> TableGuess:
    """Money beside a column that names several currencies is counted at each one's rate."""
    name = currency_column(guess.look.columns)
    money = guess.column_of(role)
    if name is None or guess.look.columns[name].n_distinct < 2 or (money and names_any(money.name, CONVERTED)):
        return guess
    same = None if money is None else _same_in_one_currency(guess, money)
    if same is not None:
        guess.used[role] = same
        why = f"{name} names several currencies, and this is {money.name if money else role} in one of them"
        put_in_place(guess, Guess(key=role, value=same, why=why, is_unsure=True))
        return guess
    codes = " and ".join(sorted(guess.look.columns[name].values)[:6])
    for line in guess.columns:
        if line.key == role:
            origin = line.value if isinstance(line.value, dict) else {"column": line.value}
            why = f"{name} names {codes}; write their exchange_rates at the top"
            put_in_place(guess, replace(line, value={**origin, "currency_column": name}, why=why, is_unsure=True))
    return guess
