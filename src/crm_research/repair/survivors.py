"""Which of a customer's values is taken: rules one after the other, until what is left agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.repair.held import RECORDS, SEVERAL, level, new, raw
from crm_research.repair.units import COLUMNS, UNIT_OF, UNITS, WORDS, Unit, shouted_sql
from crm_research.vocabulary import COMPLETE, DECIDED, FREQUENT, RECENT, SPELLING, TRUSTED, UNDISPUTED

if TYPE_CHECKING:
    from crm_research.repair.held import Held
    from crm_research.sources.survivorship_rule import SurvivorshipRule

CHANGES: Final = "changes_found"
OPTIONS: Final = "options_left"
DECISIONS: Final = "decisions_taken"
_BETWEEN: Final = "chr(31)"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the rules came to.

    Parameters
    ----------
    n_settled
        Rule to how many disputes of customers it settled.
    n_open
        Disputes that no rule settles.
    """

    n_settled: Mapping[str, int]
    n_open: int


def find_changes(held: Held, rule: SurvivorshipRule) -> Found:
    """Fill the tables `CHANGES` (system, local_id, column, before, after, rule) and `OPTIONS` of the engine.

    What people have decided stands in the table `DECISIONS` already (`decisions.enter_decisions`).
    """
    con = held.con
    texts = 'system VARCHAR, local_id VARCHAR, "column" VARCHAR, before VARCHAR, after VARCHAR, rule VARCHAR'
    con.execute(f"CREATE TABLE {CHANGES} ({texts})")
    con.execute(
        f"CREATE TABLE {OPTIONS} (customer VARCHAR, unit VARCHAR, option VARCHAR, value VARCHAR, said_by VARCHAR, "
        "n_records BIGINT, last_said TIMESTAMP)"
    )
    settled: dict[str, int] = {}
    n_open = 0
    for unit in UNITS:
        for name, n in _settle(held, unit, rule).items():
            if name:
                settled[name] = settled.get(name, 0) + n
            else:
                n_open += n
    _repair_spelling(held)
    return Found(n_settled=settled, n_open=n_open)


def option_sql(unit: Unit, of: str = "") -> str:
    """A short name of what a record says on a unit, the same as long as it says so, as SQL; it begins with a letter."""
    said = ", ".join(f"coalesce({of}{part}, '')" for part in unit.parts)
    return f"'o' || substr(md5(concat_ws({_BETWEEN}, {of}customer, '{unit.name}', {said})), 1, 9)"


def _settle(held: Held, unit: Unit, rule: SurvivorshipRule) -> dict[str, int]:
    """Golden values of one unit, and the changes that follow; rule to disputes settled, "" to those that are open."""
    con = held.con
    parts = ", ".join(unit.parts)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE tied AS SELECT r.record, r.customer, r.system, r.moment, r.n_said, {parts}, "
        f"{_count_parts(unit)} AS n_parts, {option_sql(unit, 'r.')} AS option FROM {RECORDS} r "
        f"SEMI JOIN {SEVERAL} USING (customer) WHERE {level(unit.name)} > 0 "
        f"QUALIFY {level(unit.name)} = max({level(unit.name)}) OVER (PARTITION BY r.customer)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE winners (customer VARCHAR, record VARCHAR, rule VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE told_otherwise AS SELECT customer, instead FROM "
        f"{DECISIONS} WHERE unit = '{unit.name}' AND instead IS NOT NULL"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE tied AS SELECT * FROM tied ANTI JOIN told_otherwise USING (customer)")
    # What a person has decided goes before every rule; what is decided on values that are no longer there does not.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE decided AS SELECT DISTINCT t.customer, t.option FROM tied t JOIN "
        f"{DECISIONS} d ON d.customer = t.customer AND d.unit = '{unit.name}' AND d.option = t.option"
    )
    con.execute(
        "INSERT INTO winners SELECT customer, " + _FIRST + f", '{DECIDED}' FROM tied "
        "SEMI JOIN decided USING (customer, option) GROUP BY customer"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE tied AS SELECT * FROM tied ANTI JOIN decided USING (customer)")
    _take_agreed(held, unit, UNDISPUTED)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE disputed AS SELECT *, count(*) OVER (PARTITION BY customer, option) AS n_same "
        "FROM tied"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE tied AS SELECT * FROM disputed")
    for name in rule.rules_for(unit.name):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE tied AS SELECT * FROM tied "
            f"QUALIFY rank() OVER (PARTITION BY customer ORDER BY {_sort_by(name, rule)}) = 1"
        )
        _take_agreed(held, unit, name)
    _list_options(held, unit)
    _lay_golden(held, unit)
    _compare(held, unit)
    counted = dict(held.ask(f"SELECT rule, count(*) FROM winners WHERE rule <> '{UNDISPUTED}' GROUP BY rule"))
    # Who writes another value settles a dispute, too, and has no record for a winner.
    ((n_otherwise,),) = held.ask(f"SELECT count(*) FROM told_otherwise SEMI JOIN {RECORDS} USING (customer)")
    if n_otherwise:
        counted[DECIDED] = counted.get(DECIDED, 0) + int(n_otherwise)
    ((n_open,),) = held.ask("SELECT count(DISTINCT customer) FROM tied")
    return counted | {"": int(n_open)}


# The record whose word is taken, of those that say nothing against each other.
_FIRST: Final = "first(record ORDER BY n_parts DESC, n_said DESC, moment DESC NULLS LAST, record)"


def _count_parts(unit: Unit) -> str:
    return " + ".join(f"({part} IS NOT NULL)::INT" for part in unit.parts)


def _take_agreed(held: Held, unit: Unit, rule: str) -> None:
    """Customers whose records, those that are left, say nothing against each other; they are disputed no longer."""
    agree = " AND ".join(f"min({part}) IS NOT DISTINCT FROM max({part})" for part in unit.parts)
    held.con.execute(
        f"CREATE OR REPLACE TEMP TABLE agreed AS SELECT customer, {_FIRST} AS record FROM tied GROUP BY customer "
        f"HAVING {agree}"
    )
    held.con.execute(f"INSERT INTO winners SELECT customer, record, '{rule}' FROM agreed")
    held.con.execute("CREATE OR REPLACE TEMP TABLE tied AS SELECT * FROM tied ANTI JOIN agreed USING (customer)")


def _sort_by(rule: str, said: SurvivorshipRule) -> str:
    if rule == TRUSTED:
        places = " ".join(f"WHEN {_literal(name)} THEN {place}" for place, name in enumerate(said.trust))
        return f"CASE system {places} ELSE {len(said.trust)} END"
    return _ORDERS[rule]


_ORDERS: Final = {
    RECENT: "moment DESC NULLS LAST",
    COMPLETE: "n_parts DESC, n_said DESC",
    FREQUENT: "n_same DESC",
}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list_options(held: Held, unit: Unit) -> None:
    """What people may choose from, where no rule has settled it: all that the customer's records say."""
    shown = ", ".join(new(column) for column in unit.columns)
    held.con.execute(
        f"INSERT INTO {OPTIONS} SELECT d.customer, '{unit.name}', d.option, "
        f"first(concat_ws(', ', {shown}) ORDER BY d.n_parts DESC, d.record), "
        "string_agg(DISTINCT d.system, ', ' ORDER BY d.system), count(*), max(d.moment) "
        f"FROM disputed d SEMI JOIN tied USING (customer) JOIN {RECORDS} r ON r.record = d.record "
        "GROUP BY d.customer, d.option"
    )


def _lay_golden(held: Held, unit: Unit) -> None:
    """One row a customer whose unit is settled: what its records say that say nothing against the one chosen."""
    fits = " AND ".join(f"(r.{p} IS NULL OR w.{p} IS NULL OR r.{p} = w.{p})" for p in unit.parts)
    made = []
    for column, parts in unit.columns.items():
        told = " + ".join(f"(r.{part} IS NOT NULL)::INT" for part in parts)
        writing = shouted_sql(f"r.{new(column)}") if column in WORDS else "0"
        order = f"{told} DESC, {writing}, (r.record = w.record) DESC, r.moment DESC NULLS LAST, r.n_said DESC, r.record"
        made.append(f"first(r.{new(column)} ORDER BY {order}) FILTER (r.{new(column)} IS NOT NULL) AS to_{column}")
    made += [f"max(r.{part}) AS to_{part}" for part in unit.parts]
    held.con.execute(
        f"CREATE OR REPLACE TEMP TABLE golden AS SELECT w.customer, first(c.rule) AS rule, {', '.join(made)} "
        f"FROM winners c JOIN {RECORDS} w ON w.record = c.record JOIN {RECORDS} r ON r.customer = w.customer "
        f"WHERE r.{level(unit.name)} > 0 AND {fits} GROUP BY w.customer"
    )
    if unit.is_single:
        (column,) = unit.columns
        nothing = ", ".join("NULL" for _ in unit.parts)
        held.con.execute(
            f"INSERT INTO golden SELECT customer, '{DECIDED}', instead, {nothing} FROM told_otherwise "
            f"WHERE customer IN (SELECT customer FROM {RECORDS})"
        )


def _compare(held: Held, unit: Unit) -> None:
    """Each record's value beside the golden one."""
    for column, parts in unit.columns.items():
        says_same = " AND ".join(f"r.{part} IS NOT DISTINCT FROM g.to_{part}" for part in parts)
        is_writing = f"r.{new(column)} IS NOT NULL AND r.{parts[0]} IS NOT NULL AND {says_same}"
        held.con.execute(
            f"INSERT INTO {CHANGES} SELECT r.system, r.local_id, '{column}', r.{raw(column)}, g.to_{column}, "
            f"CASE WHEN {is_writing} THEN '{SPELLING}' ELSE g.rule END FROM {RECORDS} r JOIN golden g USING (customer) "
            # An empty text where nothing is known is no fault that a repair would mend.
            f"WHERE r.{raw(column)} IS DISTINCT FROM g.to_{column} "
            f"AND NOT (r.{new(column)} IS NULL AND g.to_{column} IS NULL)"
        )
    held.con.execute(f"CREATE OR REPLACE TABLE settled_{unit.name} AS SELECT customer FROM golden")


def _repair_spelling(held: Held) -> None:
    """Values of those of whom one record tells, and of what is open: written as they should be, and no more."""
    for column in COLUMNS:
        held.con.execute(
            f"INSERT INTO {CHANGES} SELECT system, local_id, '{column}', {raw(column)}, {new(column)}, '{SPELLING}' "
            f"FROM {RECORDS} ANTI JOIN settled_{UNIT_OF[column].name} USING (customer) "
            f"WHERE {new(column)} IS NOT NULL AND {raw(column)} <> {new(column)}"
        )
