"""A study whose joins are drawn anew: counted by hand, the same in any order, and nothing where nothing is in doubt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.rfm import build_rfm
from crm_research.models.joins import PairDoubts, draw_joins
from crm_research.models.joins.of_study import _is_doubtful
from crm_research.pillars.customer_base import describe_base
from crm_research.pillars.customer_base.joins import measure_joins
from crm_research.show.joined import joins_figures, say_joins
from tests.builders import a_study

LINKS = pd.DataFrame(
    {
        "system": ["a", "b", "a", "b", "a"],
        "local_id": ["1", "1", "2", "2", "3"],
        "customer_id": ["P1", "P1", "P2", "P3", "P4"],
        "probability": [0.95, 0.95, 1.0, 1.0, 1.0],
    }
)
PAIR = ("left_system", "left_local_id", "right_system", "right_local_id", "probability", "standing")
# P1's two records could be two; P2 and P3 could be one; P4 is in no doubt.
DOUBTS = pd.DataFrame([("a", "1", "b", "1", 0.95, "together"), ("a", "2", "b", "2", 0.5, "apart")], columns=list(PAIR))
ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2", "o3", "o4", "o5"],
        "customer_id": ["P1", "P1", "P2", "P3", "P4"],
        "system": ["a", "b", "a", "b", "a"],
        "local_id": ["1", "1", "2", "2", "3"],
        "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]),
        "revenue": [10.0, 20.0, 40.0, 80.0, 160.0],
    }
)


def spend(drawn):
    """Draw to the spend of each of its customers, in order."""
    rows = drawn.by_draw(build_rfm(drawn.study).select("customer_id", "spend").to_pandas())
    return {draw: tuple(sorted(part["spend"])) for draw, part in rows.groupby("draw")}


def a_linked(**tables):
    held = {"orders": ORDERS, "links": LINKS, "link_doubts": DOUBTS} | tables
    return a_study(**{name: table for name, table in held.items() if table is not None})


def test_a_study_without_links_is_not_drawn():
    assert draw_joins(a_study(orders=ORDERS.drop(columns=["system", "local_id"]))) is None


def test_each_draw_has_the_customers_that_its_joins_make():
    drawn = draw_joins(a_linked(), n_draws=200, seed=1)
    assert (drawn.n_doubtful, drawn.touched, drawn.is_coarse) == (2, ("P1", "P2", "P3"), False)
    found = spend(drawn)
    assert found[0] == (30.0, 40.0, 80.0)
    possible = {(30.0, 40.0, 80.0), (30.0, 120.0), (10.0, 20.0, 40.0, 80.0), (10.0, 20.0, 120.0)}
    assert set(found.values()) == possible
    joined = np.mean([120.0 in found[draw] for draw in range(1, 201)])
    parted = np.mean([10.0 in found[draw] for draw in range(1, 201)])
    assert joined == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 200))
    assert parted == pytest.approx(0.05, abs=4 * np.sqrt(0.0475 / 200))
    # Nothing is lost and nothing doubled, whatever is joined.
    assert {sum(one) for one in found.values()} == {150.0}


def test_most_of_a_customers_records_keep_the_number_and_the_rest_founds_another():
    drawn = draw_joins(a_linked(), n_draws=200, seed=1)
    numbers = {draw: set(part["number"]) for draw, part in drawn.members.groupby("draw")}
    assert numbers[0] == {"P1", "P2", "P3"}
    everything = set().union(*numbers.values())
    assert everything == {"P1", "P2", "P3", "|b:1"}
    assert set(drawn.members.loc[drawn.members["number"] == "|b:1", "origin"]) == {"P1"}
    # Of two that become one the smaller number stays.
    assert {"P3" in one for one in numbers.values() if "P2" not in one} <= {True}
    assert all("P2" in one for one in numbers.values())


def test_rows_that_name_a_customer_by_number_alone_go_with_the_number():
    by_number = ORDERS.assign(system=None, local_id=None)
    drawn = draw_joins(a_linked(orders=by_number), n_draws=100, seed=1)
    found = spend(drawn)
    # P1 may be parted, but nothing says which orders go; P2 and P3 become one all the same.
    assert set(found.values()) == {(30.0, 40.0, 80.0), (30.0, 120.0)}


def test_the_order_of_rows_and_of_the_two_in_a_pair_changes_nothing():
    turned = DOUBTS.rename(
        columns={
            **{f"left_{name}": f"right_{name}" for name in ("system", "local_id")},
            **{f"right_{name}": f"left_{name}" for name in ("system", "local_id")},
        }
    )
    other = a_linked(orders=ORDERS.iloc[::-1], links=LINKS.iloc[::-1], link_doubts=turned.iloc[::-1][list(PAIR)])
    one = spend(draw_joins(a_linked(), n_draws=50, seed=4))
    assert spend(draw_joins(other, n_draws=50, seed=4)) == one


def test_links_without_pairs_can_only_part():
    links = LINKS.assign(probability=[1.0, 0.6, 1.0, 1.0, None])
    drawn = draw_joins(a_linked(links=links, link_doubts=None), n_draws=200, seed=1)
    assert (drawn.is_coarse, drawn.n_doubtful, drawn.touched) == (True, 1, ("P1",))
    found = spend(drawn)
    assert set(found.values()) == {(30.0,), (10.0, 20.0)}
    assert np.mean([len(found[draw]) == 2 for draw in range(1, 201)]) == pytest.approx(0.4, abs=0.14)


def test_links_that_say_nothing_of_how_sure_they_are_are_not_doubted():
    drawn = draw_joins(a_linked(links=LINKS.drop(columns="probability"), link_doubts=None))
    assert (drawn.study, drawn.n_doubtful) == (None, 0)


def test_links_whose_pairs_are_all_sure_are_not_doubted():
    pairs = pd.DataFrame({"standing": ["together", "apart"], "probable_from": [0.999, 0.0], "n_pairs": [3.0, 9.0]})
    pairs = pairs.assign(n_expected=0.0)
    drawn = draw_joins(a_linked(link_doubts=None, link_pairs=pairs))
    assert (drawn.study, drawn.n_doubtful, drawn.is_coarse) == (None, 0, False)
    # Older links tell that pairs are in doubt, and not which.
    older = draw_joins(a_linked(link_doubts=None, link_pairs=pairs.assign(probable_from=[0.9, 0.0])))
    assert older.is_coarse


def test_hostile_names_are_records_like_others():
    names = {"a": "a:%$<&|", "b": "系统 b"}
    doubts = DOUBTS.replace(names)
    links, orders = LINKS.replace({"system": names}), ORDERS.replace({"system": names})
    one = spend(draw_joins(a_linked(orders=orders, links=links, link_doubts=doubts), n_draws=200, seed=1))
    assert set(one.values()) == {(30.0, 40.0, 80.0), (30.0, 120.0), (10.0, 20.0, 40.0, 80.0), (10.0, 20.0, 120.0)}


@pytest.mark.parametrize("n_draws", [0, 1, 1000])
def test_too_few_or_too_many_draws_are_refused(n_draws):
    with pytest.raises(ValueError, match="from 2 to 999"):
        draw_joins(a_linked(), n_draws=n_draws)


def test_what_hangs_on_the_joins_is_not_known_where_orders_name_customers_alone():
    plain = ORDERS.drop(columns=["system", "local_id"])
    study = a_linked(orders=plain)
    drawn = draw_joins(study, n_draws=20, seed=1)
    assert (drawn.study, drawn.n_doubtful, drawn.names_records) == (None, 2, False)
    assert (
        drawn.unknown == "orders and contracts name customers, and not the records of the systems that they came with."
    )
    told = measure_joins(study, describe_base(study), seed=1)
    assert say_joins(told) == (
        "2 pairs of records are in doubt, and how much here hangs on them is not known: orders and contracts name "
        "customers, and not the records of the systems that they came with."
    )
    assert joins_figures(told) == []
    # With nothing in doubt there is nothing to know.
    sure = a_linked(orders=plain, link_doubts=DOUBTS.iloc[:0])
    assert draw_joins(sure, n_draws=20, seed=1).unknown == ""


def test_a_pair_is_in_doubt_that_may_be_and_need_not_be():
    # Nought, and one in a hundred, are in no doubt unless the pair is linked all the same.
    probability = np.array([0.5, 0.01, 0.0101, 0.0, 0.5, 0.5, 0.5, 0.5])
    nobody = np.zeros(8, dtype=np.int64)
    doubts = PairDoubts(
        n_records=9, left=nobody, right=nobody + 1, probability=probability, key=nobody.astype(np.uint64),
        is_always=np.array([0, 0, 0, 0, 1, 0, 1, 0], dtype=bool),
        is_never=np.array([0, 0, 0, 0, 0, 1, 1, 1], dtype=bool),
        is_linked=np.array([0, 0, 0, 1, 1, 0, 0, 1], dtype=bool),
    )  # fmt: skip
    assert _is_doubtful(doubts).tolist() == [True, False, True, True, False, False, False, False]
