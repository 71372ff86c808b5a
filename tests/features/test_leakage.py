"""Features that look ahead are refused; ours do not."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import LeakageError
from crm_research.features.basket import build_basket
from crm_research.features.clock import days_between, instant
from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.gaps import count_gaps, count_spans
from crm_research.features.leakage import guard_fixed_in_time, guard_no_lookahead
from crm_research.features.panel import build_customer_periods, count_retention
from crm_research.features.purchases import build_purchases
from crm_research.features.rfm import build_outcomes, build_rfm, count_patterns
from crm_research.features.rhythm import build_rhythm
from crm_research.features.spells import build_spells, count_spells, count_spells_by_reason
from crm_research.features.window import known_rows
from tests.builders import a_study, orders
from tests.features.worlds import a_full_study, a_shop

OURS = [
    build_basket, build_customer_features, build_customer_periods, build_customers, build_purchases, build_rfm,
    build_rhythm, build_spells, count_gaps, count_patterns, count_retention, count_spans, count_spells,
    count_spells_by_reason,
]  # fmt: skip


@pytest.mark.parametrize("build", OURS, ids=lambda build: build.__name__)
def test_our_builders_read_the_past_alone(build):
    check = guard_no_lookahead(build, a_full_study())
    assert check.n_rows > 0
    assert check.n_rows_ahead >= 4  # an order, its line, a contract, a customer and a contact lie ahead


def spend_of_all_time(study):
    everything = study.table("orders")
    return everything.group_by("customer_id").agg(n=everything.count(), spend=everything.revenue.sum())


def ever_complained(study):
    complaints = study.table("contacts").filter(lambda t: t.kind == "complaint").select("customer_id").distinct()
    people = known_rows(study, "orders").select("customer_id").distinct()
    both = people.left_join(complaints, "customer_id")
    return both.select("customer_id", has_complained=both.customer_id_right.notnull())  # noqa: PD004 - Ibis


def tenure_to_the_true_end(study):
    deals = study.table("contracts")
    deals = deals.filter(deals.started_at <= instant(study.as_of))
    return deals.select("contract_id", days=days_between(deals.started_at, deals.ended_at))


def test_a_sum_over_all_time_is_refused_with_columns_and_customers():
    with pytest.raises(LeakageError, match=r"spend_of_all_time .* 1 customer, the columns n, spend differ"):
        guard_no_lookahead(spend_of_all_time, a_full_study())


def test_ever_complained_is_refused():
    with pytest.raises(LeakageError, match="has_complained"):
        guard_no_lookahead(ever_complained, a_full_study())


def test_a_tenure_that_knows_its_end_is_refused():
    with pytest.raises(LeakageError, match=r"for 1 row, the column days differs"):
        guard_no_lookahead(tenure_to_the_true_end, a_full_study())


def test_an_outcome_is_no_feature():
    with pytest.raises(LeakageError, match="holdout_orders, holdout_spend, is_repeat"):
        guard_no_lookahead(build_outcomes, a_full_study())


def test_lines_of_later_orders_are_refused_though_they_carry_no_time():
    def products_ever(study):
        return study.table("order_lines").group_by("product_id").agg(n=lambda t: t.count())

    with pytest.raises(LeakageError, match="1 row comes only from what happened later"):
        guard_no_lookahead(products_ever, a_full_study())


def test_customers_of_the_future_are_refused():
    def everybody(study):
        return study.table("customers").select("customer_id")

    with pytest.raises(LeakageError, match=r"1 customer, 1 row comes only from"):
        guard_no_lookahead(everybody, a_full_study())


def test_who_vanishes_through_the_future_is_refused():
    def never_came_back(study):
        later = study.table("orders").filter(lambda t: t.ordered_at > instant(study.as_of))
        people = known_rows(study, "orders").select("customer_id").distinct()
        return people.anti_join(later, "customer_id")

    with pytest.raises(LeakageError, match="1 row vanishes"):
        guard_no_lookahead(never_came_back, a_full_study())


def test_a_time_after_as_of_is_refused_even_where_both_sides_have_it():
    def next_visit(study):
        people = known_rows(study, "orders").select("customer_id").distinct()
        return people.mutate(next_at=instant(study.holdout_until))

    with pytest.raises(LeakageError, match=r"next_at \(4 rows\)"):
        guard_no_lookahead(next_visit, a_full_study())


def test_columns_made_of_future_values_are_refused():
    def one_column_a_channel(study):
        names = study.table("orders").order_id.execute().sort_values()
        known = known_rows(study, "orders")
        return known.group_by("customer_id").agg(**{f"in_{n}": (known.order_id == n).any() for n in names})

    with pytest.raises(LeakageError, match="in_o8"):
        guard_no_lookahead(one_column_a_channel, a_full_study())


def test_a_total_without_any_id_is_compared_as_well():
    def turnover(study):
        return study.table("orders").agg(revenue=lambda t: t.revenue.sum())

    with pytest.raises(LeakageError, match=r"1 row, the column revenue differs"):
        guard_no_lookahead(turnover, a_full_study())


def test_rounding_is_no_leak_and_missing_values_are_equal():
    def noisy(study):
        known = known_rows(study, "orders")
        rounded = known.group_by("customer_id").agg(spend=known.revenue.sum(), nothing=known.revenue.max().nullif(10.0))
        return rounded.mutate(spend=rounded.spend * (1 + 1e-13 * study.table("orders").count().as_scalar()))

    assert guard_no_lookahead(noisy, a_shop()).n_rows == 4


def test_a_study_without_a_future_proves_nothing_and_says_so():
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0)))
    assert guard_no_lookahead(spend_of_all_time, study).n_rows_ahead == 0


def test_repeated_and_empty_ids_are_matched_not_multiplied():
    frame = orders(*[("ann", "2024-01-01", 1.0)] * 3, ("bob", "2024-01-01", 1.0), ("bob", "2024-08-01", 1.0))
    frame.loc[3:, "customer_id"] = None
    study = a_study(orders=frame, holdout_until="2024-09-01")

    def ids(study):
        return known_rows(study, "orders").select("customer_id", "revenue")

    assert guard_no_lookahead(ids, study).n_rows == 4
    assert isinstance(ids(study).execute(), pd.DataFrame)


def spells_with_complaints(study):
    complaints = known_rows(study, "contacts").filter(lambda t: t.kind == "complaint").select("customer_id").distinct()
    spells = build_spells(study)
    both = spells.left_join(complaints, "customer_id")
    has_complained = both.customer_id_right.notnull()  # noqa: PD004 - Ibis
    return both.select("contract_id", "plan", "region", has_complained=has_complained)


def test_ever_complained_until_as_of_is_no_look_ahead_but_may_not_stand_for_a_contract_from_its_start():
    study = a_full_study()
    assert guard_no_lookahead(spells_with_complaints, study).n_rows == 3
    earlier = [pd.Timestamp("2024-04-01").to_pydatetime()]
    guard_fixed_in_time(spells_with_complaints, study, key="contract_id", columns=["plan", "region"], instants=earlier)
    with pytest.raises(LeakageError, match=r"has_complained \(2 rows\) changed between 2024-04-01 and 2024-07-01"):
        guard_fixed_in_time(
            spells_with_complaints, study, key="contract_id", columns=["plan", "has_complained"], instants=earlier
        )
