"""What the base's main number would be had doubtful joins been decided otherwise: each draw by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.joins import draw_joins
from crm_research.pillars.customer_base import describe_base
from crm_research.pillars.customer_base.joins import draw_top_shares, measure_joins
from crm_research.show.joined import joins_figures, say_joins
from crm_research.stats.concentration import concentration_of
from tests.builders import a_study

SPEND = [3.0 + 7 * i + i * i for i in range(20)]
RECORDS = [("a", str(i)) for i in range(20)]
PAIR = ["left_system", "left_local_id", "right_system", "right_local_id", "probability", "standing"]


def a_linked(pairs):
    """Twenty records of as many customers, the first of whom spend least; these pairs are in doubt."""
    names = pd.DataFrame(RECORDS, columns=["system", "local_id"]).assign(customer_id=[f"K{i:02}" for i in range(20)])
    orders = names.assign(order_id=[f"o{i}" for i in range(20)], ordered_at=pd.Timestamp("2024-01-05"), revenue=SPEND)
    doubts = pd.DataFrame([("a", str(i), "a", str(j), p, "apart") for i, j, p in pairs], columns=PAIR)
    return a_study(orders=orders, links=names.assign(probability=1.0), link_doubts=doubts)


def share_of(*joined):
    """Share of the top fifth where these pairs of places are one customer."""
    spend = list(SPEND)
    for one, other in joined:
        spend[one] += spend[other]
        spend[other] = 0.0
    kept = -np.sort(-np.array([money for money in spend if money]))
    return concentration_of(kept, np.ones(len(kept)))[0]


def test_each_draw_has_the_share_of_the_customers_that_it_makes():
    study = a_linked([(19, 18, 0.5), (0, 1, 0.3)])
    drawn = draw_joins(study, n_draws=200, seed=1)
    shares = draw_top_shares(study, drawn)
    numbers = {draw: set(part["number"]) for draw, part in drawn.members.groupby("draw")}
    expected = [
        share_of(*([(18, 19)] if "K19" not in numbers[draw] else []), *([(0, 1)] if "K01" not in numbers[draw] else []))
        for draw in range(1, 201)
    ]
    assert shares == pytest.approx(expected)
    # All four worlds come about, the first pair in half of the draws.
    assert len(set(np.round(expected, 9))) == 4
    assert np.mean(["K19" not in numbers[draw] for draw in range(1, 201)]) == pytest.approx(0.5, abs=0.15)


def test_one_pair_in_doubt_gives_two_values_and_the_share_that_they_make():
    study = a_linked([(19, 18, 0.5)])
    base = describe_base(study)
    told = measure_joins(study, base, seed=3)
    values = told.found.values  # noqa: PD011 - not a frame
    assert sorted(set(np.round(values, 9))) == pytest.approx(sorted([share_of(), share_of((18, 19))]), abs=1e-8)
    sampling = ((told.found.own_upper - told.found.own_lower) / (2 * 1.959964)) ** 2
    assert told.found.share == pytest.approx(values.var(ddof=1) / (values.var(ddof=1) + sampling), rel=1e-5)
    (figure,) = joins_figures(told)
    assert (figure.id, figure.n, figure.estimate) == ("link.share_of_uncertainty", 1, told.found.share)
    assert figure.lower < figure.estimate < figure.upper
    assert say_joins(told).startswith(
        "1 pair of records is in doubt: were they joined or parted otherwise, the top fifth"
    )


def test_nothing_in_doubt_is_nothing():
    told = measure_joins(a_linked([]), describe_base(a_linked([])), seed=3)
    assert say_joins(told) == (
        "Nothing here hangs on the joins: of no two records is it in doubt whether they are one customer."
    )
    (figure,) = joins_figures(told)
    assert (figure.estimate, figure.lower, figure.upper) == (0.0, None, None)
