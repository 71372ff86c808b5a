"""What today's customers will still bring: money, parts, groups, and forecasts at past dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.value_rows import build_running_fees, build_value_rows, sum_money
from crm_research.pillars.value.lifetime import page as lifetime_page
from crm_research.pillars.value.lifetime import words
from crm_research.pillars.value.lifetime.backtest import plan_dates
from crm_research.pillars.value.lifetime.figures import backtest_figures, value_figures
from crm_research.pillars.value.lifetime.measure import by_tenth, by_year, list_valuable, measure_lifetime
from crm_research.pillars.value.lifetime.money import find_money
from tests.builders import a_study, contracts, orders

AS_OF = "2024-07-01"


def some_orders(n: int = 60, seed: int = 1, *, cost_share: float | None = None) -> pd.DataFrame:
    """Customers who buy at their own rate until they leave, over 18 months and the half year after."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n):
        at, gap, until = rng.uniform(0, 200), rng.gamma(2.0, 20.0), rng.exponential(500.0) + 10
        level = rng.gamma(8.0, 4.0)
        begun = at
        while at < 730 and at - begun < until:
            rows.append((f"c{customer:03d}", at, float(np.round(level * rng.gamma(5.0) / 5, 2)) + 1))
            at += rng.exponential(gap)
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"]).sort_values(["day", "customer_id"])
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    frame["ordered_at"] = at.dt.floor("s").astype(str)
    frame.insert(0, "order_id", [f"o{place}" for place in range(len(frame))])
    return frame if cost_share is None else frame.assign(cost=frame["revenue"] * cost_share)


@pytest.fixture(scope="module")
def valued():
    return measure_lifetime(a_study(as_of=AS_OF, orders=some_orders(200)), n_backtests=0)


def test_repeats_count_with_their_amounts_and_the_first_purchase_apart():
    study = a_study(
        as_of="2024-03-01",
        holdout_until="2024-04-01",
        orders=orders(
            ("ann", "2023-12-01 10:00", 10.0), ("ann", "2024-01-10 10:00", 20.0), ("ann", "2024-01-10 18:00", 5.0),
            ("ann", "2024-02-10 10:00", 7.0), ("ann", "2024-03-05 10:00", 40.0), ("bob", "2024-02-20", 3.0),
        ),
    )  # fmt: skip
    ann, bob = build_value_rows(study).order_by("customer_id").to_pandas().to_dict("records")
    assert (ann["frequency"], ann["spent"], ann["squared"], ann["all_spent"]) == (2, 32.0, 25.0**2 + 7.0**2, 42.0)
    assert (ann["recency_days"], ann["age_days"], ann["first_year"]) == (71.0, 91.0, 2023)
    # The last stretch is as long as the holdout: (2024-01-30, 2024-03-01].
    assert (ann["last_spent"], ann["later_spent"]) == (7.0, 40.0)
    assert (bob["frequency"], bob["spent"], bob["all_spent"], bob["last_spent"], bob["later_spent"]) == (0, 0, 3, 3, 0)


def test_margin_takes_off_the_cost_and_a_share_where_none_is_recorded():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01", 10.0), ("ann", "2024-02-01", 20.0), ("ann", "2024-03-01", 30.0),
            cost=[4.0, 25.0, None],
        )
    )  # fmt: skip
    row = build_value_rows(study, money="margin", cost_share=0.5).to_pandas().iloc[0]
    assert (row["spent"], row["squared"], row["all_spent"]) == (10.0, 25.0 + 225.0, 16.0)


def test_money_of_returns_and_cancelled_orders():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01", 100.0), ("ann", "2024-01-05", -30.0), ("ann", "2024-02-01", 50.0),
            kind=["sale", "return", "cancelled"],
        )
    )  # fmt: skip
    found = sum_money(study).to_pandas().iloc[0]
    assert (found["sales"], found["costed"], found["cost"], found["returned"]) == (100.0, 0.0, 0.0, 30.0)
    assert find_money(study, None).kept_share == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("cost", "margin_share", "source", "share"),
    [
        ([30.0, 30.0], None, "cost", 0.4),
        ([30.0, None], 0.9, "cost", 0.4),
        ([None, None], 0.25, "stated", 0.25),
        ([None, None], None, "revenue", None),
    ],
)
def test_cost_goes_before_a_stated_margin_and_that_before_revenue(cost, margin_share, source, share):
    study = a_study(orders=orders(("ann", "2024-01-01", 50.0), ("bob", "2024-01-05", 50.0), cost=cost))
    found = find_money(study, margin_share)
    assert found.source == source
    assert found.margin_share == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(("asked", "said"), [(30, "If 30 % is meant, give 0.3"), (0, "above 0"), (-0.2, "above 0")])
def test_a_margin_that_looks_like_a_percentage_is_asked_back(asked, said):
    with pytest.raises(ParameterError, match=said):
        find_money(a_study(orders=orders(("ann", "2024-01-01", 50.0))), asked)


def test_running_contracts_with_their_fees_and_who_also_buys():
    study = a_study(
        as_of="2024-07-01",
        orders=orders(("ann", "2024-01-01", 50.0)),
        contracts=contracts(
            ("ann", "2024-06-01", None, None), ("bob", "2024-06-01", None, None), ("cid", "2024-06-01", None, None),
            ("dan", "2023-06-01", "2024-01-01", "price"), ("eve", "2023-06-02", "2024-09-01", "price"),
            fee=[10.0, 10.0, 10.0, 99.0, None],
        ),
    )  # fmt: skip
    rows = build_running_fees(study).to_pandas()
    found = {
        (row.tenure_days, row.fee if row.fee == row.fee else None, row.has_orders): row.n_contracts
        for row in rows.itertuples()
    }
    assert found == {(30, 10.0, True): 1, (30, 10.0, False): 2, (395, None, False): 1}


def test_everybody_is_valued_once_and_parts_add_up(valued):
    assert valued.orders is not None
    total = valued.all["expected"]
    assert total == pytest.approx(valued.orders.value.expected.sum())
    assert by_tenth(valued)["expected"].sum() == pytest.approx(total)
    years = by_year(valued)
    assert years["expected"].sum() == pytest.approx(total)
    assert years["realised"].sum() == pytest.approx(valued.orders.rows["all_spent"].sum())
    assert len(list_valuable(valued, None)) == valued.n_customers == valued.orders.rows["customer_id"].nunique()
    assert list_valuable(valued, 3)["value"].is_monotonic_decreasing


def test_other_rates_are_worth_less_the_higher_they_are_and_the_one_used_agrees(valued):
    table = valued.sensitivity
    assert (table["expected"].diff().dropna() < 0).all()
    assert np.isnan(table.loc[table["rate"] == 0, "for_ever"]).all()
    used = table.loc[table["is_used"]].iloc[0]
    assert used["rate"] == 0.1
    assert used["expected"] == pytest.approx(valued.all["expected"])
    assert used["for_ever"] == pytest.approx(valued.all["for_ever"])


def test_revenue_is_never_called_profit_or_margin(valued):
    said = " ".join([words.say_value(valued), words.say_basis(valued)])
    assert "of revenue" in said
    assert "this is revenue and no profit" in said
    assert "margin" not in words.say_value(valued)


def test_without_a_backtest_nothing_is_said_of_who_won(valued):
    assert words.say_backtest(valued.backtest).startswith("No forecast was held against what came.")
    errors = backtest_figures(valued)
    assert [one.estimate for one in errors] == [None, None]
    assert value_figures(valued)[0].validation == "none"


def test_a_discount_rate_of_12_is_asked_back():
    with pytest.raises(ParameterError, match=r"If 12 % is meant, give 0\.12"):
        measure_lifetime(a_study(orders=orders(("ann", "2024-01-01", 50.0))), discount_rate=12)


@pytest.mark.parametrize("years", [0, -1, 51, float("nan")])
def test_years_that_are_none_are_asked_back(years):
    with pytest.raises(ParameterError, match="horizon_years must be above 0"):
        measure_lifetime(a_study(orders=orders(("ann", "2024-01-01", 50.0))), horizon_years=years)


def test_one_customer_has_no_value_and_the_page_says_why():
    found = measure_lifetime(a_study(orders=orders(("ann", "2024-01-01", 50.0))))
    assert not found.is_known
    assert words.say_missing(found).startswith("What customers will still bring cannot be told. ")
    assert [one.estimate for one in value_figures(found)] == [None, None]
    assert by_year(found).empty
    assert list_valuable(found).empty


def test_one_contract_that_never_ended_has_no_value_either():
    found = measure_lifetime(a_study(contracts=contracts(("ann", "2024-01-01", None, None), fee=[10.0])))
    assert not found.is_known
    assert "How long contracts last cannot be told" in found.why_no_fees


def test_contracts_without_fees_are_named():
    found = measure_lifetime(a_study(contracts=contracts(("ann", "2024-01-01", None, None))))
    assert found.why_no_fees == "The records hold no fees of contracts, so contracts cannot be valued."


def test_contracts_alone_are_valued_by_how_long_they_last():
    ended = [(f"c{k}", f"2023-{1 + k % 9:02d}-01", f"2024-{1 + k % 6:02d}-11", "price") for k in range(30)]
    running = [(f"r{k}", "2024-01-01", None, None) for k in range(10)]
    study = a_study(contracts=contracts(*ended, *running, fee=[20.0] * 40))
    found = measure_lifetime(study, margin_share=0.5, horizon_years=1.0, discount_rate=0.0)
    assert found.orders is None
    assert found.backtest is None
    assert found.fees is not None
    # At most twelve months of ten contracts at 10 each.
    assert 0 < found.all["expected"] < 10 * 12 * 10.0
    assert found.all["expected"] == pytest.approx(10 * 10.0 * found.fees.value.months[0])
    assert list(found.parts["part"]) == ["contracts"]


@pytest.mark.parametrize(
    ("first", "n", "days", "dates"),
    [
        ("2024-01-02", 3, 36, ["2024-05-26", "2024-04-20", "2024-03-15"]),
        ("2010-07-01", 2, 365, ["2023-07-02", "2022-07-02"]),
        ("2024-04-01", 3, 0, []),
        ("2010-07-01", 0, 0, []),
    ],
)
def test_past_dates_leave_records_before_and_a_stretch_after(first, n, days, dates):
    horizon, found = plan_dates(datetime.fromisoformat(first), datetime(2024, 7, 1), n)
    assert horizon == days
    assert [f"{one:%Y-%m-%d}" for one in found] == dates


@pytest.mark.slow
def test_past_dates_judge_by_what_was_known_then_and_choose_the_model():
    table = some_orders(300)
    study = a_study(as_of=AS_OF, orders=table)
    found = measure_lifetime(study, n_backtests=2)
    test = found.backtest
    assert found.orders is not None
    assert found.orders.why == "backtest"
    assert found.orders.model == test.best_model
    # What came at each date is what the records hold of those known then: nothing later, nothing twice.
    at = pd.to_datetime(table["ordered_at"])
    for made_at, rows in test.scores.groupby("made_at"):
        until = made_at + pd.Timedelta(days=test.horizon_days)
        known = set(table.loc[at <= made_at, "customer_id"])
        came = table.loc[(at > made_at) & (at <= until) & table["customer_id"].isin(known), "revenue"].sum()
        assert rows["total_came"].to_numpy() == pytest.approx(came)
        assert set(rows["n_customers"]) == {len(known)}
    assert set(test.pooled["forecast"]) >= {"Pareto/NBD", "MBG/NBD", "same as last period", "average times frequency"}
    later = table.assign(revenue=table["revenue"].where(at <= datetime(2024, 7, 1), 1e6))
    again = measure_lifetime(a_study(as_of=AS_OF, orders=later), n_backtests=2)
    assert again.all["expected"] == pytest.approx(found.all["expected"], rel=1e-9)


@pytest.mark.slow
def test_losses_of_customers_stay_losses():
    table = some_orders(300, cost_share=0.7)
    table["cost"] = table["cost"] + np.where(table["customer_id"].str[-1].isin(list("012345")), 20.0, 0.0)
    found = measure_lifetime(a_study(as_of=AS_OF, orders=table), n_backtests=1)
    assert found.orders is not None
    assert found.orders.spend.reason == "negative"
    assert (found.orders.value.expected < 0).any()
    assert "a loss stays a loss" in words.say_amounts(found)
    assert by_tenth(found)["expected"].iloc[-1] < 0


def test_without_a_discount_rate_the_table_leaves_out_what_comes_for_ever(valued):
    undiscounted = replace(valued, rate=0.0, parts=valued.parts.assign(for_ever=np.nan))
    (table, *_) = lifetime_page.value_section(undiscounted).tables
    assert list(table.columns) == ["part", "expected", "lower", "upper", "outcome_lower", "outcome_upper"]
    (table, *_) = lifetime_page.value_section(valued).tables
    assert list(table.columns)[-1] == "for_ever"
