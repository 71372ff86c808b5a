"""One window for every occasion: what came by as_of, what came after it until the end of the holdout, nothing twice."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.features.clock import days_after
from crm_research.features.leakage import guard_no_lookahead
from crm_research.features.purchases import build_later_purchases, build_purchases
from crm_research.features.rfm import build_outcomes, build_rfm
from crm_research.pillars.loyalty.repeat.counting import count_returns
from crm_research.pillars.silent_churn import check_money
from crm_research.pillars.silent_churn.counting import count_histories, count_purchase_days
from crm_research.pillars.silent_churn.holdout import SAME_AGAIN
from tests.builders import a_study, orders
from tests.features.worlds import rows

UNTIL = pd.Timestamp("2024-07-11")
# An instant at midnight, within a day, and the last second of one.
INSTANTS = ("2024-07-01", "2024-07-01 14:30", "2024-06-30 23:59:59")


def some_orders(*, has_times: bool) -> st.SearchStrategy[pd.DataFrame]:
    """Orders of four customers from 19 June to 13 July: many on the days of the three instants and of the end."""
    days = st.one_of(st.integers(0, 24), st.sampled_from([11, 12, 12, 12, 1, 2, 22]))
    minutes = st.sampled_from([0, 0, 1, 540, 870, 871, 1439]) if has_times else st.just(0)
    at = st.builds(lambda day, m: pd.Timestamp("2024-06-19") + pd.Timedelta(days=day, minutes=m), days, minutes)
    kind = st.sampled_from(["sale", "sale", "sale", "return", "cancelled"])
    one = st.tuples(st.sampled_from("abcd"), at, st.integers(1, 500), kind)

    def frame(found: list[tuple]) -> pd.DataFrame:
        made = pd.DataFrame(found, columns=["customer_id", "ordered_at", "revenue", "kind"])
        return made.assign(order_id=[f"o{i}" for i in range(len(made))], revenue=made.revenue.astype(float))

    return st.lists(one, min_size=1, max_size=25).map(frame)


def occasions(table) -> list[tuple]:
    held = rows(table, "customer_id", "ordered_at")
    return list(zip(held.customer_id, held.ordered_at, strict=True))


def days_of(frame: pd.DataFrame) -> set[tuple]:
    return set(zip(frame.customer_id, frame.ordered_at.dt.normalize(), strict=True))


@settings(max_examples=40, deadline=None)
@given(frame=st.booleans().flatmap(lambda has_times: some_orders(has_times=has_times)), as_of=st.sampled_from(INSTANTS))
@pytest.mark.slow
def test_nothing_after_as_of_is_known_and_nothing_before_it_is_missing(frame, as_of):
    study = a_study(as_of=as_of, holdout_until=str(UNTIL), orders=frame)
    instant = pd.Timestamp(as_of)
    sales = frame.loc[frame.kind == "sale"]
    known = sales.loc[sales.ordered_at <= instant]
    later = sales.loc[(sales.ordered_at > instant) & (sales.ordered_at <= UNTIL)]

    # By order: each sale once, on its side.
    assert occasions(build_purchases(study)) == sorted(zip(known.customer_id, known.ordered_at, strict=True))
    assert occasions(build_later_purchases(study)) == sorted(zip(later.customer_id, later.ordered_at, strict=True))
    # By day: what is known and what came later are together what is seen from the end, and no day is in both.
    before, after = (occasions(build(study, occasion="day")) for build in (build_purchases, build_later_purchases))
    assert set(before) == days_of(known)
    assert set(after) == days_of(later) - days_of(known)
    assert sorted(before + after) == occasions(build_purchases(study.standing_at(UNTIL), occasion="day"))

    # Histories, their outcomes and the money are made of the same.
    people = known.customer_id.unique()
    theirs = {pair for pair in after if pair[0] in people}
    bought = rows(build_rfm(study, occasion="day"))
    assert bought.n_orders.sum() == len(before)
    outcomes = rows(build_outcomes(study, occasion="day"))
    assert outcomes.holdout_orders.sum() == len(theirs)
    assert set(outcomes.loc[outcomes.is_repeat, "customer_id"]) == {pair[0] for pair in theirs}
    counted = count_histories(study)
    assert ((counted.frequency + 1) * counted.n_customers).sum() == len(before)
    assert (counted.n_later * counted.n_customers).sum() == len(theirs)
    since = instant - (UNTIL - instant)
    firsts = known.sort_values("ordered_at").assign(day=known.ordered_at.dt.normalize())
    firsts = firsts.groupby(["customer_id", "day"], as_index=False)["ordered_at"].min()
    repeats = firsts.loc[firsts.groupby("customer_id").cumcount() > 0]
    assert (counted.n_last * counted.n_customers).sum() == (repeats.ordered_at > since).sum()
    days = count_purchase_days(study)
    assert days.loc[days.day <= 0, "n_purchases"].sum() == len(before)
    assert days.loc[days.day > 0, "n_purchases"].sum() == len(theirs)
    assert days.n_first.sum() == len(people)
    assert days.loc[days.day > 0, "n_first"].sum() == 0
    if len(people):
        money = check_money(study, None, None, horizon_days=10.0, confidence=0.95)
        came = later.loc[later.customer_id.isin(people), "revenue"].sum()
        assert money.loc[money["money"] == "revenue", "total_observed"].tolist() == [came, came]
    once = {name for name, n in pd.Series([pair[0] for pair in before]).value_counts().items() if n == 1}
    returns = count_returns(study, occasion="day")
    assert returns.n.sum() == len(once)
    assert returns.loc[returns.wait_days.notna(), "n"].sum() == len({pair[0] for pair in theirs} & once)


@pytest.mark.parametrize("as_of", INSTANTS)
@pytest.mark.parametrize("occasion", ["order", "day"])
def test_the_guard_finds_no_look_ahead_within_the_day(as_of, occasion):
    frame = orders(
        *[(name, f"2024-{day} {hour}", 2.0**n) for n, (name, day, hour) in enumerate([
            ("ann", "06-30", "00:00"), ("ann", "06-30", "23:59:59"), ("ann", "07-01", "00:00"),
            ("ann", "07-01", "10:00"), ("ann", "07-01", "18:00"), ("bob", "07-01", "18:00"), ("bob", "06-01", "18:00"),
        ])]
    )  # fmt: skip
    study = a_study(as_of=as_of, holdout_until=str(UNTIL), orders=frame)
    for build in (build_purchases, build_rfm):
        named = partial(build, occasion=occasion)
        assert guard_no_lookahead(named, study).n_rows_ahead > 0


def test_a_day_that_as_of_parts_is_one_purchase_and_its_later_money_is_the_holdouts():
    study = a_study(
        as_of="2024-07-01 12:00",
        holdout_until="2024-07-11 12:00",
        orders=orders(
            ("ann", "2024-06-30 09:00", 1.0),
            ("ann", "2024-07-01 09:00", 2.0),  # known: her second day
            ("ann", "2024-07-01 15:00", 4.0),  # the rest of that day
            ("bob", "2024-06-30 15:00", 8.0),
            ("bob", "2024-07-01 15:00", 16.0),  # his second day, in the holdout
        ),
    )
    histories = count_histories(study).set_index("frequency")
    assert histories.loc[1, ["n_last", "n_later"]].tolist() == [1, 0]
    assert histories.loc[0, ["n_last", "n_later"]].tolist() == [0, 1]
    outcomes = rows(build_outcomes(study, occasion="day"), "customer_id")
    assert outcomes.holdout_orders.tolist() == [0, 1]
    assert outcomes.holdout_spend.tolist() == [4.0, 16.0]
    table = check_money(study, None, None, horizon_days=10.0, confidence=0.95).set_index("forecast")
    assert table.loc[SAME_AGAIN, ["total_expected", "total_observed"]].tolist() == [2.0, 20.0]


def test_stretches_of_a_day_end_at_as_of():
    study = a_study(
        as_of="2024-07-01 12:00",
        orders=orders(
            ("a", "2024-06-30 12:00", 1.0), ("b", "2024-06-30 12:00:01", 1.0), ("c", "2024-07-01 12:00", 1.0),
            ("d", "2024-07-01 12:00:00.000001", 1.0), ("e", "2024-07-02 12:00", 1.0),
        ),
    )  # fmt: skip
    held = study.table("orders")
    numbered = rows(held.select("customer_id", day=days_after(study.as_of, held.ordered_at)), "customer_id")
    assert numbered.day.tolist() == [-1, 0, 0, 1, 1]
