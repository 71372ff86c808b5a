"""Segmentations of planted numbers: every number differs from every other, so that a swapped one shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.describe.rules import Rules
from crm_research.pillars.segmentation.inputs.base import WORTH
from crm_research.pillars.segmentation.inputs.choose import WORDS, Inputs
from crm_research.pillars.segmentation.result import Grouping, Segmentation
from crm_research.pillars.segmentation.use.holdout import ADDED, CELLS, EQUAL, NAMED, NONE, OUTCOMES, HoldoutCheck
from crm_research.stats.intervals import Interval

SEGMENTS = ("Often and dear", "云鼎 <b> $5", "Long silent")
LATER, AGAIN, RESPONDS = OUTCOMES.values()
RULES_OF_THUMB = (CELLS, EQUAL, NAMED, ADDED, NONE)


def an_interval(estimate: float, lower: float, upper: float) -> Interval:
    return Interval(estimate=np.float64(estimate), lower=np.float64(lower), upper=np.float64(upper))


def _inputs() -> Inputs:
    """Eleven customers: four, five and two in the groups 2, 0 and 1."""
    used = ("days_since_last", "n_orders")
    days = [3.0, 5.0, 8.0, 13.0, 34.0, 55.0, 89.0, 144.0, 233.0, 377.0, 610.0]
    numbers = [21.0, 17.0, 14.0, 11.0, 7.0, 6.0, 4.0, np.nan, 2.0, 1.0, 1.0]
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(11)],
            WORTH: [901.0, 703, 607, 509, 211, 199, 151, 127, 83, 29, 17],
            used[0]: days,
            used[1]: numbers,
        }
    )
    choice = pd.DataFrame(
        {
            "input": [*used, "mean_spend"],
            "what": [WORDS[name] for name in (*used, "mean_order_value")],
            "is_used": [True, True, False],
            "reason": ["used", "used; counts 1.3 times", "goes together with another"],
        }
    )
    scaled = np.column_stack([np.linspace(-1.6, 1.9, 11), np.linspace(1.4, -1.1, 11)]) * [1.0, 1.3]
    return Inputs(customers=customers, scaled=scaled, used=used, choice=choice, n_filled=1, n_left_out=13)


def _criteria() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n_groups": [2, 3, 4],
            "silhouette": [0.41, 0.47, 0.36],
            "calinski_harabasz": [812.0, 934.0, 951.0],
            "gap": [0.53, 0.71, 0.74],
            "gap_error": [0.011, 0.017, 0.019],
            "is_gap_choice": [False, True, False],
            "bic": [7_117.0, 6_841.0, 6_907.0],
            "stability": [0.93, 0.87, 0.57],
            "seeds": [0.98, 0.94, 0.72],
            "subsets": [0.91, 0.88, 0.64],
            "smallest_share": [0.38, 0.18, 0.013],
            "qualifies": [True, True, False],
            "mean_rank": [2.1, 1.2, 2.7],
            "is_chosen": [False, True, False],
        }
    )


def _cards() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": [2, 0, 1],
            "segment": SEGMENTS,
            "n_customers": [4, 5, 2],
            "size_share": [4 / 11, 5 / 11, 2 / 11],
            "revenue": [2_720.0, 771.0, 46.0],
            "revenue_share": [2_720 / 3_537, 771 / 3_537, 46 / 3_537],
            "median_spend": [655.0, 151.0, 23.0],
            "stands_out": ["more: number of purchases", "close to the average in everything", "less: purchases"],
        }
    )


def _stability() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": [2, 0, 1],
            "mean_jaccard": [0.963, 0.874, 0.781],
            "lower": [0.902, 0.763, 0.614],
            "upper": [0.991, 0.942, 0.897],
            "share_dissolved": [0.01, 0.02, 0.07],
            "is": ["stable", "stable", "stable"],
            "segment": SEGMENTS,
        }
    )


def _nulls() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "null": [
                "every input shuffled",
                "one bell-shaped crowd",
                "one crowd with a single hump in each input",
            ],
            "silhouette": 0.467,
            "null_mean": [0.281, 0.313, 0.294],
            "null_sd": [0.011, 0.013, 0.017],
            "null_high": [0.305, 0.339, 0.322],
            "n_draws": [19, 19, 19],
            "share_as_high": [0.05, 0.05, 0.05],
            "is_beyond": [True, True, True],
            "judges_separation": [True, True, False],
            "border": 0.312,
            "null_border_low": [0.41, 0.83, 0.79],
            "is_emptier": [True, True, True],
            "judges_borders": [False, True, True],
        }
    )


def _borders() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": [SEGMENTS[0], SEGMENTS[0], SEGMENTS[1]],
            "other_segment": [SEGMENTS[1], SEGMENTS[2], SEGMENTS[2]],
            "is_border": [True, False, True],
            "border_density": [0.176, np.nan, 0.312],
            "heap": "",
            "heap_in_words": "",
            "p_one_hump": [0.0003, np.nan, 0.0007],
            "is_dip": [True, False, True],
            "is_gap": [True, False, True],
        }
    )


def _methods() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "method": ["k-means (shown)", "Ward", "Gaussian mixture", "HDBSCAN"],
            "n_groups": [3, 3, 4, 0],
            "agreement": [1.0, 0.913, 0.627, np.nan],
            "share_in_no_group": [0.0, 0.0, 0.0, 0.37],
            "silhouette": [0.467, 0.452, 0.317, np.nan],
            "border_density": [0.312, 0.343, 0.718, np.nan],
            "stability": [0.781, 0.744, 0.529, np.nan],
            "note": ["", "", "four clouds", "no groups"],
        }
    )


def rules(estimate: float = 0.876, lower: float = 0.831, upper: float = 0.911) -> Rules:
    table = pd.DataFrame(
        {
            "rule": ["number of purchases over 9", "days since the last purchase over 300"],
            "segment": [SEGMENTS[0], SEGMENTS[2]],
            "n_customers": [4, 2],
            "purity_share": [0.957, 0.823],
            "coverage_share": [0.932, 0.771],
        }
    )
    return Rules(table=table, fidelity=an_interval(estimate, lower, upper), largest_share=0.4545, n=1_103, depth=3)


def gains_of(estimates: dict[str, tuple[float, ...]], findings: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """One row an outcome and rule of thumb; limits lie .03 and .05 around, all comparisons' .06 and .08."""
    rows = []
    for n, (outcome, values) in zip((1_103, 1_097, 613), estimates.items(), strict=False):
        for against, value, finding in zip(RULES_OF_THUMB, values, findings[outcome], strict=True):
            limits = {
                "lower": value - 0.03,
                "upper": value + 0.05,
                "lower_all": value - 0.06,
                "upper_all": value + 0.08,
            }
            rows.append(
                {"outcome": outcome, "against": against, "n": n, "estimate": value, **limits, "finding": finding}
            )
    return pd.DataFrame(rows)


def a_holdout(
    estimates: dict[str, tuple[float, ...]] | None = None, findings: dict[str, tuple[str, ...]] | None = None
) -> HoldoutCheck:
    estimates = estimates or {LATER: (0.061, 0.072, 0.083, 0.094, 0.237), AGAIN: (-0.091, -0.102, 0.013, 0.004, 0.146)}
    unclear = "no difference seen"
    findings = findings or {
        LATER: ("better", "better", "better", "better", "better"),
        AGAIN: ("worse", "worse", unclear, unclear, "better"),
    }
    scores = pd.DataFrame(
        {
            "outcome": [LATER, LATER, AGAIN, AGAIN],
            "grouping": ["segments", CELLS, "segments", CELLS],
            "n_groups": [3, 71, 3, 69],
            "n": [1_103, 1_103, 1_097, 1_097],
            "explained_share": [0.237, 0.176, 0.146, 0.2371],
        }
    )
    by_group = pd.DataFrame(
        {
            "group": [0, 1, 2],
            "n_customers": [5, 2, 4],
            "repeat_rate": [0.43, 0.12, 0.87],
            "mean_spend": [71.0, 7.0, 313.0],
        }
    )
    return HoldoutCheck(scores=scores, gains=gains_of(estimates, findings), by_group=by_group, n=1_103)


def a_segmentation(verdict: str = "natural", **others: object) -> Segmentation:
    found = Grouping(
        inputs=_inputs(),
        labels=np.array([2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1]),
        weights=np.array([1.0, 1.3]),
        centres=np.array([[0.3, -0.2], [1.5, -1.2], [-1.1, 1.0]]),
        criteria=_criteria(),
        cards=_cards(),
        stability=_stability(),
        silhouette=an_interval(0.467, 0.451, 0.483),
        n_silhouette=1_009,
        nulls=_nulls(),
        rules=rules(),
        holdout=a_holdout(),
        verdict=verdict,
        n_fitted=11,
        n_bootstraps=103,
        borders=_borders(),
        methods=_methods(),
    )
    return Segmentation(
        found=replace(found, **others),
        why_not="",
        currency="EUR",
        window="purchases known on 2024-07-01",
        as_of=datetime(2024, 7, 1),
        holdout_until=datetime(2024, 10, 1),
        confidence=0.95,
    )


def without_groups() -> Segmentation:
    return replace(a_segmentation(), found=None, why_not="Needs 20 customers who differ; there are 7.")


def other_worlds() -> dict[str, Segmentation]:
    """The page where it is otherwise: other verdicts, no holdout, no revenue, one number tried, nothing found."""
    crowd = _borders().assign(border_density=[0.643, np.nan, 0.312], is_gap=[False, False, True])
    heap = _borders().assign(
        heap=["n_orders", "", ""],
        heap_in_words=["“number of purchases” is exactly 1", "", ""],
        is_gap=[False, False, True],
    )
    beaten = _nulls().assign(is_beyond=[True, False, False], null_high=[0.305, 0.472, 0.322])
    weak = _stability().assign(
        mean_jaccard=[0.963, 0.674, 0.541], lower=[0.902, 0.463, 0.314], upper=[0.991, 0.842, 0.797],
        **{"is": ["stable", "a pattern", "doubtful"]},
    )  # fmt: skip
    votes = _criteria().assign(
        silhouette=[0.47, 0.41, 0.36], stability=[0.93, 0.87, 0.57], bic=[6_841.0, 7_117.0, 6_907.0],
        is_gap_choice=[False, False, False], gap=[0.74, 0.71, 0.53],
    )  # fmt: skip
    one = _criteria().iloc[[1]].reset_index(drop=True)
    worse = {LATER: (-0.061, -0.072, -0.083, -0.094, 0.037), AGAIN: (-0.091, -0.102, -0.113, -0.074, -0.146)}
    findings = {LATER: ("worse",) * 4 + ("better",), AGAIN: ("worse",) * 5}
    nothing = {LATER: (np.nan,) * 5, AGAIN: (0.011, 0.012, 0.013, 0.014, 0.015)}
    unclear = {LATER: ("not known",) * 5, AGAIN: ("no difference seen",) * 5}
    poor = a_segmentation("reproducible", borders=crowd, criteria=one, holdout=None, n_fitted=7)
    moneyless = _cards().assign(revenue_share=np.nan)
    return {
        "reproducible": replace(poor, confidence=0.9, holdout_until=None),
        "constructed": a_segmentation(
            "constructed", nulls=beaten, borders=heap, criteria=votes, holdout=a_holdout(worse, findings),
            rules=rules(0.476, 0.431, 0.511),
        ),
        "unstable": a_segmentation(
            "constructed", stability=weak, criteria=_criteria().assign(qualifies=False), cards=moneyless,
            holdout=a_holdout(nothing, unclear), methods=_methods().assign(agreement=np.nan),
        ),
        "nothing found": without_groups(),
    }  # fmt: skip
