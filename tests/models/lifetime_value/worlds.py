"""Customers whose past and future are drawn purchase by purchase, amounts included, from a known truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class World(NamedTuple):
    """What was known (one row a customer), and what came: discounted at the rate asked for, amounts times count."""

    rows: pd.DataFrame
    came: np.ndarray
    cohort: np.ndarray


def a_world(
    n: int,
    seed: int,
    *,
    story: str = "lifetime",
    horizon_days: float = 365.0,
    rate: float = 0.1,
    elasticity: float = 0.0,
    shift: float = 0.0,
) -> World:
    """Customers of one to three cohorts (of a third of 390 days each).

    Parameters
    ----------
    story
        ``lifetime``: exponential lifetimes (Pareto/NBD); ``tossing``: dropping out after a purchase (MBG/NBD).
    elasticity
        Mean amounts go with the purchase rate to this power.
    shift
        Taken off each amount: with enough of it some customers cost more than they bring.
    """
    rng = np.random.default_rng(seed)
    rate_of = rng.gamma(0.9, size=n) / 45.0
    lifetime, chance = np.full(n, np.inf), np.zeros(n)
    if story == "lifetime":
        lifetime = rng.exponential(size=n) * 300.0 / rng.gamma(1.3, size=n)
    else:
        chance = rng.beta(0.9, 3.5, size=n)
    level = 4.0 / rng.gamma(6.0, size=n) * 18.0 * (rate_of * 50.0) ** elasticity
    age = rng.integers(200, 590, size=n).astype(float)
    clock = np.zeros(n)
    frequency, recency, spent, squared, came = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    alive = rng.random(n) >= chance
    until = np.minimum(age + horizon_days, lifetime)
    daily = np.log1p(rate) / 365.25
    while alive.any():
        clock = clock + rng.exponential(size=n) / rate_of
        alive &= clock <= until
        amount = level * rng.gamma(4.0, size=n) / 4.0 - shift
        is_past = alive & (clock <= age)
        frequency += is_past
        recency = np.where(is_past, clock, recency)
        spent += np.where(is_past, amount, 0.0)
        squared += np.where(is_past, amount**2, 0.0)
        came += np.where(alive & ~is_past, amount * np.exp(-daily * np.maximum(clock - age, 0.0)), 0.0)
        alive &= rng.random(n) >= chance
    rows = pd.DataFrame(
        {"frequency": frequency, "recency_days": recency, "age_days": age, "spent": spent, "squared": squared}
    )
    return World(rows, came, ((age - 200) // 130).astype(int))


def coverage(world: World, value, total_by) -> dict[str, np.ndarray]:
    """At each level: is the outcome between the limits? One entry for each customer, decile, cohort, and the firm."""
    order = np.argsort(np.argsort(-value.expected, kind="stable"), kind="stable")
    decile = order * 10 // len(order)
    found = {"customer": (value.lower <= world.came) & (world.came <= value.upper)}
    for name, group in (("decile", decile), ("cohort", world.cohort), ("firm", np.zeros(len(decile), dtype=int))):
        limits = total_by(group)
        came = np.bincount(group, world.came)
        found[name] = ((limits["outcome_lower"] <= came) & (came <= limits["outcome_upper"])).to_numpy()
    return found
