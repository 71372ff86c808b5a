"""Where risks tell nobody apart, nobody is picked by them: no list, no profit of one, no advice to contact one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn import advice
from crm_research.pillars.churn.decisions import page as decisions_page
from crm_research.pillars.churn.validation.validate import RiskCheck

WHY = (
    "The risks tell nobody apart: of two contracts the one said to be at more risk left first in 53 of 100 pairs "
    "(47 to 59), and chance gives 50."
)
REASON = "holdout: who leaves first is told no better than by chance"


def a_check(*ranking: float) -> RiskCheck:
    rows = pd.DataFrame([("uno_c", *ranking)], columns=["measure", "estimate", "lower", "upper"])
    card = SimpleNamespace(measures=rows, reasons=())
    design = SimpleNamespace(cards={"Cox": card}, said="holdout", is_in_time=True, n_beyond=0)
    return RiskCheck(
        name="Cox", designs=(design,), not_possible=(), slope_12m=None, slope_note="", optimism={}, optimism_said="",
        sample="", confidence=0.95,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ranking", "is_told_apart"),
    [
        ((0.53, 0.47, 0.59), False),
        ((0.53, 0.50, 0.59), False),
        ((0.44, 0.38, 0.49), False),
        ((0.5, 0.5, 0.5), False),
        ((0.58, 0.501, 0.65), True),
        ((0.58, np.nan, np.nan), True),  # not judged: nothing speaks against it
    ],
)
def test_chance_within_the_limits_of_who_leaves_first_is_a_reason_against_a_list(ranking, is_told_apart):
    check = a_check(*ranking)
    assert check.tells_nobody_apart is not is_told_apart
    assert check.reasons == (() if is_told_apart else (REASON,))
    assert check.is_fit_for_lists is is_told_apart


def test_whom_to_keep_is_not_said_by_risks_that_tell_nobody_apart():
    predicted = SimpleNamespace(check=a_check(0.53, 0.47, 0.59))
    section = decisions_page.contacts_section(None, predicted)
    assert section.result is None
    answered, note = section.parts
    said = (
        "The risks tell nobody apart: of two contracts the one said to be at more risk left first in 53 of 100 pairs, "
        "which chance may give as well."
    )
    assert answered.sentences == (f"Whom to keep cannot be said. {said}",)
    assert note.text == f"{WHY} A choice of customers by risk would be drawn by lot, so none is shown."


def test_advice_names_no_target_group_where_nobody_is_told_apart(monkeypatch):
    monkeypatch.setattr(advice.hazard_words, "say_dangerous", lambda _: "")
    monkeypatch.setattr(advice.group_words, "extreme_groups", lambda _: None)
    sizes = pd.DataFrame({"n": [1775], "n_ended": [810]})
    leaving = SimpleNamespace(survival=SimpleNamespace(sizes=sizes), counts=SimpleNamespace(reasons=object()))
    treatment = SimpleNamespace(rows=pd.DataFrame({"risk": [0.1]}), targeting=SimpleNamespace(n_best=148))
    (step,) = advice.steps(leaving, treatment, may_list=True, nobody_apart=True)
    assert step.see == "contacts"
    assert step.text == (
        "Pick nobody by risk, for the risks tell nobody apart. Try a contact on running contracts drawn by lot: only "
        "the comparison with the others shows whether it keeps anybody."
    )
    (step,) = advice.steps(leaving, treatment, may_list=True)
    assert step.text.startswith("Contact a random half of the 148 contracts that are worth it, ")


@pytest.mark.parametrize(
    ("n_ended", "said"),
    [
        (0, []),
        (39, ["Ask those who leave why, and record it: these records give no reasons."]),
        (40, ["Look at why they left, and at whom to win back: no contract runs any more, so nobody is left to keep."]),
    ],
)
def test_nobody_is_asked_before_anybody_left_and_nobody_kept_after_all_left(monkeypatch, n_ended, said):
    monkeypatch.setattr(advice.hazard_words, "say_dangerous", lambda _: "")
    monkeypatch.setattr(advice.group_words, "extreme_groups", lambda _: None)
    sizes = pd.DataFrame({"n": [40], "n_ended": [n_ended]})
    leaving = SimpleNamespace(survival=SimpleNamespace(sizes=sizes), counts=SimpleNamespace(reasons=None))
    assert [step.text for step in advice.steps(leaving, None, may_list=True, nobody_apart=n_ended == 40)] == said
