"""Customers scored by distinct history: chance of still being active, and purchases to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.btyd import BtydFit, profile_alive
from crm_research.models.btyd.family import History
from crm_research.models.btyd.scoring import draw_params
from crm_research.pillars.silent_churn.counting import PATTERN, read_big_spenders
from crm_research.stats.intervals import FloatArray, Interval, log_interval, normal_quantile
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

# Chance of being active from which a customer belongs to each group, from the surest down.
GROUPS: Final = (
    ("almost surely active", 0.9),
    ("probably active", 0.5),
    ("probably gone", 0.1),
    ("almost surely gone", 0.0),
)
# Below this chance of being active a customer is probably gone.
GONE_BELOW: Final = 0.5
GONE_GROUPS: Final = tuple(name for name, lowest in GROUPS if lowest < GONE_BELOW)
_ROWS_AT_ONCE: Final = 100_000
_N_DRAWS: Final = 200
_ROWS_DRAWN: Final = 4_000
_N_FUTURES: Final = 200
_STEP: Final = 1e-4
# Share of an interval's width from which the limits of two methods differ clearly.
_CLEARLY: Final = 0.1
_BIG_SPENDERS: Final = 20_000
_PROBABLY_GONE: Final = (0.1, GONE_BELOW)


def score_patterns(fit: BtydFit, patterns: pd.DataFrame, horizon_days: float) -> pd.DataFrame:
    """What does the model say of each distinct history?

    Returns
    -------
    pandas.DataFrame
        The rows of `patterns` with ``silent_days`` (since the last purchase), ``probability_alive`` and
        ``expected_purchases`` in the next `horizon_days`, scored in chunks.
    """
    parts = []
    for start in range(0, len(patterns), _ROWS_AT_ONCE):
        part = patterns.iloc[start : start + _ROWS_AT_ONCE]
        alive = fit.probability_alive(part)["probability_alive"].clip(0.0, 1.0)
        expected = fit.expected_purchases(part, horizon_days)["expected_purchases"]
        silent = part["age_days"] - part["recency_days"]
        parts.append(part.assign(silent_days=silent, probability_alive=alive, expected_purchases=expected))
    return pd.concat(parts, ignore_index=True)


def estimate_alive(fit: BtydFit, scores: pd.DataFrame, *, confidence: float, seed: int) -> Interval:
    """What share of these customers is still active, and between which limits?

    Notes
    -----
    The limits hold the uncertainty of the parameters (200 draws from their sampling distribution) and the chance of
    each customer on top. With many histories the draws are scored on 4,000 of them, the estimate on all.
    """
    rng = np.random.default_rng(seed)
    weights = scores["n_customers"].to_numpy(dtype=float)
    chance = scores["probability_alive"].to_numpy(dtype=float)
    estimate = float(np.average(chance, weights=weights))
    rows = _thin(weights, rng, _ROWS_DRAWN)
    draws = draw_params(fit.log_params, fit.covariance, _N_DRAWS, rng)
    if draws is None:
        return Interval(np.asarray(estimate), np.asarray(np.nan), np.asarray(np.nan))
    history, n = _history(fit, scores.iloc[rows]), weights[rows]
    chances = np.stack([np.clip(fit.family.probability_alive(params, history), 0.0, 1.0) for params in draws])
    total = weights.sum()
    means = np.average(chances, axis=1, weights=n)
    chance_alone = np.sqrt(np.average(chances * (1 - chances), axis=1, weights=n) / total)
    around = means - float(np.average(chance[rows], weights=n)) + chance_alone * rng.standard_normal(len(draws))
    tail = (1 - confidence) / 2
    lower, upper = np.clip(estimate + np.quantile(around, [tail, 1 - tail]), 0.0, 1.0)
    return Interval(np.asarray(estimate), np.asarray(lower), np.asarray(upper))


def sharpen_alive(fit: BtydFit, drawn: Interval, scores: pd.DataFrame) -> Interval:
    """The share still active with the limits of its profile likelihood, where they differ clearly from the drawn ones.

    Parameters
    ----------
    drawn
        As `estimate_alive` has it.
    scores
        Of the fitted customers, whose own chances add to the uncertainty of the parameters.
    """
    profiled = profile_alive(fit)
    share = float(drawn.estimate)
    ends = np.array([float(profiled.lower), float(profiled.upper)])
    old = np.array([float(drawn.lower), float(drawn.upper)])
    if not np.all(np.isfinite([*ends, *old])):
        return drawn
    n, chance = scores["n_customers"].to_numpy(dtype=float), scores["probability_alive"].to_numpy(dtype=float)
    alone = normal_quantile(fit.confidence) * float(np.sqrt(n @ (chance * (1 - chance)))) / float(n.sum())
    reach = np.hypot(ends - share, alone)
    new = np.clip([share - reach[0], share + reach[1]], 0.0, 1.0)
    if np.abs(new - old).max() < _CLEARLY * np.ptp(old):
        return drawn
    return Interval(drawn.estimate, np.asarray(new[0]), np.asarray(new[1]))


def estimate_expected(
    fit: BtydFit, scores: pd.DataFrame, horizon_days: float, *, confidence: float, seed: int
) -> Interval:
    """How many purchases will all of them make together? Limits of the expectation, by the delta method.

    The limits hold the uncertainty of the parameters alone; its slopes are taken on at most 1,000 histories.
    """
    estimate, spread = _expect(fit, scores, horizon_days, seed=seed)
    return log_interval(estimate, estimate * spread, confidence=confidence)


def _expect(fit: BtydFit, scores: pd.DataFrame, horizon_days: float, *, seed: int) -> tuple[float, float]:
    """Purchases to expect of all, and the spread of their logarithm for what is not known of the parameters."""
    weights = scores["n_customers"].to_numpy(dtype=float)
    estimate = float(scores["expected_purchases"].to_numpy(dtype=float) @ weights)
    if estimate <= 0 or not np.all(np.isfinite(fit.covariance)):
        return estimate, np.nan
    some, history, horizon = _sample(fit, scores, horizon_days, np.random.default_rng(seed + 1))
    n = some["n_customers"].to_numpy(dtype=float)

    def log_total(log_params: FloatArray) -> float:
        return float(np.log(fit.family.expected_purchases(np.exp(log_params), history, horizon) @ n))

    steps = _STEP * np.eye(len(fit.log_params))
    slopes = np.array([log_total(fit.log_params + step) - log_total(fit.log_params - step) for step in steps])
    slopes /= 2 * _STEP
    return estimate, float(np.sqrt(max(float(slopes @ fit.covariance @ slopes), 0.0)))


def _sample(
    fit: BtydFit, scores: pd.DataFrame, horizon_days: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, History, FloatArray]:
    """At most 1,000 scored histories, as scored and as the model reads them, and the horizon of each in its unit."""
    some = scores.iloc[_thin(scores["n_customers"].to_numpy(dtype=float), rng, 1_000)]
    return some, _history(fit, some), np.full(len(some), horizon_days / fit.time_unit_days)


def forecast_total(
    fit: BtydFit, scores: pd.DataFrame, horizon_days: float, *, confidence: float, seed: int
) -> Interval:
    """How many purchases will all of them make together, and between which limits will the number be that comes?

    To the uncertainty of the parameters (`estimate_expected`) comes what customers do by chance: the variance of 200
    drawn futures of at most 1,000 histories, by the model's own parameters.
    """
    total, spread = _expect(fit, scores, horizon_days, seed=seed)
    if not np.isfinite(spread):
        return log_interval(total, np.nan, confidence=confidence)
    rng = np.random.default_rng(seed + 3)
    some, history, horizon = _sample(fit, scores, horizon_days, rng)
    params = np.exp(fit.log_params)
    futures = np.array([fit.family.draw_future(params, history, horizon, rng) for _ in range(_N_FUTURES)])
    n, expected = (some[name].to_numpy(dtype=float) for name in ("n_customers", "expected_purchases"))
    by_chance = float(futures.var(axis=0, ddof=1) @ n) * total / float(expected @ n)
    return log_interval(total, float(np.hypot(spread * total, np.sqrt(by_chance))), confidence=confidence)


def chance_to_buy(fit: BtydFit, patterns: pd.DataFrame, horizon_days: float, *, seed: int) -> FloatArray:
    """How likely is each history to bring a purchase within the horizon? The share of 200 drawn futures that do."""
    rng = np.random.default_rng(seed + 2)
    params, history = np.exp(fit.log_params), _history(fit, patterns)
    horizon = np.full(len(patterns), horizon_days / fit.time_unit_days)
    bought = np.zeros(len(patterns))
    for _ in range(_N_FUTURES):
        bought += fit.family.draw_future(params, history, horizon, rng) > 0
    return bought / _N_FUTURES


def squared_miss(bought: FloatArray, chance: FloatArray) -> FloatArray:
    """Squared difference of yes (1) or no (0) and its chance, without what the finite number of futures adds."""
    return np.asarray((bought - chance) ** 2 - chance * (1 - chance) / (_N_FUTURES - 1))


def group_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """How many customers are almost surely active, probably active, probably gone, almost surely gone?

    Returns
    -------
    pandas.DataFrame
        Grain: group, the surest first. Columns ``customers``, ``from_rate``, ``to_rate`` (chance of being active),
        ``n_customers``, ``size_share``, ``mean_silent_weeks``, ``expected_purchases`` (in the horizon).
    """
    weights = scores["n_customers"].to_numpy(dtype=float)
    number = group_of(scores["probability_alive"])
    rows, upper = [], 1.0
    for place, (name, lowest) in enumerate(GROUPS):
        inside = number == place
        n = weights[inside].sum()
        silent = float(scores["silent_days"].to_numpy()[inside] @ weights[inside]) / n / DAYS_PER_WEEK if n else np.nan
        expected = float(scores["expected_purchases"].to_numpy()[inside] @ weights[inside])
        rows.append((name, lowest, upper, int(n), n / weights.sum(), silent, expected))
        upper = lowest
    columns = ["customers", "from_rate", "to_rate", "n_customers", "size_share", "mean_silent_weeks"]
    return pd.DataFrame(rows, columns=[*columns, "expected_purchases"])


def group_of(chances: pd.Series) -> np.ndarray:
    """Place in GROUPS of each chance of being active."""
    values = chances.to_numpy(dtype=float)
    return np.asarray(np.sum([values < lowest for _, lowest in GROUPS[:-1]], axis=0))


@step
def list_going_silent(study: Study, fit: BtydFit, *, confidence: float, seed: int, n: int | None = 20) -> pd.DataFrame:
    """Which of the most valuable customers are probably gone, but not surely?

    Returns
    -------
    pandas.DataFrame
        At most `n` customers (None: all) who bought again and whose chance of still being active is 10 to 50 %, the
        largest spend so far first, among the 20,000 of the largest spend: ``customer_id``, ``spend``, ``purchases``,
        ``usual_gap_weeks`` (mean gap), ``silent_weeks``, ``active_rate``, ``lower``, ``upper``.
    """
    columns = ["customer_id", "spend", "purchases", "usual_gap_weeks", "silent_weeks", "active_rate", "lower", "upper"]
    top = read_big_spenders(study, _BIG_SPENDERS)
    if top.empty:
        return pd.DataFrame(columns=columns)
    chance = fit.probability_alive(top)["probability_alive"]
    chosen = top.loc[chance.between(*_PROBABLY_GONE, inclusive="left")]
    chosen = chosen if n is None else chosen.head(n)
    if chosen.empty:
        return pd.DataFrame(columns=columns)
    alive = fit.probability_alive(chosen, confidence=confidence, seed=seed)
    found = chosen.assign(
        purchases=chosen["frequency"] + 1,
        usual_gap_weeks=chosen["recency_days"] / chosen["frequency"] / DAYS_PER_WEEK,
        active_rate=alive["probability_alive"],
        lower=alive["lower"],
        upper=alive["upper"],
    )
    return found[columns].reset_index(drop=True)


def _history(fit: BtydFit, frame: pd.DataFrame) -> History:
    frequency, recency, age = (frame[name].to_numpy(dtype=float) for name in PATTERN)
    return History(frequency, recency / fit.time_unit_days, age / fit.time_unit_days)


def _thin(weights: FloatArray, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rows to work on: all, or `n` drawn evenly."""
    if len(weights) <= n:
        return np.arange(len(weights))
    return np.sort(rng.choice(len(weights), n, replace=False))
