"""Files of planted, distinct numbers: what is said and shown of them needs no engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from crm_research.features import customer_file as records
from crm_research.features.money_window import MoneyWindow
from crm_research.pillars.customer_file import CustomerFilePage
from crm_research.pillars.customer_file.choose import Chosen
from crm_research.pillars.customer_file.industry import Industry
from crm_research.pillars.customer_file.measure import (
    NOBODY_DECIDES,
    NOBODY_FOR_US,
    NOBODY_KNOWN,
    NOBODY_SPOKEN_TO,
    CustomerFile,
)
from crm_research.pillars.customer_file.worth import CHANCES, MONEY, STAKES, Counted, Leaving, ToCome
from tests.builders import a_study, orders
from tests.customer_file.worlds import frame

WINDOW = MoneyWindow(start=datetime(2023, 7, 1), end=datetime(2024, 7, 1), months=12, asked=12)
IDS = ("mill", "bakery", "ada", "forge")


def at(day: str) -> pd.Timestamp:
    return pd.Timestamp(day)


def leaving_of(months: int = 6) -> Leaving:
    risks = SimpleNamespace(main_months=months, n_running=731, estimator="the planted hazard")
    check = SimpleNamespace(designs=[SimpleNamespace(said="held on planted contracts")])
    return Leaving(
        predicted=SimpleNamespace(risks=risks, check=check), why_no_risk="",
        silence=SimpleNamespace(n_customers=1811, chosen="the planted rhythm"), why_no_rhythm="",
    )  # fmt: skip


def none_leaving() -> Leaving:
    return Leaving(predicted=None, why_no_risk="No risk is told.", silence=None, why_no_rhythm="No rhythm is told")


def some_worth() -> pd.DataFrame:
    nan = np.nan
    rows = [
        ("mill", 5000.0, 4100.0, 900.0, 2300.0, 410.0, 120.0, 35.0, 2135.0, 41.0,
         0.31, 0.22, 0.43, 2.0, 2.0, 0.07, 0.03, 0.12, 412.0, 301.0, 561.0, "gold"),
        ("bakery", 700.0, 700.0, 0.0, 610.0, 77.0, 66.0, 0.0, -53.0, 9.0,
         nan, nan, nan, 0.0, 0.0, 0.55, 0.41, 0.68, 0.0, 0.0, 0.0, "bronze"),
        ("ada", 380.0, 20.0, 360.0, 15.0, 0.0, 8.0, 0.0, 357.0, 1.0,
         0.25, 0.14, 0.37, 1.0, 1.0, 0.93, 0.84, 0.97, 107.0, 61.0, 149.0, "gold"),
        ("forge", nan, nan, nan, nan, nan, nan, nan, nan, nan,
         nan, nan, nan, 0.0, 0.0, nan, nan, nan, nan, nan, nan, ""),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["customer_id", *MONEY, *CHANCES, *STAKES, "tier"])


MONTHS = frame(
    "customer_id lane month n money first_at last_at",
    ("mill", records.ORDERS, 24_283, 17, 2100.0, at("2023-08-02"), at("2023-08-29")),
    ("mill", records.ORDERS, 24_289, 24, 2000.0, at("2024-02-03"), at("2024-02-21")),
    ("mill", records.RETURNS, 24_289, 3, -130.0, at("2024-02-22"), at("2024-02-23")),
    ("mill", records.COMPLAINTS, 24_292, 4, 0.0, at("2024-05-02"), at("2024-05-29")),
    ("bakery", records.ORDERS, 24_284, 9, 700.0, at("2023-09-01"), at("2023-09-30")),
    ("bakery", records.CONTACTS, 24_276, 1, 0.0, at("2023-01-02"), at("2023-01-02")),
    ("ada", records.ORDERS, 24_282, 1, 20.0, at("2023-07-07"), at("2023-07-07")),
)
CONTRACTS = frame(
    "customer_id contract_id started_at ended_at end_reason plan fee",
    ("mill", "k1", at("2022-01-01"), None, None, "plus", 50.0),
    ("mill", "k2", at("2022-06-01"), None, None, None, 25.0),
    ("bakery", "k4", at("2021-02-01"), at("2023-03-31"), "price", "basic", 11.0),
    ("ada", "k5", at("2023-01-01"), None, None, "basic", 30.0),
)
CONTACTS = frame(
    "customer_id kind n n_recent last_at n_open oldest_open_at",
    ("mill", "complaint", 4, 3, at("2024-05-29"), 2, at("2024-05-02")),
    ("mill", "visit", 7, 5, at("2024-04-17"), 0, None),
    ("bakery", "complaint", 1, 0, at("2023-01-02"), 1, at("2023-01-02")),
    ("ada", "enquiry", 6, 0, at("2023-05-06"), 0, None),
)
PEOPLE = frame(
    "customer_id person_id name role stance since spoken_at",
    ("mill", "n1", "Ann Decider", "decides", "for", at("2022-01-01"), at("2024-04-17")),
    ("mill", "n1", "Ann Decider", "influences", "against", at("2022-02-01"), None),
    ("mill", "n2", "Bo Buyer", "buys", "against", at("2022-03-01"), at("2023-07-02")),
    ("mill", "n3", None, "uses", "neutral", at("2022-04-01"), None),
    ("forge", "n4", "Cy Smith", "gates", None, at("2022-05-01"), None),
)


def a_file(**changes: Any) -> CustomerFile:
    """Four customers: a business with everything, one that costs more, a consumer who goes, and one without money."""
    file = CustomerFile(
        title="Planted", currency="EUR", as_of=datetime(2024, 7, 1), confidence=0.9,
        held=frozenset({"orders", "contacts", "contracts", "people", "surveys", "invoices", "order_lines"}),
        chosen=Chosen(ids=IDS, rule="stake", n_looked_at=317),
        basics=pd.DataFrame(
            {"customer_id": IDS, "kind": ["business", "business", "consumer", None],
             "registered_at": [at("2021-03-04"), None, None, None], "region": ["north", " ", None, "west"],
             "size": [1234.5, None, 0.25, 7.0], "listed": [True, False, None, True],
             "born": [at("1999-05-06"), None, None, None]}
        ),
        attributes=("region", "size", "listed", "born"), months=MONTHS, contracts=CONTRACTS, contacts=CONTACTS,
        answers=frame(
            "customer_id item score scale_min scale_max asked_at",
            ("mill", "satisfaction", 3.0, 1.0, 7.0, at("2024-04-01")),
            ("ada", "would_recommend", 9.0, 0.0, 10.0, at("2023-12-03")),
        ),
        worth=some_worth(),
        counted=Counted(
            window=WINDOW, noun="profit", n_customers=912, has_costs=True, is_reconciled=True,
            sources={"orders": True, "fees": True, "goods": True, "service": False, "contacts": True},
        ),
        leaving=leaving_of(),
        to_come=ToCome(
            rows=frame(
                "customer_id expected lower upper sure", ("ada", 611.0, 240.0, 1103.0, 333.0),
                ("mill", 5210.0, 3117.0, 8209.0, 3900.0),
            ),
            why_not="", years=3.0, is_profit=True, n=1456,
        ),
        people=PEOPLE,
        gaps={"mill": (), "bakery": (NOBODY_KNOWN,), "forge": (NOBODY_DECIDES, NOBODY_FOR_US, NOBODY_SPOKEN_TO)},
        industry=Industry(
            window=WINDOW,
            mix=frame("customer_id category money n_products", ("mill", "grain", 2600.0, 5), ("ada", "bread", 20.0, 1)),
            partners=frame(
                "customer_id partner_id kind region n_orders money", ("mill", "P1", "dealer", "east", 6, 810.0)
            ),
            before=frame("customer_id income", ("mill", 4000.0), ("bakery", 0.0), ("forge", 250.0)),
            bills=frame(
                "customer_id n_bills billed open_money overdue worst_days lost_share",
                ("mill", 14, 4321.0, 987.0, 654.0, 111, 0.037), ("ada", 2, 50.0, 30.0, 20.0, 0, np.nan),
                ("bakery", 5, 700.0, 0.0, 0.0, -4, 0.011),
            ),
            economy=frame("name period value before", ("prices", at("2024-06-01"), 2.5, 3.75)),
        ),
        links=frame(
            "customer_id n_records n_systems least_probability", ("ada", 1, 1, 1.0), ("mill", 3, 2, 0.83),
            ("bakery", 1, 1, 0.71), ("forge", 2, 1, np.nan),
        ),
        suspicions=frame("customer_id suspicion n", ("bakery", "overlapping_visit", 1), ("mill", "copied_amount", 6)),
        segments=frame(
            "customer_id segment certainty second_segment why_not", ("mill", "Builders", 0.83, "Traders", None),
            ("ada", None, np.nan, None, "too few purchases"),
        ),
        grades=frame("customer_id grade place lower upper n_ranked", ("mill", "A", 3.0, 2.0, 5.0, 1210)),
    )  # fmt: skip
    return replace(file, **changes)


def only(customer: str, **changes: Any) -> CustomerFile:
    """The file of one of them."""
    file = a_file()

    def own(held: pd.DataFrame) -> pd.DataFrame:
        return held.loc[held["customer_id"] == customer].reset_index(drop=True)

    tables = ("basics", "months", "contracts", "contacts", "answers", "worth", "people", "links", "suspicions",
              "segments", "grades")  # fmt: skip
    held = file.industry
    parts = {name: own(getattr(held, name)) for name in ("mix", "partners", "before", "bills")}
    alone = replace(
        file,
        chosen=Chosen(ids=(customer,), rule="named"),
        **{name: own(getattr(file, name)) for name in tables},
        to_come=replace(file.to_come, rows=own(file.to_come.rows)),
        gaps={one: gaps for one, gaps in file.gaps.items() if one == customer},
        industry=replace(held, **parts),
    )
    return replace(alone, **changes)


def of_nobody() -> CustomerFile:
    """Nobody is known."""
    file = only("nobody")
    return replace(file, chosen=Chosen(ids=(), rule="first"), counted=None, people=None)


def page_of(file: CustomerFile) -> CustomerFilePage:
    """The page, with this for what it measured."""
    page = CustomerFilePage(a_study(orders=orders(("a", "2024-01-01", 10.0))))
    page._measure = lambda: file
    return page
