"""The check out of time: each model and each rule of thumb against what the customers then bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.models.btyd import BtydFit
from crm_research.pillars.silent_churn.choice import choose_by_holdout
from crm_research.pillars.silent_churn.counting import PATTERN, count_histories
from crm_research.pillars.silent_churn.expectation import average_by_frequency, average_by_group, average_by_recency
from crm_research.pillars.silent_churn.scores import (
    GONE_BELOW,
    GONE_GROUPS,
    chance_to_buy,
    estimate_expected,
    score_patterns,
    squared_miss,
)
from crm_research.show.shown import Shown
from crm_research.stats.intervals import FloatArray, Interval, wilson_share
from crm_research.stats.skewed import mean_interval
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

SAME_AGAIN: Final = "same as last period"
HIATUS: Final = "silent too long is gone"
_SECONDS_PER_DAY: Final = 86_400.0
_ROWS_JUDGED: Final = 20_000
_FEWEST_GONE: Final = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class HoldoutCheck(Shown):
    """How far off was each forecast of a customer's purchases in (as_of, until]?

    Parameters
    ----------
    as_of, until, horizon_days
        The holdout.
    n_customers, observed
        Customers judged, and their purchases.
    hiatus_days
        Silence after which the second rule takes a customer to be gone: nine of ten gaps are not longer.
    errors
        Grain: forecast, models before rules, each by error. Columns ``forecast``, ``is_rule``, ``rmse`` (root mean
        squared error per customer, in orders), ``lower``, ``upper``, ``mae`` (mean absolute error), ``brier`` (mean
        squared error of the chance to buy at all; models only), ``total_expected``, ``total_observed`` (orders).
    chosen, why_chosen
        The model that is used and the reason; None where no model could be judged.
    best_rule
        The rule of thumb with the smaller error.
    gain
        Mean squared error of that rule less that of the chosen model, with limits: above 0 the model is better.
    by_frequency, by_recency
        As in `expectation`.
    by_group
        Grain: group by chance of being active. Columns ``customers``, ``n_customers``, ``alive_share`` (mean chance),
        ``expected_share`` (buys in the holdout), ``observed_share``, ``lower``, ``upper`` (Wilson).
    gone_alive, gone_bought
        Of customers taken to be probably or almost surely gone: mean chance of being active, and the share that
        bought in the holdout after all, with limits. None where there are fewer than 20.
    expected_share, bought
        Share of customers that buys in the holdout: as the chosen model expected, and as it came (Wilson).
    total
        Purchases of all in the holdout less those the chosen model expected, with limits for both what the parameters
        leave open and what customers do by chance; NaN without a model.
    confidence
        Level of the intervals.
    """

    as_of: datetime
    until: datetime
    horizon_days: float
    n_customers: int
    observed: int
    hiatus_days: float | None
    errors: pd.DataFrame
    chosen: str | None
    why_chosen: str
    best_rule: str
    gain: Interval
    by_frequency: pd.DataFrame
    by_recency: pd.DataFrame
    by_group: pd.DataFrame
    gone_alive: float
    gone_bought: Interval | None
    expected_share: float
    bought: Interval
    total: Interval
    confidence: float

    def error_of(self, forecast: str | None) -> pd.Series | None:
        """The row of `errors` of one forecast; None where it is not there."""
        rows = self.errors.loc[self.errors["forecast"] == forecast]
        return rows.iloc[0] if len(rows) else None

    @property
    def is_refuted(self) -> bool:
        """Did more of those taken to be gone, or of one group of them, buy again than could have been active?"""
        return self.is_refuted_together or len(self.refuted_groups) > 0

    @property
    def called_gone(self) -> tuple[str, float, Interval] | None:
        """Who is called gone, their mean chance of being active, and the share of them that bought in the holdout.

        All of them; where only one group speaks against the model, that group. None where there are too few.
        """
        if not self.is_refuted_together and len(self.refuted_groups):
            row = self.refuted_groups.iloc[0]
            share = Interval(*(np.asarray(float(row[name])) for name in ("observed_share", "lower", "upper")))
            return str(row["customers"]), float(row["alive_share"]), share
        if self.gone_bought is None:
            return None
        return "probably or almost surely gone", self.gone_alive, self.gone_bought

    @property
    def is_refuted_together(self) -> bool:
        """Did more of all those taken to be gone buy again than could have been active?"""
        return self.gone_bought is not None and float(self.gone_bought.lower) > self.gone_alive

    @property
    def refuted_groups(self) -> pd.DataFrame:
        """The rows of `by_group` taken to be gone of whom more bought again than could have been active.

        Groups of 20 customers or more, with limits that hold for all of them together (Bonferroni).
        """
        rows = self.by_group
        judged = rows.loc[rows["customers"].isin(GONE_GROUPS) & (rows["n_customers"] >= _FEWEST_GONE)]
        level = 1 - (1 - self.confidence) / max(len(judged), 1)
        n = judged["n_customers"].to_numpy(dtype=float)
        hits = np.round(judged["observed_share"].to_numpy(dtype=float) * n)
        share = wilson_share(hits, n, confidence=level)
        judged = judged.assign(lower=share.lower, upper=share.upper)
        return judged.loc[judged["lower"] > judged["alive_share"]].reset_index(drop=True)

    @property
    def total_holds(self) -> bool | None:
        """Did as many purchases come as expected, within the interval? None without a model or limits."""
        ends = float(self.total.lower), float(self.total.upper)
        return ends[0] <= 0 <= ends[1] if np.isfinite(ends).all() else None

    @property
    def share_holds(self) -> bool:
        """Does the expected share of buyers agree with the observed one, within its interval?"""
        return bool(self.bought.lower <= self.expected_share <= self.bought.upper)


@step
def check_forecasts(
    study: Study, usable: Mapping[str, BtydFit], hiatus_days: float | None, *, confidence: float, seed: int
) -> HoldoutCheck | None:
    """Which forecast of each customer's purchases in the holdout came closest?

    Parameters
    ----------
    usable
        Model to converged fit; may be empty, and then only the rules are judged.
    hiatus_days
        Silence after which a customer is gone by the second rule; None where nobody has come back.

    Returns
    -------
    HoldoutCheck or None
        None without a holdout or without customers.

    Notes
    -----
    The rules: every customer repeats the repeats of the last period of equal length; or goes on at the past rate,
    unless silent for longer than `hiatus_days` (after Wuebben and von Wangenheim 2008, Journal of Marketing 72,
    82-93). Squared error is least for the true expectation, so it is what forecasts are ranked by; intervals are
    those of `stats.skewed` over customers taken as independent. Who buys at all is judged on at
    most 20,000 distinct histories.
    """
    if study.holdout_until is None:
        return None
    rows = count_histories(study)
    if rows.empty:
        return None
    horizon = (study.holdout_until - study.as_of).total_seconds() / _SECONDS_PER_DAY
    n, later = rows["n_customers"].to_numpy(dtype=float), rows["n_later"].to_numpy(dtype=float)
    forecasts = _forecast(rows, usable, horizon)
    judged = _judge_buying(rows, usable, horizon, seed)
    rules = _apply_rules(rows, horizon, hiatus_days)
    errors = _measure_errors(forecasts, rules, later, n, confidence)
    errors["brier"] = [
        np.average(judged[name]["miss"], weights=judged[name]["n"]) if name in judged else np.nan
        for name in errors["forecast"]
    ]
    misses = {name: (frame["miss"].to_numpy(), frame["n"].to_numpy()) for name, frame in judged.items()}
    chosen, why = choose_by_holdout(errors, misses, confidence)
    best_rule = str(errors.loc[errors["is_rule"], "forecast"].iloc[0])
    expected = np.full(len(n), np.nan) if chosen is None else forecasts[chosen]
    means = pd.DataFrame({"n": n, "observed": later, "expected": expected, "rule": rules[best_rule]})
    return HoldoutCheck(
        as_of=study.as_of,
        until=study.holdout_until,
        horizon_days=horizon,
        n_customers=int(n.sum()),
        observed=int(later @ n),
        hiatus_days=hiatus_days,
        errors=errors,
        chosen=chosen,
        why_chosen=why,
        best_rule=best_rule,
        gain=mean_interval((later - rules[best_rule]) ** 2 - (later - expected) ** 2, n, confidence=confidence),
        by_frequency=average_by_frequency(rows, means),
        by_recency=average_by_recency(rows, means),
        bought=wilson_share(n[later > 0].sum(), n.sum(), confidence=confidence),
        total=_judge_total(usable.get(str(chosen)), rows, horizon, later - expected, confidence, seed),
        confidence=confidence,
        **_judge_chosen(judged.get(str(chosen)), confidence),
    )


def _judge_total(
    fit: BtydFit | None, rows: pd.DataFrame, horizon: float, missed: FloatArray, confidence: float, seed: int
) -> Interval:
    """Purchases that came less those expected, with limits for the parameters and for what customers do by chance."""
    nothing = Interval(*(np.asarray(np.nan) for _ in range(3)))
    if fit is None:
        return nothing
    n = rows["n_customers"].to_numpy(dtype=float)
    by_chance = mean_interval(missed, n, confidence=confidence)
    patterns = rows[[*PATTERN, "n_customers"]].groupby(list(PATTERN), as_index=False).sum()
    scores = score_patterns(fit, patterns, horizon)
    told = estimate_expected(fit, scores, horizon, confidence=confidence, seed=seed)
    gap = float(by_chance.estimate) * n.sum()
    below = np.hypot((by_chance.estimate - by_chance.lower) * n.sum(), told.upper - told.estimate)
    above = np.hypot((by_chance.upper - by_chance.estimate) * n.sum(), told.estimate - told.lower)
    return Interval(np.asarray(gap), np.asarray(gap - below), np.asarray(gap + above))


def _forecast(rows: pd.DataFrame, usable: Mapping[str, BtydFit], horizon: float) -> dict[str, FloatArray]:
    """What each model expects of each row; scored once for each distinct history."""
    distinct = rows[list(PATTERN)].drop_duplicates(ignore_index=True)
    placed = rows.merge(distinct.assign(place=np.arange(len(distinct))), on=list(PATTERN), how="left", sort=False)
    own = placed["place"].to_numpy(dtype=int)
    return {
        name: fit.expected_purchases(distinct, horizon)["expected_purchases"].to_numpy()[own]
        for name, fit in usable.items()
    }


def _judge_chosen(judged: pd.DataFrame | None, confidence: float) -> dict[str, Any]:
    """What came of those whom the chosen model took to be there, and of those it took to be gone."""
    buying = pd.DataFrame(columns=["n", "bought", "chance", "alive"], dtype=float) if judged is None else judged
    gone = buying.loc[buying["alive"] < GONE_BELOW]
    n_gone, n_back = float(gone["n"].sum()), float((gone["bought"] * gone["n"]).sum())
    is_enough = n_gone >= _FEWEST_GONE
    return {
        "by_group": average_by_group(buying, confidence),
        "gone_alive": _mean_of(gone, "alive"),
        "gone_bought": wilson_share(n_back, n_gone, confidence=confidence) if is_enough else None,
        "expected_share": _mean_of(buying, "chance"),
    }


def _judge_buying(
    rows: pd.DataFrame, usable: Mapping[str, BtydFit], horizon: float, seed: int
) -> dict[str, pd.DataFrame]:
    """For each model, one row per history judged: n, bought, chance, alive, miss."""
    some = rows if len(rows) <= _ROWS_JUDGED else rows.sample(_ROWS_JUDGED, random_state=seed)
    bought = np.asarray(some["n_later"].to_numpy() > 0, dtype=float)
    judged = {}
    for name, fit in usable.items():
        chance = chance_to_buy(fit, some, horizon, seed=seed)
        alive = fit.probability_alive(some)["probability_alive"].to_numpy()
        judged[name] = pd.DataFrame(
            {
                "n": some["n_customers"].to_numpy(dtype=float),
                "bought": bought,
                "chance": chance,
                "alive": alive,
                "miss": squared_miss(bought, chance),
            }
        )
    return judged


def _mean_of(frame: pd.DataFrame, column: str) -> float:
    n = float(frame["n"].sum())
    return float((frame[column] * frame["n"]).sum() / n) if n > 0 else float("nan")


def _apply_rules(rows: pd.DataFrame, horizon: float, hiatus_days: float | None) -> dict[str, FloatArray]:
    frequency, recency, age = (rows[name].to_numpy(dtype=float) for name in PATTERN)
    pace = np.divide(frequency, age, out=np.zeros_like(age), where=age > 0) * horizon
    is_gone = age - recency > (np.inf if hiatus_days is None else hiatus_days)
    return {SAME_AGAIN: rows["n_last"].to_numpy(dtype=float), HIATUS: np.where(is_gone, 0.0, pace)}


def _measure_errors(
    forecasts: Mapping[str, FloatArray],
    rules: Mapping[str, FloatArray],
    later: FloatArray,
    n: FloatArray,
    confidence: float,
) -> pd.DataFrame:
    found = []
    for name, expected in {**forecasts, **rules}.items():
        squared = mean_interval((later - expected) ** 2, n, confidence=confidence)
        found.append(
            {
                "forecast": name,
                "is_rule": name in rules,
                "rmse": float(np.sqrt(squared.estimate)),
                "lower": float(np.sqrt(max(float(squared.lower), 0.0))),
                "upper": float(np.sqrt(squared.upper)),
                "mae": float(np.average(np.abs(later - expected), weights=n)),
                "total_expected": float(expected @ n),
                "total_observed": float(later @ n),
            }
        )
    return pd.DataFrame(found).sort_values(["is_rule", "rmse"], kind="stable", ignore_index=True)
