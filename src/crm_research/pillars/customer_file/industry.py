"""The industrial view of customers: what they buy, through whom, how their business goes, and how they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features import customer_file as records
from crm_research.features.money_window import USUAL_MONTHS, MoneyWindow, find_window
from crm_research.pillars.customer_file.worth import read_money_before, year_before
from crm_research.pillars.value.risk.payment import measure_payment

if TYPE_CHECKING:
    from crm_research.study import Study

MOST_CATEGORIES: Final = 8
REST: Final = "all others"
_MIX: Final = ("customer_id", "category", "money", "n_products")


@dataclass(frozen=True, eq=False, kw_only=True)
class Industry:
    """What do customers buy, through whom, is it more than a year before, and do they pay?

    Parameters
    ----------
    window
        The months of `mix` and `partners`; None without orders.
    mix
        customer_id, category (the largest, and all others), money, n_products.
    partners
        customer_id, partner_id, kind, region, n_orders, money.
    before
        customer_id and money of as many months before; None where the records do not reach back.
    bills
        customer_id, n_bills, billed, open_money, overdue, worst_days, and lost_share (of bills of customers who have
        paid as late, what was never paid; NaN where not known).
    economy
        name, period, value, before: indicators of the environment.
    """

    window: MoneyWindow | None
    mix: pd.DataFrame
    partners: pd.DataFrame
    before: pd.DataFrame | None
    bills: pd.DataFrame
    economy: pd.DataFrame


def read_industry(study: Study, ids: Sequence[str], *, window: MoneyWindow | None, confidence: float) -> Industry:
    """The industrial view, as far as the study has the tables; over the months in which money is counted."""
    if window is None and (study.has("orders") or study.has("contracts")):
        window = find_window(study, months=USUAL_MONTHS)
    has_stores = study.has("orders", "partners") and "store" in study.table("orders").columns
    mix, partners = pd.DataFrame(columns=list(_MIX)), pd.DataFrame(columns=["customer_id", "partner_id"])
    if ids and window is not None and study.has("orders", "order_lines"):
        mix = _largest(records.sum_product_mix(study, ids, window.start, window.end).to_pandas(), ids)
    if ids and window is not None and has_stores:
        partners = records.sum_partners(study, ids, window.start, window.end).to_pandas()
        partners = _in_order(partners, ids, "money")
    return Industry(
        window=window,
        mix=mix,
        partners=partners,
        before=read_money_before(study, ids, confidence=confidence) if ids else None,
        bills=_bills(study, ids, confidence),
        economy=_economy(study),
    )


def _in_order(frame: pd.DataFrame, ids: Sequence[str], by: str) -> pd.DataFrame:
    place = {one: number for number, one in enumerate(ids)}
    frame = frame.assign(_place=frame["customer_id"].map(place))
    names = [name for name in frame.columns if frame[name].dtype == object and name != "customer_id"]
    order = frame.sort_values(["_place", by, *names], ascending=[True, False, *[True] * len(names)], kind="stable")
    return order.drop(columns="_place").reset_index(drop=True)


def _largest(mix: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """The categories with most money of each customer, and all others as one."""
    mix = _in_order(mix, ids, "money")
    nth = mix.groupby("customer_id").cumcount()
    kept, rest = mix.loc[nth < MOST_CATEGORIES], mix.loc[nth >= MOST_CATEGORIES]
    if rest.empty:
        return mix
    others = rest.groupby("customer_id", as_index=False)[["money", "n_products"]].sum().assign(category=REST)
    both = pd.concat([kept, others[list(_MIX)]], ignore_index=True)
    place = {one: number for number, one in enumerate(ids)}
    return both.sort_values("customer_id", key=lambda held: held.map(place), kind="stable", ignore_index=True)


def _bills(study: Study, ids: Sequence[str], confidence: float) -> pd.DataFrame:
    columns = ["customer_id", "n_bills", "billed", "open_money", "overdue", "worst_days", "lost_share"]
    if not ids or not study.has("invoices"):
        return pd.DataFrame(columns=columns)
    found = records.sum_bills(study, ids, year_before(study.as_of)).to_pandas()
    if "paid_at" not in study.table("invoices").columns:
        # What is not said to be paid is not therefore open.
        found[["open_money", "overdue", "worst_days"]] = float("nan")
    payment, _ = measure_payment(study, confidence=confidence)
    found["lost_share"] = float("nan")
    if payment is not None:
        late = dict(zip(payment.standing["customer_id"], payment.standing["late"].astype(int), strict=True))
        shares = payment.losses["share"].to_numpy(dtype=float)
        found["lost_share"] = [shares[late[one]] if one in late else float("nan") for one in found["customer_id"]]
    return _in_order(found, ids, "overdue")[columns]


def _economy(study: Study) -> pd.DataFrame:
    if not study.has("indicators"):
        return pd.DataFrame(columns=["name", "period", "value", "before"])
    found: pd.DataFrame = records.latest_indicators(study).order_by("name").to_pandas()
    return found
