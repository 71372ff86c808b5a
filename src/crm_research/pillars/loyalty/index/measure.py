"""An index of loyalty for each customer, with weights from the past and a test on what came after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData
from crm_research.features.lots import share_of
from crm_research.features.rfm import build_outcomes
from crm_research.pillars.loyalty.index.predictors import count_buyers, part_names, read_index_parts
from crm_research.pillars.loyalty.index.ridge import (
    RidgeLogistic,
    compare_deviance,
    compare_ranking,
    fit_ridge_logistic,
)
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, normal_interval, wilson_share
from crm_research.stats.scoring import BrierComparison, compare_brier
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

FloatArray = NDArray[np.float64]
_FEWEST: Final = 50
_FEWEST_OF_EACH: Final = 10
_MOST_OF_SPAN: Final = 3.0
_LEAST_DAYS: Final = 7.0
_LISTED: Final = 10
# Weights hardly get surer by more customers than that; whom they are learned on is drawn by lot then.
MOST_LEARNED: Final = 300_000
_ROWS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, eq=False, kw_only=True)
class LoyaltyIndex(Shown):
    """An index from 0 to 100: the chance, in per cent, to buy within the next period.

    Parameters
    ----------
    period_days
        Length of the period.
    learned_at, judged_at
        Instants whose customers gave the weights, and at whose the index was tested; outcomes are of the period after.
    is_holdout
        Was the test's outcome kept apart by the study?
    n_learned, n_judged
        Customers on either side.
    learned_share
        Of the customers of `learned_at`: those that the weights were learned on, drawn by lot where it is below 1.
    weights
        Grain: part. Columns ``part``, ``estimate`` (log odds for one standard deviation more), ``lower``, ``upper``.
    auc, other_auc, auc_gain
        Share of pairs ranked rightly by the index and by days since the last purchase alone; the difference (DeLong).
    deviance_gain, brier
        Mean deviance of recency alone less the index's; Brier scores of both.
    deciles
        Grain: tenth of the customers judged, best first. Columns ``decile``, ``n``, ``index_from``, ``index_to``,
        ``mean_index``, ``bought_share``, ``lower``, ``upper`` (Wilson), ``spend``.
    customers
        Grain: customer at as_of. Columns ``customer_id``, ``index``, ``lower``, ``upper`` (of the weights), ``decile``,
        ``spend`` and the parts.
    """

    period_days: float
    learned_at: datetime
    judged_at: datetime
    is_holdout: bool
    n_learned: int
    n_judged: int
    weights: pd.DataFrame
    auc: float
    other_auc: float
    auc_gain: Interval
    deviance_gain: Interval
    brier: BrierComparison
    deciles: pd.DataFrame
    customers: pd.DataFrame
    notes: tuple[str, ...]
    confidence: float
    window: str
    learned_share: float = 1.0

    @property
    def is_better(self) -> bool:
        """Does the index beat recency alone, in ranking and in deviance, beyond chance?"""
        return bool(self.auc_gain.lower > 0 and self.deviance_gain.lower > 0)

    @property
    def is_worse(self) -> bool:
        """Does recency alone beat the index, in ranking or in deviance, beyond chance?"""
        return bool(self.auc_gain.upper < 0 or self.deviance_gain.upper < 0)


@step
def build_loyalty_index(study: Study, loyalty: LoyaltyAnalysis) -> LoyaltyIndex:
    """How loyal is each customer, and does that predict who buys next better than recency alone?

    Parameters
    ----------
    study
        Needs orders; order lines give breadth, surveys attitude.
    loyalty
        From `describe_loyalty`.

    Raises
    ------
    NotEnoughData
        Where the records are too short to learn on one period and test on another, or too few came or stayed away.

    Notes
    -----
    Learned on those who were customers a period before as_of, tested from as_of into the holdout; without a holdout
    both move back by a period. A period is as long as the holdout, a third of the records at the most. Recency alone is
    the logarithm of days since the last purchase and its square, learned on the same customers. The index is relative
    to this base and this period, and it predicts: it does not say what would make anybody more loyal.
    """
    days = _period_days(study, loyalty)
    period = timedelta(days=days)
    judged_at = study.as_of if study.holdout_until is not None else study.as_of - period
    learned_at = judged_at - period
    learned, came, share = _read(study, learned_at, period, loyalty, most=MOST_LEARNED)
    learned = learned.drop(columns="customer_id")
    judged, later, _ = _read(study, judged_at, period, loyalty)
    names = [name for name in part_names(learned) if name in part_names(judged)]
    now = judged if judged_at == study.as_of else read_index_parts(study, occasion=loyalty.occasion)
    names = [name for name in names if name in now.columns]
    fit = fit_ridge_logistic(learned[names].to_numpy(dtype=float), came)
    plain = fit_ridge_logistic(_recency(learned), came)
    chance, other = fit.chance(judged[names].to_numpy(dtype=float)), plain.chance(_recency(judged))
    auc, other_auc, auc_gain = compare_ranking(later, chance, other, confidence=loyalty.confidence)
    return LoyaltyIndex(
        period_days=days,
        learned_at=learned_at,
        judged_at=judged_at,
        is_holdout=study.holdout_until is not None,
        n_learned=len(learned),
        n_judged=len(judged),
        weights=_weights(fit, names, loyalty.confidence),
        auc=auc,
        other_auc=other_auc,
        auc_gain=auc_gain,
        deviance_gain=compare_deviance(later, chance, other, confidence=loyalty.confidence),
        brier=compare_brier(np.ones(len(later)), later, chance, other, confidence=loyalty.confidence),
        deciles=_deciles(chance, later, judged, loyalty.confidence),
        customers=_customers(fit, now, names, loyalty.confidence),
        notes=() if fit.converged else ("The weights did not come to rest; read them with care.",),
        confidence=loyalty.confidence,
        window=loyalty.window,
        learned_share=share,
    )


def _period_days(study: Study, loyalty: LoyaltyAnalysis) -> float:
    if loyalty.first_at is None:
        raise NotEnoughData("A loyalty index", needed=1, of="purchase", found=0)
    span = (study.as_of - loyalty.first_at).total_seconds() / 86_400
    days = span / _MOST_OF_SPAN
    if study.holdout_until is not None:
        days = min(days, (study.holdout_until - study.as_of).total_seconds() / 86_400)
    if days < _LEAST_DAYS:
        raise NotEnoughData(
            "A loyalty index", needed=int(3 * _LEAST_DAYS), of="days to learn on and to test on", found=int(span)
        )
    return float(np.floor(days))


def _read(
    study: Study, at: datetime, period: timedelta, loyalty: LoyaltyAnalysis, *, most: int | None = None
) -> tuple[pd.DataFrame, FloatArray, float]:
    """Parts as known at an instant, who bought in the period after it, and which share of all customers they are."""
    there = replace(study, as_of=at, holdout_until=at + period)
    known = study if at == study.as_of else there
    share = 1.0 if most is None else share_of(count_buyers(known, occasion=loyalty.occasion), most)
    parts = read_index_parts(known, occasion=loyalty.occasion, share=share)
    outcomes = build_outcomes(there, occasion=loyalty.occasion)
    y = _are_among(parts["customer_id"], outcomes.filter(outcomes.is_repeat).select("customer_id"))
    fewest = int(min(y.sum(), len(y) - y.sum()))
    if len(y) < _FEWEST:
        raise NotEnoughData("A loyalty index", needed=_FEWEST, of=f"customers known on {at:%Y-%m-%d}", found=len(y))
    if fewest < _FEWEST_OF_EACH:
        who = f"customers who bought in the {period.days} days from {at:%Y-%m-%d}, and as many who did not"
        raise NotEnoughData("A loyalty index", needed=_FEWEST_OF_EACH, of=who, found=fewest)
    return parts, y, share


def _are_among(ids: pd.Series, named: ir.Table) -> FloatArray:
    """1 for each id that is named, 0 otherwise; they are compared as they leave the engine, without an object each."""
    import pyarrow as pa
    from pyarrow import compute

    held = named.to_pyarrow()["customer_id"]
    starts = range(0, len(ids), _ROWS_AT_ONCE)
    parts = [pa.array(ids.iloc[start : start + _ROWS_AT_ONCE], type=held.type) for start in starts]
    found = compute.is_in(pa.chunked_array(parts, type=held.type), value_set=held)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)


def _recency(frame: pd.DataFrame) -> FloatArray:
    days = np.log1p(frame["days_since_last"].to_numpy(dtype=float).clip(min=0))
    return np.column_stack([days, days**2])


def _weights(fit: RidgeLogistic, names: list[str], confidence: float) -> pd.DataFrame:
    error = np.sqrt(np.diag(fit.covariance))[1:]
    limits = normal_interval(fit.weights[1:], error, confidence=confidence)
    return pd.DataFrame({"part": names, "estimate": limits.estimate, "lower": limits.lower, "upper": limits.upper})


def _tenths(values: FloatArray) -> NDArray[np.int64]:
    """1 for the best tenth to 10 for the last; customers who are alike may fall on either side of a border."""
    order = np.argsort(-values, kind="stable")
    tenth = np.empty(len(values), dtype=np.int64)
    tenth[order] = np.arange(len(values)) * 10 // len(values) + 1
    return tenth


def _deciles(chance: FloatArray, later: FloatArray, judged: pd.DataFrame, confidence: float) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "decile": _tenths(chance),
            "index": 100 * chance,
            "came": later,
            "spend": judged["spend"].to_numpy(dtype=float),
        }
    )
    grouped = frame.groupby("decile", as_index=False)
    table = grouped.agg(
        n=("came", "size"),
        index_from=("index", "min"),
        index_to=("index", "max"),
        mean_index=("index", "mean"),
        n_came=("came", "sum"),
        spend=("spend", "sum"),
    )
    share = wilson_share(table["n_came"], table["n"], confidence=confidence)
    table = table.assign(bought_share=share.estimate, lower=share.lower, upper=share.upper)
    columns = ["decile", "n", "index_from", "index_to", "mean_index", "bought_share", "lower", "upper", "spend"]
    return table[columns]


def _customers(fit: RidgeLogistic, now: pd.DataFrame, names: list[str], confidence: float) -> pd.DataFrame:
    parts = [
        fit.limits(now[names].iloc[start : start + _ROWS_AT_ONCE].to_numpy(dtype=float), confidence)
        for start in range(0, len(now), _ROWS_AT_ONCE)
    ]
    chance, lower, upper = (np.concatenate(values) for values in zip(*parts, strict=True))
    scored = now[["customer_id", "spend", *names]].assign(
        index=100 * chance, lower=100 * lower, upper=100 * upper, decile=_tenths(chance)
    )
    columns = ["customer_id", "index", "lower", "upper", "decile", "spend", *names]
    return scored[columns].sort_values(["index", "customer_id"], ascending=[False, True], ignore_index=True)


def ends_of(index: LoyaltyIndex) -> pd.DataFrame:
    """The ten highest and the ten lowest, by index, of the customers who spent more than the average, and something."""
    held = index.customers
    valued = held.loc[(held["spend"] >= held["spend"].mean()) & (held["spend"] > 0)]
    columns = ["customer_id", "index", "lower", "upper", "spend"]
    top, bottom = valued.head(_LISTED), valued.iloc[_LISTED:].tail(_LISTED)
    return pd.concat([top.assign(end="highest"), bottom.assign(end="lowest")])[["end", *columns]].reset_index(drop=True)
