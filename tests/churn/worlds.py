"""Contracts whose leaving is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from crm_research.pillars.churn import ChurnAnalysis, describe_churn
from crm_research.study import Study
from tests.builders import a_study, contracts

START = pd.Timestamp("2020-01-01")


def a_world(
    n: int = 2000,
    *,
    seed: int = 1,
    daily_rate: float = 1 / 400,
    until: str = "2024-01-01",
    reasons: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Contracts begun evenly over four years that end at one rate, twice as fast in the plan 'flex'."""
    rng = np.random.default_rng(seed)
    end_of_world = pd.Timestamp(until)
    started = START + pd.to_timedelta(rng.integers(0, (end_of_world - START).days, n), unit="D")
    plan = rng.choice(["flex", "fixed"], n)
    stay = rng.exponential(1 / (daily_rate * np.where(plan == "flex", 2.0, 1.0)))
    ended = started + pd.to_timedelta(np.ceil(stay), unit="D")
    is_over = ended <= end_of_world
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(is_over),
            "plan": plan,
        }
    )
    if reasons:
        frame["end_reason"] = np.where(is_over, rng.choice(reasons, n), None)
    return frame


@cache
def good_news() -> Study:
    """They leave once in eight years, and go on doing so in the holdout."""
    return a_study(as_of="2023-07-01", holdout_until="2024-01-01", contracts=a_world(700, daily_rate=1 / 3000))


@cache
def bad_news() -> Study:
    """Half leave within ten months, for reasons, and a third of those still there go at once in the holdout."""
    world = a_world(700, reasons=("price", "moved", "service"))
    running = world["ended_at"].isna() | (world["ended_at"] > "2023-07-01")
    world.loc[running & (world.index % 3 == 0), "ended_at"] = pd.Timestamp("2023-09-01")
    world["ended_at"] = world["ended_at"].where(world["ended_at"] >= world["started_at"])
    return a_study(as_of="2023-07-01", holdout_until="2024-01-01", contracts=world)


@cache
def no_news() -> Study:
    """One contract, begun eleven days ago."""
    return a_study(contracts=contracts(("a", "2024-06-20", None, None)))


TOLD = {"good": good_news, "bad": bad_news, "nothing": no_news}


@cache
def described(name: str) -> ChurnAnalysis:
    """The curves of one of the worlds whose pages are held."""
    return describe_churn(TOLD[name]())
