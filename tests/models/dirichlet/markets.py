"""Markets whose M, K, S and shares are known, as counts of customers and as the tallies a fit takes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.dirichlet import Tallies, build_tallies

SHARES = np.array([0.35, 0.25, 0.15, 0.1, 0.08, 0.04, 0.03])


def draw_purchases(
    n: int, *, m: float, k: float, s: float, shares: np.ndarray = SHARES, seed: int = 1, periods: int = 1
):
    """Purchases by customer and brand in each period: (periods, customers, brands)."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(k, m / k, n)
    leanings = rng.dirichlet(s * shares, n)
    return np.array([rng.multinomial(rng.poisson(rates), leanings) for _ in range(periods)])


def tally(purchases: np.ndarray, *, n_groups: int = 40) -> Tallies:
    """The tallies of one period."""
    n, n_brands = purchases.shape
    group = np.arange(n) % n_groups
    total = purchases.sum(axis=1)
    rows, places = np.nonzero(purchases)
    long = pd.DataFrame(
        {
            "group": group[rows],
            "place": places,
            "n": purchases[rows, places],
            "customers": 1,
            "category_purchases": total[rows],
            "sole_buyers": (purchases[rows, places] == total[rows]).astype(int),
        }
    )
    brands = long.groupby(["group", "place", "n"], as_index=False).sum()
    people = pd.DataFrame({"group": group, "n": total, "customers": 1})
    category = people.loc[people["n"] > 0].groupby(["group", "n"], as_index=False).sum()
    population = people.groupby("group", as_index=False)["customers"].sum()
    return build_tallies(population, category, brands, [f"brand {i + 1}" for i in range(n_brands)])


def masks(purchases: np.ndarray, *, n_groups: int = 40) -> pd.DataFrame:
    """Sets of brands bought, by group."""
    bits = ((purchases > 0) * (1 << np.arange(purchases.shape[1]))).sum(axis=1)
    frame = pd.DataFrame({"group": np.arange(len(bits)) % n_groups, "mask": bits, "customers": 1})
    return frame.loc[frame["mask"] > 0].groupby(["group", "mask"], as_index=False).sum()
