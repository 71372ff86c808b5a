import numpy as np
import pandas as pd
import pytest

from crm_research.errors import LeakageError, NotEnoughData, ParameterError
from crm_research.segmentation.inputs import WORDS, build_inputs
from crm_research.segmentation.purposes import offer_inputs, spread_levels
from tests.builders import a_study, orders


def _purchases(n=60):
    rows = [
        (f"c{i:02}", f"2024-0{1 + j % 6}-{1 + (i + j) % 27:02}T{(6 * j + i) % 24:02}:00", 10.0 + (7 * i + j) % 30)
        for i in range(n)
        for j in range(2 + i % 5)
    ]
    return orders(*rows)


def _study(**more):
    bought = _purchases()
    lines = bought[["order_id", "revenue"]].assign(product_id=[f"p{i % 3}" for i in range(len(bought))], quantity=1.0)
    products = pd.DataFrame({"product_id": ["p0", "p1", "p2"], "category": ["茶", "coffee", None]})
    n = 60
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(n)],
            "region": [("north", "south")[i % 2] for i in range(n)],
            "street": [f"street {i}" for i in range(n)],
            "age": [float(20 + i) for i in range(n)],
        }
    )
    attributes = {"customers": {"region": "category", "street": "category", "age": "number"}}
    return a_study(
        orders=bought, order_lines=lines, products=products, customers=customers, attributes=attributes, **more
    )


def test_needs_are_shares_of_spend_as_log_ratios():
    found = build_inputs(_study(), purpose="needs")
    names = [name for name in found.customers if name.startswith("share of spend on")]
    assert set(names) == {f"share of spend on {what}" for what in ("茶", "coffee", "unknown")}
    assert np.nansum(found.customers[names].to_numpy(), axis=1) == pytest.approx(1)
    assert found.purpose == "needs"
    assert "log ratio" in found.choice["reason"].iloc[0]


def test_rhythm_is_when_they_buy():
    found = build_inputs(_study(), purpose="rhythm")
    shares = found.customers[[name for name in found.customers if name.startswith("share of purchases on ")]]
    assert shares.filter(regex="week").sum(axis=1).to_numpy() == pytest.approx(1)
    assert not any("quarter" in name for name in found.customers)  # less than a year of records


def test_attributes_of_both_kinds_and_many_levels_are_pooled():
    found = build_inputs(_study(), purpose="attributes")
    assert {"age", "region north"} <= set(found.used)
    assert not any(name.startswith("street") for name in found.used)


def test_five_hundred_levels_become_at_most_nine():
    levels = spread_levels(pd.Series([f"level {i % 500}" for i in range(5_000)] + ["often"] * 500 + [None] * 600))
    assert set(levels) == {"often", "unknown", "any other"}
    assert sum(levels.values()).tolist() == [1.0] * 6_100


def test_attitudes_are_the_mean_answers_of_those_who_answered():
    answers = pd.DataFrame(
        {
            "response_id": [f"r{i}" for i in range(110)],
            "customer_id": [f"c{i % 55:02}" for i in range(110)],
            "asked_at": ["2024-03-01"] * 110,
            "item": ["price", "service"] * 55,
            "score": [float(1 + (i * i) % 7) for i in range(109)] + [99.0],
            "scale_min": 1.0,
            "scale_max": 7.0,
        }
    )
    found = build_inputs(_study(surveys=answers), purpose="attitudes")
    assert len(found.customers) == 55
    assert found.customers["answer to price"].dropna().between(0, 1).all()


def test_inputs_can_be_named():
    found = build_inputs(_study(), inputs=["n_orders", "age", "region"])
    assert found.used[:2] == ("n_orders", "age")
    assert found.purpose == "named inputs"


@pytest.mark.parametrize("name", ["holdout_spend", "is_repeat", "ended_at", "end_reason", "churned"])
def test_outcomes_are_refused_as_inputs(name):
    with pytest.raises(LeakageError, match=name):
        build_inputs(_study(), inputs=["n_orders", name])


def test_what_is_not_known_is_named():
    with pytest.raises(ParameterError, match="n_ordres"):
        build_inputs(_study(), inputs=["n_ordres"])
    with pytest.raises(ParameterError, match="purpose"):
        build_inputs(_study(), purpose="moods")
    with pytest.raises(ParameterError, match="at least one"):
        build_inputs(_study(), inputs=[])


@pytest.mark.parametrize("purpose", ["needs", "attributes", "attitudes"])
def test_a_study_of_orders_alone_says_what_is_missing(purpose):
    with pytest.raises(NotEnoughData):
        build_inputs(a_study(orders=_purchases()), purpose=purpose)


def test_nothing_after_as_of_is_read_for_any_purpose():
    study = _study()
    earlier = study.standing_at(pd.Timestamp("2024-04-01").to_pydatetime())
    bought = _purchases()
    cut = bought[bought["ordered_at"] <= "2024-04-01"]
    alone = a_study(as_of="2024-04-01", orders=cut)
    seen, held = (offer_inputs(which, purpose="rhythm").customers for which in (earlier, alone))
    names = [name for name in held if name.startswith("share of")]
    pd.testing.assert_frame_equal(seen[names], held[names])


def test_every_input_has_words():
    assert WORDS["n_orders"] == "number of purchases"
    assert WORDS["my_own_input"] == "my own input"
