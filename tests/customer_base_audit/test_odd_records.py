"""Orders that name nobody, that come on one day, or that are given back: what the audit says of them is true."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from matplotlib.text import Text

from crm_research.pillars.customer_base_audit import AuditPage, advice, audit_base, tables, words
from crm_research.pillars.customer_base_audit.cohorts import _choose_shown
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


@pytest.mark.parametrize(
    ("sizes", "shown"), [([2, 12, 40], "second"), ([2, 3, 1], "second"), ([15, 2, 40], "first"), ([], None)]
)
def test_the_cohort_that_is_followed_is_the_first_of_enough_customers(sizes, shown):
    names = ["first", "second", "third"][: len(sizes)]
    assert _choose_shown(pd.DataFrame({"cohort": names, "n_customers": sizes})) == shown


def test_a_level_that_is_a_percentage_is_asked_back():
    with pytest.raises(ValueError, match=r"95 % is 0\.95"):
        audit_base(a_study(orders=orders(*BOUGHT)), confidence=95)


@pytest.mark.slow
def test_where_a_few_gave_back_most_it_is_told_on_how_few_it_rests_nowhere():
    bought = [(f"c{place:02d}", at, 20.0 + place) for at in DAYS for place in range(14)]
    back = [(f"c{place:02d}", "2023-06-07", -1900.0 - place) for place in (3, 7)]
    new = [("n1", "2023-02-02", 15.0), ("n1", "2023-02-04", -80.0)]
    rows = [*bought, *back, *new]
    kinds = ["return" if money < 0 else "sale" for *_, money in rows]
    audit = AuditPage(a_study(as_of="2024-01-01", orders=orders(*rows, kind=kinds)))
    found = audit.result
    assert found.spread.revenue > 0
    assert not found.spread.tells_few
    assert words.say_few(found).endswith("is not known: what some buyers gave back leaves too much open.")
    assert not [step for step in advice.steps(found) if "top fifth" in step.text]
    written = [text.get_text() for text in audit.differences.plot().get_figure().findobj(Text)]
    assert "What each tenth of the buyers of 2023 brought" in written
    assert not any("%" in text for text in written)
    # The one who was first seen in 2023 gave back more than they bought: no share of what was brought.
    course = found.health.course
    assert found.health.new_revenue_share is None
    assert course["new_revenue_share"].dropna().between(0, 1).all()
