"""Customers whose numbers are not known stay in the model: as a group of their own, or at the median."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import fit_cox, fit_grouped
from crm_research.models.hazards.splines import quantiles
from tests.models.hazards.samples import simulated_spells


def lacking(n: int = 6000, *, ratio: float = 2.0, seed: int = 0) -> pd.DataFrame:
    """Months of tenure; age multiplies the danger by e^0.5 a spread, and a fifth whose age is not known by `ratio`."""
    rng = np.random.default_rng(seed)
    age, is_lost = rng.normal(40, 10, n), rng.random(n) < 0.2
    eta = np.where(is_lost, np.log(ratio), 0.05 * (age - 40))
    stay, watch = rng.exponential(20 * np.exp(-eta)), rng.uniform(5, 40, n)
    frame = pd.DataFrame({"age": np.where(is_lost, np.nan, age), "tenure_days": np.minimum(stay, watch)})
    return frame.assign(is_ended=stay <= watch)


def test_those_without_a_number_get_their_own_ratio_against_its_median() -> None:
    fit = fit_cox(lacking(), ["age"]).terms.set_index("level")
    for level, truth in (("", 0.05), ("not known", np.log(2.0))):
        assert abs(fit.loc[level, "coefficient"] - truth) < 3 * fit.loc[level, "std_error"]
    spells = lacking()
    assert fit.loc["not known", "n"] == spells["age"].isna().sum()
    assert fit.loc["not known", "n_ended"] == spells.loc[spells["age"].isna(), "is_ended"].sum()


@pytest.mark.parametrize("splines", [(), ("age",)])
def test_the_numbers_own_curve_is_that_of_those_who_have_one(splines: tuple[str, ...]) -> None:
    spells = lacking()
    whole = fit_cox(spells, ["age"], splines=splines).curve("age")
    known = fit_cox(spells.dropna(), ["age"], splines=splines).curve("age")
    np.testing.assert_allclose(np.log(whole["hazard_ratio"]), np.log(known["hazard_ratio"]), atol=0.02)


def test_everybody_gets_a_risk_and_the_contrast_names_the_group() -> None:
    spells = lacking()
    fit = fit_cox(spells, ["age"], splines=["age"])
    assert np.isfinite(fit.score(spells)).all()
    told = fit.contrasts().set_index("level")
    assert told.loc["not known", "hazard_ratio"] == pytest.approx(2.0, rel=0.15)
    assert len(told) == 2
    against = fit.against_average("age", pd.Series([np.nan, 40.0]))
    assert against["hazard_ratio"].iloc[0] > 1.5 * against["hazard_ratio"].iloc[1]


def test_a_few_stand_at_the_median() -> None:
    spells = lacking(500).dropna().reset_index(drop=True)
    spells.loc[:2, "age"] = np.nan
    fit = fit_cox(spells, ["age"])
    assert fit.n == len(spells)
    assert fit.terms["level"].tolist() == [""]
    assert any("3 of" in note and "they stand at its median" in note for note in fit.notes)
    middle = pd.DataFrame({"age": [np.nan, spells["age"].median()]})
    assert fit.score(middle)[0] == pytest.approx(fit.score(middle)[1])


def test_a_group_without_a_number_that_nobody_left_has_no_ratio() -> None:
    spells = lacking()
    spells.loc[spells["age"].isna(), "is_ended"] = False
    fit = fit_cox(spells, ["age"])
    assert fit.n == spells["age"].notna().sum()
    assert np.isnan(fit.score(spells)[spells["age"].isna()]).all()
    assert any("Nobody whose age is not known ended" in note for note in fit.notes)
    assert not any("missing number" in note for note in fit.notes)


def test_infinite_numbers_are_not_known() -> None:
    spells = lacking()
    fit = fit_cox(spells.fillna({"age": np.inf}), ["age"]).terms
    pd.testing.assert_frame_equal(fit, fit_cox(spells, ["age"]).terms)


def test_without_missing_numbers_a_missing_one_has_no_score() -> None:
    fit = fit_cox(simulated_spells(300, seed=1), ["fee"])
    assert np.isnan(fit.score(pd.DataFrame({"fee": [np.nan]}))).all()


def test_counts_say_the_same_as_the_rows_they_count() -> None:
    spells = lacking(4000).assign(age=lambda f: (f["age"] / 10).round())
    months = spells.assign(last_period=np.ceil(spells["tenure_days"]).astype(int) - 1, first_period=0)
    keys = ["age", "first_period", "last_period"]
    counts = months.groupby(keys, dropna=False)["is_ended"].agg(n_at_risk="size", n_ended="sum").reset_index()
    grouped = fit_grouped(counts, ["age"], splines=["age"], n_knots=3)
    single = fit_grouped(
        months.assign(n_at_risk=1, n_ended=months["is_ended"].astype(int)), ["age"], splines=["age"], n_knots=3
    )
    pd.testing.assert_frame_equal(grouped.terms, single.terms, rtol=1e-6)
    assert grouped.terms["level"].tolist() == ["", "bend 1", "not known"]


def test_quantiles_of_counted_rows_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(2)
    values, n = rng.normal(size=50).round(1), rng.integers(1, 9, 50).astype(float)
    shares = (0.0, 0.05, 0.25, 0.5, 0.875, 1.0)
    rows = np.repeat(values, n.astype(int))
    np.testing.assert_allclose(quantiles(values, shares, n), np.quantile(rows, shares))
