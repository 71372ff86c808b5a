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


class ContractWorld(NamedTuple):
    """Spells as they were known, running contracts (tenure, fee), what each brought, and its cohort."""

    spells: pd.DataFrame
    rows: pd.DataFrame
    came: np.ndarray
    cohort: np.ndarray
    changes: dict[str, float]


def a_contract_world(
    n: int, seed: int, *, shape: float = 0.8, growth: float = 0.0, spread: float = 0.0, horizon_days: float = 730.0,
    rate: float = 0.1,
) -> ContractWorld:  # fmt: skip
    """Contracts begun over three years, with Weibull tenures; fees that change by chance around a yearly growth.

    Parameters
    ----------
    shape
        Of the Weibull distribution: under 1 the risk of leaving falls.
    growth, spread
        Yearly change of fees, and the variance of one fee's yearly change.
    """
    rng = np.random.default_rng(seed)
    begun = rng.uniform(0, 1095, n)
    tenure = 900.0 * rng.weibull(shape, n)
    age = 1095 - begun
    seen = np.maximum(np.ceil(np.minimum(tenure, age)), 1.0)
    spells = pd.DataFrame({"tenure_days": seen, "is_ended": tenure < age})
    runs = tenure >= age
    days = np.arange(0.0, horizon_days, 365.25 / 24)
    step = np.append(np.diff(days), horizon_days - days[-1]) / 365.25
    sigma = np.sqrt(np.log1p(spread))
    log_growth = np.log1p(growth) - sigma**2 / 2
    # The year before as_of, then the horizon: each fee goes its own way.
    then = rng.gamma(4.0, 6.0, n)
    now = then * np.exp(log_growth + sigma * rng.normal(size=n))
    left = (tenure - age)[runs]
    moves = log_growth * step + sigma * np.sqrt(step) * rng.normal(size=(int(runs.sum()), len(days)))
    fees = now[runs, None] * np.exp(np.cumsum(moves, axis=1) - moves / 2)
    length = np.clip(left[:, None] - days, 0.0, step * 365.25)
    paid = np.exp(-np.log1p(rate) / 365.25 * (days + length / 2)) * length / (365.25 / 12)
    old = runs & (age > 365)
    changes = {
        "n_contracts": int(old.sum()), "n_risen": int((now > then)[old].sum()),
        "n_fallen": int((now < then)[old].sum()),
        "fees_then": then[old].sum(), "fees_now": now[old].sum(), "risen": np.maximum(now - then, 0)[old].sum(),
        "fallen": np.maximum(then - now, 0)[old].sum(), "then_then": then[old] @ then[old],
        "then_now": then[old] @ now[old], "now_now": now[old] @ now[old],
    }  # fmt: skip
    rows = pd.DataFrame({"tenure_days": np.floor(age[runs]), "fee": now[runs]})
    return ContractWorld(spells, rows, (fees * paid).sum(axis=1), (age[runs] // 365).astype(int), changes)
