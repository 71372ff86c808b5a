"""How large the first group would be had doubtful joins been decided otherwise: both worlds put to the same groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.segmentation.deployment.assign import assign_segments
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.groups.words import name_first
from crm_research.pillars.segmentation.page import SegmentationPage
from crm_research.show.joined import joins_section, say_joins
from tests.builders import a_study

N = 120
PAIR = ["left_system", "left_local_id", "right_system", "right_local_id", "probability", "standing"]


def a_shop(joined=False):
    """A hundred and twenty records, half of which buy often; it is in doubt whether 0 and 1 are one, or they are."""
    rng = np.random.default_rng(5)
    n_orders = np.where(np.arange(N) % 2 == 0, rng.integers(12, 20, N), rng.integers(1, 3, N))
    place = np.repeat(np.arange(N), n_orders)
    orders = pd.DataFrame(
        {"order_id": [f"o{i}" for i in range(len(place))], "system": "a", "local_id": place.astype(str)}
    )
    orders["ordered_at"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 540, len(place)), unit="D")
    orders["revenue"] = (20 + 60 * rng.random(len(place))).round(2)
    ids = np.array([f"K{i:03}" for i in range(N)])
    if joined:
        ids[1] = "K000"
    orders["customer_id"] = ids[place]
    links = pd.DataFrame(
        {"system": "a", "local_id": [str(i) for i in range(N)], "customer_id": ids, "probability": 1.0}
    )
    doubts = pd.DataFrame([("a", "0", "a", "1", 0.5, "apart")], columns=PAIR)
    return a_study(orders=orders, links=links, link_doubts=doubts)


@pytest.mark.slow
def test_the_size_of_the_first_group_in_each_draw_is_that_of_the_customers_it_makes():
    study = a_shop()
    page = SegmentationPage(study)
    told, first = page.hanging, str(name_first(page.result.found)["segment"])
    saved = keep_segmentation(study, page.result)
    rows = [assign_segments(one, saved).to_pandas()["segment"] for one in (study, a_shop(joined=True))]
    assert [len(one) for one in rows] == [N, N - 1]
    sizes = [float((one == first).mean()) for one in rows]
    assert sizes[0] != sizes[1]
    assert sorted(set(told.found.values.round(12))) == pytest.approx(sorted(sizes))  # noqa: PD011 - not a frame
    assert told.found.point == pytest.approx(sizes[0])
    assert say_joins(told).startswith("1 pair of records is in doubt: were they joined or parted otherwise, “")


@pytest.mark.slow
def test_the_companys_own_name_of_a_group_is_told_as_it_is():
    study = a_shop()
    first = str(name_first(SegmentationPage(study).result.found)["segment"])
    page = SegmentationPage(replace(study, segment_names={first: "VIP {gold} {} $5 < %"}))
    assert "“VIP {gold} {} $5 < %” would be " in say_joins(page.hanging)
    assert "VIP {gold} {}" in repr(joins_section(page.hanging))
