"""What a fitted buy-till-you-die model says of its customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.models.btyd.family import Family, History
from crm_research.models.btyd.limits import Limit
from crm_research.models.btyd.patterns import read_patterns
from crm_research.models.btyd.scoring import draw_params, estimate_of, limits_over_draws, outcome_limits, read_level
from crm_research.stats.intervals import FloatArray


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
        Whether the likelihood has a proper top there, or at an edge of the model. Where it has none, `notes` say so
        and no page should print the parameters.
    notes
        What a reader has to know of the fit.
    time_unit_days
        Length of the unit in which the parameters are given.
    confidence
        Level of the limits in `params`.
    patterns
        frequency, recency_days, age_days, n_customers: what the model was fitted to.
    limit
        The edge of the model at which the likelihood is highest (nobody drops out, everybody is alike); None where it
        has its top inside.
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
    limit: Limit | None = None

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
        history, nothing = self.history(frame), np.zeros(len(frame))

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
        history = self.history(frame)
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

    def history(self, frame: pd.DataFrame) -> History:
        """The histories in a frame, in the unit of the parameters."""
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
