"""Weights from judgements of pairs, and how far these contradict each other: the analytic hierarchy process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.stats.intervals import FloatArray

# Above this, judgements are to be made again (Saaty 1980).
LARGEST_RATIO: Final = 0.1
# Mean consistency index of judgements by chance, from three criteria on (Saaty and Tran 2007).
_BY_CHANCE: Final = (0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59)
MOST_CRITERIA: Final = len(_BY_CHANCE) + 2
_FURTHEST: Final = 9.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedWeights:
    """How much does each criterion weigh, and do the judgements agree with each other?

    Parameters
    ----------
    weights
        Criterion to its weight; they sum to 1.
    consistency_ratio
        How much the judgements contradict each other, as a share of what judgements by chance would: 0 where they all
        agree; above `LARGEST_RATIO` they should be made again.
    pairs
        criterion, other, ratio (as judged), implied (what the weights say), off (the larger over the smaller); the pair
        that fits the others least first.
    """

    weights: pd.Series
    consistency_ratio: float
    pairs: pd.DataFrame

    @property
    def is_consistent(self) -> bool:
        """Can the judgements be used as they are?"""
        return self.consistency_ratio <= LARGEST_RATIO


def weigh_by_comparison(comparisons: Mapping[tuple[str, str], float]) -> ComparedWeights:
    """How much does each criterion weigh, judged pair by pair?

    Parameters
    ----------
    comparisons
        (criterion, other) to how many times as important the first is: from 1/9 to 9. Each pair once, in either order;
        the criteria come in the order in which they are named.

    Raises
    ------
    ParameterError
        A pair is missing, told twice, of a criterion with itself, or outside of 1/9 to 9; more than 15 criteria.

    Notes
    -----
    Weights are the principal eigenvector of the matrix of judgements; the ratio is (largest eigenvalue - n) / (n - 1)
    over its mean for judgements by chance. Saaty (1980), "The Analytic Hierarchy Process"; Saaty and Tran (2007).
    """
    names = list(dict.fromkeys(name for pair in comparisons for name in pair))
    matrix = _read_matrix(comparisons, names)
    values, vectors = np.linalg.eig(matrix)
    top = int(np.argmax(values.real))
    weights = np.abs(vectors[:, top].real)
    weights /= weights.sum()
    n = len(names)
    index = max(float(values[top].real) - n, 0.0) / (n - 1)
    return ComparedWeights(
        weights=pd.Series(weights, index=pd.Index(names, name="criterion"), name="weight"),
        consistency_ratio=index / _BY_CHANCE[n - 3] if n > 2 else 0.0,
        pairs=_compare_pairs(comparisons, dict(zip(names, weights.tolist(), strict=True))),
    )


def _read_matrix(comparisons: Mapping[tuple[str, str], float], names: list[str]) -> FloatArray:
    if len(names) < 2:
        raise ParameterError("Criteria are compared in pairs, so at least two must be named.")
    if len(names) > MOST_CRITERIA:
        raise ParameterError(
            f"{len(names)} criteria are compared in pairs, and {MOST_CRITERIA} are the most that can be judged. "
            "Put some of them together, or weigh them by groups."
        )
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    np.fill_diagonal(matrix, 1.0)
    for (one, other), ratio in comparisons.items():
        if one == other:
            raise ParameterError(f"{one!r} is compared with itself. Leave that pair out.")
        if isinstance(ratio, bool) or not 1 / _FURTHEST - 1e-9 <= ratio <= _FURTHEST:
            raise ParameterError(
                f"{one!r} is judged {ratio!r} times as important as {other!r}: give a number from 1/9 (far less) "
                "over 1 (equal) to 9 (far more)."
            )
        if matrix[place[one], place[other]]:
            raise ParameterError(f"{one!r} and {other!r} are compared twice. Keep one of the two judgements.")
        matrix[place[one], place[other]], matrix[place[other], place[one]] = ratio, 1 / ratio
    missing = [pair for pair in combinations(names, 2) if not matrix[place[pair[0]], place[pair[1]]]]
    if missing:
        one, other = missing[0]
        more = f" and {len(missing) - 1} further pairs are" if len(missing) > 1 else " is"
        raise ParameterError(f"The comparison of {one!r} with {other!r}{more} missing. Judge every pair once.")
    return matrix


def _compare_pairs(comparisons: Mapping[tuple[str, str], float], weights: Mapping[str, float]) -> pd.DataFrame:
    pairs = pd.DataFrame(
        [(one, other, float(ratio), weights[one] / weights[other]) for (one, other), ratio in comparisons.items()],
        columns=["criterion", "other", "ratio", "implied"],
    )
    pairs["off"] = np.exp(np.abs(np.log(pairs["ratio"] / pairs["implied"])))
    return pairs.sort_values("off", ascending=False, kind="stable", ignore_index=True)
