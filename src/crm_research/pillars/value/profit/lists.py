"""Lists that somebody acts on: gold customers, and customers who cost money. At most 20,000 leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.features.money_window import USUAL_MONTHS
from crm_research.pillars.value.profit.curve import DIGITS
from crm_research.pillars.value.profit.measure import open_books, profit_table
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

MOST_LISTED: Final = 20_000
_COLUMNS: Final = ("customer_id", "profit", "income", "goods", "service", "contacts", "capital")


@step
def list_customers(
    study: Study,
    *,
    least: float | None = None,
    months: int = USUAL_MONTHS,
    volume: str = "revenue",
    capital_rate: float | None = None,
    contact_costs: bool = True,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Who leaves at least so much, the most profitable first; without `least` who costs money, the dearest first?

    Returns
    -------
    pandas.DataFrame
        At most 20,000 rows: ``customer_id``, ``profit``, ``income`` (revenue and fees), ``goods``, ``service``
        (activities), ``contacts``, ``capital``; of those who cost money ``by_volume`` (profit with activities spread
        by volume) and ``is_served_more`` too.
    """
    asked: dict[str, Any] = {"volume": volume, "capital_rate": capital_rate, "contact_costs": contact_costs}
    books = open_books(study, months=months, confidence=confidence, **asked)
    table = profit_table(study, books)
    rounded = table.profit.round(DIGITS)
    columns: tuple[str, ...] = _COLUMNS
    if least is None:
        rows = table.filter(rounded < 0)
        order, columns = rows.profit.asc(), (*_COLUMNS, "by_volume", "is_served_more")
    else:
        rows = table.filter(rounded >= least)
        order = rows.profit.desc()
    found: pd.DataFrame = rows.order_by([order, rows.customer_id.asc()]).limit(MOST_LISTED).select(*columns).to_pandas()
    return found
