"""Whom to contact: from a study's fees and risks to the list, the holdout and the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.churn.decisions.charts import draw_net_benefit, draw_profit
from crm_research.pillars.churn.decisions.page import treatment_section
from crm_research.pillars.churn.decisions.treatment import (
    CONTACT,
    LEAVE_ALONE,
    SAVE_RATE,
    UNDECIDED,
    choose_treatment,
    read_margins,
    usual_costs,
)
from crm_research.pillars.churn.decisions.treatment_check import check_treatment
from crm_research.pillars.churn.decisions.treatment_words import (
    TREAT_CUSTOMERS,
    TREAT_PROFIT,
    check_finding,
    save_rate_warning,
    treatment_figures,
    treatment_finding,
    trial_finding,
    verdict_table,
)
from tests.builders import a_study
from tests.reporting.pages import bundles

GIVEN = {"margin_per_month": 20.0, "contact_cost": 1.0, "incentive_cost": 8.0, "horizon_months": 6}


def some_rows(n=400, *, seed=1, **more):
    risk = np.random.default_rng(seed).beta(1.2, 5, n)
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "risk_6m": risk,
            "lower_6m": risk * 0.7,
            "upper_6m": np.minimum(risk * 1.35, 0.99),
        }
    )
    return frame.assign(**more)


def a_company(rows, *, holdout=True, fee=40.0, seed=2):
    """A contract for each row, all begun before as_of; in the half year after it they leave by their risk."""
    rng = np.random.default_rng(seed)
    rate = -np.log1p(-rows["risk_6m"].to_numpy()) / 184
    days = np.minimum(np.ceil(rng.exponential(1 / rate)), 9999)
    as_of = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "contract_id": rows["contract_id"],
            "customer_id": rows["customer_id"],
            "started_at": as_of - pd.to_timedelta(rng.integers(100, 900, len(rows)), unit="D"),
            "ended_at": (as_of + pd.to_timedelta(days, unit="D")).where(days <= 184),
        }
    )
    if fee is not None:
        frame["fee"] = fee
    return a_study(contracts=frame, as_of="2024-01-01", holdout_until="2024-07-03" if holdout else None)


def shown(study, rows, **options) -> str:
    given = {"horizon_months": 6} | options
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: treatment_section(study, rows, **given).show()))


def test_the_list_is_ranked_by_profit_and_every_contract_has_a_verdict():
    found = choose_treatment(some_rows(), **GIVEN)
    assert found.rows["expected_profit"].is_monotonic_decreasing
    assert (found.rows["verdict"] == CONTACT).sum() == found.targeting.n_best
    assert set(found.rows["verdict"]) == {CONTACT, UNDECIDED, LEAVE_ALONE}
    assert (found.rows.loc[found.rows["verdict"] == CONTACT, "expected_profit"] > 0).all()
    assert (found.rows.loc[found.rows["verdict"] == LEAVE_ALONE, "upper"] < 5).all()
    assert len(found.rows) == 400
    assert verdict_table(found)["n"].sum() == 400


def test_the_true_best_list_is_found_where_save_rate_and_risks_are_right():
    """Simulated campaigns on the list, with saves and stayers drawn one by one, bring what was expected of it."""
    rows = some_rows(3000)
    found = choose_treatment(rows, **GIVEN)
    listed = found.rows.loc[found.rows["verdict"] == CONTACT]
    rng = np.random.default_rng(3)
    rate = -np.log1p(-listed["risk"].to_numpy()) / 6
    brought = []
    for _ in range(400):
        leaving = rng.exponential(1 / rate)
        leaves = leaving < 6
        kept = leaves & (rng.random(len(listed)) < 0.3)
        gain = kept * (20.0 * (6 - leaving) - 8.0) - 1.0 - ~leaves * 8.0
        brought.append(gain.sum())
    exact = choose_treatment(rows[["contract_id", "risk_6m"]], **(GIVEN | {"save_rate": (0.3, 0.3, 0.3)}))
    assert np.mean(brought) == pytest.approx(
        exact.targeting.customers["expected_profit"][found.targeting.customers["is_chosen"]].sum(),
        abs=3 * np.std(brought) / 20,
    )


def test_risks_without_limits_are_taken_as_known_and_that_is_said():
    rows = some_rows().rename(columns={"risk_6m": "risk"}).drop(columns=["lower_6m", "upper_6m"])
    found = choose_treatment(rows, **GIVEN)
    assert "without intervals" in found.notes[0]
    wide = choose_treatment(some_rows(), **GIVEN)
    assert wide.best["upper"] - wide.best["lower"] > found.best["upper"] - found.best["lower"]


def test_contracts_without_a_risk_or_a_margin_are_left_out_and_counted():
    rows = some_rows(10, own=[np.nan, *[20.0] * 9])
    rows.loc[3, ["risk_6m", "lower_6m", "upper_6m"]] = np.nan
    found = choose_treatment(rows, **(GIVEN | {"margin_per_month": "own"}))
    assert found.n_unknown == 2
    assert not {"k0", "k3"} & set(found.rows["contract_id"])


def test_who_is_worth_less_than_the_offer_is_left_alone_whatever_the_risk():
    rows = some_rows(2, risk_6m=[0.9, 0.5], lower_6m=[0.8, 0.4], upper_6m=[0.95, 0.6])
    found = choose_treatment(rows, **(GIVEN | {"margin_per_month": [1.0, 50.0]})).rows.set_index("contract_id")
    assert found.loc["k0", "verdict"] == LEAVE_ALONE
    assert found.loc["k0", "why"] == "worth less than the incentive, even if kept"
    assert found.loc["k1", "verdict"] == CONTACT


def test_a_fee_below_zero_is_no_price_and_stops_no_page():
    rows = some_rows(3)
    margins = read_margins(a_company(rows, fee=[-5.0, 10.0, 20.0]), rows)
    assert margins.isna().tolist() == [True, False, False]
    treatment = choose_treatment(
        rows, margin_per_month=margins.tolist(), contact_cost=1.0, incentive_cost=1.0, horizon_months=6
    )
    assert treatment.n_unknown == 1


def test_margins_come_from_the_fee_and_costs_in_the_published_proportion():
    rows = some_rows(20)
    margins = read_margins(a_company(rows), rows, margin_share=0.25)
    assert margins.tolist() == [10.0] * 20
    assert usual_costs(margins, 20) == (1.0, 10.0)  # of a value of 200: the published 1 and 10
    assert read_margins(a_company(rows, fee=None), rows) is None
    assert read_margins(a_company(rows, fee=0.0), rows) is None
    assert np.allclose(SAVE_RATE, (0.3, 0.1258, 0.5123), atol=2e-3)


def test_the_holdout_tells_whether_the_listed_left_as_often_as_said():
    rows = some_rows(3000)
    found = choose_treatment(rows, **GIVEN)
    check = check_treatment(a_company(rows), found)
    assert check.lower < check.expected_share < check.upper
    assert check.leavers_share > check.listed_share
    assert check.empc.profit > 0
    assert check.empc.lower < check.empc.profit < check.empc.upper
    at = check.curve.loc[np.isclose(check.curve["threshold"], check.threshold)].iloc[0]
    truth = rows["risk_6m"].to_numpy()
    odds = check.threshold / (1 - check.threshold)
    benefit = np.mean((truth >= check.threshold) * (truth - (1 - truth) * odds))
    assert at["lower"] < benefit < at["upper"]
    assert "as their risks said" in check_finding(check)


def test_risks_told_twice_too_high_do_not_pass_the_holdout():
    rows = some_rows(3000)
    louder = rows.assign(**{name: np.minimum(2 * rows[name], 0.99) for name in ("risk_6m", "lower_6m", "upper_6m")})
    check = check_treatment(a_company(rows), choose_treatment(louder, **GIVEN))
    assert check.upper < check.expected_share
    assert "does not agree" in check.say()
    assert "where their risks said" in check_finding(check)


def test_without_a_holdout_as_long_as_the_horizon_nothing_is_checked():
    rows = some_rows(100)
    found = choose_treatment(rows, **GIVEN)
    assert check_treatment(a_company(rows, holdout=False), found) is None
    longer = choose_treatment(
        rows.rename(columns=lambda name: name.replace("6m", "12m")), **(GIVEN | {"horizon_months": 12})
    )
    assert check_treatment(a_company(rows), longer) is None
    assert "not checked" in check_finding(None)


def test_the_trial_is_long_enough_or_said_to_be_too_short():
    small, large = choose_treatment(some_rows(300), **GIVEN), choose_treatment(some_rows(20_000), **GIVEN)
    assert "too short" in trial_finding(small)
    assert "is long enough" in trial_finding(large)
    assert large.trial.leave_contacted == pytest.approx(0.7 * large.trial.leave_alone)


def test_the_save_rate_is_called_an_assumption_and_the_break_even_named():
    told = save_rate_warning(choose_treatment(some_rows(), **GIVEN))
    assert "ASSUMPTION" in told
    assert "the list loses money" in told


def test_nobody_is_contacted_where_it_does_not_pay():
    found = choose_treatment(some_rows(), **(GIVEN | {"contact_cost": 500.0}))
    assert treatment_finding(found, "EUR").startswith("Contact nobody")
    assert found.trial is None
    assert "No list is worth" in draw_profit(found, "EUR").get_figure().get_suptitle()
    assert (found.rows["verdict"] == LEAVE_ALONE).all()


def test_figures_bear_the_ids_that_other_programs_read():
    rows = some_rows(800)
    found = choose_treatment(rows, **GIVEN)
    alone = treatment_figures(found, "EUR", window="2024")
    assert [figure.id for figure in alone] == [TREAT_CUSTOMERS, TREAT_PROFIT]
    assert {figure.validation for figure in alone} == {"none"}
    assert all(figure.lower <= figure.estimate <= figure.upper for figure in alone)
    checked = treatment_figures(found, "EUR", window="2024", check=check_treatment(a_company(rows), found))
    assert all("save rate not measured" in figure.validation for figure in checked)


def test_the_page_shows_list_profit_and_warning():
    rows = some_rows(600)
    told = shown(a_company(rows), rows, is_fit_for_lists=True)
    assert told.startswith("Note: Contact ")
    for part in ("ASSUMPTION", "Contact first", "Do not contact", "What was assumed", "Next step", "taken as 50 %"):
        assert part in told
    assert told.count("[picture") == 2


@pytest.mark.slow
def test_no_customer_is_named_unless_the_risks_held():
    rows = some_rows(300)
    told = shown(a_company(rows), rows)
    assert "no single customers are named" in told
    assert "k1 " not in told


def test_a_study_without_fees_asks_for_the_margin_and_takes_it():
    rows = some_rows(300)
    study = a_company(rows, fee=None)
    assert "Give margin_per_month" in shown(study, rows)
    told = shown(study, rows, margin_per_month=20.0, contact_cost=1.0, incentive_cost=8.0)
    assert "Contracts to contact" in told
    assert "taken as" not in told


def test_nobody_at_all_gets_a_note():
    rows = some_rows(5)
    assert "nobody to choose from" in shown(a_company(rows), rows.head(0))
    unknown = rows.assign(risk_6m=np.nan, lower_6m=np.nan, upper_6m=np.nan)
    assert "nobody to choose from" in shown(a_company(rows), unknown)


def test_the_picture_of_the_benefit_says_what_holds_where_a_contact_breaks_even():
    rows = some_rows(4000)
    check = check_treatment(a_company(rows), choose_treatment(rows, **GIVEN))
    title = draw_net_benefit(check, 0.95).get_figure().get_suptitle().replace("\n", " ")
    assert title.startswith("Where a contact breaks even")
    assert "is better than" in title


def test_the_same_seed_tells_the_same():
    one, other = (choose_treatment(some_rows(), **GIVEN, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.targeting.strategies, other.targeting.strategies)


def test_trouble_is_told():
    with pytest.raises(ParameterError, match="risk_12m"):
        choose_treatment(some_rows(), **(GIVEN | {"horizon_months": 12}))
    with pytest.raises(ParameterError, match="'margin'"):
        choose_treatment(some_rows(), **(GIVEN | {"margin_per_month": "margin"}))
    with pytest.raises(ParameterError, match="0 or more"):
        choose_treatment(some_rows(), **(GIVEN | {"margin_per_month": -1.0}))
    with pytest.raises(ParameterError, match="chances from 0 to 1"):
        choose_treatment(some_rows(3, risk_6m=[0.1, 0.2, 1.2]), **GIVEN)
    with pytest.raises(ParameterError, match="margin_share"):
        read_margins(a_company(some_rows(3)), some_rows(3), margin_share=0.0)
