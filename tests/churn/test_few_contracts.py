"""What a page of few contracts, of one tenure, or of customers with several may say, to the letter."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.extrapolation import extrapolate_tenure
from crm_research.pillars.churn.curves.extrapolation_tables import curve_beyond
from crm_research.pillars.churn.curves.extrapolation_words import parting_finding
from crm_research.pillars.churn.curves.figures import MEAN, MEDIAN, key_figures
from crm_research.pillars.churn.curves.reason_page import reason_group_table, reason_groups_parts
from crm_research.pillars.churn.detection import detect_setting
from crm_research.pillars.churn.renewals.describe import describe_renewals
from crm_research.pillars.churn.renewals.words import counting_note
from crm_research.show.formats import format_estimate, format_interval
from tests.builders import a_study
from tests.churn.test_several_contracts import twins


def of_tenures(*days: int | None, begun: str = "2022-01-01", **columns: list):
    """A contract for each tenure, begun two days apart from each other; None still runs."""
    started = [pd.Timestamp(begun) + pd.Timedelta(days=2 * row) for row in range(len(days))]
    ended = [
        None if stay is None else start + pd.Timedelta(days=stay) for start, stay in zip(started, days, strict=True)
    ]
    names = [f"k{row}" for row in range(len(days))]
    frame = pd.DataFrame({"contract_id": names, "customer_id": names, "started_at": started, "ended_at": ended})
    return a_study(contracts=frame.assign(**columns))


def the_mean(leaving):
    return next(figure for figure in key_figures(leaving) if figure.id == MEAN)


def test_a_mean_that_says_nothing_is_not_known_and_none_is_ever_not_reached():
    figure = the_mean(describe_churn(of_tenures(31)))
    assert figure.label == "Mean tenure within the first 31 days (too few were watched to say)"
    assert (figure.estimate, format_estimate(figure), format_interval(figure)) == (None, "not known", None)


def test_a_mean_within_less_than_a_year_says_that_the_rest_is_not_counted():
    days = [*range(5, 65, 2), *[None] * 30]
    short = the_mean(describe_churn(of_tenures(*days, begun="2024-02-15")))
    assert short.label.endswith(" months (what lies beyond is not counted)")
    assert "beyond" not in the_mean(describe_churn(of_tenures(*days, begun="2021-02-15"))).label


def test_the_median_of_one_running_contract_is_not_known():
    figure = next(figure for figure in key_figures(describe_churn(of_tenures(None))) if figure.id == MEDIAN)
    assert (figure.lower, format_estimate(figure), format_interval(figure)) == (None, "not known", None)


def test_where_nobody_has_left_the_median_lies_beyond_the_longest_tenure_watched():
    # watched for 24 to 30 months, of which the picture shows whole quarters
    leaving = describe_churn(of_tenures(*[None] * 90))
    figure = next(figure for figure in key_figures(leaving) if figure.id == MEDIAN)
    assert leaving.survival.sizes["last_days"].item() == 912
    assert leaving.horizon_days < 900
    assert (figure.label, format_estimate(figure)) == ("Median tenure (fewer than half have left)", "over 2.5 years")


_REST = " Renewals by period are an approximation here; curves in days are not."
_OF_40 = "100 % of 40 ends (91 % to 100 %) come after just so long, seen to be no renewal."
_ONE = (
    "Whether they end at any time or when a renewal is due cannot be told: 100 % of 1 end lies within 3 days of a "
    "whole number of months after the start (21 % to 100 %); chance would put 23 % there."
)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([7] * 40, f"Most end 7 days after they begin: {_OF_40}"),
        ([0] * 40, f"Most end on the day they begin: {_OF_40}"),
        ([365], _ONE),
    ],
)
def test_ends_of_one_tenure_and_ends_too_few_are_not_said_to_come_at_any_time(days, said):
    assert detect_setting(of_tenures(*days, None, None)).say_timing() == f"{said}{_REST}"


def test_half_of_one_tenure_is_no_rule():
    # 20 of 40 on day 7: Wilson's lower limit is .352. The others on days that lie near no anniversary.
    detection = detect_setting(of_tenures(*[7] * 20, *range(40, 60), None))
    assert (detection.sizes.usual_days, detection.sizes.n_usual, detection.is_one_tenure) == (7, 20, False)
    assert "They end at any time" in detection.say_timing()


def test_a_plan_in_which_nobody_ended_stands_among_the_reasons_with_nought():
    days = [*range(20, 620, 15), *[None] * 20]
    reasons = [*["price", "moved"] * 20, *[None] * 20]
    plans = [*["basic", "plus"] * 20, *["gold"] * 20]
    leaving = describe_churn(of_tenures(*days, end_reason=reasons, plan=plans))
    table = reason_group_table(leaving)
    assert {"basic", "plus", "gold"} <= set(table.columns)
    assert table["gold"].tolist() == [0.0, 0.0]
    shares = leaving.reason_groups.at(366.0).set_index(["group", "reason"])["incidence"]
    assert table.set_index("reason").loc["price", "basic"] == shares["basic", "price"]


@pytest.mark.slow
def test_where_customers_hold_several_contracts_the_page_says_what_does_not_know_of_it():
    two, one = describe_churn(twins(2)), describe_churn(twins(1))
    notes = [list(reason_groups_parts(leaving))[1].note for leaving in (two, one)]
    said = (
        " Gray's test takes contracts as independent; here customers hold several, which may end together, so its p "
        "may be too small."
    )
    assert [note.endswith(said) for note in notes] == [True, False]
    told = [counting_note(describe_renewals(twins(copies))) for copies in (2, 1)]
    several = (
        " The 120 contracts belong to 60 customers; all limits of renewals, of the model as well, take contracts as "
        "independent, and are too narrow where those of one customer end together."
    )
    assert [note.endswith(several) for note in told] == [True, False]


def test_the_carried_curve_gives_no_second_share_where_the_records_have_one():
    days = [40, 60, 90, 200, 210, 320, 350, 700, None, None, None]
    leaving = describe_churn(of_tenures(*days))
    found = extrapolate_tenure(leaving)
    known = float(leaving.survival.sizes["known_days"].iloc[0])
    assert found.watched_days < leaving.days_at(12) <= known
    assert (curve_beyond(leaving, found)["tenure_days"] > known).all()
    assert parting_finding(leaving, found) == (
        "From 60 days on few were watched, and the dashed curve need not meet the share still there after 12 months "
        "that stands above: it serves the sum of tenure alone."
    )
    # Watched by enough up to a year: the two are one curve there.
    assert parting_finding(leaving, replace(found, watched_days=leaving.days_at(12))) == ""
