"""Of a few customers counts are told, and no shares."""

from __future__ import annotations

import pandas as pd

from crm_research.pillars.loyalty import LoyaltyPage, advice
from crm_research.pillars.loyalty.repeat import charts, words
from tests.builders import a_study, orders


def test_of_one_customer_no_share_is_told():
    days = pd.date_range("2023-01-05", periods=20, freq="23D")
    page = LoyaltyPage(a_study(orders=orders(*((("solo"), str(day.date()), 10.0 + i) for i, day in enumerate(days)))))
    found = page.result
    assert words.repeat_finding(found) == "The one buyer has bought again so far."
    assert words.retention_finding(found) == (
        "How many of an intake are still buying later is not known: 1 buyer is too few for shares."
    )
    assert repr(page.ladder) == (
        "Note: Moves are told as shares, of at least 20 customers; these records know 1 of them."
    )
    assert next(advice.steps(found, None)).text == (
        "Wait before judging first-time buyers: there are too few, 1, so far."
    )
    assert charts.draw_waits(found).figure.get_suptitle().startswith("How many first-time buyers are back within ")


def test_of_twenty_customers_shares_are_told():
    rows = [(f"c{i:02}", f"2024-0{1 + i % 3}-0{1 + i % 9}", 10.0) for i in range(20)]
    rows += [(f"c{i:02}", f"2024-05-0{1 + i % 9}", 12.0) for i in range(7)]
    for n, said in ((20, "Of 20 buyers, 35 % (95 % interval"), (19, "Of 19 buyers 7 have bought again so far.")):
        page = LoyaltyPage(a_study(orders=orders(*(row for row in rows if row[0] < f"c{n:02}"))))
        assert words.repeat_finding(page.result).startswith(said)
