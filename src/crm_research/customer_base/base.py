"""The customer base in one result: whom we know, what they did, how it grew, on how few it rests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_research.contracts.checks import check_study
from crm_research.customer_base import charts, report, wording
from crm_research.customer_base.concentration import CLAIMED_SHARE, Concentration, measure_concentration
from crm_research.customer_base.coverage import measure_coverage
from crm_research.customer_base.dealings import PERIODS, OrderTotals, count_contracts, total_orders
from crm_research.customer_base.growth import Growth, measure_growth
from crm_research.customer_base.spending import rank_spending
from crm_research.errors import NotEnoughData
from crm_research.figures import Figure, say_level
from crm_research.theme import say_date, say_interval, say_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.contracts.findings import Verdict
    from crm_research.study import Study

_NO_ORDERS = "This study has no orders, so there are neither orders nor revenue to count."


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomerBase:
    """Whom do we know, how well, and how much of the revenue rests on how few?

    Parameters
    ----------
    verdict
        What the checks found in the study's tables.
    coverage
        about, what, n_customers, share: of how many customers we have which records.
    orders
        Totals of orders and money; None without a table of orders.
    growth
        Customers buying in each period; None where nobody has bought.
    contracts
        period, n_started, n_ended, n_running by month; empty without contracts.
    concentration
        Shares of revenue by rank of spend; None where it cannot be had, and `why_no_concentration` says why.
    """

    title: str
    currency: str
    as_of: datetime
    holdout_until: datetime | None
    verdict: Verdict
    coverage: pd.DataFrame
    orders: OrderTotals | None
    growth: Growth | None
    contracts: pd.DataFrame
    concentration: Concentration | None
    why_no_concentration: str = ""

    @property
    def n_customers(self) -> int:
        """Customers named in any table at as_of."""
        return int(self.coverage["n_customers"].iloc[0])

    @property
    def window(self) -> str:
        """The period of the orders (or of the records), in words."""
        if self.orders is not None and self.orders.first_at is not None:
            return f"{say_date(self.orders.first_at)} to {say_date(self.orders.last_at)}"
        return f"all records known on {say_date(self.as_of)}"

    def figures(self) -> list[Figure]:
        """The numbers other programs may read: base.customers, and base.orders, base.revenue (with
        base.customers_revenue and base.nameless_revenue where orders name no customer),
        base.top20_revenue_share, base.gini, base.customers_for_80_share as far as the study has orders.
        """  # noqa: D205
        found = [self._count("base.customers", "Customers known", self.n_customers, "customers", self.n_customers)]
        if self.orders is not None:
            n_orders, n_dealings = self.orders.n_sales, self.orders.n_sales + self.orders.n_returns
            found += [
                self._count("base.orders", "Orders, without returns and cancelled ones", n_orders, "orders", n_orders),
                self._count("base.revenue", "Revenue, net of returns", self.orders.revenue, self.currency, n_dealings),
            ]
            if self.orders.n_nameless:
                n_named = n_dealings - self.orders.n_nameless
                of_customers, rest = self.orders.customers_revenue, self.orders.nameless_revenue
                found += [
                    self._count(
                        "base.customers_revenue", "Revenue that names a customer", of_customers, self.currency, n_named
                    ),
                    self._count(
                        "base.nameless_revenue", "Revenue that names no customer", rest, self.currency,
                        self.orders.n_nameless,
                    ),
                ]  # fmt: skip
        return found + self._concentration_figures()

    def _count(self, figure_id: str, label: str, value: float, unit: str, n: int) -> Figure:
        how = "sum" if unit == self.currency else "count"
        return Figure(
            id=figure_id, label=label, estimate=value, unit=unit, n=n, window=self.window,
            estimator=f"{how} of the records known at as_of; a {how} of all records has no sampling interval",
            validation="the study's checks (see the quality of the records)",
        )  # fmt: skip

    def _concentration_figures(self) -> list[Figure]:
        found = self.concentration
        if found is None:
            return []
        validation = "none"
        if found.later_top20 is not None:
            later = say_percent(float(found.later_top20.estimate))
            between = say_interval(float(found.later_top20.lower), float(found.later_top20.upper), say_percent)
            validation = f"holdout: the same customers brought {later} ({between}) of the revenue afterwards"
        rows: list[tuple[str, str, Any, str, str]] = [
            ("base.top20_revenue_share", "Share of revenue from the top fifth", found.top20, "share", validation),
            ("base.customers_for_80_share", "Share of customers who bring 80 %", found.customers_for_80, "share", ""),
            ("base.gini", "Gini coefficient of spend", found.gini, "", ""),
        ]
        return [
            Figure(
                id=name, label=label, estimate=float(value.estimate), lower=float(value.lower),
                upper=float(value.upper), unit=unit, n=found.n_customers, window=self.window,
                estimator=f"{found.estimator}; {say_level(found.confidence)}", validation=checked or "none",
            )
            for name, label, value, unit, checked in rows
        ]  # fmt: skip

    def answer(self) -> list[str]:
        """Three sentences that answer the report's question."""
        return wording.answer_base(self)

    def notes(self) -> list[str]:
        """What a reader must know before trusting the numbers."""
        return wording.note_base(self)

    def claims(self) -> pd.DataFrame:
        """The rule of the fifth beside what the data say: claim, claimed_share, estimate, lower, upper, verdict."""
        columns = ["claim", "claimed_share", "estimate", "lower", "upper", "verdict"]
        found = self.concentration
        if found is None:
            return pd.DataFrame(columns=columns)
        value, lower, upper = (float(part) for part in found.top20)
        if upper < CLAIMED_SHARE:
            verdict = "not so here: fewer than claimed"
        elif lower > CLAIMED_SHARE:
            verdict = "not so here: more than claimed"
        else:
            verdict = "these data do not contradict it"
        claim = "20 % of the customers bring 80 % of the revenue"
        return pd.DataFrame([[claim, CLAIMED_SHARE, value, lower, upper, verdict]], columns=columns)

    def tenths(self) -> pd.DataFrame:
        """Customers in tenths from the highest spenders down; empty without a concentration."""
        names = ["tenth", "n_customers", "least_spend", "mean_spend", "revenue", "revenue_share"]
        return pd.DataFrame(columns=names) if self.concentration is None else self.concentration.tenths

    def periods(self) -> pd.DataFrame:
        """Customers, orders and revenue in each period; contracts by month where there are no orders."""
        return self.contracts if self.growth is None else self.growth.periods

    def claim_formats(self) -> dict[str, str]:
        """How the columns of `claims` are printed."""
        return dict.fromkeys(("claimed_share", "estimate", "lower", "upper"), "share")

    def curve(self) -> pd.DataFrame:
        """The concentration curve, customer_share and revenue_share; empty without one."""
        names = ["customer_share", "revenue_share"]
        return pd.DataFrame(columns=names) if self.concentration is None else self.concentration.curve

    def inventory(self) -> pd.DataFrame:
        """What the study holds, table by table."""
        return report.tabulate_tables(self)

    def broken_rules(self) -> pd.DataFrame:
        """Rules of the tables that do not hold, the gravest first."""
        return report.tabulate_broken_rules(self)

    def summary(self) -> pd.DataFrame:
        """The main numbers, rounded: figure, value."""
        return report.summarise(self)

    def estimators(self) -> dict[str, str]:
        """What was estimated, and how."""
        return report.name_estimators(self)

    def alt(self, name: str) -> str:
        """What one sees in the picture concentration, growth or coverage."""
        return report.describe_picture(self, name)

    @property
    def headline(self) -> str:
        """Which picture carries the answer: concentration, or what the study has instead."""
        if self.concentration is not None:
            return "concentration"
        return "growth" if len(self.periods()) else "coverage"

    def draw_headline(self, ax: Axes | None = None) -> Axes:
        """The picture that carries the answer."""
        draw = {"concentration": self.draw_concentration, "growth": self.draw_growth, "coverage": self.draw_coverage}
        return draw[self.headline](ax)

    def headline_data(self) -> pd.DataFrame:
        """The numbers behind that picture."""
        return {"concentration": self.curve(), "growth": self.periods(), "coverage": self.coverage}[self.headline]

    def draw_concentration(self, ax: Axes | None = None) -> Axes:
        """The concentration curve with the claimed point, or a strip that says why there is none."""
        return charts.draw_concentration(self, ax=ax)

    def draw_growth(self, ax: Axes | None = None) -> Axes:
        """Customers buying (or contracts running) in each period, or a strip that says why not."""
        return charts.draw_growth(self, ax=ax)

    def draw_coverage(self, ax: Axes | None = None) -> Axes:
        """Share of customers of whom we have each kind of record."""
        return charts.draw_coverage(self, ax=ax)


def describe_base(study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> CustomerBase:
    """Whom do we know at as_of, how good are the records, and how much of the revenue rests on how few?

    Parameters
    ----------
    study
        Any study: orders bring revenue and its concentration, contracts the number running, customers who they are.
    confidence, seed
        Level of the intervals, and start of the resampling.
    """
    has_orders = study.has("orders")
    concentration, why = None, _NO_ORDERS
    if has_orders:
        try:
            concentration, why = measure_concentration(rank_spending(study), confidence=confidence, seed=seed), ""
        except NotEnoughData as problem:
            why = str(problem)
    return CustomerBase(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        holdout_until=study.holdout_until,
        verdict=check_study(study),
        coverage=measure_coverage(study),
        orders=total_orders(study) if has_orders else None,
        growth=measure_growth(study) if has_orders else None,
        contracts=count_contracts(study) if study.has("contracts") else pd.DataFrame(columns=list(PERIODS)),
        concentration=concentration,
        why_no_concentration=why,
    )
