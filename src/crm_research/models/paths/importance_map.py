"""Where would a better score move the target most, and how much room is there?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.models.paths.result import PathModel


@dataclass(frozen=True, eq=False, kw_only=True)
class ImportanceMap:
    """Importance for one target beside performance, as far as these answers tell.

    Parameters
    ----------
    constructs
        Grain: construct with any way to the target, the most important first. Columns ``construct``, ``importance``
        (points of the target, from 0 to 100, that go with one more point of the construct), ``lower``, ``upper``,
        ``performance`` (mean score from 0 to 100), ``performance_lower``, ``performance_upper``.
    items
        Grain: item of these constructs. Columns ``construct``, ``item``, ``importance`` (its share of the
        construct's), ``performance``.
    target_performance
        Mean score of the target from 0 to 100.
    mean_importance, mean_performance
        Where lines may divide the map; a convention, relative to the constructs at hand.
    """

    target: str
    constructs: pd.DataFrame
    items: pd.DataFrame
    target_performance: float
    mean_importance: float
    mean_performance: float
    n: int
    confidence: float
    notes: tuple[str, ...]


def map_importance(model: PathModel, target: str) -> ImportanceMap:
    """Which constructs matter most for the target, and how well do they do already?

    Parameters
    ----------
    model
        From `fit_paths`, which should have been told the scales (`bounds`) of the items.
    target
        The construct to be raised, such as satisfaction or loyalty.

    Raises
    ------
    ParameterError
        For a target that the model does not have, or that nothing leads to.

    Notes
    -----
    Importance is the total effect along all ways (Ringle and Sarstedt 2016). It is an association in the direction
    drawn: raising the one need not raise the other.

    References
    ----------
    Ringle and Sarstedt (2016), Industrial Management & Data Systems 116, 1865-1886; Martilla and James (1977), Journal
    of Marketing 41, 77-79.
    """
    if target not in model.plan.constructs:
        raise ParameterError(f"The model has no construct {target!r}. {offer_names(target, model.plan.constructs)}")
    rows = model.effects.loc[model.effects["target"] == target]
    if rows.empty:
        raise ParameterError(f"Nothing leads to {target!r} in this model. Choose a construct that a path ends in.")
    performance = model.performance.set_index("construct")
    beside = performance.loc[rows["source"]]
    constructs = pd.DataFrame(
        {
            "construct": rows["source"].to_numpy(),
            "importance": rows["points"].to_numpy(),
            "lower": rows["points_lower"].to_numpy(),
            "upper": rows["points_upper"].to_numpy(),
            "performance": beside["performance"].to_numpy(),
            "performance_lower": beside["lower"].to_numpy(),
            "performance_upper": beside["upper"].to_numpy(),
        }
    ).sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    return ImportanceMap(
        target=target,
        constructs=constructs,
        items=_items(model, constructs),
        target_performance=float(performance["performance"][target]),
        mean_importance=float(constructs["importance"].mean()),
        mean_performance=float(constructs["performance"].mean()),
        n=model.n,
        confidence=model.confidence,
        notes=model.notes,
    )


def _items(model: PathModel, constructs: pd.DataFrame) -> pd.DataFrame:
    importance = constructs.set_index("construct")["importance"]
    rows = model.loadings.loc[model.loadings["construct"].isin(importance.index)]
    return pd.DataFrame(
        {
            "construct": rows["construct"],
            "item": rows["item"],
            "importance": rows["construct"].map(importance) * rows["share"],
            "performance": rows["performance"],
        }
    ).sort_values("importance", ascending=False, kind="stable", ignore_index=True)
