"""How often do the limits of the survival figures hold the truth? Worlds of known hazard, small and met late.

Each function draws worlds and counts; the command prints the table of `docs/methods/coverage.md`:

    python -m tests.recovery.coverage_survival [WORLDS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from crm_research.models.survival import (
    count_rows,
    estimate_incidence,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_survival,
)
from crm_research.vocabulary import days_in_months

# Contracts end for two reasons, the first twice as often; 5 % leave in a month of 30.4375 days.
DAILY_RATE = 0.05 / 30.4375
_FIRST_SHARE = 2 / 3
_WATCHED_DAYS = 1461.0
YEAR = float(days_in_months(12))


class Coverage(NamedTuple):
    """Of so many worlds, in how many did the limits of a figure hold the truth?"""

    figure: str
    n: int
    worlds: int
    covered: int


class World(NamedTuple):
    """Spells of one world: tenure at which they were met, tenure at which they leave the records, and why."""

    entry: pd.Series
    exit: pd.Series
    cause: pd.Series


def draw_world(rng: np.random.Generator, n: int, *, is_late: bool) -> World:
    """So many contracts as are seen: begun evenly over four years; of those met late, half, those gone are not seen."""
    parts = []
    while sum(map(len, parts)) < n:
        stay = np.ceil(rng.exponential(1 / DAILY_RATE, n))
        late = rng.random(n) < 0.5 if is_late else np.zeros(n, bool)
        entry = np.where(late, np.ceil(rng.uniform(0, 730, n)), 0.0)
        watch = entry + np.ceil(rng.uniform(1, _WATCHED_DAYS, n))
        cause = np.where(stay > watch, 0, np.where(rng.random(n) < _FIRST_SHARE, 1, 2))
        frame = pd.DataFrame({"entry": entry, "exit": np.minimum(stay, watch), "cause": cause})
        parts.append(frame.loc[frame["exit"] > frame["entry"]])
    world = pd.concat(parts, ignore_index=True).head(n)
    return World(world["entry"], world["exit"], world["cause"])


def stays(days: float, begins: float = 0.0) -> float:
    """The true share that stays longer than so many whole days, of those that lasted until the curve begins."""
    return float(np.exp(-DAILY_RATE * (np.floor(days) - begins)))


def measure_coverage(n: int, *, is_late: bool, worlds: int, seed: int) -> list[Coverage]:
    """The coverage of every figure that rests on the curve, over so many worlds of n contracts."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[bool]] = {}
    for _ in range(worlds):
        world = draw_world(rng, n, is_late=is_late)
        counts = count_rows(world.exit, world.cause > 0, entry_days=world.entry)
        for figure, is_held in _judge(counts, world):
            found.setdefault(figure, []).append(is_held)
    name = "half met late" if is_late else "from the start"
    return [Coverage(f"{figure}, {name}", n, len(held), sum(held)) for figure, held in found.items()]


def _judge(counts: pd.DataFrame, world: World) -> list[tuple[str, bool]]:
    curves = estimate_survival(counts)
    begins = float(curves.sizes["first_days"].iloc[0])
    year = curves.at(YEAR).iloc[0]
    median = curves.medians.iloc[0]
    half = np.ceil(begins + np.log(2) / DAILY_RATE)
    mean = estimate_restricted_mean(counts, horizon_days=2 * YEAR).iloc[0]
    whole = np.arange(begins, mean["horizon_days"])
    truth = begins + float(np.exp(-DAILY_RATE * (whole - begins)).sum())
    ends = pd.DataFrame({"tenure_days": world.exit, "end_reason": world.cause.astype(str), "n_ended": 1})
    ends = ends.loc[world.cause > 0].groupby(["tenure_days", "end_reason"], as_index=False)["n_ended"].sum()
    first = estimate_incidence(counts, ends).at(YEAR).set_index("reason").loc["1"]
    period = estimate_period_shares(counts, ends_days=[days_in_months(k) for k in range(1, 13)])
    month = period.loc[period["period_index"] == 11].iloc[0]
    upper = np.inf if np.isnan(median["upper"]) else median["upper"]
    left = _FIRST_SHARE * (1 - stays(YEAR, begins))
    share = 1 - stays(month["to_days"], month["from_days"])
    return [
        ("share still there after 12 months", year["lower"] <= stays(YEAR, begins) <= year["upper"]),
        ("median tenure", (median["lower"] <= half <= upper)),
        ("mean tenure within 24 months", mean["lower"] <= truth <= mean["upper"]),
        (
            "left for a reason within 12 months",
            first["lower"] <= left <= first["upper"],
        ),
        ("share that leaves in month 12", month["lower"] <= share <= month["upper"]),
    ]


SIZES: tuple[tuple[int, bool], ...] = ((60, False), (60, True), (140, False), (140, True))


def measure_all(worlds: int = 400, *, seed: int = 1) -> list[Coverage]:
    """Every figure at n = 60 and 140, watched from the start and half met late."""
    return [row for n, is_late in SIZES for row in measure_coverage(n, is_late=is_late, worlds=worlds, seed=seed)]


def main(say: Callable[[str], object] = print) -> None:
    """The table, for the docs."""
    rows = measure_all(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    say("| figure | n | worlds | covered |\n|---|---|---|---|")
    for row in rows:
        say(f"| {row.figure} | {row.n} | {row.worlds:,} | {row.covered / row.worlds:.3f} |")


if __name__ == "__main__":
    main()
