"""Lists that say what a bill or a group of rows shares in its first row only: the cells below are filled from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.look import look_at_columns
from crm_research.sources.drafts.sql_names import filled_text, name_in_sql
from crm_research.sources.drafts.words import name_score
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.guessed import TableGuess
    from crm_research.sources.drafts.look import FileLook
    from crm_research.sources.session import Session

_NAMED: Final = 0.7
_WHO: Final = ("customer_id", "customer_name", "customer_email")
_LEAST_EMPTY: Final = 0.1
_SUM: Final = r"^(grand |sub)?totals?$|^(zwischen)?summe$|^合计$|^小计$|^sous-total$"


@dataclass(frozen=True, kw_only=True)
class FilledDown:
    """A look at a file whose empty cells are filled from above, and the SQL that does so."""

    look: FileLook
    names: tuple[str, ...]
    sql: str

    def tell(self, guess: TableGuess) -> None:
        """Read a draft's file so, and say it where the customer is named."""
        guess.sql = guess.sql.replace("from records", f"from ({self.sql})") if guess.sql else self.sql
        why = f"filled from the row above where it is empty, as {', '.join(self.names[:4])} stand once for several rows"
        guess.columns[:] = [
            replace(line, why=f"{line.why}; {why}", is_unsure=True) if line.key == "customer_id" else line
            for line in guess.columns
        ]


def fill_down(session: Session, look: FileLook) -> FilledDown | None:
    """Cells said once for several rows: heads of bills, or groups that end with a sum; None where there are none.

    An empty customer alone is a guest: only where the number or the day of the bill is missing in just the same rows,
    or where sums part the groups, do the rows belong to the one above.
    """
    keys = [one for name, one in look.columns.items() if any(name_score(name, role) >= _NAMED for role in _WHO)]
    head = next((one for one in keys if 0 < one.n < (1 - _LEAST_EMPTY) * one.n_rows), None)
    if head is None or any(one.n == one.n_rows for one in keys):
        return None
    with_head = _empty_alike(session, look, head.name)
    if not with_head:
        return None
    is_bill = any(
        name_score(name, role) >= _NAMED for name in with_head for role in ("order_id", "ordered_at", "invoice_id")
    )
    full = [name for name, one in look.columns.items() if one.n == one.n_rows]
    if any(name_score(name, role) >= _NAMED for name in full for role in ("order_id", "invoice_id")):
        return None
    # A row that says its own day is no further line of the bill above.
    is_bill = is_bill and not any(look.columns[name].is_time for name in full)
    if not ((is_bill and len(with_head) > 1) or _has_sums(session, look, head.name)):
        return None
    names = with_head if is_bill else (head.name,)
    place, rows = "row_in_file", "select *, row_number() over () as row_in_file from records"
    filled = ", ".join(
        f"last_value({name_in_sql(n)} ignore nulls) over (order by {place}) as {name_in_sql(n)}" for n in names
    )
    sql = f"select * exclude ({place}) replace ({filled}) from ({_without_blanks(names, rows)})"
    name = f"{look.relation.name}_filled"
    session.run(
        f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS "
        + sql.replace("from records", f"from {quoted(look.relation.name)}")
    )
    relation = replace(look.relation, name=name)
    return FilledDown(look=look_at_columns(session, look, relation), names=names, sql=sql)


def _without_blanks(names: tuple[str, ...], rows: str) -> str:
    said = ", ".join(
        f"case when nullif(trim(cast({one} as varchar)), '') is not null then {one} end as {one}"
        for one in map(name_in_sql, names)
    )
    return f"select * replace ({said}) from ({rows})"


def _empty_alike(session: Session, look: FileLook, head: str) -> tuple[str, ...]:
    """Columns that are empty in just the rows in which this one is; none where the first row lacks it."""
    alike = [name for name, one in look.columns.items() if one.n == look.columns[head].n]
    empty = {name: f"{filled_text(name)} IS NULL" for name in alike}
    asked = ", ".join(f"count(*) FILTER (WHERE ({empty[name]}) <> ({empty[head]}))" for name in alike)
    first = f"(SELECT {empty[head]} FROM {quoted(look.relation.name)} LIMIT 1)"
    differing = session.run(f"SELECT {first}, {asked} FROM {quoted(look.relation.name)}").fetchone()
    if differing[0]:
        return ()
    return tuple(name for name, n in zip(alike, differing[1:], strict=True) if not n)


def _has_sums(session: Session, look: FileLook, head: str) -> bool:
    """Does a word for a sum stand among the names several times, as below each group of a list?"""
    (n,) = session.run(
        f"SELECT count(*) FROM {quoted(look.relation.name)} "
        f"WHERE regexp_matches(lower(trim(CAST({quoted(head)} AS VARCHAR))), '{_SUM}')"
    ).fetchone()
    return int(n) > 1
