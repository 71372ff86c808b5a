"""Movers and signs of age as a manager reads them: sentences, tables and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.segmentation.deployment.drift import REFIT, Drift
from crm_research.pillars.segmentation.deployment.migration import APPARENT, MOVED, REAL, RELABELLED, Migration
from crm_research.theme import say_count, say_date, say_estimate, say_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

MIGRATION_RATE = "segmentation.migration_rate"
MODEL_SHIFT_RATE = "segmentation.model_shift_rate"
REAL_SHARE = "segmentation.real_moves_share"
AGED = "segmentation.has_aged"
_CHECKED = "simulation: the interval covers a known rate as often as stated (docs/methods/living-segments.md)"


def say_moves(migration: Migration) -> str:
    """How many customers moved, and where most of them went."""
    rate = migration.rate(MOVED)
    said = (
        f"Between {say_date(migration.first_day)} and {say_date(migration.last_day)}, "
        f"{_estimate(rate, migration.confidence)} of the {say_count(migration.n_customers, 'customer')} known on both "
        "days moved to another segment"
    )
    way = biggest_way(migration)
    if way is None:
        return f"{said}: nobody did."
    return (
        f"{said}; most often from “{way['segment_before']}” to “{way['segment_after']}” "
        f"({say_count(way['n_customers'], 'customer')}, {say_percent(way['share'])} of those who were there)."
    )


def biggest_way(migration: Migration) -> Mapping[str, Any] | None:
    """The pair of different segments that most customers moved between; None where nobody moved."""
    moves = migration.matrix[~migration.matrix["has_stayed"] & (migration.matrix["n_customers"] > 0)]
    if moves.empty:
        return None
    row = moves.sort_values("n_customers", ascending=False, kind="stable").iloc[0]
    return {str(name): value for name, value in row.items()}


def say_model(migration: Migration) -> str:
    """How much of what two reports would show is the model's doing."""
    apparent, real, shifted = (migration.rate(what) for what in (APPARENT, REAL, RELABELLED))
    noise = float(migration.then.evidence.get("refit_noise", np.nan))
    if shifted["lower"] > noise:
        compared = f"more than the {say_percent(noise)} that drawing other customers makes at most, so the model moved"
    else:
        compared = f"no more than drawing other customers can make ({say_percent(noise)}): no sign that the model moved"
    share = f"{_estimate(shifted, migration.confidence)} of the customers as they were on the first day"
    said = f"A model found on the first day places {share} otherwise than today's does; that is {compared}."
    if not real["n"]:
        return f"{said} Two reports, each with its own model, would name nobody otherwise."
    return (
        f"{said} Two reports, each with its own model, would name {say_percent(apparent['estimate'])} otherwise; "
        f"{say_percent(real['estimate'])} of these did move by one and the same model, the others only changed names."
    )


def tabulate_rates(migration: Migration) -> pd.DataFrame:
    """what, share, lower, upper, n_customers: the rates beside each other."""
    return migration.rates.rename(columns={"estimate": "share", "n": "n_customers"})


def tabulate_flows(migration: Migration) -> pd.DataFrame:
    """Every way between two segments that somebody took, the widest first, with its interval."""
    taken = migration.matrix[migration.matrix["n_customers"] > 0].sort_values(
        "n_customers", ascending=False, kind="stable", ignore_index=True
    )
    return taken[["segment_before", "segment_after", "n_customers", "share", "lower", "upper"]]


def tabulate_signs(drift: Drift) -> pd.DataFrame:
    """sign, then, now, change, lower, upper, limit, beyond: what has changed, inputs last."""
    shifts = pd.DataFrame(
        {
            "sign": [f"distribution of {what} (stability index)" for what in drift.inputs["what"]],
            "then": 0.0,
            "now": drift.inputs["stability_index"],
            "change": drift.inputs["stability_index"],
            "lower": drift.inputs["lower"],
            "upper": drift.inputs["upper"],
            "limit": drift.inputs["limit"],
            "is_beyond": drift.inputs["is_beyond"],
        }
    )
    table = pd.concat([part for part in (drift.signs, shifts) if len(part)], ignore_index=True)
    table["beyond"] = np.where(table.pop("is_beyond"), "yes", "no")
    return table


def migration_figures(migration: Migration) -> list[Figure]:
    """The rates other programs may read."""
    window = f"{say_date(migration.first_day)} to {say_date(migration.last_day)}"
    noise = float(migration.then.evidence.get("refit_noise", np.nan))
    wanted = (
        (
            MIGRATION_RATE,
            "Customers who moved to another segment",
            MOVED,
            "share placed otherwise by one and the same model on two days; Wilson, given the model",
            _CHECKED,
        ),
        (
            MODEL_SHIFT_RATE,
            "Customers whom a model found at the earlier day places otherwise on that day",
            RELABELLED,
            "share placed otherwise by two models on the earlier day, groups matched (Hungarian method); Wilson",
            f"resampling: other customers of that day would make {say_percent(noise)} at most",
        ),
        (
            REAL_SHARE,
            "Of those whom two reports name otherwise: moved by one model too",
            REAL,
            "share; Wilson, given both models",
            "none needed: a share of the customers at hand",
        ),
    )
    make = FigureMaker(window=window, confidence=migration.confidence)
    return [
        make.one(
            key,
            label,
            migration.rate(what),
            unit="share",
            n=int(migration.rate(what)["n"]),
            estimator=estimator,
            validation=validation,
        )
        for key, label, what, estimator, validation in wanted
    ]


def drift_figures(drift: Drift) -> list[Figure]:
    """The verdict as a figure."""
    n_beyond = int(drift.signs["is_beyond"].sum() + drift.inputs["is_beyond"].sum() + drift.sizes["has_emptied"].sum())
    make = FigureMaker(window=f"{drift.made_at} to {drift.seen_at}", confidence=None)
    return [
        make.one(
            AGED,
            f"Keep the segments of {drift.made_at}, or refit them?",
            float(drift.verdict == REFIT),
            said=drift.verdict,
            unit="",
            n=drift.n_now,
            estimator=f"rule over distances, customers near a line, silhouette, inputs; beyond the limit: {n_beyond}",
            validation="simulation: kept where nothing changed, refit where inputs shifted by a standard deviation",
        )
    ]


def _estimate(rate: dict[str, float], confidence: float) -> str:
    return say_estimate(rate["estimate"], rate["lower"], rate["upper"], say_percent, confidence)
