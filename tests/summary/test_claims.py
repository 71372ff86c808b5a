"""Sayings beside the records: answers by hand, the value of other reports, and reasons where nothing can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import REFUTED
from crm_research.pillars.summary.claims.measure import measure_claims, worth_of_keeping
from crm_research.pillars.summary.claims.sayings import AGREES, CANNOT_TELL, LESS, MORE, NO_NUMBER, SAYINGS, judge
from crm_research.results import read_results
from tests.builders import a_study, contracts, orders
from tests.summary.shelf import a_figure, put

EMPTY = None


def measured(tmp_path, study, **reports):
    claims = measure_claims(study, read_results(put(tmp_path, reports)))
    return {claim.saying.id.removeprefix("claims."): claim for claim in claims}


def some_orders(n=60, *, cost=None, first="2021-07-02"):
    """Each customer buys on the first day, and the first n // 2 again in each of the last two years."""
    rows = [(f"c{i}", first, 10.0 * (i + 1)) for i in range(n)]
    rows += [(f"c{i}", "2022-09-01", 20.0) for i in range(n)]
    rows += [(f"c{i}", "2023-09-01", 20.0) for i in range(n // 2)]
    rows += [(f"n{i}", "2024-01-01", 5.0) for i in range(10)]
    return orders(*rows, **({} if cost is None else {"cost": [cost] * len(rows)}))


def test_earlier_buyers_are_counted_by_order_and_day(tmp_path):
    claim = measured(tmp_path, a_study(orders=some_orders()))["earlier_buyers_share"]
    # In the year to 2024-07-01: 30 orders by earlier buyers, 10 by new ones.
    assert (claim.figure.estimate, claim.figure.n) == (0.75, 40)
    assert claim.figure.lower < 0.65 < claim.figure.upper
    assert claim.verdict == AGREES
    assert "records begin on 2021-07-02" in claim.figure.estimator


def test_an_order_on_the_same_day_makes_no_earlier_buyer(tmp_path):
    rows = [(f"c{i}", f"2024-01-01 {hour}:00", 1.0) for i in range(25) for hour in ("09", "15")]
    study = a_study(orders=orders(("old", "2020-01-01", 1.0), *rows))
    claim = measured(tmp_path, study)["earlier_buyers_share"]
    assert (claim.figure.estimate, claim.figure.n) == (0.0, 50)
    # Nobody of 25 customers: the limit is that of 25, not of 50 orders.
    assert (claim.figure.lower, claim.figure.upper) == (0.0, pytest.approx(0.1332, abs=1e-3))
    assert claim.verdict == LESS


def test_records_that_begin_late_cannot_tell_who_came_before(tmp_path):
    claim = measured(tmp_path, a_study(orders=some_orders(first="2022-08-01")))["earlier_buyers_share"]
    assert claim.verdict == CANNOT_TELL
    assert "they begin on 2022-08-01: who bought before that would count as new" in claim.why_not


def test_profit_is_told_where_costs_are_known_and_revenue_elsewhere(tmp_path):
    frame = some_orders(cost=4.0)
    with_costs = measured(tmp_path, a_study(orders=frame))["top_fifth_share"]
    profit = (frame["revenue"] - 4.0).groupby(frame["customer_id"]).sum().sort_values(ascending=False)
    assert with_costs.figure.estimate == pytest.approx(profit.iloc[:14].sum() / profit.sum(), abs=1e-9)
    assert with_costs.figure.n == 70
    assert "revenue less cost" in with_costs.figure.label
    frame.loc[:9, "cost"] = np.nan
    base = a_figure("base.top20_revenue_share", 0.61, 0.58, 0.66)
    without = measured(tmp_path, a_study(orders=frame), **{"customer-base": [base]})["top_fifth_share"]
    assert (without.figure.estimate, without.figure.lower, without.figure.upper) == (0.61, 0.58, 0.66)
    assert "of revenue, as costs are not known" in without.figure.label
    assert without.verdict == LESS


def test_what_another_report_measured_is_the_same_value_with_its_check(tmp_path):
    won = a_figure("loyalty.new_cycle_share", 0.27, 0.25, 0.29, group="in the next cycle or later")
    soon = a_figure("loyalty.new_cycle_share", 0.17, 0.15, 0.19, group="in the next cycle")
    back = a_figure(
        "loyalty.median_days_to_second", 19.0, 16.0, 21.0, unit="days", verdict=REFUTED, validation="holdout"
    )
    found = measured(tmp_path, a_study(orders=some_orders()), loyalty=[soon, won, back])
    assert (found["won_share"].figure.estimate, found["won_share"].verdict) == (0.27, NO_NUMBER)
    assert found["won_share"].figure.group is None
    returned = found["return_days"].figure
    assert (returned.estimate, returned.verdict, returned.validation) == (19.0, REFUTED, "holdout")
    assert returned.estimator == "counted; the same as loyalty.median_days_to_second"


def test_a_time_that_was_not_reached_cannot_be_told(tmp_path):
    back = a_figure("loyalty.median_days_to_second", None, unit="days")
    claim = measured(tmp_path, a_study(orders=some_orders()), loyalty=[back])["return_days"]
    assert claim.why_not == "too few have come back within the records to say when half of them are"


def test_keeping_is_worth_what_the_formula_says(tmp_path):
    # 80 of 100 kept, 10 % interest: .85/.25 over .8/.3 is 1.275.
    assert worth_of_keeping(0.8) == pytest.approx(0.275)
    seen = a_figure("churn.target.retention_seen", 0.8, 0.78, 0.82, n=900, verdict="agrees", validation="holdout: .79")
    study = a_study(contracts=contracts(("a", "2020-01-01", None, None)))
    claim = measured(tmp_path, study, churn=[seen])["profit_of_keeping"]
    assert claim.figure.estimate == pytest.approx(0.275)
    assert claim.figure.lower == pytest.approx(float(worth_of_keeping(0.78)))
    assert claim.figure.upper == pytest.approx(float(worth_of_keeping(0.82)))
    assert (claim.verdict, claim.figure.n) == (AGREES, 900)
    # That the share kept was checked says nothing of the rest of the formula.
    assert claim.figure.outcome == "untested"


def test_kept_buyers_are_counted_where_there_are_no_contracts(tmp_path):
    claim = measured(tmp_path, a_study(orders=some_orders()))["profit_of_keeping"]
    # 60 bought in the year before last, 30 of them in the last one: .55/.55 over .5/.6 is 1.2.
    assert (claim.figure.n, claim.figure.estimate) == (60, pytest.approx(0.2))
    assert claim.figure.lower <= claim.figure.estimate <= claim.figure.upper


def test_where_nearly_all_stay_five_more_cannot_be_kept(tmp_path):
    seen = a_figure("churn.target.retention_seen", 0.97, 0.96, 0.98)
    study = a_study(contracts=contracts(("a", "2020-01-01", None, None)))
    claim = measured(tmp_path, study, churn=[seen])["profit_of_keeping"]
    assert claim.why_not == "97 % are kept each year: 5 of 100 more cannot be"


def campaigns(**changes):
    held = {
        "campaign_id": ["k", "w", "b"], "kind": ["Retention", "Acquisition", "win back"], "cost": [100.0, 900.0, 7.0],
        "started_at": ["2024-01-01"] * 3,
    }  # fmt: skip
    return pd.DataFrame(held | changes)


def responses(kept, won):
    ids = ["k"] * kept + ["w"] * won
    who = [f"c{i}" for i in range(len(ids))]
    return pd.DataFrame({"campaign_id": ids, "customer_id": who, "responded_at": ["2024-02-01"] * len(ids)})


def test_costs_of_keeping_and_winning_are_those_of_their_campaigns(tmp_path):
    study = a_study(campaigns=campaigns(), campaign_responses=responses(50, 60))
    claim = measured(tmp_path, study)["keeping_cost_ratio"]
    # 2 a customer kept, 15 a customer won; the win-back campaign is neither.
    assert claim.figure.estimate == pytest.approx(2 / 15)
    assert (claim.verdict, claim.figure.n) == (AGREES, 110)


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({}, "they hold no campaigns with their responses"),
        ({"campaigns": campaigns().drop(columns="cost"), "campaign_responses": responses(50, 60)}, "have no costs"),
        (
            {"campaigns": campaigns(kind=["letter"] * 3), "campaign_responses": responses(50, 60)},
            "no campaign is said (kind, name) to be for keeping or for winning customers",
        ),
        ({"campaigns": campaigns(), "campaign_responses": responses(50, 3)}, "winning (3)"),
        ({"campaigns": campaigns(cost=[0.0] * 3), "campaign_responses": responses(50, 60)}, "or they cost nothing"),
    ],
)
def test_why_costs_cannot_be_told(tmp_path, tables, why):
    claim = measured(tmp_path, a_study(**({"orders": some_orders()} | tables)))["keeping_cost_ratio"]
    assert why in claim.why_not
    assert claim.figure.estimator.startswith("cannot be told from these records, because")


@pytest.mark.parametrize(
    "frame",
    [
        orders(("a", "2020-01-01", 1.0)),
        orders(("a", "2024-01-01", 0.0), cost=[0.0]),
        orders(*[(f"c{i}", "2021-01-01", 5.0) for i in range(30)], cost=[5.0] * 30),
        orders(*[(f"c{i}", "2024-01-01", -5.0) for i in range(30)], cost=[1.0] * 30),
        orders(*[(f"c{i}", "2020-01-01", 5.0) for i in range(30)], cost=[1.0] * 30, kind=["return"] * 30),
        orders(*[(f"c{i}", "2020-01-01", 5.0) for i in range(30)], cost=[1.0] * 30, kind=["cancelled"] * 30),
    ],
    ids=["one customer", "no revenue", "no profit", "negative", "returns", "cancelled"],
)
def test_degenerate_records_have_reasons_or_numbers_never_errors(tmp_path, frame):
    for claim in measured(tmp_path, a_study(orders=frame)).values():
        assert claim.why_not or np.isfinite(claim.figure.estimate)


def test_all_alike_is_a_fifth_without_limits(tmp_path):
    frame = orders(*[(f"c{i}", "2021-01-01", 5.0) for i in range(50)], cost=[1.0] * 50)
    figure = measured(tmp_path, a_study(orders=frame))["top_fifth_share"].figure
    assert (figure.estimate, figure.lower, figure.upper) == (pytest.approx(0.2), None, None)


def test_a_table_at_fault_is_the_reason_and_not_its_absence(tmp_path):
    study = a_study(contracts=contracts(("a", "2020-01-01", None, None)))
    claims = measure_claims(study, read_results(put(tmp_path, {})), left_out=frozenset({"orders"}))
    assert claims[0].why_not == "the table orders is at fault and not read"


def test_a_report_that_failed_or_does_not_apply_is_named(tmp_path):
    folder = put(tmp_path, {}, failed={"loyalty": "no"}, absent={"churn": "needs contracts"})
    claims = {one.saying.id: one for one in measure_claims(a_study(orders=some_orders()), read_results(folder))}
    assert claims["claims.won_share"].why_not == 'the report "Loyalty" failed'
    assert claims["claims.top_fifth_share"].why_not == "the report customer-base has not been made for this day"


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ((0.28, 0.24, 0.33), AGREES), ((0.28, 0.27, 0.29), AGREES), ((0.4, 0.31, 0.5), MORE), ((0.1, 0.02, 0.24), LESS),
        ((0.26, None, None), AGREES), ((0.5, 0.01, 0.99), CANNOT_TELL), ((None, None, None), CANNOT_TELL),
    ],
)  # fmt: skip
def test_the_rule_of_verdicts(numbers, verdict):
    saying = SAYINGS["claims.profit_of_keeping"]
    assert judge(saying, a_figure(saying.id, *numbers)) == verdict


def draw_world(rng, n=400, n_before=0.6):
    """Customers with their own rates of buying; the truth is the share of expected orders by earlier buyers."""
    rate = rng.gamma(1.2, 1.0, n)
    is_earlier = rng.random(n) < n_before
    counts = rng.poisson(rate)
    rows = [(f"c{i}", "2020-01-01", 1.0) for i in np.flatnonzero(is_earlier)]
    rows += [(f"c{i}", "2024-01-01", 1.0) for i in range(n) for _ in range(counts[i])]
    return orders(("first", "2019-01-01", 1.0), *rows)


@pytest.mark.slow
def test_intervals_of_earlier_buyers_cover_the_truth(tmp_path):
    from crm_research.pillars.summary.claims import measure

    rng = np.random.default_rng(31)
    n_worlds, n_hit = 400, 0
    for _ in range(n_worlds):
        asked = measure._Asked(a_study(orders=draw_world(rng)), read_results(tmp_path / "none"), 0.95, 1)
        figure = measure._earlier_buyers(asked).figure
        n_hit += figure.lower <= 0.6 <= figure.upper
    assert 0.93 <= n_hit / n_worlds <= 0.97


@pytest.mark.slow
def test_intervals_of_cost_ratios_cover_the_truth():
    from crm_research.stats.intervals import log_interval

    # Responders by chance at a fixed budget: 1 per 2 spent on keeping, 1 per 15 on winning.
    rng = np.random.default_rng(32)
    kept, won = rng.poisson(50, 4_000), rng.poisson(60, 4_000)
    ratio = (100 / kept) / (900 / won)
    limits = log_interval(ratio, ratio * np.sqrt(1 / kept + 1 / won))
    hits = np.mean((limits.lower <= 2 / 15) & (limits.upper >= 2 / 15))
    assert 0.93 <= hits <= 0.97


@pytest.mark.slow
def test_intervals_of_what_keeping_is_worth_cover_the_truth(tmp_path):
    from crm_research.pillars.summary.claims import measure
    from crm_research.stats.intervals import wilson_share

    rng, truth = np.random.default_rng(33), float(worth_of_keeping(0.7))
    asked = measure._Asked(a_study(orders=some_orders()), read_results(tmp_path / "none"), 0.95, 1)
    hits = []
    for n_kept in rng.binomial(300, 0.7, 1_000):
        share = wilson_share(n_kept, 300)
        figure = measure._worth(asked, [float(end) for end in share], n=300, window="", of="buyers").figure
        hits.append(figure.lower <= truth <= figure.upper)
    assert 0.93 <= np.mean(hits) <= 0.97
