"""Planted results on who the customers are and what to do; every number differs from every other."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from crm_research.pillars.segmentation.deployment.trend import Trend
from crm_research.pillars.segmentation.describe.descriptors import OTHER, Descriptors
from crm_research.pillars.segmentation.describe.map import SegmentMap
from crm_research.pillars.segmentation.rfm.changes import NO_PURCHASE, RfmChanges
from crm_research.pillars.segmentation.rfm.rules import NAMES, PARTITION, RfmGroups
from crm_research.pillars.segmentation.use.treatment import COSTLY, SMALL, STANDARD, STRATEGIC, Treatment
from tests.segmentation.told_worlds import SEGMENTS

NAN = float("nan")


def an_rfm(**others: object) -> RfmGroups:
    numbers = [131, 97, 83, 71, 61, 53, 17, 29, 43, 37]
    shares = [0.413, 0.194, 0.083, 0.011, 0.052, 0.023, 0.117, 0.067, 0.031, 0.009]
    groups = pd.DataFrame(
        {
            "group": NAMES,
            "meaning": [meaning for _, meaning, _ in PARTITION],
            "n_customers": numbers,
            "size_share": [n / 622 for n in numbers],
            "revenue": [share * 100_000 for share in shares],
            "revenue_share": shares,
            "lower": [share - 0.006 for share in shares],
            "upper": [share + 0.017 for share in shares],
            "mean_days_since_last": [5.3, 21.7, 9.1, 8.3, 47.9, 73.1, 151.3, 139.7, 163.9, 211.1],
            "mean_orders": [23.1, 14.9, 6.7, 1.3, 4.1, 1.9, 19.3, 7.3, 2.3, 1.1],
            "mean_spend": [315.3, 200.0, 100.7, 15.5, 85.2, 43.4, 688.2, 231.0, 72.1, 24.3],
        }
    )
    cuts = pd.DataFrame(
        {
            "measure": ["recency", "frequency", "money"],
            "cut_1": [7.0, 1.0, 19.9],
            "cut_2": [31.0, 2.0, 49.5],
            "cut_3": [90.0, 5.0, 99.0],
            "cut_4": [181.0, 11.0, 241.7],
        }
    )
    planted = {
        "groups": groups, "cells": groups.iloc[:0], "cuts": cuts, "n": 622, "given": (), "currency": "EUR",
        "confidence": 0.95, "notes": ("Seven customers have no day.",),
    }  # fmt: skip
    return RfmGroups(**{**planted, **others})


def rfm_worlds() -> dict[str, RfmGroups]:
    groups = an_rfm().groups
    away = groups["group"].isin(["Cannot lose", "At risk"])
    nobody = groups.assign(n_customers=groups["n_customers"].where(~away & (groups.index > 0), 0))
    return {
        "rfm": an_rfm(),
        "rfm, one cut given": an_rfm(given=("recency",)),
        "rfm, all cuts given": an_rfm(given=("recency", "frequency", "money"), notes=()),
        "rfm, no champions": an_rfm(groups=nobody),
        "rfm, no revenue": an_rfm(groups=groups.assign(revenue_share=NAN, lower=NAN, upper=NAN)),
    }


def some_changes(signs: tuple[int, ...] = (1, 0, -1, 0, 0, 0, 0, 0, 0, 0)) -> RfmChanges:
    """Each group grew (1), shrank (-1) or neither: interval above, below or around nought."""
    change = [sign * (0.031 + 0.002 * place) + 0.001 * place for place, sign in enumerate(signs)]
    groups = pd.DataFrame(
        {
            "group": [*NAMES, NO_PURCHASE],
            "n_before": [103, 89, 79, 67, 59, 51, 19, 31, 41, 43, 113],
            "n_now": [127, 91, 73, 69, 57, 49, 21, 33, 47, 37, 101],
            "n_stayed": [71, 61, 37, 23, 13, 11, 3, 5, 7, 9, 0],
            "n_gained": [56, 30, 36, 46, 44, 38, 18, 28, 40, 28, 101],
            "n_lost": [32, 28, 42, 44, 46, 40, 16, 26, 34, 34, 113],
            "change_share": [*change, -0.02],
            "lower": [value - 0.013 for value in [*change, -0.02]],
            "upper": [value + 0.017 for value in [*change, -0.02]],
        }
    )
    return RfmChanges(
        groups=groups, moves=groups.iloc[:0], starts_at=datetime(2023, 7, 1), changes_at=datetime(2024, 1, 1),
        ends_at=datetime(2024, 7, 1), n=695, confidence=0.95,
    )  # fmt: skip


CHANGES = {
    "one grew, one shrank": some_changes(),
    "none": some_changes((0,) * 10),
    "three grew": some_changes((1, 1, 1, 0, 0, 0, 0, 0, 0, 0)),
    "four grew, four shrank": some_changes((1, 1, 1, 1, -1, -1, -1, -1, 0, 0)),
    "two shrank": some_changes((0, 0, 0, 0, 0, 0, -1, -1, 0, 0)),
}


def a_map(placed: float = 0.937, method: str = "components") -> SegmentMap:
    points = pd.DataFrame(
        {"x": [0.1, 1.2, -0.7, 2.1], "y": [0.3, -0.4, 1.5, 0.9], "segment": [SEGMENTS[0], SEGMENTS[1], *SEGMENTS[1:]]}
    )
    centres = pd.DataFrame({"segment": SEGMENTS, "x": [0.11, 0.37, 2.13], "y": [0.31, 0.52, 0.97]})
    axes = pd.DataFrame({"axis": ["x", "y"], "share": [0.513, 0.274], "words": ["more purchases", "longer silent"]})
    loadings = pd.DataFrame({"input": ["n_orders"], "what": ["number of purchases"], "x": [0.9], "y": [-0.2]})
    return SegmentMap(
        points=points, centres=centres, axes=axes, loadings=loadings, placed_share=placed, method=method, n=1_877
    )


MAPS = {
    "clear": a_map(),
    "just": a_map(0.9),
    "overlapping": a_map(0.671, "discriminants"),
    "not known": a_map(NAN),
}


def a_trend(signs: tuple[int, ...] = (1, 0, -1)) -> Trend:
    change = [0.041 * sign for sign in signs]
    return Trend(
        segments=pd.DataFrame(
            {
                "segment": SEGMENTS,
                "n_then": [307, 509, 211],
                "n_now": [401, 503, 223],
                "size_share_then": [0.299, 0.496, 0.205],
                "size_share_now": [0.356, 0.446, 0.198],
                "revenue_share_then": [0.612, 0.327, 0.061],
                "revenue_share_now": [0.643, 0.308, 0.049],
                "change_share": change,
                "lower": [value - 0.019 for value in change],
                "upper": [value + 0.023 for value in change],
            }
        ),
        then_at=datetime(2024, 1, 2),
        n_both=1_027,
    )


TRENDS = {"both": a_trend(), "none": a_trend((0, 0, 0)), "two grew": a_trend((1, 1, 0)), "shrank": a_trend((0, 0, -1))}


def some_descriptors(n_clear: int = 2) -> Descriptors:
    whats = ["region", "age", "channel used most", "category bought most", "card", "language"]
    tests = pd.DataFrame(
        {
            "descriptor": [f"d{place}" for place in range(6)],
            "what": whats,
            "n": [1_009, 907, 811, 719, 617, 521],
            "known_share": [0.97, 0.87, 0.78, 0.69, 0.59, 0.51],
            "effect": [0.43, 0.31, 0.24, 0.17, 0.12, 0.06],
            "p_value": 0.0,
            "p_adjusted": [0.0003 * 2**place if place < n_clear else 0.31 + 0.1 * place for place in range(6)],
        }
    )
    levels = pd.DataFrame(
        {
            "segment": [SEGMENTS[0], SEGMENTS[1], SEGMENTS[2], SEGMENTS[0]],
            "descriptor": ["d0", "d0", "d1", "d0"],
            "what": ["region", "region", "age", "region"],
            "level": ["north", "south", "", OTHER],
            "n_known": [337, 421, 199, 337],
            "share": [0.613, 0.271, NAN, 0.2],
            "share_others": [0.379, 0.283, NAN, 0.1],
            "difference": [0.234, -0.012, 0.71, 0.1],
            "lower": [0.171, -0.043, 0.52, 0.02],
            "upper": [0.297, 0.019, 0.9, 0.18],
        }
    )
    return Descriptors(tests=tests, levels=levels)


def no_descriptors() -> Descriptors:
    found = some_descriptors()
    return Descriptors(tests=found.tests.iloc[:0], levels=found.levels.iloc[:0])


DESCRIPTORS = {
    "two": some_descriptors(),
    "none differs": some_descriptors(0),
    "four": some_descriptors(4),
    "six": some_descriptors(6),
    "no descriptor": no_descriptors(),
}


def a_plan(**others: object) -> Treatment:
    cells = pd.DataFrame(
        {
            "segment": [SEGMENTS[0], SEGMENTS[0], SEGMENTS[1], SEGMENTS[1], SEGMENTS[2], SEGMENTS[2]],
            "class": [STRATEGIC, STANDARD, STRATEGIC, STANDARD, STANDARD, COSTLY],
            "n_customers": [173, 113, 29, 337, 97, 41],
            "size_share": [0.219, 0.143, 0.037, 0.427, 0.123, 0.052],
            "value": [5_171.0, 1_013.0, 547.0, 2_003.0, 311.0, -89.0],
            "value_share": [0.577, 0.113, 0.061, 0.224, 0.035, -0.01],
            "service": ["own adviser", "letters", "own adviser", "letters", "letters", "self-service"],
            "is_suggested": [False, True, False, True, True, True],
        }
    )
    segments = pd.DataFrame(
        {
            "segment": SEGMENTS,
            "n_customers": [286, 366, 138],
            "strategic_share": [0.605, 0.079, 0.0],
            "lower": [0.541, 0.051, 0.0],
            "upper": [0.667, 0.119, 0.034],
            "value_share": [0.69, 0.285, 0.025],
        }
    )
    planted = {
        "cells": cells, "segments": segments, "basis": "the contribution of the last year", "has_costs": True, "n": 790,
        "confidence": 0.95,
    }  # fmt: skip
    return Treatment(**{**planted, **others})


def plans() -> dict[str, Treatment]:
    cells = a_plan().cells
    nobody = cells[cells["class"] == STANDARD]
    return {
        "costs known": a_plan(),
        "nobody costly": a_plan(cells=cells[cells["class"] != COSTLY].assign(is_suggested=False)),
        "costs not known": a_plan(
            has_costs=False, basis="net revenue of the last year",
            cells=cells.assign(**{"class": cells["class"].replace({COSTLY: SMALL}), "value_share": NAN}),
        ),
        "nobody stands out": a_plan(cells=nobody),
    }  # fmt: skip
