"""The length of periods and horizons follows the time between purchases; a car dealer's is not a grocer's."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.errors import ParameterError
from crm_research.pillars.loyalty import choose_periods, describe_loyalty, milestones
from crm_research.pillars.loyalty.repeat.charts import cut_triangle, draw_retention, draw_triangle, draw_waits
from crm_research.pillars.loyalty.repeat.figures import key_figures, retention_figures
from crm_research.pillars.loyalty.repeat.page import depth_section, period_section, retention_section
from crm_research.pillars.loyalty.repeat.words import answer, period_finding
from crm_research.theme import chart_style
from tests.builders import a_study, orders

YEAR = 365.25
USUAL = (90.0, YEAR)


def a_dealer(n: int = 1500, *, years: float = 20, cycle_days: float = 3.2 * YEAR, seed: int = 7) -> pd.DataFrame:
    """Customers won evenly over the years, one to four purchases each, gaps gamma about the cycle; half stay away."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2003-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, years * YEAR, n)), unit="D")
    rows, here = [], np.arange(n)
    for _ in range(4):
        rows.append(pd.DataFrame({"customer_id": [f"c{i}" for i in here], "ordered_at": at, "revenue": 20_000.0}))
        stays = rng.random(len(here)) < 0.5
        here, at = here[stays], at[stays] + pd.to_timedelta(rng.gamma(9, cycle_days / 9, int(stays.sum())), unit="D")
    sold = pd.concat(rows, ignore_index=True)
    return sold.assign(order_id=[f"o{i}" for i in range(len(sold))], ordered_at=sold["ordered_at"].dt.floor("s"))


@pytest.fixture(scope="module")
def dealer():
    return a_study(as_of="2023-01-01", orders=a_dealer())


@pytest.fixture(scope="module")
def cars(dealer):
    return describe_loyalty(dealer)


def test_a_car_dealer_is_read_by_years(cars):
    period_choice = cars.period_choice
    assert period_choice.gap_days == pytest.approx(3.2 * YEAR, rel=0.1)
    assert (period_choice.period_months, period_choice.horizons_days) == (12, (3 * YEAR, 5 * YEAR))
    ids = [figure.id for figure in key_figures(cars)]
    assert ids == [
        "loyalty.repeat_rate", "loyalty.repeat_36m", "loyalty.repeat_60m", "loyalty.median_days_to_second",
    ]  # fmt: skip
    five_years = key_figures(cars)[2]
    assert five_years.label == "Back within 5 years of the first purchase"
    # Half of all come back at all, after gamma(9) gaps of 3.2 years on average: 93 % of them within five years.
    assert five_years.lower < 0.5 * 0.931 < five_years.upper
    assert "within 5 years" in " ".join(answer(cars))
    assert "first seen in one year" in " ".join(answer(cars))
    assert "3 years on, at the peak, 18 %" in " ".join(answer(cars))
    assert draw_retention(cars).figure.get_suptitle().startswith("Buying peaks in year 3")
    assert cars.depths["within_days"].iloc[0] == 5 * YEAR
    assert milestones(cars)["days"].tolist() == [365, 730, 1096, 1826, 3652]


def test_groups_of_retention_stay_months_after_the_first(cars):
    assert [figure.group for figure in retention_figures(cars)] == [str(12 * n) for n in range(1, 13)]
    assert "12 months" in retention_figures(cars)[0].estimator


def test_the_page_says_why(cars, dealer):
    said = period_finding(cars)
    assert "19.9 years" in said
    assert "usually let 3.0 years pass" in said
    assert "a picture cannot well show the 80 quarters of the records" in said
    assert "3 years and 5 years" in said
    assert said in repr(period_section(cars))
    by_hand = period_finding(describe_loyalty(dealer, period_months=3, repeat_days=[730]))
    assert "a quarter, as set by period_months" in by_hand
    assert "after 2 years, as set by repeat_days" in by_hand


@pytest.mark.slow
@pytest.mark.parametrize("period_months", [None, 1])
def test_the_heat_map_and_its_numbers_are_bounded(dealer, period_months):
    loyalty = describe_loyalty(dealer, period_months=period_months)
    ax = draw_triangle(loyalty)
    shown = ax.collections[0].get_array()
    cut = cut_triangle(loyalty)
    assert max(shown.shape) <= 60
    assert cut["cohort"].nunique() == shown.shape[0]
    assert int(cut["period_index"].max()) == shown.shape[1]
    assert len(cut) == int(np.isfinite(np.asarray(shown, dtype=float)).sum()) <= 60 * 60
    assert cut["cohort"].max() == loyalty.retention.triangle.loc[lambda t: t["period_index"] > 0, "cohort"].max()
    for draw in (draw_waits, draw_retention):
        with chart_style():
            draw(loyalty).figure.savefig(BytesIO(), format="svg")
    for part in (period_section, depth_section, retention_section):
        assert len(repr(part(loyalty))) > 20


def test_explicit_lengths_are_kept(dealer):
    monthly = describe_loyalty(dealer, period_months=1, repeat_days=[365, 90])
    assert monthly.retention.period_months == 1
    assert monthly.period_choice.horizons_days == (90.0, 365.0)
    assert [f.id for f in key_figures(monthly)][1:3] == ["loyalty.repeat_90d", "loyalty.repeat_12m"]
    assert [f.group for f in retention_figures(monthly)][:2] == ["1", "2"]


@pytest.mark.parametrize("wrong", [[], [0], [-3, 90], [math.inf]])
def test_horizons_that_are_none_are_refused(wrong):
    with pytest.raises(ParameterError, match="repeat_days"):
        choose_periods(a_study(orders=a_dealer(5)), repeat_days=wrong)


@pytest.mark.parametrize(
    ("cycle_days", "years", "period_months", "horizons"),
    [
        (40, 2, 1, USUAL),
        (40, 8, 3, USUAL),  # 96 months are too many
        (40, 20, 12, USUAL),
        (YEAR, 3, 1, (YEAR, 3 * YEAR)),
        (1.6 * YEAR, 5, 3, (YEAR, 3 * YEAR)),  # 60 months, and 20 of them between purchases
        (8 * YEAR, 40, 12, (5 * YEAR, 10 * YEAR)),
    ],
)
def test_the_period_grows_with_the_gap_and_the_records(cycle_days, years, period_months, horizons):
    sold = a_dealer(800, years=years, cycle_days=cycle_days)
    end = pd.Timestamp("2003-01-01") + pd.Timedelta(days=years * YEAR - 1)
    period_choice = choose_periods(a_study(as_of=f"{end:%Y-%m-%d}", orders=sold))
    assert (period_choice.period_months, period_choice.horizons_days) == (period_months, horizons)


def test_one_wrong_date_does_not_make_the_records_a_century_long():
    grocer = a_dealer(2000, years=2, cycle_days=40)
    wrong = orders(("x", "1900-01-01", 1.0)).assign(order_id="wrong")
    period_choice = choose_periods(a_study(as_of="2005-01-01", orders=pd.concat([grocer, wrong], ignore_index=True)))
    assert period_choice.period_months == 1


def test_without_returns_the_usual_lengths_are_taken_and_said():
    study = a_study(as_of="2024-07-01", orders=orders(*[(f"c{i}", f"2024-0{1 + i % 5}-03", 1.0) for i in range(90)]))
    loyalty = describe_loyalty(study)
    assert (loyalty.period_choice.period_months, loyalty.period_choice.horizons_days) == (1, USUAL)
    assert math.isnan(loyalty.period_choice.gap_days)
    assert "too few customers came back" in period_finding(loyalty)
    assert "12 months, as is usual" in period_finding(loyalty)


@pytest.mark.parametrize("name", ["cdnow", "complete-journey", "simulated"])
@pytest.mark.parametrize("occasion", ["day", "order"])
@pytest.mark.slow
def test_the_samples_keep_months_and_90_days(name, occasion):
    period_choice = choose_periods(open_study(name), occasion=occasion)
    assert (period_choice.period_months, period_choice.horizons_days) == (1, USUAL)
