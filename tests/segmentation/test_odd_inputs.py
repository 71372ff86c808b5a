"""The whole page on records that are odd: a sound answer or a sentence that says why there is none."""

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars import segmentation
from tests.builders import a_study, orders

pytestmark = pytest.mark.filterwarnings("error")


def _orders(n, *, n_each=4, money=lambda i, j: 10.0 + (7 * i + j) % 30):
    first = pd.Timestamp("2023-01-05")
    rows = []
    for i in range(n):
        for j in range(n_each + i % 3):
            at = first + pd.Timedelta(days=(37 * i + 61 * j) % 500, hours=i % 24)
            rows.append((f"c{i:04}", f"{at:%Y-%m-%dT%H:%M}", money(i, j)))
    rows += [(f"c{i:04}", f"2024-08-0{1 + i % 7}", 20.0 + i % 5) for i in range(0, n, 2)]
    return orders(*rows)


def _study(frame, **more):
    return a_study(orders=frame, holdout_until="2024-12-31", **more)


def _with_categories(frame, categories):
    n = len(categories)
    lines = frame[["order_id", "revenue"]].assign(product_id=[f"p{i % n}" for i in range(len(frame))], quantity=1.0)
    return {
        "order_lines": lines,
        "products": pd.DataFrame({"product_id": [f"p{i}" for i in range(n)], "category": categories}),
    }


def _people(n, **columns):
    held = pd.DataFrame({"customer_id": [f"c{i:04}" for i in range(n)], **columns})
    kinds = {name: "number" if held[name].dtype == float else "category" for name in columns}
    return {"customers": held, "attributes": {"customers": kinds}}


def _page(study, capsys, **parameters):
    page = segmentation.SegmentationPage(study, k_max=3, n_bootstraps=20, **parameters)
    for made in page.sections().values():
        made.show()
    found = page.result
    printed = capsys.readouterr().out
    assert "nan" not in printed.lower().split()
    return found, printed


@pytest.mark.parametrize("purpose", ["behaviour", "rhythm", "usage"])
@pytest.mark.slow
def test_customers_who_are_all_alike_are_not_grouped(capsys, purpose):
    frame = orders(*[(f"c{i:03}", day, 10.0) for i in range(80) for day in ("2024-01-01", "2024-02-01")])
    found, printed = _page(_study(frame), capsys, purpose=purpose)
    assert found.found is None
    assert "These records do not carry a segmentation" in printed


def test_fewer_customers_than_groups_are_not_grouped(capsys):
    found, printed = _page(_study(_orders(3)), capsys)
    assert found.found is None
    assert "50" in printed


@pytest.mark.slow
def test_one_giant_stretches_no_scale(capsys):
    frame = _orders(160, money=lambda i, j: 1e12 if (i, j) == (7, 0) else 10.0 + (7 * i + j) % 30)
    found, _ = _page(_study(frame), capsys)
    assert found.found.cards["n_customers"].min() > 10


@pytest.mark.slow
def test_a_category_of_500_levels_and_gaps(capsys):
    n = 600
    frame = _orders(n)
    people = _people(
        n,
        city=[f"city {i % 500}" for i in range(n)],
        region=[("north", "south", "other", None)[i % 4] for i in range(n)],
        age=[None if i % 7 == 0 else 20.0 + i % 50 for i in range(n)],
    )
    study = _study(frame, **people, **_with_categories(frame, [f"category {i}" for i in range(500)]))
    found, _ = _page(study, capsys, purpose="attributes")
    assert not any(name.startswith("city") for name in found.found.inputs.used)
    assert found.found.inputs.n_filled
    found, _ = _page(study, capsys, purpose="needs")
    assert len(found.found.inputs.used) <= 9


def _half_known(n=150):
    people = _people(
        n,
        region=[None if i < 50 else ("north", "south", "east")[i % 3] for i in range(n)],
        age=[np.nan if i < 50 else 20.0 + i % 50 for i in range(n)],
    )
    return _study(_orders(n), **people)


def test_of_whom_hardly_anything_is_known_is_in_no_group():
    inputs = segmentation.build_inputs(_half_known(), purpose="attributes")
    assert len(inputs.customers) == 100
    assert inputs.n_left_out == 50
    assert not any("unknown" in name for name in inputs.used)


@pytest.mark.slow
def test_the_page_says_who_is_in_no_group(capsys):
    found, printed = _page(_half_known(), capsys, purpose="attributes")
    assert found.found.n_customers == 100
    assert "50 other customers with purchases are in no group" in printed


def test_a_category_called_other_is_not_taken_for_the_rest(capsys):
    frame = _orders(80)
    study = _study(frame, **_with_categories(frame, ["other", None, *(f"category {i}" for i in range(12))]))
    inputs = segmentation.build_inputs(study, purpose="needs")
    shares = inputs.customers.filter(like="share of spend on")
    assert {"share of spend on other", "share of spend on all the rest"} <= set(shares)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
