"""What a canonical table is made of: columns, references to other tables, and what the table promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crm_research.errors import StudyError, offer_names

ColumnType = Literal["string", "timestamp", "float64", "int64", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name, type, meaning
        Its name, Ibis type and what it says, with the unit.
    required
        The table cannot be used without the column.
    nullable
        Values may be missing.
    allowed
        The values it may take, where they are a closed list.
    minimum
        The smallest legal value.
    happens_later
        The value is a time after the row's own time (an end, a payment): unknown until it has happened.
    known_with
        The value becomes known together with that column (an end's reason with the end).
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = True
    nullable: bool = False
    allowed: tuple[str, ...] | None = None
    minimum: float | None = None
    happens_later: bool = False
    known_with: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Values of `column` must stand in `to_column` of `to_table`, where the study has that table."""

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True, kw_only=True)
class TableContract:
    """What a canonical table promises.

    Parameters
    ----------
    grain
        One row is one ... .
    columns
        In their canonical order.
    key
        Columns that identify a row; empty where rows may repeat.
    known_at
        The time column from which a row is known; None where rows do not carry a time.
    references
        Keys that must be found in other tables.
    names_periods
        `known_at` is the first instant of a period: one that begins at as_of itself still lies ahead.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    known_at: str | None = None
    references: tuple[Reference, ...] = ()
    names_periods: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; StudyError with the nearest name if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        known = offer_names(name, self.column_names)
        raise StudyError(f"The canonical table {self.name!r} has no column {name!r}. {known}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in canonical order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


def id_column(name: str, meaning: str, *, required: bool = True, nullable: bool = False) -> Column:
    """An id, as text."""
    return Column(name=name, type="string", meaning=meaning, required=required, nullable=nullable)


def text_column(name: str, meaning: str, *, required: bool = False, allowed: tuple[str, ...] | None = None) -> Column:
    """A text, or one of a closed list."""
    return Column(name=name, type="string", meaning=meaning, required=required, nullable=not required, allowed=allowed)


def time_column(
    name: str, meaning: str, *, required: bool = False, nullable: bool | None = None, later: bool = False
) -> Column:
    """A time without a zone."""
    is_nullable = not required if nullable is None else nullable
    return Column(
        name=name, type="timestamp", meaning=meaning, required=required, nullable=is_nullable, happens_later=later
    )


def number_column(name: str, meaning: str, *, required: bool = False, minimum: float | None = None) -> Column:
    """A number."""
    return Column(name=name, type="float64", meaning=meaning, required=required, nullable=not required, minimum=minimum)


def reference_to(table: str, column: str) -> Reference:
    """A key that must be found there."""
    return Reference(column=column, to_table=table, to_column=column)
