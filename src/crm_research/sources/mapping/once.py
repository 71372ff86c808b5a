"""What a file says of a whole order: on one line of it, the others being empty, or again on each of its lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.errors import ContractViolation
from crm_research.sources.mapping.casting import NULLS_OF_VALUES
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.mapping.casting import Reading
    from crm_research.sources.mapping.plans import TablePlan
    from crm_research.sources.session import Asking, Relation

_OF_ITS_ORDER: Final = " of its order"
_N_EXAMPLES: Final = 3
# So many orders of several lines, of different worth, are alike on all lines by a rule and not by chance; fewer are
# asked about where money differs elsewhere in the file.
FEWEST_TELLING: Final = 3


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """What is said once an order, on every line of it.

    Parameters
    ----------
    select
        The source with a column more for each of these, as SQL.
    stands_for
        Column of the source to the one that has its order's value on every line.
    """

    select: str
    stands_for: Mapping[str, str]

    @property
    def said(self) -> str:
        """Which columns these are, in words to stand behind the source's name."""
        return f" (said once an order: {', '.join(self.stands_for)})"


def find_order_facts(session: Asking, plan: TablePlan, relation: Relation, reading: Reading) -> OrderFacts | None:
    """Which of the columns that conditions read are said once an order, and what do they say on its other lines?

    A shop's export has a line for each article, and repeats the order's number alone: its state, its total and the day
    of its cancellation stand on one line, mostly the first. Such a file is known by a column that is filled on exactly
    one line of every order of several lines; what is empty on all other lines is said once.

    Returns
    -------
    OrderFacts or None
        None where every line says what the conditions read.
    """
    if "order_id" not in plan.outputs:
        return None
    filled = _filled(relation, reading)
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
    spread = [quoted(name) for name in relation.kinds]
    for name, new in stands_for.items():
        raw, kind = quoted(name), relation.kinds[name]
        value = reading.text(f"CAST({raw} AS VARCHAR)", nulls=("",)) if kind == "text" else raw
        value = f"nullif({value}, '')" if kind == "text" else value
        any_of = "bool_or" if kind == "boolean" else "max"
        of_order = f"{any_of}({value}) OVER (PARTITION BY key__)"
        spread.append(f"CASE WHEN key__ IS NULL THEN {value} ELSE {of_order} END AS {quoted(new)}")
    keyed = f"SELECT *, {plan.outputs['order_id']} AS key__ FROM {quoted(relation.name)}"
    return OrderFacts(select=f"SELECT {', '.join(spread)} FROM ({keyed}) AS keyed__", stands_for=stands_for)


def _filled(relation: Relation, reading: Reading) -> dict[str, str]:
    """Column to the condition that it says something."""
    return {
        name: f"nullif({reading.text(f'CAST({quoted(name)} AS VARCHAR)', nulls=NULLS_OF_VALUES)}, '') IS NOT NULL"
        if kind == "text"
        else f"{quoted(name)} IS NOT NULL"
        for name, kind in relation.kinds.items()
        if kind != "other"
    }


def _has_gaps(session: Asking, relation: Relation, filled: str) -> bool:
    asked = f"SELECT 1 FROM {quoted(relation.name)} WHERE NOT ({filled}) LIMIT 1"
    return session.run(asked).fetchone() is not None


def _head(session: Asking, plan: TablePlan, relation: Relation, filled: Mapping[str, str]) -> str | None:
    """The column that is filled on one line of every order of several lines; None if there is none.

    One that is filled on the first line of each is taken before one that is filled on any: a few orders may have one
    such line by chance.
    """
    names = list(filled)
    flags = ", ".join(f"{filled[name]} AS f{i}" for i, name in enumerate(names))
    # Tables keep the order of the file's lines, views do not say it.
    place = "rowid" if relation.is_scratch else "0"
    is_first = "arg_min(f{0}, line__)" if relation.is_scratch else "bool_or(f{0})"
    ones = ", ".join(
        f"count(*) FILTER (WHERE f{i}) = 1 AS o{i}, {is_first.format(i)} AS i{i}" for i in range(len(names))
    )
    firsts = ", ".join(f"coalesce(bool_and(o{i} AND i{i}), FALSE)" for i in range(len(names)))
    anywhere = ", ".join(f"bool_and(o{i}) AND count(*) >= {FEWEST_TELLING}" for i in range(len(names)))
    lines = f"SELECT {plan.outputs['order_id']} AS key__, {place} AS line__, {flags} FROM {quoted(relation.name)}"
    orders = f"SELECT {ones} FROM ({lines}) AS lines_of__ WHERE key__ IS NOT NULL GROUP BY key__ HAVING count(*) > 1"
    found = session.run(f"SELECT {firsts}, {anywhere} FROM ({orders}) AS orders__").fetchone()
    return next((name for name, is_one in zip((*names, *names), found, strict=True) if is_one), None)


def _said_once(
    session: Asking,
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
    found = session.run(
        f"SELECT {counts} FROM ({lines}) AS lines_of__ WHERE key__ IS NOT NULL AND n_lines__ > 1"
    ).fetchone()
    return [name for name, n_elsewhere in zip(asked, found, strict=True) if n_elsewhere == 0]


def check_repeated_money(session: Asking, plan: TablePlan, lines: str) -> None:
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
            differing = f"SELECT order_id FROM ({orders}) AS orders__ WHERE n_values > 1 ORDER BY order_id"
            (n_differing,) = session.run(f"SELECT count(*) FROM ({differing}) AS differing__").fetchone()
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
            origin = _origin(plan, name)
            several = f"SELECT 1 FROM {quoted(lines)} GROUP BY order_id HAVING count(*) > 1"
            (n_orders,) = session.run(f"SELECT count(*) FROM ({several}) AS orders__").fetchone()
            raise ContractViolation(
                table=plan.table,
                column=name,
                rule="money that is added over the lines of an order is that of the lines",
                n_bad=n_orders,
                found=_say_alike(n_orders),
                mend=(
                    f"If it is the whole order's, write {name}: {{{origin}, once_an_order: true}}, and it is counted "
                    f"once; if it is each line's own, {name}: {{{origin}, once_an_order: false}}."
                ),
            )


def _origin(plan: TablePlan, name: str) -> str:
    """What the study file says the money is, as it stands in a mapping of YAML."""
    key, text = plan.origins.get(name, ("column", "..."))
    return f"{key}: {json.dumps(text, ensure_ascii=False) if text != '...' else text}"


def _say_alike(n_orders: int) -> str:
    if n_orders == 1:
        return "the one order of several lines has the same number on each of them"
    return f"all {n_orders:,} orders of several lines have the same number on each of their lines"


def is_repeated(session: Asking, relation: str, order: str, money: str, *, fewest: int = 1) -> bool:
    """Do all orders of several lines have the same money on each of their lines, though money differs in the file?"""
    # As text, since drafts ask before numbers are read. Orders of nothing tell nothing.
    value = f"nullif(trim(CAST({money} AS VARCHAR)), '')"
    orders = (
        f"SELECT count(*) AS n_lines, count(DISTINCT {value}) AS n_values, max({value}) AS value, "
        f"count({value}) = count(*) AS is_full FROM {quoted(relation)} GROUP BY {order}"
    )
    several = "n_lines > 1 AND NOT (n_values = 1 AND coalesce(try_cast(value AS DOUBLE), 1) = 0)"
    asked = (
        f"SELECT count(*) FILTER (WHERE {several}), bool_and(is_full AND n_values = 1) FILTER (WHERE {several}), "
        f"count(DISTINCT value) FILTER (WHERE {several}), count(DISTINCT value) FROM ({orders}) AS orders__"
    )
    n_orders, are_alike, n_worths, n_worths_of_all = session.run(asked).fetchone()
    differs = n_worths > 1 if n_orders >= FEWEST_TELLING else n_worths_of_all > 1
    return n_orders >= fewest and bool(are_alike) and differs
