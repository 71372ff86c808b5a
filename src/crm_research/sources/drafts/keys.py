"""Which column says whose row it is: a number, an account, a mail address or, at the worst, a name."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.words import header_words, name_score

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook

# Role of the vocabulary to the most that a column of that kind is worth as a key, and what the draft says of it.
_KINDS: Final = {
    "customer_id": (1.0, ""),
    "customer_email": (0.72, "no number of the customer; mail addresses change, and are written in several ways"),
    "customer_phone": (0.7, "no number of the customer; telephone numbers change"),
    "customer_name": (0.6, "no number of the customer; two may share a name, and one may be written in several ways"),
}
_SURE: Final = 0.95
# Numbers cut short make one customer of several; any other key is better.
_OF_CUT_SHORT: Final = 0.5
_FEW: Final = 30
_BARE: Final = frozenset(
    {
        "id",
        "record id",
        "uuid",
        "guid",
        "number",
        "no",
        "nr",
        "num",
        "reference",
        "ref",
        "key",
        "code",
        "name",
        "编号",
        "序号",
    }
)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A column that may tell customers apart: how likely, and what is doubtful about it."""

    column: ColumnLook
    score: float
    doubt: str = ""


def find_customers(look: FileLook) -> list[Key]:
    """Columns that may say whose row it is, the likeliest first."""
    found = []
    for name, column in look.columns.items():
        if not column.n or column.is_time:
            continue
        best, kind = max((most * name_score(name, kind), kind) for kind, (most, _) in _KINDS.items())
        if column.is_number and not column.is_whole and best < _SURE:
            continue
        if best < 0.3 or is_category(column, sure=best >= _SURE):
            continue
        if kind == "customer_email" and not all("@" in value for value in column.values[:20]):
            continue
        # A key that is missing in most rows tells few of them apart.
        filled = column.n / column.n_rows
        best *= _OF_CUT_SHORT if column.cut_short else 1
        found.append(Key(column=column, score=best * (1 if filled > 0.5 else filled), doubt=_KINDS[kind][1]))
    return sorted(found, key=lambda key: -key.score)


def is_category(column: ColumnLook, *, sure: bool = False) -> bool:
    """Has a column so few values that it sorts customers rather than tells them apart?"""
    if column.n_rows < 2 * _FEW:
        return column.n_distinct < 2 and column.n_rows > 5
    if sure:
        return column.n_distinct < 4
    return column.n_distinct < max(4.0, min(_FEW, math.sqrt(column.n_rows) / 2))


def own_number(look: FileLook, taken: set[str], *, may_repeat: bool = False) -> ColumnLook | None:
    """The column that numbers the rows by a general name, such as id, # or Record ID; None without one."""
    for name, column in look.columns.items():
        words = " ".join(header_words(name))
        if name in taken or column.is_time or not (words in _BARE or name.strip() == "#"):
            continue
        repeats = may_repeat and words != "id"
        if column.n == column.n_rows and (column.is_unique or repeats) and is_code(column):
            return column
    return None


def is_code(column: ColumnLook) -> bool:
    """Do its values look like numbers of things, such as #1001 or ch_0001, rather than words?"""
    values = [value for value in column.values if value]
    if not values or (column.is_number and not column.is_whole):
        return False
    return all(re.search(r"\d", value) and not re.search(r"\s\S+\s", value) for value in values)
