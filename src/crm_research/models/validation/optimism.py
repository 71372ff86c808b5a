"""How much of a model's success on its own data is mere fitting?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import CrmError
from crm_research.models.survival.risk import FloatArray

_ONLY: Final = "measure"

Scorer = Callable[[pd.DataFrame], FloatArray]
Model = TypeVar("Model")


@dataclass(frozen=True, kw_only=True)
class Optimism:
    """A measure on the data of the fit, what of it is flattery, and what is left.

    Parameters
    ----------
    apparent, optimism, corrected
        ``corrected`` is the apparent measure less the optimism.
    lower, upper
        Limits of the corrected measure: percentiles of the measure on resamples, less the optimism; of too few
        resamples to reach so far out (20 at 95 %), their spread times Student's t to either side.
    n_resamples, n_failed
        Resamples used; resamples in which a step could not be done.
    horizon_days
        Up to which tenure risks were judged; None for a measure without a horizon.
    """

    apparent: float
    optimism: float
    corrected: float
    lower: float
    upper: float
    n_resamples: int
    n_failed: int
    horizon_days: float | None = None


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
    return resample_optimism(
        rows,
        build,
        lambda judged, scorer: {_ONLY: measure(judged, scorer(judged))},
        seed=seed,
        cluster=cluster,
        n_resamples=n_resamples,
        confidence=confidence,
    )[_ONLY]


def resample_optimism(
    rows: pd.DataFrame,
    build: Callable[[pd.DataFrame], Model],
    measure: Callable[[pd.DataFrame, Model], Mapping[str, float]],
    *,
    seed: int,
    cluster: str | None = None,
    unit: str | None = None,
    n_resamples: int = 100,
    confidence: float = 0.95,
) -> dict[str, Optimism]:
    """As `estimate_optimism`, for several measures of whatever was built, from one set of resamples.

    Parameters
    ----------
    unit
        Column whose values tell apart what several rows are about (contract_id): drawn twice, it stands for two.
    """
    rng = np.random.default_rng(seed)
    apparent = measure(rows, build(rows))
    owners = np.arange(len(rows)) if cluster is None else pd.factorize(rows[cluster], use_na_sentinel=False)[0]
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners))])
    own: dict[str, list[float]] = {name: [] for name in apparent}
    gaps: dict[str, list[float]] = {name: [] for name in apparent}
    for _ in range(n_resamples):
        drawn = rng.integers(0, len(starts) - 1, len(starts) - 1)
        sizes = starts[drawn + 1] - starts[drawn]
        offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        sample = rows.iloc[order[np.repeat(starts[drawn], sizes) + offsets]].reset_index(drop=True)
        if unit is not None:
            numbers = pd.factorize(sample[unit])[0]
            sample[unit] = numbers + (numbers.max() + 1) * np.repeat(np.arange(len(drawn)), sizes)
        try:
            model = build(sample)
            here, there = measure(sample, model), measure(rows, model)
        except (CrmError, ValueError, np.linalg.LinAlgError, ArithmeticError):
            continue
        for name in apparent:
            if np.isfinite(here[name]) and np.isfinite(there[name]):
                own[name].append(here[name])
                gaps[name].append(here[name] - there[name])
    if not any(gaps.values()):
        raise ValueError("The model could be built and measured on no resample.")
    return {
        name: _conclude(float(apparent[name]), own[name], gaps[name], n_resamples, confidence)
        for name in apparent
        if gaps[name]
    }


def _conclude(apparent: float, own: list[float], gaps: list[float], n_resamples: int, confidence: float) -> Optimism:
    optimism = float(np.mean(gaps))
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(own, [tail, 1 - tail]) - optimism
    if len(own) * tail < 1:
        # The outermost of so few lie inside these percentiles, and may both lie to one side of the measure.
        reach = float(stats.t.ppf(1 - tail, len(own) - 1) * np.std(own, ddof=1)) if len(own) > 1 else np.nan
        lower, upper = apparent - optimism - reach, apparent - optimism + reach
    return Optimism(
        apparent=apparent,
        optimism=optimism,
        corrected=apparent - optimism,
        lower=float(lower),
        upper=float(upper),
        n_resamples=len(gaps),
        n_failed=n_resamples - len(gaps),
    )
