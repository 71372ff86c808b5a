import math
from dataclasses import replace

import pandas as pd
import pytest

from crm_research.figures import Figure
from crm_research.show import format_interval, format_value
from crm_research.show.figure_cards import render_figures
from crm_research.show.formats import format_estimate, format_number
from crm_research.show.table import render_table, table_output
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
        (1, "customers", "1 customer"),
        (1.0, "days", "1 day"),
        (1, "ends per 100 contract-years", "1 end per 100 contract-years"),
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


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "unit", "printed"),
    [
        # Two digits of the width of the interval, and never more than three of the number.
        (-9.28, -19.3, 0.951, "points", "-9 points (-19 to 1 points)"),
        (0.0420, 0.0302, 0.0584, "", "0.042 (0.030 to 0.058)"),
        (1.418, 1.352, 1.489, "orders", "1.42 orders (1.35 to 1.49 orders)"),
        (50.0, 2.4, 1_043.2, "", "50 (2 to 1,043)"),
        (0.13712, 0.13659, 0.13772, "", "0.137 (0.137 to 0.138)"),
        (310, 37, 747, "contracts", "310 contracts (37 to 747 contracts)"),
        (-0.02, -0.31, 0.25, "", "-0.02 (-0.31 to 0.25)"),
        (-0.001, -0.31, 0.25, "", "0.00 (-0.31 to 0.25)"),
        # The money and the shares of one interval have as many decimals as the largest of them.
        (1_608.2, -881.92, 5_145.1, "USD", "1,608 USD (-882 USD to 5,145 USD)"),
        (0.02, -0.0084, 0.048, "share", "2.0 % (-0.8 % to 4.8 %)"),
        (0.012, 0.0002, 0.048, "share", "1.2 % (0.02 % to 4.8 %)"),
        (0.0011, 0.00013, 0.0092, "share", "0.11 % (0.013 % to 0.92 %)"),
        (81.5, 77.25, 112.0, "days", "82 days (77 days to 112 days)"),
    ],
)
def test_an_interval_says_how_many_decimals_are_worth_printing(estimate, lower, upper, unit, printed):
    figure = a_figure(estimate=estimate, lower=lower, upper=upper, unit=unit)
    assert f"{format_estimate(figure)} ({format_interval(figure)})" == printed


def test_a_code_is_printed_in_words():
    figure = a_figure(estimate=1.0, lower=None, upper=None, unit="", said="reproducible")
    assert format_estimate(figure) == "reproducible"
    assert figure.as_record()["estimate"] == 1.0  # programs read the code


def test_money_and_shares_side_by_side_have_as_many_decimals_as_the_largest():
    frame = pd.DataFrame(
        {"who": ["a", "b"], "expected": [160.7, -591.2], "lower": [-99.6, -1_124.2], "costs": [0.92, 1]}
    )
    shares = frame[["who"]].assign(size_share=[0.0046, 0.519], later_share=[0.0003, 0.4])
    money = {"expected": "EUR", "lower": "EUR", "costs": "{:.2f}"}
    _, plain = render_table(frame, "Money", formats=money)
    assert plain.splitlines()[2:] == [
        "a     161 EUR    -100 EUR   0.92",
        "b    -591 EUR  -1,124 EUR   1.00",
    ]
    _, plain = render_table(shares, "Shares")
    assert [line.split()[1::2] for line in plain.splitlines()[2:]] == [["0.5", "0.03"], ["51.9", "40.0"]]


def wide(n_rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "contract_id": [f"c{row}" for row in range(n_rows)],
            "customer_id": [f"c{row}" for row in range(n_rows)],
            "told by": [None] * n_rows,
            **{
                f"an expected number of the contract in period {i}": [1_000_000.5 + row for row in range(n_rows)]
                for i in range(9)
            },
            "why": ["what is at stake outweighs the offer"] * n_rows,
        }
    )


def test_columns_that_say_nothing_row_by_row_are_said_in_a_line():
    _, plain = render_table(wide(3), "Contact first")
    head = plain.splitlines()[1]
    assert head.startswith("contract id  an expected number")
    assert not {"customer id", "why"} & {part.strip() for part in head.split("  ")}
    assert plain.splitlines()[-3:] == [
        "No value in any row: told by.",
        "In every row the customer id is the contract id.",
        "The same in every row: why: what is at stake outweighs the offer.",
    ]


def test_columns_stay_in_short_tables_and_constants_in_narrow_ones():
    assert "customer id" in render_table(wide(2), "Two rows")[1].splitlines()[1]
    narrow = wide(3)[["contract_id", "why"]].assign(
        n=7, plan="24 signs stay in a table", reason="25 signs are a sentence.."
    )
    printed = render_table(narrow, "Narrow")[1].splitlines()
    assert printed[1].split() == ["contract", "id", "n", "plan"]
    assert printed[-1] == (
        "The same in every row: why: what is at stake outweighs the offer; reason: 25 signs are a sentence..."
    )
    differing = wide(3)
    differing.loc[1, "customer_id"] = "c9"
    assert "customer id" in render_table(differing, "Other customers")[1].splitlines()[1]


def test_dates_with_gaps_are_dates():
    frame = pd.DataFrame({"table": ["a", "b"], "first": ["2020-01-03", ""]})
    assert '<td class="date">2020-01-03</td>' in render_table(frame, "Tables")[0]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("C-0123abcd", ' class="id"'), ("K-0123abcdxyz0", ' class="id"'), ("C-0123abcdx", ""), ("c-0123abcd", ""),
        ("C-0123abcd e", ""), ("", ' class="id"'), ("Ann", ""),
    ],
)  # fmt: skip
def test_a_pseudonym_keeps_to_its_line_and_other_texts_need_not(cell, kind):
    frame = pd.DataFrame({"who": ["a", "b"], "customer": ["C-9876zyxw", cell]})
    assert f"<td{kind}>C-9876zyxw</td>" in render_table(frame, "Who")[0]


def test_a_card_without_a_number_is_a_line_unless_a_duration_was_not_reached():
    known, unreached = (
        a_figure(),
        a_figure(id="a.b", label="Median tenure", estimate=None, unit="days", lower=None, upper=None),
    )
    unknown = a_figure(id="a.c", label="Still there after 12 months", estimate=None, lower=None, upper=None)
    none_asked = a_figure(id="a.d", label="Median wait", estimate=None, unit="days", n=0, lower=None, upper=None)
    shown = render_figures(known, unreached, unknown, none_asked)
    assert shown.plain.splitlines()[1:] == [
        "Median tenure: not reached, n = 200",
        "Not known from these records: Still there after 12 months; Median wait.",
    ]
    assert shown.html.count('class="crm-card"') == 2
    assert len(shown.types["application/vnd.crm-research.figures+json"]) == 4  # programs still read that they are empty


def test_a_record_says_the_number_as_its_card_prints_it():
    shown = (
        a_figure(estimate=0.1234, lower=0.11, upper=0.14),
        a_figure(id="a.b", group="north", estimate=1.0, unit="customers", lower=None, upper=None),
        a_figure(id="a.c", estimate=None, unit="days", lower=None, upper=None),
        a_figure(id="a.d", estimate=2.0, unit="", said="reproducible"),
        a_figure(id="a.e", estimate=0.5, lower=0.01, upper=0.99),
    )
    output = render_figures(shown)
    records = output.types["application/vnd.crm-research.figures+json"]
    assert [record["said"] for record in records] == [
        "12.3 %",
        "1 customer",
        "not reached",
        "reproducible",
        "not known",
    ]
    for figure, record, line in zip(shown, records, output.plain.splitlines(), strict=True):
        assert line.removeprefix(f"{figure.label}: ").removeprefix("north: ").startswith(record["said"])
        read = Figure.from_record(record)
        assert (format_estimate(read), read.as_record()) == (record["said"], record)
    (empty,) = render_figures(a_figure(estimate=None, lower=None, upper=None)).types[
        "application/vnd.crm-research.figures+json"
    ]
    assert (empty["said"], empty["verdict"]) == ("not known", "not applicable")


def test_an_interval_without_width_is_not_printed():
    assert format_interval(a_figure(estimate=0.2, lower=0.2, upper=0.2 + 1e-15, unit="share")) is None
    assert format_interval(a_figure(estimate=0.2, lower=0.19, upper=0.2, unit="share")) == "19.0 % to 20.0 %"


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "said", "between"),
    [
        (89.0, 80.0, 95.0, "89 days", "80 days to 95 days"),
        (90.0, 80.0, 120.0, "3.0 months", "2.6 months to 3.9 months"),
        (712.0, 681.0, 771.0, "23.4 months", "22.4 months to 25.3 months"),
        (730.4, 600.0, 800.0, "24.0 months", "19.7 months to 26.3 months"),
        (730.6, 600.0, None, "2.0 years", "1.6 years or more"),
        (math.inf, 95.0, None, "not reached", "95 days or more"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_of_the_sentences(estimate, lower, upper, said, between):
    figure = a_figure(estimate=estimate, lower=lower, upper=upper, unit="days")
    assert (format_estimate(figure), format_interval(figure)) == (said, between)


@pytest.mark.parametrize(("n", "is_folded"), [(25, False), (26, True)])
def test_a_table_longer_than_a_screen_opens_behind_a_line(n, is_folded):
    output = table_output(pd.DataFrame({"input": [f"i{k}" for k in range(n)]}), "What was offered")
    assert output.html.startswith(
        '<details class="folded crm"><summary>What was offered: 26 rows</summary>' if is_folded else '<div class="crm'
    )
    assert output.html.count("<tr>") == n + 1
    assert output.plain.endswith(f"\ni{n - 2}\ni{n - 1}")


@pytest.mark.parametrize(("said", "size"), [(None, "estimate"), ("reproducible", "estimate word")])
def test_a_word_on_a_card_is_set_smaller_than_a_number(said, size):
    html = render_figures([replace(a_figure(), said=said)]).html
    assert f'<p class="{size}">' in html


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        (999.99, "EUR", "999.99 EUR"),
        (1_000.0, "EUR", "1,000 EUR"),
        (-999.996, "EUR", "-1,000.00 EUR"),
        (-1_000.4, "EUR", "-1,000 EUR"),
        (99.94, "days", "99.9 days"),
        (100.4, "weeks", "100 weeks"),
        (0.0094, "share", "0.94 %"),
        (0.0096, "share", "1.0 %"),
        (-0.0096, "share", "-1.0 %"),
        (0.00051, "share", "0.051 %"),
        (999.9, "", "1,000"),
        (12.34, "", "12.3"),
        (1_000.5, "", "1,000"),
        (-1_234.6, "", "-1,235"),
        (0.0001, "", "0.000100"),
        (0.00012345, "", "0.000123"),
        (0.0000999, "", "9.99e-05"),
        (-0.0000999, "", "-9.99e-05"),
        (0.0, "", "0"),
        (float("nan"), "", "–"),
        (2.5, "eur", "2.50 eur"),
        (2.5, "EURO", "2.50 EURO"),
        (2.5, "E1R", "2.50 E1R"),
    ],
)
def test_places_change_at_these_limits(value, unit, printed):
    assert format_value(value, unit) == printed


def test_numbers_beside_one_another_have_as_many_places_as_the_largest_and_the_unknown_has_none():
    assert format_value(2.5, "EUR", beside=[1_000.0, None]) == "2 EUR"
    assert format_value(2.5, "EUR", beside=[999.0, float("nan")]) == "2.50 EUR"
    assert format_value(3.0, "days", beside=[4.0]) == "3 days"
    assert format_value(3.0, "days", beside=[4.5]) == "3.0 days"
    assert format_value(3.0, "days", beside=[-100.5]) == "3 days"
    assert format_value(0.0004, "share", beside=[0.5]) == "0.04 %"
    assert format_value(0.0006, "share", beside=[0.5]) == "0.1 %"
    assert format_value(0.0006, "share", beside=[0.009]) == "0.06 %"


def test_a_number_that_is_none_is_a_dash():
    assert [format_number(value) for value in (float("nan"), float("inf"), 12_345.6, 0.5)] == [
        "–", "–", "12,346", "0.500",
    ]  # fmt: skip


def test_money_too_long_for_a_card_is_said_in_billions():
    assert format_value(9_900_000_119_222.0, "EUR") == "9,900 bn EUR"
    assert format_value(1_234_567_890.0, "EUR") == "1.23 bn EUR"
    assert format_value(-45_600_000.0, "EUR", beside=[12_345_678_900.0]) == "-45,600,000 EUR"
    assert format_value(-12_345_678_900.0, "EUR") == "-12.3 bn EUR"
    assert format_value(999_999_999.0, "EUR") == "999,999,999 EUR"
