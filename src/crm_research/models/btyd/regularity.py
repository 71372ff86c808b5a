"""Do customers buy at random moments, or by the clock? A test of the Poisson assumption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from crm_research.errors import NotEnoughData
from crm_research.models.btyd.family import dot, sum_by
from crm_research.models.btyd.patterns import MIN_CUSTOMERS, read_column, refuse_rows
from crm_research.models.btyd.scoring import read_level
from crm_research.stats.intervals import FloatArray, log_interval

_MEND = "mean_log_gap is the mean of the natural logarithm of a customer's gaps in days; leave out gaps of 0."


@dataclass(frozen=True, eq=False, kw_only=True)
class RegularityTest:
    """How regular are the gaps between a customer's purchases?

    Parameters
    ----------
    shape, lower, upper
        Shape of the gamma distribution of gaps: 1 where purchases come at random (Poisson), above 1 where they come
        more regularly, below 1 where they come in bursts. Limits by the information, on the log scale.
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


def estimate_regularity(gaps: pd.DataFrame, *, confidence: float = 0.95) -> RegularityTest:
    """Is purchase timing more regular than the Poisson process that BG/NBD and Pareto/NBD assume?

    Parameters
    ----------
    gaps
        One row per customer (or per n_customers alike): n_gaps; span_days (first to last purchase: the sum of the
        gaps); mean_log_gap (mean natural logarithm of the gaps in days). Customers with fewer than two gaps tell
        nothing and are left out. Where purchases are known by day alone, take half a day off each gap, before the
        logarithm and in the span: as they stand, whole days make frequent buyers look regular.

    Returns
    -------
    RegularityTest

    Raises
    ------
    ContractViolation
        If a column is missing or impossible: a mean logarithm above that of the mean gap.
    NotEnoughData
        If fewer than 10 customers have two gaps.

    Notes
    -----
    Given their number and sum, the gaps of a customer who buys at gamma intervals of shape k are Dirichlet(k, ..., k)
    shares, whatever the customer's own rate, whenever observation ended, and whether or not the customer has
    dropped out since. The likelihood of these shares is maximised over k. With two gaps it is that of the M
    statistic of Wheat and Morrison (1990), Journal of Marketing Research 27, 87-93, which is Beta(k, k).
    """
    level = read_level(confidence)
    n_gaps, log_shares, weights = _read_gaps(gaps)
    sizes, at_size = np.unique(n_gaps, return_inverse=True)
    n_by_size = sum_by(at_size, weights, len(sizes))
    total_log_shares = dot(weights, log_shares)

    def slope(log_shape: float) -> float:
        shape = np.exp(log_shape)
        return total_log_shares + dot(n_by_size * sizes, special.psi(sizes * shape) - special.psi(shape))

    def log_likelihood(shape: float) -> float:
        density = special.gammaln(sizes * shape) - sizes * special.gammaln(shape)
        return dot(n_by_size, density) + (shape - 1.0) * total_log_shares

    # The likelihood is that of an exponential family in k, so its slope falls and has one zero.
    if slope(12.0) > 0:
        raise NotEnoughData("A test of regularity: customers whose gaps differ", needed=1, found=0)
    shape = float(np.exp(optimize.brentq(slope, -12.0, 12.0, xtol=1e-12)))
    curvature = sizes * special.polygamma(1, shape) - sizes**2 * special.polygamma(1, sizes * shape)
    limits = log_interval(shape, 1.0 / np.sqrt(dot(n_by_size, curvature)), confidence=level)
    ratio = 2.0 * (log_likelihood(shape) - log_likelihood(1.0))
    return RegularityTest(
        shape=shape,
        lower=float(limits.lower),
        upper=float(limits.upper),
        p_value=float(stats.chi2.sf(max(ratio, 0.0), 1)),
        n_customers=int(weights.sum()),
        n_gaps=int(dot(weights, n_gaps)),
        confidence=level,
    )


def _read_gaps(frame: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Number of gaps, sum of the logarithms of their shares in the span, and customers; two gaps at least."""
    if frame.empty:
        raise NotEnoughData("A test of regularity: customers with at least two gaps", needed=MIN_CUSTOMERS, found=0)
    n_gaps = read_column(frame, "n_gaps", whole=True)
    known = frame[n_gaps >= 2]
    n_gaps = n_gaps[n_gaps >= 2]
    span = read_column(known, "span_days")
    weights = read_column(known, "n_customers", whole=True) if "n_customers" in known.columns else np.ones(len(known))
    if weights.sum() < MIN_CUSTOMERS:
        needed, found = MIN_CUSTOMERS, int(weights.sum())
        raise NotEnoughData("A test of regularity: customers with at least two gaps", needed=needed, found=found)
    refuse_rows(known, "span_days", "is above 0 where there are gaps", span <= 0, _MEND)
    mean_log_gap = read_column(known, "mean_log_gap", lowest=-np.inf, mend=_MEND)
    log_shares = n_gaps * (mean_log_gap - np.log(span))
    is_above_mean = log_shares > -n_gaps * np.log(n_gaps) + 1e-6 * n_gaps
    refuse_rows(known, "mean_log_gap", "is not above the logarithm of the mean gap", is_above_mean, _MEND)
    return n_gaps, log_shares, weights
