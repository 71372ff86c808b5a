"""Orders that name nobody, that come on one day, or that are given back: what the audit says of them is true."""

from __future__ import annotations

from functools import cache

import pytest

from crm_research.pillars.customer_base_audit import AuditPage, advice, tables, words
from tests.builders import a_study, orders

DAYS = [f"{year}-{month:02d}-05" for year in (2022, 2023) for month in range(1, 13)]
BOUGHT = [(f"c{place % 15:02d}", at, 10.0 + place % 7) for place, at in enumerate(DAYS * 3)]


@cache
def page(world: str) -> AuditPage:
    rows = {
        "nameless": [(None, at, money) for _, at, money in BOUGHT],
        "half": [(None if place % 2 else who, at, money) for place, (who, at, money) in enumerate(BOUGHT)],
        "one day": [(f"c{place}", "2023-09-05", 10.0 + place) for place in range(12)],
        "given back": [*BOUGHT, *((who, at, -3 * money) for who, at, money in BOUGHT)],
    }[world]
    kinds = ["sale"] * len(BOUGHT) + ["return"] * len(BOUGHT) if world == "given back" else ["sale"] * len(rows)
    return AuditPage(a_study(as_of="2024-01-01", orders=orders(*rows, kind=kinds)))


@pytest.mark.slow
def test_where_no_order_names_its_customer_the_base_lives_on_nobody():
    audit = page("nameless").result
    assert not audit.books.has_named
    assert words.say_health(audit) == ("Whether the base gets healthier cannot be told: all orders name no customer.")
    said = words.say_change(audit)
    assert "number of buyers" not in said
    assert said.endswith("from orders that name no customer.")
    assert "100 % of the revenue names none" in repr(page("nameless").advice)


@pytest.mark.slow
def test_with_many_nameless_orders_nobody_new_is_nobody_who_is_named():
    audit = page("half").result
    assert audit.books.has_named
    assert audit.books.is_much_nameless
    said = words.say_health(audit)
    assert not said.startswith("The base lives on the customers it has")
    assert "no customer who is named was first seen in" in said


@pytest.mark.slow
def test_what_came_before_the_latest_whole_period_did_not_come_after_it():
    audit = page("one day").result
    assert audit.periods.name(audit.periods.latest) == "2023-12"
    assert not audit.books.reaches_beyond(audit.periods)
    assert "What came after" not in words.say_periods(audit)
    assert page("one day").cohorts.is_missing


@pytest.mark.slow
def test_of_a_loss_there_is_no_percentage():
    audit = page("given back").result
    table = tables.factors_table(audit).set_index("what")
    assert table.loc["buyers", "change"] != ""
    assert table.loc["revenue of a purchase", "change"] == ""
    said = words.say_few(audit)
    assert said.endswith("A share of what buyers brought means nothing where that is nothing, or less.")


@pytest.mark.slow
def test_numbers_of_orders_are_whole_numbers():
    said = repr(page("half").balance)
    assert "6.00" not in [word for line in said.splitlines() if line.startswith("2022") for word in line.split()]


@pytest.mark.slow
def test_what_floats_leave_is_no_change():
    # Everybody buys once in either year, 42 customers and then 49: how often each buys has not changed at all.
    rows = [
        (f"c{place}", f"{year}-07-01", 10.0 + 7 * place % 13 + 0.1 * (year - 2022))
        for year, n in ((2022, 42), (2023, 49))
        for place in range(n)
    ]
    audit = AuditPage(a_study(as_of="2024-01-01", orders=orders(*rows))).result
    change = audit.change.revenue.set_index("component")
    assert change.loc["customers", "estimate"] > 50
    assert change.loc["frequency", "estimate"] == pytest.approx(0.0, abs=1e-9)
    assert change.loc["frequency", "direction"] == 0
    assert "fewer purchases of each" not in words.say_change(audit)
    assert not [step for step in advice.steps(audit) if "less often" in step.text]
