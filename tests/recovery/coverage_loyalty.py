"""Does the index rank better, what went with joining, where do moves lead, what does a group bring? Known worlds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from crm_research.features.states import STATES
from crm_research.models.markov import estimate_moves, estimate_steady_state
from crm_research.pillars.loyalty.effects.landmark_rows import OTHERS
from crm_research.pillars.loyalty.effects.landmarks import compare_rows
from crm_research.pillars.loyalty.effects.programme import MEMBER
from crm_research.pillars.loyalty.index.ridge import compare_ranking, fit_ridge_logistic
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

_MANY = 40_000


def _draw_standing(rng: np.random.Generator, n: int, *, breadth: float) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of days since the last purchase and of purchases, breadth; and who buys in the next period."""
    silence = np.log1p(rng.exponential(120, n))
    orders = np.log1p(rng.poisson(rng.gamma(0.8, 4, n)))
    wide = rng.normal(size=n) + 0.5 * orders
    chance = special.expit(1.5 - 0.6 * silence + breadth * (0.7 * orders + 0.3 * wide))
    return np.column_stack([silence, orders, wide]), (rng.random(n) < chance).astype(float)


def ranking(worlds: int, sizes: Sequence[int] = (100, 600)) -> list[Coverage]:
    """Pairs ranked rightly beyond recency, by weights learned on n customers and tested on n others.

    The truth is what these very weights are worth on endlessly many (40,000) customers of the same world.
    """

    def judge(rng: np.random.Generator, n: int, breadth: float) -> Judged:
        past, came = _draw_standing(rng, n, breadth=breadth)
        fit, plain = fit_ridge_logistic(past, came), fit_ridge_logistic(_recency(past), came)

        def compare(size: int) -> tuple[float, float, float]:
            x, later = _draw_standing(rng, size, breadth=breadth)
            gain = compare_ranking(later, fit.chance(x), plain.chance(_recency(x)))[2]
            return float(gain.estimate), float(gain.lower), float(gain.upper)

        _, lower, upper = compare(n)
        if np.isfinite(lower):
            said = "breadth counts" if breadth else "recency alone counts"
            yield f"gain in pairs ranked rightly, {said}", lower <= compare(_MANY)[0] <= upper

    return [
        row
        for breadth in (1.0, 0.0)
        for n in sizes
        for row in count_worlds(lambda rng, n=n, b=breadth: judge(rng, n, b), n, worlds)
    ]


def _recency(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x[:, 0], x[:, 0] ** 2])


def draw_landmarks(rng: np.random.Generator, n: int, effect: float) -> pd.DataFrame:
    """Customers seen in four windows; who buys more joins sooner, and from then on buys again more surely.

    Joining adds the effect to everybody's chance to buy within the days followed, whoever joins.
    """
    owner = np.repeat(np.arange(n), 4)
    period = np.tile(np.arange(4), n)
    own = np.repeat(rng.gamma(1.2, 1 / 1.2, n), 4)
    frame = pd.DataFrame({"customer_id": owner.astype(str), "period": period})
    for suffix in ("", "_then"):
        frame[f"n_all{suffix}"] = 1 + rng.poisson(4 * own)
        frame[f"n_longer{suffix}"] = np.minimum(rng.poisson(2 * own), frame[f"n_all{suffix}"])
        frame[f"n_recent{suffix}"] = np.minimum(rng.poisson(0.6 * own), frame[f"n_longer{suffix}"])
        frame[f"silence_days{suffix}"] = rng.exponential(90 / (0.3 + own))
        frame[f"tenure_days{suffix}"] = rng.uniform(100, 900, len(owner))
        frame[f"spend_so_far{suffix}"] = frame[f"n_all{suffix}"] * rng.gamma(2, 20, len(owner))
    frame["n_in_period"] = rng.poisson(0.2 * own)
    liking = -3.2 + 0.5 * np.log1p(frame["n_all"]) - 0.2 * np.log1p(frame["silence_days"])
    joins = rng.random(len(owner)) < special.expit(liking.to_numpy())
    first = frame.assign(joins=joins).groupby("customer_id")["joins"].cumsum().to_numpy() - joins
    frame, joins = frame.loc[first == 0].reset_index(drop=True), joins[first == 0]
    chance = special.expit(
        -0.4 + 0.5 * np.log1p(frame["n_longer"]) - 0.3 * np.log1p(frame["silence_days"]) + 0.4 * frame["n_in_period"]
    )
    buys = rng.random(len(frame)) < np.clip(chance, 0, 1 - effect) + effect * joins
    end = pd.Timestamp("2024-01-01") + pd.to_timedelta(11 * (frame["period"] + 1), unit="D")
    return frame.assign(
        group=np.where(joins, MEMBER, OTHERS), joined_at=pd.NaT, ends_at=end, n_after=buys.astype(int),
        spend_after=buys * 30.0, n_before=rng.poisson(0.5, len(frame)),
    )  # fmt: skip


def joining(worlds: int, sizes: Sequence[int] = (600, 2_000)) -> list[Coverage]:
    """What went with joining a programme: nothing, and a tenth of the customers more who buy again."""

    def judge(rng: np.random.Generator, n: int, effect: float) -> Judged:
        table = compare_rows(draw_landmarks(rng, n, effect), days=90).table
        if len(table):
            row = table.iloc[0]
            yield f"difference after joining, truly {effect:.1f}", row["lower"] <= effect <= row["upper"]

    return [
        row
        for effect in (0.0, 0.1)
        for n in sizes
        for row in count_worlds(lambda rng, n=n, e=effect: judge(rng, n, e), n, worlds)
    ]


# Chances to move in a period, from each state (row) to each other, in the order of STATES.
_MOVES = np.array(
    [
        [0.25, 0.25, 0.05, 0.00, 0.30, 0.15],
        [0.00, 0.45, 0.20, 0.00, 0.25, 0.10],
        [0.00, 0.00, 0.80, 0.00, 0.15, 0.05],
        [0.00, 0.30, 0.15, 0.25, 0.20, 0.10],
        [0.00, 0.15, 0.10, 0.05, 0.40, 0.30],
        [0.00, 0.00, 0.00, 0.08, 0.00, 0.92],
    ]
)


def long_run(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """Shares of the states in the long run, from n customers seen over six periods; they move by one chain."""
    settled = np.linalg.matrix_power(_MOVES, 10_000)[0]

    def judge(rng: np.random.Generator, n: int) -> Judged:
        now, moves = np.zeros(n, dtype=int), []
        for _ in range(6):
            later = (rng.random(n)[:, None] > np.cumsum(_MOVES[now], axis=1)[:, :-1]).sum(axis=1)
            moves.append(np.stack([now, later]))
            now = later
        origin, target = (np.array(STATES, dtype=object)[part] for part in np.concatenate(moves, axis=1))
        counts = pd.DataFrame({"from_state": origin, "to_state": target, "n": 1})
        found = estimate_steady_state(estimate_moves(counts, STATES), n_draws=500).table.set_index("state")
        for name, truth in zip(STATES, settled, strict=True):
            row = found.loc[name]
            if truth > 1e-9:  # nobody is new in the long run
                yield f"share in the long run, {name}", bool(row["lower"] <= truth <= row["upper"])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
