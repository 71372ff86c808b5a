"""Are two things that people were asked about really two?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.scales.coefficients import FloatArray, htmt_of
from crm_research.models.scales.reading import IntArray, read_answers, standardise
from crm_research.stats.correlations import correlate, resample_correlations
from crm_research.stats.intervals import check_confidence

HTMT_CONVENTION: Final = 0.9
_FEWEST: Final = 10

Pairs = list[tuple[str, str, IntArray, IntArray]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Distinctness:
    """How close constructs come to being the same, as far as these answers tell.

    Parameters
    ----------
    htmt
        Grain: pair of constructs. Columns ``one``, ``other``, ``htmt`` (heterotrait-monotrait ratio: about the
        correlation of the two without errors of measurement), ``lower``, ``upper``, ``verdict`` (``distinct``: the
        whole interval lies below the convention; ``not distinct``: none of it; ``unclear``; empty without an estimate).
    convention
        Ratio below which two constructs are commonly called distinct.
    n, n_effective
        Respondents used; Kish's effective number under weights.
    """

    htmt: pd.DataFrame
    convention: float
    n: int
    n_effective: float
    n_bootstraps: int
    confidence: float
    notes: tuple[str, ...]


def measure_htmt(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    convention: float = HTMT_CONVENTION,
    weights: str | None = None,
    cluster: str | None = None,
    n_bootstraps: int = 1000,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> Distinctness:
    """Do these scales measure different things?

    Parameters
    ----------
    answers
        One row a respondent, one column an item. Those who answered less than half are left out; other gaps are filled
        with the item's mean.
    constructs
        Name of each construct and its items, of two constructs or more.
    convention
        0.9 for things that are close in meaning, 0.85 for others (Henseler, Ringle and Sarstedt 2015).
    weights, cluster
        As in `assess_scale`.

    Raises
    ------
    ParameterError
        For columns that are not there, or fewer than two constructs.
    NotEnoughData
        With fewer than ten usable respondents, or fewer than two constructs whose items differ.

    Notes
    -----
    Absolute correlations are used, so reversed items do not cancel; in small samples this lifts the ratio, and its
    limits, of constructs that have nothing in common. A ratio above 1 can happen.
    """
    check_confidence(confidence)
    names = list(dict.fromkeys(item for items in constructs.values() for item in items))
    if len(constructs) < 2 or any(isinstance(items, str) or not len(items) for items in constructs.values()):
        raise ParameterError("HTMT needs at least two constructs, each with a list of items.")
    read = read_answers(answers, names, what="HTMT", fewest=_FEWEST, weights=weights, cluster=cluster)
    kept = [name for name in names if name not in read.constant]
    place = {name: number for number, name in enumerate(kept)}
    left = {
        name: np.array([place[item] for item in dict.fromkeys(items) if item in place], dtype=np.int64)
        for name, items in constructs.items()
    }
    left = {name: places for name, places in left.items() if len(places)}
    if len(left) < 2:
        raise NotEnoughData("HTMT: constructs whose items differ", needed=2, found=len(left))
    values = standardise(read.scores[:, [read.items.index(name) for name in kept]], read.weight)
    pairs: Pairs = [(one, other, left[one], left[other]) for one, other in combinations(left, 2)]
    found = ratios_of(correlate(values, read.weight[None, :]), pairs)
    n_drawn = n_bootstraps if read.n_owners > 1 else 0
    resamples = resample_correlations(values, read.weight, n_bootstraps=n_drawn, seed=seed, owner=read.owner)
    drawn = [ratios_of(batch, pairs) for batch in resamples]
    return Distinctness(
        htmt=tabulate_htmt(pairs, found[0], np.concatenate(drawn) if drawn else found[:0], confidence, convention),
        convention=float(convention),
        n=len(values),
        n_effective=read.n_effective,
        n_bootstraps=n_drawn,
        confidence=float(confidence),
        notes=read.notes,
    )


def ratios_of(correlations: FloatArray, pairs: Pairs) -> FloatArray:
    """(n_sets, pairs): the ratio of every pair in every correlation matrix."""
    found = [htmt_of(correlations, one, other) for _, _, one, other in pairs]
    return np.column_stack(found) if found else np.empty((len(correlations), 0))


def tabulate_htmt(
    pairs: Pairs, found: FloatArray, drawn: FloatArray, confidence: float, convention: float
) -> pd.DataFrame:
    """One row for each pair, as in `Distinctness.htmt`."""
    tail = [(1 - confidence) / 2, (1 + confidence) / 2]
    rows = []
    for number, (one, other, _, _) in enumerate(pairs):
        sample = drawn[:, number][np.isfinite(drawn[:, number])]
        lower, upper = np.quantile(sample, tail) if len(sample) else (np.nan, np.nan)
        rows.append(
            {
                "one": one,
                "other": other,
                "htmt": float(found[number]),
                "lower": float(lower),
                "upper": float(upper),
                "verdict": _judge(float(found[number]), float(lower), float(upper), convention),
            }
        )
    return pd.DataFrame(rows, columns=["one", "other", "htmt", "lower", "upper", "verdict"])


def _judge(estimate: float, lower: float, upper: float, convention: float) -> str:
    if not np.isfinite(estimate):
        return ""
    if not (np.isfinite(lower) and np.isfinite(upper)):
        return "unclear"
    if upper < convention:
        return "distinct"
    return "not distinct" if lower >= convention else "unclear"
