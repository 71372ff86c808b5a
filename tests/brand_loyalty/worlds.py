"""Studies whose order lines were drawn from a Dirichlet of known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study
from tests.models.dirichlet.markets import SHARES, draw_purchases

NAMES = ("Alpen", "Brise", "云鼎", "Dorado", "Esker", "Fjord", "Gale")


def a_study_of(purchases: np.ndarray, *, names=NAMES, seed: int = 1, extra: int = 1, **options: object) -> Study:
    """Purchases (customers by brands) as orders on days drawn evenly over 2023, with milk bought by everybody."""
    rng = np.random.default_rng(seed)
    customers, brands = np.nonzero(purchases)
    times = purchases[customers, brands]
    customers, brands = np.repeat(customers, times), np.repeat(brands, times)
    # Days are drawn without repeats for a customer, so that each purchase is one customer-day.
    order = np.lexsort((rng.random(len(customers)), customers))
    customers, brands = customers[order], brands[order]
    starts = np.r_[True, customers[1:] != customers[:-1]]
    within = np.arange(len(customers)) - np.maximum.accumulate(np.where(starts, np.arange(len(customers)), 0))
    size = np.bincount(customers, minlength=len(purchases))[customers]
    days = np.floor((within + rng.random(len(customers))) * 364 / np.maximum(size, 1)).astype(int)
    milk = np.repeat(np.arange(len(purchases)), extra)
    owner = np.r_[customers, milk]
    product = np.r_[[f"p{b}" for b in brands], ["milk"] * len(milk)].astype(object)
    day = np.r_[days, rng.integers(0, 364, len(milk))]
    at = pd.Timestamp("2023-01-02") + pd.to_timedelta(day, unit="D")
    ids = [f"o{i}" for i in range(len(owner))]
    orders = pd.DataFrame(
        {"order_id": ids, "customer_id": [f"c{i}" for i in owner], "ordered_at": at, "revenue": 2.0, "store": "a"}
    )
    orders["store"] = np.where(np.arange(len(orders)) % 3 == 0, "north", "south")
    lines = pd.DataFrame({"order_id": ids, "product_id": product, "quantity": 1.0, "revenue": 2.0})
    products = pd.DataFrame(
        {
            "product_id": [*(f"p{i}" for i in range(len(names))), "milk"],
            "category": ["juice"] * len(names) + ["milk"],
            "brand": [*names, "Farm"],
            "is_own_brand": [i % 2 == 0 for i in range(len(names))] + [False],
        }
    )
    return a_study(**{"as_of": "2024-01-01", "orders": orders, "order_lines": lines, "products": products, **options})


def a_juice_market(n: int = 1500, *, seed: int = 1, **options: object) -> Study:
    """Customers who buy juice as the Dirichlet has it: M 5, K 0.8, S 1.6."""
    return a_study_of(draw_purchases(n, m=5, k=0.8, s=1.6, shares=SHARES, seed=seed)[0], seed=seed, **options)
