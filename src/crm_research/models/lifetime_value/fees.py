"""How fees rise and fall from year to year, told from contracts that ran at both ends of a stretch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crm_research.stats.intervals import normal_quantile

# With fewer contracts at both ends a rise of fees is that of single ones.
FEWEST_CONTRACTS: Final = 100


@dataclass(frozen=True, kw_only=True)
class FeeGrowth:
    """By how much do the fees of contracts that stay change in a year?

    Parameters
    ----------
    yearly
        Change of all of them together in a year, as a share: 0.02 is 2 % more.
    log_variance
        Variance of log(1 + yearly) as an estimate.
    spread
        Variance of one contract's relative change in a year.
    years
        Length of the stretch it was seen over; further ahead fees are taken to stay.
    n_contracts, n_risen, n_fallen
        Contracts at both ends, and those whose fee is higher and lower at the later one.
    risen_share, fallen_share
        Money a month that rose and that fell, of the fees at the beginning.
    """

    yearly: float
    log_variance: float
    spread: float
    years: float
    n_contracts: int
    n_risen: int
    n_fallen: int
    risen_share: float
    fallen_share: float

    @property
    def log_yearly(self) -> float:
        """The same on the log scale."""
        return float(np.log1p(self.yearly))

    def limits(self, confidence: float) -> tuple[float, float, float]:
        """The yearly change with its limits."""
        reach = normal_quantile(confidence) * np.sqrt(self.log_variance)
        ends = np.expm1([self.log_yearly - reach, self.log_yearly + reach])
        return self.yearly, float(ends[0]), float(ends[1])


def estimate_growth(sums: Mapping[str, Any], years: float) -> FeeGrowth | None:
    """The yearly change of fees from what `features.fees.sum_fee_changes` counts; None from fewer than 100 contracts.

    Notes
    -----
    All fees now over all fees then (a ratio of sums, so that large contracts count by their money), per year. Its
    variance is that of the residuals around the ratio.
    """
    n, then, now = int(sums["n_contracts"]), float(sums["fees_then"]), float(sums["fees_now"])
    if n < FEWEST_CONTRACTS or not then > 0 or not now > 0:
        return None
    ratio = now / then
    residual = float(sums["now_now"]) - 2 * ratio * float(sums["then_now"]) + ratio**2 * float(sums["then_then"])
    residual = max(residual, 0.0) * n / (n - 1)
    return FeeGrowth(
        yearly=float(np.expm1(np.log(ratio) / years)),
        log_variance=residual / (then * ratio * years) ** 2,
        spread=residual / (float(sums["then_then"]) * ratio**2 * years),
        years=float(years),
        n_contracts=n,
        n_risen=int(sums["n_risen"]),
        n_fallen=int(sums["n_fallen"]),
        risen_share=float(sums["risen"]) / then,
        fallen_share=float(sums["fallen"]) / then,
    )
