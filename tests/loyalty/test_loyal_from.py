"""From how many purchases a customer is called loyal."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.pillars.loyalty.ladder.loyal_from import CUSTOM, choose_loyal_from, compare_loyal_from


def depths(*rates, n=1000):
    numbers = range(1, len(rates) + 1)
    return pd.DataFrame({"depth": list(numbers), "n": n, "return_rate": list(rates)})


@pytest.mark.parametrize(
    ("rates", "number"),
    [
        ((0.30, 0.60, 0.62, 0.61, 0.63, 0.64), 2),  # a plateau from the second purchase on
        ((0.30, 0.40, 0.50, 0.60, 0.70, 0.80), 6),  # still rising at the deepest
        ((0.30, 0.60, 0.70, 0.72, 0.74, 0.73), 3),
        ((0.90, 0.60, 0.55, 0.50, 0.45, 0.40), 2),  # falling: no further purchase raises it
    ],
)
def test_the_number_is_where_returns_stop_rising(rates, number):
    assert choose_loyal_from(depths(*rates)).number == number


def test_rising_to_the_end_is_said():
    assert "still rise" in choose_loyal_from(depths(0.3, 0.4, 0.5, 0.6)).why


def test_what_the_user_says_stands():
    assert choose_loyal_from(depths(0.3, 0.6, 0.6), 9).number == 9


def test_few_who_buy_often():
    # A car is bought twice at most: whoever has bought again is as loyal as can be.
    assert choose_loyal_from(depths(0.4, 0.1)).number == 2
    assert choose_loyal_from(depths(0.4, 0.1, 0.2, n=30)).number == CUSTOM
    assert choose_loyal_from(pd.DataFrame(columns=["depth", "n", "return_rate"])).number == CUSTOM


def test_shares_under_other_numbers_by_hand():
    held = pd.DataFrame({"depth": [1, 2, 5, 12], "n": [50, 20, 10, 5]})
    found = compare_loyal_from(held, 100, depths(0.3, 0.4, 0.5), 8).set_index("loyal_from")
    assert found["n"].to_dict() == {2: 35, 3: 15, 4: 15, 5: 15, 6: 5, 8: 5}
    assert found.loc[2, "loyal_share"] == pytest.approx(0.35)
    assert found.index[found["is_chosen"]].tolist() == [8]
    assert found.loc[3, "return_rate"] == 0.5
    assert pd.isna(found.loc[8, "return_rate"])
