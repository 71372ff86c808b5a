"""Lists of customers and their columns as people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.value.profit.lists import MOST_LISTED

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit

# How money is printed in tables: whole, or to the cent.
MONEY: Final = "{:,.0f}"
CENTS: Final = "{:,.2f}"


def as_called(profit: Profit) -> dict[str, str]:
    """Columns of profit by the name of what is left."""
    word = "profit" if profit.is_profit else "revenue" if not profit.has_costs else "left"
    return {"profit": word, "profit_share": f"{word}_share", "mean_profit": f"{word}_each"}


def shown(listed: pd.DataFrame) -> pd.DataFrame:
    """A list with its columns as people call them; costs that nobody has are left out."""
    named = {"service": "activities", "income": "revenue", "capital": "owed", "is_served_more": "makes_more_work"}
    costs = [name for name in ("goods", "service", "contacts", "capital") if not listed[name].any()]
    found: pd.DataFrame = listed.drop(columns=costs).rename(columns=named)
    if "profit" in found and len(costs) == 4:
        found = found.drop(columns="profit")
    return found


def cents(listed: pd.DataFrame) -> dict[str, str]:
    """Money of a list is printed to the cent."""
    return {name: CENTS for name in listed.columns if listed[name].dtype.kind == "f"}


def at_most(listed: pd.DataFrame) -> str:
    """How a list says that it is cut; empty where it is whole."""
    return f", the first {MOST_LISTED:,} of them" if len(listed) == MOST_LISTED else ""
