"""Money in hundredths, as programs store it: a column called amount_cents holds a hundred times what was paid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words

if TYPE_CHECKING:
    from crm_research.sources.drafts.guessed import Guess, TableGuess

_MONEY: Final = frozenset({"revenue", "discount", "cost", "fee", "amount"})
_HUNDREDTHS: Final = frozenset({"cents", "cent", "centimes", "centavos", "pence", "rappen", "minor"})


def is_in_hundredths(header: str) -> bool:
    """Does a header say that its money is in cents, or in fen of yuan?"""
    return bool(_HUNDREDTHS & set(header_words(header))) or header.rstrip(")） ").endswith(("(分", "（分"))


def in_whole_money(guess: TableGuess) -> TableGuess:
    """The same table with its money in whole units, where columns are named as holding hundredths."""
    guess.columns[:] = [_whole(guess, line) if line.key in _MONEY else line for line in guess.columns]
    return guess


def _whole(guess: TableGuess, line: Guess) -> Guess:
    origin = {"column": line.value} if isinstance(line.value, str) else dict(line.value)
    written = str(origin.get("column") or origin.get("expr") or "")
    named = [name for name in guess.look.columns if is_in_hundredths(name)]
    used = [name for name in named if name == origin.get("column") or name_in_sql(name) in written]
    if not used:
        return line
    why = f"{line.why}; {used[0]} says that it is in hundredths"
    if {"currency_column", "scale"} & set(origin) or "expr" in origin:
        return replace(line, value=_divided(origin), why=why, is_unsure=True)
    return replace(line, value={**origin, "scale": 0.01}, why=why, is_unsure=True)


def _divided(origin: dict[str, object]) -> dict[str, object]:
    """Where no scale may stand, or another stands already."""
    if "scale" in origin:
        return {**origin, "scale": round(float(str(origin["scale"])) * 0.01, 12)}
    text = origin.get("expr") or name_in_sql(str(origin.get("column")))
    rest = {key: value for key, value in origin.items() if key not in {"expr", "column"}}
    return {"expr": f"({text}) * 0.01", **rest}
