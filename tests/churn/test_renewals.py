"""Renewals of a study: retention by intake, forecasts judged, and a page that is true for thin records too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.figures import NO_VALIDATION
from crm_research.pillars.churn import describe_renewals
from crm_research.pillars.churn.renewals.charts import draw_intakes, draw_projection, draw_renewal_check, draw_retention
from crm_research.pillars.churn.renewals.figures import renewal_figures
from crm_research.pillars.churn.renewals.page import renewal_check_parts, renewals_parts
from crm_research.pillars.churn.renewals.tables import triangle_of
from crm_research.pillars.churn.renewals.words import (
    counting_note,
    fit_findings,
    heterogeneity_finding,
    projection_finding,
    renewal_finding,
)
from crm_research.show import Section
from tests.builders import a_study, contracts
from tests.churn.renewal_worlds import a_renewed_world
from tests.churn.worlds import a_world

WORLD = a_renewed_world(4000, late_days=2)


@pytest.fixture(scope="module")
def yearly():
    """Contracts renewed every year, with a holdout."""
    return describe_renewals(a_study(as_of="2022-06-30", holdout_until="2023-12-31", contracts=WORLD))


def test_the_period_is_found_and_the_mixture_recovered(yearly):
    assert (yearly.period_months, yearly.detection.is_by_appointment) == (12, True)
    alpha, beta = (figure for figure in renewal_figures(yearly)[1:3])
    assert alpha.lower < 0.7 < alpha.upper
    assert beta.lower < 2.5 < beta.upper
    assert yearly.observed["n_up"].is_monotonic_decreasing
    first = yearly.observed.iloc[0]
    assert first["lower"] < 2.5 / 3.2 < first["upper"]
    assert fit_findings(yearly) == []


def test_the_forecast_of_customers_who_differ_beats_one_rate_out_of_time(yearly):
    check = yearly.check
    assert check.is_holdout
    assert check.winner == "sBG"
    errors = check.errors.set_index("forecast")
    assert check.left_lower < errors.loc["sBG", "expected_left"] < check.left_upper
    assert errors.loc["constant rate", "error_share"] > 3 * errors.loc["sBG", "error_share"]
    assert errors["observed_left"].nunique() == 1
    assert check.by_renewal["n_up"].sum() == check.n


def test_decisions_judged_are_those_of_the_holdout_alone(yearly):
    whole = describe_renewals(a_study(as_of="2023-12-31", contracts=WORLD)).observed.set_index("renewal")
    known = yearly.observed.set_index("renewal")
    judged = yearly.check.by_renewal.set_index("renewal")
    for column in ("n_up", "n_left"):
        assert judged[column].to_dict() == (whole[column] - known[column].reindex(whole.index, fill_value=0)).to_dict()


def test_without_a_holdout_the_last_third_of_the_records_is_kept_apart():
    check = describe_renewals(a_study(as_of="2023-12-31", contracts=WORLD)).check
    assert check.basis.startswith("renewals from 2020-0")
    assert check.winner == "sBG"


def test_one_rate_is_not_called_worse_where_everybody_is_alike():
    renewals = describe_renewals(
        a_study(as_of="2022-06-30", holdout_until="2023-12-31", contracts=a_renewed_world(2500, alpha=200, beta=800))
    )
    assert renewals.check.winner is None
    assert abs(renewals.projection.iloc[-1]["survival"] - renewals.projection.iloc[-1]["rule_survival"]) < 0.1


def test_ends_at_any_time_are_counted_by_month_and_said_to_be():
    renewals = describe_renewals(a_study(as_of="2024-01-01", contracts=a_world(1500)))
    assert (renewals.period_months, renewals.detection.is_by_appointment) == (1, False)
    assert "not renewed at fixed moments" in counting_note(renewals)
    # Two plans at daily rates of 1/400 and 1/200: 0.893 stay for a mean month.
    truth = np.mean([np.exp(-30.44 / 400), np.exp(-30.44 / 200)])
    first = renewals.observed.iloc[0]
    assert first["lower"] < truth < first["upper"]
    assert renewals.groups["group"].tolist() == ["fixed", "flex"]
    assert renewals.groups_p_value < 1e-6


def a_snapshot(*, in_whole_months: bool):
    """Contracts whose dates were counted back from their tenure: all ends bear one date."""
    world = a_world(1500)
    until = pd.Timestamp("2024-01-01")
    tenure = (world["ended_at"].fillna(until) - world["started_at"]).dt.days
    started = until - pd.to_timedelta(tenure, unit="D")
    if in_whole_months:
        started = pd.Series([until - pd.DateOffset(months=int(days) // 30) for days in tenure])
    ended = pd.Series(pd.NaT, index=world.index).mask(world["ended_at"].notna(), until)
    return a_study(as_of="2024-01-01", contracts=world.assign(started_at=started, ended_at=ended))


def test_a_snapshot_of_days_has_no_renewals_to_count(capsys):
    """Its ends wait for an anniversary that never comes: counted, everybody would seem to go on."""
    renewals = describe_renewals(a_snapshot(in_whole_months=False))
    assert renewals.fit is None
    assert renewals.observed.empty
    assert "renewals cannot be counted" in renewal_finding(renewals)
    Section(*renewals_parts(renewals)).show()
    Section(*renewal_check_parts(renewals)).show()
    assert "100" not in capsys.readouterr().out


def test_a_snapshot_of_months_is_not_counted_by_years():
    assert describe_renewals(a_snapshot(in_whole_months=True), unit="year").fit is None


def test_a_snapshot_is_judged_by_later_renewals_and_has_no_intakes():
    renewals = describe_renewals(a_snapshot(in_whole_months=True))
    assert renewals.detection.is_snapshot
    assert renewals.triangle.empty
    assert "forecast from the first" in renewals.check.basis
    assert "All ends bear one date" in counting_note(renewals)


@pytest.mark.parametrize(
    ("unit", "months"), [("month", 1), ("quarter", 3), ("half-year", 6), ("year", 12), (18, 18), (None, 12)]
)
@pytest.mark.slow
def test_the_unit_may_be_asked_for(unit, months):
    study = a_study(as_of="2022-06-30", contracts=WORLD.head(400))
    assert describe_renewals(study, unit=unit, horizon_periods=3).period_months == months


@pytest.mark.parametrize(("name", "value"), [("unit", "week"), ("unit", 0), ("horizon_periods", 0), ("group", "shoe")])
def test_what_cannot_be_is_refused(name, value):
    with pytest.raises(ParameterError):
        describe_renewals(a_study(as_of="2022-06-30", contracts=WORLD.head(50)), **{name: value})


def test_the_triangle_is_the_product_of_retentions_in_few_cells():
    counts = pd.DataFrame(
        {
            "cohort": pd.to_datetime(["2020-01-01", "2020-01-01", "2021-01-01", "2019-01-01"]),
            "renewal": [1, 2, 1, 2],
            "n_up": [100, 80, 50, 40],
            "n_left": [20, 8, 5, 4],
        }
    )
    table = triangle_of(counts, 12)
    assert table.index.tolist() == ["2020", "2021"]  # of 2019 nobody was seen at the first renewal
    assert table.loc["2020"].tolist() == pytest.approx([0.8, 0.72])
    assert table.loc["2021", 1] == pytest.approx(0.9)
    assert np.isnan(table.loc["2021", 2])
    months = pd.DataFrame({"cohort": pd.date_range("2015-01-01", periods=90, freq="MS"), "renewal": 1})
    wide = pd.concat([months.assign(renewal=t, n_up=50, n_left=1) for t in range(1, 61)])
    small = triangle_of(wide, 1)
    assert len(small) <= 12
    assert small.shape[1] <= 8
    assert small.columns[0] == 1


def test_figures_carry_what_is_needed_to_doubt_them(yearly):
    first, alpha, beta, _ = renewal_figures(yearly)
    assert [figure.id for figure in (first, alpha, beta)] == [
        "churn.renewal.retention_1",
        "churn.renewal.sbg_alpha",
        "churn.renewal.sbg_beta",
    ]
    assert first.n == int(yearly.observed["n_up"].iloc[0])
    assert first.validation.startswith("holdout: ")
    assert first.validation.endswith("; agrees")
    assert alpha.validation == "holdout 2022-06-30 to 2023-12-31: closer than one rate"
    assert alpha.n == int(yearly.observed["n_up"].sum())
    assert "contracts begun from 2014-01" in beta.window


THIN = {
    "nothing known": contracts(("ann", "2030-01-01", None, None)),
    "too young": contracts(("ann", "2022-06-20", None, None)),
    "one customer": contracts(("ann", "2020-01-01", None, None)),
    "one end": contracts(("ann", "2020-01-01", "2021-01-01", None)),
    "all left": contracts(*[(f"c{i}", "2020-01-01", "2021-01-01", "价格") for i in range(30)]),
    "no ends": contracts(*[(f"c{i}", "2020-01-01", None, None) for i in range(30)]),
    "same day": contracts(*[(f"c{i}", "2020-01-01", "2020-01-01", None) for i in range(30)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", THIN)
def test_thin_records_give_a_page_and_no_error(name, capsys):
    renewals = describe_renewals(a_study(as_of="2022-06-30", holdout_until="2022-12-31", contracts=THIN[name]))
    Section(*renewals_parts(renewals)).show()
    Section(*renewal_check_parts(renewals)).show()
    assert "nan" not in capsys.readouterr().out.lower().replace("finance", "")
    for draw in (draw_retention, draw_projection, draw_intakes, draw_renewal_check):
        assert draw(renewals) is not None
    assert len(renewal_figures(renewals)) == 3 + (renewals.later is not None)
    if name in ("nothing known", "too young"):
        assert renewals.fit is None
        assert "No contract has come to a renewal yet" in renewal_finding(renewals)
        assert renewal_figures(renewals)[0].validation == NO_VALIDATION


def test_the_page_says_which_forecast_wins(yearly, capsys):
    Section(*renewals_parts(yearly)).show()
    Section(*renewal_check_parts(yearly)).show()
    out = capsys.readouterr().out
    assert "the model is closer" in out
    assert "Further periods" in out
    assert "proved less close" in projection_finding(yearly)
    assert "the restless go first" in heterogeneity_finding(yearly)
    assert "甲套餐" in out


def test_a_refuted_model_values_nobody(capsys):
    """All leave at the fifth renewal; what came before cannot tell."""
    started = pd.date_range("2014-01-01", "2018-12-31", periods=600).normalize()
    early = np.arange(600) % 10 == 0
    left_at = np.where(early, 1, 5)
    ended = [s + pd.DateOffset(years=int(n)) for s, n in zip(started, left_at, strict=True)]
    world = pd.DataFrame({"started_at": started, "ended_at": ended}).assign(
        contract_id=[f"k{i}" for i in range(600)], customer_id=[f"c{i}" for i in range(600)]
    )
    renewals = describe_renewals(a_study(as_of="2018-12-31", holdout_until="2023-12-31", contracts=world))
    assert renewals.check.winner == "constant rate"
    assert "came closer to what followed" in projection_finding(renewals)
    Section(*renewals_parts(renewals)).show()
    assert "Further periods" not in capsys.readouterr().out
