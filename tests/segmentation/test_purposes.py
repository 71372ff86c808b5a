import numpy as np
import pandas as pd
import pytest

from crm_research.errors import LeakageError, NotEnoughData, ParameterError
from crm_research.pillars.segmentation.inputs.attributes import spread_levels
from crm_research.pillars.segmentation.inputs.choose import WORDS, build_inputs
from crm_research.pillars.segmentation.inputs.purposes import offer_inputs
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


def _use(periods, activities=("calls", "data"), n=60):
    rows = [
        (f"c{i:02}", activity, period, float(1 + (3 * i + 7 * place + len(activity)) % 9))
        for i in range(n)
        for activity in activities
        for place, period in enumerate(periods)
        if (i + place) % 3
    ]
    return pd.DataFrame(rows, columns=["customer_id", "activity", "period", "quantity"])


def test_usage_is_how_much_and_when():
    use = _use([f"2023-{month:02}-01" for month in range(6, 13)] + [f"2024-0{month}-01" for month in range(1, 7)])
    found = build_inputs(_study(activity_use=use), purpose="usage")
    # Mean over the periods in which anything was used; months tell no weekday and no hour.
    mean = use[use["activity"] == "calls"].groupby("customer_id")["quantity"].sum()
    ended = use[use["period"] < "2024-06-02"]
    assert found.customers.set_index("customer_id")["use of calls"].to_numpy() == pytest.approx(
        (mean / ended.groupby("customer_id")["period"].nunique()).to_numpy()
    )
    shares = found.customers.filter(like="share of use in quarter")
    assert shares.shape[1] == 4
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
    assert not found.customers.filter(like="share of use on").shape[1]


def test_hours_of_use_make_a_load_curve():
    use = _use([f"2024-06-{day:02}T{hour:02}:00" for day in (7, 8, 9) for hour in (2, 8, 14, 20)], ("power",))
    found = build_inputs(_study(activity_use=use), purpose="usage")
    assert found.customers.filter(regex="share of use on (nights|mornings|afternoons|evenings)").shape[1] == 4
    assert found.customers.filter(regex="share of use on week").shape[1] == 2


def test_a_period_that_has_not_ended_is_not_read():
    # as_of is 30 June 2024: the quarter from April to June has just ended, that from June to August has not.
    ended = build_inputs(_study(activity_use=_use(["2023-10-01", "2024-01-01", "2024-04-01"])), purpose="usage")
    use = _use(["2023-12-01", "2024-03-01", "2024-06-01"])
    running = build_inputs(_study(activity_use=use), purpose="usage")
    known = use[use["period"] < "2024-06-01"]
    total = known[known["activity"] == "data"].groupby("customer_id")["quantity"].sum()
    periods = known.groupby("customer_id")["period"].nunique()
    assert running.customers.set_index("customer_id")["use of data"].to_numpy() == pytest.approx(
        (total / periods).to_numpy()
    )
    assert len(ended.customers) == 60


def test_needs_take_the_discount_in():
    bought = _purchases().assign(discount=[1.0 * (i % 5) for i in range(len(_purchases()))], channel="web")
    bought.loc[::3, "channel"] = "store"
    found = build_inputs(a_study(orders=bought), purpose="needs")
    assert "discount_share" in found.used
    assert "share of spend through web" in found.used


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
