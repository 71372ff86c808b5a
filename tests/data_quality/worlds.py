"""Small companies whose faults are planted and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study

# Born on 1 January: c01 to c06; before 1900: c07; after the records: c08; the others in the middle of their months.
BORN = {
    **{f"c{i:02d}": f"19{50 + i}-01-01" for i in range(1, 7)},
    "c07": "1850-05-05",
    "c08": "2031-05-05",
    **{f"c{i:02d}": f"19{50 + i}-{i % 9 + 2:02d}-15" for i in range(9, 21)},
}
# In two spellings: 8 Berlin, 2 others of it; a word for unknown: 3; missing: 2; 5 Köln.
CITIES = ["Berlin"] * 8 + ["berlin ", "BERLIN"] + ["unknown"] * 3 + [None] * 2 + ["Köln"] * 5
SIZES = [f"{1.5 + i / 10:.1f}" for i in range(20)]


def customers() -> pd.DataFrame:
    """Twenty customers, with a birth, a city and a size that is text."""
    return pd.DataFrame(
        {
            "customer_id": list(BORN),
            "born": pd.to_datetime(list(BORN.values())).astype("datetime64[us]"),
            "city": CITIES,
            "size": SIZES,
        }
    )


def dealings() -> pd.DataFrame:
    """143 orders of a year: 120 plain ones, a day and its copy of 10 each, and 3 that are others again."""
    months = pd.period_range("2023-07", "2024-06", freq="M")
    rows = [
        (f"c{(10 * m + k) % 20 + 1:02d}", f"{month}-{10 + k} 09:30:00", 10 + 1.5 * m + 0.25 * k, 0.0,
         None if k < m // 2 else "A")
        for m, month in enumerate(months)
        for k in range(10)
    ]  # fmt: skip
    rows[70] = (*rows[70][:3], 1000.0, rows[70][4])  # a discount beyond reason
    for day in ("2024-05-03", "2024-06-05"):
        rows += [(f"c{k + 1:02d}", f"{day} 11:00:00", 101.0 + k, 0.0, "A") for k in range(10)]
    rows += rows[54:57]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue", "discount", "store"])
    frame.insert(0, "order_id", [f"o{i + 1}" for i in range(len(frame))])
    return frame


ATTRIBUTES = {"customers": {"born": "time", "city": "category", "size": "category"}}


def dirty(**changes: object) -> Study:
    """The company with all of its faults."""
    return a_study(**{"customers": customers(), "orders": dealings(), "attributes": ATTRIBUTES, **changes})


def clean(n: int = 40) -> Study:
    """A company in which nothing is wrong and nothing is missing."""
    rng = np.random.default_rng(7)
    ids = [f"k{i:03d}" for i in range(n)]
    days = pd.Timestamp("2023-07-01") + pd.to_timedelta(rng.integers(0, 360, 4 * n), unit="D")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(4 * n)],
            "customer_id": ids * 4,
            "ordered_at": days + pd.to_timedelta(rng.integers(1, 86_400, 4 * n), unit="s"),
            "revenue": np.round(rng.lognormal(3, 0.6, 4 * n), 2),
        }
    )
    people = pd.DataFrame({"customer_id": ids, "region": (["north", "south"] * n)[:n]})
    return a_study(customers=people, orders=orders, attributes={"customers": {"region": "category"}})


def holders() -> Study:
    """Contracts alone: 12 customers, 4 of whom have left; a fee is missing three times."""
    rows = [
        (f"h{i:02d}", f"2023-{i % 9 + 1:02d}-0{i % 7 + 1}", "2024-05-01" if i < 4 else None, "moved" if i < 2 else None,
         None if i in (3, 5, 7) else 10.0 + i)
        for i in range(12)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at", "end_reason", "fee"])
    frame.insert(0, "contract_id", [f"k{i + 1}" for i in range(len(frame))])
    return a_study(contracts=frame)


def spoken_to() -> Study:
    """Thirty customers of unlike worth from two systems, half of the best of whom nobody spoke to."""
    ids = [f"b{i:02d}" for i in range(30)]
    rows = [
        (ids[i], f"2024-{month:02d}-{i % 27 + 1:02d} 10:0{i % 10}:00", 200.0 - 6 * i + month)
        for i in range(30)
        for month in range(1, 7)
        if i < 12 or month % 3 == 0
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    orders.insert(0, "order_id", [f"o{i}" for i in range(len(orders))])
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "system": ["shop", "dealer", "dealer"] * 10,
            "town": [None if i % 3 and i % 2 else "Ulm" for i in range(30)],
        }
    )
    contacts = pd.DataFrame(
        {
            "contact_id": [f"t{i}" for i in range(7)],
            "customer_id": ["b00", "b02", "b04", "b06", "b08", "b10", "b20"],
            "opened_at": pd.to_datetime(["2024-03-01"] * 6 + ["2024-08-01"]),
            "kind": ["visit"] * 7,
        }
    )
    attributes = {"customers": {"system": "category", "town": "category"}}
    return a_study(customers=people, orders=orders, contacts=contacts, attributes=attributes)


def of_systems() -> Study:
    """Four hundred records of two systems: names, numbers and births that are of nobody, and customers made of them."""
    n = 400
    frame = pd.DataFrame(
        {
            "system": ["dealer", "head"] * (n // 2),
            "local_id": [f"r{i:03d}" for i in range(n)],
            "name": [
                "N.N.",
                "asdfgh",
                "<b>$5</b> & Söhne",
                *[f"Anna {'ABCDEFGHIJ'[i % 10]}eier{i}" for i in range(3, n)],
            ],
            "email": [None if i % 8 == 0 else f"p{i}@firm{i}.example.org" for i in range(n)],
            "phone": [f"+49 351 48{i % 90 + 10}17{i // 90}{i % 9}" for i in range(n)],
            "birth_date": [f"19{60 + i % 30}-{2 + i % 11:02d}-{1 + i % 28:02d}" for i in range(n)],
            "registered_at": [f"2023-{i % 12 + 1:02d}-1{i % 9} 10:00" for i in range(n)],
        }
    )
    frame.loc[:2, "phone"] = ["0000000", "1234567", "+49 351 481700"]
    frame.loc[340:, "phone"] = "+49 351 481799"
    frame.loc[20:39, "birth_date"] = "1970-01-01"
    links = frame[["system", "local_id"]].assign(customer_id=[f"P{i // 2}" for i in range(n)], probability=0.97)
    return a_study(customer_records=frame, links=links)
