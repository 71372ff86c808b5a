"""How much of a model's success on its own data is mere fitting?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import CrmError
from crm_research.models.survival.risk import FloatArray

Scorer = Callable[[pd.DataFrame], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Optimism:
    """A measure on the data of the fit, what of it is flattery, and what is left.

    Parameters
    ----------
    apparent, optimism, corrected
        ``corrected`` is the apparent measure less the optimism.
    lower, upper
        Limits of the corrected measure: percentiles of the measure on resamples, less the optimism.
    n_resamples, n_failed
        Resamples used; resamples in which a step could not be done.
    """

    apparent: float
    optimism: float
    corrected: float
    lower: float
    upper: float
    n_resamples: int
    n_failed: int


def estimate_optimism(
    rows: pd.DataFrame,
    build: Callable[[pd.DataFrame], Scorer],
    measure: Callable[[pd.DataFrame, FloatArray], float],
    *,
    seed: int,
    cluster: str | None = None,
    n_resamples: int = 100,
    confidence: float = 0.95,
) -> Optimism:
    """How much worse will the model do on customers like these that it has not seen?

    Parameters
    ----------
    rows
        What the model is fitted to.
    build
        Does every step that looked at the data (choice of levels, knots, covariates, the fit) and returns what scores
        other rows. Steps left out of it stay flattering.
    measure
        Takes rows and their scores.
    cluster
        Column of those drawn together (customer_id); rows without it.

    Raises
    ------
    ValueError
        If the model cannot be built, or on no resample.

    References
    ----------
    Harrell, Lee and Mark (1996), Statistics in Medicine 15, 361-387; limits: Noma, Shinozaki, Iba, Teramukai and
    Furukawa (2021), Statistics in Medicine 40, 5691-5701 (location-shifted bootstrap).
    """
    rng = np.random.default_rng(seed)
    apparent = measure(rows, build(rows)(rows))
    owners = np.arange(len(rows)) if cluster is None else pd.factorize(rows[cluster], use_na_sentinel=False)[0]
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners))])
    own, gaps, failed = [], [], 0
    for _ in range(n_resamples):
        drawn = rng.integers(0, len(starts) - 1, len(starts) - 1)
        sizes = starts[drawn + 1] - starts[drawn]
        offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        sample = rows.iloc[order[np.repeat(starts[drawn], sizes) + offsets]].reset_index(drop=True)
        try:
            scorer = build(sample)
            here, there = measure(sample, scorer(sample)), measure(rows, scorer(rows))
        except (CrmError, ValueError, np.linalg.LinAlgError, ArithmeticError):
            failed += 1
            continue
        if np.isfinite(here) and np.isfinite(there):
            own.append(here)
            gaps.append(here - there)
        else:
            failed += 1
    if not gaps:
        raise ValueError("The model could be built and measured on no resample.")
    optimism = float(np.mean(gaps))
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(own, [tail, 1 - tail]) - optimism
    return Optimism(
        apparent=float(apparent),
        optimism=optimism,
        corrected=float(apparent) - optimism,
        lower=float(lower),
        upper=float(upper),
        n_resamples=len(gaps),
        n_failed=failed,
    )
