"""What the sayings are measured by, counted in the engine: profits, earlier and kept buyers, costs of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.features.clock import instant
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.window import known_rows
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.study import Study

YEAR_DAYS: Final = 365
_DIGITS: Final = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class ProfitByCustomer:
    """What does each customer leave after costs?

    Parameters
    ----------
    profit
        One number a customer, the largest first.
    missing_share
        Share of the orders whose cost is not known.
    """

    profit: NDArray[np.float64]
    missing_share: float


@dataclass(frozen=True, kw_only=True)
class EarlierBuyers:
    """Orders of the last year, and those of them by customers who had bought on an earlier day.

    Parameters
    ----------
    n_customers
        With an order in the year.
    n_orders, n_earlier
        Orders in it, and those by earlier buyers.
    squares_orders, squares_earlier, products
        Sums over customers of the squares of both, and of their products.
    first_at
        The first order of the records; None where there is none.
    """

    n_customers: int
    n_orders: int
    n_earlier: int
    squares_orders: float
    squares_earlier: float
    products: float
    first_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class KeptBuyers:
    """Customers who bought in the year before last, and those of them who bought in the last one."""

    n_before: int
    n_kept: int
    first_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CampaignCosts:
    """What campaigns of one aim cost, and how many customers responded to them."""

    cost: float
    n_responders: int


@step
def profit_by_customer(study: Study) -> ProfitByCustomer | None:
    """Revenue less cost of each customer, returns included; None where orders have no cost."""
    orders = known_rows(study, "orders")
    if "cost" not in orders.columns:
        return None
    dealings = keep_dealings(orders)
    by_customer = dealings.group_by("customer_id").agg(
        profit=(dealings.revenue - dealings.cost).sum().round(_DIGITS),
        n=dealings.count(),
        n_known=dealings.cost.count(),
    )
    found = by_customer.select("profit", "n", "n_known").to_pyarrow()
    n = float(np.sum(found["n"].to_numpy()))
    profit = np.nan_to_num(found["profit"].to_numpy().astype(float))
    missing = 1.0 - float(np.sum(found["n_known"].to_numpy())) / n if n else 1.0
    return ProfitByCustomer(profit=np.sort(profit)[::-1], missing_share=missing)


@step
def count_earlier_buyers(study: Study) -> EarlierBuyers:
    """How many orders of the last year came from customers who had bought before?"""
    purchases = build_purchases(study)
    since = instant(study.as_of - timedelta(days=YEAR_DAYS))
    first = purchases.group_by("customer_id").agg(first_at=purchases.ordered_at.min())
    recent = purchases.filter(purchases.ordered_at > since).join(first, "customer_id")
    is_earlier = recent.ordered_at.truncate("D") > recent.first_at.truncate("D")
    orders = recent.group_by("customer_id").agg(
        y=recent.count().cast("float64"), x=is_earlier.ifelse(1, 0).sum().cast("float64")
    )
    row = orders.agg(
        n=orders.count(),
        y=orders.y.sum(),
        x=orders.x.sum(),
        yy=(orders.y * orders.y).sum(),
        xx=(orders.x * orders.x).sum(),
        xy=(orders.x * orders.y).sum(),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    numbers = {name: float(value or 0) for name, value in row.items()}
    return EarlierBuyers(
        n_customers=int(numbers["n"]),
        n_orders=int(numbers["y"]),
        n_earlier=int(numbers["x"]),
        squares_orders=numbers["yy"],
        squares_earlier=numbers["xx"],
        products=numbers["xy"],
        first_at=_first(study),
    )


@step
def count_kept_buyers(study: Study) -> KeptBuyers:
    """How many of those who bought in the year before last bought in the last one?"""
    purchases = build_purchases(study)
    middle = instant(study.as_of - timedelta(days=YEAR_DAYS))
    since = instant(study.as_of - timedelta(days=2 * YEAR_DAYS))
    at = purchases.ordered_at
    held = purchases.filter(at > since)
    buyers = held.group_by("customer_id").agg(
        before=(held.ordered_at <= middle).ifelse(1, 0).max(), after=(held.ordered_at > middle).ifelse(1, 0).max()
    )
    row = buyers.agg(n=buyers.before.sum(), kept=(buyers.before * buyers.after).sum()).to_pyarrow().to_pylist()[0]
    return KeptBuyers(n_before=int(row["n"] or 0), n_kept=int(row["kept"] or 0), first_at=_first(study))


@step
def count_campaign_costs(study: Study, words: tuple[str, ...], unless: tuple[str, ...]) -> CampaignCosts | None:
    """What did campaigns cost whose kind or name speaks of an aim, and how many responded? None without any."""
    campaigns = known_rows(study, "campaigns")
    named = [name for name in ("kind", "name") if name in campaigns.columns]
    if not named or "cost" not in campaigns.columns:
        return None
    frame = campaigns.select("campaign_id", "cost", *named).to_pandas()
    said = frame[named].fillna("").agg(" ".join, axis=1).str.lower()
    is_of = said.map(lambda text: any(word in text for word in words) and not any(word in text for word in unless))
    chosen = frame.loc[is_of & frame["cost"].notna()]
    if chosen.empty:
        return None
    responses = known_rows(study, "campaign_responses")
    ids = [str(one) for one in chosen["campaign_id"]]
    n = responses.filter(responses.campaign_id.isin(ids)).select("campaign_id", "customer_id").distinct().count()
    return CampaignCosts(cost=float(chosen["cost"].sum()), n_responders=int(n.execute()))


def _first(study: Study) -> datetime | None:
    purchases = build_purchases(study)
    first = purchases.agg(first=purchases.ordered_at.min()).to_pyarrow().to_pylist()[0]["first"]
    return None if first is None else first
