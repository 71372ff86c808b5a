"""Months are named only where they stand out; groups and reasons only where they differ from every other one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.models.survival import find_peaks
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.charts import draw_groups, draw_hazard, draw_reasons, draw_survival
from crm_research.pillars.churn.curves.group_words import group_finding, reason_finding, say_order
from crm_research.pillars.churn.curves.hazard_words import hazard_clause, hazard_finding
from crm_research.pillars.churn.curves.page import reasons_parts
from crm_research.pillars.churn.curves.words import answer
from crm_research.show import Chart
from tests.builders import a_study
from tests.churn.worlds import START, a_world


def described(frame: pd.DataFrame, **options):
    return describe_churn(a_study(as_of="2024-01-01", contracts=frame), **options)


def title_of(axes) -> str:
    return " ".join(axes.figure.get_suptitle().split())


def with_rates(leaving, *rows: tuple[int, int, float]):
    """The same analysis with other rates: month from 1 on, ends, and contracts watched for the month."""
    table = pd.DataFrame(rows, columns=["period_index", "n_ended", "exposure_days"])
    share = table["n_ended"] / table["exposure_days"]
    table = table.assign(
        period_index=table["period_index"] - 1,
        exposure_days=table["exposure_days"] * 30.4375,
        share=share,
        lower=share * 0.9,
        upper=share * 1.1,
    )
    return replace(leaving, rates=table, peaks=find_peaks(table))


@pytest.fixture(scope="module")
def constant():
    world = a_world(1500, daily_rate=1 / 500)
    return described(world.drop(columns="plan"))


def test_no_month_is_named_where_the_danger_is_constant(constant):
    assert constant.peaks.standing.empty
    average = f"{100 * constant.rule.monthly_share:.1f} %"
    assert hazard_finding(constant) == (
        f"No month stands out: in an average month {average} of those still there leave"
    )
    assert answer(constant)[1].endswith("; no month of a contract stands out as more dangerous than the average month.")
    assert title_of(draw_hazard(constant)).startswith("No month stands out")


def test_one_month_that_leads_is_named_with_its_own_numbers(constant):
    leaving = with_rates(constant, (1, 20, 1000.0), (2, 100, 1000.0), (3, 25, 1000.0))
    assert hazard_clause(leaving) == (
        "the danger is greatest in month 2 of a contract, in which 10 % of those still there leave (9.0 % to 11 %)"
    )
    assert hazard_finding(leaving).startswith("Month 2 is the most dangerous: 10 % leave, against ")


def test_a_month_that_stands_out_alone_is_not_called_the_worst_where_a_later_one_may_be(constant):
    rows = ((1, 120, 1000.0), (2, 35, 700.0), (3, 25, 500.0), (4, 18, 350.0), (5, 12, 240.0), (6, 12, 100.0))
    leaving = with_rates(constant, *rows)
    assert hazard_clause(leaving) == (
        "month 1 of a contract stands out as more dangerous than the average month: 12 % of those still there leave "
        "(11 % to 13 %)"
    )
    assert hazard_finding(leaving).startswith("Month 1 stands out: 12 % leave, against ")


def test_months_that_stand_out_alike_are_all_named_and_none_is_called_the_worst(constant):
    quiet = [(month, 10, 1000.0) for month in (4, 5, 6, 7, 8, 9, 10, 11, 13)]
    leaving = with_rates(constant, (1, 80, 1000.0), (2, 85, 1000.0), (3, 82, 1000.0), *quiet[:8], (12, 81, 1000.0))
    assert hazard_clause(leaving) == (
        "the danger stands out in months 1 to 3 and 12 of a contract; in month 1, 8.0 % of those still there leave "
        "(7.2 % to 8.8 %)"
    )
    assert hazard_finding(leaving).startswith("The danger stands out in months 1 to 3 and 12; in month 1, 8.0 % leave")


def test_a_group_that_cannot_be_told_from_the_next_does_not_leave_soonest():
    rng = np.random.default_rng(3)
    n = 3000
    started = START + pd.to_timedelta(rng.integers(0, 1400, n), unit="D")
    plan = rng.choice(["a", "b", "c"], n)
    ended = started + pd.to_timedelta(np.ceil(rng.exponential(np.where(plan == "c", 900, 300))), unit="D")
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended <= pd.Timestamp("2024-01-01")),
            "plan": plan,
        }
    )
    leaving = described(frame)
    assert say_order(leaving) in ("'c' leaves last, later than 'a'", "'c' leaves last, later than 'b'")
    assert "soonest" not in group_finding(leaving)
    assert title_of(draw_groups(leaving)) == say_order(leaving)


def test_a_tiny_group_that_left_at_once_is_not_called_the_first_to_leave():
    frame = a_world(600)
    frame.loc[0, "plan"] = "tiny"
    frame.loc[0, "ended_at"] = frame.loc[0, "started_at"] + pd.Timedelta(days=1)
    assert "tiny" not in say_order(described(frame))


def test_a_reason_is_called_the_commonest_only_where_it_is():
    world = a_world(2000, reasons=("price", "service", "moved"))
    leaving = described(world)
    assert reason_finding(leaving).startswith("No reason stands out as the commonest: within 2.3 years ")
    more = world.assign(end_reason=world["end_reason"].replace({"moved": "price"}))
    assert reason_finding(described(more)).startswith("Most often they leave because of 'price': ")
    assert title_of(draw_reasons(described(more))).startswith("Most often they leave because of 'price'")


def a_world_of_late_reasons() -> pd.DataFrame:
    """Of 200 contracts 6 leave for price and 5 for other reasons in the first year; 51 and 9 in the five after it."""
    price = [100 + 30 * i for i in range(6)] + [400 + 35 * i for i in range(51)]
    other = [110 + 30 * i for i in range(5)] + [450 + 190 * i for i in range(9)]
    days = [*price, *other, *[None] * (200 - len(price) - len(other))]
    started = pd.Series(pd.Timestamp("2017-01-01"), index=range(200))
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(200)],
            "customer_id": [f"c{i}" for i in range(200)],
            "started_at": started,
            "ended_at": [start + pd.Timedelta(days=n) if n else None for start, n in zip(started, days, strict=True)],
            "end_reason": ["price"] * len(price) + ["other"] * len(other) + [None] * (200 - len(price) - len(other)),
        }
    )


def test_reasons_are_told_at_the_tenure_up_to_which_the_page_looks():
    world = a_world_of_late_reasons()
    leaving = described(world)
    # 57 and 14 of 200: within the first year 6 and 5, which are not told apart.
    assert reason_finding(leaving) == (
        "Most often they leave because of 'price': 28 % (95 % interval 22 % to 35 %) within 6.0 years."
    )
    within = described(world, horizon_months=12)
    assert reason_finding(within) == (
        "No reason stands out as the commonest: within 12 months 3.0 % for 'price' and 2.5 % for 'other' have left."
    )
    chart = next(part for part in reasons_parts(leaving) if isinstance(part, Chart))
    shares = chart.data.set_index(["tenure_days", "reason"])["incidence"].round(3).to_dict()
    assert shares == {
        (366.0, "other"): 0.025,
        (366.0, "price"): 0.03,
        (2192.0, "other"): 0.07,
        (2192.0, "price"): 0.285,
    }


def test_no_answer_is_not_the_commonest_reason():
    world = a_world(1000, reasons=("price", "moved"))
    silent = world.assign(end_reason=world["end_reason"].where(world.index % 10 == 0))
    assert "not given" not in reason_finding(described(silent))


def test_the_title_of_the_curve_names_a_tenure_that_the_picture_shows():
    # Half have ended after about 12 months; asked for three, the picture ends there and so must its title.
    leaving = described(a_world(1500), horizon_months=3)
    title = title_of(draw_survival(leaving))
    share = leaving.survival.at(leaving.horizon_days)["survival"].item()
    assert title == f"{100 * share:.0f} % still run after 3 months"
    assert draw_survival(leaving).get_xlim()[1] == pytest.approx(3)


def test_contracts_that_outlast_the_records_are_counted_where_the_picture_ends():
    leaving = described(a_world(1500, daily_rate=1 / 9000))
    days = leaving.horizon_days
    assert days < leaving.survival.sizes["last_days"].item()
    share = leaving.survival.at(days)["survival"].item()
    assert f"{100 * share:.0f} %" in answer(leaving)[0]
    assert answer(leaving)[0].endswith(f"still run after {days / 365.25:.1f} years.")
