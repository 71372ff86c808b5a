"""Money in two columns, as ledgers and settlements write it: what came in on one side, what went back on the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess, put_last
from crm_research.sources.drafts.refunds import amount_in_sql
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

# Words of the two sides, by their languages; a header is the other's with this word changed.
_SIDES: Final = (
    ("debit", "credit"), ("dr", "cr"), ("soll", "haben"), ("cargo", "abono"), ("debe", "haber"), ("dare", "avere"),
    ("debito", "credito"), ("debet", "credit"), ("winien", "ma"), ("uitgaand", "inkomend"), ("paid out", "paid in"),
    ("withdrawal", "deposit"), ("withdrawals", "deposits"), ("ausgaben", "einnahmen"), ("ausgang", "eingang"),
    ("借方", "贷方"), ("支出", "收入"), ("借方金额", "贷方金额"), ("支出金额", "收入金额"), ("дебет", "кредит"),
)  # fmt: skip


def take_both_sides(session: Session, guess: TableGuess) -> str:
    """Take what the sales' side says less what the other does. Returns SQL that is true of rows that give back.

    Sales are on the side on which more rows of customers stand. Empty where the file has no two such columns, or rows
    that say something on both.
    """
    customer = guess.used.get("customer_id")
    for one, other in _pairs(guess):
        said = [amount_in_sql(guess, column) for column in (one, other)]
        named = "TRUE" if customer is None else f"trim(CAST({quoted(customer)} AS VARCHAR)) <> ''"
        n_one, n_other, n_both = session.run(
            f"SELECT count(*) FILTER (WHERE {said[0]} <> 0), count(*) FILTER (WHERE {said[1]} <> 0), "
            f"count(*) FILTER (WHERE {said[0]} <> 0 AND {said[1]} <> 0) "
            f"FROM {quoted(guess.look.relation.name)} WHERE {named}"
        ).fetchone()
        if n_both or not (n_one or n_other):
            continue
        sold, back = (one, other) if n_one > n_other else (other, one)
        _put(guess, sold, back)
        return f"coalesce({name_in_sql(back.name)}, 0) <> 0"
    return ""


def _pairs(guess: TableGuess) -> list[tuple[ColumnLook, ColumnLook]]:
    columns = {
        " ".join(header_words(name)): column
        for name, column in guess.look.columns.items()
        if column.is_number or (not column.n and not column.is_time)
    }
    found = []
    for one, other in _SIDES:
        for words, column in columns.items():
            swapped = f" {words} ".replace(f" {one} ", f" {other} ").strip()
            if swapped != words and swapped in columns:
                found.append((column, columns[swapped]))
    return found


def _put(guess: TableGuess, sold: ColumnLook, back: ColumnLook) -> None:
    one, other = (f"coalesce({name_in_sql(column.name)}, 0)" for column in (sold, back))
    why = f"{sold.name} less {back.name}: no row says something on both, and more rows stand under {sold.name}"
    put_last(guess, Guess(key="revenue", value={"expr": f"{one} - {other}"}, why=why, is_unsure=True))
    guess.used["revenue"] = sold.name


def take_back_by_side(guess: TableGuess, gives_back: str) -> None:
    """Rows on the other side are returns, and never orders that did not come about, whatever their type says."""
    why = "money on the other side was given back"
    guess.keys[:] = [
        replace(key, value=f"({key.value}) and not ({gives_back})") if key.key == "cancellations" else key
        for key in guess.keys
    ]
    guess.keys.append(Guess(key="returns", value=gives_back, why=why, is_unsure=True))
