"""The backtest in money: at past dates fitted anew, and held against what came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.value_rows import build_value_rows
from crm_research.models.lifetime_value import compare_forecasts, score_forecast
from crm_research.pillars.value.lifetime.forecasts import RULES, Models, fit_models, forecast_money
from crm_research.pillars.value.lifetime.money import MoneyBasis
from crm_research.stats.skewed import mean_interval
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_LONGEST_DAYS: Final = 365
_SHORTEST_DAYS: Final = 28
# A fit needs records before its date, two stretches of them at least, and what came is one more.
_STRETCHES_BEFORE: Final = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Backtest:
    """How did forecasts of money fare at past dates?

    Parameters
    ----------
    dates
        At which they were made, the latest first.
    horizon_days
        How far they looked.
    scores
        Grain: date and forecast. ``made_at``, ``forecast``, ``is_rule`` and the columns of `score_forecast`.
    pooled
        Grain: forecast, the best first: ``forecast``, ``is_rule``, ``rmse`` (of one customer, over all dates), its
        ``lower`` and ``upper``; ``total_error``, ``captured``, ``regret``, ``rank_correlation`` (means over dates);
        ``behind_lower`` (how much more it lost than the best, at the least) and ``is_clearly_worse``.
    n_customers
        Customers forecast at any date.
    reason
        Why there is no backtest.
    """

    dates: tuple[datetime, ...]
    horizon_days: float
    scores: pd.DataFrame
    pooled: pd.DataFrame
    n_customers: int
    confidence: float
    reason: str = ""

    @property
    def best(self) -> str | None:
        """The forecast that lost least, rules included."""
        return None if self.pooled.empty else str(self.pooled["forecast"].iloc[0])

    @property
    def best_model(self) -> str | None:
        """The model that lost least."""
        return self._first(is_rule=False)

    @property
    def best_rule(self) -> str | None:
        """The simple rule that lost least."""
        return self._first(is_rule=True)

    def row(self, forecast: str) -> pd.Series:
        """What is known of one forecast."""
        return self.pooled.loc[self.pooled["forecast"] == forecast].iloc[0]

    def _first(self, *, is_rule: bool) -> str | None:
        rows = self.pooled
        if rows.empty:
            return None
        names = rows.loc[rows["is_rule"] == is_rule, "forecast"]
        return None if names.empty else str(names.iloc[0])


def plan_dates(first_at: datetime | None, as_of: datetime, n_dates: int) -> tuple[float, list[datetime]]:
    """How far can forecasts look, and at which dates were they due, the latest first? None where records are short."""
    if first_at is None or n_dates < 1:
        return 0.0, []
    span = (as_of - first_at) / timedelta(days=1)
    horizon = float(min(_LONGEST_DAYS, int(span / (n_dates + _STRETCHES_BEFORE))))
    if horizon < _SHORTEST_DAYS:
        return 0.0, []
    return horizon, [as_of - timedelta(days=horizon * (back + 1)) for back in range(n_dates)]


@step
def run_backtest(
    study: Study, basis: MoneyBasis, first_at: datetime | None, *, n_dates: int, confidence: float
) -> Backtest:
    """Would models and simple rules have predicted the money of past stretches of time?

    Notes
    -----
    At each date only what was known by then is fitted; what came until the next date is what it is held against, in
    amounts before returns and undiscounted. Forecasts are compared by the squared error of a customer, which the mean
    alone makes smallest, summed over dates: a customer counts once, however many dates there are.
    """
    horizon, dates = plan_dates(first_at, study.as_of, n_dates)
    if not dates:
        return _nothing(confidence, "The records are too short to stand at several past dates and look ahead.")
    scores, losses = [], []
    for made_at in dates:
        there = replace(study.standing_at(made_at), holdout_until=made_at + timedelta(days=horizon))
        rows = read_value_rows(there, basis)
        models = fit_models(rows, confidence=confidence)
        if not models.is_usable:
            continue
        scored, lost = _score(models, rows, horizon)
        scores.append(scored.assign(made_at=made_at))
        losses.append(lost)
    if not scores:
        return _nothing(confidence, "At no past date did enough customers come back to fit a model.")
    table = pd.concat(scores, ignore_index=True)
    lost = pd.concat(losses, join="inner").groupby(level=0).sum()
    n_rows = sum(len(one) for one in losses)
    pooled = _pool(table, lost, n_rows, confidence)
    return Backtest(
        dates=tuple(table["made_at"].unique()), horizon_days=horizon, scores=table, pooled=pooled,
        n_customers=len(lost), confidence=confidence,
    )  # fmt: skip


@step
def read_value_rows(study: Study, basis: MoneyBasis) -> pd.DataFrame:
    """One row a customer, in the order of their numbers: sums hang on the order, and the engine's is not fixed."""
    built = build_value_rows(study, money=basis.money, cost_share=basis.cost_share)
    rows: pd.DataFrame = built.order_by("customer_id").to_pandas()
    amounts = [name for name in rows.columns if name.endswith("spent")]
    rows[amounts] = rows[amounts].astype(float).round(6) * basis.factor
    rows["squared"] = rows["squared"].astype(float) * basis.factor**2
    return rows


def _score(models: Models, rows: pd.DataFrame, horizon: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    came = rows["later_spent"].to_numpy(dtype=float)
    expected = forecast_money(models, rows, horizon)
    scored = pd.DataFrame(
        [{"forecast": name, "is_rule": name in RULES, **score_forecast(one, came)} for name, one in expected.items()]
    )
    lost = pd.DataFrame({name: (came - one) ** 2 for name, one in expected.items()}, index=rows["customer_id"])
    return scored, lost


def _pool(scores: pd.DataFrame, lost: pd.DataFrame, n_rows: int, confidence: float) -> pd.DataFrame:
    """Forecasts over all dates; only those that could be made at every date are compared."""
    compared = compare_forecasts({name: lost[name].to_numpy() for name in lost.columns}, confidence=confidence)
    per_row = len(lost) / n_rows
    table = []
    for row in compared.itertuples(index=False):
        own = scores.loc[scores["forecast"] == row.forecast]
        squared = mean_interval(lost[row.forecast].to_numpy() * per_row, confidence=confidence)
        ends = (squared.estimate, squared.lower, squared.upper)
        rmse, lower, upper = (float(np.sqrt(max(float(end), 0.0))) for end in ends)
        came = float(own["total_came"].sum())
        table.append(
            {
                "forecast": row.forecast, "is_rule": row.forecast in RULES,
                "rmse": rmse, "lower": lower, "upper": upper,
                "total_error": float(own["total_expected"].sum()) / came - 1 if came > 0 else np.nan,
                "captured": float(own["captured"].mean()), "regret": float(own["regret"].mean()),
                "rank_correlation": float(own["rank_correlation"].mean()),
                "is_clearly_worse": row.is_clearly_worse,
            }
        )  # fmt: skip
    return pd.DataFrame(table)


def _nothing(confidence: float, reason: str) -> Backtest:
    return Backtest(
        dates=(), horizon_days=0.0, scores=pd.DataFrame(), pooled=pd.DataFrame(), n_customers=0, confidence=confidence,
        reason=reason,
    )  # fmt: skip
