"""Customer value as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.value.figures import profit_figures
from crm_research.stats.concentration import CLAIMED_SHARE

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers


def statement_table(profit: Profit) -> pd.DataFrame:
    """line, money, each (of a customer), share_of_income: from the list price down to what is left."""
    of = profit.of_customers
    income = of("revenue") + of("fees")
    rows: list[tuple[str, float]] = []
    if profit.sources["discount"] and of("discount"):
        rows += [("sales and fees at list price", income + of("discount")), ("discount", -of("discount"))]
    rows.append(("revenue", income))
    for name, line in (("goods", "goods"), ("service", "use of activities"), ("contacts", "contacts")):
        if profit.sources[name]:
            rows.append((line, -of(name)))
    rate = profit.costing.plan.capital_rate
    if profit.sources["invoices"] and rate:
        rows.append(("money that customers owe", -of("receivables") * rate))
    if profit.has_costs:
        rows.append((profit.noun, profit.total))
    frame = pd.DataFrame(rows, columns=["line", "money"])
    n = profit.n_customers
    frame["for_each_customer"] = frame["money"] / n if n else np.nan
    frame["share_of_revenue"] = frame["money"] / income if income > 0 else np.nan
    return frame


def ledger_table(profit: Profit) -> pd.DataFrame:
    """what, of_customers, of_nobody_known, ledger, difference: each column against the records themselves."""
    shown = profit.reconciled.drop(columns="is_equal").copy()
    shown["difference"] = shown["difference"].where(~profit.reconciled["is_equal"], 0.0)
    return shown


def claims_table(profit: Profit) -> pd.DataFrame:
    """claim, claimed_share, estimate, lower, upper, verdict: the rule of the fifth beside what the records say."""
    columns = ["claim", "claimed_share", "estimate", "lower", "upper", "verdict"]
    if profit.top20 is None:
        return pd.DataFrame(columns=columns)
    value, lower, upper = (float(part) for part in profit.top20)
    if upper < CLAIMED_SHARE:
        verdict = "not so here: less than claimed"
    elif lower > CLAIMED_SHARE:
        verdict = "not so here: more than claimed"
    else:
        verdict = "these data do not contradict it"
    claim = f"20 % of the customers bring 80 % of the {profit.noun}"
    return pd.DataFrame([[claim, CLAIMED_SHARE, value, lower, upper, verdict]], columns=columns)


def rates_table(profit: Profit) -> pd.DataFrame:
    """activity, counted_in, time_each, used, cost_each, charged: what a unit of each activity costs."""
    rates = profit.costing.rates
    if rates is None:
        return pd.DataFrame(columns=["activity", "counted_in", "done_by", "time_each", "used", "cost_each", "charged"])
    shown = rates.activities.drop(columns="used").rename(
        columns={
            "driver": "counted_in", "resource": "done_by", "unit_time": "time_each", "quantity": "used",
            "rate": "cost_each", "assigned": "charged",
        }
    )  # fmt: skip
    return shown[["activity", "counted_in", "done_by", "time_each", "used", "cost_each", "charged"]]


def resources_table(profit: Profit) -> pd.DataFrame:
    """done_by, cost, paid_for, used, used_share, not_used: what is paid for, and how much of it nobody used."""
    rates = profit.costing.rates
    columns = ["done_by", "cost", "paid_for", "used", "used_share", "not_used"]
    if rates is None:
        return pd.DataFrame(columns=columns)
    shown = rates.resources.rename(columns={"resource": "done_by", "capacity": "paid_for", "unused": "not_used"})
    shown["paid_for"] = shown["paid_for"].where(shown["paid_for"] > 0)
    shown["used_share"] = shown["used"] / shown["paid_for"]
    return shown[columns]


def tier_table(tiers: Tiers) -> pd.DataFrame:
    """tier, n_customers, customer_share, lower, upper, profit, profit_share, mean_profit, n_losing."""
    columns = ["tier", "n_customers", "customer_share", "lower", "upper", "profit", "profit_share", "mean_profit"]
    return tiers.tiers[[*columns, "n_losing"] if tiers.tiers["n_losing"].any() else columns]


def parts_table(profit: Profit, tiers: Tiers) -> pd.DataFrame:
    """tier, and each part of what is left, of a customer of it on average."""
    held = {
        "income": "revenue",
        "goods": "goods",
        "service": "use of activities",
        "contacts": "contacts",
        "capital": "money owed",
        "profit": profit.noun,
    }
    shown = {"tier": tiers.tiers["tier"]}
    n = tiers.tiers["n_customers"].where(tiers.tiers["n_customers"] > 0)
    for column, name in held.items():
        if tiers.tiers[column].any() and not (column == "profit" and not profit.has_costs):
            shown[name] = tiers.tiers[column] / n
    return pd.DataFrame(shown)


def moves_table(tiers: Tiers) -> pd.DataFrame:
    """before, then how many of these are gold, iron, lead and not there now."""
    order = ["gold", "iron", "lead", "not there"]
    if tiers.moves.empty:
        return pd.DataFrame(columns=["before", *order])
    wide = tiers.moves.pivot_table(index="before", columns="now", values="n_customers", aggfunc="sum", fill_value=0)
    wide = wide.reindex(index=order, columns=order, fill_value=0).astype(int)
    wide = wide.loc[wide.sum(axis=1) > 0]
    wide.columns.name = None
    return wide.add_suffix(" now").rename(columns=lambda name: name.replace(" ", "_")).reset_index()


def summary_table(profit: Profit, tiers: Tiers | None) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in profit_figures(profit, tiers):
        digits = 2 if figure.unit in ("share", "") else 0
        name = figure.id if figure.group is None else f"{figure.id} {figure.group}"
        rows.append((name, "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])
