"""A rule about rows together, as a query of one row and the checks that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


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
    """A query of one row, and the checks that read it."""

    counts: ir.Table
    checks: tuple[SetCheck, ...]
