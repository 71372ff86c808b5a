"""Every rule as a reader of `check` meets it, word for word, and which columns each of them needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import ibis
import pytest

from crm_research.contracts.row_checks import build_row_checks
from crm_research.contracts.rules import RULES, say_mend, say_what_is_spoilt
from crm_research.contracts.set_checks import build_set_queries
from crm_research.contracts.tables import TABLES
from tests.told import hold

TOLD = Path(__file__).parent / "told"
WINDOW_ENDS = datetime(2024, 6, 30)


@cache
def held():
    """Every table with every column that is known of it, without a row."""
    return {
        name: ibis.table({column.name: column.type for column in contract.columns}, name=name)
        for name, contract in TABLES.items()
    }


def whole():
    return {name: set(table.columns) for name, table in held().items()}


def row_rules(name: str, usable: set[str]):
    return build_row_checks(TABLES[name], held()[name], usable, last_instant=WINDOW_ENDS)


def set_rules(name: str, usable):
    tables = {table: held()[table] for table in usable}
    return [check for query in build_set_queries(TABLES[name], tables, usable) for check in query.checks]


def say(table: str, rule_id: str, column: str, other: str, expected: str, said: set[str]) -> Iterator[str]:
    """The rule there; what it spoils and what mends it where these words have not stood yet."""
    rule = RULES[rule_id]
    yield f"{table}.{column}: {rule_id} ({rule.severity}): {expected}"
    spoilt = say_what_is_spoilt(rule, table, other=other).partition(" (")[0]
    for told in (spoilt, say_mend(rule, table, column, other=other)):
        if told not in said:
            said.add(told)
            yield f"    {told}"


def test_every_rule_of_every_table_is_said_whole():
    lines, said = [], set()
    for name in TABLES:
        lines.append(f"== {name} ==")
        lines.append(say_what_is_spoilt(RULES["missing-column"], name).rpartition(" (")[2].rstrip(")"))
        for row in row_rules(name, whole()[name]):
            lines += say(name, row.rule, row.columns[0], row.other, row.expected, said)
            lines.append(f"    reads {', '.join(row.columns)}; where {', '.join(row.filled) or 'any row'} is filled")
        for one in set_rules(name, whole()):
            lines += say(name, one.rule, one.column, one.other, one.expected, said)
            lines.append(f"    counts {one.n_bad} of {one.n_checked}; shows {', '.join(one.examples.columns)}")
    hold("\n".join(lines) + "\n", TOLD / "rules.txt")


def names_of(name: str, usable) -> set[str]:
    row = {f"{check.rule} of {check.columns[0]}" for check in row_rules(name, usable[name])}
    return row | {f"{check.rule} of {check.column}" for check in set_rules(name, usable)}


def test_a_column_that_is_not_there_takes_only_the_rules_that_need_it():
    lines = []
    for name in TABLES:
        all_rules = names_of(name, whole())
        for column in TABLES[name].column_names:
            usable = whole()
            usable[name].discard(column)
            gone = sorted(all_rules - names_of(name, usable))
            new = sorted(names_of(name, usable) - all_rules)
            lines.append(
                f"{name} without {column}: not {', '.join(gone) or 'fewer'}{'; new ' if new else ''}{new or ''}"
            )
    hold("\n".join(lines) + "\n", TOLD / "without.txt")


ONE_ID = ("one-spelling of customer_id", "cut-key of customer_id")


@pytest.mark.parametrize(
    ("name", "usable", "rules"),
    [
        (
            "surveys",
            {"surveys": {"response_id", "customer_id"}},
            {"one-customer of customer_id", *ONE_ID},
        ),
        ("surveys", {"surveys": {"item", "scale_min", "scale_max"}}, {"one-scale of scale_min"}),
        ("surveys", {"surveys": {"item", "scale_min"}}, set()),
        ("contracts", {"contracts": {"contract_id"}}, {"duplicate-key of contract_id"}),
        (
            "contracts",
            {"contracts": {"contract_id", "customer_id", "started_at", "ended_at"}},
            {"duplicate-key of contract_id", "goes-on of ended_at", *ONE_ID},
        ),
        (
            "contract_states",
            {"contract_states": {"contract_id", "valid_from", "valid_to"}},
            {"duplicate-key of contract_id, valid_from", "overlap of valid_from"},
        ),
        ("invoices", {"invoices": {"invoice_id", "amount"}}, {"duplicate-key of invoice_id", "total-row of amount"}),
        ("orders", {"orders": {"order_id", "revenue"}}, {"duplicate-key of order_id", "total-row of revenue"}),
        ("orders", {"orders": {"customer_id"}}, {"crowd-account of customer_id", *ONE_ID}),
        (
            "orders",
            {"orders": {"order_id", "revenue"}, "order_lines": {"order_id", "revenue"}},
            {
                "duplicate-key of order_id", "total-row of revenue", "lines-sum of revenue",
                "order-without-lines of order_id",
            },
        ),
        (
            "customers",
            {"customers": {"customer_id"}, "orders": {"customer_id"}},
            {"duplicate-key of customer_id", "no-dealings of customer_id", *ONE_ID},
        ),
        (
            "customers",
            {"customers": {"customer_id"}, "orders": {"order_id"}},
            {"duplicate-key of customer_id", *ONE_ID},
        ),
        ("customers", {"customers": set(), "orders": {"customer_id"}}, set()),
    ],
)  # fmt: skip
def test_a_rule_about_rows_together_needs_its_columns_and_no_more(name, usable, rules):
    assert {f"{check.rule} of {check.column}" for check in set_rules(name, usable)} == rules
