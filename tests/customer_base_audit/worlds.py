"""Small worlds of orders whose sums can be made by hand, and the same sums in pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.builders import a_study, orders

# Two years. Ann buys in both, Bob only in 2022, Cy is won in 2023, Dee returns in 2023 what she bought in 2022, Eve
# only ever returned, somebody names nobody, and in January 2024 the year has only begun.
ROWS = (
    ("ann", "2022-01-01", 10.0, 4.0, "sale"),
    ("ann", "2022-07-05", 20.0, 9.0, "sale"),
    ("ann", "2023-03-01 12:00", 30.0, 12.0, "sale"),
    ("ann", "2023-05-01", 42.0, 21.0, "sale"),
    ("ann", "2023-12-31 23:59:59", 7.0, 5.0, "sale"),
    ("bob", "2022-02-02", 100.0, 60.0, "sale"),
    ("bob", "2022-02-20", -15.0, -9.0, "return"),
    ("cy", "2023-08-08", 55.0, 20.0, "sale"),
    ("cy", "2023-08-09", 999.0, 1.0, "cancelled"),
    ("dee", "2022-12-24", 80.0, 41.0, "sale"),
    ("dee", "2023-01-03", -80.0, -41.0, "return"),
    ("eve", "2023-06-06", -3.0, -1.0, "return"),
    (None, "2022-04-04", 11.0, 6.0, "sale"),
    (None, "2023-04-04", 13.0, 8.0, "sale"),
    ("ann", "2024-01-15", 500.0, 100.0, "sale"),
    ("fay", None, 17.0, 3.0, "sale"),
)


def by_hand(*, as_of: str = "2024-01-20", cost: bool = True, kinds: bool = True, rows=ROWS):
    frame = orders(*[row[:3] for row in rows])
    frame["customer_id"] = [row[0] for row in rows]
    if cost:
        frame["cost"] = [row[3] for row in rows]
    if kinds:
        frame["kind"] = [row[4] for row in rows]
    return a_study(as_of=as_of, orders=frame)


def random_rows(seed: int, n: int = 400, customers: int = 40, *, days: int = 800) -> tuple:
    """Orders by chance: returns, cancelled ones, nobody's and undated ones among them."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2022-01-01")
    rows = []
    for _ in range(n):
        who = f"c{int(customers * rng.random() ** 2)}" if rng.random() < 0.95 else None
        at = start + pd.Timedelta(seconds=int(rng.integers(0, 86_400 * days))) if rng.random() < 0.98 else None
        kind = rng.choice(["sale", "return", "cancelled"], p=[0.85, 0.1, 0.05])
        money = round(float(np.exp(rng.normal(3, 1))), 2) * (-1 if kind == "return" else 1)
        rows.append((who, None if at is None else str(at), money, round(money * rng.random(), 2), str(kind)))
    rows.append(("c0", "2022-01-01", 5.0, 1.0, "sale"))
    return tuple(rows)


def read_dealings(study) -> pd.DataFrame:
    """Sales and returns known at as_of, read in pandas."""
    frame = study.table("orders").to_pandas()
    if "kind" not in frame:
        frame["kind"] = "sale"
    frame["kind"] = frame["kind"].fillna("sale")
    known = frame["ordered_at"].isna() | (frame["ordered_at"] <= study.as_of)
    return frame.loc[known & (frame["kind"] != "cancelled")]
