"""What is told of contacts, by hand: planted results with distinct values, every branch, and figures by field."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.models.decisions import Offer, Targeting, believe_save_rate, power_of_trial, size_trial
from crm_research.pillars.churn import Treatment, TreatmentCheck
from crm_research.pillars.churn.decisions import charts, treatment_words
from crm_research.pillars.churn.decisions.keep_words import keep_sentence
from crm_research.pillars.churn.decisions.page import contacts_section, treatment_section
from crm_research.pillars.churn.decisions.treatment import (
    CONTACT,
    LEAVE_ALONE,
    SAVE_RATE,
    UNDECIDED,
    Trial,
    _read_risks,
    choose_treatment,
    usual_costs,
)  # fmt: skip
from crm_research.pillars.churn.decisions.treatment_check import _break_even_risk, _thresholds, check_treatment
from crm_research.theme import chart_style
from tests.churn.test_treatment import a_company, some_rows
from tests.told import check_figures, check_frame, hold, tell

TOLD = Path(__file__).parent / "told"
PAGES = {
    "good": {"is_fit_for_lists": True},
    "bad": {"contact_cost": 500.0, "holdout": False},
    "nothing": {"fee": None},
}


@pytest.mark.parametrize("world", PAGES)
def test_what_a_reader_is_told_of_contacts(world):
    given = dict(PAGES[world])
    rows = some_rows(250)
    rows.loc[3, ["risk_6m", "lower_6m", "upper_6m"]] = np.nan
    known = rows.fillna(0.1)
    study = a_company(known, **{name: given.pop(name) for name in ("holdout", "fee") if name in given})
    told = tell(page=treatment_section(study, rows, horizon_months=6, **given).show)
    hold(told, TOLD / f"contacts-{world}.txt")


@cache
def targeting() -> Targeting:
    strategies = pd.DataFrame(
        {
            "strategy": ["best list", "as many by risk alone", "everybody", "nobody"],
            "n": [37, 37, 120, 0],
            "expected": [4321.0, 3210.0, -2109.0, 0.0],
            "lower": [1098.0, 987.0, -8765.0, 0.0],
            "upper": [7654.0, 6543.0, 5432.0, 0.0],
            "behind": [0.0, 1111.0, 6430.0, 4321.0],
            "behind_lower": [0.0, 1001.0, 5001.0, 1098.0],
            "behind_upper": [0.0, 1221.0, 7001.0, 7654.0],
        }
    )
    curve = pd.DataFrame(
        {
            "n": [0, 37, 80, 120],
            "expected": [0.0, 4321.0, 1800.0, -2109.0],
            "lower": [0.0, 1098.0, -3000.0, -8765.0],
            "upper": [0.0, 7654.0, 6000.0, 5432.0],
            "by_risk": [0.0, 3210.0, 1500.0, -2109.0],
        }
    )
    return Targeting(
        order=np.arange(120), n_best=37, n_lower=29, n_upper=58, curve=curve, strategies=strategies,
        customers=pd.DataFrame(), break_even=0.217,
    )  # fmt: skip


def treatment_of(*, n_alone: int = 23, trial: Trial | None = None, **changes) -> Treatment:
    """37 of 120 contracts to contact, 23 to leave alone; every number differs from every other."""
    verdicts = [CONTACT] * 37 + [UNDECIDED] * (120 - 37 - n_alone) + [LEAVE_ALONE] * n_alone
    rows = pd.DataFrame({"risk": np.linspace(0.6, 0.05, 120), "verdict": verdicts, "why": verdicts})
    made = replace(targeting(), **{name: changes.pop(name) for name in ("n_best", "break_even") if name in changes})
    if "best" in changes:
        strategies = made.strategies.copy()
        strategies.loc[0, ["expected", "lower", "upper"]] = changes.pop("best")
        made = replace(made, strategies=strategies)
    offer = Offer(contact_cost=1.3, incentive_cost=8.7, horizon_months=6, value_months=14.0)
    return Treatment(
        rows=rows, targeting=made, offer=offer, save_rate=believe_save_rate(0.31, 0.17, 0.46, confidence=0.95),
        trial=trial, n_unknown=0, confidence=0.95, assumptions=pd.DataFrame(),
    )  # fmt: skip


LIST = (
    "Contact 37 of 120 contracts (29 to 58 in the light of what is not known): expected profit 4,321 EUR (95 % interval"
)
ALONE = " 23 contracts (19 %) should be left alone."


def test_whom_to_contact_and_what_it_brings_by_hand():
    assert treatment_words.treatment_finding(treatment_of(), "EUR") == f"{LIST} 1,098 EUR to 7,654 EUR).{ALONE}"
    assert treatment_words.treatment_finding(treatment_of(n_alone=0), "EUR") == f"{LIST} 1,098 EUR to 7,654 EUR)."
    assert treatment_words.treatment_finding(treatment_of(n_alone=1), "EUR").endswith(
        " 1 contract (0.8 %) should be left alone."
    )
    nobody = treatment_of(n_best=0)
    assert treatment_words.treatment_finding(nobody, "EUR") == (
        f"Contact nobody: at a save rate of 31 % no contact brings more than it costs.{ALONE}"
    )
    assert treatment_words.strategy_finding(nobody, "EUR") == ""
    none = replace(treatment_of(), rows=treatment_of().rows.head(0))
    assert treatment_words.treatment_finding(none, "EUR") == (
        "No contract has both a risk and a margin, so there is nobody to choose from."
    )
    assert treatment_words.strategy_finding(treatment_of(), "EUR") == (
        "Contacting everybody would bring -2,109 EUR, as many by risk alone 3,210 EUR, nobody 0."
    )


def test_whom_to_keep_in_one_sentence_by_hand():
    assert keep_sentence(treatment_of(), "EUR", may_list=True) == (
        "Whom to keep: contact 37 of 120 running contracts, which should bring 4,321 EUR (95 % interval 1,098 EUR to "
        "7,654 EUR) if a contact wins over 31 % of those who would leave (an assumption)."
    )
    doubtful = treatment_of(best=(4321.0, 0.0, 7654.0))
    assert keep_sentence(doubtful, "EUR", may_list=False) == (
        "Whom to keep: at best 37 of 120 running contracts are worth a contact; it would bring 4,321 EUR if it wins "
        "over 31 % of those who would leave (an assumption), and a loss is not ruled out (0 EUR to 7,654 EUR). Nobody "
        "is named, for the risks did not hold or were not checked out of time."
    )
    assert keep_sentence(treatment_of(n_best=0), "EUR", may_list=True) == (
        "Whom to keep: of 120 running contracts none is worth a contact, if it wins over 31 % of those who would leave "
        "(an assumption)."
    )
    none = replace(treatment_of(), rows=treatment_of().rows.head(0))
    assert keep_sentence(none, "EUR", may_list=True) == (
        "Whom to keep cannot be said: no contract has both a risk and a margin."
    )
    section = contacts_section(None, None)
    assert repr(section).splitlines()[0] == "Whom to keep cannot be said. No risk of single customers could be told."


@pytest.mark.parametrize(("lower", "is_sure"), [(1.0, True), (0.0, False), (-1.0, False)])
def test_a_loss_is_not_ruled_out_from_nought_down(lower, is_sure):
    said = treatment_words.treatment_finding(treatment_of(best=(4321.0, lower, 7654.0)), "EUR")
    assert ("A loss is not ruled out." in said) is not is_sure


def test_the_save_rate_is_doubted_with_its_own_numbers():
    told = (
        "The save rate of 31 % (17 % to 46 %) is an ASSUMPTION: nothing in these records measures whether a contact "
        "keeps anybody."
    )
    assert treatment_words.save_rate_warning(treatment_of()) == (
        f"{told} Below a save rate of 22 % the list loses money."
    )
    assert treatment_words.save_rate_warning(treatment_of(break_even=np.nan)) == told


def a_trial(**changes) -> Trial:
    planted = {"leave_alone": 0.41, "leave_contacted": 0.28, "n_each": 211.2, "n_listed": 424, "power": 0.37}
    return Trial(**(planted | changes))


NEXT = (
    "Next step: contact a random half of the list, leave the other half alone, and compare. 41 % should leave if left "
    "alone and 28 % if contacted; 212 in each half show that in 8 of 10 trials (two-sided, 5 %). The list of "
)


def test_the_trial_by_hand():
    def said(**changes) -> str:
        return treatment_words.trial_finding(treatment_of(trial=a_trial(**changes)))

    assert said() == f"{NEXT}424 is long enough."
    assert said(n_listed=425) == f"{NEXT}425 is long enough."
    assert said(n_listed=423) == (
        f"{NEXT}423 is too short for that: halved, it would show it in 37 % of trials; repeat it with the lists of "
        "later months and add the results up."
    )
    assert said(n_each=np.inf) == "Nobody on the list is expected to leave, so a trial could not measure the save rate."
    assert treatment_words.trial_finding(treatment_of()).startswith("Only a trial with a control group")


def check_of(*, expected=0.27, n_listed=137, **changes) -> TreatmentCheck:
    curve = pd.DataFrame(
        {
            "threshold": [0.1, 0.2, 0.3],
            "net_benefit": [0.13, 0.09, 0.03],
            "lower": [0.09, 0.05, -0.01],
            "upper": [0.16, 0.12, 0.06],
            "treat_all": [0.11, 0.02, -0.1],
            "over_all_lower": [-0.01, 0.03, 0.08],
        }
    )
    return TreatmentCheck(
        **({"horizon_days": 184.0, "n_listed": n_listed, "expected_share": expected, "observed_share": 0.31,
            "lower": 0.24, "upper": 0.39, "leavers_share": 0.53, "listed_share": 0.16, "curve": curve,
            "threshold": 0.2, "empc": None} | changes)
    )  # fmt: skip


@pytest.mark.parametrize(("expected", "holds"), [(0.24, True), (0.39, True), (0.2399, False), (0.3901, False)])
def test_the_list_in_the_holdout_by_hand(expected, holds):
    check = check_of(expected=expected)
    risks = "as their risks said" if holds else f"where their risks said {100 * expected:.0f} %"
    assert treatment_words.check_finding(check) == (
        "In the holdout, in which nobody was contacted because of it, 31 % of the listed left (24 % to 39 %), "
        f"{risks}; the list is 16 % of the contracts and held 53 % of the leavers."
    )
    assert check.say() == (
        f"risks in a holdout of 184 days: 31 % of 137 listed contracts left (24 % to 39 %), {100 * expected:.0f} % "
        f"expected; {'agrees' if holds else 'does not agree'}; save rate not measured"
    )
    assert treatment_words.check_finding(check_of(n_listed=0)) == (
        "Nobody is on the list, so there is nothing to check in the holdout."
    )


@pytest.mark.parametrize(
    ("threshold", "title"),
    [
        (0.2, "Where a contact breaks even (risk 20 %), acting on these risks is better than contacting all or nob"),
        (0.1, "Where a contact breaks even (risk 10 %), acting on these risks is not surely better than contacting"),
        (0.3, "Where a contact breaks even (risk 30 %), acting on these risks is not surely better than contacting"),
        (np.nan, "Acting on these risks is better than contacting all or nobody at 20 %"),
    ],
)
def test_what_acting_on_the_risks_is_worth_by_hand(threshold, title):
    assert charts._benefit_title(check_of(threshold=threshold)).startswith(title)
    bad = check_of(threshold=np.nan)
    bad.curve["lower"] = -0.1
    assert charts._benefit_title(bad).startswith("Acting on these risks is at no threshold surely better")


def test_the_figures_of_a_treatment_are_its_own_numbers():
    alone = treatment_words.treatment_figures(treatment_of(), "EUR", window="w")
    customers, profit = check_figures(alone)
    assert (customers.id, customers.estimate, customers.lower, customers.upper) == ("churn.treat.customers", 37, 29, 58)
    assert (profit.id, profit.estimate, profit.lower, profit.upper) == (
        "churn.treat.expected_profit", 4321.0, 1098.0, 7654.0,
    )  # fmt: skip
    assert (customers.unit, profit.unit, customers.n, profit.n) == ("contracts", "EUR", 120, 120)
    assert (customers.label, profit.label) == (
        "Contracts to contact", "Expected profit of contacting them, over 14 months",
    )  # fmt: skip
    assert {figure.window for figure in alone} == {"w"}
    assert {figure.validation for figure in alone} == {"none"}
    assert customers.estimator == profit.estimator
    assert profit.estimator == (
        "contracts whose expected profit of a contact is above 0; save rate (beta) and risks (normal on the logit) "
        "simulated; the save rate is an assumption; 95 % interval"
    )
    checked = treatment_words.treatment_figures(treatment_of(), "EUR", window="w", check=check_of())
    assert {figure.validation for figure in checked} == {check_of().say()}


def test_verdicts_are_counted_the_contacted_first_and_those_left_alone_last():
    table = treatment_words.verdict_table(treatment_of())
    assert table["verdict"].tolist() == [CONTACT, UNDECIDED, LEAVE_ALONE]
    assert table["n"].tolist() == [37, 60, 23]
    risks = np.linspace(0.6, 0.05, 120)
    expected = [risks[:37].mean(), risks[37:97].mean(), risks[97:].mean()]
    assert table["mean_risk_share"].tolist() == pytest.approx(expected)
    assert list(table.columns) == ["verdict", "why", "n", "mean_risk_share"]


def test_the_picture_of_the_profit_says_the_same():
    with chart_style():
        title = charts.draw_profit(treatment_of(), "EUR").get_figure().get_suptitle()
        nobody = charts.draw_profit(treatment_of(n_best=0), "EUR").get_figure().get_suptitle()
    assert " ".join(title.split()) == "Contacting 37 of 120 brings most: 4,321 EUR expected"
    assert nobody == "No list is worth its contacts at the save rate assumed"


def rows_of(*risks: float, **more) -> pd.DataFrame:
    frame = pd.DataFrame({"contract_id": [f"k{i}" for i in range(len(risks))], "risk": risks})
    return frame.assign(**more)


def test_who_gets_which_verdict_by_hand():
    """Of value 6 x 20 = 120, from when they would have left on; incentive 8, contact 1, save rate 30 % (10 to 50)."""
    given = {"contact_cost": 1.0, "incentive_cost": 8.0, "horizon_months": 6, "save_rate": (0.3, 0.1, 0.5)}
    rows = rows_of(0.9, 0.5, 0.02, 0.9, 0.9, 0.3, own=[20.0, 20.0, 20.0, 1.0, 2.5, 20.0])
    found = choose_treatment(rows, margin_per_month="own", **given)
    by_id = found.rows.set_index("contract_id")
    assert by_id[["verdict", "why"]].sort_index().to_numpy().tolist() == [
        [CONTACT, "what is at stake outweighs the offer"],
        [CONTACT, "what is at stake outweighs the offer"],
        [LEAVE_ALONE, "too likely to stay for what is at stake: the offer would be given away"],
        [LEAVE_ALONE, "worth less than the incentive, even if kept"],
        # Leaving after .323 of the time on average it is worth 10.15: .3 x 2.15 is less than the contact's 1.
        [LEAVE_ALONE, "brings too little for the contact, even if sure to leave"],
        [UNDECIDED, "may pay, but not at the save rate assumed"],
    ]
    # At a risk of .5 the danger is ln 2 in the six months: leavers go after 1 / ln 2 - 1 = .4427 of them on average.
    worth = 20 * 6 * (1 - (1 / np.log(2) - 1))
    assert by_id.loc["k1", "worth_if_saved"] == pytest.approx(worth)
    cost = 1.0 + 0.5 * 8.0
    assert by_id.loc["k1", "expected_profit"] == pytest.approx(0.3 * 0.5 * (worth - 8.0) - cost)
    assert by_id.loc["k1", "break_even_save_rate"] == pytest.approx(cost / (0.5 * (worth - 8.0)))
    assert by_id["margin_per_month"].to_dict() == {"k0": 20.0, "k1": 20.0, "k2": 20.0, "k3": 1.0, "k4": 2.5, "k5": 20.0}
    trial = found.trial
    assert trial.n_listed == 2
    assert trial.leave_alone == pytest.approx(0.7)
    assert trial.leave_contacted == pytest.approx(0.7 * 0.7)
    assert trial.n_each == size_trial(trial.leave_alone, trial.leave_contacted)
    assert trial.power == power_of_trial(1.0, trial.leave_alone, trial.leave_contacted)
    check_frame(found.rows, estimate="expected_profit")
    check_frame(found.targeting.curve, estimate="expected")
    check_frame(found.targeting.strategies, estimate="expected")


def test_what_was_assumed_is_laid_open():
    found = choose_treatment(
        rows_of(0.5, 0.4, np.nan), margin_per_month=[17.0, 22.5, 3.0], contact_cost=1.25, incentive_cost=8.5,
        horizon_months=6, value_months=14, stayers_accept=0.7, woken_share=0.023, save_rate=(0.3, 0.2, 0.4),
    )  # fmt: skip
    assert found.assumptions.set_index("part")["value"].to_dict() == {
        "Save rate": "30 % of contacted would-be leavers stay (95 % range 20 % to 40 %)",
        "Margin": "19.75 a month on average",
        "Contact": "1.25 each",
        "Incentive": "8.50, for each leaver kept and 70 % of contacted stayers",
        "Stayers woken": "2.3 % of contacted stayers leave because of the contact",
        "Risk": "chance to leave within 6 months",
        "Value": "margin of 14 months from now; a kept leaver stays that long",
    }
    assert found.n_unknown == 1
    assert found.notes == ("The risks came without intervals, so theirs is not in these.",)
    assert (found.offer.stayers_accept, found.offer.woken_share, found.offer.value_months) == (0.7, 0.023, 14.0)
    given = {"margin_per_month": 1.0, "contact_cost": 1.0, "incentive_cost": 1.0, "horizon_months": 6}
    nobody = choose_treatment(rows_of(np.nan), **given)
    assert nobody.assumptions.set_index("part").loc["Margin", "value"] == "not known"
    assert nobody.trial is None


def test_the_error_of_a_risk_is_half_its_interval_on_the_logit():
    """.2 to .5 are 1.386 apart on the logit: over 2 x 1.960 .3537; of no or an endless width 0 and at most 5."""
    rows = rows_of(0.33, 0.5, 0.4).rename(columns={"risk": "risk_6m"}).assign(
        lower_6m=[0.2, 0.0, np.nan], upper_6m=[0.5, 1.0, np.nan]
    )  # fmt: skip
    told = _read_risks(rows, 6, 20.0, 0.95)
    assert told.std_error.tolist() == pytest.approx([np.log(4) / (2 * 1.959964), 5.0, 0.0], abs=1e-6)
    assert told.margin.tolist() == [20.0] * 3
    without = _read_risks(rows.rename(columns={"risk_6m": "risk"}).drop(columns=["lower_6m"]), 6, 20.0, 0.95)
    assert without.std_error.tolist() == [0.0] * 3


def test_usual_costs_are_to_two_figures_of_the_value():
    """A mean margin of 12.345 over 14 months is 172.83: .5 % are .864, 5 % are 8.64."""
    assert usual_costs(pd.Series([11.0, 13.69]), 14) == (0.86, 8.6)
    assert usual_costs(pd.Series([np.nan]), 14) == (0.0, 0.0)
    assert SAVE_RATE[0] == 0.3


def test_a_contact_breaks_even_where_the_saved_value_pays_for_it():
    """The first risk in steps of .001 at which .31 x gain exceeds cost, by the offer's own formulas."""
    treatment = treatment_of()
    risk = _break_even_risk(treatment, 21.0)
    margin = np.array([21.0, 21.0])
    near = np.array([risk - 0.001, risk])
    mean = treatment.save_rate.mean
    profit = mean * treatment.offer.gain(near, margin) - treatment.offer.cost(near, margin)
    assert profit[0] <= 0 < profit[1]
    assert np.isnan(_break_even_risk(treatment, 0.1))
    even = _thresholds(pd.Series([0.1, 0.2, 0.4]), np.nan)
    assert len(even) == 25
    assert even[-1] == pytest.approx(1.3 * pd.Series([0.1, 0.2, 0.4]).quantile(0.98))
    assert even[0] == pytest.approx(even[-1] / 25)
    assert sorted({*even, 0.111}) == _thresholds(pd.Series([0.1, 0.2, 0.4]), 0.111)
    assert _thresholds(pd.Series([0.1, 0.2, 0.4]), 0.9) == even
    assert _thresholds(pd.Series([0.9]), np.nan)[-1] == pytest.approx(0.95)
    assert _thresholds(pd.Series([0.001]), np.nan)[-1] == pytest.approx(0.05)


def test_the_list_is_held_against_who_left_by_hand():
    """Four of six on the list, of whom all but the last left within the 182 days; of the others nobody did."""
    rows = rows_of(0.95, 0.9, 0.85, 0.8, 0.001, 0.002).assign(customer_id=[f"c{i}" for i in range(6)])
    found = choose_treatment(rows, margin_per_month=40.0, contact_cost=1.0, incentive_cost=8.0, horizon_months=6)
    assert found.targeting.n_best == 4
    study = a_company(rows.rename(columns={"risk": "risk_6m"}), seed=4)
    frame = study.table("contracts").to_pandas()
    left = frame["ended_at"].notna().tolist()
    check = check_treatment(study, found)
    assert (check.n_listed, check.expected_share) == (4, pytest.approx((0.95 + 0.9 + 0.85 + 0.8) / 4))
    assert check.observed_share == sum(left[:4]) / 4
    assert check.leavers_share == sum(left[:4]) / sum(left)
    assert check.listed_share == pytest.approx(4 / 6)
    assert check.horizon_days == 184.0
