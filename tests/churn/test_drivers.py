"""What goes with leaving, through the whole chain from a study to the table, the picture and the figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.errors import LeakageError, NotEnoughData, ParameterError
from crm_research.features.clock import instant
from crm_research.features.window import known_rows
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.drivers import measure as drivers_module
from crm_research.pillars.churn.drivers.charts import draw_bend, draw_drift, draw_drivers
from crm_research.pillars.churn.drivers.counts import fit_counts
from crm_research.pillars.churn.drivers.figures import HAZARD_RATIO, driver_figures
from crm_research.pillars.churn.drivers.measure import default_covariates, fit_risk, measure_drivers
from crm_research.pillars.churn.drivers.page import drivers_section
from crm_research.pillars.churn.drivers.tables import driver_table
from crm_research.pillars.churn.drivers.words import driver_finding
from crm_research.pillars.churn.spell_rows import read_rows, read_running
from crm_research.simulate import WorldSettings, simulate_world
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles


def a_company(n: int = 3000, *, holdout: bool = True, **changes):
    frame = a_world(n)
    rng = np.random.default_rng(7)
    frame["town"] = rng.choice(["Graz", "Wien", "Linz"], n)
    frame["age"] = rng.integers(20, 70, n).astype(float)
    frame = frame.assign(**changes)
    return a_study(
        contracts=frame,
        as_of="2023-06-01",
        holdout_until="2024-01-01" if holdout else None,
        attributes={"contracts": {"town": "category", "age": "number"}},
    )


def test_the_plan_that_leaves_twice_as_fast_is_found_and_the_rest_is_not():
    drivers = measure_drivers(a_company())
    assert drivers.covariates == ("plan", "town", "age")
    table = driver_table(drivers)
    first = table.iloc[0]
    ratio = first["hazard_ratio"] if first["compared"].startswith("flex") else 1 / first["hazard_ratio"]
    assert first["covariate"] == "plan"
    assert ratio == pytest.approx(2.0, rel=0.15)
    assert not table.loc[table["covariate"] != "plan", "is_clear"].any()
    assert driver_finding(drivers).startswith("After allowing for the rest, plan (")


@pytest.mark.slow
def test_ends_in_the_holdout_do_not_reach_the_model():
    whole, cut = a_company(), a_company(holdout=False)
    np.testing.assert_allclose(measure_drivers(whole).fit.terms["z"], measure_drivers(cut).fit.terms["z"])


def test_several_contracts_of_a_customer_give_robust_errors():
    single = measure_drivers(a_company())
    doubled = measure_drivers(a_company(customer_id=[f"c{i // 2}" for i in range(3000)]))
    assert "robust" not in single.fit.estimator
    assert "robust errors by cluster" in doubled.fit.estimator


def test_strata_get_a_baseline_each_and_no_ratio():
    drivers = measure_drivers(a_company(), ["age", "plan"], strata=["plan"])
    assert set(drivers.fit.terms["covariate"]) == {"age"}
    assert drivers.fit.baseline["stratum"].unique().tolist() == ["fixed", "flex"]


def test_figures_bear_the_ids_that_other_programs_read():
    figures = driver_figures(measure_drivers(a_company()), window="2020 to 2023")
    assert [figure.id for figure in figures] == [HAZARD_RATIO] * 4
    assert len({figure.group for figure in figures}) == 4


def test_the_picture_names_every_comparison():
    ax = draw_drivers(measure_drivers(a_company()))
    names = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert len(names) == 4
    assert names[0].startswith("plan: ")


def test_columns_that_name_single_contracts_explain_nothing():
    study = a_company(town=[f"street {i}" for i in range(3000)])
    assert default_covariates(study) == ["plan", "age"]


def test_columns_that_know_the_tenure_or_the_end_are_left_out_unless_asked_for():
    frame = a_world(3000)
    until = frame["ended_at"].fillna("2023-06-01").astype("datetime64[ns]")
    paid = (until - frame["started_at"].astype("datetime64[ns]")).dt.days / 30.0 * 10.0
    over = frame["ended_at"].to_numpy() < np.datetime64("2023-06-01")
    why = np.where(over, np.where(np.arange(3000) % 2 == 0, "moved house", "price"), None)
    study = a_study(
        contracts=frame.assign(total_paid=paid, farewell=why),
        as_of="2023-06-01",
        attributes={"contracts": {"total_paid": "number", "farewell": "category"}},
    )
    found = measure_drivers(study)
    assert found.covariates == ("plan",)
    assert any(note.startswith("total_paid adds up or runs down") for note in found.notes)
    assert any(note.startswith("farewell is filled in only once") for note in found.notes)
    with pytest.raises(LeakageError, match="farewell"):
        measure_drivers(study, ["plan", "farewell"])


@pytest.mark.slow
def test_trouble_is_told():
    with pytest.raises(ParameterError, match="'towm'"):
        measure_drivers(a_company(100), ["towm"])
    with pytest.raises(NotEnoughData):
        measure_drivers(a_company(100, ended_at=pd.NaT))
    alike = measure_drivers(a_company(200, plan="only", town="one", age=30.0))
    assert driver_table(alike).empty
    assert driver_finding(alike).startswith("With all else alike, no characteristic recorded")
    assert len(alike.fit.notes) == 1  # a plan and a town of one value are not even tried


def _shown(study) -> str:
    leaving = describe_churn(study)
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: drivers_section(study, leaving).show()))


def test_the_page_shows_the_ratios_and_says_the_finding_once():
    study = a_company(600)
    told = _shown(study)
    assert "After allowing for the rest" in told
    assert "Risk of leaving, everything else alike" in told


def test_a_study_without_characteristics_gets_a_note_and_no_picture():
    rows = [(f"c{i}", "2023-01-01", f"2023-0{i + 2}-01", None) for i in range(6)]
    told = _shown(a_study(contracts=contracts(*rows)))
    assert "no plan, fee or declared attribute" in told
    assert "[picture" not in told


def test_a_company_nobody_left_gets_a_note_of_what_is_needed():
    rows = [(f"c{i}", "2023-01-01", None, None) for i in range(6)]
    told = _shown(a_study(contracts=contracts(*rows, plan=["a", "b"] * 3)))
    assert "No spell with known covariates ended." in told


# Truth of a simulated world -----------------------------------------------------------------------------------------

BETA = {"plan=plus": -0.35, "plan=flex": 0.6, "payment=debit": -0.45, "region=north": 0.25, "slow_complaint": 0.7}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Plans change about once a year, complaints are frequent, and nothing unseen works on leaving."""
    settings = WorldSettings(
        n_customers=2000, seed=11, contract_share=1.0, more_contracts=0.2, state_changes=1.0, complaints=1.0,
        effects=BETA, reason_effects={}, n_campaigns=0, survey_share=0.0,
    )  # fmt: skip
    return open_study(Path(simulate_world(settings, tmp_path_factory.mktemp("world") / "w").path) / "study.yaml")


def slow_complaint(study):
    """Own covariate: on once a complaint has been open for a fortnight, off 60 days after it is settled."""
    deals = known_rows(study, "contracts").select("contract_id", "customer_id", "started_at")
    contacts = known_rows(study, "contacts").filter(lambda t: t.kind == "complaint")
    patience = ibis.interval(days=14)
    waited = contacts.filter(contacts.closed_at.isnull() | (contacts.closed_at > contacts.opened_at + patience))  # noqa: PD003
    dated = deals.join(waited.select("customer_id", "opened_at", "closed_at"), "customer_id")
    before = deals.started_at - ibis.interval(days=4000)
    parts = [
        (deals, before, False),
        (dated, dated.opened_at + patience, True),
        (dated, dated.closed_at + ibis.interval(days=60), False),
    ]
    moves = [t.select("contract_id", valid_from=at, slow_complaint=ibis.literal(value=on)) for t, at, on in parts]
    return ibis.union(*moves).filter(lambda t: t.valid_from <= instant(study.as_of))


@pytest.mark.slow
def test_the_truth_of_a_world_whose_plans_change_is_covered(world):
    drivers = measure_drivers(world, extra=slow_complaint)
    assert drivers.changing == ("plan", "fee", "recent_complaint", "slow_complaint")
    terms = drivers.fit.contrasts().set_index(["covariate", "level"])

    def covers(covariate, level, truth):
        row = terms.loc[(covariate, level)]
        reference = f"{covariate}={row['reference']}"
        log = np.log(row[["lower", "hazard_ratio", "upper"]].to_numpy(dtype=float)) + BETA.get(reference, 0.0)
        # Four standard errors: several are looked at.
        width = (log[2] - log[0]) / 2 / 1.96
        assert abs(log[1] - truth) < 4 * width, (covariate, level)
        return width

    assert covers("plan", "plus", -0.35) < 0.2
    assert covers("plan", "flex", 0.6) < 0.2
    for covariate, level in terms.index:
        if covariate in ("payment", "region"):
            covers(covariate, level, BETA.get(f"{covariate}={level}", 0.0))
    assert covers("slow_complaint", "True", 0.7) < 0.35
    covers("recent_complaint", "True", 0.0)


@pytest.mark.slow
def test_read_at_the_end_as_if_it_had_never_changed_the_plan_would_mislead(world):
    rows = read_rows(world, ["plan"])
    last = rows.drop_duplicates("contract_id", keep="last")
    whole = last.assign(entry_days=rows.groupby("contract_id")["entry_days"].min().loc[last["contract_id"]].to_numpy())
    right, wrong = (fit_risk(frame, ["plan"]).contrasts().set_index("level") for frame in (rows, whole))
    error = np.log(right.loc["flex", "upper"] / right.loc["flex", "lower"]) / 3.92
    assert abs(np.log(right.loc["flex", "hazard_ratio"]) - 0.6) < 3 * error
    assert abs(np.log(wrong.loc["flex", "hazard_ratio"]) - 0.6) > abs(np.log(right.loc["flex", "hazard_ratio"]) - 0.6)


@pytest.mark.slow
def test_counts_of_months_agree_with_cox(world):
    """Tolerance: 0.25 standard errors and 0.04 in the logarithm for what changes, in months instead of days."""
    covariates = ["plan", "payment", "region", "recent_complaint"]
    counted = fit_counts(world, covariates).terms.set_index(["covariate", "level"])
    rows = fit_risk(read_rows(world, covariates), covariates).terms.set_index(["covariate", "level"])
    assert set(counted.index) == set(rows.index)
    far = (counted["coefficient"] - rows["coefficient"].loc[counted.index]).abs()
    fixed = far.index.get_level_values(0).isin(["payment", "region"])
    assert (far / rows["std_error"].loc[far.index])[fixed].max() < 0.25
    assert far[~fixed].max() < 0.08


@pytest.mark.slow
def test_many_contracts_are_counted_and_the_page_says_so(world, monkeypatch):
    monkeypatch.setattr(drivers_module, "MOST_ROWS", 10)
    drivers = measure_drivers(world, ["plan", "fee", "age"])
    assert "the engine counted them" in " ".join(drivers.notes)
    table = driver_table(drivers)
    assert table.iloc[0]["covariate"] == "plan"
    assert {"plan", "fee", "age"} == set(table["covariate"])
    assert drivers.proportionality.empty
    assert draw_drivers(drivers) is not None


def test_running_contracts_bear_todays_values(world):
    running = read_running(world, ["plan", "recent_complaint"])
    rows = read_rows(world, ["plan", "recent_complaint"])
    assert running["contract_id"].is_unique
    last = rows.drop_duplicates("contract_id", keep="last").set_index("contract_id")
    assert (last.loc[running["contract_id"], "tenure_days"].to_numpy() == running["tenure_days"].to_numpy()).all()
    same = last.loc[running["contract_id"], "plan"].to_numpy() == running["plan"].to_numpy()
    assert same.mean() > 0.99


# What must be refused -----------------------------------------------------------------------------------------------


def ever_slow(study):
    """Ever, by as_of: whoever stayed long enough to wait looks immortal."""
    return slow_complaint(study).group_by("contract_id").agg(ever_slow=lambda t: t.slow_complaint.any())


def days_of_the_end(study):
    deals = study.table("contracts")
    return deals.select("contract_id", months_left=deals.ended_at.epoch_seconds() / 86400 / 30)


def test_planted_covariates_that_know_too_much_are_refused(world):
    with pytest.raises(LeakageError, match=r"ever_slow .* changed between .* let them change in time"):
        measure_drivers(world, ["plan"], extra=ever_slow)
    with pytest.raises(LeakageError, match=r"days_of_the_end reads what was not known at as_of.*months_left"):
        measure_drivers(world, ["plan"], extra=days_of_the_end)
    with pytest.raises(LeakageError, match="tenure_days say how long"):
        measure_drivers(world, ["plan", "tenure_days"])


def test_a_covariate_that_is_filled_at_the_end_is_refused():
    study = a_company(400)
    told = study.table("contracts").mutate(town=lambda t: (t.ended_at > t.started_at).ifelse("moved", None))
    told = told.mutate(town=(told.ended_at <= instant(datetime(2023, 6, 1))).ifelse(told.town, None))
    study = replace(study, tables={"contracts": told})
    with pytest.raises(LeakageError, match="town: filled in for contracts that ended"):
        measure_drivers(study, ["plan", "town"])


# Ratios that change, numbers that bend ------------------------------------------------------------------------------


def a_turning_company(n=2500):
    """Flex leaves three times as fast for a year, and as fast as the rest afterwards; fees work along a valley."""
    rng = np.random.default_rng(4)
    flex, fee = rng.random(n) < 0.5, rng.uniform(10, 50, n).round()
    rate = np.exp(0.004 * (fee - 30) ** 2 - 0.5) / 700
    early = rng.exponential(1 / (rate * np.where(flex, 3.0, 1.0)))
    stay = np.ceil(np.where(early <= 365, early, 365 + rng.exponential(1 / rate)))
    started = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    ended = started + pd.to_timedelta(stay, unit="D")
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended < "2024-01-01"),
            "plan": np.where(flex, "灵活", "固定"),
            "fee": fee,
        }
    )
    return a_study(contracts=frame, as_of="2024-01-01")


@pytest.fixture(scope="module")
def turning():
    return measure_drivers(a_turning_company())


def test_a_ratio_that_changes_is_told_early_and_late(turning):
    plan = driver_table(turning).query("covariate == 'plan'")
    months = round(turning.cut_days / 30.4375)
    assert plan["when"].tolist() == [f"first {months} months", "later"]
    flipped = plan["compared"].iloc[0].startswith("固定")
    ratios = 1 / plan["hazard_ratio"] if flipped else plan["hazard_ratio"]
    assert ratios.iloc[0] == pytest.approx(3.0, rel=0.2)
    assert ratios.iloc[1] < 1.6
    assert not plan["is_doubtful"].any()
    assert "plan changes with tenure, so it is given twice" in turning.remedy
    told = driver_finding(turning)
    assert f"in the first {months} months" in told
    assert told.endswith("later; 95 % intervals in brackets.")
    assert "the risk of leaving" in told
    ax = draw_drift(turning)
    assert "'plan' does not stay the same" in ax.figure.get_suptitle()


def test_a_number_bends_by_itself_and_its_picture_is_offered(turning):
    assert turning.bends == ("fee",)
    curve = turning.fit.curve("fee")
    lowest = curve.loc[curve["hazard_ratio"].idxmin(), "value"]
    assert lowest == pytest.approx(30, abs=4)
    title = " ".join(draw_bend(turning, "fee").figure.get_suptitle().split())
    assert "does not run straight: it is lowest near" in title
    straight = measure_drivers(a_turning_company(), splines=())
    assert straight.bends == ()
    assert (straight.fit.terms["level"] != "bend 1").all()


def test_every_row_of_the_picture_names_its_months(turning):
    names = [label.get_text().replace("\n", " ") for label in draw_drivers(turning).get_yticklabels()]
    assert sum("first" in name for name in names) == 1
    assert sum("later" in name for name in names) == 1


# Poor data ----------------------------------------------------------------------------------------------------------


def few(*rows, **extra):
    frame = contracts(*rows, **extra)
    return a_study(contracts=frame, as_of="2024-01-01")


def test_one_end_is_told_as_shaky_or_left_out():
    rows = [(f"c{i}", "2023-01-01", "2023-06-01" if i == 3 else None, None) for i in range(40)]
    drivers = measure_drivers(few(*rows, plan=["a", "b"] * 20))
    assert drivers.ratios.empty
    assert any("ended" in note or "left out" in note for note in drivers.notes)
    assert driver_finding(drivers).startswith("With all else alike, no characteristic recorded")


def test_separation_constants_zero_tenures_and_nulls_become_notes():
    n = 120
    rows = [(f"c{i}", "2023-01-01", f"2023-0{i % 8 + 1}-0{i % 9 + 1}" if i % 2 else None, None) for i in range(n)]
    plan = ["left" if i % 2 else "stayed" for i in range(n)]
    drivers = measure_drivers(few(*rows, plan=plan, fee=[None if i % 7 == 0 else 9.0 for i in range(n)]))
    assert drivers.ratios.empty
    told = " ".join(drivers.notes)
    assert "plan was left out: only one of its groups ended at all." in told
    # Its rows stay in, those without an end too.
    assert "they were left out of the model" not in told
    assert drivers.fit.n == n
    assert "fee is the same for everybody" in told
    some = measure_drivers(few(*rows, plan=["a", "b", None] * 40, fee=[float(i % 30) for i in range(n)]))
    assert {"plan", "fee"} == set(some.ratios["covariate"])
    assert np.isfinite(some.ratios[["lower", "upper"]].to_numpy()).all()


def test_one_customer_with_all_contracts_gets_plain_errors_and_a_note():
    rows = [("ann", "2023-01-01", f"2023-{i % 11 + 1:02d}-15" if i % 3 else None, None) for i in range(60)]
    drivers = measure_drivers(few(*rows, plan=["a", "b"] * 30))
    assert any("belong to only 1 customer:" in note for note in drivers.notes)
    assert drivers.ratios["upper"].iloc[0] / drivers.ratios["lower"].iloc[0] > 1.5


def test_the_page_takes_covariates_and_returns_what_it_found():
    study = a_company(500)
    leaving = describe_churn(study)
    assert drivers_section(study, leaving, ["plan", "age"]).result.covariates == ("plan", "age")
    with pytest.raises(ParameterError, match=r"'ages'.*Did you mean 'age'"):
        drivers_section(study, leaving, ["ages"])
