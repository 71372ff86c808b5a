"""A fitted shape: its curve, its averages and its chances, each with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from scipy import optimize, special

from crm_research.models.hazards.design import Design
from crm_research.models.parametric.curve import Curve, Reading
from crm_research.models.parametric.moves import FIRST_DAY
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import normal_interval, normal_quantile

_N_NODES: Final = 200
_FIRST: Final = 1e-6
# A shape that did not settle may run beyond what numbers hold; its notes say so, and its limits are NaN.
_QUIET: Final = np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")


@dataclass(frozen=True, eq=False, kw_only=True)
class ParametricFit:
    """How long do customers stay, by one smooth shape that also says something beyond what was watched?

    Parameters
    ----------
    shape, estimator
        Its name, and the same in words.
    parameters
        Grain: parameter of the curve. Columns ``parameter``, ``estimate``, ``lower``, ``upper``, ``std_error``. With
        covariates they are those of the average customer.
    ratios
        Grain: column of the model. Columns ``covariate``, ``level``, ``reference``, ``time_ratio`` (times as long, of
        the level against the reference or of one unit more), ``lower``, ``upper``, ``coefficient``, ``std_error``,
        ``z``, ``p_value``. Empty without covariates.
    covariance
        Of all parameters, in the order in which the curve holds them.
    log_likelihood, aic
        In days.
    n, n_ended
        Spells (weights added up) and ends.
    first_days, last_days
        Tenures between which the likelihood saw spells leave.
    has_converged
        False where the search did not arrive at a peak; intervals are then NaN.
    notes
        What was left out or is doubtful, in words.
    """

    shape: str
    estimator: str
    parameters: pd.DataFrame
    ratios: pd.DataFrame
    covariance: FloatArray
    log_likelihood: float
    aic: float
    n: float
    n_ended: float
    first_days: float
    last_days: float
    confidence: float
    has_converged: bool
    notes: tuple[str, ...]
    _curve: Curve = field(repr=False)
    _theta: FloatArray = field(repr=False)
    _design: Design = field(repr=False)
    _kept: tuple[int, ...] = field(repr=False)
    _means: FloatArray = field(repr=False)
    _scale: FloatArray = field(repr=False)

    def read(self, days: FloatArray, profile: pd.DataFrame | None = None) -> Reading:
        """The curve's cumulative and log hazard at tenures above 0, with their slopes in the parameters.

        Parameters
        ----------
        profile
            One row with the covariates; None means the average customer.
        """
        asked = np.atleast_1d(np.asarray(days, dtype=float))
        row = np.zeros((1, len(self._kept))) if profile is None else self._columns(profile.head(1))
        return self._curve.read(self._theta, asked, np.repeat(row, len(asked), axis=0))

    @_QUIET
    def at(self, days: float | Sequence[float], profile: pd.DataFrame | None = None) -> pd.DataFrame:
        """What share stays longer than each of these tenures?

        Returns
        -------
        pandas.DataFrame
            Grain: asked tenure. Columns ``tenure_days``, ``survival``, ``lower``, ``upper`` (delta method on the
            log(-log) scale), ``hazard`` (by day).
        """
        asked = np.atleast_1d(np.asarray(days, dtype=float))
        found = self.read(np.maximum(asked, _FIRST), profile)
        error = self._error(found.d_cumulative) / found.cumulative
        half = normal_quantile(self.confidence) * error
        total = np.where(asked > 0, found.cumulative, 0.0)
        lower, upper = np.exp(-total * np.exp(half)), np.exp(-total * np.exp(-half))
        return pd.DataFrame(
            {
                "tenure_days": asked,
                "survival": np.exp(-total),
                "lower": lower,
                "upper": upper,
                "hazard": np.exp(found.log_hazard),
            }
        )

    @_QUIET
    def quantile(self, share_left: float, profile: pd.DataFrame | None = None) -> pd.DataFrame:
        """By which tenure has this share left? One row: ``days``, ``lower``, ``upper`` (on the log scale).

        NaN where the curve never falls so far, as where a falling danger keeps some for ever.
        """
        if not 0.0 < share_left < 1.0:
            raise ValueError(f"share_left must lie between 0 and 1, not {share_left!r}.")
        target = -np.log1p(-share_left)

        def beyond(log_days: float) -> float:
            return float(self.read(np.exp([log_days]), profile).cumulative[0] - target)

        low, high = np.log(FIRST_DAY) - 20.0, np.log(self.last_days) + 20.0
        if not beyond(low) < 0 < beyond(high):
            return pd.DataFrame([dict.fromkeys(("days", "lower", "upper"), np.nan)])
        log_days = float(optimize.brentq(beyond, low, high, xtol=1e-12))
        found = self.read(np.exp([log_days]), profile)
        slope = float(np.exp(found.log_hazard[0] + log_days))
        half = normal_quantile(self.confidence) * float(self._error(found.d_cumulative)[0]) / slope
        limits = np.exp([log_days, log_days - half, log_days + half])
        return pd.DataFrame([dict(zip(("days", "lower", "upper"), map(float, limits), strict=True))])

    def median(self, profile: pd.DataFrame | None = None) -> pd.DataFrame:
        """By which tenure have half left? As `quantile`."""
        return self.quantile(0.5, profile)

    @_QUIET
    def restricted_mean(self, horizon_days: float, profile: pd.DataFrame | None = None) -> pd.DataFrame:
        """How many of the first `horizon_days` does a customer stay, on average?

        One row: ``mean_days``, ``lower``, ``upper``, ``std_error``.
        """
        days, weights = stretch_nodes(0.0, float(horizon_days))
        found = self.read(days, profile)
        survival = np.exp(-found.cumulative)
        mean = float(weights @ survival)
        error = float(self._error(-(weights * survival)[None, :] @ found.d_cumulative)[0])
        limits = normal_interval(mean, error, confidence=self.confidence)
        return pd.DataFrame(
            {
                "mean_days": [mean],
                "lower": [max(float(limits.lower), 0.0)],
                "upper": [min(float(limits.upper), float(horizon_days))],
                "std_error": [error],
            }
        )

    @_QUIET
    def mean(self, profile: pd.DataFrame | None = None) -> pd.DataFrame:
        """How long does a customer stay on average, without any horizon? ``mean_days``, ``lower``, ``upper``.

        Known in closed form for exponential, Weibull, log-normal and log-logistic; infinite for a log-logistic curve
        with a long tail, and NaN for the other shapes. It leans on tenures that nobody was watched for.
        """
        scale = float(np.exp(self._theta[-1])) if "log_scale" in self._curve.names else 1.0
        known = _log_mean(self.shape, scale)
        if known is None or not np.isfinite(known[0]):
            mean = np.nan if known is None else np.inf
            return pd.DataFrame([{"mean_days": mean, "lower": np.nan, "upper": np.nan}])
        row = np.zeros((1, len(self._kept))) if profile is None else self._columns(profile.head(1))
        slope = np.concatenate([[1.0], row[0], [known[1]] if "log_scale" in self._curve.names else []])
        place = float(self._theta[0] + row[0] @ self._theta[1 : 1 + row.shape[1]]) + known[0]
        half = normal_quantile(self.confidence) * float(self._error(slope[None, :])[0])
        values = np.exp([place, place - half, place + half])
        return pd.DataFrame([dict(zip(("mean_days", "lower", "upper"), map(float, values), strict=True))])

    @_QUIET
    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """What is each row's chance to leave within each horizon, having stayed for its ``tenure_days`` so far?

        Returns
        -------
        pandas.DataFrame
            Grain: row of `frame`; one column for each horizon, named by it. NaN for a row whose covariates the model
            cannot read.
        """
        columns = self._columns(frame)
        known = np.isfinite(columns).all(axis=1) & np.isfinite(frame["tenure_days"].to_numpy(dtype=float))
        now = frame["tenure_days"].to_numpy(dtype=float)[known]
        out = np.full((len(frame), len(horizons_days)), np.nan)
        base = self._curve.read(self._theta, np.maximum(now, _FIRST), columns[known]).cumulative
        for place, horizon in enumerate(horizons_days):
            then = self._curve.read(self._theta, np.maximum(now + horizon, _FIRST), columns[known]).cumulative
            out[known, place] = -np.expm1(-np.maximum(then - base, 0.0))
        return pd.DataFrame(out, index=frame.index, columns=[float(horizon) for horizon in horizons_days])

    def _columns(self, frame: pd.DataFrame) -> FloatArray:
        table = self._design.matrix(frame)[:, list(self._kept)]
        return np.asarray((table - self._means) / self._scale)

    def _error(self, slopes: FloatArray) -> FloatArray:
        variance = np.einsum("ij,jk,ik->i", slopes, self.covariance, slopes)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def stretch_nodes(start: float, end: float) -> tuple[FloatArray, FloatArray]:
    """Tenures and weights that integrate a curve between two tenures; denser at the start, where curves are steep."""
    nodes, weights = np.polynomial.legendre.leggauss(_N_NODES)
    along = (nodes + 1) / 2
    span = max(end - start, 0.0)
    return np.maximum(start + span * along**2, _FIRST), weights / 2 * span * 2 * along


def _log_mean(shape: str, scale: float) -> tuple[float, float] | None:
    """Logarithm of the mean of exp(scale W), and its slope in log scale."""
    if shape == "exponential":
        return 0.0, 0.0
    if shape == "weibull":
        return float(special.gammaln(1 + scale)), float(scale * special.digamma(1 + scale))
    if shape == "log_normal":
        return scale**2 / 2, scale**2
    if shape == "log_logistic":
        turn = np.pi * scale
        return (float(np.log(turn / np.sin(turn))), float(1 - turn / np.tan(turn))) if scale < 1 else (np.inf, np.nan)
    return None
