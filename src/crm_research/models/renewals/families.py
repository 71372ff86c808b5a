"""Retention by renewal as each model has it: the chance to renew, and how it moves with the parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from scipy import special

from crm_research.stats.intervals import FloatArray

_STEEPEST = 3.0


class LogRetention(NamedTuple):
    """Logarithm of the chance to renew (n), of the chance to leave (n), and the first one's gradient (params x n)."""

    renew: FloatArray
    leave: FloatArray
    gradient: FloatArray

    def leave_gradient(self) -> FloatArray:
        """Gradient of the logarithm of the chance to leave."""
        return np.asarray(-np.exp(self.renew - self.leave) * self.gradient)


class RenewalFamily(ABC):
    """A story of who renews, of positive parameters; a place in it is the logarithms of these."""

    name: ClassVar[str]
    reference: ClassVar[str]
    param_names: ClassVar[tuple[str, ...]]

    @abstractmethod
    def log_retention(self, log_params: FloatArray, renewals: FloatArray) -> LogRetention:
        """The chance that somebody who is up for the renewal (1, 2, ...) renews."""

    @abstractmethod
    def starts(self, first_leave_share: float) -> list[FloatArray]:
        """Where to begin the search, given the share that leaves at the earliest renewal seen."""


class ConstantRate(RenewalFamily):
    """The same share leaves at every renewal: everybody alike, and no memory. One parameter, the mean odds to leave."""

    name = "constant rate"
    reference = "geometric distribution"
    param_names: ClassVar[tuple[str, ...]] = ("odds_of_leaving",)

    def log_retention(self, log_params: FloatArray, renewals: FloatArray) -> LogRetention:
        """1 / (1 + odds), at every renewal."""
        flat = np.ones(len(renewals))
        renew, leave = (float(special.log_expit(sign * log_params[0])) for sign in (-1.0, 1.0))
        return LogRetention(renew * flat, leave * flat, -np.exp(leave) * flat[None, :])

    def starts(self, first_leave_share: float) -> list[FloatArray]:
        """The odds themselves."""
        return [np.array([special.logit(first_leave_share)])]


class ShiftedBetaGeometric(RenewalFamily):
    """Each customer leaves at every renewal with its own chance; the chances follow a beta distribution."""

    name = "sBG"
    reference = "Fader and Hardie (2007), Journal of Interactive Marketing 21, 76-90"
    param_names: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    def log_retention(self, log_params: FloatArray, renewals: FloatArray) -> LogRetention:
        """Equation 7: (beta + t - 1) / (alpha + beta + t - 1)."""
        alpha, beta = np.exp(log_params)
        lasting = beta + renewals - 1.0
        leave_share = alpha / (alpha + lasting)
        gradient = np.array([-leave_share, beta / lasting * leave_share])
        return LogRetention(np.log1p(-leave_share), np.log(leave_share), gradient)

    def starts(self, first_leave_share: float) -> list[FloatArray]:
        """The first share left, with customers much, somewhat and little different."""
        p = first_leave_share
        return [np.log([size * p, size * (1.0 - p)]) for size in (0.5, 3.0, 30.0)]


class BetaDiscreteWeibull(RenewalFamily):
    """As the sBG, but each customer's own chance to leave may rise (c > 1) or fall (c < 1) with the renewals."""

    name = "BdW"
    reference = "Fader, Hardie, Liu, Davin and Steenburgh (2018), Journal of Interactive Marketing 43, 1-16"
    param_names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "c")

    def log_retention(self, log_params: FloatArray, renewals: FloatArray) -> LogRetention:
        """S(t) / S(t - 1) with S(t) = B(alpha, beta + t^c) / B(alpha, beta)."""
        now, now_gradient = self._log_survival(log_params, renewals)
        before, before_gradient = self._log_survival(log_params, renewals - 1.0)
        renew = np.minimum(now - before, -1e-300)
        return LogRetention(renew, np.log(-np.expm1(renew)), now_gradient - before_gradient)

    def _log_survival(self, log_params: FloatArray, renewals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The survival up to a factor that does not depend on the renewal, which falls out of every ratio."""
        # Beyond twenty the power of a renewal's number says no more than "nobody renews again".
        alpha, beta, c = np.exp(np.minimum(log_params, [np.inf, np.inf, _STEEPEST]))
        power = renewals**c
        with_log = power * np.log(np.maximum(renewals, 1.0)) * c
        psi_beta, psi_both = special.digamma(beta + power), special.digamma(alpha + beta + power)
        gradient = np.array([-alpha * psi_both, beta * (psi_beta - psi_both), with_log * (psi_beta - psi_both)])
        return np.asarray(special.betaln(alpha, beta + power)), gradient

    def starts(self, first_leave_share: float) -> list[FloatArray]:
        """From the sBG's, with each customer's chance steady, rising and falling."""
        shapes = ShiftedBetaGeometric().starts(first_leave_share)
        return [np.append(shape, np.log(c)) for shape in shapes[:2] for c in (1.0, 1.5, 0.7)]
