"""Lifetime value in one result: orders and contracts to come, of customers, cohorts and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.deferred import Later, deferred
from crm_research.errors import ParameterError
from crm_research.models.btyd import BtydFit
from crm_research.models.lifetime_value import (
    OrderValue,
    SpendModel,
    add_totals,
    check_yearly_rate,
    expect_orders,
    value_contracts,
    value_orders,
)
from crm_research.pillars.value.lifetime.backtest import Backtest, read_value_rows, run_backtest
from crm_research.pillars.value.lifetime.fees import FeesToCome, value_fees
from crm_research.pillars.value.lifetime.forecasts import Models, fit_models
from crm_research.pillars.value.lifetime.money import MoneyBasis, find_money
from crm_research.stats.intervals import check_confidence
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.study import Study

USUAL_YEARS: Final = 3.0
USUAL_RATE: Final = 0.1
USUAL_DATES: Final = 3
_MOST_YEARS: Final = 50.0
_MOST_DATES: Final = 12
_N_TENTHS: Final = 10
# A tenth of fewer would tell of single customers.
_FEWEST_IN_TENTHS: Final = 100
_RATES: Final = (0.0, 0.05, 0.1, 0.15, 0.2)


@dataclass(frozen=True, eq=False, kw_only=True)
class OrdersToCome:
    """Purchases to come: the model used, and the value of each customer.

    Parameters
    ----------
    model, why
        Name of the model of purchases, and why it is used: ``backtest``, ``likelihood`` or ``only``.
    rows
        One row a customer, as `read_value_rows`.
    value
        Of the customers in `rows`, after what usually comes back.
    for_ever
        Of all customers without an end; NaN without a discount rate.
    """

    model: str
    why: str
    fit: BtydFit
    spend: SpendModel
    rows: pd.DataFrame
    value: OrderValue
    for_ever: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Lifetime:
    """What are today's customers still worth?

    Parameters
    ----------
    orders, fees
        Each part, or None.
    why_no_orders, why_no_fees
        Why a part is missing; empty where the study has no such records.
    backtest
        Forecasts of orders at past dates; computed when first read, unless it chose the model.
    leaves_work_out
        Does the study record what the work for customers costs? It is not taken off.
    """

    as_of: datetime
    currency: str
    horizon_years: float
    rate: float
    confidence: float
    basis: MoneyBasis
    fee_margin: float
    orders: OrdersToCome | None
    fees: FeesToCome | None
    why_no_orders: str
    why_no_fees: str
    backtest: Backtest | None
    parts: pd.DataFrame
    leaves_work_out: bool = False
    sensitivity: deferred[pd.DataFrame] = deferred()

    @property
    def is_known(self) -> bool:
        """Is there anything to value?"""
        return not self.parts.empty

    @property
    def all(self) -> pd.Series:
        """The row of all parts together."""
        return self.parts.iloc[-1]

    def of(self, part: str) -> tuple[float, float, float]:
        """Expected value of a part (``orders``, ``contracts``, ``all``) with its limits."""
        row = self.parts.loc[self.parts["part"] == part].iloc[0]
        return float(row["expected"]), float(row["lower"]), float(row["upper"])

    @property
    def n_customers(self) -> int:
        """Customers who ever bought; 0 without orders."""
        return 0 if self.orders is None else len(self.orders.rows)

    @property
    def is_profit(self) -> bool:
        """Is it margin, rather than revenue, that is valued?"""
        return self.basis.margin_share is not None


@step
def measure_lifetime(
    study: Study,
    *,
    horizon_years: float = USUAL_YEARS,
    discount_rate: float = USUAL_RATE,
    margin_share: float | None = None,
    n_backtests: int = USUAL_DATES,
    confidence: float = 0.95,
) -> Lifetime:
    """What will today's customers still bring, and how surely?

    Parameters
    ----------
    study
        Needs orders or contracts.
    horizon_years
        How far to look.
    discount_rate
        A year's, as a share: 0.1 makes money due in a year worth 1 / 1.1 today.
    margin_share
        Share of revenue that is earned, where orders carry no cost; also of fees. None leaves revenue.
    n_backtests
        Past dates at which forecasts are made again and held against what came.

    Notes
    -----
    What has been paid so far is no part of it. Orders and fees of a customer who has both are added: fees are no orders
    in the records. Money that came back in the past lowers what is to come by the same share.
    """
    rate = check_yearly_rate(discount_rate, "discount_rate")
    if not 0 < horizon_years <= _MOST_YEARS:
        raise ParameterError(f"horizon_years must be above 0 and at most {_MOST_YEARS:g}, not {horizon_years!r}.")
    if isinstance(n_backtests, bool) or not isinstance(n_backtests, int) or not 0 <= n_backtests <= _MOST_DATES:
        raise ParameterError(f"n_backtests must be a whole number from 0 to {_MOST_DATES}, not {n_backtests!r}.")
    check_confidence(confidence)
    basis = find_money(study, margin_share)
    fee_margin = basis.margin_share if basis.source == "stated" and basis.margin_share is not None else 1.0
    orders, backtest, why_orders = None, None, ""
    if study.has("orders"):
        rows = read_value_rows(_without_holdout(study), basis)
        why_orders = _why_no_orders(rows, basis)
        first_at = None if why_orders else _first_at(rows, study.as_of)
        backtest = run_backtest(study, basis, first_at, n_dates=n_backtests, confidence=confidence)
        if why_orders:
            backtest = replace(backtest, reason=why_orders)
        else:
            orders, why_orders = _value_orders(rows, basis, backtest, horizon_years, rate, confidence)
    fees, why_fees = value_fees(study, fee_margin, horizon_years, rate, confidence)
    found = Lifetime(
        as_of=study.as_of, currency=study.currency, horizon_years=horizon_years, rate=rate, confidence=confidence,
        basis=basis, fee_margin=fee_margin, orders=orders, fees=fees, why_no_orders=why_orders, why_no_fees=why_fees,
        backtest=backtest, parts=_add_parts(orders, fees, confidence), sensitivity=pd.DataFrame(),
        leaves_work_out=study.has("activities", "activity_use") or _has_contact_costs(study),
    )  # fmt: skip
    return replace(found, sensitivity=Later(lambda: vary_rate(found)))


def vary_rate(lifetime: Lifetime) -> pd.DataFrame:
    """What would all be worth at other discount rates, within the horizon and without an end?

    Returns
    -------
    pandas.DataFrame
        Grain: yearly rate, the one used among them. Columns ``rate``, ``expected``, ``for_ever`` (NaN without a rate),
        ``is_used``.
    """
    days = lifetime.horizon_years * DAYS_PER_YEAR
    rows = []
    for rate in sorted({*_RATES, lifetime.rate}):
        ends: dict[str, float] = {}
        for name, horizon in (("expected", days), ("for_ever", None)):
            ends[name] = np.nan if horizon is None and rate == 0 else _worth(lifetime, horizon, rate)
        rows.append({"rate": rate, **ends, "is_used": rate == lifetime.rate})
    return pd.DataFrame(rows)


def _worth(lifetime: Lifetime, horizon_days: float | None, rate: float) -> float:
    total, orders, fees = 0.0, lifetime.orders, lifetime.fees
    if orders is not None:
        margin = orders.value.margin
        worth = expect_orders(
            orders.fit, orders.spend, orders.rows, horizon_days=horizon_days, rate=rate, margin=margin
        )
        total += float(worth.sum())
    if fees is not None:
        value = value_contracts(
            fees.fit, fees.rows, horizon_days=horizon_days, rate=rate, margin=lifetime.fee_margin, growth=fees.growth
        )
        total += float(value.expected @ fees.rows["n_contracts"].to_numpy(dtype=float))
    return total


def count_groups(lifetime: Lifetime, group: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """What are groups of the customers who buy worth? ``group``, ``n_customers`` and the columns of `total_limits`."""
    if lifetime.orders is None:
        return pd.DataFrame()
    table = lifetime.orders.value.total(group)
    realised = np.bincount(group, lifetime.orders.rows["all_spent"], len(table)) * lifetime.basis.kept_share
    return table.assign(group=list(names)[: len(table)], realised=realised)


def by_year(lifetime: Lifetime) -> pd.DataFrame:
    """The value of the customers won in each calendar year; empty without orders."""
    if lifetime.orders is None:
        return pd.DataFrame()
    years, group = np.unique(lifetime.orders.rows["first_year"], return_inverse=True)
    return count_groups(lifetime, group, [str(year) for year in years])


def by_tenth(lifetime: Lifetime) -> pd.DataFrame:
    """The value of each tenth of the customers, the most valuable first; empty without orders or with too few."""
    if lifetime.orders is None or lifetime.n_customers < _FEWEST_IN_TENTHS:
        return pd.DataFrame()
    order = np.argsort(-lifetime.orders.value.expected, kind="stable")
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.arange(len(order)) * _N_TENTHS // len(order)
    return count_groups(lifetime, group, [str(place) for place in range(1, _N_TENTHS + 1)])


def list_valuable(lifetime: Lifetime, n: int | None = 10) -> pd.DataFrame:
    """Who will bring most?

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``brought`` (so far, with the first purchase, before returns), ``value``, ``lower``, ``upper``
        (of what the customer will bring), ``none`` (chance of nothing), the most valuable first; at most `n`.
        Empty without orders.
    """
    if lifetime.orders is None:
        return pd.DataFrame()
    rows, value = lifetime.orders.rows, lifetime.orders.value
    table = pd.DataFrame(
        {
            "customer_id": rows["customer_id"], "brought": rows["all_spent"], "value": value.expected,
            "lower": value.lower, "upper": value.upper, "none": value.none.round(4),
        }
    )  # fmt: skip
    table = table.sort_values(["value", "customer_id"], ascending=[False, True], kind="stable", ignore_index=True)
    return table if n is None else table.head(n)


def _first_at(rows: pd.DataFrame, as_of: datetime) -> datetime | None:
    return None if rows.empty else as_of - timedelta(days=float(rows["age_days"].max()))


def _has_contact_costs(study: Study) -> bool:
    return study.has("contacts") and "cost" in study.table("contacts").columns


def _why_no_orders(rows: pd.DataFrame, basis: MoneyBasis) -> str:
    if rows.empty:
        return "No customer who is named has bought yet."
    return basis.why_not


def _without_holdout(study: Study) -> Study:
    return replace(study, holdout_until=None)


def _value_orders(
    rows: pd.DataFrame, basis: MoneyBasis, backtest: Backtest, years: float, rate: float, confidence: float
) -> tuple[OrdersToCome | None, str]:
    models = fit_models(rows, confidence=confidence)
    if not models.is_usable or models.spend is None:
        return None, models.reason
    name, why = _choose(models, backtest)
    common = {"rate": rate, "margin": basis.kept_share, "confidence": confidence}
    fit, spend = models.fits[name], models.spend
    value = value_orders(fit, spend, rows, horizon_days=years * DAYS_PER_YEAR, **common)
    for_ever = np.nan
    if rate > 0:
        for_ever = float(expect_orders(fit, spend, rows, horizon_days=None, rate=rate, margin=basis.kept_share).sum())
    return OrdersToCome(model=name, why=why, fit=fit, spend=spend, rows=rows, value=value, for_ever=for_ever), ""


def _choose(models: Models, backtest: Backtest) -> tuple[str, str]:
    """The model that lost least money in the backtest; the likeliest where none was made."""
    names = list(models.fits)
    if len(names) == 1:
        return names[0], "only"
    ranked = [] if backtest.pooled.empty else [name for name in backtest.pooled["forecast"] if name in models.fits]
    if ranked:
        return str(ranked[0]), "backtest"
    return max(names, key=lambda name: models.fits[name].log_likelihood), "likelihood"


def _add_parts(orders: OrdersToCome | None, fees: FeesToCome | None, confidence: float) -> pd.DataFrame:
    """Orders, fees and both together: totals with their limits, within the horizon and for ever."""
    tables = []
    for name, part in (("orders", orders), ("contracts", fees)):
        if part is None:
            continue
        total = part.value.total().assign(part=name, for_ever=part.for_ever)
        tables.append(total)
    if len(tables) > 1:
        is_signed = orders is not None and orders.spend.is_signed
        both = add_totals(tables, confidence=confidence, is_signed=is_signed)
        tables.append(both.assign(part="all", for_ever=sum(float(table["for_ever"].iloc[0]) for table in tables)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
