"""What a file says once an order: cells that stand on one line of it and are empty on its other lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.casting import NULLS_OF_VALUES, Reading
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.mapping import TablePlan
    from crm_research.sources.session import Relation, Session

_OF_ITS_ORDER: Final = " of its order"


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
