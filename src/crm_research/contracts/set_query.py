"""A rule about rows together, as a query of one row and the checks that read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

    counts: ir.Table
    checks: tuple[SetCheck, ...]
    shortcut: ir.Table | None = None

    def count(self, asked: Asked) -> Mapping[str, int]:
        """The one row; `asked` holds those of other queries, some of which may be the same."""
        if self.shortcut is not None:
            found = _ask(self.shortcut, asked)
            if not any(found[check.n_bad] for check in self.checks):
                return found
        return _ask(self.counts, asked)


def _ask(query: ir.Table, asked: Asked) -> Mapping[str, int]:
    key = query.op()
    if key not in asked:
        asked[key] = query.to_pyarrow().to_pylist()[0]
    return asked[key]


def in_order(table: ir.Table, columns: list[str]) -> ir.Table:
    """These columns, and the rows in their order, so that the same examples are shown every time."""
    return table.select(*columns).order_by(columns)
