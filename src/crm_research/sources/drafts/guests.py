"""Shops that sell without an account write 0 where the customer's number would stand: many people under one number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import put_in_place
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import name_score
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.guessed import Guess, TableGuess
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

# So many times the orders of another number are no single customer's.
_CROWD: Final = 3
_NAMED: Final = 0.7
_NOBODY: Final = "'0', '00', '000', '-1', '0.0'"


def name_guests(session: Session, guess: TableGuess) -> bool:
    """Guests without a number, or under one for nobody, are known by their mail address, or told as doubtful.

    Returns whether every row without a number is named by its mail address.
    """
    customer = guess.column_of("customer_id")
    line = next((line for line in guess.columns if line.key == "customer_id"), None)
    if customer is None or line is None or not (customer.is_number or customer.values):
        return False
    if customer.n < customer.n_rows and _name_by_mail(session, guess, customer, line):
        return True
    value = f"trim(CAST({quoted(customer.name)} AS VARCHAR))"
    n_guests, n_named, n_customers = session.run(
        f"SELECT count(*) FILTER (WHERE {value} IN ({_NOBODY})), "
        f"count(*) FILTER (WHERE {value} NOT IN ({_NOBODY})), "
        f"count(DISTINCT {value}) FILTER (WHERE {value} NOT IN ({_NOBODY})) FROM {quoted(guess.look.relation.name)}"
    ).fetchone()
    if not n_guests or n_guests * max(n_customers, 1) < _CROWD * n_named:
        return False
    mail = _mail_of(guess)
    column = name_in_sql(customer.name)
    said = f"{say_count(n_guests, 'row')} {word_for(n_guests, 'has', 'have')} 0 in {customer.name}"
    said += f", as {word_for(n_guests, 'a guest', 'guests')} without an account"
    number = f"case when cast({column} as varchar) not in ({_NOBODY}) then cast({column} as varchar) end"
    if mail is not None and _are_the_same(session, guess, value, mail):
        origin = {"column": mail}
        why = f"{said}; all rows have {mail}, and some guests are customers with a number too"
        guess.used["customer_id"] = mail
    elif mail is not None:
        origin = {"expr": f"coalesce({number}, {name_in_sql(mail)})"}
        why = f"{line.why}; {said}, who are told apart by {mail}"
    else:
        origin = {"expr": number}
        why = f"{line.why}; {said}; they name no customer (write accept: {{missing-key: 1}} to keep them in totals)"
    guess.columns[:] = [
        replace(one, value=origin, why=why, is_unsure=True) if one is line else one for one in guess.columns
    ]
    return False


def _mail_of(guess: TableGuess) -> str | None:
    return next(
        (
            name
            for name, column in guess.look.columns.items()
            if name_score(name, "customer_email") >= _NAMED and any("@" in one for one in column.values[:20])
        ),
        None,
    )


def _name_by_mail(session: Session, guess: TableGuess, customer: ColumnLook, line: Guess) -> bool:
    """Rows without a number that all have a mail address are not nameless. Returns whether they are named by it."""
    mail = _mail_of(guess)
    if mail is None or mail == customer.name or guess.look.columns[mail].n < customer.n_rows:
        return False
    if guess.used.get("order_id") and not guess.look.columns[guess.used["order_id"]].is_unique:
        return False  # orders of several lines may name their customer on one of them
    number, address = name_in_sql(customer.name), name_in_sql(mail)
    (n_both,) = session.run(
        f"SELECT count(*) FROM (SELECT 1 FROM {quoted(guess.look.relation.name)} "
        f"GROUP BY lower(trim(CAST({quoted(mail)} AS VARCHAR))) HAVING count({_text(guess, customer)}) BETWEEN 1 AND "
        "count(*) - 1)"
    ).fetchone()
    n = customer.n_rows - customer.n
    none = f"{say_count(n, 'row')} {word_for(n, 'has', 'have')} no {customer.name}"
    why = f"{line.why}; {none}, as {word_for(n, 'a guest', 'guests')} without an account, but all have {mail}"
    if n_both:
        guess.used["customer_id"], value = mail, {"column": mail}
    else:
        said = f"coalesce(nullif(trim(cast({number} as varchar)), ''), {address})"
        value = {"expr": said}
        order = next((one for one in guess.columns if one.key == "order_id"), None)
        if order is not None and isinstance(order.value, dict) and "expr" in order.value:
            made = str(order.value["expr"]).replace(f"{number} || '-' || ", f"{said} || '-' || ")
            put_in_place(guess, replace(order, value={"expr": made}))
    put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))
    return True


def _text(guess: TableGuess, column: ColumnLook) -> str:
    return guess.look.reading.text(f"CAST({quoted(column.name)} AS VARCHAR)")


def _are_the_same(session: Session, guess: TableGuess, number: str, mail: str) -> bool:
    """Do all rows have a mail address, and guests some that stand with a number elsewhere?"""
    column = guess.look.columns[mail]
    if column.n < column.n_rows:
        return False
    address = f"lower(trim(CAST({quoted(mail)} AS VARCHAR)))"
    (n_both,) = session.run(
        f"SELECT count(*) FROM (SELECT {address} AS mail FROM {quoted(guess.look.relation.name)} GROUP BY 1 "
        f"HAVING bool_or({number} IN ({_NOBODY})) AND bool_or({number} NOT IN ({_NOBODY})))"
    ).fetchone()
    return bool(n_both)
