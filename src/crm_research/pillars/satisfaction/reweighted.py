"""What weighting for who answered does to importance, scales and paths."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import CrmError
from crm_research.features.answers import Survey
from crm_research.models.importance import share_r2
from crm_research.models.paths import fit_paths
from crm_research.models.scales import assess_scale
from crm_research.pillars.satisfaction.importance import TARGET, Priorities, rate_drivers
from crm_research.pillars.satisfaction.roles import Roles
from crm_research.pillars.satisfaction.structure import Structure

COLUMNS: Final = ("measure", "of", "plain", "lower", "upper", "weighted", "is_outside")
_WEIGHT: Final = "weight of the answer"


def reweigh(
    survey: Survey, roles: Roles, priorities: Priorities, structure: Structure, weights: pd.Series, *, now: int
) -> pd.DataFrame:
    """Would importance, alpha and paths be others if the silent had answered as those like them did?

    Parameters
    ----------
    weights
        One for each customer who answered the wave; empty without a model of who answers.

    Returns
    -------
    pandas.DataFrame
        Grain: measure and what it is of. ``measure`` (importance, alpha, path), ``of``, ``plain`` with ``lower`` and
        ``upper``, ``weighted``, and ``is_outside``: the weighted value lies beyond the limits of the plain one.
        Anonymous answers have no weight and take no part in ``weighted``.
    """
    rows: list[list[object]] = []
    answers = survey.answers.loc[survey.answers["wave"] == now]
    each = answers["customer_id"].map(weights) if len(weights) else pd.Series(np.nan, index=answers.index)
    if each.notna().any():
        for part in (_importance(survey, roles, priorities, now, each), _alphas(answers, roles, structure, each)):
            rows += part
        rows += _paths(answers, roles, structure, each)
    frame = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "is_outside"])
    outside = (frame["weighted"] < frame["lower"]) | (frame["weighted"] > frame["upper"])
    return frame.assign(is_outside=outside.astype(bool))


def _importance(survey: Survey, roles: Roles, priorities: Priorities, now: int, each: pd.Series) -> list[list[object]]:
    if priorities.model is None:
        return []
    target, drivers = rate_drivers(survey, roles, now)
    frame = pd.DataFrame({**drivers, TARGET: target, _WEIGHT: each})
    try:
        model = share_r2(frame, TARGET, list(drivers), weights=_WEIGHT, n_bootstraps=2)
    except CrmError:
        return []
    weighted = model.shares.set_index("driver")["r2_share"]
    known = priorities.table.dropna(subset=["importance"])
    return [
        ["importance", name, plain, lower, upper, float(weighted.get(name, np.nan))]
        for name, plain, lower, upper in known[
            ["driver", "importance", "importance_lower", "importance_upper"]
        ].itertuples(index=False)
    ]


def _alphas(answers: pd.DataFrame, roles: Roles, structure: Structure, each: pd.Series) -> list[list[object]]:
    rows: list[list[object]] = []
    frame = answers.assign(**{_WEIGHT: each})
    known = structure.scales.loc[structure.scales["coefficient"] == "alpha"].set_index("construct")
    for name, row in known.iterrows():
        try:
            found = assess_scale(frame, list(roles.constructs[str(name)]), weights=_WEIGHT, n_bootstraps=0)
        except CrmError:
            continue
        rows.append(["alpha", str(name), row["estimate"], row["lower"], row["upper"], found.estimate("alpha")])
    return rows


def _paths(answers: pd.DataFrame, roles: Roles, structure: Structure, each: pd.Series) -> list[list[object]]:
    if structure.paths is None:
        return []
    held = {name: list(items) for name, items in roles.constructs.items()}
    try:
        model = fit_paths(answers.assign(**{_WEIGHT: each}), held, list(roles.paths), weights=_WEIGHT, n_bootstraps=0)
    except CrmError:
        return []
    return [
        [
            "path", f"{row['source']} -> {row['target']}", row["estimate"], row["lower"], row["upper"],
            model.path(row["source"], row["target"]),
        ]
        for _, row in structure.paths.paths.iterrows()
    ]  # fmt: skip
