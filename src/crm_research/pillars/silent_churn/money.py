"""The check out of time in money: what each customer spent in the holdout, and what had been expected of him."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.clock import instant
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.rfm import build_rfm
from crm_research.features.window import before_holdout, outcome_rows
from crm_research.models.btyd import BtydFit, SpendFit, fit_gamma_gamma
from crm_research.pillars.silent_churn.counting import PATTERN
from crm_research.pillars.silent_churn.holdout import HIATUS, SAME_AGAIN
from crm_research.stats.intervals import FloatArray
from crm_research.stats.skewed import mean_interval
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

REVENUE: Final = "revenue"
SPEND: Final = "spend"
MARGIN: Final = "margin"
COLUMNS: Final = (
    "money", "forecast", "is_rule", "rmse", "lower", "upper", "mae", "total_expected", "total_observed",
)  # fmt: skip


@step
def check_money(
    study: Study, fit: BtydFit | None, hiatus_days: float | None, *, horizon_days: float, confidence: float
) -> pd.DataFrame:
    """How far off was each forecast of a customer's money in the holdout?

    Parameters
    ----------
    fit
        The chosen model of purchases; None judges the rules alone.
    hiatus_days
        As in `check_forecasts`.
    horizon_days
        Length of the holdout.

    Returns
    -------
    pandas.DataFrame
        Grain: kind of money and forecast, the model first, then the rules by error. Columns ``money`` (``revenue``,
        sales before returns; ``spend``, sales less returns, where there are any; ``margin``, revenue less cost, where
        the orders carry cost), ``forecast``, ``is_rule``, ``rmse`` (per customer, in the study's currency), ``lower``,
        ``upper``, ``mae``, ``total_expected``, ``total_observed``. Empty without a holdout or customers.

    Notes
    -----
    The model's money is purchases expected times the spend expected on one by the Gamma-Gamma model (own mean shrunk
    to that of all), which takes spend as independent of frequency; where it has no fit, the customer's own mean. The
    rules repeat the money of the last period, or the past pace at the own mean. Spend and margin are expected at the
    share of revenue that they were up to as_of. Money is that of the orders of each side of as_of, also where these
    part a day. One row a customer leaves the engine.
    """
    if study.holdout_until is None:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = _read_rows(study)
    if rows.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    expected = _expect(rows, fit, hiatus_days, horizon_days)
    later: dict[str, FloatArray] = {REVENUE: rows["later_revenue"].to_numpy(dtype=float)}
    shares = {REVENUE: 1.0}
    sold = float(rows[REVENUE].sum())
    if sold > 0:
        if not np.allclose(rows[[SPEND, "later_spend"]], rows[[REVENUE, "later_revenue"]]):
            later[SPEND] = rows["later_spend"].to_numpy(dtype=float)
            shares[SPEND] = float(rows[SPEND].sum()) / sold
        if "later_cost" in rows.columns:
            later[MARGIN] = (rows["later_revenue"] - rows["later_cost"]).to_numpy(dtype=float)
            shares[MARGIN] = 1 - float(rows["cost"].sum()) / sold
    tables = [
        _measure(money, {name: values * shares[money] for name, values in expected.items()}, came, confidence)
        for money, came in later.items()
    ]
    return pd.concat(tables, ignore_index=True)


@step
def _read_rows(study: Study) -> pd.DataFrame:
    """One row a customer known at as_of: the history, and money before, in the last period and in the holdout."""
    bought = build_purchases(study, occasion="day")
    names = [REVENUE] + (["cost"] if "cost" in bought.columns else [])
    first = bought.ordered_at.min().over(group_by=bought.customer_id)
    bought = bought.mutate(is_repeat=bought.ordered_at > first)
    known = bought.group_by("customer_id").agg(
        **{name: bought[name].sum() for name in names},
        repeat_revenue=bought.revenue.sum(where=bought.is_repeat),
        last_revenue=bought.revenue.sum(where=bought.is_repeat & (bought.came_at > instant(before_holdout(study)))),
    )
    dealings = keep_dealings(outcome_rows(study, "orders"))
    later = dealings.group_by("customer_id").agg(
        **{f"later_{name}": dealings[name].sum(where=dealings.is_sale) for name in names},
        later_spend=dealings.revenue.sum(),
    )
    histories = build_rfm(study, occasion="day").select("customer_id", *PATTERN, SPEND)
    joined = histories.inner_join(known, "customer_id").left_join(later, "customer_id")
    held = joined.select(*PATTERN, SPEND, *known.drop("customer_id").columns, *later.drop("customer_id").columns)
    # Sums of floats hang on their order, and the engine's is not fixed: sorted rows make a second run say the same.
    frame: pd.DataFrame = held.order_by(held.columns).to_pandas()
    return frame.fillna(0.0)


def _expect(
    rows: pd.DataFrame, fit: BtydFit | None, hiatus_days: float | None, horizon_days: float
) -> dict[str, FloatArray]:
    frequency, recency, age = (rows[name].to_numpy(dtype=float) for name in PATTERN)
    own_mean = rows["revenue"].to_numpy(dtype=float) / (frequency + 1)
    pace = np.divide(frequency, age, out=np.zeros_like(age), where=age > 0) * horizon_days
    is_gone = age - recency > (np.inf if hiatus_days is None else hiatus_days)
    rules = {
        SAME_AGAIN: rows["last_revenue"].fillna(0.0).to_numpy(dtype=float),
        HIATUS: np.where(is_gone, 0.0, pace * own_mean),
    }
    if fit is None:
        return rules
    distinct = rows[list(PATTERN)].drop_duplicates(ignore_index=True)
    scored = distinct.assign(expected=fit.expected_purchases(distinct, horizon_days)["expected_purchases"])
    purchases = rows[list(PATTERN)].merge(scored, on=list(PATTERN), how="left")["expected"].to_numpy(dtype=float)
    return {fit.model: purchases * expect_spend(rows, own_mean), **rules}


def expect_spend(rows: pd.DataFrame, own_mean: FloatArray) -> FloatArray:
    """What will each customer spend on a purchase? Shrunk by the Gamma-Gamma model where it can be fitted."""
    frequency = rows["frequency"].to_numpy(dtype=float)
    spent = rows["repeat_revenue"].to_numpy(dtype=float)
    mean = np.divide(spent, frequency, out=np.zeros_like(spent), where=frequency > 0)
    # A gamma distribution knows money above 0 only; whoever repeated for nothing is no evidence to it.
    is_usable = (frequency > 0) & (mean > 0)
    frame = pd.DataFrame({"frequency": np.where(is_usable, frequency, 0.0), "mean_spend": mean})
    spend = _fit_spend(frame)
    if spend is None:
        return own_mean
    expected = spend.expected_spend(frame)["expected_spend"].to_numpy(dtype=float)
    return np.where((frequency > 0) & ~is_usable, np.maximum(own_mean, 0.0), expected)


def _fit_spend(frame: pd.DataFrame) -> SpendFit | None:
    try:
        spend = fit_gamma_gamma(frame)
    except NotEnoughData:
        return None
    is_finite = spend.is_converged and np.isfinite(float(spend.mean_spend["estimate"].iloc[0]))
    return spend if is_finite else None


def _measure(money: str, expected: dict[str, FloatArray], later: FloatArray, confidence: float) -> pd.DataFrame:
    found = []
    for name, values in expected.items():
        squared = mean_interval((later - values) ** 2, confidence=confidence)
        is_rule = name in (SAME_AGAIN, HIATUS)
        ends = (float(np.sqrt(max(float(end), 0.0))) for end in (squared.estimate, squared.lower, squared.upper))
        mae = float(np.abs(later - values).mean())
        found.append((money, name, is_rule, *ends, mae, float(values.sum()), float(later.sum())))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    return table.sort_values(["is_rule", "rmse"], kind="stable", ignore_index=True)
