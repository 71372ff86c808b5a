"""What is to be made of a source: the plan of one canonical table, and what must hold before it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crm_research.sources.definition import LAST_INSTANT
from crm_research.sources.session import quoted

# What a doubt about a sum has in place of a type.
SUM: Final = "sum"
IS_CANCELLED: Final = "is_cancelled__"
IS_RETURN: Final = "is_return__"
# What is summed over lines: said once an order it is counted once, wherever it stands.
SUMMED: Final = ("revenue", "discount", "cost")


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A condition that must hold for no row that is kept.

    Parameters
    ----------
    column, source_column, target
        Canonical column (or that of the source, in an expression), where it comes from, and the type it should have.
    bad, raw
        The condition, and the value before it is read, as SQL.
    key
        Where the study file may say how the column is written; empty where an expression uses it.
    of_all_rows
        Asks those rows too that `where` leaves out.
    parts
        Parts of a sum, as SQL, where the doubt is that some are empty and others are not.
    """

    column: str
    source_column: str
    target: str
    bad: str
    raw: str
    key: str = ""
    of_all_rows: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """How to make a canonical table.

    Parameters
    ----------
    outputs
        Column name to SQL over the source's columns: the canonical ones, then attributes, then extra columns.
    where
        Rows to keep, as SQL; empty for all.
    doubts
        What must be checked on those rows first.
    extra
        Names among `outputs` that are kept as they stand in the source.
    flags
        What a line says of its order, as SQL: is it cancelled, is it a return? Null where it says nothing.
    ends
        Times that may be empty and are read from text, and whether each is an end: it is open in the year 9999.
    reads
        Columns of the source that conditions, expressions and the key of customers read.
    once
        Columns of money, and whether each line repeats its order's; None where the study file does not say.
    is_of_lines
        The study file says that each line has money of its own.
    written
        What the study file says of order_id, revenue, where and returns, as expressions over the source.
    origins
        Money to the column or expression that the study file takes it from: ``column`` or ``expr``, and its text.
    times
        Times that are read from text, to that text as SQL: some may carry a zone and others none.
    silent
        Money that is computed of columns, to the rows of which it says nothing although one of them is filled.
    """

    table: str
    where_in_file: str
    outputs: Mapping[str, str]
    where: str
    doubts: tuple[Doubt, ...]
    attributes: Mapping[str, str]
    extra: tuple[str, ...] = ()
    sum_lines: bool = False
    timezone: str = "UTC"
    flags: Mapping[str, str] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    once: Mapping[str, bool | None] = field(default_factory=dict)
    is_of_lines: bool = False
    written: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, bool] = field(default_factory=dict)

    def select_from(self, relation: str) -> str:
        """The rows of the canonical table before order lines are summed."""
        made = {**self.outputs, **self.flags}
        columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in made.items())
        rows = f"SELECT {columns} FROM {quoted(relation)}{f' WHERE {self.where}' if self.where else ''}"
        if not self.ends:
            return rows
        # Around what reads them, so that a time is read once and not for every comparison.
        ends = ", ".join(
            f"{without_open_ends(quoted(name), is_end=self.ends[name])} AS {quoted(name)}" for name in self.ends
        )
        return f"SELECT * REPLACE ({ends}) FROM ({rows})"


def without_open_ends(time: str, *, is_end: bool) -> str:
    """A time that may be empty, which programs write as the year 1; an end that is open, which they write as 9999."""
    placeholder = f"({time}) < TIMESTAMP '0002-01-01'"
    if is_end:
        placeholder += f" OR ({time}) > TIMESTAMP '{LAST_INSTANT:%Y-%m-%d}'"
    return f"CASE WHEN {placeholder} THEN NULL ELSE {time} END"
