"""Simulated customers whose truth is known, drawn here independently of the package's own generators."""

from __future__ import annotations

import numpy as np
import pandas as pd


def poisson_buyers(n: int, *, rate, lifetime, age_days, rng) -> pd.DataFrame:
    """Customers who buy at a rate per day until their lifetime in days ends, purchase by purchase."""
    clock = np.zeros(n)
    frequency, recency = np.zeros(n, dtype=int), np.zeros(n)
    until = np.minimum(lifetime, age_days)
    buying = np.ones(n, dtype=bool)
    while buying.any():
        clock = clock + rng.exponential(size=n) / rate
        buying &= clock <= until
        frequency += buying
        recency = np.where(buying, clock, recency)
    return pd.DataFrame({"frequency": frequency, "recency_days": recency, "age_days": age_days})


def tossing_buyers(n: int, *, rate, dropout, age_days, rng, is_first_tossed: bool) -> pd.DataFrame:
    """Customers who buy at a rate per day and after each purchase leave with a chance of their own."""
    clock = np.zeros(n)
    frequency, recency = np.zeros(n, dtype=int), np.zeros(n)
    buying = rng.random(n) >= dropout if is_first_tossed else np.ones(n, dtype=bool)
    while buying.any():
        clock = clock + rng.exponential(size=n) / rate
        buying = buying & (clock <= age_days)
        frequency += buying
        recency = np.where(buying, clock, recency)
        buying = buying & (rng.random(n) >= dropout)
    return pd.DataFrame({"frequency": frequency, "recency_days": recency, "age_days": age_days})


def a_bg_nbd_world(
    n: int, *, r=0.8, alpha=40.0, a=0.9, b=2.5, seed=0, is_first_tossed=False, longest_days=300
) -> pd.DataFrame:
    """Truth in days: rates Gamma(r, alpha), dropout Beta(a, b)."""
    rng = np.random.default_rng(seed)
    return tossing_buyers(
        n,
        rate=rng.gamma(r, size=n) / alpha,
        dropout=rng.beta(a, b, size=n),
        age_days=rng.integers(longest_days // 2, longest_days, size=n).astype(float),
        rng=rng,
        is_first_tossed=is_first_tossed,
    )


def a_pareto_nbd_world(n: int, *, r=0.8, alpha=40.0, s=1.2, beta=150.0, seed=0, longest_days=300) -> pd.DataFrame:
    """Truth in days: rates Gamma(r, alpha), dropout rates Gamma(s, beta)."""
    rng = np.random.default_rng(seed)
    return poisson_buyers(
        n,
        rate=rng.gamma(r, size=n) / alpha,
        lifetime=rng.exponential(size=n) * beta / rng.gamma(s, size=n),
        age_days=rng.integers(longest_days // 2, longest_days, size=n).astype(float),
        rng=rng,
    )


def spending_customers(n: int, *, p=4.0, q=5.0, gamma=60.0, seed=0) -> pd.DataFrame:
    """Repeaters whose spend per occasion is Gamma(p, v) with a v of their own from Gamma(q, gamma)."""
    rng = np.random.default_rng(seed)
    frequency = rng.geometric(0.3, size=n)
    scale = gamma / rng.gamma(q, size=n)
    return pd.DataFrame({"frequency": frequency, "mean_spend": rng.gamma(p * frequency) * scale / frequency})


def regular_buyers(n: int, *, k: int, r=1.5, alpha=20.0, a=0.8, b=4.0, seed=0, longest_days=400) -> pd.DataFrame:
    """Erlang-k gaps at rates Gamma(r, alpha) of their events, dropout after each purchase; with the mean log gap."""
    rng = np.random.default_rng(seed)
    rate, dropout = rng.gamma(r, size=n) / alpha, rng.beta(a, b, size=n)
    age = rng.integers(longest_days // 2, longest_days, size=n).astype(float)
    clock, recency, log_gaps = np.zeros(n), np.zeros(n), np.zeros(n)
    frequency = np.zeros(n, dtype=int)
    buying = rng.random(n) >= dropout
    while buying.any():
        gap = rng.gamma(k, size=n) / rate
        clock = clock + gap
        buying = buying & (clock <= age)
        frequency += buying
        recency = np.where(buying, clock, recency)
        log_gaps = log_gaps + np.where(buying, np.log(gap), 0.0)
        buying = buying & (rng.random(n) >= dropout)
    mean_log_gap = log_gaps / np.maximum(frequency, 1)
    return pd.DataFrame(
        {"frequency": frequency, "recency_days": recency, "age_days": age, "mean_log_gap": mean_log_gap}
    )


def two_regions(n: int, *, model: str, rate=1.5, dropout=2.0, seed=0, share=0.4) -> pd.DataFrame:
    """Customers of two regions: in the north purchases come `rate` times as often, and leaving `dropout` times as soon.

    In the MBG/NBD and BG/NBD `dropout` multiplies the odds a / b of leaving after a purchase.
    """
    rng = np.random.default_rng(seed)
    is_north = rng.random(n) < share
    own_rate = rng.gamma(0.8, size=n) / 40.0 * np.where(is_north, rate, 1.0)
    age = rng.integers(150, 300, size=n).astype(float)
    sooner = np.where(is_north, dropout, 1.0)
    if model == "Pareto/NBD":
        lifetime = rng.exponential(size=n) * 150.0 / rng.gamma(1.2, size=n) / sooner
        world = poisson_buyers(n, rate=own_rate, lifetime=lifetime, age_days=age, rng=rng)
    else:
        chance = rng.beta(0.9 * sooner, 2.5)
        is_first = model == "MBG/NBD"
        world = tossing_buyers(n, rate=own_rate, dropout=chance, age_days=age, rng=rng, is_first_tossed=is_first)
    return world.assign(region=np.where(is_north, "north", "south"))
