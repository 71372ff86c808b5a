"""What raises loyalty: worlds in which nothing does must say so, and an effect put in must be found."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.effects.experiments import compare_discounts, compare_with_control, count_discounts
from crm_research.pillars.loyalty.effects.exposures import (
    QUICK,
    SLOW,
    TOLD,
    TOOK,
    find_addressed,
    find_complaints,
    find_takers,
)
from crm_research.pillars.loyalty.effects.first_order import fit_first_order, read_first_orders
from crm_research.pillars.loyalty.effects.landmark_rows import LEFT_OUT
from crm_research.pillars.loyalty.effects.page import (
    discounts_section,
    draw_first_order,
    experiments_section,
    first_order_section,
)
from crm_research.pillars.loyalty.effects.recovery_page import recovery_section
from crm_research.pillars.loyalty.rhythm.measure import describe_rhythm
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.loyalty.test_analysis import THIN
from tests.loyalty.test_rhythm import a_steady_world


def test_complaints_by_how_they_were_handled():
    contacts = pd.DataFrame(
        {
            "contact_id": ["1", "2", "3", "4"],
            "customer_id": ["ann", "bob", "cy", "dee"],
            "opened_at": ["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-05"],
            "closed_at": ["2024-01-04", "2024-02-20", None, "2024-01-10"],
            "kind": ["complaint", "complaint", "complaint", "enquiry"],
        }
    )
    found = find_complaints(a_study(as_of="2024-07-01", contacts=contacts), width_days=30).execute()
    groups = found.set_index("customer_id")["group"].to_dict()
    assert groups["ann"] == QUICK
    assert groups["cy"] == LEFT_OUT
    assert "dee" not in groups
    bob = found.loc[found["customer_id"] == "bob"].set_index("at")["group"]
    assert {at.month: group for at, group in bob.items()} == {1: LEFT_OUT, 2: SLOW}


def test_a_campaign_with_a_control_group_by_hand():
    people = [f"c{i}" for i in range(50)]
    targets = pd.DataFrame({"campaign_id": "m", "customer_id": people, "targeted_at": "2024-02-01",
                            "is_control": [i >= 25 for i in range(50)]})  # fmt: skip
    bought = orders(*[(f"c{i}", "2024-02-10", 10.0) for i in range(20)],
                    *[(f"c{i}", "2024-02-10", 4.0) for i in range(25, 30)],
                    ("c49", "2024-06-30", 99.0), ("c0", "2024-01-01", 1.0))  # fmt: skip
    study = a_study(as_of="2024-07-01", orders=bought, campaign_targets=targets)
    row = compare_with_control(study, days=30).iloc[0]
    assert (row["bought_addressed"], row["bought_control"]) == (0.8, 0.2)
    assert row["difference"] == pytest.approx(0.6)
    assert row["spend_difference"] == pytest.approx(200 / 25 - 20 / 25)
    assert row["lower"] > 0
    assert compare_with_control(study, days=200).empty  # nobody was followed so long


def test_discounts_by_hand():
    counts = pd.DataFrame({"n_purchases": [2, 2, 2], "n_discounted": [0, 1, 2], "n_customers": [30, 40, 30]})
    found = compare_discounts(counts).set_index("kind")
    assert found["n"].to_dict() == {"always": 30, "sometimes": 40, "never": 30}
    assert found["by_chance"].to_dict() == pytest.approx({"always": 0.25, "sometimes": 0.5, "never": 0.25})


def test_discounts_that_are_not_known_are_left_out():
    frame = orders(("a", "2024-01-01", 1.0), ("a", "2024-02-01", 1.0),
                   ("b", "2024-01-01", 1.0), ("b", "2024-03-01", 1.0),
                   discount=[0.5, 0.5, None, 0.0])  # fmt: skip
    assert count_discounts(a_study(orders=frame))["n_customers"].tolist() == [1]


def first_world(ratio: float = 2.0, n: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    coupon = rng.random(n) < 0.5
    first = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    wait = np.ceil(rng.exponential(100 / np.where(coupon, ratio, 1.0)))
    who = [f"c{i}" for i in range(n)]
    once = pd.DataFrame({"customer_id": who, "ordered_at": first, "discount": coupon.astype(float)})
    twice = pd.DataFrame({"customer_id": who, "ordered_at": first + pd.to_timedelta(wait, unit="D"), "discount": 0.0})
    both = pd.concat([once, twice], ignore_index=True)
    return both.assign(order_id=[f"o{i}" for i in range(len(both))], revenue=rng.lognormal(3, 0.5, len(both)))


def test_a_known_ratio_is_recovered_from_first_purchases():
    study = a_study(as_of="2024-01-01", orders=first_world())
    fit = fit_first_order(study, describe_loyalty(study))
    terms = fit.terms.set_index("covariate")
    ratio = terms.loc["at a discount"]
    held = ratio["hazard_ratio"] if ratio["reference"] in ("no", "False", False) else 1 / ratio["hazard_ratio"]
    assert held == pytest.approx(2.0, rel=0.15)
    assert terms.loc["basket, doubled", "lower"] < 1 < terms.loc["basket, doubled", "upper"]
    with chart_style():
        draw_first_order(fit).figure.savefig(BytesIO(), format="svg")


def test_first_purchases_read_nothing_later():
    frame = first_world(n=100)
    whole = a_study(as_of="2023-06-01", orders=frame)
    cut = a_study(as_of="2023-06-01", orders=frame.loc[frame["ordered_at"] <= "2023-06-01"])
    loyalty = describe_loyalty(cut)
    pd.testing.assert_frame_equal(read_first_orders(whole, loyalty), read_first_orders(cut, loyalty))


@pytest.mark.slow
def test_a_campaign_without_control_is_compared_with_those_alike():
    frame = a_steady_world(200, years=2)
    targets = pd.DataFrame(
        {"campaign_id": "m", "customer_id": [f"c{i}" for i in range(80)], "targeted_at": "2019-03-03"}
    )
    study = a_study(as_of="2019-10-01", orders=frame, campaign_targets=targets)
    loyalty = describe_loyalty(study, occasion="order")
    found = recovery_section(study, loyalty, describe_rhythm(study, loyalty)).result
    assert found["group"].tolist() == [TOLD]
    assert found["n"].tolist() == [80]
    assert find_addressed(a_study(orders=frame)) is None
    answers = targets.rename(columns={"targeted_at": "responded_at"})
    taken = find_takers(a_study(as_of="2019-10-01", orders=frame, campaign_responses=answers))
    assert set(taken.execute()["group"]) == {TOOK}
    kept = targets.assign(is_control=[i < 20 for i in range(80)])
    assert find_addressed(a_study(as_of="2019-10-01", orders=frame, campaign_targets=kept)) is None
    never = targets.assign(is_control=False)
    assert find_addressed(a_study(as_of="2019-10-01", orders=frame, campaign_targets=never)) is not None
    assert experiments_section(study, loyalty, None).result is None


@pytest.mark.parametrize("case", THIN)
def test_thin_records_give_notes(case):
    study = a_study(as_of="2024-07-01", orders=THIN[case])
    loyalty = describe_loyalty(study)
    assert len(repr(first_order_section(study, loyalty))) > 20
    assert discounts_section(study).result is None
    assert recovery_section(study, loyalty, None).result is None
    assert experiments_section(study, loyalty, None).result is None
