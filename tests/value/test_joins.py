"""Who is one with whom is in doubt: what is to come in each draw, and what that takes off what is counted upon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.joins import draw_joins
from crm_research.pillars.value import ValuePage
from crm_research.pillars.value.joins import measure_joins
from crm_research.show.joined import say_joins
from tests.builders import a_study

PAIR = ["left_system", "left_local_id", "right_system", "right_local_id", "probability", "standing"]
N = 400


def a_shop(pairs, system="shop"):
    """A shop of 400 records that buy for two years; of the pairs of places it is in doubt whether they are one."""
    rng = np.random.default_rng(5)
    rate, begin = rng.gamma(2.0, 0.004, N), rng.integers(0, 300, N)
    days = [begin[i] + np.cumsum(np.append(0, rng.exponential(1 / rate[i], 40))) for i in range(N)]
    rows = [(i, int(day)) for i, held in enumerate(days) for day in held if day < 720]
    orders = pd.DataFrame(rows, columns=["place", "day"])
    orders["customer_id"] = [f"K{i:03}" for i in orders["place"]]
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    orders["ordered_at"] = pd.Timestamp("2022-07-01") + pd.to_timedelta(orders.pop("day"), unit="D")
    orders["revenue"] = (20 + 60 * rng.random(len(orders))).round(2)
    if system:
        orders["system"], orders["local_id"] = system, orders["place"].astype(str)
    links = pd.DataFrame({"system": "shop", "local_id": [str(i) for i in range(N)], "probability": 1.0})
    links["customer_id"] = [f"K{i:03}" for i in range(N)]
    doubts = pd.DataFrame([("shop", str(i), "shop", str(j), p, "apart") for i, j, p in pairs], columns=PAIR)
    return a_study(orders=orders.drop(columns="place"), links=links, link_doubts=doubts)


@pytest.mark.slow
def test_what_the_doubt_takes_is_what_is_expected_as_linked_less_the_mean_over_draws():
    study = a_shop([(i, i + 1, 0.5) for i in range(0, 60, 2)])
    page = ValuePage(study)
    told = measure_joins(study, page.to_come, seed=20170101)
    drawn = draw_joins(study, seed=20170101)
    over_draws = told.found.values.mean()  # noqa: PD011 - not a frame
    assert told.found.moves
    assert len(set(told.found.values.round(4))) > 30  # noqa: PD011 - not a frame
    risk = page._doubt(page.to_come, page.parted, drawn=drawn).all
    assert risk["unsettled"] == pytest.approx(told.found.point - over_draws, rel=1e-9)
    assert risk["paid"] == pytest.approx(over_draws, rel=1e-9)
    assert abs(risk["unsettled"]) > 1e-3
    # The number has its limits by itself; the draws add their variance to those of what is paid.
    assert risk["lower"] < over_draws < risk["upper"]


@pytest.mark.slow
def test_what_nothing_makes_doubtful_and_what_cannot_be_told_takes_nothing():
    sure = a_shop([])
    page = ValuePage(sure)
    assert say_joins(measure_joins(sure, page.to_come, seed=1)).startswith("Nothing here hangs on the joins")
    assert page._doubt(page.to_come, page.parted, drawn=draw_joins(sure, seed=1)).identity is None
    plain = a_shop([(0, 1, 0.5)], system="")
    page = ValuePage(plain)
    assert "is not known: orders name customers" in say_joins(measure_joins(plain, page.to_come, seed=1))
    assert page._doubt(page.to_come, page.parted, drawn=draw_joins(plain, seed=1)).identity is None
