"""Records that hold too little, or what nobody expects: a sound answer, or a note of what is missing."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.money_window import has_no_ends
from crm_research.features.takings import share_costed
from crm_research.pillars.value import ValuePage, words
from crm_research.pillars.value.advice import gravest_doubt
from crm_research.pillars.value.lifetime.measure import measure_lifetime
from crm_research.pillars.value.profit.measure import REVENUE, measure_profit, open_books
from crm_research.pillars.value.setting import cautions, say_counted
from crm_research.pillars.value.tiers.measure import NO_ENDS, measure_tiers
from crm_research.pillars.value.tiers.rule import make_rule
from tests.builders import a_study, contracts, orders

MONTHS = [f"2023-{month:02d}-05" for month in range(7, 13)] + [f"2024-{month:02d}-05" for month in range(1, 7)]
BUYERS = [(f"c{place:02d}", MONTHS[place % 12], 20.0 + place) for place in range(24)]
SNAPSHOT = [(f"c{place:02d}", f"2021-{1 + place % 12:02d}-05", None, None) for place in range(16)]


def costed(n: int, cost: float = 7.0) -> pd.DataFrame:
    return orders(*BUYERS, cost=[cost if place < n else None for place in range(24)])


@pytest.mark.slow
@pytest.mark.parametrize("n_costed", [0, 5])
def test_a_column_of_costs_that_is_all_but_empty_makes_no_profit(n_costed):
    found = measure_profit(a_study(orders=costed(n_costed)))
    assert found.noun == REVENUE
    assert not found.has_costs
    assert found.of_customers("goods") == 0
    assert found.total == sum(money for *_, money in BUYERS)
    assert found.is_reconciled
    share = sum(money for *_, money in BUYERS[:n_costed]) / sum(money for *_, money in BUYERS)
    assert found.costing.costed_share == pytest.approx(share)
    why = "the cost of goods is recorded for 15 % of sales only and left out" if n_costed else "the study records no"
    assert f"Which customers cost money is not known: {why}" in words.say_losing(found)
    assert any("no profit: who costs money is not seen" in said for said in cautions(found))


@pytest.mark.slow
def test_with_most_of_the_costs_it_is_profit_and_what_is_missing_is_the_gravest_doubt():
    found = measure_profit(a_study(orders=costed(18)))
    assert found.is_profit
    assert found.of_customers("goods") == 18 * 7.0
    assert gravest_doubt(found, None).startswith("The cost of goods is recorded for 68 % of sales only")


@pytest.mark.slow
def test_the_share_of_costed_sales_is_of_money_and_of_their_number_where_they_brought_none():
    def share(*rows, **extra):
        study = a_study(orders=orders(*rows, **extra))
        return share_costed(study, open_books(study).window)

    two = [("a", "2023-08-01", 30.0), ("b", "2023-08-01", 10.0)]
    assert share(*two, cost=[1.0, None]) == 0.75
    assert share(*[(who, at, 0.0) for who, at, _ in two], cost=[1.0, None]) == 0.5
    assert share(*two) is None
    assert share(*two, kind=["return", "return"], cost=[1.0, 1.0]) is None


@pytest.mark.slow
def test_tiers_with_costs_now_and_none_before_show_nobody_to_move():
    before = [(who, f"{2022 if int(at[5:7]) > 6 else 2023}{at[4:]}", money) for who, at, money in BUYERS]
    study = a_study(orders=orders(*before, *BUYERS, cost=[None] * 24 + [7.0] * 24))
    tiers = measure_tiers(study)
    assert tiers.stayed is None
    assert tiers.why_no_moves.startswith("The cost of goods is recorded in these months or in as many before")
    both = measure_tiers(a_study(orders=orders(*before, *BUYERS, cost=[7.0] * 48)))
    assert both.stayed is not None


@pytest.mark.slow
def test_contracts_without_fees_are_told_to_hold_no_money():
    page = ValuePage(
        a_study(contracts=contracts(("a", "2022-01-05", None, None), ("b", "2022-01-05", "2023-05-05", None)))
    )
    assert not page.result.has_income
    assert page.result.n_customers == 0
    assert page.result.is_reconciled
    assert "the records hold neither orders nor fees of contracts" in words.answer(page.result, page.parted)[0]
    assert say_counted(page.result) == "Nothing can be counted: the records hold neither orders nor fees of contracts."
    assert all(section is not None for section in page.sections().values())


@pytest.mark.slow
def test_costs_alone_make_no_customer_a_loss():
    contacts = pd.DataFrame(
        {"contact_id": ["k"], "customer_id": ["a"], "opened_at": ["2024-01-01"], "kind": ["complaint"], "cost": [9.0]}
    )
    found = measure_profit(a_study(contracts=contracts(("a", "2022-01-05", None, None)), contacts=contacts))
    assert (found.n_customers, found.n_losing, found.is_reconciled) == (0, 0, True)


@pytest.mark.slow
def test_orders_that_name_nobody_are_not_nobodys_absence():
    found = measure_profit(a_study(orders=orders(*[(None, at, money) for _, at, money in BUYERS])))
    said = words.answer(found, None)[0]
    assert said == (
        "Who earns us money is not known: all that came in from 2023-07-01 to 2024-06-30 (12 months), 756 EUR, names "
        "no customer."
    )


@pytest.mark.slow
def test_a_list_of_running_contracts_moves_nobody():
    study = a_study(contracts=contracts(*SNAPSHOT, fee=[10.0 + place for place in range(16)]))
    assert has_no_ends(study)
    tiers = measure_tiers(study)
    assert (tiers.stayed, tiers.why_no_moves) == (None, NO_ENDS)
    assert any(said.startswith("No end of any contract is recorded") for said in cautions(measure_profit(study)))
    ended = [*SNAPSHOT[:-1], ("c15", "2021-03-05", "2024-02-01", None)]
    assert not has_no_ends(a_study(contracts=contracts(*ended)))
    assert not has_no_ends(a_study(contracts=contracts(*SNAPSHOT[:9])))


@pytest.mark.parametrize(
    ("given", "kinds", "said"),
    [
        (1.0, True, "Customers gave back as much money as they ever brought, or more."),
        (2.5, True, "Customers gave back as much money as they ever brought, or more."),
        (0.0, False, "Nothing that customers bought brought any money."),
    ],
)
def test_returns_as_large_as_sales_and_gifts_promise_nothing(given, kinds, said):
    rows = [(who, at, money * (1.0 if kinds else 0.0)) for who, at, money in BUYERS]
    back = [(who, at, -given * money) for who, at, money in BUYERS] if kinds else []
    study = a_study(orders=orders(*rows, *back, kind=["sale"] * 24 + ["return"] * len(back)))
    found = measure_lifetime(study)
    assert not found.is_known
    assert found.why_no_orders == said
    assert found.backtest.reason == said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"months": 2.5}, "months must be a whole number from 1 to 120, not 2.5"),
        ({"months": "12"}, "months must be a whole number from 1 to 120, not '12'"),
        ({"capital_rate": "8 %"}, "capital_rate is a share a year"),
        ({"confidence": 95}, "95 % is 0.95"),
        ({"confidence": 1.0}, "95 % is 0.95"),
    ],
)
def test_what_cannot_be_is_asked_back_of_what_was_given(asked, said):
    with pytest.raises((ParameterError, ValueError), match=said):
        open_books(a_study(orders=orders(*BUYERS)), **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n_backtests": 2.5}, "n_backtests must be a whole number from 0 to 12, not 2.5"),
        ({"n_backtests": -1}, "n_backtests must be a whole number from 0 to 12, not -1"),
        ({"n_backtests": 13}, "n_backtests must be"),
        ({"discount_rate": "10 %"}, "discount_rate is a share a year, 0 or more (0.1 is 10 %), not '10 %'"),
        ({"discount_rate": None}, "discount_rate is a share a year"),
        ({"confidence": 95}, "95 % is 0.95"),
    ],
)
def test_so_is_what_is_asked_of_the_time_to_come(asked, said):
    with pytest.raises((ParameterError, ValueError), match=re.escape(said)):
        measure_lifetime(a_study(orders=orders(*BUYERS)), **asked)


def test_a_limit_of_gold_that_is_no_number_is_asked_back():
    with pytest.raises(ParameterError, match="must be more money than"):
        make_rule("value", float("nan"), 1.0)
