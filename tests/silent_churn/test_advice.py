"""The manager's part of silent churn: what the check refutes does not stand by itself."""

from __future__ import annotations

from dataclasses import replace

from crm_research.pillars.silent_churn import advice
from tests.silent_churn.test_told import measured


def test_a_share_that_its_check_refutes_says_so_in_the_headline():
    bad = measured("bad")
    assert bad.holdout.share_holds is False
    first = advice.answer(bad)[0]
    assert first.endswith("; its own check speaks against this model.")
    held = replace(bad, holdout=None)
    assert advice.answer(held)[0] == first.replace("; its own check speaks against this model", "")
    assert advice.gravest_doubt(bad).startswith("The check speaks against this model: ")


def test_a_share_that_its_check_bears_out_stands_by_itself():
    good = measured("good")
    assert good.holdout.share_holds
    assert "check" not in advice.answer(good)[0]


def test_purchases_that_the_check_refutes_say_so_beside_the_number():
    bad = measured("bad")
    assert bad.holdout.total_holds is False
    assert ", a number that the check refutes: " in advice.answer(bad)[2]
