"""Fitting a path model to answers, with bootstrap intervals for everything it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.paths.algorithm import SCHEMES, Composites, FloatArray, Scheme, weigh_items
from crm_research.models.paths.plan import Mode, PathPlan, plan_paths
from crm_research.models.paths.result import PathModel
from crm_research.models.paths.tables import (
    Drawn,
    tabulate_effects,
    tabulate_loadings,
    tabulate_paths,
    tabulate_quality,
)
from crm_research.stats.correlations import correlate, resample_correlations
from crm_research.stats.intervals import check_confidence

_FEWEST: Final = 10
_ROWS_PER_ARROW: Final = 10
_MUCH_MISSING: Final = 0.15
_LEAST_ANSWERED: Final = 0.5


def fit_paths(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    modes: Mapping[str, Mode] | None = None,
    scheme: Scheme = "path",
    weights: str | None = None,
    cluster: str | None = None,
    n_bootstraps: int = 5000,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> PathModel:
    """What leads to what among things that are measured by several questions each?

    Parameters
    ----------
    answers
        One row a respondent, one column an item (a number; empty where not answered).
    constructs
        Name of each construct and its items; those that no path touches are left out.
    paths
        (cause, consequence).
    modes
        ``A`` (items reflect the construct; everybody's without it) or ``B`` (items form it).
    weights
        Column of weights, such as inverse chances to answer.
    cluster
        Column of those whose rows are drawn together.

    Returns
    -------
    PathModel

    Raises
    ------
    ParameterError
        For columns, constructs or paths that do not fit.
    NotEnoughData
        With fewer than ten respondents (or two more than causes of one construct), or a construct whose items never
        differ.

    Notes
    -----
    Partial least squares on standardised items. Respondents who answered less than half of the items are left out;
    other gaps are filled with the item's mean, which pulls correlations towards nought. Resamples are turned to the
    signs of the original construct by construct. Paths are associations in the direction drawn: nothing here proves
    the direction.
    """
    check_confidence(confidence)
    if scheme not in SCHEMES:
        raise ParameterError(f"scheme must be one of {', '.join(SCHEMES)}, not {scheme!r}.")
    for name in (weights, cluster):
        if name is not None and name not in answers.columns:
            raise ParameterError(f"The answers have no column {name!r}. {offer_names(name, answers.columns)}")
    full = plan_paths(constructs, paths, columns=list(answers.columns), modes=modes)
    read = _read(answers, full, weights)
    plan = full if not read.constant else _without(full, constructs, paths, modes, read.constant)
    values = read.scores[:, [full.items.index(item) for item in plan.items]]
    _check_size(plan, len(values))
    observed = correlate(_scale(values, read.weight), read.weight[None, :])
    found = weigh_items(plan, observed, scheme=scheme)
    owner = None
    if cluster is not None:
        owner = pd.factorize(answers[cluster].to_numpy()[read.kept], use_na_sentinel=False)[0]
    resamples = resample_correlations(values, read.weight, n_bootstraps=n_bootstraps, seed=seed, owner=owner)
    drawn = Drawn.collect(plan, found, (_again(plan, batch, scheme) for batch in resamples))
    return PathModel(
        loadings=tabulate_loadings(plan, found, drawn, confidence),
        paths=tabulate_paths(plan, found, drawn, confidence),
        effects=tabulate_effects(plan, found, drawn, confidence),
        quality=tabulate_quality(plan, observed[0], found, drawn, len(values), confidence),
        scores=pd.DataFrame(
            _scale(values, read.weight) @ found.weights[0],
            columns=list(plan.constructs),
            index=answers.index[read.kept],
        ),
        n=len(values),
        n_filled=read.n_filled,
        n_bootstraps=drawn.n,
        n_failed=drawn.n_failed,
        confidence=float(confidence),
        scheme=scheme,
        has_converged=bool(found.has_converged[0]),
        notes=(*read.notes, *_doubts(plan, found, len(values))),
        plan=plan,
        correlations=observed[0],
        weights=found.weights[0],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Read:
    scores: FloatArray
    weight: FloatArray
    kept: NDArray[np.bool_]
    constant: list[str]
    n_filled: int
    notes: list[str]


def _read(answers: pd.DataFrame, plan: PathPlan, weights: str | None) -> _Read:
    frame = answers[list(plan.items)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    frame = np.where(np.isfinite(frame), frame, np.nan)
    weight = np.ones(len(frame)) if weights is None else answers[weights].to_numpy(dtype=float, na_value=np.nan)
    answered = np.isfinite(frame)
    kept = (answered.mean(axis=1) >= _LEAST_ANSWERED) & np.isfinite(weight) & (weight > 0)
    notes = []
    if n_lost := int((~kept).sum()):
        notes.append(
            f"{n_lost:,} of {len(frame):,} respondents answered less than half of the items (or have no weight) and "
            "were left out."
        )
    values, weight, answered = frame[kept], weight[kept], answered[kept]
    if len(values) < _FEWEST:
        raise NotEnoughData("A path model", needed=_FEWEST, found=len(values), mend="These are usable respondents.")
    empty = ~answered.any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(values * weight[:, None], axis=0) / (answered * weight[:, None]).sum(axis=0)
    filled = np.where(answered, values, np.where(empty, 0.0, means))
    n_filled = int((~answered).sum())
    if n_filled:
        notes.append(f"{n_filled:,} missing answers ({n_filled / answered.size:.1%}) were filled with the item's mean.")
    gaps = [item for item, share in zip(plan.items, 1 - answered.mean(axis=0), strict=True) if share > _MUCH_MISSING]
    if gaps:
        notes.append(f"More than {_MUCH_MISSING:.0%} of the answers to {', '.join(gaps)} are missing.")
    constant = [item for item, reach in zip(plan.items, np.ptp(filled, axis=0), strict=True) if reach <= 0]
    if constant:
        notes.append(f"Everybody answered {', '.join(constant)} alike; these items say nothing and were left out.")
    return _Read(scores=filled, weight=weight, kept=kept, constant=constant, n_filled=n_filled, notes=notes)


def _without(
    plan: PathPlan,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    modes: Mapping[str, Mode] | None,
    constant: list[str],
) -> PathPlan:
    left = {name: [item for item in items if item not in constant] for name, items in constructs.items()}
    for name in plan.constructs:
        if not left[name]:
            raise NotEnoughData(
                f"A path model: items of {name!r} that differ", needed=1, found=0,
                mend="Take the construct out of the paths, or give it items on which people differ.",
            )  # fmt: skip
    kept = {name: items for name, items in left.items() if items}
    return plan_paths(kept, paths, columns=[item for items in kept.values() for item in items], modes=modes)


def _check_size(plan: PathPlan, n: int) -> None:
    needed = max(_FEWEST, int(plan.leads_to.sum(axis=0).max()) + 2)
    if n < needed:
        raise NotEnoughData("A path model", needed=needed, found=n, mend="These are usable respondents.")


def _scale(values: FloatArray, weight: FloatArray) -> FloatArray:
    means = weight @ values / weight.sum()
    spread = np.sqrt(weight @ (values - means) ** 2 / weight.sum())
    return np.asarray((values - means) / np.where(spread > 0, spread, 1.0))


def _again(plan: PathPlan, correlations: FloatArray, scheme: Scheme) -> Composites:
    return weigh_items(plan, correlations, scheme=scheme)


def _doubts(plan: PathPlan, found: Composites, n: int) -> list[str]:
    doubts = []
    if not found.has_converged[0]:
        doubts.append("The weights of the items did not settle; nothing on this model can be relied on.")
    arrows = max(
        int(plan.leads_to.sum(axis=0).max()),
        max((len(plan.items_of(place)) for place, mode in enumerate(plan.modes) if mode == "B"), default=0),
    )
    if n < _ROWS_PER_ARROW * arrows:
        doubts.append(
            f"{n} respondents for {arrows} arrows into one construct: fewer than {_ROWS_PER_ARROW} each (a convention)."
        )
    own = found.loadings[0][np.arange(len(plan.items)), plan.owner]
    reversed_items = [
        item
        for item, loading, owner in zip(plan.items, own, plan.owner, strict=True)
        if loading < 0 and plan.modes[owner] == "A"
    ]
    if reversed_items:
        doubts.append(
            f"{', '.join(reversed_items)} run against the other items of their construct: turn the scale round if they "
            "are asked in reverse."
        )
    return doubts
