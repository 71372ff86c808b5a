"""Small companies whose profit can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study, contracts, orders

# 2023-07-01 to 2024-06-30. Ann brings 1,000 and buys often without calling; Bob brings 100 and calls; Cy gives back
# more than he bought; Dee holds a contract; nobody is named on the last order, and an unknown one calls.
BOUGHT = orders(
    ("ann", "2023-08-01", 600.0),
    ("ann", "2024-02-01", 400.0),
    ("bob", "2023-09-01", 100.0),
    ("cy", "2023-07-15", 30.0),
    ("cy", "2023-08-15", -50.0),
    ("ann", "2023-06-30 23:59:59", 999.0),
    ("ann", "2024-07-01 00:00:01", 999.0),
    ("bob", "2024-01-01", 77.0),
    (None, "2024-03-01", 40.0),
    kind=["sale", "sale", "sale", "sale", "return", "sale", "sale", "cancelled", "sale"],
    discount=[60.0, 40.0, None, 0.0, 0.0, 1.0, 1.0, 5.0, 2.0],
    cost=[300.0, 200.0, 40.0, 12.0, -20.0, 1.0, 1.0, 7.0, 16.0],
)
DEALS = contracts(("dee", "2024-01-16", "2024-03-01", "moved"), fee=[31.0])
ACTIVITIES = pd.DataFrame(
    {
        "activity": ["calls", "orders"],
        "cost_pool": [200.0, 100.0],
        "driver": ["calls", "orders"],
        "unit_time": [20.0, 5.0],
        "capacity": [200.0, 100.0],
        "resource": ["desk", "desk"],
    }
)
USE = pd.DataFrame(
    [
        ("ann", "orders", "2023-07-01", 1.0),
        ("ann", "orders", "2024-01-01", 1.0),
        ("bob", "orders", "2023-07-01", 1.0),
        ("bob", "calls", "2023-10-01", 4.0),
        ("cy", "orders", "2023-07-01", 2.0),
        ("zed", "calls", "2024-01-01", 1.0),
        ("ann", "calls", "2023-04-01", 2.0),
    ],
    columns=["customer_id", "activity", "period", "quantity"],
)
CONTACTS = pd.DataFrame(
    {
        "contact_id": ["c1", "c2"],
        "customer_id": ["bob", "bob"],
        "opened_at": ["2023-10-05", "2024-07-02"],
        "kind": ["complaint", "complaint"],
        "cost": [6.0, 500.0],
    }
)
INVOICES = pd.DataFrame(
    {
        "invoice_id": ["i1", "i2"],
        "customer_id": ["ann", "ann"],
        "issued_at": ["2023-06-01", "2024-06-01"],
        "due_at": ["2023-07-01", "2024-07-01"],
        "paid_at": ["2023-07-31", None],
        "amount": [365.25, 730.5],
    }
)


def a_company(**changes: object) -> Study:
    """Everything of the four customers; tables that are None are left out."""
    tables = {
        "orders": BOUGHT, "contracts": DEALS, "activities": ACTIVITIES, "activity_use": USE, "contacts": CONTACTS,
        "invoices": INVOICES,
    }  # fmt: skip
    tables |= {name: changes.pop(name) for name in list(changes) if name in tables}
    return a_study(**{name: held for name, held in tables.items() if held is not None}, **changes)


def many(n: int = 300, *, seed: int = 1, **options: object) -> Study:
    """A base in which everybody makes work in proportion to their orders: nobody is served otherwise.

    options: lumps (order lines an order), callers (customers who call all the time).
    """
    rng = np.random.default_rng(seed)
    names = np.array([f"k{place:04d}" for place in range(n)])
    rate = rng.gamma(1.5, 3.0, n)
    quarters = pd.to_datetime(["2023-07-01", "2023-10-01", "2024-01-01", "2024-04-01"])
    bought, used = [], []
    lumps = int(options.get("lumps", 1))
    for quarter in quarters:
        counts = rng.poisson(rate / 2)
        customer = np.repeat(np.arange(n), counts)
        days = rng.integers(0, 90, len(customer))
        bought.append(
            pd.DataFrame(
                {"customer_id": names[customer], "ordered_at": quarter + pd.to_timedelta(days, unit="D"), "place": 0}
            )
        )
        for activity, per_order in (("picking", 2.0), ("calls", 0.3)):
            quantity = lumps * rng.poisson(per_order * counts / lumps)
            if activity == "calls":
                quantity[: int(options.get("callers", 0))] += 25
            rows = pd.DataFrame({"customer_id": names, "activity": activity, "period": quarter, "quantity": quantity})
            used.append(rows.loc[rows["quantity"] > 0])
    frame = pd.concat(bought, ignore_index=True).drop(columns="place")
    frame.insert(0, "order_id", [f"o{place}" for place in range(len(frame))])
    revenue = np.round(rng.gamma(2.0, 8.0, len(frame)), 2)
    use = pd.concat(used, ignore_index=True)
    total = use.groupby("activity")["quantity"].sum()
    activities = pd.DataFrame(
        {
            "activity": ["picking", "calls"],
            "cost_pool": [1.0 * total["picking"], 9.0 * total["calls"]],
            "driver": ["lines", "calls"],
        }
    )
    first = pd.DataFrame({"order_id": ["first"], "customer_id": [names[0]], "ordered_at": ["2022-01-01"]})
    return a_study(
        orders=pd.concat([frame.assign(revenue=revenue, cost=np.round(revenue * 0.4, 2)), first.assign(revenue=1.0)]),
        activities=activities,
        activity_use=use,
    )
