"""Answers as numbers: who answered enough, what was missing, what everybody answered alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.stats.correlations import number_owners
from crm_research.vocabulary import say_count, word_for

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST_ANSWERED: Final = 0.5
_MUCH_MISSING: Final = 0.15
_FEW_OWNERS: Final = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Answers ready for a model.

    Parameters
    ----------
    items
        Names of those that anybody answered, in the order of the columns of `scores`.
    scores
        (n, items); gaps are NaN, or the item's mean where they were filled.
    weight
        (n,), above 0.
    owner
        (n,), number of the customer each row belongs to; a row without one stands for itself.
    kept
        For each row that was handed in, whether it was used.
    n_filled
        Answers that were missing (and filled, if they were).
    constant
        Items that everybody answered alike, or nobody; the latter have no column in `scores`.
    notes
        What was left out.
    """

    items: tuple[str, ...]
    scores: FloatArray
    weight: FloatArray
    owner: IntArray
    kept: NDArray[np.bool_]
    n_filled: int
    constant: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def n_owners(self) -> int:
        """Customers behind the rows."""
        return int(self.owner.max()) + 1

    @property
    def n_effective(self) -> float:
        """Respondents of equal weight that would be worth as much (Kish)."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum())


def check_columns(answers: pd.DataFrame, names: Sequence[str | None]) -> None:
    """Raise ParameterError for the first name that is not a column; None is passed over."""
    for name in names:
        if name is not None and name not in answers.columns:
            raise ParameterError(f"The answers have no column {name!r}. {offer_names(name, map(str, answers.columns))}")


def read_answers(
    answers: pd.DataFrame,
    items: Sequence[str],
    *,
    what: str,
    fewest: int,
    weights: str | None = None,
    cluster: str | None = None,
    is_filled: bool = True,
) -> Answers:
    """Which rows can be used, and as which numbers?

    Parameters
    ----------
    what
        Of what too few rows are complained, such as "A path model".
    fewest
        Rows that it needs.
    is_filled
        True fills gaps with the item's mean for those who answered at least half of the items, False leaves out
        everybody with a gap.

    Raises
    ------
    ParameterError
        For columns that are not there.
    NotEnoughData
        With fewer than `fewest` usable rows.
    """
    names = list(items)
    check_columns(answers, [*names, weights, cluster])
    frame = to_numbers(answers, names)
    weight = _read_weight(answers, weights)
    is_answered = np.asarray(np.isfinite(frame).any(axis=0))
    empty = [name for name, is_known in zip(names, is_answered, strict=True) if not is_known]
    names, frame = [name for name in names if name not in empty], frame[:, is_answered]
    share = np.isfinite(frame).mean(axis=1) if names else np.zeros(len(frame))
    kept = (share >= (_LEAST_ANSWERED if is_filled else 1.0)) & np.isfinite(weight) & (weight > 0)
    notes = _say_left_out(int((~kept).sum()), len(frame), is_filled=is_filled)
    values, weight = frame[kept], weight[kept]
    if len(values) < fewest:
        raise NotEnoughData(f"{what}: usable respondents", needed=fewest, found=len(values))
    answered = np.isfinite(values)
    filled = fill_with_means(values, weight)
    constant = [name for name, reach in zip(names, np.ptp(filled, axis=0), strict=True) if reach <= 0]
    owner = np.arange(len(values))
    if cluster is not None:
        owner = number_owners(answers[cluster].to_numpy()[kept])
    return Answers(
        items=tuple(names),
        scores=filled,
        weight=weight,
        owner=owner,
        kept=kept,
        n_filled=int((~answered).sum()),
        constant=(*empty, *constant),
        notes=(
            *_say_empty(empty),
            *notes,
            *_say_gaps(names, answered),
            *_say_constant(constant),
            *_say_owners(owner, cluster),
        ),
    )


def to_numbers(answers: pd.DataFrame, items: Sequence[str]) -> FloatArray:
    """(n, items); whatever is no finite number becomes NaN."""
    numbers = answers[list(items)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(np.where(np.isfinite(numbers), numbers, np.nan))


def fill_with_means(values: FloatArray, weight: FloatArray) -> FloatArray:
    """The same with the column's weighted mean in every gap; a column without any answer becomes nought."""
    answered = np.isfinite(values)
    if answered.all():
        return values
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (np.where(answered, values, 0.0) * weight[:, None]).sum(axis=0) / (answered * weight[:, None]).sum(
            axis=0
        )
    return np.asarray(np.where(answered, values, np.where(answered.any(axis=0), means, 0.0)))


def standardise(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1 under the weights; a constant column becomes nought."""
    means = weight @ values / weight.sum()
    spread = np.sqrt(weight @ (values - means) ** 2 / weight.sum())
    return np.asarray((values - means) / np.where(spread > 0, spread, 1.0))


def _read_weight(answers: pd.DataFrame, weights: str | None) -> FloatArray:
    if weights is None:
        return np.ones(len(answers))
    return np.asarray(pd.to_numeric(answers[weights], errors="coerce").to_numpy(dtype=float, na_value=np.nan))


def _say_empty(empty: Sequence[str]) -> list[str]:
    return [f"Nobody answered {', '.join(empty)}; left out."] if empty else []


def _say_left_out(n_lost: int, n: int, *, is_filled: bool) -> list[str]:
    if not n_lost:
        return []
    why = "answered less than half of the items" if is_filled else f"{word_for(n_lost, 'lacks', 'lack')} an answer"
    have, were = word_for(n_lost, "has", "have"), word_for(n_lost, "was", "were")
    return [f"{n_lost:,} of {say_count(n, 'respondent')} {why} (or {have} no weight) and {were} left out."]


def _say_gaps(names: Sequence[str], answered: NDArray[np.bool_]) -> list[str]:
    n_gaps = int((~answered).sum())
    if not n_gaps:
        return []
    notes = [
        (
            f"{say_count(n_gaps, 'missing answer')} ({100 * n_gaps / answered.size:.1f} %) "
            f"{word_for(n_gaps, 'was', 'were')} filled with the item's mean."
        )
    ]
    much = [name for name, share in zip(names, (~answered).mean(axis=0), strict=True) if share > _MUCH_MISSING]
    if much:
        notes.append(f"More than {100 * _MUCH_MISSING:.0f} % of the answers to {', '.join(much)} are missing.")
    return notes


def _say_owners(owner: IntArray, cluster: str | None) -> list[str]:
    n_owners = len(np.unique(owner))
    if cluster is None or n_owners >= _FEW_OWNERS:
        return []
    if n_owners == 1:
        return ["All answers come from one customer: there are no limits to be had."]
    return [f"Only {n_owners} customers stand behind these answers: limits from drawing so few are too narrow."]


def _say_constant(constant: Sequence[str]) -> list[str]:
    if not constant:
        return []
    return [f"Everybody answered {', '.join(constant)} alike; these items say nothing and were left out."]
