"""Does a path model predict the answers of people it was not fitted to?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths.algorithm import SCHEMES, FloatArray, Scheme
from crm_research.models.paths.fit import prepare
from crm_research.models.paths.held_out import (
    ANTECEDENTS,
    Antecedents,
    Fitted,
    cut_folds,
    fit_without,
    predict,
)
from crm_research.models.paths.plan import Mode, PathPlan
from crm_research.models.scales.reading import Answers, to_numbers
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count

_FEWEST: Final = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class PathPrediction:
    """How well the answers of people left out are predicted, beside a plain regression and beside the mean.

    Parameters
    ----------
    items
        Grain: item of a construct that something leads to. Columns ``construct``, ``item``, ``n`` (answers predicted),
        ``q2`` (1 minus squared error over that of the mean of those fitted), ``rmse``, ``rmse_linear``, ``rmse_mean``,
        ``mae``, ``mae_linear``, ``mae_mean``, in the item's own units; ``is_better`` (rmse below the linear model's).
    constructs
        Grain: such a construct, and ``all`` last. Columns ``construct``, ``n_items``, ``n_useful`` (q2 above 0),
        ``n_better``, ``power`` (``none``, ``low``, ``medium``, ``high``: how many items it predicts better than the
        linear model; ``none`` too where half of the items or more are not predicted better than by their mean),
        ``linear_difference`` (squared error, in variances of the items, less that of the linear model; below nought the
        path model is better), ``linear_lower``, ``linear_upper``, ``mean_difference`` (less that of the mean),
        ``mean_lower``, ``mean_upper``.
    n, n_folds, n_repeats
        Respondents; parts each cut makes; cuts.
    estimator
        In words.
    """

    items: pd.DataFrame
    constructs: pd.DataFrame
    n: int
    n_folds: int
    n_repeats: int
    confidence: float
    estimator: str
    notes: tuple[str, ...]


def predict_paths(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    modes: Mapping[str, Mode] | None = None,
    scheme: Scheme = "path",
    antecedents: Antecedents = "earliest",
    weights: str | None = None,
    cluster: str | None = None,
    n_folds: int = 10,
    n_repeats: int = 10,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> PathPrediction:
    """Would the model predict what people answer whom it has not seen, and better than simpler rules?

    Parameters
    ----------
    answers, constructs, paths, modes, scheme, weights, cluster
        As in `fit_paths`; customers with several rows are left out together.
    antecedents
        ``earliest`` predicts from the items of the constructs that nothing leads to, along all ways; ``direct`` from
        the items of the constructs that lead straight to the one predicted. The linear model gets the same items.
    n_folds, n_repeats
        Parts of a cut, each left out once; cuts.

    Raises
    ------
    ParameterError
        As `fit_paths`, and for fewer than two folds or no repeat.
    NotEnoughData
        With fewer than twenty usable respondents, or fewer customers than folds.

    Notes
    -----
    Means, variances and fillings for gaps come from those fitted; answers that are missing are not predicted. The
    differences are paired over customers, after averaging their repeats, with Student's t (the test of Liengaard et
    al.). Folds share most of their people, so these limits are somewhat narrow.

    References
    ----------
    Shmueli, Ray, Velasquez Estrada and Chatla (2016), Journal of Business Research 69, 4552-4564; Shmueli et al.
    (2019), European Journal of Marketing 53, 2322-2347; Liengaard et al. (2021), Decision Sciences 52, 362-392.
    """
    check_confidence(confidence)
    if scheme not in SCHEMES:
        raise ParameterError(f"scheme must be one of {', '.join(SCHEMES)}, not {scheme!r}.")
    if antecedents not in ANTECEDENTS:
        raise ParameterError(f"antecedents must be one of {', '.join(ANTECEDENTS)}, not {antecedents!r}.")
    if n_folds < 2 or n_repeats < 1:
        raise ParameterError(f"n_folds must be 2 or more and n_repeats 1 or more, not {n_folds} and {n_repeats}.")
    plan, read = prepare(answers, constructs, paths, modes=modes, weights=weights, cluster=cluster)
    n_owners = read.n_owners
    if n_owners < max(_FEWEST, n_folds):
        raise NotEnoughData(
            "Judging the path model by prediction: respondents (customers)",
            needed=max(_FEWEST, n_folds), found=n_owners,
        )  # fmt: skip
    raw = to_numbers(answers.loc[read.kept], plan.items)
    folds = cut_folds(n_owners, n_folds, n_repeats, seed)[:, read.owner]
    fitted = fit_without(plan, raw, read.weight, folds, n_folds, scheme, antecedents)
    errors = predict(raw, folds, n_folds, fitted)
    return _assemble(plan, read, raw, errors, fitted, (n_folds, n_repeats), antecedents, confidence)


def _assemble(
    plan: PathPlan,
    read: Answers,
    raw: FloatArray,
    errors: dict[str, tuple[FloatArray, FloatArray]],
    fitted: Fitted,
    cuts: tuple[int, int],
    antecedents: Antecedents,
    confidence: float,
) -> PathPrediction:
    items = _tabulate_items(plan, read.weight, errors)
    scale = np.where(fitted.spreads.mean(axis=0) > 0, fitted.spreads.mean(axis=0), 1.0)
    endogenous = [place for place in range(len(plan.constructs)) if len(plan.causes_of(place))]
    rows = []
    for name, places in [
        *((plan.constructs[place], plan.items_of(place)) for place in endogenous),
        ("all", np.concatenate([plan.items_of(place) for place in endogenous])),
    ]:
        loss = {rule: squared[:, places] / scale[places] ** 2 for rule, (squared, _) in errors.items()}
        chosen = items.loc[items["item"].isin([plan.items[place] for place in places])]
        rows.append(
            {
                "construct": name,
                "n_items": len(places),
                "n_useful": int((chosen["q2"] > 0).sum()),
                "n_better": int(chosen["is_better"].sum()),
                "power": _power(chosen),
                **_compare(loss["paths"] - loss["linear"], read, confidence, "linear"),
                **_compare(loss["paths"] - loss["mean"], read, confidence, "mean"),
            }
        )
    notes = list(read.notes)
    if fitted.n_failed:
        notes.append(
            f"In {fitted.n_failed} of {say_count(len(fitted.means), 'fit')} the weights of the items did not settle."
        )
    return PathPrediction(
        items=items,
        constructs=pd.DataFrame(rows),
        n=len(raw),
        n_folds=cuts[0],
        n_repeats=cuts[1],
        confidence=float(confidence),
        estimator=f"PLSpredict, {cuts[0]} folds, {cuts[1]} repeats, from {antecedents} antecedents; linear "
        "model of the same items",
        notes=tuple(notes),
    )


def _tabulate_items(
    plan: PathPlan, weight: FloatArray, errors: dict[str, tuple[FloatArray, FloatArray]]
) -> pd.DataFrame:
    rows = []
    for place, item in enumerate(plan.items):
        if not len(plan.causes_of(int(plan.owner[place]))):
            continue
        known = np.isfinite(errors["mean"][0][:, place])
        share = weight[known] / weight[known].sum()
        squared = {rule: float(share @ found[known, place]) for rule, (found, _) in errors.items()}
        absolute = {rule: float(share @ found[known, place]) for rule, (_, found) in errors.items()}
        rows.append(
            {
                "construct": plan.constructs[plan.owner[place]],
                "item": item,
                "n": int(known.sum()),
                "q2": 1 - squared["paths"] / squared["mean"] if squared["mean"] > 0 else np.nan,
                "rmse": squared["paths"] ** 0.5,
                "rmse_linear": squared["linear"] ** 0.5,
                "rmse_mean": squared["mean"] ** 0.5,
                "mae": absolute["paths"],
                "mae_linear": absolute["linear"],
                "mae_mean": absolute["mean"],
                "is_better": squared["paths"] < squared["linear"],
            }
        )
    return pd.DataFrame(rows)


def _power(items: pd.DataFrame) -> str:
    """The rule of Shmueli et al. (2019)."""
    better, n = int((items["is_better"] & (items["q2"] > 0)).sum()), len(items)
    if not better or (items["q2"] > 0).sum() * 2 <= n:
        return "none"
    if better == n:
        return "high"
    return "medium" if better * 2 >= n else "low"


def _compare(difference: FloatArray, read: Answers, confidence: float, name: str) -> dict[str, float]:
    """Mean difference of squared errors over customers, with limits by Student's t."""
    known = np.isfinite(difference)
    loss = np.where(known, difference, 0.0).sum(axis=1)
    counted = known.sum(axis=1)
    by_owner = np.bincount(read.owner, weights=loss * read.weight)
    size = np.bincount(read.owner, weights=counted * read.weight)
    by_owner, size = by_owner[size > 0], size[size > 0]
    n = len(size)
    estimate = float(by_owner.sum() / size.sum()) if n else np.nan
    if n < 2:
        return {f"{name}_difference": estimate, f"{name}_lower": np.nan, f"{name}_upper": np.nan}
    spread = np.sqrt(n / (n - 1) * ((by_owner - estimate * size) ** 2).sum()) / size.sum()
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1) * spread)
    return {f"{name}_difference": estimate, f"{name}_lower": estimate - reach, f"{name}_upper": estimate + reach}
