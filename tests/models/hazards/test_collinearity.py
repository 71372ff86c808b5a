"""Covariates that can hardly be told apart: which goes, what is said, and what the others are held against then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import fit_cox, fit_grouped
from crm_research.models.hazards.collinearity import MOST_INFLATION, choose_columns
from crm_research.models.parametric import fit_parametric
from tests.models.hazards.samples import simulated_spells


def with_bands(n: int = 800) -> pd.DataFrame:
    """Age, and age cut into bands of ten years."""
    spells = simulated_spells(n, seed=3)
    return spells.assign(band=pd.cut(spells["age"], range(20, 90, 10), include_lowest=True).astype(str))


def test_a_number_beside_its_own_bands_is_told_once() -> None:
    spells = with_bands()
    fit = fit_cox(spells, ["age", "band", "fee"])
    assert fit.terms.loc[fit.terms["covariate"] == "band", "hazard_ratio"].isna().all()
    note = next(note for note in fit.notes if note.startswith("band"))
    assert note.startswith("band can hardly be told apart from age, which tell 97")
    assert "above 10 a covariate is left out" in note
    alone = fit_cox(spells, ["age", "fee"])
    told = fit.terms.set_index("covariate")
    assert told.loc["age", "coefficient"] == pytest.approx(alone.terms["coefficient"].iloc[0], rel=1e-9)
    assert fit.n == len(spells)


def test_of_sums_up_to_noise_one_goes_and_the_rest_stay_as_they_are_without_it() -> None:
    rng = np.random.default_rng(2)
    spells = simulated_spells(600, seed=2).assign(calls=lambda d: rng.normal(50, 10, len(d)))
    spells["total"] = spells["fee"] + spells["calls"] + rng.normal(0, 0.5, 600)
    for fit in (
        fit_cox(spells, ["fee", "calls", "total"]),
        fit_grouped(
            spells.assign(
                first_period=0,
                last_period=lambda d: (d["tenure_days"] // 30).astype(int),
                n_at_risk=1,
                n_ended=lambda d: d["is_ended"].astype(int),
            ),
            ["fee", "calls", "total"],
        ),
    ):
        rows = fit.terms.set_index("covariate")["hazard_ratio"]
        assert rows.notna().sum() == 2
        assert any("can hardly be told apart" in note for note in fit.notes)


def test_an_accelerated_model_leaves_out_the_same() -> None:
    fit = fit_parametric(with_bands(), covariates=["age", "band"])
    assert fit.ratios["covariate"].unique().tolist() == ["age"]
    assert any(note.startswith("band can hardly be told apart from age") for note in fit.notes)


def test_covariates_that_merely_go_together_stay() -> None:
    rng = np.random.default_rng(4)
    spells = simulated_spells(800, seed=4)
    spells["like_age"] = spells["age"] + rng.normal(0, spells["age"].std() / 2, 800)  # inflation 5
    fit = fit_cox(spells, ["age", "like_age"])
    assert fit.terms["hazard_ratio"].notna().all()
    assert fit.notes == ()


@pytest.mark.parametrize(("inflation", "is_kept"), [(9.5, True), (10.5, False)])
def test_the_border_is_at_an_inflation_of_ten(inflation: float, is_kept: bool) -> None:
    r = np.sqrt(1 - 1 / inflation)
    kept, notes = choose_columns(np.array([[1.0, r], [r, 1.0]]), [("a", ""), ("b", "")], np.zeros(2, dtype=bool))
    assert kept == ([0, 1] if is_kept else [0])
    assert bool(notes) != is_kept
    assert MOST_INFLATION == 10


def test_a_level_that_repeats_others_takes_no_sibling_with_it() -> None:
    # "none" of the second service is "none" of the first; yes against no of the second can still be told.
    rng = np.random.default_rng(6)
    spells = simulated_spells(900, seed=6)
    first = rng.choice(["fibre", "copper", "none"], 900, p=[0.5, 0.3, 0.2])
    second = np.where(first == "none", "none", rng.choice(["yes", "no"], 900))
    spells = spells.assign(first=first, second=second)
    fit = fit_cox(spells, ["first", "second"])
    rows = fit.terms.set_index(["covariate", "level"])
    assert np.isnan(rows.loc[("second", "none"), "hazard_ratio"])
    assert fit.notes == ("second = none says nothing that the other characteristics do not, and was left out.",)
    alone = fit_cox(spells.loc[first != "none"].reset_index(drop=True), ["first", "second"])
    level = next(label for label in rows.loc["second"].index if label != "none")
    own = alone.terms.set_index(["covariate", "level"]).loc[("second", level), "coefficient"]
    assert rows.loc[("second", level), "coefficient"] == pytest.approx(own, abs=0.03)


def test_a_level_that_is_made_up_with_its_siblings_takes_the_category_with_it() -> None:
    # Plan "pro" is segments "north" and "south" together: without "south", "north" would be held against "south".
    rng = np.random.default_rng(8)
    plan = rng.choice(["basic", "pro"], 900, p=[0.6, 0.4])
    segment = np.where(plan == "pro", rng.choice(["north", "south"], 900), rng.choice(["east", "west"], 900))
    spells = simulated_spells(900, seed=8).drop(columns="plan").assign(plan=plan, segment=segment)
    fit = fit_cox(spells, ["plan", "segment"])
    assert fit.terms.loc[fit.terms["covariate"] == "segment", "hazard_ratio"].isna().all()
    assert fit.notes == ("segment says nothing that the other characteristics do not, and was left out.",)
    assert fit.terms["coefficient"].iloc[0] == pytest.approx(fit_cox(spells, ["plan"]).terms["coefficient"].iloc[0])


def test_numbers_unknown_for_nearly_the_same_rows_keep_their_ratios() -> None:
    spells = simulated_spells(900, seed=9)
    spells.loc[spells.index[:100], "fee"] = np.nan
    spells.loc[spells.index[:98], "age"] = np.nan
    fit = fit_cox(spells, ["fee", "age"])
    rows = fit.terms.set_index(["covariate", "level"])["hazard_ratio"]
    assert rows[[("fee", ""), ("age", ""), ("fee", "not known")]].notna().all()
    assert np.isnan(rows["age", "not known"])
    assert any(
        note.startswith("age = not known marks nearly the same contracts as fee = not known") for note in fit.notes
    )
    # What was planned for it is not said, because it did not come about.
    assert not any(note.startswith("age is not known in") for note in fit.notes)


def test_a_lone_ended_group_leaves_its_rows_in_and_says_nothing_else() -> None:
    # Case of a status column: one value ended at all, the rest are put together and did not.
    spells = simulated_spells(400, seed=1)
    spells["status"] = np.where(spells["is_ended"], "ended", np.where(np.arange(400) % 2, "active", "paused"))
    fit = fit_cox(spells, ["plan", "status"])
    assert fit.n == 400
    assert fit.notes == ("status was left out: only one of its groups ended at all.",)
    assert fit.terms["coefficient"].tolist() == fit_cox(spells, ["plan"]).terms["coefficient"].tolist()
