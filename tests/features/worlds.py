"""Small studies that several feature tests read, each small enough to count by hand."""

from __future__ import annotations

import pandas as pd

from crm_research.study import Study
from tests.builders import a_study, contracts, orders

# Ann buys on 10 and 20 January and 1 March (noon), returns 5 in between, and buys again in the holdout.
# Bob buys once, at a time of day. Cy only ever returned something. Dee only cancelled.
SIX_MONTHS = orders(
    ("ann", "2024-01-10", 10.0),
    ("ann", "2024-01-20", 20.0),
    ("ann", "2024-02-01", -5.0),
    ("ann", "2024-03-01 12:00", 30.0),
    ("bob", "2024-06-30 18:00", 8.0),
    ("cy", "2024-02-02", -3.0),
    ("dee", "2024-02-03", 99.0),
    ("ann", "2024-07-01 00:00:01", 40.0),
    kind=["sale", None, "return", "sale", "sale", "return", "cancelled", "sale"],
)


def a_shop(**options: object) -> Study:
    """Six months of orders with returns and cancellations, and two months of holdout."""
    return a_study(**{"as_of": "2024-07-01", "holdout_until": "2024-09-01", "orders": SIX_MONTHS, **options})


def a_full_study() -> Study:
    """Every table the features read, each with records from after as_of."""
    bought = SIX_MONTHS.assign(discount=[1.0, 0.0, 0.0, 2.0, None, 0.0, 0.0, 5.0])
    lines = pd.DataFrame(
        [
            ("o1", "p1", 1.0, 10.0),
            ("o2", "p1", 1.0, 5.0),
            ("o2", "p2", 1.0, 15.0),
            ("o4", "p3", 1.0, 30.0),
            ("o5", "p2", 1.0, 8.0),
            ("o8", "p4", 1.0, 40.0),
        ],
        columns=["order_id", "product_id", "quantity", "revenue"],
    )
    products = pd.DataFrame(
        {
            "product_id": ["p1", "p2", "p3", "p4"],
            "category": ["tea", "tea", "cups", "pots"],
            "is_own_brand": [True, False, None, True],
        }
    )
    deals = contracts(
        ("ann", "2024-01-01", "2024-03-01", "price"),
        ("ann", "2024-03-01", "2024-08-01", "moved"),
        ("bob", "2023-01-01", None, None),
        ("eve", "2024-08-01", None, None),
        plan=["basic", "plus", "plus", "basic"],
    )
    people = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "fay", "gus"],
            "kind": ["consumer", "business", "consumer", "consumer"],
            "registered_at": ["2024-01-01", None, "2024-05-01", "2024-08-08"],
            "region": ["north", "south", "north", "south"],
        }
    )
    contacts = pd.DataFrame(
        {
            "contact_id": ["c1", "c2"],
            "customer_id": ["ann", "bob"],
            "opened_at": ["2024-05-01", "2024-08-01"],
            "closed_at": ["2024-05-03", None],
            "kind": ["complaint", "complaint"],
        }
    )
    return a_study(
        holdout_until="2024-09-01",
        attributes={"customers": {"region": "category"}},
        orders=bought,
        order_lines=lines,
        products=products,
        contracts=deals,
        customers=people,
        contacts=contacts,
    )


def rows(table: object, *by: str) -> pd.DataFrame:
    """A table as a frame, in the order of some columns."""
    frame = table.execute()
    return frame.sort_values(list(by)).reset_index(drop=True) if by else frame
