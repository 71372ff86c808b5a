"""Small companies whose grades can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study, orders

# As of 2024-07-01: twelve months from 2023-07-01, and twelve before. Ann, Bob, Cy and Dee are businesses, Eve is none.
# Ann 1,000 now (700 and 300; cost 400), 600 before; Bob 500 now (cost 100), 500 before; Cy 300 now, 80 of it given
# back (cost 150 less 40), 330 before; Dee came in 2024: 200 (cost 120).
BOUGHT = orders(
    ("ann", "2023-08-01", 700.0),
    ("ann", "2024-02-01", 300.0),
    ("ann", "2022-09-01", 600.0),
    ("bob", "2023-09-01", 500.0),
    ("bob", "2023-01-01", 500.0),
    ("cy", "2023-10-01", 300.0),
    ("cy", "2023-11-01", -80.0),
    ("cy", "2022-07-01", 330.0),
    ("dee", "2024-01-01", 200.0),
    ("eve", "2024-01-05", 9_000.0),
    ("ann", "2024-07-01 00:00:01", 77_000.0),
    kind=["sale", "sale", "sale", "sale", "sale", "sale", "return", "sale", "sale", "sale", "sale"],
    cost=[300.0, 100.0, 10.0, 100.0, 20.0, 150.0, -40.0, 30.0, 120.0, 1.0, 1.0],
)
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["ann", "bob", "cy", "dee", "eve"],
        "kind": ["business", "business", "business", "business", "consumer"],
        "registered_at": ["2020-07-01", "2022-07-01", "2021-07-01", "2024-01-01", "2019-07-01"],
        "market_share": [0.3, 0.1, 0.2, 0.05, 0.9],
        "sector": ["steel", "steel", "wood", "wood", "none"],
    }
)
CONTACTS = pd.DataFrame(
    {
        "contact_id": ["c1", "c2", "c3", "c4", "c5"],
        "customer_id": ["ann", "bob", "bob", "eve", "bob"],
        "opened_at": ["2023-10-05", "2023-11-02", "2024-03-02", "2024-03-02", "2024-07-02"],
        "kind": ["visit", "visit", "complaint", "visit", "visit"],
        "cost": [50.0, 30.0, 7.0, 500.0, 900.0],
    }
)


def a_company(
    *,
    judgements: Mapping[str, float | str] | None = None,
    weights: Mapping[str, float] | None = None,
    **changes: object,
) -> Study:
    """The company; tables that are None are left out."""
    tables = {"orders": BOUGHT, "customers": PEOPLE, "contacts": CONTACTS}
    tables |= {name: changes.pop(name) for name in list(changes) if name in (*tables, "surveys", "contracts")}
    study = a_study(
        **{name: held for name, held in tables.items() if held is not None},
        attributes={"customers": {"market_share": "number", "sector": "category"}},
        **changes,
    )
    return replace(study, judgements=judgements or {}, grade_weights=weights or {})


def answers(*rows: tuple[str | None, str, float], item: str = "satisfaction_1") -> pd.DataFrame:
    """Surveys from (customer_id, asked_at, score on 1 to 5), one response each."""
    frame = pd.DataFrame(rows, columns=["customer_id", "asked_at", "score"])
    frame.insert(0, "response_id", [f"r{place}" for place in range(len(frame))])
    return frame.assign(item=item, scale_min=1.0, scale_max=5.0)


def many(n: int = 60, *, seed: int = 1, care: float = 1.0, **changes: object) -> Study:
    """Businesses of different sizes with visits at one rate for all, answers of a third, two years of orders."""
    rng = np.random.default_rng(seed)
    names = np.array([f"k{place:03d}" for place in range(n)])
    size = rng.gamma(2.0, 60.0, n)
    bought = []
    for year in ("2022-07-02", "2023-07-02"):
        counts = 1 + rng.poisson(5.0, n)
        who = np.repeat(np.arange(n), counts)
        day = rng.integers(0, 360, len(who))
        amount = np.round(size[who] * rng.gamma(4.0, 0.25, len(who)), 2)
        bought.append(
            pd.DataFrame(
                {
                    "customer_id": names[who],
                    "ordered_at": pd.Timestamp(year) + pd.to_timedelta(day, unit="D"),
                    "revenue": amount,
                }
            )
        )
    first = pd.DataFrame({"customer_id": names, "ordered_at": pd.Timestamp("2022-07-01"), "revenue": 1.0})
    frame = pd.concat([first, *bought], ignore_index=True)
    frame.insert(0, "order_id", [f"o{place}" for place in range(len(frame))])
    frame["cost"] = np.round(frame["revenue"] * rng.uniform(0.3, 0.8, n)[frame["customer_id"].str[1:].astype(int)], 2)
    visits = np.repeat(np.arange(n), rng.poisson(care, n))
    met = pd.DataFrame(
        {
            "contact_id": [f"c{place}" for place in range(len(visits))],
            "customer_id": names[visits],
            "opened_at": pd.Timestamp("2023-07-02") + pd.to_timedelta(rng.integers(0, 360, len(visits)), unit="D"),
            "kind": rng.choice(["visit", "service", "complaint"], len(visits), p=[0.6, 0.3, 0.1]),
            "cost": np.round(rng.uniform(20.0, 60.0, len(visits)), 2),
        }
    )
    felt = rng.normal(3.5, 0.8, n)
    asked = rng.choice(n, n // 3, replace=False)
    rows = [
        (names[who], date, float(np.clip(np.rint(felt[who] + rng.normal(0.0, 0.7)), 1, 5)))
        for who in asked
        for date in ("2023-09-01", "2024-03-01")
    ]
    people = pd.DataFrame({"customer_id": names, "kind": "business", "registered_at": "2022-01-01"})
    return a_company(orders=frame, contacts=met, customers=people, surveys=answers(*rows), **changes)
