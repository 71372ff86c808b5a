"""Data quality: counts and limits by hand, nothing from after the study's day, and nobody at all."""

from __future__ import annotations

import pytest

from crm_research import data_quality
from tests.builders import a_study, orders

FIVE = (
    *(("a", "2024-01-01", 5.0), ("a", "2024-02-01", 5.0), ("a", "2024-03-01", 5.0), ("b", "2024-01-05", 7.0)),
    *(("b", "2024-04-05", 7.0), ("c", "2024-01-09", 9.0), ("d", "2024-06-30", 9.0), ("e", "2024-07-02", 9.0)),
)


def test_shares_are_counted_by_hand():
    found = data_quality.measure_data_quality(a_study(orders=orders(*FIVE)))
    assert (found.n_buyers, found.n_again) == (4, 2)
    # Wilson, 2 of 4.
    limits = (0.5, 0.150, 0.850)
    assert tuple(found.again[name] for name in ("estimate", "lower", "upper")) == pytest.approx(limits, abs=5e-4)
    assert found.by_purchases.to_numpy().tolist() == [[1, 2], [2, 1], [3, 1]]


def test_the_page_says_it():
    page = data_quality.DataQualityPage(a_study(orders=orders(*FIVE)))
    assert "4 customers have bought by 2024-07-01." in repr(page.answer)
    assert [figure.estimate for figure in page.figures] == [4.0, 0.5]
    assert page.answer.charts[0].draw(None).get_figure() is not None


def test_where_nobody_has_bought_it_says_so():
    page = data_quality.DataQualityPage(a_study(orders=orders(("e", "2024-07-02", 9.0))))
    assert repr(page.answer).startswith("Nobody has bought by 2024-07-01")
    assert page.purchases.is_missing
    assert page.figures[1].estimate is None
