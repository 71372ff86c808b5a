"""Do the groups foretell what customers do next, better than the quintiles a manager would use?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.rfm import build_outcomes
from crm_research.stats.intervals import Interval, normal_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.segmentation.inputs import Inputs
    from crm_research.study import Study

_FOLDS: Final = 5
CELLS: Final = "RFM cells"
EQUAL: Final = "RFM score"
OUTCOMES: Final = {"holdout_spend": "later spend", "is_repeat": "buys again"}


@dataclass(frozen=True, eq=False, kw_only=True)
class HoldoutCheck:
    """How well do groups made before as_of foretell what came after it?

    Parameters
    ----------
    scores
        outcome, grouping, n_groups, explained_share (of the outcome's variance, on customers left out).
    gains
        outcome, against, estimate, lower, upper: explained share of the segments less that of the rule.
    by_group
        group, n_customers, repeat_rate, mean_spend: what each group did in the holdout.
    n
        Customers judged: all with a purchase at as_of.
    """

    scores: pd.DataFrame
    gains: pd.DataFrame
    by_group: pd.DataFrame
    n: int


def check_in_holdout(
    study: Study, inputs: Inputs, labels: NDArray[np.int64], *, confidence: float, seed: int
) -> HoldoutCheck | None:
    """Do the segments foretell spend and repeat purchase better than RFM quintiles? None without a holdout.

    Each grouping foretells a customer's outcome by the mean of the others in his group, over five folds. The rules:
    cells of recency, frequency and money quintiles (up to 125), and the sum of the three scores, cut into as many
    about equal groups as there are segments.
    """
    if study.holdout_until is None:
        return None
    outcomes = build_outcomes(study).to_pandas()
    joined = inputs.customers[["customer_id"]].merge(outcomes, on="customer_id", how="left")
    scored = score_quintiles(inputs.customers)
    groupings = {
        "segments": labels,
        CELLS: _number(scored["recency"] * 36 + scored["frequency"] * 6 + scored["money"]),
        EQUAL: _cut(scored.sum(axis=1), len(np.unique(labels))),
    }
    folds = np.random.default_rng(seed).integers(0, _FOLDS, size=len(labels))
    scores, gains = [], []
    for outcome, words in OUTCOMES.items():
        actual = joined[outcome].to_numpy(dtype=float, na_value=0.0)
        errors = {name: (actual - foretell(groups, actual, folds)) ** 2 for name, groups in groupings.items()}
        null = (actual - foretell(np.zeros_like(labels), actual, folds)) ** 2
        for name, groups in groupings.items():
            explained = 1 - errors[name].sum() / null.sum() if null.sum() > 0 else np.nan
            n_groups = len(np.unique(groups))
            scores.append({"outcome": words, "grouping": name, "n_groups": n_groups, "explained_share": explained})
        for rule in (CELLS, EQUAL):
            gain = compare_errors(errors[rule], errors["segments"], null, confidence=confidence)
            gains.append({"outcome": words, "against": rule} | {n: float(v) for n, v in gain._asdict().items()})
    by_group = joined.groupby(labels).agg(
        n_customers=("is_repeat", "size"), repeat_rate=("is_repeat", "mean"), mean_spend=("holdout_spend", "mean")
    )
    return HoldoutCheck(
        scores=pd.DataFrame(scores),
        gains=pd.DataFrame(gains),
        by_group=by_group.rename_axis("group").reset_index(),
        n=len(labels),
    )


def score_quintiles(customers: pd.DataFrame) -> pd.DataFrame:
    """Quintile scores 1 to 5 (5 is best) of recency, frequency and money; tied customers share a score."""
    measures = {
        "recency": -customers["days_since_last"],
        "frequency": customers["n_orders"],
        "money": customers["spend"],
    }
    ranks = pd.DataFrame(measures).astype(float).fillna(0.0).rank(pct=True, method="average")
    scores = np.ceil(ranks.to_numpy() * 5).clip(1, 5).astype("int64")
    return pd.DataFrame(scores, columns=ranks.columns, index=ranks.index)


def foretell(groups: NDArray[np.int64], actual: NDArray[np.float64], folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean outcome of the customers of the same group in the other folds; of all others where there is none."""
    n_groups = int(groups.max()) + 1
    foretold = np.empty(len(actual))
    for fold in np.unique(folds):
        is_left_out = folds == fold
        others = ~is_left_out
        counts = np.bincount(groups[others], minlength=n_groups)
        sums = np.bincount(groups[others], weights=actual[others], minlength=n_groups)
        everybody = actual[others].mean() if others.any() else 0.0
        means = np.where(counts > 0, sums / np.maximum(counts, 1), everybody)
        foretold[is_left_out] = means[groups[is_left_out]]
    return foretold


def compare_errors(
    rule: NDArray[np.float64], segments: NDArray[np.float64], null: NDArray[np.float64], *, confidence: float
) -> Interval:
    """Explained share of the segments less that of the rule, with an interval over customers.

    Ratio of two sums over the same customers, linearised (Cochran 1977, Sampling Techniques, 6.4).
    """
    if null.sum() <= 0:
        nothing = np.asarray(np.nan)
        return Interval(nothing, nothing, nothing)
    difference = rule - segments
    gain = difference.sum() / null.sum()
    error = np.sqrt(len(null)) * (difference - gain * null).std(ddof=1) / null.sum()
    return normal_interval(gain, error, confidence=confidence)


def _cut(values: pd.Series, n_groups: int) -> NDArray[np.int64]:
    ranks = values.rank(pct=True, method="average").to_numpy()
    return np.clip(np.ceil(ranks * n_groups), 1, n_groups).astype(np.int64) - 1


def _number(values: pd.Series) -> NDArray[np.int64]:
    codes, _ = pd.factorize(values, sort=True)
    return np.asarray(codes, dtype=np.int64)
