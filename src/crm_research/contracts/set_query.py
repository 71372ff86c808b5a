"""A rule about rows together, as a query of one row and the checks that read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crm_research.said_by_others import say_full_memory

if TYPE_CHECKING:
    import ibis.expr.types as ir

    Asked = dict[Any, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class SetCheck:
    """One rule read off a query's counts.

    Parameters
    ----------
    rule, column, expected
        Which rule, the column(s) a finding names, and the rule in words.
    n_bad
        Column of the counts that holds how many break it.
    n_checked
        Column of the counts that holds how many were checked; None: every row of the table; a name that begins with
        ``filled:`` the rows where that column has a value.
    examples
        Offenders: columns to show, already sorted.
    other
        The other table that the mend speaks of.
    """

    rule: str
    column: str
    expected: str
    n_bad: str
    examples: ir.Table
    n_checked: str | None = None
    other: str = ""


# Where the engine's memory does not hold all rows at once, so many lots of them are tried, and then more.
_LOTS: Final = (4, 16, 64)


@dataclass(frozen=True, kw_only=True)
class InLots:
    """A query of one row, each of whose numbers is the sum of what it is in some lots that hold all rows.

    Parameters
    ----------
    whole
        The query.
    of_lot
        The same of one lot, by its number from 0, and how many lots there are.
    """

    whole: ir.Table
    of_lot: Callable[[int, int], ir.Table]


@dataclass(frozen=True, kw_only=True)
class SetQuery:
    """A query of one row, and the checks that read it.

    Parameters
    ----------
    counts
        The query of one row.
    checks
        What is read off it.
    shortcut
        A cheaper query of one row with the same columns: where it finds nothing bad, nothing is, and `counts` is not
        asked; what it finds may be none, and `counts` decides.
    """

    counts: ir.Table | InLots
    checks: tuple[SetCheck, ...]
    shortcut: ir.Table | InLots | None = None

    @property
    def whole(self) -> ir.Table:
        """The query of one row, of all rows at once."""
        return _whole_of(self.counts)

    def count(self, asked: Asked) -> Mapping[str, int]:
        """The one row; `asked` holds those of other queries, some of which may be the same."""
        if self.shortcut is not None:
            found = _ask(self.shortcut, asked)
            if not any(found[check.n_bad] for check in self.checks):
                return found
        return _ask(self.counts, asked)


def _ask(query: ir.Table | InLots, asked: Asked) -> Mapping[str, int]:
    key = _whole_of(query).op()
    if key not in asked:
        asked[key] = _ask_in_lots(query) if isinstance(query, InLots) else _row_of(query)
    return asked[key]


def _whole_of(query: ir.Table | InLots) -> ir.Table:
    return query.whole if isinstance(query, InLots) else query


def _ask_in_lots(query: InLots) -> Mapping[str, int]:
    """The one row, of all rows at once or, where the engine's memory does not hold them, of some after others."""
    tried: tuple[int, ...] = (1, *_LOTS)
    for n_lots in tried:
        lots = [query.whole] if n_lots == 1 else [query.of_lot(number, n_lots) for number in range(n_lots)]
        try:
            rows = [_row_of(lot) for lot in lots]
        except Exception as problem:
            if n_lots == tried[-1] or say_full_memory(problem) is None:
                raise
        else:
            break
    return {name: sum(row[name] for row in rows) for name in rows[0]}


def _row_of(query: ir.Table) -> Mapping[str, int]:
    (row,) = query.to_pyarrow().to_pylist()
    return dict(row)


def in_order(table: ir.Table, columns: list[str]) -> ir.Table:
    """These columns, and the rows in their order, so that the same examples are shown every time."""
    return table.select(*columns).order_by(columns)
