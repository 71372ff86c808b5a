"""Movers and signs of age, held word for word: every number planted differs from every other."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.deployment import charts as living_charts
from crm_research.pillars.segmentation.deployment import page as living_page
from crm_research.pillars.segmentation.deployment import words as deployment_words
from crm_research.pillars.segmentation.deployment.drift import DISTANCE, KEEP, REFIT, SILHOUETTE, UNCERTAIN, Drift
from crm_research.pillars.segmentation.deployment.migration import APPARENT, MOVED, REAL, RELABELLED, Migration
from crm_research.show import Section
from crm_research.theme import chart_style
from tests.segmentation.kept import a_kept
from tests.segmentation.told_worlds import SEGMENTS
from tests.told import check_figures, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"


def _matrix(counts):
    rows = []
    for before, row in zip(SEGMENTS, counts, strict=True):
        for after, count in zip(SEGMENTS, row, strict=True):
            share = count / sum(row) if sum(row) else np.nan
            rows.append(
                {
                    "segment_before": before, "segment_after": after, "n_customers": count, "n_before": sum(row),
                    "share": share, "lower": max(share - 0.011, 0), "upper": min(share + 0.013, 1),
                    "has_stayed": before == after,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


COUNTS = [[307, 41, 13], [17, 509, 29], [3, 53, 211]]


def a_migration(counts=COUNTS, *, noise=0.031, **rates):
    n = int(np.sum(counts))
    planted = {MOVED: (0.1319, 0.1141, 0.1523, n), RELABELLED: (0.0713, 0.0571, 0.0871, n - 1),
               APPARENT: (0.1637, 0.1433, 0.1871, n), REAL: (0.6131, 0.5417, 0.6803, 193)}  # fmt: skip
    frame = pd.DataFrame(
        [{"what": what, **dict(zip(("estimate", "lower", "upper", "n"), row, strict=True))} for what, row in
         (planted | rates).items()]
    )  # fmt: skip
    kept = a_kept()
    return Migration(
        counts=pd.DataFrame({"before": [0.0, np.nan], "before_by_then": [0.0, np.nan], "after": [0, 1],
                             "n_customers": [n, 67]}),
        matrix=_matrix(counts),
        rates=frame,
        joiners=pd.DataFrame({"segment": SEGMENTS, "n_customers": [11, 19, 37], "share": [0.164, 0.284, 0.552]}),
        names=SEGMENTS,
        then=replace(kept, evidence={**kept.evidence, "refit_noise": noise}),
        first_day=datetime(2024, 1, 3),
        last_day=datetime(2024, 7, 1),
        confidence=0.95,
    )  # fmt: skip


STILL = [[307, 0, 0], [0, 0, 0], [0, 0, 211]]
MIGRATIONS = {
    "movers": a_migration(),
    "the model stood still": a_migration([[307, 41, 3], [2, 509, 1], [3, 73, 211]], noise=0.0571),
    "nobody": a_migration(
        STILL, **{MOVED: (0.0, 0.0, 0.0074, 518), APPARENT: (0.0, 0.0, 0.0075, 518), REAL: (np.nan, np.nan, np.nan, 0)}
    ),
}


def a_drift(verdict=KEEP, *, beyond=(False, False, False), shifted=(False, False, False), emptied=(False,) * 3):
    signs = pd.DataFrame(
        {
            "sign": [DISTANCE, UNCERTAIN, SILHOUETTE],
            "then": [1.013, 0.117, 0.467],
            "now": [1.331, 0.241, 0.313],
            "change": [1.314, 0.124, -0.154],
            "lower": [1.263, 0.103, -0.187],
            "upper": [1.371, 0.149, -0.121],
            "limit": [1.25, 0.1, -0.1],
            "is_beyond": beyond,
        }
    )
    inputs = pd.DataFrame(
        {
            "input": ["n_orders", "days_since_last", "mean_spend"],
            "what": ["number of purchases", "days since the last purchase", "money per purchase"],
            "stability_index": [0.337, 0.423, 0.019],
            "lower": [0.271, 0.359, 0.007],
            "upper": [0.409, 0.491, 0.043],
            "by_chance": [0.023, 0.027, 0.029],
            "limit": 0.25,
            "is_beyond": shifted,
        }
    )
    sizes = pd.DataFrame(
        {"segment": SEGMENTS, "n_then": [361, 555, 267], "n_now": [331, 607, 281], "share_then": [0.305, 0.469, 0.226],
         "share_now": [0.272, 0.498, 0.231], "change": [-0.033, 0.029, 0.005], "lower": [-0.07, -0.011, -0.029],
         "upper": [0.004, 0.069, 0.039], "has_emptied": emptied}
    )  # fmt: skip
    return Drift(
        signs=signs, inputs=inputs, sizes=sizes, verdict=verdict, made_at="2024-01-03", seen_at="2024-07-01",
        n_then=1_183, n_now=1_219, confidence=0.9, notes=("Two inputs are no longer on record.",),
    )  # fmt: skip


DRIFTS = {
    "kept": a_drift(),
    "aged in all": a_drift(REFIT, beyond=(True,) * 3, shifted=(True, True, False), emptied=(False, True, True)),
    "aged, no input": a_drift(REFIT, beyond=(True, False, True)),
    "aged by one input": a_drift(REFIT, shifted=(True, False, False)),
}


def test_what_is_told_of_movers():
    parts = {}
    with chart_style():
        for name, migration in MIGRATIONS.items():
            parts[name] = [deployment_words.say_moves(migration), deployment_words.say_model(migration)]
            parts[f"{name}: rates"] = deployment_words.tabulate_rates(migration)
            parts[f"{name}: flows"] = deployment_words.tabulate_flows(migration)
            parts[f"{name}: figures"] = deployment_words.migration_figures(migration)
            parts[f"{name}: picture"] = living_charts.draw_migration(migration)
            check_figures(deployment_words.migration_figures(migration))
        hold(tell(**parts), TOLD / "movers.txt")


def test_the_numbers_on_movers_are_those_planted():
    # 307 + 41 + 13 + ... are 1,183 customers; the widest way is 53 of 267, 19.9 %.
    check_numbers(
        deployment_words.say_moves(MIGRATIONS["movers"]),
        {"rate": "13 %", "level": "95 %", "lower": "11 %", "upper": "15 %", "n": "1,183 customers", "to": "<b> $5",
         "way": "53 customers", "share": "20 %"},
    )  # fmt: skip
    check_numbers(
        deployment_words.say_model(MIGRATIONS["movers"]),
        {"rate": "7.1 %", "level": "95 %", "lower": "5.7 %", "upper": "8.7 %", "noise": "3.1 %", "apparent": "16 %",
         "real": "61 %"},
    )  # fmt: skip


def test_what_is_told_of_age():
    parts = {}
    with chart_style():
        for name, drift in DRIFTS.items():
            parts[name] = [drift.sentence(), *drift.reasons()]
            parts[f"{name}: signs"] = deployment_words.tabulate_signs(drift)
            parts[f"{name}: figures"] = deployment_words.drift_figures(drift)
            parts[f"{name}: picture"] = living_charts.draw_drift(drift)
        unknown = a_drift()
        parts["no input known"] = living_charts.draw_drift(
            replace(unknown, inputs=unknown.inputs.assign(stability_index=np.nan))
        )
        hold(tell(**parts), TOLD / "age.txt")


def test_the_page_of_living_segments():
    parts = {
        "moves": Section(*living_page._moves_parts(MIGRATIONS["movers"])).show,
        "nobody moved or came": Section(
            *living_page._moves_parts(
                replace(MIGRATIONS["nobody"], joiners=MIGRATIONS["nobody"].joiners.assign(n_customers=0))
            )
        ).show,
        "age": Section(*living_page._age_parts(DRIFTS["aged in all"])).show,
    }
    hold(tell(**parts), TOLD / "page-living.txt")
