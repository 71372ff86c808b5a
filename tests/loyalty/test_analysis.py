"""What the loyalty analysis says of orders written by hand and of worlds whose truth is known."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.loyalty import LoyaltyPage, describe_loyalty
from crm_research.pillars.loyalty.repeat.charts import draw_depth, draw_retention, draw_triangle, draw_waits
from crm_research.pillars.loyalty.repeat.figures import key_figures, retention_figures
from crm_research.pillars.loyalty.repeat.words import answer, won_finding
from crm_research.theme import chart_style
from tests.builders import a_study, orders

DRAWINGS = (draw_waits, draw_depth, draw_retention, draw_triangle)


def a_world(n: int = 1500, *, seed: int = 1, daily_rate: float = 0.01, later_rate: float | None = None) -> pd.DataFrame:
    """Customers won evenly over 2023 who return at one rate for each wait; at another from 2023-10-01 on."""
    rng = np.random.default_rng(seed)
    first = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 270, n), unit="D")
    wait = np.ceil(rng.exponential(1 / daily_rate, n))
    second = first + pd.to_timedelta(wait, unit="D")
    if later_rate is not None:
        late = second > pd.Timestamp("2023-10-01")
        drawn = np.ceil(rng.exponential(1 / later_rate, n))
        second = second.where(
            ~late, pd.Series(first).clip(lower=pd.Timestamp("2023-10-01")).array + pd.to_timedelta(drawn, unit="D")
        )
    rows = [(f"c{i}", at, 10.0) for i, at in enumerate(first)] + [(f"c{i}", at, 10.0) for i, at in enumerate(second)]
    return orders(*rows)


def test_six_customers_by_hand():
    study = a_study(
        as_of="2024-03-01",
        orders=orders(
            ("a", "2024-01-01", 10.0),
            ("a", "2024-01-11", 10.0),  # back after 10 days
            ("b", "2024-01-01", 10.0),
            ("b", "2024-01-01", 5.0),  # the same day: one purchase
            ("c", "2024-02-10", 10.0),
            ("c", "2024-03-05", 10.0),  # after as_of: not back yet
            ("d", "2024-02-20", 10.0),
            ("d", "2024-02-22", -10.0),  # a return is no purchase
            ("e", "2024-01-05", 10.0),
            ("e", "2024-01-06", 10.0),  # cancelled
            ("f", "2024-04-01", 10.0),  # not known yet
            kind=["sale"] * 7 + ["return", "sale", "cancelled", "sale"],
        ),
    )
    loyalty = describe_loyalty(study)
    assert loyalty.repeat.loc[0, ["n", "n_repeat"]].tolist() == [5, 1]
    # At risk just before day 10: a, b (60 days), e (56) and d (10), c (20).
    assert loyalty.time_to_second.at(10)["n_at_risk"].item() == 5
    assert loyalty.time_to_second.at(10)["survival"].item() == pytest.approx(4 / 5)
    by_order = describe_loyalty(study, occasion="order")
    assert by_order.repeat.loc[0, "n_repeat"] == 2


def test_retention_by_hand_counts_complete_months_only():
    study = a_study(
        as_of="2024-03-15",
        orders=orders(
            ("a", "2024-01-05", 1.0),
            ("a", "2024-02-05", 1.0),
            ("b", "2024-01-20", 1.0),
            ("b", "2024-03-02", 1.0),
            ("c", "2024-02-01", 1.0),
        ),
    )
    triangle = describe_loyalty(study).retention.triangle
    january = triangle[triangle["cohort"] == "2024-01-01"].set_index("period_index")
    assert january["n_active"].to_dict() == {0: 2, 1: 1}  # March is not over
    assert january.loc[1, "retention_rate"] == 0.5


def test_a_known_rate_of_return_is_recovered_and_holds_out_of_time():
    study = a_study(as_of="2023-10-01", holdout_until="2024-01-01", orders=a_world(3000))
    loyalty = describe_loyalty(study)
    back = loyalty.time_to_second.at(90).iloc[0]
    assert back["lower"] - 0.01 <= np.exp(-0.9) <= back["upper"] + 0.01
    assert loyalty.holdout.holds
    assert "agrees" in key_figures(loyalty)[1].validation


def test_a_change_in_returning_is_caught_by_the_holdout():
    study = a_study(as_of="2023-10-01", holdout_until="2024-01-01", orders=a_world(3000, later_rate=0.002))
    loyalty = describe_loyalty(study)
    assert not loyalty.holdout.holds
    assert loyalty.holdout.observed_share < loyalty.holdout.expected_share


def test_records_that_begin_in_the_middle_of_a_business_are_flagged():
    new = a_world(600)
    old = [(f"old{i}", f"2023-01-{1 + i % 28:02d}", 1.0) for i in range(800)]
    old += [(f"old{i}", f"2023-02-{1 + i % 28:02d}", 1.0) for i in range(800)]
    both = pd.concat([new, orders(*old)], ignore_index=True)
    both["order_id"] = [f"o{i}" for i in range(len(both))]
    loyalty = describe_loyalty(a_study(as_of="2023-10-01", orders=both))
    assert loyalty.retention.first_holds_old_customers
    assert "2023-02-01" in loyalty.basis
    assert loyalty.time_to_second.sizes["n"].item() < 600
    assert loyalty.repeat["customers"].tolist() == ["all", "first seen in the first period", "first seen later"]
    plain = describe_loyalty(a_study(as_of="2023-10-01", orders=new))
    assert not plain.retention.first_holds_old_customers


def test_the_second_purchase_is_judged_against_the_first():
    loyalty = describe_loyalty(a_study(as_of="2024-06-01", orders=a_world(800)))
    # In this world nobody ever buys a third time.
    assert loyalty.won["gap_upper"].item() < 0
    assert "speak against the claim" in won_finding(loyalty)


THIN = {
    "no order yet": orders(("a", "2030-01-01", 1.0)),
    "one order": orders(("a", "2024-01-01", 1.0)),
    "one customer": orders(("a", "2024-01-01", 1.0), ("a", "2024-01-09", 1.0)),
    "all on one day": orders(*[(f"c{i}", "2024-06-30", 1.0) for i in range(40)]),
    "only returns": orders(("a", "2024-01-01", -1.0), kind=["return"]),
    "Chinese names": orders(*[(f"客户{i % 30}", f"2024-0{1 + i % 5}-03", 1.0) for i in range(90)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", THIN)
@pytest.mark.parametrize("period_months", [1, 12])
def test_thin_records_give_a_whole_page(case, period_months):
    study = a_study(as_of="2024-07-01", holdout_until="2024-08-01", orders=THIN[case])
    loyalty = describe_loyalty(study, period_months=period_months)
    assert 1 <= len(answer(loyalty)) <= 3
    for figure in [*key_figures(loyalty), *retention_figures(loyalty)]:
        figure.as_record()
    for draw in DRAWINGS:
        with chart_style():
            draw(loyalty).figure.savefig(BytesIO(), format="svg")
    page = LoyaltyPage(study, period_months=period_months)
    made = page.sections()
    empty = [name for name, section in made.items() if not section.parts]
    nobody = case in ("no order yet", "only returns")  # nobody to write to, and no ladder
    assert empty in ([["advice", "ladder_check"]] if nobody else [[], ["ladder_check"]])
    assert all(section._repr_html_() for section in made.values())


def test_a_shop_younger_than_the_horizon_does_not_know_the_share_that_is_back_by_then():
    # All thirty came back within a month; the first bought 100 days before as_of.
    first = [(f"c{i}", "2024-03-23", 10.0) for i in range(30)]
    again = [(f"c{i}", f"2024-04-{i % 20 + 1:02d}", 10.0) for i in range(30)]
    loyalty = describe_loyalty(a_study(as_of="2024-07-01", orders=orders(*first, *again)), repeat_days=(90, 365))
    back = loyalty.time_to_second.at([100, 101])["survival"]
    assert back[0] == 0
    assert np.isnan(back[1])
