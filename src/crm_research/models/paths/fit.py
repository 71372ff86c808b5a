"""Fitting a path model to answers, with bootstrap intervals for everything it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths.algorithm import SCHEMES, Composites, FloatArray, Scheme, weigh_items
from crm_research.models.paths.plan import Mode, PathPlan, plan_paths
from crm_research.models.paths.points import Bounds, share_items, to_points
from crm_research.models.paths.result import PathModel
from crm_research.models.paths.tables import (
    Drawn,
    tabulate_effects,
    tabulate_loadings,
    tabulate_paths,
    tabulate_performance,
    tabulate_quality,
)
from crm_research.models.scales.reading import Answers, read_answers, standardise
from crm_research.models.scales.validity import HTMT_CONVENTION, Pairs, ratios_of, tabulate_htmt
from crm_research.stats.correlations import resample_moments, weigh_moments
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count, word_for

_FEWEST: Final = 10
_ROWS_PER_ARROW: Final = 10
_MUCH_INFLATED: Final = 5


def fit_paths(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    modes: Mapping[str, Mode] | None = None,
    scheme: Scheme = "path",
    weights: str | None = None,
    cluster: str | None = None,
    bounds: Bounds | None = None,
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
    bounds
        Least and highest answer that could be given to each item, or one pair for all: what points from 0 to 100
        rest on. Without it the least and highest answers found stand in, and a note says so.

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
    plan, read = prepare(answers, constructs, paths, modes=modes, weights=weights, cluster=cluster)
    values, unscaled = to_points(pick(read, plan), plan.items, bounds)
    observed = weigh_moments(values, read.weight[None, :])
    found = weigh_items(plan, observed.correlations, scheme=scheme)
    pairs = _pairs(plan)
    n_drawn = n_bootstraps if read.n_owners > 1 else 0
    batches = resample_moments(values, read.weight, n_bootstraps=n_drawn, seed=seed, owner=read.owner)
    fitted = ((batch, weigh_items(plan, batch.correlations, scheme=scheme)) for batch in batches)
    drawn = Drawn.collect(plan, found, fitted, pairs, read.n_owners)
    correlations = observed.correlations
    loadings = tabulate_loadings(plan, observed, found, drawn, confidence)
    table = tabulate_paths(plan, observed, found, drawn, confidence)
    return PathModel(
        loadings=loadings,
        paths=table,
        effects=tabulate_effects(plan, observed, found, drawn, confidence),
        quality=tabulate_quality(plan, correlations[0], found, drawn, len(values), confidence),
        performance=tabulate_performance(plan, observed, found, drawn, confidence),
        htmt=tabulate_htmt(pairs, ratios_of(correlations, pairs)[0], drawn.ratios, confidence, HTMT_CONVENTION),
        scores=pd.DataFrame(
            standardise(values, read.weight) @ found.weights[0],
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
        notes=(*read.notes, *unscaled, *_doubts(plan, found, len(values), drawn, loadings), *_say_overlap(table)),
        plan=plan,
        correlations=correlations[0],
        weights=found.weights[0],
        units=share_items(plan, observed, found)[1][0],
    )


def prepare(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    modes: Mapping[str, Mode] | None,
    weights: str | None,
    cluster: str | None,
) -> tuple[PathPlan, Answers]:
    """The plan without items that never differ, and the answers it needs; raises as `fit_paths`."""
    full = plan_paths(constructs, paths, columns=list(answers.columns), modes=modes)
    read = read_answers(answers, full.items, what="A path model", fewest=_FEWEST, weights=weights, cluster=cluster)
    plan = full if not read.constant else _without(full, constructs, paths, modes, read.constant)
    needed = max(_FEWEST, int(plan.leads_to.sum(axis=0).max()) + 2)
    if len(read.scores) < needed:
        raise NotEnoughData("A path model: usable respondents", needed=needed, found=len(read.scores))
    return plan, read


def pick(read: Answers, plan: PathPlan) -> FloatArray:
    """The answers to the items of the plan, in its order."""
    return read.scores[:, [read.items.index(item) for item in plan.items]]


def _pairs(plan: PathPlan) -> Pairs:
    reflective = [place for place, mode in enumerate(plan.modes) if mode == "A"]
    return [
        (plan.constructs[one], plan.constructs[other], plan.items_of(one), plan.items_of(other))
        for one, other in combinations(reflective, 2)
    ]


def _without(
    plan: PathPlan,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    modes: Mapping[str, Mode] | None,
    constant: Sequence[str],
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


def _say_overlap(paths: pd.DataFrame) -> list[str]:
    return [
        f"What leads to {target} goes so much together ({', '.join(rows['source'])}) that chance decides "
        f"between their paths (variance inflation above {_MUCH_INFLATED}, a convention)."
        for target, rows in paths.loc[paths["vif"] > _MUCH_INFLATED].groupby("target", sort=False)
    ]


def _doubts(plan: PathPlan, found: Composites, n: int, drawn: Drawn, loadings: pd.DataFrame) -> list[str]:
    doubts = []
    if not found.has_converged[0]:
        doubts.append("The weights of the items did not settle; nothing on this model can be relied on.")
    if drawn.n_failed:
        doubts.append(
            f"In {say_count(drawn.n_failed, 'resample')} the weights of the items did not settle; "
            f"{word_for(drawn.n_failed, 'it was', 'these were')} left out."
        )
    arrows = max(
        int(plan.leads_to.sum(axis=0).max()),
        max((len(plan.items_of(place)) for place, mode in enumerate(plan.modes) if mode == "B"), default=0),
    )
    if n < _ROWS_PER_ARROW * arrows:
        doubts.append(
            f"{say_count(n, 'respondent')} for {say_count(arrows, 'arrow')} into one construct: fewer than "
            f"{_ROWS_PER_ARROW} each (a convention)."
        )
    is_against = (loadings["loading"] < 0) & ~(loadings["upper"] >= 0)
    reversed_items = [
        item
        for item, owner in zip(loadings.loc[is_against, "item"], plan.owner[is_against.to_numpy()], strict=True)
        if plan.modes[owner] == "A"
    ]
    if reversed_items:
        doubts.append(
            f"Reversed against the other items of the construct: {', '.join(reversed_items)}. Turn the scale round if "
            "this was asked in reverse."
        )
    return doubts
