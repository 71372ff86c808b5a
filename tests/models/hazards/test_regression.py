"""The core of the regressions on single spells: which columns can be told, steps too far, sums over risk sets."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import HazardFit, fit_cox, fit_fine_gray, fit_frailty
from crm_research.models.hazards.partial_likelihood import evaluate
from crm_research.models.hazards.risk_sets import RiskSets, build_risk_sets
from tests.models.hazards.samples import simulated_spells

FITS: dict[str, Callable[..., HazardFit]] = {
    "cox": fit_cox,
    "fine_gray": lambda spells, names, **more: fit_fine_gray(spells, names, target="price", **more),
    "frailty": lambda spells, names, **more: fit_frailty(spells, names, cluster="customer_id", **more),
}


def spells(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return simulated_spells(n, seed=seed, months=True).assign(
        customer_id=rng.integers(0, n // 3, n),
        end_reason=rng.choice(["price", "move"], n),
        region=rng.choice(["east", "west"], n),
    )


def heavy_tailed(seed: int, n: int = 400) -> pd.DataFrame:
    """Newton's first step is far too long here."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, n)
    x = np.exp(rng.normal(size=n) * rng.choice([1.0, 3.0, 5.0]))
    stay = rng.exponential(60, n) / (1 + x / np.median(x) * rng.choice([0.1, 10.0])) * 10
    y = rng.normal(size=n) + np.log(x) * 5
    return pd.DataFrame({"x": x, "y": y, "group": np.where(group, "a", "b"), "tenure_days": np.ceil(stay + 1)}).assign(
        is_ended=rng.random(n) < 0.7, customer_id=np.arange(n) // 4, end_reason=rng.choice(["price", "move"], n)
    )


@pytest.mark.parametrize("kind", list(FITS))
def test_what_is_the_same_throughout_each_stratum_gets_no_ratio_in_any_model(kind: str) -> None:
    data = spells(300, 1).assign(rate=lambda d: np.where(d["region"] == "east", 1.0, 2.0))
    fit = FITS[kind](data, ["rate", "fee"], strata=["region"])
    rows = fit.terms.set_index("covariate")
    assert np.isnan(rows.loc["rate", "hazard_ratio"])
    assert np.isfinite(rows.loc["fee", "hazard_ratio"])
    assert "rate: the same throughout each stratum, so no ratio can be told; left out." in fit.notes
    assert rows.loc["fee", "coefficient"] == pytest.approx(
        FITS[kind](data, ["fee"], strata=["region"]).terms["coefficient"].iloc[0], rel=1e-6
    )


def test_what_differs_only_among_those_gone_before_the_first_end_gets_no_ratio() -> None:
    # Whoever differs was never at risk when somebody left: a ratio of 1 with no doubt at all would be nonsense.
    data = spells(200, 2).query("tenure_days > 30").reset_index(drop=True)
    gone = data.head(20).assign(tenure_days=15.0, is_ended=False)
    data = pd.concat([data.assign(odd=0.0), gone.assign(odd=np.arange(20.0))], ignore_index=True)
    fit = fit_cox(data, ["odd", "fee"])
    assert np.isnan(fit.terms.set_index("covariate").loc["odd", "hazard_ratio"])
    assert any(note.startswith("odd: the same for all who could be compared") for note in fit.notes)


@pytest.mark.parametrize("kind", list(FITS))
@pytest.mark.parametrize("strata", [[], ["group"]])
def test_steps_too_far_are_taken_back_without_a_word_on_stderr(kind: str, strata: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in (2, 3, 11):
            fit = FITS[kind](heavy_tailed(seed), ["x", "y"], strata=strata)
            assert np.isfinite(fit.log_likelihood)


def test_a_coefficient_beyond_all_digits_is_worse_than_any_other() -> None:
    data = spells(80, 3)
    sets = _sets(data)
    x = data[["fee"]].to_numpy()[sets.order]
    for beta in (1e3, -1e3, 1e300, np.nan):
        at = evaluate(sets, x, np.array([beta]))
        assert at.log_likelihood == -np.inf
        assert not at.is_finite()


@pytest.mark.parametrize("months", [True, False])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("n_strata", [1, 3])
def test_sums_over_risk_sets_by_loops(months: bool, late: bool, n_strata: int) -> None:
    # Few ends to a row, many ends to a row, late entry and strata each take another way through the sums.
    data = simulated_spells(120, seed=4, months=months).assign(entry_days=0.0)
    rng = np.random.default_rng(4)
    if months:
        data["tenure_days"] = np.ceil(data["tenure_days"] / 180) * 180
    if late:
        data["entry_days"] = np.where(rng.random(120) < 0.4, data["tenure_days"] * 0.5, 0.0)
    stratum, values = rng.integers(0, n_strata, 120), rng.normal(size=120)
    sets = _sets(data, stratum)
    tenure, entry = (data[name].to_numpy()[sets.order] for name in ("tenure_days", "entry_days"))
    ordered = values[sets.order]
    at_risk = np.array(
        [
            (stratum[sets.order] == s) & (tenure >= t) & (entry < t)
            for s, t in zip(sets.stratum, sets.tenure_days, strict=True)
        ]
    )
    np.testing.assert_allclose(sets.risk_sums(ordered), at_risk @ ordered, atol=1e-12)
    each = rng.normal(size=len(sets.event_place))
    by_end = np.array([each[sets.event_place == number].sum() for number in range(len(sets.tenure_days))])
    np.testing.assert_allclose(sets.sum_by_end(each), by_end, atol=1e-12)
    own = np.zeros(120)
    for row, place in zip(sets.event_rows, sets.event_place, strict=True):
        own[row] = (each * sets.tie_share)[sets.event_place == place].sum()
    np.testing.assert_allclose(sets.row_hazard(each), at_risk.T @ by_end - own, atol=1e-12)


def _sets(data: pd.DataFrame, stratum: np.ndarray | None = None) -> RiskSets:  # type: ignore[type-arg]
    entry = data["entry_days"].to_numpy() if "entry_days" in data else np.zeros(len(data))
    groups = np.zeros(len(data), np.int64) if stratum is None else stratum.astype(np.int64)
    return build_risk_sets(entry, data["tenure_days"].to_numpy(), data["is_ended"].to_numpy(), groups)


@pytest.mark.parametrize("kind", list(FITS))
def test_of_numbers_alike_but_for_rounding_the_first_keeps_its_ratio(kind: str) -> None:
    # Minutes, and what they cost in whole cents: told apart by rounding alone, each would run off against the other.
    rng = np.random.default_rng(5)
    data = spells(600, 3).assign(minutes=lambda d: (180 + 50 * rng.normal(size=len(d))).round(1))
    data = data.assign(charge=(0.17 * data["minutes"]).round(2))
    fit = FITS[kind](data, ["minutes", "charge", "fee"])
    rows = fit.terms.set_index("covariate")
    alone = FITS[kind](data, ["minutes", "fee"]).terms.set_index("covariate")
    assert np.isnan(rows.loc["charge", "hazard_ratio"])
    assert rows.loc["minutes", "coefficient"] == pytest.approx(alone.loc["minutes", "coefficient"], rel=1e-6)
    assert any(note.startswith("charge can hardly be told apart from minutes, which tell 100 %") for note in fit.notes)
