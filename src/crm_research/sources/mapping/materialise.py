"""Making a canonical table in the embedded engine: check the plan's doubts in one scan, then map and sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from crm_research.errors import ContractViolation, StudyError
from crm_research.said_by_others import say_fault
from crm_research.sources.mapping.mends import find_mend, rows_asked
from crm_research.sources.mapping.once import check_repeated_money
from crm_research.sources.mapping.passthrough import read_passthrough
from crm_research.sources.mapping.plans import IS_CANCELLED, IS_RETURN, SUM, SUMMED
from crm_research.sources.mapping.states import check_states
from crm_research.sources.session import quoted
from crm_research.vocabulary import CANCELLED, RETURN, SALE, word_for

if TYPE_CHECKING:
    from crm_research.sources.mapping.plans import Doubt, TablePlan
    from crm_research.sources.session import Asking, Relation, Session

_N_EXAMPLES: Final = 5
_RULES: Final = {
    "float64": "every value is a number",
    "int64": "every value is a whole number",
    "timestamp": "every value is a time",
    "boolean": "every value is yes or no",
    "string": "every value is text",
    "currency": "every amount is in a currency that has a rate",
    SUM: "the parts of a sum are all there, or all empty",
}


def make_table(session: Session, plan: TablePlan, relation: Relation) -> str:
    """Make the canonical table of a plan. Returns its name in the session: the canonical name itself.

    Raises
    ------
    ContractViolation
        If values cannot be read as their type, or lines of one order do not belong together.
    """
    try:
        check_doubts(session, plan, relation)
        is_table = plan.sum_lines or relation.is_scratch
        select = (plan if is_table else read_passthrough(session, plan, relation)).select_from(relation.name)
        if plan.sum_lines:
            lines = session.new_name("lines")
            session.run(f"CREATE TEMP TABLE {quoted(lines)} AS {select}")
            check_lines(session, plan, lines)
            check_states(session, plan, relation)
            check_repeated_money(session, plan, lines)
            select = order_lines_summed(plan, lines)
        # Text is cast once, into a table; typed sources stay where they are, behind a view.
        session.run(f"CREATE {'TABLE' if is_table else 'VIEW'} {quoted(plan.table)} AS {select}")
        if plan.sum_lines:
            session.run(f"DROP TABLE {quoted(lines)}")
    except duckdb.Error as problem:
        raise StudyError(
            f"{plan.where_in_file}: cannot be made of {relation.described}: {say_fault(problem)}. "
            "Check its expressions; cast(column as double) makes a number of a text."
        ) from None
    return plan.table


def check_doubts(session: Asking, plan: TablePlan, relation: Relation) -> None:
    """Count, in one scan, the values of each column that cannot be read; raise for the first column that has any."""
    if not plan.doubts:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {rows_asked(doubt.bad, doubt, plan)})" for doubt in plan.doubts)
    n_rows, *found = session.run(f"SELECT count(*), {counts} FROM {quoted(relation.name)}").fetchone()
    broken = [(doubt, n) for doubt, n in zip(plan.doubts, found, strict=True) if n]
    violations = [_violation(session, plan, relation, doubt, n, n_rows) for doubt, n in broken]
    if len(violations) == 1:
        raise violations[0]
    if violations:
        raise StudyError("\n".join(str(violation) for violation in violations))


def _violation(
    session: Asking, plan: TablePlan, relation: Relation, doubt: Doubt, n_bad: int, n_rows: int
) -> ContractViolation:
    rows = session.run(
        f"SELECT DISTINCT CAST({doubt.raw} AS VARCHAR) AS found FROM {quoted(relation.name)} "
        f"WHERE {rows_asked(doubt.bad, doubt, plan)} ORDER BY found LIMIT {_N_EXAMPLES}"
    ).fetchall()
    examples = [repr(row[0]) for row in rows]
    return ContractViolation(
        table=plan.table,
        column=doubt.column,
        rule=f"{_RULES[doubt.target]} (column {doubt.source_column!r} of {relation.described})",
        n_bad=n_bad,
        found=f"{n_bad:,} of {n_rows:,} {word_for(n_bad, 'is', 'are')} not",
        examples=examples,
        mend=find_mend(session, plan, relation, doubt, [row[0] for row in rows], are_few=2 * n_bad < n_rows),
    )


def check_lines(session: Asking, plan: TablePlan, lines: str) -> None:
    """Lines may be summed to orders: each has an order number, and no order has two customers."""
    (unnumbered,) = session.run(f"SELECT count(*) FROM {quoted(lines)} WHERE order_id IS NULL").fetchone()
    if unnumbered:
        raise ContractViolation(
            table=plan.table,
            column="order_id",
            rule="every line that is summed has an order number",
            n_bad=unnumbered,
            mend=(
                "If the number stands on the first line of an order only, fill it down in the file. Leave lines out by "
                "where only if they belong to no order; where there are no numbers, derive an order_id by expr, such "
                "as customer and day."
            ),
        )
    mixed = (
        f"SELECT order_id FROM {quoted(lines)} GROUP BY order_id "
        "HAVING min(customer_id) <> max(customer_id) OR (count(customer_id) > 0 AND count(customer_id) < count(*))"
    )
    (n_mixed,) = session.run(f"SELECT count(*) FROM ({mixed}) AS mixed__").fetchone()
    if n_mixed:
        examples = session.run(f"{mixed} ORDER BY order_id LIMIT {_N_EXAMPLES}").fetchall()
        raise ContractViolation(
            table=plan.table,
            column="order_id",
            rule="every order whose lines are summed belongs to one customer",
            n_bad=n_mixed,
            examples=[repr(row[0]) for row in examples],
            mend="Make the number unique by order_id: {expr: ...}, such as store and number, or mend the file.",
        )


def order_lines_summed(plan: TablePlan, lines: str, *, digits: int | None = 6) -> str:
    """SQL that sums lines to orders: money added or taken once, the earliest time, the smallest of other values."""
    columns = []
    for name in plan.outputs:
        column = quoted(name)
        if name == "order_id":
            columns.append(column)
        elif name == "kind":
            columns.append(f"{_ORDER_KIND} AS kind")
        elif plan.once.get(name):
            columns.append(f"max({column}) AS {column}")
        elif name in SUMMED:
            # Rounded far below a cent: sums then do not depend on the order in which threads add the lines.
            total = f"sum({column})"
            if plan.flags:
                kept = f"sum({column}) FILTER (WHERE {IS_CANCELLED} IS NOT TRUE)"
                total = f"CASE WHEN {_IS_ALL_CANCELLED} THEN {total} ELSE {kept} END"
            columns.append(f"{total if digits is None else f'round({total}, {digits})'} AS {column}")
        else:
            columns.append(f"min({column}) AS {column}")
    return f"SELECT {', '.join(columns)} FROM {quoted(lines)} GROUP BY order_id"


# A cancelled line leaves its order; an order is cancelled or a return only if all that is left of it is. Lines that say
# nothing, because the file says it once an order, leave it to the others.
_IS_ALL_CANCELLED: Final = f"bool_and({IS_CANCELLED})"
_UNKNOWN_KIND: Final = f"min(kind) FILTER (WHERE kind NOT IN ('{SALE}', '{RETURN}', '{CANCELLED}'))"
_ORDER_KIND: Final = (
    f"CASE WHEN {_IS_ALL_CANCELLED} THEN '{CANCELLED}' "
    f"WHEN bool_and({IS_RETURN}) FILTER (WHERE {IS_CANCELLED} IS NOT TRUE) THEN '{RETURN}' "
    f"ELSE coalesce({_UNKNOWN_KIND}, '{SALE}') END"
)
