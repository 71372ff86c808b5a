"""Orders that name no customer: in the totals, with their own line, and in nothing counted by customer."""

from __future__ import annotations

import pytest

from crm_research.pillars.customer_base import describe_base, total_orders, words
from crm_research.pillars.customer_base.figures import base_figures
from tests.builders import a_study, orders


def a_shop(*, named_only: bool = False):
    """Twelve customers of 100 each; nobody's: sales of 30 and 7, a return of 5, a cancelled order of 900."""
    rows = [(f"c{i:02}", f"2024-0{1 + i % 5}-10", 100.0) for i in range(12)]
    kinds = ["sale"] * 12
    if not named_only:
        rows += [
            ("", "2024-02-11", 30.0), ("", "2024-03-11", 7.0), ("", "2024-03-12", -5.0), ("", "2024-03-13", 900.0),
            ("", "2024-08-01", 11.0),
        ]  # fmt: skip
        kinds += ["sale", "sale", "return", "cancelled", "sale"]
    frame = orders(*rows, kind=kinds)
    frame["customer_id"] = frame["customer_id"].where(frame["customer_id"] != "", None)
    return a_study(as_of="2024-07-01", orders=frame)


def test_totals_hold_every_order_and_say_what_names_nobody():
    totals = total_orders(a_shop())
    assert (totals.n_sales, totals.n_returns, totals.n_cancelled) == (14, 1, 1)
    assert totals.revenue == 1232.0  # 1,200 + 30 + 7 - 5
    assert (totals.n_nameless, totals.nameless_revenue, totals.customers_revenue) == (3, 32.0, 1200.0)
    assert totals.returned == -5.0


def test_the_page_shows_both_totals_and_the_difference():
    base = describe_base(a_shop())
    figures = {figure.id: (figure.estimate, figure.n) for figure in base_figures(base)}
    assert figures["base.orders"] == (14.0, 14)
    assert figures["base.revenue"] == (1232.0, 15)
    assert figures["base.customers_revenue"] == (1200.0, 12)
    assert figures["base.nameless_revenue"] == (32.0, 3)
    assert base.concentration.revenue == 1200.0
    said = " ".join(words.answer(base))
    assert "14 orders worth 1,232 EUR net of returns, of which 1,200 EUR names a customer and 32 EUR does not" in said
    assert any("3 orders without a customer, worth 32 EUR net of returns" in note for note in words.notes(base))
    periods = base.growth.periods
    assert periods["revenue"].sum() == pytest.approx(1232.0)
    assert periods["n_orders"].sum() == 14
    assert periods["n_active"].sum() == 12
    assert periods["n_first_seen"].sum() == 12


def test_where_every_order_names_a_customer_nothing_is_said():
    base = describe_base(a_shop(named_only=True))
    assert not {"base.customers_revenue", "base.nameless_revenue"} & {figure.id for figure in base_figures(base)}
    assert "does not" not in " ".join(words.answer(base))
