"""Money on two sides, as ledgers write it in two columns or with a mark: what came in, and what went back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess, put_in_place, put_last
from crm_research.sources.drafts.outcomes import is_in
from crm_research.sources.drafts.refunds import amount_in_sql
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

# Words of the two sides, by their languages; a header is the other's with this word changed.
_SIDES: Final = (
    ("debit", "credit"), ("dr", "cr"), ("soll", "haben"), ("cargo", "abono"), ("debe", "haber"), ("dare", "avere"),
    ("debito", "credito"), ("debet", "credit"), ("winien", "ma"), ("uitgaand", "inkomend"), ("paid out", "paid in"),
    ("withdrawal", "deposit"), ("withdrawals", "deposits"), ("ausgaben", "einnahmen"), ("ausgang", "eingang"),
    ("借方", "贷方"), ("支出", "收入"), ("借方金额", "贷方金额"), ("支出金额", "收入金额"), ("дебет", "кредит"),
)  # fmt: skip


# Marks of the two sides in a column beside the money, and what such a column is called; D and C alone may be anything.
_MARKS: Final = (
    *_SIDES, ("s", "h"), ("d", "c"), ("d", "k"), ("d", "h"), ("d", "a"), ("c", "a"), ("dt", "ct"), ("dt", "kt"),
    ("deb", "cre"), ("db", "cr"), ("debit", "kredit"), ("débit", "crédit"), ("débito", "crédito"), ("+", "-"),
    ("1", "-1"), ("借", "贷"), ("дт", "кт"),
)  # fmt: skip
_NAMES_OF_MARKS: Final = frozenset(
    {
        "soll haben", "s h", "sh", "soll haben kennzeichen", "soll haben kz", "sh kz", "s h kennzeichen", "shkzg",
        "dr cr", "drcr", "cr dr", "crdr", "debit credit", "credit debit", "debit credit indicator", "d c", "c d", "dc",
        "dc indicator", "d c indicator", "debit credit flag", "debit credit code", "debit credit mark", "dc flag",
        "debit or credit", "dr or cr", "sens", "sens comptable", "debit credit sens", "sign", "vorzeichen", "signe",
        "signo", "segno", "debe haber", "d h", "dare avere", "d a", "cargo abono", "posting side", "side", "dt ct",
        "dt kt", "借贷方向", "借贷", "借贷标志", "方向", "дт кт", "debet credit", "debet kredit", "winien ma",
    }
)  # fmt: skip


def take_back_by_mark(session: Session, guess: TableGuess) -> bool:
    """Money that a column beside it puts on a side: that of the rarer mark was given back."""
    money = guess.column_of("revenue")
    marked = marks_of(session, guess.look)
    line = next((line for line in guess.columns if line.key == "revenue"), None)
    if money is None or line is None or marked is None or (money.low is not None and money.low < 0):
        return False
    name, back = marked
    condition = is_in(name_in_sql(name), back)
    why = f"{' and '.join(back)} in {name}: the other side, on which fewer rows stand, was given back"
    guess.keys.append(Guess(key="returns", value=condition, why=why, is_unsure=True))
    value = {"expr": f"case when {condition} then -({_said(line)}) else {_said(line)} end"}
    put_in_place(guess, replace(line, value=value, why=f"{line.why}; {why}", is_unsure=True))
    return True


def _said(line: Guess) -> str:
    if not isinstance(line.value, dict):
        return name_in_sql(str(line.value))
    return str(line.value["expr"]) if "expr" in line.value else name_in_sql(str(line.value["column"]))


def marks_of(session: Session, look: FileLook) -> tuple[str, list[str]] | None:
    """The column that says on which side the money of a row stands, and how it writes the side with fewer rows."""
    found = mark_column(look)
    if found is None:
        return None
    name, written = found
    counts = session.run(
        f"SELECT lower(rtrim(trim(CAST({quoted(name)} AS VARCHAR)), '.')) AS side, count(*) AS n "
        f"FROM {quoted(look.relation.name)} GROUP BY 1 HAVING side <> '' ORDER BY n, side"
    ).fetchall()
    back = str(counts[0][0])
    return name, [value for value in written if value.strip().lower().rstrip(".") == back]


def mark_column(look: FileLook) -> tuple[str, list[str]] | None:
    """The column that says on which side the money of a row stands, and how it writes the two."""
    for name, column in look.columns.items():
        sides = {value.strip().lower().rstrip(".") for value in column.values}
        is_named = " ".join(header_words(name)) in _NAMES_OF_MARKS or name.strip() in {"+/-", "±"}
        if is_named and any(sides == set(pair) for pair in _MARKS):
            return name, list(column.values)
    return None


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
