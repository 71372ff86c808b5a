"""Customers scored by a fitted model, with intervals from the uncertainty of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.models.btyd.family import History
from crm_research.models.btyd.limits import Limit
from crm_research.stats.intervals import FloatArray, check_confidence, normal_quantile

# Natural parameters, histories and horizons in; one value per history out.
Score = Callable[[FloatArray, History, FloatArray], FloatArray]
_ROWS_AT_ONCE = 50_000


def distinct_rows(history: History, horizon: FloatArray) -> tuple[History, FloatArray, np.ndarray]:
    """The distinct histories with their horizons, and for each customer which of them is its own."""
    columns = dict(zip("frah", (*history, horizon), strict=True))
    codes = pd.DataFrame(columns).groupby(list(columns), sort=False).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    return History(*(column[first] for column in history)), horizon[first], codes


def draw_params(
    log_params: FloatArray, covariance: FloatArray, n_draws: int, rng: np.random.Generator
) -> FloatArray | None:
    """Parameters as uncertain as the data leave them, normal on the log scale; None where the fit has no covariance."""
    if not np.all(np.isfinite(covariance)):
        return None
    spread, directions = np.linalg.eigh(covariance)
    normal = rng.standard_normal((n_draws, len(log_params))) * np.sqrt(np.maximum(spread, 0.0))
    return np.asarray(np.exp(log_params + normal @ directions.T))


def limits_over_draws(
    score: Score, draws: FloatArray | None, history: History, horizon: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Between which limits does each customer's score lie over the drawn parameters? NaN without draws."""
    if draws is None:
        nothing = np.full(len(history.age), np.nan)
        return nothing, nothing.copy()
    rows, at_horizon, own = distinct_rows(history, horizon)
    tail = (1 - confidence) / 2
    lower, upper = np.empty(len(at_horizon)), np.empty(len(at_horizon))
    for part in row_slices(len(at_horizon)):
        some = History(*(column[part] for column in rows))
        scores = np.stack([score(params, some, at_horizon[part]) for params in draws])
        lower[part], upper[part] = np.quantile(scores, [tail, 1 - tail], axis=0)
    return lower[own], upper[own]


def outcome_limits(
    draw: Callable[[FloatArray, History, FloatArray], FloatArray],
    draws: FloatArray | None,
    history: History,
    horizon: FloatArray,
    confidence: float,
) -> tuple[FloatArray, FloatArray]:
    """Between which whole numbers does each customer's own outcome lie? One future per drawn parameter."""
    if draws is None:
        nothing = np.full(len(history.age), np.nan)
        return nothing, nothing.copy()
    tail = (1 - confidence) / 2
    rows, at_horizon, own = distinct_rows(history, horizon)
    lower, upper = np.empty(len(at_horizon)), np.empty(len(at_horizon))
    for part in row_slices(len(at_horizon)):
        some = History(*(column[part] for column in rows))
        futures = np.stack([draw(params, some, at_horizon[part]) for params in draws])
        # Whole purchases: the inverted distribution never invents a fraction of one.
        lower[part] = np.quantile(futures, tail, axis=0, method="inverted_cdf")
        upper[part] = np.quantile(futures, 1 - tail, axis=0, method="inverted_cdf")
    return lower[own], upper[own]


def row_slices(n: int) -> Iterator[slice]:
    """Stretches of rows small enough to hold all their draws at once."""
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, n, _ROWS_AT_ONCE))


def describe_params(
    names: tuple[str, ...], log_params: FloatArray, covariance: FloatArray, confidence: float
) -> pd.DataFrame:
    """Parameters with standard errors (delta method) and limits that are symmetric on the log scale."""
    estimate = np.exp(log_params)
    spread = np.sqrt(np.diag(covariance))
    half = normal_quantile(confidence) * spread
    with np.errstate(over="ignore"):
        return pd.DataFrame(
            {
                "name": list(names),
                "estimate": estimate,
                "se": estimate * spread,
                "lower": np.exp(log_params - half),
                "upper": np.exp(log_params + half),
            }
        )


def describe_limit(
    limit: Limit, params: pd.DataFrame, log_params: FloatArray, covariance: FloatArray, confidence: float
) -> pd.DataFrame:
    """The same at a limit: parameters that run away as 0 or infinite, and below them the ratios that remain."""
    runs_away = ~np.isnan(limit.edges)
    params.loc[runs_away, ["estimate", "se", "lower", "upper"]] = np.nan
    params.loc[runs_away, "estimate"] = limit.edges[runs_away]
    of_free = limit.project @ covariance @ limit.project.T
    free = describe_params(limit.names, limit.project @ log_params, of_free, confidence)
    known = params["name"].tolist()
    return pd.concat([params, free.loc[~free["name"].isin(known)]], ignore_index=True)


def estimate_of(params: pd.DataFrame, name: str) -> float:
    """The estimate of one parameter, by name; ParameterError for a name that the model does not have."""
    known = dict(zip(params["name"].astype(str), params["estimate"].to_numpy(dtype=float), strict=True))
    if name not in known:
        raise ParameterError(f"There is no parameter {name!r}. {offer_names(name, known)}")
    return float(known[name])


def read_level(confidence: float) -> float:
    """A level strictly between 0 and 1; ParameterError otherwise."""
    try:
        return check_confidence(confidence)
    except ValueError as error:
        raise ParameterError(str(error)) from error
