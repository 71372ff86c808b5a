"""What a file says of a whole order: on one line of it, the others being empty, or again on each of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crm_research.errors import ContractViolation
from crm_research.sources.casting import NULLS_OF_VALUES, Reading
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.mapping import TablePlan
    from crm_research.sources.session import Relation, Session

_OF_ITS_ORDER: Final = " of its order"
_N_EXAMPLES: Final = 3
# So many orders of several lines, of different worth, are alike on all lines by a rule and not by chance.
_FEWEST_TELLING: Final = 3


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """A source with what is said once an order on every line of it, and which column stands for which."""

    relation: Relation
    stands_for: Mapping[str, str]


def spread_order_facts(session: Session, plan: TablePlan, relation: Relation) -> OrderFacts | None:
    """Which of the columns that conditions read are said once an order, and what do they say on its other lines?

    A shop's export has a line for each article, and repeats the order's number alone: its state, its total and the day
    of its cancellation stand on the first line. Such a file is known by a column that is filled on exactly one line of
    every order of several lines; what is empty on all other lines is said once.

    Returns
    -------
    OrderFacts or None
        None where every line says what the conditions read.
    """
    if "order_id" not in plan.outputs:
        return None
    filled = _filled(relation)
    asked = [name for name in sorted(plan.reads) if name in filled and _has_gaps(session, relation, filled[name])]
    if not asked:
        return None
    head = _head(session, plan, relation, filled)
    if head is None:
        return None
    once = _said_once(session, plan, relation, filled, head, asked)
    if not once:
        return None
    stands_for = {name: f"{name}{_OF_ITS_ORDER}" for name in once}
    key = plan.outputs["order_id"]
    reading = Reading(rule=relation.rule)
    spread = []
    for name, new in stands_for.items():
        raw = quoted(name)
        value = reading.text(raw, nulls=("",)) if relation.kinds[name] == "text" else raw
        spread.append(
            f"CASE WHEN key__ IS NULL THEN {value} ELSE max({value}) OVER (PARTITION BY key__) END AS {quoted(new)}"
        )
    name = session.new_name("spread")
    session.run(
        f"CREATE TABLE {quoted(name)} AS SELECT * EXCLUDE (key__), {', '.join(spread)} "
        f"FROM (SELECT *, {key} AS key__ FROM {quoted(relation.name)})"
    )
    said = f"{relation.described} (said once an order: {', '.join(once)})"
    made = replace(relation, name=name, kinds=session.kinds_of(name), described=said, is_scratch=True)
    return OrderFacts(relation=made, stands_for=stands_for)


def _filled(relation: Relation) -> dict[str, str]:
    """Column to the condition that it says something."""
    reading = Reading(rule=relation.rule)
    return {
        name: f"({reading.text(quoted(name), nulls=NULLS_OF_VALUES) if kind == 'text' else quoted(name)}) IS NOT NULL"
        for name, kind in relation.kinds.items()
        if kind != "other"
    }


def _has_gaps(session: Session, relation: Relation, filled: str) -> bool:
    asked = f"SELECT 1 FROM {quoted(relation.name)} WHERE NOT ({filled}) LIMIT 1"
    return session.run(asked).fetchone() is not None


def _head(session: Session, plan: TablePlan, relation: Relation, filled: Mapping[str, str]) -> str | None:
    """The column that is filled on one line, the first, of every order of several lines; None if there is none."""
    names = list(filled)
    flags = ", ".join(f"{filled[name]} AS f{i}" for i, name in enumerate(names))
    # Tables keep the order of the file's lines, views do not say it.
    place = "rowid" if relation.is_scratch else "0"
    is_first = "arg_min(f{0}, line__)" if relation.is_scratch else "bool_or(f{0})"
    ones = ", ".join(f"count(*) FILTER (WHERE f{i}) = 1 AND {is_first.format(i)} AS o{i}" for i in range(len(names)))
    counts = ", ".join(f"coalesce(bool_and(o{i}), FALSE)" for i in range(len(names)))
    lines = f"SELECT {plan.outputs['order_id']} AS key__, {place} AS line__, {flags} FROM {quoted(relation.name)}"
    orders = f"SELECT {ones} FROM ({lines}) WHERE key__ IS NOT NULL GROUP BY key__ HAVING count(*) > 1"
    found = session.run(f"SELECT {counts} FROM ({orders})").fetchone()
    return next((name for name, is_one in zip(names, found, strict=True) if is_one), None)


def _said_once(
    session: Session,
    plan: TablePlan,
    relation: Relation,
    filled: Mapping[str, str],
    head: str,
    asked: Sequence[str],
) -> list[str]:
    """Those of the asked columns that never say anything but on the head line of an order."""
    key = plan.outputs["order_id"]
    counts = ", ".join(f"count(*) FILTER (WHERE {filled[name]} AND NOT ({filled[head]}))" for name in asked)
    lines = f"SELECT *, {key} AS key__, count(*) OVER (PARTITION BY {key}) AS n_lines__ FROM {quoted(relation.name)}"
    found = session.run(f"SELECT {counts} FROM ({lines}) WHERE key__ IS NOT NULL AND n_lines__ > 1").fetchone()
    return [name for name, n_elsewhere in zip(asked, found, strict=True) if n_elsewhere == 0]


def check_repeated_money(session: Session, plan: TablePlan, lines: str) -> None:
    """Money is added over lines only if it is the lines' own: an order's total that each line repeats is not.

    Raises
    ------
    ContractViolation
        If all orders of several lines bear the same money on each, and the study file does not say whose it is; or if
        it says that the order's is repeated, and lines of one order differ.
    """
    for name, is_once in plan.once.items():
        money = quoted(name)
        orders = (
            f"SELECT order_id, count(DISTINCT {money}) AS n_values, max({money}) AS value FROM {quoted(lines)} "
            "GROUP BY order_id "
        )
        if is_once:
            differing = f"SELECT order_id FROM ({orders}) WHERE n_values > 1 ORDER BY order_id"
            (n_differing,) = session.run(f"SELECT count(*) FROM ({differing})").fetchone()
            if n_differing:
                examples = session.run(f"{differing} LIMIT {_N_EXAMPLES}").fetchall()
                raise ContractViolation(
                    table=plan.table,
                    column=name,
                    rule="money said once an order is the same on every line of it",
                    n_bad=n_differing,
                    examples=[repr(row[0]) for row in examples],
                    mend="Leave once_an_order out, so that lines are added.",
                )
        elif is_once is None and is_repeated(session, lines, "order_id", money):
            (n_orders,) = session.run(
                f"SELECT count(*) FROM (SELECT 1 FROM {quoted(lines)} GROUP BY order_id HAVING count(*) > 1)"
            ).fetchone()
            raise ContractViolation(
                table=plan.table,
                column=name,
                rule="money that is added over the lines of an order is that of the lines",
                n_bad=n_orders,
                found=f"all {n_orders:,} orders of several lines have the same number on each of their lines",
                mend=(
                    f"If it is the whole order's, write {name}: {{column: ..., once_an_order: true}}, and it is "
                    f"counted once; if it is each line's own, once_an_order: false."
                ),
            )


def is_repeated(session: Session, relation: str, order: str, money: str) -> bool:
    """Do all orders of several lines, of different worth, have the same money on each of their lines?"""
    # As text, since drafts ask before numbers are read. Orders of nothing tell nothing.
    value = f"nullif(trim(CAST({money} AS VARCHAR)), '')"
    several = (
        f"SELECT count(DISTINCT {value}) AS n_values, max({value}) AS value, count({value}) = count(*) AS is_full "
        f"FROM {quoted(relation)} GROUP BY {order} HAVING count(*) > 1 "
        f"AND NOT (count(DISTINCT {value}) = 1 AND coalesce(try_cast(max({value}) AS DOUBLE), 1) = 0)"
    )
    asked = f"SELECT count(*), bool_and(is_full AND n_values = 1), count(DISTINCT value) FROM ({several})"
    n_orders, are_alike, n_worths = session.run(asked).fetchone()
    return n_orders >= _FEWEST_TELLING and bool(are_alike) and n_worths > 1
