"""Grades of planted, distinct numbers: what is said and shown of them needs no engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from crm_research.features.money_window import MoneyWindow
from crm_research.models.grading import ComparedWeights
from crm_research.pillars.grades import GradesPage
from crm_research.pillars.grades.criteria import Criteria
from crm_research.pillars.grades.measure import Grades
from crm_research.pillars.grades.service import ALL_CARE, Service
from crm_research.pillars.grades.weighing import DATA, GIVEN, JUDGED, Cuts, Weighting
from tests.builders import a_study, orders

NAMES = ["margin", "volume", "cost to serve", "trend", "satisfaction"]
WINDOW = MoneyWindow(start=datetime(2023, 7, 1), end=datetime(2024, 7, 1), months=12, asked=12)
ROWS = pd.DataFrame(
    {
        "customer_id": [f"k{place}" for place in range(8)],
        "income": [9100.0, 7300.0, 5500.0, 4200.0, 2600.0, 1900.0, 800.0, 300.0],
        "goods": [4100.0, 3900.0, 2700.0, 2500.0, 1300.0, 1200.0, 500.0, 290.0],
        "service": [210.0, 0.0, 130.0, 90.0, 40.0, 700.0, 0.0, 15.0],
        "contacts": [120.0, 60.0, 0.0, 45.0, 30.0, 210.0, 10.0, 0.0],
        "capital": [33.0, 22.0, 11.0, 0.0, 0.0, 5.0, 0.0, 1.0],
        "n_responses": [0.0, 3.0, 0.0, 2.0, 1.0, 4.0, 0.0, 0.0],
    }
)


def some_criteria(**changes: Any) -> Criteria:
    cells = pd.DataFrame(
        {
            "margin": ROWS["income"] - ROWS["goods"], "volume": ROWS["income"],
            "cost to serve": ROWS["service"] + ROWS["contacts"] + ROWS["capital"],
            "trend": [0.61, 0.48, 0.72, 0.5, 0.33, 0.51, 0.44, 0.5],
            "satisfaction": [0.62, 0.81, 0.62, 0.44, 0.35, 0.9, 0.62, 0.62],
        }
    )  # fmt: skip
    known = pd.DataFrame(True, index=cells.index, columns=cells.columns)
    known["satisfaction"] = ROWS["n_responses"] > 0
    known.loc[7, "trend"] = False
    errors = pd.DataFrame(0.0, index=cells.index, columns=cells.columns)
    errors["satisfaction"] = np.where(known["satisfaction"], 0.05, 0.2)
    return replace(
        Criteria(
            cells=cells, errors=errors, known=known, bounds={"satisfaction": (0.0, 1.0)},
            left_out={"lifetime value": "nobody asked for it", "position": "it is not recorded"},
            items=("satisfaction_1", "satisfaction_2"),
        ),
        **changes,
    )  # fmt: skip


def some_weights(name: str, *shares: float, **more: Any) -> Weighting:
    return Weighting(name=name, weights=pd.Series(shares, index=NAMES, name="weight").rename_axis("criterion"), **more)


def judged(ratio: float) -> ComparedWeights:
    pairs = pd.DataFrame(
        [
            ("margin", "trend", 5.0, 0.5, 10.0),
            ("margin", "volume", 3.0, 2.1, 1.4286),
            ("volume", "trend", 0.25, 0.2, 1.25),
        ],
        columns=["criterion", "other", "ratio", "implied", "off"],
    )
    weights = pd.Series([0.61, 0.27, 0.12], index=["margin", "volume", "trend"])
    return ComparedWeights(weights=weights, consistency_ratio=ratio, pairs=pairs)


def a_grading(**changes: Any) -> Grades:
    """Eight of 31 businesses by three ways of weighing."""
    places = pd.DataFrame(
        {
            "near": [0.83, 0.77, 0.71, 0.55, 0.41, 0.33, 0.21, 0.11], "place": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            "grade": list("AABBCCCC"), "place_given": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            "grade_given": list("AABBCCCC"), "grade_judgements": list("ABABCCCC"), "grade_entropy": list("AABBCCBC"),
            "lower": [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "upper": [2.0, 4.0, 5.0, 6.0, 6.0, 7.0, 8.0, 8.0],
            "current": [0.9, 0.8, 0.6, 0.5, 0.3, 0.35, 0.2, 0.1], "future": [0.5, 0.6, 0.8, 0.4, 0.2, 0.7, 0.3, 0.45],
            "any_share": [0.97, 0.9, 0.31, 0.11, 0.1, 0.02, 0.0, 0.0], "worth": list("ABABCCCC"),
        }
    )  # fmt: skip
    return replace(
        Grades(
            currency="EUR", as_of=datetime(2024, 7, 9), window=WINDOW,
            costing=SimpleNamespace(costed_share=0.87, refused=""),
            sources={"orders": True, "fees": False, "goods": True, "service": True, "contacts": True}, who="business",
            kinds={"business": 31, "consumer": 470}, n_all=31, income_all=40_000.0, rows=ROWS, criteria=some_criteria(),
            weightings={
                GIVEN: some_weights(GIVEN, 0.4, 0.3, 0.1, 0.2, 0.0, unweighed=("satisfaction",)),
                JUDGED: some_weights(JUDGED, 0.61, 0.27, 0.0, 0.12, 0.0, judged=judged(0.043),
                                     unweighed=("cost to serve", "satisfaction")),
                DATA: some_weights(DATA, 0.22, 0.21, 0.45, 0.05, 0.07),
            },
            why_no_weighting={}, used=GIVEN, cuts=Cuts(n_a=2, n_b=4), places=places, why_not="", spread=0.1,
            a_share=0.2, b_share=0.3, confidence=0.9,
        ),
        **changes,
    )  # fmt: skip


def a_service(**changes: Any) -> Service:
    """What grades A, B and C get: the first visits and all care."""
    contacts = pd.DataFrame(
        [("visit", "A", 2, 9, 1.9, 4.74, 2.44, 8.31), ("visit", "B", 2, 3, 2.0, 1.5, 0.41, 3.9),
         ("visit", "C", 4, 4, 3.7, 1.08, 0.37, 2.5), (ALL_CARE, "A", 2, 13, 1.9, 6.84, 4.0, 11.0),
         (ALL_CARE, "B", 2, 5, 2.0, 2.5, 0.98, 5.3), (ALL_CARE, "C", 4, 6, 3.7, 1.62, 0.7, 3.2)],
        columns=["kind", "grade", "n_customers", "n", "years", "rate", "lower", "upper"],
    )  # fmt: skip
    compared = pd.DataFrame(
        [("visit", 4.4, 1.3, 15.0, 0.021), ("service", 2.1, 0.4, 9.0, 0.6), (ALL_CARE, 4.22, 1.53, 11.7, 0.004)],
        columns=["kind", "ratio", "lower", "upper", "p_adjusted"],
    )
    grades = pd.DataFrame(
        [("A", 2, 1.9, 14_600.0, 505.0, 0.0346, 252.5), ("B", 2, 2.0, 11_500.0, 223.0, 0.0194, 111.5),
         ("C", 4, 3.7, 5600.0, 1011.0, 0.1805, 252.75)],
        columns=["grade", "n_customers", "years", "income", "cost", "cost_share", "cost_each"],
    )  # fmt: skip
    misfit = ["place", "n", "years", "expected", "p_adjusted"]
    return replace(
        Service(
            grades=grades, contacts=contacts, compared=compared,
            over=pd.DataFrame([(5, 19, 1.0, 6.8, 0.003)], columns=misfit),
            under=pd.DataFrame([(0, 1, 1.0, 7.1, 0.011), (2, 0, 0.9, 6.4, 0.03)], columns=misfit), n_tested=6,
            can_tell_under=True,
        ),
        **changes,
    )  # fmt: skip


def page_of(found: Grades, service: Service | None) -> GradesPage:
    """The page, with these for what it measured."""
    page = GradesPage(a_study(orders=orders(("a", "2024-01-01", 10.0))))
    page._measure = lambda: found
    vars(page)["served"] = service
    return page
