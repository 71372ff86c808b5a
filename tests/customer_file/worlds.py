"""Small companies whose customers' files are counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study

AS_OF = "2024-07-01"


def frame(columns: str, *rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


# mill: a business with three people, one of whom has left; bakery: a business nobody is known at; ada: a consumer.
CUSTOMERS = frame(
    "customer_id kind registered_at region",
    ("mill", "business", "2021-03-04", "north"),
    ("bakery", "business", "2022-05-06", "south"),
    ("ada", "consumer", None, None),
    ("late", "consumer", "2024-07-01 00:00:01", "south"),
)
ORDERS = frame(
    "order_id customer_id ordered_at revenue cost kind store",
    ("o1", "mill", "2023-01-10 08:00", 900.0, 500.0, "sale", "P1"),
    ("o2", "mill", "2023-08-11 08:00", 700.0, 400.0, "sale", "P1"),
    ("o3", "mill", "2024-02-12 08:00", 300.0, 170.0, "sale", "S1"),
    ("o4", "mill", "2024-02-20 08:00", -50.0, -30.0, "return", "S1"),
    ("o5", "mill", "2024-03-01 08:00", 9_000.0, 1.0, "cancelled", "S1"),
    ("o6", "ada", "2024-07-01 00:00", 21.0, 13.0, "sale", "S1"),
    ("o7", "ada", "2024-07-01 00:00:01", 99.0, 1.0, "sale", "S1"),
    ("o8", "bakery", "2023-09-30 08:00", 40.0, 55.0, "sale", "P2"),
)
LINES = frame(
    "order_id product_id quantity revenue",
    ("o2", "flour", 1.0, 450.0),
    ("o2", "sieve", 1.0, 250.0),
    ("o3", "flour", 1.0, 120.0),
    ("o3", "bag", 1.0, 180.0),
    ("o4", "flour", -1.0, -50.0),
    ("o1", "flour", 1.0, 900.0),
    ("o5", "flour", 1.0, 9_000.0),
)
PRODUCTS = frame("product_id category", ("flour", "grain"), ("sieve", "tools"), ("bag", None))
CONTRACTS = frame(
    "contract_id customer_id started_at ended_at end_reason plan fee",
    ("k1", "mill", "2022-01-01", None, None, "plus", 30.0),
    ("k2", "mill", "2022-06-01", "2024-07-01", "price", "basic", 11.0),
    ("k3", "mill", "2023-01-01", "2024-07-02", "moved", "basic", 17.0),
)
CONTACTS = frame(
    "contact_id customer_id opened_at closed_at kind person_id",
    ("t1", "mill", "2023-06-30 10:00", "2023-07-03", "visit", "n1"),
    ("t2", "mill", "2023-07-02 10:00", "2023-07-03", "visit", "n2"),
    ("t3", "mill", "2024-05-02 10:00", None, "complaint", None),
    ("t4", "mill", "2024-06-20 10:00", "2024-07-09", "complaint", None),
    ("t5", "mill", "2024-07-01 00:00:01", None, "visit", "n1"),
    ("t6", "bakery", "2023-01-02 10:00", "2023-01-02 11:00", "enquiry", None),
)
PEOPLE = frame(
    "customer_id person_id name role stance since until note",
    ("mill", "n1", "Ann Decider", "influences", "neutral", "2022-01-01", None, "likes tea"),
    ("mill", "n1", "Ann Decider", "influences", "for", "2023-01-01", None, None),
    ("mill", "n2", "Bo Buyer", "buys", "against", "2022-01-01", None, None),
    ("mill", "n3", "Cy Gone", "decides", "for", "2022-01-01", "2024-07-01", None),
    ("mill", "n4", "Di Later", "decides", "for", "2024-07-01 00:00:01", None, None),
)
INVOICES = frame(
    "invoice_id customer_id issued_at due_at paid_at amount",
    ("i1", "mill", "2023-07-30", "2023-08-30", "2023-09-10", 700.0),
    ("i2", "mill", "2024-02-12", "2024-03-12", None, 300.0),
    ("i3", "mill", "2024-06-20", "2024-07-20", None, 80.0),
    ("i4", "mill", "2023-05-01", "2023-06-01", "2023-12-01", 60.0),
)
SURVEYS = frame(
    "response_id customer_id asked_at item score scale_min scale_max",
    ("r1", "mill", "2023-04-01", "satisfaction", 6.0, 1.0, 7.0),
    ("r2", "mill", "2024-04-01", "satisfaction", 3.0, 1.0, 7.0),
    ("r2", "mill", "2024-04-01", "price", None, 1.0, 7.0),
    ("r3", "mill", "2024-07-02", "satisfaction", 7.0, 1.0, 7.0),
)
CAMPAIGNS = frame("campaign_id started_at", ("m1", "2024-01-15"), ("m2", "2024-03-15"))
TARGETS = frame(
    "campaign_id customer_id targeted_at is_control",
    ("m1", "mill", "2024-01-16", False),
    ("m2", "mill", None, False),
    ("m1", "ada", "2024-01-16", True),
)
PARTNERS = frame("partner_id kind region", ("P1", "dealer", "east"), ("P2", "dealer", "west"))
INDICATORS = frame(
    "period name value",
    ("2023-05-01", "confidence", 91.0),
    ("2024-05-01", "confidence", 104.0),
    ("2024-06-01", "confidence", 107.0),
    ("2024-07-01", "confidence", 120.0),
    ("2024-06-01", "prices", 2.5),
)
LINKS = frame(
    "system local_id customer_id probability",
    ("shop", "s1", "mill", 1.0),
    ("dealer", "d1", "mill", 0.83),
    ("dealer", "d2", "ada", 1.0),
)
ATTRIBUTES = {"customers": {"region": "category"}}
TABLES = {
    "customers": CUSTOMERS, "orders": ORDERS, "order_lines": LINES, "products": PRODUCTS, "contracts": CONTRACTS,
    "contacts": CONTACTS, "people": PEOPLE, "invoices": INVOICES, "surveys": SURVEYS, "campaigns": CAMPAIGNS,
    "campaign_targets": TARGETS, "partners": PARTNERS, "indicators": INDICATORS, "links": LINKS,
}  # fmt: skip


def workshop(**changes: pd.DataFrame | None) -> Study:
    """Three customers and one who comes a second after as_of, one of every table; None leaves a table out."""
    held = {name: table for name, table in {**TABLES, **changes}.items() if table is not None}
    attributes = ATTRIBUTES if "customers" in held else {}
    return a_study(as_of=AS_OF, attributes=attributes, **held)


def crowd(n: int = 400) -> Study:
    """Customers enough for models: half of them hold contracts, most buy, the later ones have ceased to."""
    rng = np.random.default_rng(11)
    ids = [f"c{i:03d}" for i in range(n)]
    rows, number = [], 0
    for place, one in enumerate(ids):
        rate = rng.gamma(2.0, 0.02)
        begin = float(rng.uniform(0, 500))
        end = min(begin + rng.exponential(1 / rng.gamma(1.2, 0.002)), 912.0)
        at = begin
        while at < end:
            number += 1
            when = pd.Timestamp("2022-01-01") + pd.Timedelta(days=at)
            paid = round(float(rng.lognormal(3 + (place % 3) * 0.4, 0.4)), 2)
            rows.append((f"o{number}", one, when.floor("s"), paid, round(paid * 0.6, 2)))
            at += float(rng.exponential(1 / rate)) + 0.01
    orders = pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "revenue", "cost"])
    plans = rng.choice(["plus", "basic"], n // 2)
    begun = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.uniform(0, 700, n // 2).round(), unit="D")
    stay = rng.exponential(np.where(plans == "plus", 1500, 350)).round() + 1
    ended = begun + pd.to_timedelta(stay, unit="D")
    contracts = pd.DataFrame(
        {
            "contract_id": [f"k{i:03d}" for i in range(n // 2)],
            "customer_id": ids[: n // 2],
            "started_at": begun,
            "ended_at": pd.Series(ended).where(ended <= pd.Timestamp("2024-12-31")),
            "plan": plans,
            "fee": np.where(plans == "plus", 24.0, 12.0),
        }
    )
    people = pd.DataFrame({"customer_id": ids, "kind": ["business" if i % 5 == 0 else "consumer" for i in range(n)]})
    return a_study(as_of=AS_OF, holdout_until="2024-12-31", customers=people, orders=orders, contracts=contracts)
