"""Do customers buy at random moments, or by the clock? A test of the Poisson assumption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from crm_research.errors import ContractViolation, NotEnoughData
from crm_research.models.btyd.family import dot, sum_by
from crm_research.models.btyd.patterns import MIN_CUSTOMERS, read_column, refuse_rows
from crm_research.models.btyd.scoring import read_level
from crm_research.stats.intervals import FloatArray

_TEST: Final = "A test of regularity"
# Beyond these no record of whole days or dates tells one shape from the next.
_LOWEST, _HIGHEST = np.log(1e-4), np.log(1e3)
_N_LOOKS: Final = 41


@dataclass(frozen=True, eq=False, kw_only=True)
class RegularityTest:
    """How regular are the gaps between a customer's purchases?

    Parameters
    ----------
    shape, lower, upper
        1 where purchases come at random, above 1 where they come more regularly, below 1 where they come in bursts.
        Where units are short beside the gaps, the shape of a gamma distribution of gaps. Infinite where gaps are as
        even as the records can show; limits of the profile likelihood.
    p_value
        Of shape 1, by the likelihood ratio. In a large base any small departure is significant: read the shape.
    n_customers, n_gaps
        Customers with at least two gaps, and their gaps.
    confidence
        Level of the limits.
    """

    shape: float
    lower: float
    upper: float
    p_value: float
    n_customers: int
    n_gaps: int
    confidence: float


def estimate_regularity(spans: pd.DataFrame, gaps: pd.DataFrame, *, confidence: float = 0.95) -> RegularityTest:
    """Is purchase timing more regular than the Poisson process that BG/NBD and Pareto/NBD assume?

    Parameters
    ----------
    spans
        One row per number of gaps and their sum: n_gaps, span (whole units: days, or months where only the month of a
        purchase is known), n_customers (1 if left out).
    gaps
        One row per length: gap (whole units from 1 on), n (gaps of these customers that are so long; 1 if left out).

    Returns
    -------
    RegularityTest

    Raises
    ------
    ContractViolation
        If a column is missing or impossible, or the two do not belong together.
    NotEnoughData
        If fewer than 10 customers have two gaps, or all of these bought in every unit from first to last.

    Notes
    -----
    Who buys at random buys in each unit with a chance of the customer's own, so that, given their number n and sum N,
    all ways of parting N into n gaps are equally likely: whatever that chance, whenever observation ended, and whether
    or not the customer has dropped out since. What each gap has beyond one unit is taken to be Dirichlet-multinomial
    with parameter k: k = 1 is exactly that case, however coarse the unit, and as units grow short the gaps become the
    Dirichlet(k, ..., k) shares of gamma gaps of shape k (with two gaps, the M statistic of Wheat and Morrison (1990),
    Journal of Marketing Research 27, 87-93). Where gaps are a few units long, k overstates the shape of regular gaps.
    """
    level = read_level(confidence)
    n_gaps, slack, weights, length, n_of_length = _read(spans, gaps)
    sizes, at_size = np.unique(n_gaps, return_inverse=True)
    n_by_size = sum_by(at_size, weights, len(sizes))
    n_all = float(n_of_length.sum())

    def log_likelihood(log_shape: float) -> float:
        shape = float(np.exp(log_shape))
        of_spans = dot(n_by_size, special.gammaln(sizes * shape)) - dot(
            weights, special.gammaln(n_gaps * shape + slack)
        )
        return float(
            of_spans + dot(n_of_length, special.gammaln(shape + length - 1.0)) - n_all * special.gammaln(shape)
        )

    def slope(log_shape: float) -> float:
        shape = float(np.exp(log_shape))
        of_spans = dot(n_by_size * sizes, special.psi(sizes * shape))
        of_spans -= dot(weights * n_gaps, special.psi(n_gaps * shape + slack))
        return float(of_spans + dot(n_of_length, special.psi(shape + length - 1.0)) - n_all * special.psi(shape))

    top = _find_top(log_likelihood, slope)
    highest = log_likelihood(top)
    fall = stats.chi2.ppf(level, 1) / 2.0

    def too_low(log_shape: float) -> float:
        return highest - log_likelihood(log_shape) - float(fall)

    has_two = n_gaps >= 2
    return RegularityTest(
        shape=np.inf if top >= _HIGHEST else float(np.exp(top)),
        lower=0.0 if too_low(_LOWEST) < 0 else float(np.exp(optimize.brentq(too_low, _LOWEST, top, xtol=1e-10))),
        upper=np.inf if too_low(_HIGHEST) < 0 else float(np.exp(optimize.brentq(too_low, top, _HIGHEST, xtol=1e-10))),
        p_value=float(stats.chi2.sf(max(2.0 * (highest - log_likelihood(0.0)), 0.0), 1)),
        n_customers=int(weights[has_two].sum()),
        n_gaps=int(dot(weights[has_two], n_gaps[has_two])),
        confidence=level,
    )


def _find_top(log_likelihood: Callable[[float], float], slope: Callable[[float], float]) -> float:
    """The highest point between the outermost shapes: the best of some looks, then where the slope there is nought."""
    looks = np.linspace(_LOWEST, _HIGHEST, _N_LOOKS)
    best = int(np.argmax([log_likelihood(at) for at in looks]))
    below, above = looks[max(best - 1, 0)], looks[min(best + 1, _N_LOOKS - 1)]
    if slope(below) > 0 > slope(above):
        return float(optimize.brentq(slope, below, above, xtol=1e-13))
    return float(looks[best])


def _read(spans: pd.DataFrame, gaps: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Of each row of `spans`: gaps, what they have beyond a unit each, customers; then lengths and their numbers."""
    if spans.empty:
        raise NotEnoughData(f"{_TEST}: customers with at least two gaps", needed=MIN_CUSTOMERS, found=0)
    n_gaps = read_column(spans, "n_gaps", whole=True)
    span = read_column(spans, "span", whole=True)
    weights = read_column(spans, "n_customers", whole=True) if "n_customers" in spans.columns else np.ones(len(spans))
    refuse_rows(spans, "n_gaps", "is 1 or more", n_gaps < 1, "Leave customers without a gap out.")
    refuse_rows(spans, "span", "is at least n_gaps", span < n_gaps, "Count purchases of one day or date once.")
    length = read_column(gaps, "gap", whole=True)
    n_of_length = read_column(gaps, "n", whole=True) if "n" in gaps.columns else np.ones(len(gaps))
    refuse_rows(gaps, "gap", "is 1 or more", length < 1, "Count purchases of one day or date once.")
    if dot(weights, span) != dot(n_of_length, length) or dot(weights, n_gaps) != n_of_length.sum():
        raise ContractViolation(
            table="gaps",
            column="gap",
            rule="adds up to the spans",
            n_bad=len(gaps),
            mend="Count gaps and spans of the same customers, in the same unit.",
        )
    has_two = n_gaps >= 2
    n_customers = int(weights[has_two].sum())
    if n_customers < MIN_CUSTOMERS:
        raise NotEnoughData(f"{_TEST}: customers with at least two gaps", needed=MIN_CUSTOMERS, found=n_customers)
    slack = span - n_gaps
    if not dot(weights[has_two], slack[has_two]):
        raise NotEnoughData(f"{_TEST}: customers who did not buy every time", needed=1, found=0)
    return n_gaps, slack, weights, length, n_of_length
