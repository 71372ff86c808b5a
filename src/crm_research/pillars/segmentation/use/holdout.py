"""Do the groups predict what customers do next, better than the quintiles a manager would use?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.rfm import build_outcomes
from crm_research.pillars.segmentation.rfm.rules import MEASURES, number_scores, score_values
from crm_research.pillars.segmentation.use.responses import read_responses
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval
from crm_research.stats.multiplicity import adjust_holm
from crm_research.stats.skewed import skewed_interval, skewed_p_value, skewness_of_mean
from crm_research.steps import step
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.inputs.choose import Inputs
    from crm_research.study import Study

_FOLDS: Final = 5
_FEWEST: Final = 50
SEGMENTS: Final = "segments"
CELLS: Final = "RFM cells"
EQUAL: Final = "RFM score"
NAMED: Final = "RFM groups"
BOTH: Final = "RFM groups and segments"
NONE: Final = "no groups"
ADDED: Final = "RFM groups, when added to them"
# What is compared: the rule, its name on the page, and what should predict better.
_COMPARED: Final = (
    (CELLS, CELLS, SEGMENTS), (EQUAL, EQUAL, SEGMENTS), (NAMED, NAMED, SEGMENTS), (NAMED, ADDED, BOTH),
    (NONE, NONE, SEGMENTS),
)  # fmt: skip
# Up to so many customers the drawing in of groups is part of the error, and is found by a jackknife of so many parts.
_FEW: Final = 3_000
_PARTS: Final = 20
OUTCOMES: Final = {"holdout_spend": "later spend", "is_repeat": "buys again", "has_responded": "responds to campaigns"}


@dataclass(frozen=True, eq=False, kw_only=True)
class HoldoutCheck(Shown):
    """How well do groups made before as_of predict what came after it?

    Parameters
    ----------
    scores
        outcome, grouping, n_groups, n, explained_share (of the outcome's variance, on customers left out).
    gains
        outcome, against, n, estimate, lower, upper: explained share of the segments less that of the rule, each at the
        level asked for; lower_all, upper_all: at that level for all comparisons together (Bonferroni); p_adjusted
        (Holm); finding in words.
    by_group
        group, n_customers, repeat_rate, mean_spend, and response_rate with n_addressed where campaigns were sent:
        what each group did in the holdout.
    n
        Customers judged: all with a purchase at as_of.
    notes
        What could not be judged, and why.
    """

    scores: pd.DataFrame
    gains: pd.DataFrame
    by_group: pd.DataFrame
    n: int
    notes: tuple[str, ...] = ()


@step
def check_in_holdout(
    study: Study, inputs: Inputs, labels: NDArray[np.int64], *, confidence: float, seed: int
) -> HoldoutCheck | None:
    """Do the segments predict spend, repeat purchase and response better than RFM? None without a holdout.

    Each grouping predicts a customer's outcome by the mean of the others in his group, over five folds, drawn towards
    the mean of all as far as the group is small (`predict`), so that a rule of many cells is no easy prey. The rules:
    cells of recency, frequency and money quintiles (up to 125); the sum of the three scores, cut into as many about
    equal groups as there are segments; the ten named RFM groups (`rfm_rules`), alone and crossed with the segments;
    and no groups at all. Response is judged on the customers whom a campaign addressed after as_of.
    """
    if study.holdout_until is None:
        return None
    outcomes = build_outcomes(study).to_pandas()
    joined = inputs.customers[["customer_id"]].merge(outcomes, on="customer_id", how="left")
    responses, why_not = read_responses(study)
    joined = joined.merge(responses, on="customer_id", how="left")
    groupings = _make_groupings(inputs.customers, labels)
    folds = np.random.default_rng(seed).integers(0, _FOLDS, size=len(labels))
    scores: list[dict[str, object]] = []
    gains: list[dict[str, object]] = []
    notes = [why_not] if why_not else []
    for outcome, words in OUTCOMES.items():
        values = joined[outcome].to_numpy(dtype=float, na_value=np.nan)
        is_judged = np.isfinite(values) if outcome == "has_responded" else np.ones(len(values), dtype=bool)
        if is_judged.sum() < _FEWEST:
            if is_judged.any():
                were = word_for(is_judged.sum(), "was", "were")
                notes.append(
                    f"Only {is_judged.sum():,} of these customers {were} addressed: too few to judge responses."
                )
            continue
        actual = np.nan_to_num(values[is_judged])
        held = {name: groups[is_judged] for name, groups in groupings.items()}
        made = _judge(actual, held, folds[is_judged])
        scores += [{"outcome": words} | row for row in made[0]]
        gains += [{"outcome": words} | row for row in made[1]]
    return HoldoutCheck(
        scores=pd.DataFrame(scores),
        gains=_adjust(pd.DataFrame(gains), confidence=confidence),
        by_group=_sum_by_group(joined, labels),
        n=len(labels),
        notes=tuple(notes),
    )


def _make_groupings(customers: pd.DataFrame, labels: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    scored = score_quintiles(customers)
    own = _number(pd.Series(labels))
    named = number_scores(scored.to_numpy())
    return {
        SEGMENTS: own,
        CELLS: _number(scored["recency"] * 36 + scored["frequency"] * 6 + scored["money"]),
        EQUAL: _cut(scored.sum(axis=1), len(np.unique(labels))),
        NAMED: named,
        BOTH: _number(pd.Series(named * (own.max(initial=0) + 1) + own)),
    }


def _judge(
    actual: NDArray[np.float64],
    groupings: dict[str, NDArray[np.int64]],
    folds: NDArray[np.int64],
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    predicted = {name: predict(groups, actual, folds) for name, groups in groupings.items()}
    null = predicted[NONE] = predict(np.zeros(len(actual), dtype=np.int64), actual, folds)
    total = null.errors.sum()
    scores: list[dict[str, object]] = []
    for name, groups in groupings.items():
        explained = 1 - predicted[name].errors.sum() / total if total > 0 else np.nan
        n_groups = len(np.unique(groups))
        scores.append({"grouping": name, "n_groups": n_groups, "n": len(actual), "explained_share": explained})
    gains: list[dict[str, object]] = []
    is_small = len(actual) <= _FEW
    jackknifed = _jackknife(actual, groupings, folds) if is_small else np.zeros(len(_COMPARED))
    for (rule, against, better), again in zip(_COMPARED, jackknifed, strict=True):
        estimate, error, skewness = measure_gain(predicted[rule], predicted[better], null)
        gains.append(
            {
                "against": against,
                "n": len(actual),
                "estimate": estimate,
                "std_error": np.fmax(error, again),
                "skewness": skewness,
                "df": _PARTS - 1 if is_small else len(actual) - 1,
            }
        )
    return scores, gains


def _jackknife(
    actual: NDArray[np.float64], groupings: dict[str, NDArray[np.int64]], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Standard error of each gain, by leaving out a twentieth of the customers in turn: groups are drawn in anew."""
    part = np.random.default_rng(len(actual)).permutation(len(actual)) % _PARTS
    found = []
    for out in range(_PARTS):
        left = part != out
        held = {**groupings, NONE: np.zeros(len(actual), dtype=np.int64)}
        errors = {name: predict(groups[left], actual[left], folds[left]).errors.sum() for name, groups in held.items()}
        total = errors[NONE] if errors[NONE] > 0 else np.nan
        found.append([(errors[rule] - errors[better]) / total for rule, _, better in _COMPARED])
    moved = np.array(found) - np.mean(found, axis=0)
    return np.asarray(np.sqrt((_PARTS - 1) / _PARTS * (moved**2).sum(axis=0)))


def _adjust(gains: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """The gains with limits and p-values that hold for all comparisons together."""
    estimate, error, skewness = (gains[name].to_numpy(dtype=float) for name in ("estimate", "std_error", "skewness"))
    df = gains["df"].to_numpy(dtype=float)
    level = 1 - (1 - confidence) / max(int(gains["estimate"].notna().sum()), 1)
    alone, limits = (skewed_interval(estimate, error, skewness, df, confidence=one) for one in (confidence, level))
    gains = gains.drop(columns=["std_error", "skewness", "df"]).assign(
        lower=alone.lower, upper=alone.upper, lower_all=limits.lower, upper_all=limits.upper,
        p_adjusted=adjust_holm(skewed_p_value(estimate, error, skewness, df)),
    )  # fmt: skip
    is_better, is_worse = gains["lower_all"] > 0, gains["upper_all"] < 0
    finding = np.select([is_better, is_worse, gains["estimate"].isna()], ["better", "worse", "not known"], "open")
    return gains.assign(finding=finding)


def _sum_by_group(joined: pd.DataFrame, labels: NDArray[np.int64]) -> pd.DataFrame:
    by_group = joined.groupby(labels).agg(
        n_customers=("is_repeat", "size"), repeat_rate=("is_repeat", "mean"), mean_spend=("holdout_spend", "mean")
    )
    if joined["has_responded"].notna().any():
        answered = joined["has_responded"].astype(float).groupby(labels)
        by_group = by_group.assign(n_addressed=answered.count(), response_rate=answered.mean())
    return by_group.rename_axis("group").reset_index()


def score_quintiles(customers: pd.DataFrame) -> pd.DataFrame:
    """Quintile scores 1 to 5 (5 is best) of recency, frequency and money; tied customers share a score."""
    scores = {}
    for name, (column, is_less_better) in MEASURES.items():
        values = customers[column].astype(float).fillna(0.0).to_numpy()
        cuts = np.quantile(values, [0.2, 0.4, 0.6, 0.8]) if len(values) else np.zeros(4)
        scores[name] = score_values(values, cuts, is_less_better=is_less_better)
    return pd.DataFrame(scores, index=customers.index)


@dataclass(frozen=True, eq=False, kw_only=True)
class Predicted:
    """What a grouping predicts of each customer, and how wrong it is.

    Parameters
    ----------
    expected
        What is predicted.
    errors
        Squared difference from what came, customer by customer.
    influence
        By how much the sum of the errors would grow if one more like this customer were at hand: his own error, and
        what he changes in what is predicted of the others. Its mean is that of the errors.
    """

    expected: NDArray[np.float64]
    errors: NDArray[np.float64]
    influence: NDArray[np.float64]


def predict(groups: NDArray[np.int64], actual: NDArray[np.float64], folds: NDArray[np.int64]) -> Predicted:
    """What do the customers of the other folds let one expect of each customer, by his group?

    The mean of the group, drawn towards the mean of all as far as the group is small and groups differ little
    (`weigh_groups`): otherwise many small groups would predict noise. The mean of all where the group is new.
    """
    n_groups = int(groups.max()) + 1
    expected, errors = np.zeros(len(actual)), np.zeros(len(actual))
    indirect = np.zeros(len(actual))
    for fold in np.unique(folds):
        out = folds == fold
        rest = ~out
        if not rest.any():
            errors[out] = actual[out] ** 2
            continue
        everybody = actual[rest].mean()
        own, moved = groups[rest], actual[rest] - everybody
        counts = np.bincount(own, minlength=n_groups)
        means = np.bincount(own, weights=moved, minlength=n_groups) / np.maximum(counts, 1)
        weights = weigh_groups(counts, means, float(((moved - means[own]) ** 2).sum()))
        expected[out] = (everybody + weights * means)[groups[out]]
        misses = expected[out] - actual[out]
        errors[out] = misses**2
        # By how much the errors of this fold change with each customer the means are taken from.
        slopes = 2 * np.bincount(groups[out], weights=misses, minlength=n_groups)
        by_group = (slopes * weights / np.maximum(counts, 1))[own] * (moved - means[own])
        indirect[rest] += by_group + float((slopes * (1 - weights)).sum()) * moved / len(moved)
    return Predicted(expected=expected, errors=errors, influence=errors + indirect)


def weigh_groups(counts: NDArray[np.int64], means: NDArray[np.float64], within: float) -> NDArray[np.float64]:
    """How far may the mean of each group be believed, from 0 (take that of all) to 1?

    Parameters
    ----------
    counts, means
        Customers of each group, and their mean less that of all customers.
    within
        Sum of the squared differences of the customers from the means of their groups.

    References
    ----------
    Buehlmann and Straub (1970), Mitteilungen der Vereinigung schweizerischer Versicherungsmathematiker 70, 111-133:
    the credibility n / (n + v / a), with v the variance within groups and a that between them, both unbiased.
    """
    held = counts > 0
    n, k = int(counts.sum()), int(held.sum())
    spread = n - float((counts**2).sum()) / n if n else 0.0
    nothing = np.zeros(len(counts))
    if k < 2 or n <= k:
        return nothing
    variance = within / (n - k)
    between = (float((counts * means**2).sum()) - (k - 1) * variance) / spread
    if between <= 0:
        return nothing
    weights: NDArray[np.float64] = np.divide(counts * between, counts * between + variance, out=nothing, where=held)
    return weights


def compare_errors(rule: Predicted, segments: Predicted, null: Predicted, *, confidence: float) -> Interval:
    """Explained share of the segments less that of the rule, with an interval over customers (`stats.skewed`)."""
    return skewed_interval(*measure_gain(rule, segments, null), len(null.errors) - 1, confidence=confidence)


def measure_gain(rule: Predicted, segments: Predicted, null: Predicted) -> tuple[float, float, float]:
    """Explained share of the segments less that of the rule, its standard error and its skewness.

    Ratio of two sums over the same customers, linearised (Cochran 1977, Sampling Techniques, 6.4) in what each customer
    does to the sums, through the means of the groups too; how far these are drawn in is taken as given.
    """
    total, n = float(null.errors.sum()), len(null.errors)
    if total <= 0 or n < 2:
        return float("nan"), float("nan"), float("nan")
    gain = float((rule.errors - segments.errors).sum()) / total
    moved = rule.influence - segments.influence - gain * null.influence
    second, third = (float(((moved - moved.mean()) ** power).mean()) for power in (2, 3))
    error = np.sqrt(n * second * n / (n - 1)) / total
    return gain, float(error), float(skewness_of_mean(second, third, n))


def _cut(values: pd.Series, n_groups: int) -> NDArray[np.int64]:
    ranks = values.rank(pct=True, method="average").to_numpy()
    return np.clip(np.ceil(ranks * n_groups), 1, n_groups).astype(np.int64) - 1


def _number(values: pd.Series) -> NDArray[np.int64]:
    codes, _ = pd.factorize(values, sort=True)
    return np.asarray(codes, dtype=np.int64)
