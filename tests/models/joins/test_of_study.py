"""A study whose joins are drawn anew: counted by hand, the same in any order, and nothing where nothing is in doubt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.rfm import build_rfm
from crm_research.models.joins import draw_joins
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
    assert (drawn.study, drawn.n_doubtful, drawn.names_records) == (None, 2, {"orders": False})
    said = "orders name customers, and not the records of the systems that they came with."
    assert (drawn.told("orders")["unknown"], drawn.told("orders", "contracts")["unknown"]) == (said, said)
    told = measure_joins(study, describe_base(study), seed=1)
    assert say_joins(told) == (
        "2 pairs of records are in doubt, and how much here hangs on them is not known: orders name customers, and "
        "not the records of the systems that they came with."
    )
    assert joins_figures(told) == []
    # With nothing in doubt there is nothing to know.
    sure = a_linked(orders=plain, link_doubts=DOUBTS.iloc[:0])
    assert draw_joins(sure, n_draws=20, seed=1).told("orders")["unknown"] == ""


CONTRACTS = pd.DataFrame({"contract_id": ["c1"], "customer_id": ["P2"], "started_at": [pd.Timestamp("2024-01-01")]})


def test_what_names_customers_alone_is_said_beside_what_names_records():
    drawn = draw_joins(a_linked(contracts=CONTRACTS), n_draws=20, seed=1)
    assert drawn.names_records == {"orders": True, "contracts": False}
    both, orders, contracts = drawn.told("orders", "contracts"), drawn.told("orders"), drawn.told("contracts")
    said = (
        "Contracts name customers alone: they stay with the customer who keeps the number, so that parting customers "
        "moves none of them."
    )
    assert [(one["unknown"], one["partly"]) for one in (both, orders)] == [("", said), ("", "")]
    alone = "contracts name customers, and not the records of the systems that they came with."
    assert (contracts["unknown"], contracts["partly"]) == (alone, "")


def test_a_pair_counts_once_whichever_record_it_names_first_and_never_one_record_with_itself():
    b2, a2 = ("b", "2"), ("a", "2")
    odd = [(*a2, *b2, 0.9, "apart"), (*b2, *a2, 0.1, "apart"), (*a2, *a2, 0.5, "apart")]
    drawn = draw_joins(a_linked(link_doubts=pd.DataFrame(odd, columns=list(PAIR))), n_draws=400, seed=1)
    assert (drawn.n_doubtful, drawn.touched) == (1, ("P2", "P3"))
    joined = np.mean([len(one) == 1 for one in spend(drawn).values()])
    assert joined == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 400))


@pytest.mark.parametrize(
    "pair",
    [
        ("a", "2", "b", "2", 0.995, "together"),
        ("a", "1", "b", "1", 0.05, "apart"),
        ("a", "1", "b", "1", 0.0, "contradicting"),
    ],
)
def test_pairs_of_another_linking_than_the_links_are_not_drawn(pair):
    study = a_linked(
        link_doubts=pd.DataFrame([pair, *DOUBTS.to_numpy().tolist()], columns=list(PAIR)).drop_duplicates(
            list(PAIR[:4])
        )
    )
    drawn = draw_joins(study, n_draws=20, seed=1)
    assert (drawn.study, drawn.is_outdated) == (None, True)
    told = measure_joins(study, describe_base(study), seed=1)
    assert say_joins(told).endswith(
        "hangs on them is not known: the pairs are of another linking than the links. crm-research link writes both "
        "anew."
    )
    assert joins_figures(told) == []


def test_of_links_with_pairs_of_which_none_is_in_doubt_it_is_told_all_the_same_when_they_do_not_fit():
    pair = pd.DataFrame([("a", "2", "b", "2", 0.995, "together")], columns=list(PAIR))
    study = a_linked(link_doubts=pair)
    assert say_joins(measure_joins(study, describe_base(study), seed=1)) == (
        "How much here hangs on the joins is not known: the pairs are of another linking than the links. crm-research "
        "link writes both anew."
    )


def test_records_of_one_customer_between_whom_no_pair_stands_stay_together():
    # The table holds what is in doubt alone, and P1's records each have a pair with another customer.
    pairs = [("a", "1", "a", "2", 0.5, "apart"), ("b", "1", "b", "2", 0.5, "apart")]
    drawn = draw_joins(a_linked(link_doubts=pd.DataFrame(pairs, columns=list(PAIR))), n_draws=100, seed=1)
    assert drawn.n_doubtful == 2
    assert set(spend(drawn).values()) == {(30.0, 40.0, 80.0), (70.0, 80.0), (40.0, 110.0), (150.0,)}


def test_records_that_are_nearly_sure_are_in_no_doubt():
    links = LINKS.assign(customer_id="P1", probability=[0.5, 0.7, 0.99, 1.0, 0.9999])
    orders = ORDERS.assign(customer_id="P1")
    drawn = draw_joins(a_linked(orders=orders, links=links, link_doubts=None), n_draws=200, seed=1)
    assert (drawn.is_coarse, drawn.n_doubtful) == (True, 2)
    assert set(spend(drawn).values()) == {(310.0,), (10.0, 300.0), (20.0, 290.0), (10.0, 20.0, 280.0)}


def test_draws_tell_whether_they_join_or_part_more_than_is_linked():
    joins = pd.DataFrame([("a", "2", "b", "2", 0.5, "apart")], columns=list(PAIR))
    parts = pd.DataFrame([("a", "1", "b", "1", 0.95, "together")], columns=list(PAIR))
    more = [draw_joins(a_linked(link_doubts=one), n_draws=200, seed=1).n_more for one in (joins, parts, joins.iloc[:0])]
    assert more == [pytest.approx(-0.5, abs=0.15), pytest.approx(0.05, abs=0.06), 0.0]


@pytest.mark.parametrize(
    ("probability", "standing", "n"),
    [
        (0.5, "apart", 1), (0.01, "apart", 0), (0.0101, "apart", 1), (0.989, "apart", 1),
        (0.5, "contradicting", 0), (0.0, "contradicting", 0),
    ],
)  # fmt: skip
def test_a_pair_is_in_doubt_that_may_be_and_need_not_be(probability, standing, n):
    pair = pd.DataFrame([("a", "2", "b", "2", probability, standing)], columns=list(PAIR))
    assert draw_joins(a_linked(link_doubts=pair), n_draws=5, seed=1).n_doubtful == n
