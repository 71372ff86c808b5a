"""Sentences and titles where customers leave nothing, lose all, or are one: true, and inviting to no wrong number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.value import charts, words
from crm_research.pillars.value.keeping.words import say_price
from crm_research.pillars.value.lifetime import charts as lifetime_charts
from crm_research.pillars.value.lifetime import page as lifetime_page
from crm_research.pillars.value.lifetime import words as lifetime_words
from crm_research.pillars.value.lifetime.backtest import Backtest
from crm_research.pillars.value.profit.measure import measure_profit
from crm_research.pillars.value.tiers.measure import _lift, measure_tiers
from crm_research.theme import say_percent
from tests.builders import a_study, contracts, orders
from tests.value.test_keeping import a_base
from tests.value.test_odd_records import BUYERS, MONTHS
from tests.value.test_to_come import AS_OF, some_orders


def bought(*given_back: float, cost: float | None = None):
    """Twenty-four customers with 20 to 43 each; the first of them give back so many times what they bought."""
    back = [(who, at, -times * money) for (who, at, money), times in zip(BUYERS, given_back, strict=False)]
    extra = {} if cost is None else {"cost": [cost * money for *_, money in (*BUYERS, *back)]}
    kinds = ["sale"] * 24 + ["return"] * len(back)
    return a_study(orders=orders(*BUYERS, *back, kind=kinds, **extra))


@pytest.mark.slow
def test_where_all_lose_no_profit_is_parted_and_no_curve_rises():
    found = measure_profit(bought(cost=1.5))
    assert words.say_whale(found) == "Nobody leaves more than nothing, and all together lose 378 EUR."
    assert charts.whale_title(found, None) == "24 customers cost more than they bring: 378 EUR together"
    assert "A curve starts at nothing, and falls where customers cost" in charts.whale_alt(found, None)


@pytest.mark.slow
def test_a_share_of_what_is_left_before_losses_is_not_called_one_of_all():
    study = bought(6.0, 5.0)
    found, tiers = measure_profit(study), measure_tiers(study)
    gold = tiers.of("gold")
    share = say_percent(gold["n_customers"] / 24)
    assert charts.whale_title(found, tiers) == f"{share} of the customers bring 80 % of all revenue before losses"
    assert "and where it falls they gave back more than they bought" in charts.whale_caption(found)
    assert "and falls where customers gave back more than they bought" in charts.whale_alt(found, tiers)


@pytest.mark.slow
def test_with_few_customers_the_title_says_what_they_bring_and_not_what_the_rule_asks():
    study = bought()
    found, tiers = measure_profit(study), measure_tiers(study)
    assert tiers.of("gold")["n_customers"] == 18
    assert charts.whale_title(found, tiers) == "75 % of the customers bring 82 % of the revenue"


@pytest.mark.slow
def test_where_nobody_brought_anything_no_curve_is_told_of():
    found = measure_profit(a_study(orders=orders(*[(None, at, money) for _, at, money in BUYERS])))
    assert charts.whale_alt(found, None) == "No picture: nobody brought anything in these months."


@pytest.mark.slow
def test_one_gold_customer_is_one():
    study = a_study(orders=orders(("rich", MONTHS[0], 5000.0), *BUYERS))
    found, tiers = measure_profit(study), measure_tiers(study)
    assert words.say_gold(found, tiers).startswith("Gold is 1 of 25 customers, 4.0 %")
    assert words.say_loss_of_gold(found, tiers) == "Losing this one would cost 5,000 EUR of revenue a year."


@pytest.mark.parametrize("n", [10, 15, 18, 22])
def test_what_each_would_take_and_what_all_would_agree(n):
    ranked = pd.DataFrame({"n": 1.0, "total": [100.0, *np.arange(n, 0.0, -1)]})
    ranked = ranked.assign(lowest=ranked["total"], highest=ranked["total"])
    lift = _lift(ranked, (100.0, 0.5))
    assert lift["n_customers"].tolist() == [round(share * n) for share in (0.1, 0.25, 0.5, 1.0)]
    assert lift["more_together"].tolist() == pytest.approx(lift["n_customers"] * lift["more_each"])
    assert lift["more_together"].iloc[-1] == pytest.approx(100.0 * n - n * (n + 1) / 2)


def test_what_a_kept_customer_brings_is_no_limit_of_what_may_be_spent_where_it_is_no_profit():
    from crm_research.pillars.value.keeping.measure import measure_keeping

    found = measure_keeping(*a_base(), discount_rate=0.1)
    said = say_price(found, "revenue")
    assert "is worth revenue of 1,000 EUR for one who is gold and 100.00 EUR for one who is iron." in said
    assert "How much of it may be spent on keeping them is not known" in said
    assert "may cost up to 1,000 EUR" in say_price(found, "profit")


def pooled(*rows: tuple) -> Backtest:
    columns = ["forecast", "is_rule", "is_clearly_worse", "total_error", "captured", "regret"]
    return Backtest(
        dates=(), horizon_days=90.0, scores=pd.DataFrame(), pooled=pd.DataFrame(rows, columns=columns), n_customers=9,
        confidence=0.95,
    )  # fmt: skip


def test_what_came_to_nothing_has_no_share():
    test = pooled(
        ("BG/NBD", False, False, np.nan, np.nan, np.nan), ("same as last period", True, True, np.nan, np.nan, np.nan)
    )
    assert lifetime_words.say_capture(test) == ""
    said = lifetime_words.say_backtest(test)
    assert "clearly better than the best simple rule" in said
    assert said.endswith("in the last such stretch).")
    known = pooled(("BG/NBD", False, False, 0.1, 0.5, 0.2), ("same as last period", True, True, -0.3, 0.4, 0.3))
    assert lifetime_words.say_backtest(known).endswith("The model's total was 10 % too high, the rule's 30 % too low.")
    assert "brought 50 % of the money that came; no tenth could have brought more than 70 %" in (
        lifetime_words.say_capture(known)
    )


@pytest.fixture(scope="module")
def both():
    """Orders and contracts, with costs of the goods."""
    from crm_research.pillars.value.lifetime.measure import measure_lifetime

    rows = [(f"c{place:03d}", f"2023-{1 + place % 12:02d}-03", None, None) for place in range(40)]
    ended = [(f"d{place:03d}", "2023-01-03", f"2023-{3 + place % 9:02d}-03", None) for place in range(30)]
    study = a_study(
        as_of=AS_OF, orders=some_orders(120, cost_share=0.6), contracts=contracts(*rows, *ended, fee=[20.0] * 70)
    )
    return measure_lifetime(study, n_backtests=0, margin_share=0.3)


@pytest.mark.slow
def test_beside_contracts_a_tenth_of_buyers_brings_its_share_of_orders_alone(both):
    assert both.fees is not None
    assert lifetime_charts.tenths_title(both).endswith("of the orders to come")
    assert lifetime_charts.tenths_title(replace(both, fees=None)).endswith("of what is to come")
    years = lifetime_page.years_section(both)
    assert "The value of orders rises and falls with the margin one to one." in repr(years)
    assert "Orders alone: fees of contracts are not in it." in repr(years)
    assert "Orders alone: fees of contracts are not in it." in repr(lifetime_page.valuable_section(both))


@pytest.mark.slow
def test_what_is_left_out_or_passed_over_is_said(both):
    assert "The margin that was stated is not used." in lifetime_words.say_basis(both)
    assert "What the work for customers costs is not taken off." not in lifetime_words.say_basis(both)
    assert "What the work for customers costs is not taken off." in lifetime_words.say_basis(
        replace(both, leaves_work_out=True)
    )
    few = replace(both.basis, source="revenue", margin_share=None, costed_share=0.12, is_passed_over=False)
    assert lifetime_words.say_basis(replace(both, basis=few)).startswith(
        "The cost of goods is recorded for 12 % of sales only, too few to go by, and no margin was stated, so this is "
        "revenue and no profit."
    )


@pytest.mark.slow
def test_the_best_of_several_models_is_said_to_be_no_clearly_better_where_it_is_not(both):
    own = both.orders.model
    other = next(name for name in ("BG/NBD", "MBG/NBD") if name != own)
    for is_worse, said in ((True, "at past dates."), (False, "though not clearly less than every other.")):
        rows = ((own, False, False, 0.0, 0.5, 0.1), (other, False, is_worse, 0.0, 0.5, 0.1))
        told = replace(both, orders=replace(both.orders, why="backtest"), backtest=pooled(*rows))
        assert lifetime_words.say_model(told).endswith(said)


@pytest.mark.parametrize(("share", "said"), [(1 - 0.9, "10 %"), (1 - 1e-13, "100 %"), (0.99999, "over 99.99 %")])
def test_a_share_is_not_told_by_the_last_digits_of_a_float(share, said):
    assert say_percent(share) == said
