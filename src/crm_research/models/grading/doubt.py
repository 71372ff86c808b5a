"""What is known of each customer in part only: own values drawn to the mean of all, with what remains in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.stats.intervals import FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What to believe of each customer?

    Parameters
    ----------
    believed, errors
        Best guess of each, and its standard error.
    spread
        How far customers differ in truth (standard deviation); 0 where what is seen is no more than chance.
    """

    believed: FloatArray
    errors: FloatArray
    spread: float


def draw_to_mean(seen: FloatArray, variances: FloatArray) -> Drawn:
    """What to believe of each customer, when what was seen of them is in part chance?

    Parameters
    ----------
    seen
        What was seen of each; NaN where nothing was.
    variances
        Variance by chance of what was seen; 0 where it is known exactly.

    Notes
    -----
    Empirical Bayes with a normal distribution over customers: each value is weighed against the mean of all by how far
    customers differ beyond chance. Of whom nothing is known stands at the mean, in doubt by all of that spread.

    References
    ----------
    Efron and Morris (1975), "Data analysis using Stein's estimator and its generalizations", JASA 70, 311-319.
    """
    is_seen = np.isfinite(seen)
    if not is_seen.any():
        return Drawn(believed=np.zeros(len(seen)), errors=np.zeros(len(seen)), spread=0.0)
    own, noise = seen[is_seen], np.maximum(variances[is_seen], 0.0)
    raw = float(own.var(ddof=1)) if len(own) > 1 else 0.0
    beyond = max(raw - float(noise.mean()), 0.0)
    believed = np.full(len(seen), _mean(own, beyond + noise))
    errors = np.full(len(seen), np.sqrt(beyond))
    whole = beyond + noise
    share = np.divide(beyond, whole, out=np.ones(len(own)), where=whole > 0)
    middle = believed[0]
    believed[is_seen] = middle + share * (own - middle)
    errors[is_seen] = np.sqrt(share * noise)
    return Drawn(believed=believed, errors=errors, spread=float(np.sqrt(beyond)))


def _mean(values: FloatArray, variances: FloatArray) -> float:
    if (variances <= 0).any():
        return float(values.mean())
    return float(np.average(values, weights=1 / variances))
