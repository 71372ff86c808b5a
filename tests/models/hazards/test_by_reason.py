"""Regressions by reason: each is the model it says, and the true ratios of each reason are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.models.hazards import fit_by_reason, fit_cox, fit_fine_gray
from crm_research.models.hazards.by_reason import CAUSE_SPECIFIC, SUBDISTRIBUTION
from crm_research.stats.multiplicity import adjust_holm
from tests.models.hazards.reasons import two_reasons

TRUTH = {"price": [0.8, -0.4], "moved": [-0.5, 0.3]}


def test_each_reason_is_cox_with_the_others_censored_and_fine_gray() -> None:
    spells = two_reasons(600, seed=1, months=True)
    fits = fit_by_reason(spells, ["a", "b"])
    alone = fit_cox(spells.assign(is_ended=spells["end_reason"] == "moved"), ["a", "b"])
    np.testing.assert_allclose(fits.cause_specific["moved"].terms["z"], alone.terms["z"])
    gray = fit_fine_gray(spells, ["a", "b"], target="moved")
    np.testing.assert_allclose(fits.subdistribution["moved"].terms["z"], gray.terms["z"])
    assert sorted(fits.reasons["reason"]) == ["moved", "price"]
    assert fits.reasons["n_ended"].is_monotonic_decreasing
    assert fits.reasons["n_ended"].sum() == spells["is_ended"].sum()
    assert fits.notes == ()


def test_the_true_ratios_of_each_reason_are_found() -> None:
    fits = fit_by_reason(two_reasons(8000, seed=2), ["a", "b"])
    for reason, truth in TRUTH.items():
        terms = fits.cause_specific[reason].terms
        assert (np.abs(terms["coefficient"] - truth) < 3 * terms["std_error"]).all()


def test_what_drives_the_other_reason_moves_the_share_of_this_one() -> None:
    # c makes customers move three times as fast and does nothing to price: fewer are left to leave for the price.
    rng = np.random.default_rng(7)
    c = rng.random(6000) < 0.5
    price, moved = rng.exponential(500, 6000), rng.exponential(np.where(c, 150, 450))
    spells = pd.DataFrame({"tenure_days": np.minimum(price, moved), "is_ended": True, "c": c.astype(float)})
    spells["end_reason"] = np.where(price < moved, "price", "moved")
    table = fit_by_reason(spells, ["c"]).contrasts().set_index(["reason", "hazard"])
    assert table.loc[("price", CAUSE_SPECIFIC), "lower"] < 1 < table.loc[("price", CAUSE_SPECIFIC), "upper"]
    assert table.loc[("price", SUBDISTRIBUTION), "upper"] < 0.75


def test_p_values_hold_for_all_comparisons_of_a_kind() -> None:
    table = fit_by_reason(two_reasons(600, seed=4), ["a", "b"]).contrasts()
    for _, part in table.groupby("hazard"):
        assert len(part) == 4
        np.testing.assert_allclose(part["p_adjusted"], adjust_holm(part["p_value"].to_numpy()))


def test_ends_without_a_reason_compete_and_get_no_ratio() -> None:
    spells = two_reasons(500, seed=5)
    spells.loc[spells["end_reason"] == "moved", "end_reason"] = None
    fits = fit_by_reason(spells, ["a"])
    assert list(fits.cause_specific) == ["price"]
    assert fits.reasons.set_index("reason")["is_fitted"].to_dict() == {"price": True, "not given": False}
    whole = fit_by_reason(two_reasons(500, seed=5), ["a"])
    assert fits.contrasts()["hazard_ratio"].iloc[1] == pytest.approx(
        whole.subdistribution["price"].terms["hazard_ratio"].iloc[0] ** np.diff(
            np.quantile(spells["a"], [0.25, 0.75])
        )[0]
    )  # fmt: skip


def test_remarks_name_the_reasons_they_hold_for() -> None:
    spells = two_reasons(400, seed=6).assign(same=1, plan="basic")
    spells.loc[spells["end_reason"] == "moved", "plan"] = "plus"
    fits = fit_by_reason(spells, ["a", "same", "plan"])
    assert "same is the same for everybody and was left out." in fits.notes
    # For each reason only one plan left at all: the rows of the other stay in, and nothing else is said.
    assert "plan was left out: only one of its groups ended at all." in fits.notes
    assert not any("Nobody with plan = plus" in note for note in fits.notes)
    n = {reason: fit.n for reason, fit in fits.cause_specific.items()}
    assert n["price"] == len(spells)


def test_a_reason_or_column_that_is_not_there() -> None:
    with pytest.raises(ParameterError, match="'prise'"):
        fit_by_reason(two_reasons(100, seed=1), ["a"], reasons=["prise"])
    with pytest.raises(ParameterError, match="'why'"):
        fit_by_reason(two_reasons(100, seed=1), ["a"], reason="why")


def test_records_without_any_end_give_no_fit() -> None:
    spells = two_reasons(50, seed=1).assign(is_ended=False, end_reason=None)
    fits = fit_by_reason(spells, ["a"])
    assert fits.reasons.empty
    assert fits.contrasts().empty


@pytest.mark.slow
@pytest.mark.parametrize("reason", TRUTH)
def test_intervals_hold_the_truth_as_often_as_they_say(reason: str) -> None:
    truth, hits, n_worlds = np.exp(TRUTH[reason]), np.zeros(2), 500
    for seed in range(n_worlds):
        fit = fit_by_reason(two_reasons(300, seed=seed), ["a", "b"], reasons=[reason]).cause_specific[reason]
        hits += ((fit.terms["lower"] < truth) & (truth < fit.terms["upper"])).to_numpy()
    assert (hits / n_worlds >= 0.925).all()
    assert (hits / n_worlds <= 0.975).all()
