"""How the explained variance of an outcome divides among its drivers, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.importance.explained import (
    FloatArray,
    divide_by_subsets,
    divide_by_weights,
)
from crm_research.stats.correlations import correlate, number_owners, resample_correlations
from crm_research.stats.drawn_limits import explained_limits
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count, word_for

MOST_FOR_SUBSETS: Final = 10
_FEWEST: Final = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Importance:
    """What matters most, as far as these answers tell.

    Parameters
    ----------
    shares
        Grain: driver, the most important first. Columns ``driver``, ``r2_share`` (of R squared; they sum to one),
        ``lower``, ``upper``, ``r2_part`` (of the outcome's variance; they sum to `r2`), ``correlation`` (with the
        outcome), ``is_above_average`` (the interval of its share lies above 1 / number of drivers).
    r2, r2_lower, r2_upper
        Variance of the outcome that all drivers together explain.
    n, n_effective
        Rows without a gap that were used; Kish's effective number under weights.
    estimator
        In words.
    notes
        What was left out or is doubtful.
    """

    shares: pd.DataFrame
    r2: float
    r2_lower: float
    r2_upper: float
    n: int
    n_effective: float
    confidence: float
    estimator: str
    notes: tuple[str, ...]


def share_r2(
    answers: pd.DataFrame,
    target: str,
    drivers: Sequence[str],
    *,
    weights: str | None = None,
    cluster: str | None = None,
    n_bootstraps: int = 1000,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> Importance:
    """Which drivers matter most for the outcome, where drivers go together?

    Coefficients of a regression share out what correlated drivers explain in common by accident. Shapley's division
    averages what a driver adds over every order in which the drivers can be taken in.

    Parameters
    ----------
    answers
        One row a respondent: `target`, `drivers`, and the weight and cluster where they are named. Rows with a gap in
        any of these are left out and counted.
    weights
        Column of weights, such as inverse chances to answer; 0 or more.
    cluster
        Column of those whose rows are drawn together (a customer who answered twice).
    n_bootstraps
        Resamples; their limits are those of `explained_limits`.

    Raises
    ------
    ParameterError
        For a column that is not there, a target among the drivers, or no driver.
    NotEnoughData
        With fewer complete rows than two more than there are drivers that differ, or where outcome or drivers never do.

    Notes
    -----
    Exact over all subsets up to ten drivers, relative weights (Johnson) beyond. Shares describe association: a driver
    that is not asked about is not allowed for, and raising a driver need not raise the outcome.
    """
    check_confidence(confidence)
    names = _check(answers, target, drivers, weights, cluster)
    frame = answers[[*names, target]].apply(pd.to_numeric, errors="coerce").astype(float)
    weight = np.ones(len(frame)) if weights is None else answers[weights].to_numpy(dtype=float, na_value=np.nan)
    complete = np.isfinite(frame.to_numpy()).all(axis=1) & np.isfinite(weight) & (weight > 0)
    values, weight = frame.to_numpy()[complete], weight[complete]
    notes = _say_gaps(len(frame) - len(values), len(frame))
    used, constant = _differing(values, names)
    if constant:
        notes.append(f"{', '.join(constant)} never differ and explain nothing; they were left out.")
    needed = max(_FEWEST, len(used) + 2)
    if len(values) < needed:
        raise NotEnoughData(
            "The importance of drivers: complete answers", needed=needed, found=len(values),
            mend="They must differ, in the outcome and in at least one driver.",
        )  # fmt: skip
    if not used or np.ptp(values[:, -1]) == 0:
        what = "drivers that differ" if not used else "outcomes that differ"
        raise NotEnoughData(
            f"The importance of drivers: {what}", needed=1 if not used else 2, found=0 if not used else 1,
            mend="Where everybody answers alike there is nothing to explain, or nothing to explain it by.",
        )  # fmt: skip
    values = values[:, [*(names.index(name) for name in used), -1]]
    owner = np.arange(len(values)) if cluster is None else number_owners(answers.loc[complete, cluster].to_numpy())
    divide = divide_by_subsets if len(used) <= MOST_FOR_SUBSETS else divide_by_weights
    parts = divide(correlate(values, weight[None, :]))[0]
    resamples = resample_correlations(values, weight, n_bootstraps=n_bootstraps, seed=seed, owner=owner)
    drawn = np.concatenate([divide(batch) for batch in resamples])
    means = (
        "Shapley value of R squared over all subsets" if divide is divide_by_subsets else "Johnson's relative weights"
    )
    estimator = f"{means}; expanded bootstrap percentiles or Student's t on two scales, the farthest"
    return _assemble(used, values, weight, parts, drawn, int(owner.max()) + 1, confidence, estimator, notes)


def _check(
    answers: pd.DataFrame, target: str, drivers: Sequence[str], weights: str | None, cluster: str | None
) -> list[str]:
    names = list(dict.fromkeys(drivers))
    for name in (target, *names, *(extra for extra in (weights, cluster) if extra is not None)):
        if name not in answers.columns:
            raise ParameterError(f"The answers have no column {name!r}. {offer_names(name, answers.columns)}")
    if target in names:
        raise ParameterError(f"{target!r} cannot be the outcome and a driver of itself. Take it out of the drivers.")
    if not names:
        raise ParameterError("Name at least one driver.")
    return names


def _say_gaps(n_lost: int, n: int) -> list[str]:
    lack, were = word_for(n_lost, "lacks", "lack"), word_for(n_lost, "was", "were")
    told = f"{n_lost:,} of {say_count(n, 'row')} {lack} an answer (or a weight) and {were} left out."
    return [told] if n_lost else []


def _differing(values: FloatArray, names: Sequence[str]) -> tuple[list[str], list[str]]:
    differs = np.ptp(values[:, :-1], axis=0) > 0 if len(values) else np.zeros(len(names), dtype=bool)
    used = [name for name, is_used in zip(names, differs, strict=True) if is_used]
    return used, [name for name in names if name not in used]


def _assemble(
    names: list[str],
    values: FloatArray,
    weight: FloatArray,
    parts: FloatArray,
    drawn: FloatArray,
    n_owners: int,
    confidence: float,
    estimator: str,
    notes: list[str],
) -> Importance:
    total, totals = float(parts.sum()), drawn.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = parts / total if total > 0 else np.full(len(parts), np.nan)
        spread = drawn[totals > 0] / totals[totals > 0, None]
    lower, upper = explained_limits(shares, spread, n=n_owners, confidence=confidence)
    table = pd.DataFrame(
        {
            "driver": names,
            "r2_share": shares,
            "lower": lower,
            "upper": upper,
            "r2_part": parts,
            "correlation": correlate(values, weight[None, :])[0][:-1, -1],
            "is_above_average": lower > 1 / len(names),
        }
    )
    r2_lower, r2_upper = explained_limits(total, totals, n=n_owners, confidence=confidence)
    return Importance(
        shares=table.sort_values("r2_share", ascending=False, kind="stable", ignore_index=True),
        r2=total,
        r2_lower=float(r2_lower),
        r2_upper=float(r2_upper),
        n=len(values),
        n_effective=float(weight.sum() ** 2 / (weight**2).sum()),
        confidence=float(confidence),
        estimator=estimator,
        notes=tuple(notes),
    )
