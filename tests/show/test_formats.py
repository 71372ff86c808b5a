import pandas as pd
import pytest

from crm_research.show import format_interval, format_value
from crm_research.show.table import render_table
from tests.reporting.pages import a_figure


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        (0.1234, "share", "12.3 %"),
        (0.0, "share", "0.0 %"),
        (0.0004, "share", "0.04 %"),
        (-0.00001, "share", "-0.001 %"),
        (1.0, "share", "100.0 %"),
        (1_234_567.8, "USD", "1,234,568 USD"),
        (12.345, "EUR", "12.35 EUR"),
        (-0.001, "EUR", "0.00 EUR"),
        (123.0, "days", "123 days"),
        (12.34, "days", "12.3 days"),
        (7, "customers", "7 customers"),
        (4, "", "4"),
        (0.4321, "", "0.432"),
        (None, "days", "not reached"),
        (float("inf"), "months", "not reached"),
        (None, "share", "–"),
        (float("nan"), "USD", "–"),
        (1e15, "orders", "1,000,000,000,000,000 orders"),
    ],
)
def test_a_number_is_printed_by_its_unit(value, unit, printed):
    assert format_value(value, unit) == printed


@pytest.mark.parametrize(
    ("lower", "upper", "printed"),
    [(0.1, 0.2, "10.0 % to 20.0 %"), (None, None, None), (0.1, None, "10.0 % or more"), (None, 0.2, "up to 20.0 %")],
)
def test_an_open_end_of_an_interval_is_said(lower, upper, printed):
    assert format_interval(a_figure(lower=lower, upper=upper)) == printed


def test_a_p_value_in_a_table_is_never_nought_and_limits_are_printed_as_their_share():
    frame = pd.DataFrame(
        {
            "item": ["a", "b"],
            "retention_rate": [0.4567, 0.8],
            "lower": [0.41, 0.7512],
            "upper": [0.5, 0.85],
            "p_adjusted": [0.0000004, 0.0371],
            "share p value": [1.0, float("nan")],
            "trip": [1.25, 2.5],
        }
    )
    _, plain = render_table(frame, "Items")
    assert [line.split() for line in plain.splitlines()[2:]] == [
        ["a", "45.7", "%", "41.0", "%", "50.0", "%", "under", "0.001", "1.000", "1.25"],
        ["b", "80.0", "%", "75.1", "%", "85.0", "%", "0.037", "–", "2.50"],
    ]
