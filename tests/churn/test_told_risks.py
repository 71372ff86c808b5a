"""What is told of risks, by hand: planted results with distinct values, every branch, and figures by field."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn import RiskList
from crm_research.pillars.churn.risks import words as risk_words
from crm_research.pillars.churn.validation.designs import RULES
from tests.told import check_figures, check_numbers


def risks_of(*, top_share=0.34, main=6, **changes) -> RiskList:
    summary = pd.DataFrame(
        {
            "horizon_months": [1, 3, 6, 12], "n_judged": [812, 803, 795, 0], "expected": [31.0, 88.0, 167.4, np.nan],
            "lower": [19.0, 67.0, 141.0, np.nan], "upper": [46.0, 112.0, 196.0, np.nan],
        }
    )  # fmt: skip
    deciles = pd.DataFrame({"mean_risk": np.linspace(0.57, 0.03, 10), "share_expected": np.linspace(0.19, 0.01, 10)})
    rows = pd.DataFrame(
        {
            "contract_id": ["k1", "k2", "k3"], "customer_id": ["c1", "c2", "c3"], "tenure_days": [123, 456, 789],
            **{f"{name}_{m}m": [0.41 + m / 100, 0.053, np.nan] for m in (1, 3, 6, 12) for name in ("risk",)},
            **{f"lower_{m}m": [0.31 + m / 100, 0.021, np.nan] for m in (1, 3, 6, 12)},
            **{f"upper_{m}m": [0.51 + m / 100, 0.087, np.nan] for m in (1, 3, 6, 12)},
            "reasons": ["plan flex", "", ""], "lowered_by": ["", "", ""],
        }
    )  # fmt: skip
    return RiskList(
        **({"rows": rows, "summary": summary, "deciles": deciles, "main_months": main, "n_running": 851, "n_beyond": 0,
            "n_unknown": 0, "top_share": top_share, "n_explained": 2, "grid_error_days": 1.0, "confidence": 0.95,
            "estimator": "Cox"} | changes)
    )  # fmt: skip


def test_how_many_leave_by_hand():
    told = "Within 6 months 167 of the 795 contracts judged are expected to leave (141 to 196 at 95 %)."
    assert risk_words.risk_finding(risks_of()) == f"{told} The tenth most at risk holds 34 % of them."
    assert risk_words.risk_finding(risks_of(top_share=np.nan)) == told
    assert risk_words.risk_finding(risks_of(main=1, top_share=np.nan)) == (
        "Within 1 month 31 of the 812 contracts judged are expected to leave (19 to 46 at 95 %)."
    )


@pytest.mark.parametrize(
    ("top_share", "title"),
    [
        (0.15, "The tenth most at risk holds 15 % of the leavers expected"),
        (0.1499, "Risks run from 3.0 % in the tenth least in danger to 57 % in the tenth most in danger"),
        (np.nan, "167 of 795 are expected to leave"),
    ],
)
def test_the_picture_of_the_risks_says_the_same(top_share, title):
    assert risk_words.risk_title(risks_of(top_share=top_share)) == title


def test_who_has_no_risk_is_said():
    beyond = "13 would within 6 months be older than any contract of their kind watched so far"
    lack = "17 lack a number that the model needs, or are of a kind that nobody was seen to leave"
    end = "They have no risk here, and nothing is guessed for them."
    start = "Of 851 running contracts, "
    assert risk_words.say_unjudged(risks_of()) == ""
    assert risk_words.say_unjudged(risks_of(n_beyond=13)) == f"{start}{beyond}. {end}"
    assert risk_words.say_unjudged(risks_of(n_unknown=17)) == f"{start}{lack}. {end}"
    assert risk_words.say_unjudged(risks_of(n_beyond=13, n_unknown=17)) == f"{start}{beyond} and {lack}. {end}"


def test_every_risk_figure_is_the_number_of_its_horizon():
    made = check_figures(risk_words.risk_figures(risks_of(), window="w", validation="v"))
    assert [(f.group, f.estimate, f.lower, f.upper, f.n) for f in made] == [
        ("within 1 month", 31.0, 19.0, 46.0, 812), ("within 3 months", 88.0, 67.0, 112.0, 803),
        ("within 6 months", 167.4, 141.0, 196.0, 795),
    ]  # fmt: skip
    first = made[0]
    assert (first.id, first.label, first.unit) == ("churn.contract.expected_leavers", "Expected to leave", "contracts")
    assert (first.window, first.validation) == ("w", "v")
    assert first.estimator == (
        "Sum of the risks (Cox); 95 % interval for the number that will leave (error of the model and chance)"
    )


def test_the_list_prints_each_horizon_with_its_own_limits():
    shown = risk_words.list_rows(risks_of(), 5)
    assert list(shown.columns) == [
        "customer", "tenure_days", "within_1_month", "within_3_months", "within_6_months", "within_12_months",
        "goes_with_more_danger",
    ]  # fmt: skip
    first, second = shown.to_dict("records")
    assert (first["customer"], first["tenure_days"], first["within_1_month"]) == ("c1", 123, "42 % (32 to 52)")
    assert (first["within_3_months"], first["within_12_months"]) == ("44 % (34 to 54)", "53 % (43 to 63)")
    assert second["within_6_months"] == "5.3 % (2.1 to 8.7)"
    assert (first["goes_with_more_danger"], second["goes_with_more_danger"]) == (
        "plan flex", "nothing beyond the average contract; the tenure",
    )  # fmt: skip
    twice = risks_of()
    twice.rows["customer_id"] = ["c1", "c1", "c3"]
    assert risk_words.list_rows(twice, 1)[["customer", "contract"]].to_numpy().tolist() == [["c1", "k1"]]
    assert risk_words._say_risk(np.nan, 0.1, 0.2) == "not known"
    assert risk_words._say_risk(0.23, np.nan, np.nan) == "23 %"
    assert risk_words._say_risk(0.1, 0.08, 0.12) == "10 % (8 to 12)"
    assert risk_words._say_risk(0.0999, 0.08, 0.12) == "10.0 % (8.0 to 12.0)"


def a_card(c: tuple[float, float, float] | None, is_calibrated: bool):
    rows = [] if c is None else [("uno_c", 0.5, 0.4, 0.6), ("uno_c", *c), ("brier", 0.2, 0.1, 0.3)]
    measures = pd.DataFrame(rows, columns=["measure", "estimate", "lower", "upper"])
    return SimpleNamespace(measures=measures, is_calibrated=is_calibrated)


def a_check(gain, *, ours=(0.713, 0.671, 0.754), theirs=(0.737, 0.692, 0.779), calibrated=(True, True)):
    gains = pd.DataFrame([("boosting", *gain)] if gain else [], columns=["name", "gain", "lower", "upper"])
    cards = {
        "Cox's model": a_card(ours, calibrated[0]), next(iter(RULES)): a_card((0.5, 0.5, 0.5), True),
        "boosting": a_card(theirs, calibrated[1]),
    }  # fmt: skip
    return SimpleNamespace(name="Cox's model", designs=(SimpleNamespace(cards=cards, gains=gains),))


SHAPE = "Boosting, which may take any shape, "
RANKS = " It ranks 74 (69 to 78) of 100 pairs of customers correctly, Cox's model 71 (67 to 75)."
LESS = "has clearly less wrong risks than Cox's model: there is something in the records that Cox's model misses."
SIMPLER = "than Cox's model: nothing speaks for the more complicated model."
OPEN = "could not be held against Cox's model."
COMPARED = [
    ((-0.02, -0.03, -0.01), LESS),
    ((0.02, 0.01, 0.03), f"has clearly more wrong risks {SIMPLER}"),
    ((0.0, 0.0, 0.03), f"does not have clearly less wrong risks {SIMPLER}"),
    ((0.0, -0.03, 0.0), f"does not have clearly less wrong risks {SIMPLER}"),
    ((0.0, np.nan, np.nan), OPEN),
    (None, OPEN),
]


@pytest.mark.parametrize(("gain", "said"), COMPARED)
def test_a_more_flexible_model_by_hand(gain, said):
    told = risk_words.comparison_finding(a_check(gain))
    assert told == f"{SHAPE}{said}{RANKS}"
    check_numbers(told, {"theirs": "74 (69 to 78) of 100 pairs", "ours": "71 (67 to 75)"})


def test_ranking_and_calibration_are_told_where_they_are_known():
    def said(**changes) -> str:
        return risk_words.comparison_finding(a_check((0.0, -0.01, 0.01), **changes))

    unlike = "calibrated, unlike those of Cox's model."
    assert said(calibrated=(True, False)).endswith(f"{RANKS} Its risks are not {unlike}")
    assert said(calibrated=(False, True)).endswith(f"{RANKS} Its risks are {unlike}")
    assert said(calibrated=(False, False)).endswith(RANKS)
    assert "ranks" not in said(theirs=None)
    assert "ranks" not in said(ours=None)
    assert risk_words.comparison_finding(SimpleNamespace(designs=())) == ""
