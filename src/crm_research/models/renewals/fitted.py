"""A fitted model of renewals, and what can be read from it: retention, survival, how well it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.models.renewals.counts import RenewalCounts
from crm_research.models.renewals.families import ConstantRate, LogRetention, RenewalFamily
from crm_research.stats.intervals import FloatArray, exact_share, normal_quantile


class Goodness(NamedTuple):
    """Deviance against a free share at every renewal, its degrees of freedom, and the chance of one as large."""

    deviance: float
    n_free: int
    p_value: float


@dataclass(frozen=True, eq=False, kw_only=True)
class RenewalFit:
    """Which chances to renew make the counts most likely?

    Parameters
    ----------
    model
        The model that was asked for; `family` is the one that stands, which is one constant rate where the counts
        do not tell how customers differ.
    log_params, covariance
        Logarithms of the parameters of `family` and their covariance; NaN where the top is not one.
    counts
        What it was fitted to.
    log_likelihood
        Of all decisions, without the binomial coefficients; that of Fader and Hardie (2007), since the chances to
        have come to a renewal multiply up to the chance of each customer's whole history.
    is_converged
        Whether the search arrived.
    notes
        What a reader has to know.
    """

    model: str
    family: RenewalFamily
    log_params: FloatArray
    covariance: FloatArray
    counts: RenewalCounts
    log_likelihood: float
    is_converged: bool
    notes: tuple[str, ...]
    confidence: float

    @property
    def is_constant(self) -> bool:
        """Is it one rate for everybody?"""
        return isinstance(self.family, ConstantRate)

    @property
    def params(self) -> pd.DataFrame:
        """Parameters of `family`: ``parameter``, ``estimate``, ``std_error``, ``lower``, ``upper`` (log scale)."""
        with np.errstate(invalid="ignore", over="ignore"):
            spread = np.sqrt(np.diag(self.covariance))
            estimate, half = np.exp(self.log_params), normal_quantile(self.confidence) * spread
            return pd.DataFrame(
                {
                    "parameter": self.family.param_names,
                    "estimate": estimate,
                    "std_error": estimate * spread,
                    "lower": np.exp(self.log_params - half),
                    "upper": np.exp(self.log_params + half),
                }
            )

    @property
    def aic(self) -> float:
        """Akaike's criterion: smaller is better."""
        return 2.0 * len(self.log_params) - 2.0 * self.log_likelihood

    def retention(self, renewals: Sequence[float]) -> pd.DataFrame:
        """Of those who come to a renewal, what share renews?

        Parameters
        ----------
        renewals
            Numbers of renewals; 1 is the first.

        Returns
        -------
        pandas.DataFrame
            Columns ``renewal``, ``retention``, ``lower``, ``upper`` (delta method on the logit; exact where nobody
            has left, or renewed).
        """
        when = np.asarray(renewals, dtype=float)
        at = self._at(when)
        with np.errstate(divide="ignore", invalid="ignore"):
            half = normal_quantile(self.confidence) * self._spread(at.gradient / np.exp(at.leave))
            logit = at.renew - at.leave
            limits = [_expit(logit - half), _expit(logit + half)]
        return pd.DataFrame(
            {"renewal": when, "retention": np.exp(at.renew), **self._or_exact(limits, np.ones(len(when)))}
        )

    def survival(self, renewals: Sequence[float]) -> pd.DataFrame:
        """What share of those who began is still there after a number of renewals?

        Returns
        -------
        pandas.DataFrame
            Columns ``renewal`` (0 is the start), ``survival``, ``lower``, ``upper`` (delta method on log(-log)).
        """
        when = np.asarray(renewals, dtype=float)
        last = int(when.max(initial=1))
        at = self._at(np.arange(1.0, last + 1))
        log_survival = np.append(0.0, np.cumsum(at.renew))[when.astype(int)]
        steps = np.cumsum(at.gradient, axis=1)
        gradient = np.concatenate([np.zeros((len(steps), 1)), steps], axis=1)[:, when.astype(int)]
        with np.errstate(divide="ignore", invalid="ignore"):
            half = normal_quantile(self.confidence) * self._spread(gradient / log_survival)
            limits = [np.exp(log_survival * np.exp(sign * half)) for sign in (1.0, -1.0)]
        limits = [np.where(when == 0, 1.0, limit) for limit in limits]
        return pd.DataFrame({"renewal": when, "survival": np.exp(log_survival), **self._or_exact(limits, when)})

    def goodness(self) -> Goodness:
        """Does the model depart from the counts by more than chance? Few expected leavers make it rough."""
        at = self._at(self.counts.renewal)
        up, left = self.counts.n_up, self.counts.n_left
        seen = np.array([_times_log(left, left / up), _times_log(up - left, 1 - left / up)]).sum(axis=0)
        model = np.array([_times(left, at.leave), _times(up - left, at.renew)]).sum(axis=0)
        n_free = len(up) - len(self.log_params)
        deviance = max(2.0 * float((seen - model).sum()), 0.0)
        return Goodness(deviance, n_free, float(stats.chi2.sf(deviance, n_free)) if n_free > 0 else float("nan"))

    def _at(self, renewals: FloatArray) -> LogRetention:
        with np.errstate(invalid="ignore"):
            return self.family.log_retention(self.log_params, renewals)

    def _spread(self, gradient: FloatArray) -> FloatArray:
        """Standard errors of quantities with these gradients (params x n)."""
        return np.asarray(np.sqrt(np.einsum("in,ij,jn->n", gradient, self.covariance, gradient)))

    def _or_exact(self, limits: list[FloatArray], power: FloatArray) -> dict[str, FloatArray]:
        """The limits; where the rate itself lies at its edge, powers of the exact limits of one renewal."""
        if np.isfinite(self.log_params).all():
            return {"lower": np.asarray(limits[0]), "upper": np.asarray(limits[1])}
        n, left = self.counts.n_decisions, self.counts.n_ended
        exact = exact_share(n - left, n, confidence=self.confidence)
        return {"lower": np.asarray(exact.lower**power), "upper": np.asarray(exact.upper**power)}


def _expit(value: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-value)))


def _times_log(weight: FloatArray, share: FloatArray) -> FloatArray:
    return np.asarray(np.where(weight > 0, weight * np.log(np.where(share > 0, share, 1.0)), 0.0))


def _times(weight: FloatArray, log_share: FloatArray) -> FloatArray:
    return np.asarray(np.where(weight > 0, weight * np.where(weight > 0, log_share, 0.0), 0.0))
