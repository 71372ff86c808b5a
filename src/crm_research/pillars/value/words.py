"""Customer value in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.theme import say_count, say_date, say_money, say_months

if TYPE_CHECKING:
    from crm_research.features.money_window import MoneyWindow
    from crm_research.pillars.value.profit.measure import Profit


def say_window(window: MoneyWindow) -> str:
    """The window by its first and last day, and its length."""
    days = f"{say_date(window.start)} to {say_date(window.last_day)}"
    return f"{days} ({say_months(window.months)})" if window.months else days


def answer(profit: Profit) -> list[str]:
    """Who earns us money."""
    if not profit.n_customers:
        return ["Nobody brought anything in the months looked at."]
    who = say_count(profit.n_customers, "customer")
    return [f"From {say_window(profit.window)} {who} brought {say_money(profit.total, profit.currency)}."]
