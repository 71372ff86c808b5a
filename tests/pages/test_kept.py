"""A page with another parameter, on a study that has kept the steps of others, says what a study opened anew says."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crm_research import (
    brand_loyalty,
    churn,
    customer_base,
    customer_base_audit,
    customer_file,
    data_quality,
    grades,
    loyalty,
    open_study,
    satisfaction,
    segmentation,
    silent_churn,
    single_view,
    value,
)
from tests.pages.worlds import world

# Every parameter of each report, with another value than its own.
CHANGES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "customer-base": (customer_base.CustomerBasePage, {}, {"confidence": 0.9, "seed": 7}),
    "customer-base-audit": (customer_base_audit.AuditPage, {}, {"confidence": 0.9, "seed": 7, "period": "quarter"}),
    "segmentation": (
        segmentation.SegmentationPage,
        {"n_bootstraps": 20, "k_max": 4},
        {
            "confidence": 0.9, "seed": 7, "k_min": 3, "k_max": 5, "n_bootstraps": 30, "served_min": 3, "served_max": 5,
            "purpose": "rhythm", "inputs": ["days_since_last", "n_orders"],
            "rfm_cuts": {"recency": [20, 60, 120, 240]},
        },
    ),
    "churn": (
        churn.ChurnPage,
        {},
        {
            "confidence": 0.9, "seed": 7, "horizon_months": 12, "group": "payment", "covariates": ["plan"],
            "risk_months": [3], "target_base": 500, "margin_per_month": 10.0, "margin_share": 0.4, "contact_cost": 1.0,
            "incentive_cost": 5.0, "save_rates": [0.2, 0.1, 0.3],
        },
    ),
    "loyalty": (
        loyalty.LoyaltyPage,
        {},
        {
            "confidence": 0.9, "seed": 7, "period_months": 3, "repeat_days": [90], "occasion": "order",
            "loyal_from": 3, "programme": None,
        },
    ),
    "silent-churn": (
        silent_churn.SilentChurnPage, {}, {"confidence": 0.9, "seed": 7, "horizon_weeks": 20, "covariates": ["region"]}
    ),
    "brand-loyalty": (
        brand_loyalty.BrandLoyaltyPage,
        {},
        {"confidence": 0.9, "unit": "category", "category": "all", "months": 6, "occasion": "order",
         "method": "likelihood"},
    ),
    "satisfaction": (
        satisfaction.SatisfactionPage,
        {"n_bootstraps": 100},
        {
            "confidence": 0.9, "seed": 7, "recommend": None, "constructs": None, "paths": None, "pairs": None,
            "compare_by": "region", "wave_gap_days": 20, "patronage_days": 180, "attitude_cut": 60.0, "rate_cut": 4.0,
            "n_bootstraps": 150,
        },
    ),
    "single-view": (single_view.SingleViewPage, {}, {"confidence": 0.9, "seed": 7}),
    "customer-file": (customer_file.CustomerFilePage, {}, {"confidence": 0.9, "seed": 7, "n_top": 2}),
    "data-quality": (data_quality.DataQualityPage, {}, {"confidence": 0.9, "seed": 7}),
    "value": (
        value.ValuePage,
        {},
        {
            "confidence": 0.9, "seed": 7, "months": 6, "volume": "orders", "capital_rate": 0.08, "contact_costs": False,
            "tier_rule": "quantile", "gold_from": 0.1, "iron_from": 0.97,
        },
    ),
    "grades": (
        grades.GradesPage,
        # What customers will still bring is the report on value's, and is looked at there.
        {"lifetime_value": False},
        {
            "lifetime_value": True,
            "confidence": 0.9, "seed": 7, "who": "all", "months": 6, "capital_rate": 0.08, "contact_costs": False,
            "satisfaction_items": ["recommend"], "weights": {"margin": 3, "volume": 1},
            "judgements": {"margin over volume": 3}, "weighting": "entropy", "a_share": 0.1, "b_share": 0.2,
            "n_ranked": 50, "spread": 0.2,
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def study_file(tmp_path_factory) -> str:
    return world("everything", tmp_path_factory.mktemp("worlds"))


def said(page: Any) -> str:
    return "\n".join([repr(page.answer), *map(repr, page.answer.figures)])


@pytest.mark.slow
@pytest.mark.parametrize("report", CHANGES)
def test_what_is_taken_is_what_would_be_computed_whatever_changes(report, study_file):
    kind, usual, changes = CHANGES[report]
    warm = open_study(study_file)
    first = kind(warm, **usual)
    before = said(first)
    for name, changed in changes.items():
        given = usual | {name: changed}
        assert said(kind(warm, **given)) == said(kind(open_study(study_file), **given)), name
    again = kind(warm, **usual)
    assert said(again) == before
    assert set(again.kept.result["here"]) == {"taken", ""}


@pytest.mark.slow
@pytest.mark.parametrize("report", CHANGES)
def test_every_section_says_the_same_and_nobody_changes_what_is_kept(report, study_file):
    kind, usual, changes = CHANGES[report]
    warm = open_study(study_file)
    first = kind(warm, **usual)
    before = {name: repr(section) for name, section in first.sections().items()}
    kept = {id(result): digest(result) for result in warm.kept.results()}
    held = warm.kept.results()
    other = usual | {"confidence": changes["confidence"]}
    cold = kind(open_study(study_file), **other)
    assert {name: repr(section) for name, section in kind(warm, **other).sections().items()} == {
        name: repr(section) for name, section in cold.sections().items()
    }
    assert {id(result): digest(result) for result in held} == kept
    again = kind(warm, **usual)
    assert {name: repr(section) for name, section in again.sections().items()} == before


def digest(result: Any) -> str:
    """Of all frames and arrays that a result holds, wherever they are in it."""
    found = hashlib.sha256()
    for part in walk(result, set()):
        found.update(pickle.dumps(part.to_numpy() if isinstance(part, (pd.DataFrame, pd.Series)) else part))
        if isinstance(part, pd.DataFrame):
            found.update(repr(list(part.columns)).encode())
    return found.hexdigest()


def walk(value: Any, seen: set[int]):
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (pd.DataFrame, pd.Series, np.ndarray)):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            # What is deferred and not read yet may be computed between two looks.
            if field.name in vars(value):
                yield from walk(vars(value)[field.name], seen)
    elif isinstance(value, dict):
        for held in value.values():
            yield from walk(held, seen)
    elif isinstance(value, (list, tuple)):
        for held in value:
            yield from walk(held, seen)
