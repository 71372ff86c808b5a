"""One ratio early, one later: recovered from spells drawn so, and equal to lifelines' model of the interaction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import fit_cox
from crm_research.models.hazards.early_late import fit_early_late

CUT = 200.0


def changing_spells(n: int, *, seed: int = 1, early: float = 1.2, late: float = 0.0) -> pd.DataFrame:
    """Flex leaves exp(early) times as fast up to day 200 and exp(late) times later; fee 0.02 throughout."""
    rng = np.random.default_rng(seed)
    flex, fee = rng.random(n) < 0.4, rng.uniform(10, 60, n)
    base = np.exp(0.02 * (fee - 35)) / 300
    first = rng.exponential(1 / (base * np.exp(early * flex)))
    later = CUT + rng.exponential(1 / (base * np.exp(late * flex)))
    stay, watch = np.where(first <= CUT, first, later), rng.uniform(50, 1000, n)
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "tenure_days": np.minimum(stay, watch),
            "entry_days": 0.0,
            "is_ended": stay <= watch,
            "plan": np.where(flex, "flex", "fixed"),
            "fee": fee,
        }
    )


def ratio_of(table: pd.DataFrame, covariate: str, period: str) -> pd.Series:
    return table.loc[(table["covariate"] == covariate) & (table["period"] == period)].iloc[0]


def test_both_ratios_are_recovered_and_the_other_keeps_one():
    spells = changing_spells(4000)
    first = fit_cox(spells, ["plan", "fee"], splines=["fee"])
    checked = first.proportionality.set_index("covariate")["is_doubtful"]
    assert checked["plan"]
    two = fit_early_late(spells, first, ["plan"], cut_days=CUT)
    assert two is not None
    assert two.split == ("plan",)
    for period, truth in (("early", 1.2), ("late", 0.0)):
        row = ratio_of(two.ratios, "plan", period)
        assert np.log(row["hazard_ratio"]) == pytest.approx(truth, abs=0.15)
        assert row["lower"] < np.exp(truth) < row["upper"]
    assert (two.ratios["covariate"] == "fee").sum() == 1


def test_it_is_lifelines_model_of_the_interaction():
    lifelines = pytest.importorskip("lifelines")
    spells = changing_spells(600).assign(tenure_days=lambda d: np.ceil(d["tenure_days"] / 10) * 10)
    first = fit_cox(spells, ["plan", "fee"])
    two = fit_early_late(spells, first, ["plan"], cut_days=CUT)
    assert two is not None
    ends = spells["tenure_days"]
    flex = (spells["plan"] == "flex").astype(float)
    early = spells.assign(stop=ends.clip(upper=CUT), event=spells["is_ended"] & (ends <= CUT), e=flex, late=0.0)
    late = spells.assign(entry_days=CUT, stop=ends, event=spells["is_ended"], e=0.0, late=flex).loc[ends > CUT]
    rows = pd.concat([early, late])[["entry_days", "stop", "event", "e", "late", "fee"]]
    theirs = lifelines.CoxPHFitter().fit(rows, "stop", "event", entry_col="entry_days")
    ours = two.ratios.set_index(["covariate", "period"])
    for period, name in (("early", "e"), ("late", "late")):
        assert np.log(ours.loc[("plan", period), "hazard_ratio"]) == pytest.approx(theirs.params_[name], abs=1e-4)
        width = np.log(ours.loc[("plan", period), "upper"] / ours.loc[("plan", period), "lower"]) / 2 / 1.959964
        assert width == pytest.approx(theirs.standard_errors_[name], rel=1e-4)


def test_levels_with_too_few_ends_keep_one_ratio_and_unseen_ones_get_none():
    spells = changing_spells(1500)
    spells.loc[:39, "plan"] = "rare early"
    spells.loc[(spells["plan"] == "rare early") & (spells["tenure_days"] < CUT), "is_ended"] = False
    spells.loc[40:60, "plan"] = "nobody left"
    spells.loc[spells["plan"] == "nobody left", "is_ended"] = False
    spells.loc[61:70, "plan"] = None
    first = fit_cox(spells, ["plan", "fee"])
    two = fit_early_late(spells, first, ["plan"], cut_days=CUT)
    assert two is not None
    plan = two.ratios.loc[two.ratios["covariate"] == "plan"]
    assert set(plan.loc[plan["period"] != "", "level"]) <= {"flex", "not known"}
    assert "rare early" in set(plan.loc[plan["period"] == "", "level"])
    assert "nobody left" not in set(plan["level"])


def test_a_number_gets_two_ratios_with_its_bends():
    rng = np.random.default_rng(2)
    n = 3000
    fee = rng.uniform(10, 60, n)
    first_stay = rng.exponential(300 * np.exp(-0.05 * (fee - 35)))
    stay = np.where(first_stay <= CUT, first_stay, CUT + rng.exponential(300, n))
    spells = pd.DataFrame({"tenure_days": np.minimum(stay, 900), "is_ended": stay <= 900, "fee": fee})
    first = fit_cox(spells, ["fee"], splines=["fee"])
    row = first.proportionality.iloc[0]
    assert row["covariate"] == "fee"
    assert row["is_doubtful"]
    assert row["ratio_early"] > row["ratio_late"]
    two = fit_early_late(spells, first, ["fee"], cut_days=CUT)
    assert two is not None
    assert ratio_of(two.ratios, "fee", "early")["hazard_ratio"] == pytest.approx(np.exp(0.05 * 25), rel=0.25)
    assert ratio_of(two.ratios, "fee", "late")["hazard_ratio"] == pytest.approx(1.0, abs=0.12)


def test_nothing_is_done_where_nothing_can_be():
    spells = changing_spells(60)
    assert fit_early_late(spells, fit_cox(spells, ["fee"]), ["fee"], cut_days=5000.0) is None
    few = spells.assign(plan=np.where(np.arange(60) % 2, "a", "b"))
    grouped = fit_early_late(few, fit_cox(few, ["plan", "fee"]), ["plan"], cut_days=5000.0)
    assert grouped is not None
    assert grouped.strata == ("plan",)
    assert grouped.ratios["covariate"].tolist() == ["fee"]


def test_the_picture_of_a_ratio_follows_its_fall():
    drift = fit_cox(changing_spells(4000), ["plan"]).drift
    assert drift["covariate"].unique().tolist() == ["plan"]
    early, late = drift.loc[drift["tenure_days"] < 150], drift.loc[drift["tenure_days"] > 350]
    assert early["hazard_ratio"].mean() == pytest.approx(np.exp(1.2), rel=0.25)
    assert late["hazard_ratio"].mean() == pytest.approx(1.0, abs=0.35)
    assert (drift["lower"] < drift["hazard_ratio"]).all()
    assert fit_cox(changing_spells(2000, early=0.7, late=0.7), ["plan"]).drift.empty
