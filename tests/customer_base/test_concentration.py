import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData
from crm_research.pillars.customer_base import (
    RankedSpend,
    advice,
    charts,
    describe_base,
    measure_concentration,
    tables,
    words,
)
from crm_research.stats.concentration import concentration_of, limit_concentration
from tests.builders import a_study, orders


def _ranked(values, later=None):
    return RankedSpend(spend=np.sort(np.asarray(values, dtype=float))[::-1], holdout_spend=later)


def test_the_rule_of_the_fifth_is_recognised_where_it_holds():
    # Two of ten customers bring 400 each of 1,000: the fifth brings 80 %.
    found = measure_concentration(_ranked([400, 400] + [25] * 8))
    assert float(found.top20.estimate) == pytest.approx(0.8)
    assert float(found.customers_for_80.estimate) == pytest.approx(0.2)


def test_a_fifth_of_equal_customers_brings_a_fifth():
    found = measure_concentration(_ranked([7.0] * 25))
    assert float(found.top20.estimate) == pytest.approx(0.2)
    assert float(found.gini.estimate) == pytest.approx(0.0, abs=1e-12)


def test_gini_agrees_with_its_definition_by_mean_differences():
    spend = np.array([100.0, 40, 30, 10, 9, 8, 5, 3, 2, 1, 0])
    by_definition = np.abs(spend[:, None] - spend[None, :]).mean() / (2 * spend.mean())
    assert float(measure_concentration(_ranked(spend)).gini.estimate) == pytest.approx(by_definition)


@given(st.lists(st.floats(0.01, 1e6), min_size=10, max_size=60), st.floats(0.01, 100))
def test_another_currency_changes_no_share(spend, rate):
    values = np.sort(np.array(spend))[::-1]
    ones = np.ones(len(values))
    assert concentration_of(values, ones) == pytest.approx(concentration_of(values * rate, ones))


def test_resampling_weights_act_as_copies_of_customers():
    spend, weights = np.array([9.0, 5, 4, 2, 1]), np.array([2.0, 0, 1, 3, 4])
    copies = np.repeat(spend, weights.astype(int))
    assert concentration_of(spend, weights) == pytest.approx(concentration_of(copies, np.ones(len(copies))))


def test_customers_who_gave_back_more_than_they_bought_lift_the_others_above_the_whole():
    found = measure_concentration(_ranked([100.0] * 10 + [-50.0] * 2))
    assert found.n_losing == 2
    assert found.curve["revenue_share"].max() > 1
    assert found.curve["revenue_share"].iloc[-1] == pytest.approx(1)


@pytest.mark.parametrize("spend", [[5.0, 3, 1], [0.0] * 20, [-1.0] * 20])
def test_a_share_that_would_mean_nothing_is_refused(spend):
    with pytest.raises(NotEnoughData):
        measure_concentration(_ranked(spend))


def test_a_large_base_gets_the_interval_of_the_large_sample_formula():
    # Influence function of a Lorenz share: Var[(x - q)+ - S x] / (n mean^2) (Beach and Davidson 1983).
    spend = np.sort(np.random.default_rng(1).lognormal(3, 1, size=60_000))[::-1]
    found = measure_concentration(RankedSpend(spend=spend))
    share, cut = float(found.top20.estimate), np.quantile(spend, 0.8)
    error = (np.maximum(spend - cut, 0) - share * spend).std() / np.sqrt(len(spend)) / spend.mean()
    assert float(found.top20.upper - found.top20.lower) == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert len(found.curve) <= 201


@pytest.mark.slow
def test_intervals_cover_the_truth_about_as_often_as_stated():
    # Exponential spend: the fifth that spends most brings .2 (1 - ln .2) = 52.2 %.
    truth = 0.2 * (1 - np.log(0.2))
    rng = np.random.default_rng(2)
    covered = []
    for world in range(60):
        top = measure_concentration(_ranked(rng.exponential(size=300)), seed=world).top20
        covered.append(float(top.lower) <= truth <= float(top.upper))
    assert np.mean(covered) >= 0.85


def test_the_same_customers_are_followed_into_the_holdout():
    later = np.array([30.0, 10] + [5.0] * 8)
    found = measure_concentration(_ranked([400, 400] + [25] * 8, later))
    assert float(found.later_top20.estimate) == pytest.approx(0.5)
    assert found.tenths["later_share"].sum() == pytest.approx(1)


def test_tenths_add_up_to_the_whole():
    tenths = measure_concentration(_ranked(np.arange(1, 24))).tenths
    assert tenths["n_customers"].sum() == 23
    assert tenths["revenue_share"].sum() == pytest.approx(1)
    assert tenths["mean_spend"].is_monotonic_decreasing


def test_customers_who_spend_alike_have_a_gini_of_nought_to_the_last_digit():
    # 50 customers of 180.0: summed up, the last digits gave 1e-16 with limits of -1e-16 and 2e-16.
    gini = measure_concentration(_ranked([180.0] * 50)).gini
    assert [float(end) for end in gini] == [0.0, 0.0, 0.0]


def _with_one_giant(spread: bool):
    """Twenty buyers of 10 to 29, and one who brings 9,000: in one order, or in three of 3,000."""
    rows = [(f"c{i:02}", f"2024-0{1 + i % 5}-05", 10.0 + i) for i in range(20)]
    rows += [("big", f"2024-0{1 + i}-09", 3_000.0) for i in range(3)] if spread else [("big", "2024-03-03", 9_000.0)]
    return describe_base(a_study(orders=orders(*rows)))


def test_where_one_customer_brings_most_the_rule_of_thumb_is_not_judged():
    base = _with_one_giant(spread=True)
    assert base.concentration.top_customer_share == pytest.approx(9_000 / 9_390)
    assert not base.orders.is_one_order
    assert words.answer(base)[0] == (
        "One customer brings in 96 % of the revenue, so the rule of thumb that the top fifth bring in 80 % is not "
        "judged."
    )
    assert tables.claims_table(base)["verdict"].tolist() == ["not judged: one customer brings most"]
    told = [step.text for step in advice.steps(base)]
    assert "Look after the one customer who brings most of the revenue, and win others beside them." in told
    assert not any("top fifth" in text for text in told)
    assert advice.gravest_doubt(base) == ""
    assert charts.draw_concentration(base).figure.get_suptitle() == "One customer brings 96 % of the revenue"


def test_an_order_that_is_most_of_the_revenue_is_cautioned_of():
    base = _with_one_giant(spread=False)
    assert base.orders.largest == 9_000.0
    assert advice.gravest_doubt(base) == (
        "One order, of 9,000 EUR, makes up 96 % of the revenue: if it is wrong, so is every share of revenue here."
    )
    told = [step.text for step in advice.steps(base)]
    assert "Make sure that the order of 9,000 EUR is right: it alone is most of the revenue." in told


def test_half_of_the_revenue_is_not_most_of_it():
    rows = [(f"c{i:02}", "2024-02-05", 10.0) for i in range(20)]
    base = describe_base(a_study(orders=orders(*rows, ("big", "2024-03-03", 200.0))))
    assert not base.concentration.is_one_customer
    assert not base.orders.is_one_order


def test_shares_may_lie_above_the_whole_where_some_gave_back_more_than_they_bought():
    spend = np.concatenate([np.full(10, 50.0), np.full(10, -45.0)])
    top, gini, most = limit_concentration(spend, confidence=0.95, seed=6)
    assert float(top.estimate) == pytest.approx(200 / 50)
    assert float(top.upper) > 4
    # Twice the area above the curve: up to 500 over half of the customers, and down to 50 over the other half.
    assert float(gini.estimate) == pytest.approx(2 * (0.5 * 5 + 0.5 * 5.5) - 1)
    assert (float(most.estimate), float(most.upper) <= 1) == (pytest.approx(0.8 / 20), True)
