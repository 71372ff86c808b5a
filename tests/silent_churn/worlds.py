"""Shops whose customers come, buy and leave by known rules: one that goes on as it was, one that does not, one thin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study, orders

_START = pd.Timestamp("2022-01-01")
_AS_OF = "2023-02-05"  # day 400


def good_news(n: int = 240) -> Study:
    """Customers won evenly over 300 days who buy at their own pace until they leave; the north buys twice as often."""
    rng = np.random.default_rng(11)
    rows, people, kinds = [], [], []
    for i in range(n):
        region = "north" if i % 3 == 0 else "south"
        first, rate = rng.uniform(0, 300), rng.gamma(1.5, 1 / 60) * (2 if region == "north" else 1)
        leaves = first + rng.exponential(260)
        end = min(leaves, 600)
        days = [first, *(first + rng.uniform(0, end - first, rng.poisson(rate * (end - first))))]
        spent = rng.gamma(3.0, 7.0)
        for day in sorted(days):
            rows.append(
                (f"c{i}", _START + pd.Timedelta(minutes=round(1440 * day)), round(spent * rng.uniform(0.7, 1.3), 2))
            )
            kinds.append("sale")
        if i % 10 == 7:
            rows.append((f"c{i}", _START + pd.Timedelta(minutes=round(1440 * (first + 3))), -round(spent / 2, 2)))
            kinds.append("return")
        people.append((f"c{i}", region))
    return a_study(
        as_of=_AS_OF,
        holdout_until="2023-08-24",
        orders=orders(*rows, kind=kinds),
        customers=pd.DataFrame(people, columns=["customer_id", "region"]),
        attributes={"customers": {"region": "category"}},
    )


def bad_news(n: int = 260) -> Study:
    """Most were customers before the records begin; half pause for long before as_of, come back, and then buy less."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(n):
        first = rng.uniform(0, 20) if i % 3 else rng.uniform(20, 300)
        rate = rng.gamma(4.0, 1 / 60)
        days = first + rng.uniform(0, 600 - first, rng.poisson(rate * (600 - first)))
        is_paused = (days > 280) & (days < 402) if i % 2 else days < 0
        is_slow = (days > 400) & (rng.random(len(days)) < 0.4)
        for day in sorted([first, *days[~is_paused & ~is_slow]]):
            rows.append((f"c{i}", _START + pd.Timedelta(minutes=round(1440 * day)), round(rng.uniform(5, 25), 2)))
    return a_study(as_of=_AS_OF, holdout_until="2023-08-24", orders=orders(*rows))


def no_news() -> Study:
    """Three customers by as_of, two of whom came back: too few for a model, though there is a holdout."""
    rows = [("a", "2024-01-01", 5.0), ("a", "2024-02-01", 7.0), ("b", "2024-01-03", 11.0)]
    rows += [("c", "2024-01-05", 13.0), ("c", "2024-03-05", 17.0), ("c", "2024-09-02", 19.0), ("d", "2024-08-01", 23.0)]
    return a_study(as_of="2024-07-01", holdout_until="2024-12-01", orders=orders(*rows))
