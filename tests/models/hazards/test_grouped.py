"""The grouped model: Kaplan-Meier without covariates, Cox with them, whatever the form of the counts."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features.person_periods import count_person_periods, count_stretches
from crm_research.models.hazards import fit_cox, fit_grouped
from crm_research.models.survival import count_rows, estimate_survival
from tests.models.hazards.samples import rossi, simulated_spells


def stretches(spells: pd.DataFrame, covariates: list[str], unit_days: int = 1) -> pd.DataFrame:
    return count_stretches(ibis.memtable(spells), covariates, unit_days=unit_days).execute()


def monthly(n: int, seed: int) -> pd.DataFrame:
    spells = simulated_spells(n, seed=seed, months=True)
    spells["fee"] = (spells["fee"] / 10).round() * 10
    return spells.assign(tenure_days=spells["tenure_days"].astype(int)).drop(columns="age")


def test_without_covariates_it_is_kaplan_meier() -> None:
    spells = monthly(500, 1)
    late = spells["tenure_days"] > 90
    spells["entry_days"] = np.where(late & (np.arange(500) % 3 == 0), 60, 0)
    fit = fit_grouped(stretches(spells, [], 30), unit_days=30)
    curve = estimate_survival(count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"]))
    expected = curve.at(list(fit.baseline["tenure_days"]))["survival"]
    np.testing.assert_allclose(np.exp(-fit.baseline["cumulative_hazard"]), expected, atol=1e-12)
    assert fit.log_likelihood == fit.null_log_likelihood


def test_if_everybody_leaves_the_curve_ends_at_zero() -> None:
    counts = pd.DataFrame({"period_index": [0, 1], "n_at_risk": [4, 2], "n_ended": [2, 2]})
    fit = fit_grouped(counts)
    assert fit.periods["share_ended"].tolist() == pytest.approx([0.5, 1.0])
    assert np.exp(-fit.baseline["cumulative_hazard"]).tolist() == pytest.approx([0.5, 0.0])


def test_two_groups_and_one_period_by_hand() -> None:
    # 30 of 101 and 50 of 100 end: differences of log(-log(1 - share)), with the delta method's error.
    counts = pd.DataFrame({"plan": ["a", "b"], "period_index": 0, "n_at_risk": [101, 100], "n_ended": [30, 50]})
    row = fit_grouped(counts, ["plan"]).terms.iloc[0]
    p = np.array([30 / 101, 0.5])
    assert (row["reference"], row["level"]) == ("a", "b")
    assert row["coefficient"] == pytest.approx(np.diff(np.log(-np.log(1 - p)))[0], abs=1e-9)
    error = np.sqrt(np.sum(p / (np.array([101, 100]) * (1 - p) * np.log(1 - p) ** 2)))
    assert row["std_error"] == pytest.approx(error, rel=1e-6)
    assert (row["n"], row["n_ended"]) == (100, 50)


def test_it_agrees_with_cox_on_the_same_spells() -> None:
    # Weeks with one end each: grouped and continuous models estimate the same ratio and differ far within the errors.
    spells = rossi().assign(is_ended=lambda d: d["is_ended"].astype(bool))
    names = ["fin", "age", "prio"]
    grouped, cox = fit_grouped(stretches(spells, names), names).terms, fit_cox(spells, names).terms
    assert float(np.max(np.abs(grouped["coefficient"] - cox["coefficient"]) / cox["std_error"])) < 0.02
    np.testing.assert_allclose(grouped["std_error"], cox["std_error"], rtol=0.002)


def test_person_periods_and_stretches_say_the_same() -> None:
    spells = monthly(400, 2)
    names = ["plan", "fee"]
    compact = fit_grouped(stretches(spells, names, 30), names)
    laid_out = fit_grouped(count_person_periods(ibis.memtable(spells), names, unit_days=30).execute(), names)
    np.testing.assert_allclose(compact.terms["coefficient"], laid_out.terms["coefficient"], atol=1e-9)
    np.testing.assert_allclose(compact.terms["std_error"], laid_out.terms["std_error"], rtol=1e-7)
    assert compact.log_likelihood == pytest.approx(laid_out.log_likelihood, rel=1e-12)


def test_gradient_and_information_are_the_derivatives_of_the_likelihood() -> None:
    from crm_research.models.hazards.period_likelihood import evaluate, lay_out_stretches

    rng = np.random.default_rng(0)
    first = rng.integers(0, 3, 30)
    last = first + rng.integers(0, 3, 30)
    n = rng.integers(1, 9, 30).astype(float)
    kind, ended = rng.permutation(np.arange(30) % 12), np.floor(n * rng.random(30))
    counts = lay_out_stretches(kind, first, last, n, ended, n_kinds=12, n_periods=5)
    x = rng.normal(size=(12, 2))
    beta = np.concatenate([[0.3, -0.2], rng.normal(-1, 0.5, 5)])

    def at(b: np.ndarray):  # type: ignore[type-arg, no-untyped-def]
        return evaluate(counts, lambda: iter([(slice(0, 7), x[:7]), (slice(7, 12), x[7:])]), 2, b)

    here, step = at(beta), 1e-6
    ratio, hazard = np.exp(x @ beta[:2])[kind], np.exp(beta[2:])
    value = 0.0
    for r, a, b, size, gone in zip(ratio, first, last, n, ended, strict=True):
        value -= r * (size * hazard[a : b + 1].sum() - gone * hazard[b])
        value += gone * np.log1p(-np.exp(-r * hazard[b]))
    assert here.log_likelihood == pytest.approx(value, rel=1e-12)
    for place in range(7):
        up, down = beta.copy(), beta.copy()
        up[place] += step
        down[place] -= step
        slope = (at(up).log_likelihood - at(down).log_likelihood) / (2 * step)
        assert here.score[place] == pytest.approx(slope, abs=1e-6)
        np.testing.assert_allclose(here.information[place], -(at(up).score - at(down).score) / (2 * step), atol=1e-5)


def test_stretches_hold_whoever_was_watched_for_part_of_a_period() -> None:
    spells = pd.DataFrame(
        {
            "tenure_days": [30, 31, 45, 0, 90, 10],
            "entry_days": [0, 0, 35, 0, 60, 10],
            "is_ended": [True, False, True, True, False, True],
        }
    )
    found = stretches(spells, [], 30).sort_values(["first_period", "last_period"]).reset_index(drop=True)
    # The one whose tenure equals its entry was never watched.
    expected = [(0, 0, 2, 2), (0, 1, 1, 0), (1, 1, 1, 1), (2, 2, 1, 0)]
    assert list(found.itertuples(index=False, name=None)) == expected
    periods = count_person_periods(ibis.memtable(spells), [], unit_days=30).execute()
    assert periods.to_numpy().tolist() == [[0, 3, 2], [1, 2, 1], [2, 1, 0]]


def test_counts_kept_sparse_say_the_same_as_counts_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from crm_research.models.hazards import period_likelihood

    counts = stretches(monthly(800, 5), ["plan", "fee"], 30)
    table = fit_grouped(counts, ["plan", "fee"])
    monkeypatch.setattr(period_likelihood, "_MOST_PLACES", 0)
    pd.testing.assert_frame_equal(fit_grouped(counts, ["plan", "fee"]).terms, table.terms, rtol=1e-9)


class TestTrouble:
    def test_nobody_ended(self) -> None:
        with pytest.raises(
            NotEnoughData,
            match=r"^A model of leaving cannot be worked out here\. No spell with known covariates ended\.$",
        ):
            fit_grouped(stretches(monthly(30, 1).assign(is_ended=False), ["plan"], 30), ["plan"])

    def test_empty_counts(self) -> None:
        with pytest.raises(
            NotEnoughData,
            match=r"^A model of leaving cannot be worked out here\. No spell with known covariates ended\.$",
        ):
            fit_grouped(stretches(monthly(30, 1), ["plan"], 30).head(0), ["plan"])

    def test_more_ended_than_were_there(self) -> None:
        with pytest.raises(ValueError, match="n_ended <= n_at_risk"):
            fit_grouped(pd.DataFrame({"period_index": [0], "n_at_risk": [2], "n_ended": [3]}))

    def test_unknown_columns_are_named(self) -> None:
        with pytest.raises(ParameterError, match="'plans'"):
            stretches(monthly(30, 1), ["plans"])
        with pytest.raises(ParameterError, match="period"):
            fit_grouped(pd.DataFrame({"n_at_risk": [2], "n_ended": [1]}))

    def test_a_group_without_an_end_and_a_repeated_covariate(self) -> None:
        spells = monthly(400, 3)
        spells.loc[spells.index[:50], ["plan", "is_ended"]] = ["loyal", False]
        spells["double"] = spells["fee"] * 2
        fit = fit_grouped(stretches(spells, ["plan", "fee", "double"], 30), ["plan", "fee", "double"])
        assert any("plan = loyal" in note for note in fit.notes)
        assert any(note.startswith("double says nothing") for note in fit.notes)
        assert fit.n == 350

    def test_of_numbers_alike_but_for_rounding_the_first_stays(self) -> None:
        spells = monthly(400, 3)
        spells["cost"] = (spells["fee"] * 1.7).round(2)
        fit = fit_grouped(stretches(spells, ["fee", "cost"], 30), ["fee", "cost"])
        assert np.isfinite(fit.terms.set_index("covariate").loc["fee", "std_error"])
        assert any(note.startswith("cost says nothing") for note in fit.notes)

    def test_months_without_an_end_have_no_danger(self) -> None:
        spells = pd.DataFrame({"tenure_days": [1, 4, 4, 6], "is_ended": [True, True, False, False]})
        fit = fit_grouped(stretches(spells, []))
        assert fit.periods["share_ended"].tolist() == pytest.approx([0.25, 0, 0, 1 / 3, 0, 0])
        assert fit.periods["n_at_risk"].tolist() == [4, 3, 3, 3, 1, 1]


@pytest.mark.slow
def test_ratios_are_recovered_at_two_sizes() -> None:
    for n, near in ((2_000, 0.25), (200_000, 0.03)):
        spells = monthly(n, 5)
        fit = fit_grouped(stretches(spells, ["plan", "fee"], 30), ["plan", "fee"], unit_days=30)
        plans = fit.terms.loc[fit.terms["covariate"] == "plan"].set_index("level")["coefficient"]
        assert plans["gold"] == pytest.approx(-0.5, abs=near)
        assert plans["basic"] == pytest.approx(0.4, abs=near)
        cox = fit_cox(spells, ["plan", "fee"]).terms
        assert float(np.max(np.abs(fit.terms["coefficient"] - cox["coefficient"]))) < 0.01
