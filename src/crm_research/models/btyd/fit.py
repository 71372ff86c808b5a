"""Fits of buy-till-you-die models, and what a fitted one says of customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.models.btyd.beta_binomial import BgBb
from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd
from crm_research.models.btyd.family import Family, History
from crm_research.models.btyd.maximise import Optimum, maximise
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.patterns import Patterns, check_enough, read_patterns
from crm_research.models.btyd.scoring import (
    describe_params,
    draw_params,
    estimate_of,
    limits_over_draws,
    outcome_limits,
    read_level,
)
from crm_research.stats.intervals import FloatArray
from crm_research.vocabulary import DAYS_PER_WEEK

# Above this many patterns the search begins on a part of them.
_THINNED_TO = 1_000


@dataclass(frozen=True, eq=False, kw_only=True)
class BtydFit:
    """How do customers without a contract buy and drop out? One fitted model.

    Parameters
    ----------
    model
        Name of the model, for example ``BG/NBD``.
    reference
        The paper it comes from.
    params
        name, estimate, se, lower, upper: parameters in `time_unit_days`, limits symmetric on the log scale. NaN
        beside the estimates where the fit did not converge.
    log_likelihood
        At the estimates, times in `time_unit_days`.
    n_customers, n_repeaters
        Customers behind the fit, and those of them who bought again.
    is_converged
        Whether the likelihood has a proper top there. Where it has none, `notes` say so and no page should print
        the parameters.
    notes
        What a reader has to know of the fit.
    time_unit_days
        Length of the unit in which the parameters are given.
    confidence
        Level of the limits in `params`.
    patterns
        frequency, recency_days, age_days, n_customers: what the model was fitted to.
    """

    model: str
    reference: str
    params: pd.DataFrame
    log_likelihood: float
    n_customers: int
    n_repeaters: int
    is_converged: bool
    notes: tuple[str, ...]
    time_unit_days: float
    confidence: float
    patterns: pd.DataFrame
    family: Family
    log_params: FloatArray
    covariance: FloatArray

    _UNIT: ClassVar[str] = "days"

    def estimate(self, name: str) -> float:
        """The estimate of one parameter, by name."""
        return estimate_of(self.params, name)

    def probability_alive(
        self, frame: pd.DataFrame, *, confidence: float | None = None, n_draws: int = 200, seed: int = 0
    ) -> pd.DataFrame:
        """How likely is it that each customer can still buy?

        Parameters
        ----------
        frame
            One row per customer or pattern, with the columns of the patterns; the index is kept.
        confidence
            Level of the limits; None leaves them out (they cost `n_draws` evaluations of each distinct pattern).
        n_draws, seed
            Draws from the sampling distribution of the parameters, normal on the log scale.

        Returns
        -------
        pandas.DataFrame
            probability_alive and, with `confidence`, lower, upper: uncertainty of the parameters alone.
        """
        history, nothing = self._history(frame), np.zeros(len(frame))

        def score(params: FloatArray, some: History, _: FloatArray) -> FloatArray:
            return self.family.probability_alive(params, some)

        columns = {"probability_alive": score(self._natural, history, nothing)}
        if confidence is not None:
            draws = self._draws(n_draws, seed)
            columns["lower"], columns["upper"] = limits_over_draws(
                score, draws, history, nothing, read_level(confidence)
            )
        return pd.DataFrame(columns, index=frame.index)

    def expected_purchases(
        self,
        frame: pd.DataFrame,
        horizon_days: float,
        *,
        confidence: float | None = None,
        is_outcome: bool = False,
        n_draws: int = 200,
        seed: int = 0,
    ) -> pd.DataFrame:
        """How many purchases will each customer make in the next `horizon_days`?

        Parameters
        ----------
        frame
            One row per customer or pattern, with the columns of the patterns; the index is kept.
        horizon_days
            Length of the future after each customer's age; periods for the BG/BB.
        confidence
            Level of the limits; None leaves them out.
        is_outcome
            False: limits of the expectation (uncertain parameters). True: limits of the count itself, to which the
            customer's own rate, dropout and chance add; whole numbers, and much wider.
        n_draws, seed
            Draws of the parameters, and with `is_outcome` of one future each.

        Returns
        -------
        pandas.DataFrame
            expected_purchases and, with `confidence`, lower, upper.
        """
        history = self._history(frame)
        horizon = np.full(len(frame), self._times(horizon_days)[0])
        columns = {"expected_purchases": self.family.expected_purchases(self._natural, history, horizon)}
        if confidence is not None:
            draws, level = self._draws(n_draws, seed), read_level(confidence)
            if is_outcome:
                rng = np.random.default_rng(seed + 1)

                def draw(params: FloatArray, some: History, until: FloatArray) -> FloatArray:
                    return self.family.draw_future(params, some, until, rng)

                limits = outcome_limits(draw, draws, history, horizon, level)
            else:
                limits = limits_over_draws(self.family.expected_purchases, draws, history, horizon, level)
            columns["lower"], columns["upper"] = limits
        return pd.DataFrame(columns, index=frame.index)

    def expected_repeats(self, days: float | FloatArray | list[float]) -> FloatArray:
        """How many repeat purchases does a new customer make until each of these days after the first purchase?"""
        return self.family.expected_repeats(self._natural, self._times(days))

    def expected_tracking(self, births: pd.DataFrame, days: FloatArray | list[float]) -> pd.DataFrame:
        """How many repeat purchases do all customers make together until each day of the calendar?

        Parameters
        ----------
        births
            Columns `born_days` (first purchase, in days from any origin) and `n_customers`; one row per day will do.
        days
            Days from the same origin.

        Returns
        -------
        pandas.DataFrame
            day, expected_repeats: cumulative; differences give the purchases of each stretch.
        """
        born = births["born_days"].to_numpy(dtype=float)
        n_born = births["n_customers"].to_numpy(dtype=float)
        until = np.atleast_1d(np.asarray(days, dtype=float))
        lags, at_lag = np.unique(np.maximum(until[:, None] - born, 0.0), return_inverse=True)
        repeats = self.expected_repeats(lags)[at_lag.reshape(len(until), len(born))]
        return pd.DataFrame({"day": until, "expected_repeats": repeats @ n_born})

    def expected_frequency_counts(self, max_frequency: int = 7) -> pd.DataFrame:
        """How many of the fitted customers should have made 0, 1, 2, ... repeats, beside how many did?

        Parameters
        ----------
        max_frequency
            The last row gathers this frequency and all above it.

        Returns
        -------
        pandas.DataFrame
            frequency, is_open (the last row: "or more"), n_customers (observed), expected_customers.
        """
        if max_frequency < 1:
            raise ParameterError(f"max_frequency must be at least 1, not {max_frequency}.")
        known = read_patterns(self.patterns, clock=self._UNIT)
        ages, at_age = np.unique(known.age, return_inverse=True)
        n_by_age = np.bincount(at_age, known.n_customers)
        expected = np.zeros(max_frequency + 1)
        for start in range(0, len(ages), 10_000):
            part = slice(start, start + 10_000)
            shares = self.family.frequency_shares(self._natural, self._times(ages[part]), max_frequency - 1)
            expected[:-1] += n_by_age[part] @ shares
        expected[-1] = max(known.n_customers.sum() - expected[:-1].sum(), 0.0)
        capped = np.minimum(known.frequency, max_frequency).astype(np.int64)
        steps = np.arange(max_frequency + 1)
        return pd.DataFrame(
            {
                "frequency": steps,
                "is_open": steps == max_frequency,
                "n_customers": np.bincount(capped, known.n_customers, len(steps)).astype(np.int64),
                "expected_customers": expected,
            }
        )

    @property
    def _natural(self) -> FloatArray:
        return np.exp(self.log_params)

    def _draws(self, n_draws: int, seed: int) -> FloatArray | None:
        if n_draws < 2:
            raise ParameterError(f"n_draws must be at least 2, not {n_draws}.")
        return draw_params(self.log_params, self.covariance, n_draws, np.random.default_rng(seed))

    def _history(self, frame: pd.DataFrame) -> History:
        known = read_patterns(frame, clock=self._UNIT)
        return History(known.frequency, known.recency / self.time_unit_days, known.age / self.time_unit_days)

    def _times(self, days: float | FloatArray | list[float]) -> FloatArray:
        times = np.atleast_1d(np.asarray(days, dtype=float))
        if not np.all(np.isfinite(times) & (times >= 0)):
            raise ParameterError(f"Times must be finite and at least 0 {self._UNIT}, not {days!r}.")
        return times / self.time_unit_days


@dataclass(frozen=True, eq=False, kw_only=True)
class OpportunityFit(BtydFit):
    """How do customers use a few opportunities to buy, and drop out? A fitted BG/BB: time runs in periods.

    Frames carry frequency, recency_periods, age_periods; every horizon and time is a number of periods, whatever
    the name of the argument.
    """

    _UNIT: ClassVar[str] = "periods"


def fit_bg_nbd(patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95) -> BtydFit:
    """How do customers buy, and silently drop out after a purchase? The BG/NBD model.

    Parameters
    ----------
    patterns
        One row per distinct pattern (or per customer): frequency (repeat purchase occasions), recency_days (first
        to last purchase), age_days (first purchase to the end of observation), n_customers (1 if left out).
        Customers who bought once stay in.
    time_unit_days
        Unit of the parameters, 7 for weeks. Times are divided by it and not rounded; it changes alpha alone.
    confidence
        Level of the limits.

    Returns
    -------
    BtydFit
        params: r, alpha (gamma distribution of purchase rates), a, b (beta distribution of the chance to drop out
        after a repeat purchase).

    Raises
    ------
    ContractViolation
        If a column is missing or its values contradict the definition.
    NotEnoughData
        If fewer than 10 customers, 5 repeaters or 4 distinct patterns are there.

    Notes
    -----
    Assumes Poisson buying at a constant rate, rates and dropout independent of each other, and a first purchase
    that was observed (customers acquired before the data are not new). Fader, Hardie and Lee (2005), Marketing
    Science 24, 275-284, equation 6. Standard errors from the observed information, carried over from the log
    scale by the delta method.
    """
    return _fit(BgNbd(), patterns, time_unit_days, confidence)


def fit_mbg_nbd(patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95) -> BtydFit:
    """How do customers buy, and silently drop out, if the first purchase may be the last? The MBG/NBD model.

    Parameters, returns and errors as in `fit_bg_nbd`. Unlike there, a customer who bought once can have dropped
    out. Batislam, Denizel and Filiztekin (2007), Int. Journal of Research in Marketing 24, 201-209; Wagner and Hoppe
    (2008), 25, 225-226.
    """
    return _fit(MbgNbd(), patterns, time_unit_days, confidence)


def fit_pareto_nbd(
    patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95
) -> BtydFit:
    """How do customers buy, and silently drop out at any time? The Pareto/NBD model.

    Parameters and errors as in `fit_bg_nbd`; params: r, alpha (gamma distribution of purchase rates), s, beta
    (gamma distribution of dropout rates). `time_unit_days` changes alpha and beta alone. Schmittlein, Morrison and
    Colombo (1987), Management Science 33, 1-24; likelihood as in Fader and Hardie (2005), A note on deriving the
    Pareto/NBD model, equation 18.
    """
    return _fit(ParetoNbd(), patterns, time_unit_days, confidence)


def fit_bg_bb(patterns: pd.DataFrame, *, confidence: float = 0.95) -> OpportunityFit:
    """How do customers use regular opportunities (a yearly appeal, a monthly order), and drop out? The BG/BB model.

    Parameters
    ----------
    patterns
        frequency (opportunities used after the first purchase), recency_periods (the last one used, 0 if none),
        age_periods (opportunities met), n_customers; one row per distinct pattern.

    Returns
    -------
    OpportunityFit
        params: alpha, beta (chance to buy at an opportunity), gamma, delta (chance to drop out before one).

    Notes
    -----
    Fader, Hardie and Shang (2010), Marketing Science 29, 1086-1108, equation 3. Errors as in `fit_bg_nbd`.
    """
    return OpportunityFit(**vars(_fit(BgBb(), patterns, 1.0, confidence)))


def _fit(family: Family, frame: pd.DataFrame, time_unit_days: float, confidence: float) -> BtydFit:
    level = read_level(confidence)
    if not (np.isfinite(time_unit_days) and time_unit_days > 0):
        raise ParameterError(f"time_unit_days must be a number above 0 (7 for weeks), not {time_unit_days!r}.")
    patterns = read_patterns(frame, clock=family.clock).merged()
    check_enough(patterns, family.name)
    # In units of the mean age the search is the same whatever the unit of the data.
    inner = patterns.mean_age if any(family.is_time) else 1.0
    optimum = _search(family, patterns.scaled(1 / inner))
    shift = np.log(inner / time_unit_days) * np.array(family.is_time, dtype=float)
    log_params = optimum.log_params + shift
    unit_change = patterns.n_repeats * np.log(inner / time_unit_days) if any(family.is_time) else 0.0
    kept = pd.DataFrame(
        {
            "frequency": patterns.frequency.astype(np.int64),
            f"recency_{family.clock}": patterns.recency,
            f"age_{family.clock}": patterns.age,
            "n_customers": patterns.n_customers.astype(np.int64),
        }
    )
    return BtydFit(
        model=family.name,
        reference=family.reference,
        params=describe_params(family.param_names, log_params, optimum.covariance, level),
        log_likelihood=optimum.value * patterns.n_total - unit_change,
        n_customers=patterns.n_total,
        n_repeaters=int(patterns.n_customers[patterns.frequency > 0].sum()),
        is_converged=optimum.is_converged,
        notes=optimum.notes,
        time_unit_days=float(time_unit_days),
        confidence=level,
        patterns=kept,
        family=family,
        log_params=log_params,
        covariance=optimum.covariance,
    )


def _search(family: Family, patterns: Patterns) -> Optimum:
    thinned = patterns.thinned(_THINNED_TO)
    return maximise(
        family.objective(patterns),
        family.starts(patterns),
        n_customers=float(patterns.n_total),
        names=family.param_names,
        rough=None if thinned is patterns else family.objective(thinned),
    )
