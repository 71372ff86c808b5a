"""Values of many customers added up, with limits of the mean and of the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from crm_research.stats.intervals import FloatArray, normal_quantile

TOTAL_COLUMNS = ("expected", "lower", "upper", "outcome_lower", "outcome_upper")


def total_limits(
    expected: FloatArray,
    of_params: FloatArray,
    of_outcome: FloatArray,
    *,
    confidence: float,
    none: FloatArray | None = None,
    is_signed: bool = False,
) -> pd.DataFrame:
    """Limits of expected totals.

    Parameters
    ----------
    expected
        Expected totals.
    of_params
        Their variance from the uncertainty of the parameters.
    of_outcome
        Variance of what comes about around the expectation; NaN where it has none.
    none
        Chance that nothing at all comes about; None says that there is none.
    is_signed
        Whether what comes about may be a loss.

    Returns
    -------
    pandas.DataFrame
        ``expected``; ``lower``, ``upper`` (of the expectation; on the log scale where it lies well above 0) and
        ``outcome_lower``, ``outcome_upper`` (of the sum that will come about, by `outcome_limits`).
    """
    reach = normal_quantile(confidence)
    error = np.sqrt(of_params)
    is_positive = expected > 2 * error
    safe = np.where(is_positive, expected, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.exp(reach * error / safe)
        lower = np.where(is_positive, expected / ratio, expected - reach * error)
        upper = np.where(is_positive, expected * ratio, expected + reach * error)
    if not is_signed:
        # What is never a loss is not expected to be one either.
        lower = np.where(expected >= 0, np.maximum(lower, 0.0), lower)
    nothing = np.zeros(len(expected)) if none is None else none
    ends = outcome_limits(expected, of_params + of_outcome, nothing, confidence, is_signed=is_signed)
    return pd.DataFrame(dict(zip(TOTAL_COLUMNS, (expected, lower, upper, *ends), strict=True)))


def outcome_limits(
    expected: FloatArray, variance: FloatArray, none: FloatArray, confidence: float, *, is_signed: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Limits of an outcome that is nothing with a chance, and otherwise gamma distributed with what mean and variance.

    Where nothing is no rare outcome (more likely than half of what the limits leave out), the lower is 0 and the upper
    leaves out all. Where a loss may come about it is normally distributed instead.
    """
    left_out = 1 - confidence
    sign = np.where(expected < 0, -1.0, 1.0)
    some = np.clip(1.0 - none, 1e-12, 1.0)
    mean = np.abs(expected) / some
    of_some = np.maximum((variance + expected**2) / some - mean**2, 1e-12 * mean**2)
    if is_signed:
        middle, spread = (
            expected / some,
            np.sqrt(np.maximum((variance + expected**2) / some - (expected / some) ** 2, 0.0)),
        )
        return (
            _signed_quantile(left_out / 2, middle, spread, none, some),
            _signed_quantile(1 - left_out / 2, middle, spread, none, some),
        )
    is_one_sided = none > left_out / 2
    low_at = np.where(is_one_sided, 0.0, (left_out / 2 - none) / some)
    high_at = 1 - np.where(is_one_sided, left_out, left_out / 2) / some
    with np.errstate(divide="ignore", invalid="ignore"):
        shape, scale = mean**2 / of_some, of_some / mean
        near, far = (
            np.where((at > 0) & (mean > 0), special.gammaincinv(shape, np.clip(at, 0.0, 1.0)) * scale, 0.0)
            for at in (low_at, high_at)
        )
    far = np.where(np.isnan(variance), np.nan, far)
    return np.where(sign > 0, near, -far), np.where(sign > 0, far, -near)


def outcome_quantile(
    share: float,
    expected: FloatArray,
    variance: FloatArray,
    none: FloatArray | None = None,
    *,
    is_signed: bool = False,
) -> FloatArray:
    """What does the outcome stay under with this chance, distributed as `outcome_limits` has it?"""
    none = np.zeros(len(expected)) if none is None else none
    some = np.clip(1.0 - none, 1e-12, 1.0)
    mean = np.abs(expected) / some
    of_some = np.maximum((variance + expected**2) / some - mean**2, 1e-12 * mean**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        if is_signed:
            return np.asarray(_signed_quantile(share, expected / some, np.sqrt(of_some), none, some))
        # A loss is the same seen from the other side.
        at = np.where(expected < 0, 1 - share, share)
        place = np.clip((at - none) / some, 0.0, 1.0)
        size = np.where((place > 0) & (mean > 0), special.gammaincinv(mean**2 / of_some, place) * of_some / mean, 0.0)
    size = np.where(np.isnan(variance), np.nan, size)
    return np.where(expected < 0, -size, size)


def _signed_quantile(
    share: float, middle: FloatArray, spread: FloatArray, none: FloatArray, some: FloatArray
) -> FloatArray:
    """The quantile of nothing with a chance, and a normal outcome otherwise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = some * special.ndtr(-middle / spread)
        low, high = (middle + spread * special.ndtri(np.clip(part / some, 0.0, 1.0)) for part in (share, share - none))
    return np.where(share < below, low, np.where(share <= below + none, 0.0, high))


def add_totals(tables: Sequence[pd.DataFrame], *, confidence: float, is_signed: bool = False) -> pd.DataFrame:
    """Sums of independent totals, row by row, from their variances.

    Parameters
    ----------
    tables
        Each with ``expected``, ``of_params``, ``of_outcome`` and ``none``; of one length.
    """
    names = ("expected", "of_params", "of_outcome")
    parts = {name: np.sum([table[name].to_numpy(dtype=float) for table in tables], axis=0) for name in names}
    none = np.prod([table["none"].to_numpy(dtype=float) for table in tables], axis=0)
    return total_limits(*parts.values(), confidence=confidence, none=none, is_signed=is_signed).assign(
        **parts, none=none
    )
