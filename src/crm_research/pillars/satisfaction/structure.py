"""Do the questions measure what they should, and what leads to what?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from crm_research.errors import CrmError
from crm_research.features.answers import Survey
from crm_research.models.paths import (
    ImportanceMap,
    PathModel,
    PathPrediction,
    fit_paths,
    map_importance,
    predict_paths,
)
from crm_research.models.scales import Distinctness, assess_scale, measure_htmt
from crm_research.pillars.satisfaction.roles import Roles


@dataclass(frozen=True, eq=False, kw_only=True)
class Structure:
    """Constructs and the paths between them.

    Parameters
    ----------
    scales
        Grain: construct and coefficient. ``construct``, ``n_items``, ``n``, ``coefficient`` (alpha, rho_a, rho_c,
        ave), ``estimate``, ``lower``, ``upper``, ``convention``, ``verdict``; empty where no construct has two items.
    distinctness
        HTMT of each pair; None where it could not be had.
    paths
        The path model; None where it could not be fitted.
    prediction
        PLSpredict of the model; None without one.
    map
        Total effects on the last consequence beside performance; None without a path model.
    reversed_items
        Items that run against the others of their construct.
    notes
        What stood in the way, in words.
    """

    scales: pd.DataFrame
    distinctness: Distinctness | None
    paths: PathModel | None
    prediction: PathPrediction | None
    map: ImportanceMap | None
    reversed_items: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def measure_structure(
    survey: Survey, roles: Roles, *, now: int, confidence: float, n_bootstraps: int, seed: int
) -> Structure:
    """How well do the questions measure their constructs, and how far does one construct follow from another?

    Notes
    -----
    Answers of the wave that stands for now. Paths go in the order of the customer satisfaction indices (Fornell,
    Johnson, Anderson, Cha and Bryant 1996, Journal of Marketing 60(4), 7-18) among the constructs that were asked,
    unless they are given. What cannot be computed becomes a note.
    """
    answers = survey.answers.loc[survey.answers["wave"] == now, survey.names].reset_index(drop=True)
    notes: list[str] = []
    options: dict[str, Any] = {"seed": seed, "confidence": confidence}
    several = {name: list(items) for name, items in roles.constructs.items() if len(items) > 1}
    if not several:
        notes.append(
            "No two items ask for the same thing, so nothing can be said of how reliably they measure. If the items "
            "belong together, name them under 'constructs'."
        )
    scales, turned = _assess(answers, several, n_bootstraps, options, notes)
    distinctness = None
    if len(several) > 1:
        distinctness = _try(
            lambda: measure_htmt(answers, several, n_bootstraps=n_bootstraps, **options), "distinctness", notes
        )
    paths = prediction = None
    if not roles.paths:
        notes.append(
            "No path model: the constructs do not include a cause and a consequence (quality, satisfaction, loyalty "
            "...). Name them under 'constructs' and 'paths'."
        )
    else:
        held = {name: list(items) for name, items in roles.constructs.items()}
        ends = survey.items.loc[survey.items["scale_min"] < survey.items["scale_max"]].set_index("item")
        bounds = {str(name): (float(row["scale_min"]), float(row["scale_max"])) for name, row in ends.iterrows()}
        paths = _try(
            lambda: fit_paths(
                answers, held, list(roles.paths), bounds=bounds, n_bootstraps=5 * n_bootstraps, **options
            ),
            "the path model",
            notes,
        )
        if paths is not None:
            prediction = _try(
                lambda: predict_paths(answers, held, list(roles.paths), **options), "the check by prediction", notes
            )
    return Structure(
        scales=scales, distinctness=distinctness, paths=paths, prediction=prediction, map=_map(paths, roles),
        reversed_items=tuple(turned), notes=tuple(notes),
    )  # fmt: skip


def _map(model: PathModel | None, roles: Roles) -> ImportanceMap | None:
    """For loyalty, else for what stands last in the order of the satisfaction indices and has a cause."""
    if model is None:
        return None
    reached = set(model.effects["target"])
    order = [*roles.with_role("loyalty"), *roles.with_role("trust"), *roles.with_role("satisfaction")]
    order += [target for _, target in reversed(roles.paths)]
    target = next((name for name in order if name in reached), None)
    return None if target is None else map_importance(model, target)


def _assess(
    answers: pd.DataFrame, several: dict[str, list[str]], n_bootstraps: int, options: dict[str, Any], notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    parts: list[pd.DataFrame] = []
    turned: list[str] = []
    for name, items in several.items():
        found = _try(
            lambda held=items: assess_scale(answers, held, n_bootstraps=n_bootstraps, **options), f"{name}", notes
        )
        if found is None:
            continue
        turned += found.items.loc[found.items["is_reversed"], "item"].tolist()
        parts.append(found.coefficients.assign(construct=name, n_items=len(found.items), n=found.n))
    columns = ["construct", "n_items", "n", "coefficient", "estimate", "lower", "upper", "convention", "verdict"]
    return (pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)), turned


def _try(compute: Any, what: str, notes: list[str]) -> Any:
    """The result, or None and a note that says what stood in the way."""
    try:
        return compute()
    except CrmError as problem:
        notes.append(f"{what[0].upper()}{what[1:]}: {problem}")
        return None
