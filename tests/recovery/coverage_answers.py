"""What matters in a survey, and what leads to what: limits by resampling, judged on answers of a known world.

The truth of each figure is its own value in a very large sample of the same answers (rounded, skewed, of one market).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from crm_research.models.importance import share_r2
from crm_research.models.paths import fit_paths, map_importance
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

# The pages take 1,000 and 5,000; a limit of 400 moves by a tenth of a standard error at the most.
_RESAMPLES = 400
_LARGE = 400_000
DRIVERS = ("price", "staff", "speed", "range", "parking")
_WEIGHTS = np.array([0.5, 0.35, 0.25, 0.1, 0.0])
TARGET = "outcome"
CONSTRUCTS = {"quality": ["q1", "q2", "q3"], "satisfaction": ["s1", "s2", "s3"], "loyalty": ["l1", "l2"]}
PATHS = [("quality", "satisfaction"), ("quality", "loyalty"), ("satisfaction", "loyalty")]


def draw_ratings(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Five ratings from 1 to 10 that go together (correlation .4), one of them of no weight, and the outcome."""
    common = rng.normal(size=(n, 1))
    true = np.sqrt(0.4) * common + np.sqrt(0.6) * rng.normal(size=(n, len(DRIVERS)))
    outcome = true @ _WEIGHTS + 0.8 * rng.normal(size=n)
    return pd.DataFrame(_round(np.column_stack([true, outcome])), columns=[*DRIVERS, TARGET])


def draw_constructs(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Items of 1 to 10 that load .8 on quality, satisfaction and loyalty."""
    quality = rng.normal(size=n)
    satisfaction = 0.6 * quality + 0.8 * rng.normal(size=n)
    loyalty = 0.15 * quality + 0.55 * satisfaction + 0.76 * rng.normal(size=n)
    held = {"quality": quality, "satisfaction": satisfaction, "loyalty": loyalty}
    items = {item: 0.8 * held[name] + 0.6 * rng.normal(size=n) for name, items in CONSTRUCTS.items() for item in items}
    return pd.DataFrame(_round(np.column_stack(list(items.values()))), columns=list(items))


def _round(values: np.ndarray) -> np.ndarray:
    """Whole answers, most of them high."""
    return np.clip(np.round(7.5 + 1.8 * values), 1, 10)


def _importance(frame: pd.DataFrame, n_bootstraps: int) -> pd.DataFrame:
    return share_r2(frame, TARGET, DRIVERS, n_bootstraps=n_bootstraps).shares.set_index("driver")


def _structure(frame: pd.DataFrame, n_bootstraps: int) -> dict[str, tuple[float, float, float]]:
    """Figure to its estimate and limits, by the functions that the page calls."""
    model = fit_paths(frame, CONSTRUCTS, PATHS, bounds=(1, 10), n_bootstraps=n_bootstraps)
    found = {}
    for _, row in model.paths.iterrows():
        name = f"{row['source']} to {row['target']}"
        found[f"path, {name}"] = (row["estimate"], row["lower"], row["upper"])
        found[f"path without errors of measurement, {name}"] = tuple(
            row[part] for part in ("corrected", "corrected_lower", "corrected_upper")
        )
    for _, row in model.quality.dropna(subset=["r2"]).iterrows():
        found[f"R squared of {row['construct']}"] = (row["r2"], row["r2_lower"], row["r2_upper"])
    for _, row in map_importance(model, "loyalty").constructs.iterrows():
        found[f"points of loyalty for one of {row['construct']}"] = tuple(
            row[part] for part in ("importance", "lower", "upper")
        )
    return found


@cache
def _true_importance() -> pd.Series:
    return _importance(draw_ratings(np.random.default_rng(99), _LARGE), 2)["r2_share"]


@cache
def _true_structure() -> dict[str, float]:
    found = _structure(draw_constructs(np.random.default_rng(99), _LARGE), 0)
    return {name: row[0] for name, row in found.items()}


def importance(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """Shares of explained variance of five drivers, the strongest to one of no weight."""
    truth = _true_importance()

    def judge(rng: np.random.Generator, n: int) -> Judged:
        for name, row in _importance(draw_ratings(rng, n), _RESAMPLES).iterrows():
            yield f"importance, weight {_WEIGHTS[DRIVERS.index(name)]:g}", row["lower"] <= truth[name] <= row["upper"]

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def paths(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """Paths, paths without errors of measurement, R squared and the map of importance of three constructs."""
    truth = _true_structure()

    def judge(rng: np.random.Generator, n: int) -> Judged:
        for name, (_, lower, upper) in _structure(draw_constructs(rng, n), _RESAMPLES).items():
            if np.isfinite([lower, upper]).all():  # else the page prints no interval
                yield name, bool(lower <= truth[name] <= upper)

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
