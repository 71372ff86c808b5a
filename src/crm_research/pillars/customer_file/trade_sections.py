"""What is shown of a customer's trade: products, partners, the course of it, the economy around, and payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.customer_file import tables
from crm_research.show import Note, Section, Table
from crm_research.theme import say_date, say_plainly

if TYPE_CHECKING:
    from crm_research.pillars.customer_file.measure import CustomerFile

_MONEY: Final = "{:,.0f}"
_ROWS: Final = 100


def trade_section(file: CustomerFile) -> Section:
    """What they buy, through whom, and whether it is more than before."""
    held = file.industry
    if held.window is None:
        return Section.missing("Neither orders nor contracts are recorded, so it is not told what these customers buy.")
    days = f"{say_date(held.window.start)} to {say_date(held.window.last_day)}"
    mix = held.mix.assign(money=held.mix["money"].astype(float)).rename(columns={"n_products": "products"})
    partners = held.partners.rename(columns={"partner_id": "partner", "n_orders": "purchases"})
    trend = tables.trend_table(file)
    lacks = [name for name in ("order_lines", "partners", "indicators") if name not in file.held]
    return Section(
        _note_lacking(lacks),
        None
        if len(trend.columns) > 1
        else Note("The records do not hold as many months before, so no course is told."),
        Table(
            trend if len(trend.columns) > 1 else trend.iloc[:0],
            f"What each customer brought, {days}, beside as many months before ({file.currency})",
            formats={"brought_before": _MONEY, "brought_now": _MONEY, "change_share": "share"}
            if len(trend.columns) > 1
            else {},
        ),
        Table(mix, f"What they buy, {days} ({file.currency})", formats={"money": _MONEY}, max_rows=_ROWS),
        Table(
            partners,
            f"Partners they buy through, {days} ({file.currency})",
            formats={"money": _MONEY} if "money" in partners else {},
            max_rows=_ROWS,
        ),
        Table(
            _economy(file),
            "The economy around them",
            formats={"value": "{:,.4g}", "a_year_before": "{:,.4g}"},
            note="Figures of the environment, not of these customers.",
        ),
        result=held,
    )


def _note_lacking(lacks: list[str]) -> Note | None:
    """What cannot be told without tables that the study lacks."""
    told = {"order_lines": "what is bought", "partners": "through whom", "indicators": "how the economy stands"}
    if not lacks:
        return None
    return Note(f"Not told, since the study does not hold it: {', '.join(told[name] for name in lacks)}.")


def _economy(file: CustomerFile) -> pd.DataFrame:
    held = file.industry.economy
    return pd.DataFrame(
        {
            "figure": [say_plainly(str(name)) for name in held["name"]],
            "month": [f"{pd.Timestamp(at):%Y-%m}" for at in held["period"]],
            "value": held["value"].astype(float),
            "a_year_before": held["before"].astype(float),
        }
    )


def payment_section(file: CustomerFile) -> Section:
    """What they owe, and how they pay."""
    shown = tables.bills_table(file)
    if shown.empty:
        return Section.missing(
            "No bill of these customers is recorded." if "invoices" in file.held else "The study holds no bills."
        )
    formats = dict.fromkeys(("billed", "open", "overdue"), _MONEY)
    return Section(
        Table(
            shown,
            f"Bills ({file.currency})",
            formats={**formats, "days_late_at_worst": "{:,.0f}", "never_paid_by_such_customers_share": "share"},
            note="Billed: what fell due in the last year. Never paid by such customers: of bills of all customers who "
            "have paid as late, the share that was not paid at all.",
        ),
        result=shown,
    )
