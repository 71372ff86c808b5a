"""What is drawn lies where it was said to lie, in the colours and sizes that were said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import MultipleLocator

from crm_research.theme import charts, marks, scales
from crm_research.theme.charts import _spread, new_axes
from crm_research.theme.palette import ACCENT, GRID, INK, MUTED, PAPER, WARNING


@pytest.fixture
def ax() -> Axes:
    return new_axes(title="A title")


def outline(collection) -> list[tuple[float, float]]:
    return [tuple(point) for point in collection.get_paths()[0].vertices.tolist()]


def test_a_band_reaches_from_its_lower_to_its_upper_limit_in_pale_colour_without_a_rim(ax):
    charts.draw_band(ax, [0, 1, 2], [0.2, 0.3, 0.4], [0.6, 0.8, 0.9])
    (band,) = ax.collections
    assert set(outline(band)) == {(0, 0.2), (1, 0.3), (2, 0.4), (0, 0.6), (1, 0.8), (2, 0.9)}
    assert tuple(band.get_facecolor()[0]) == to_rgba(ACCENT, 0.16)
    assert band.get_linewidth() == [0]


def test_a_band_of_a_step_curve_keeps_its_height_until_the_next_step(ax):
    charts.draw_band(ax, [0, 1], [0.2, 0.3], [0.6, 0.8], colour=WARNING, is_step=True, alpha=0.5)
    (band,) = ax.collections
    assert {(0, 0.2), (1, 0.2), (1, 0.3), (0, 0.6), (1, 0.6), (1, 0.8)} == set(outline(band))
    assert tuple(band.get_facecolor()[0]) == to_rgba(WARNING, 0.5)


@pytest.mark.parametrize(
    ("at", "va", "ha", "offset"),
    [(1.0, "bottom", "right", (0, 3)), (0.2, "top", "left", (0, -3)), (0.5, "bottom", "left", (0, 3))],
)
def test_a_level_across_is_a_thin_dashed_line_with_its_words_on_it(ax, at, va, ha, offset):
    charts.mark_level(ax, 0.75, "three of four", at=at, va=va)
    (line,), (words,) = ax.lines, ax.texts
    assert list(line.get_ydata()) == [0.75, 0.75]
    assert (line.get_linewidth(), line.get_color()) == (1.0, MUTED)
    assert line.is_dashed()
    assert (words.get_text(), words.xy, words.get_ha(), words.get_va()) == ("three of four", (at, 0.75), ha, va)
    assert (words.xyann, words.get_color(), words.get_fontsize()) == (offset, MUTED, 9.5)
    assert words.xycoords == ax.get_yaxis_transform()


@pytest.mark.parametrize(("at", "va"), [(1.0, "top"), (0.5, "bottom"), (0.1, "bottom")])
def test_a_level_upwards_stands_at_its_value_with_its_words_to_the_right(ax, at, va):
    charts.mark_level(ax, 12.5, "a year", axis="x", colour=ACCENT, at=at)
    (line,), (words,) = ax.lines, ax.texts
    assert list(line.get_xdata()) == [12.5, 12.5]
    assert (line.get_linewidth(), line.get_color(), line.is_dashed()) == (1.0, ACCENT, True)
    assert (words.xy, words.get_ha(), words.get_va(), words.xyann) == ((12.5, at), "left", va, (4, 0))
    assert words.xycoords == ax.get_xaxis_transform()


def test_what_is_read_with_care_is_shaded_from_the_left_edge_which_stays(ax):
    ax.set_xlim(-1, 10)
    charts.shade_before(ax, 3, "few at risk")
    (span,), (words,) = ax.patches, ax.texts
    assert (span.get_x(), span.get_width()) == (-1, 4)
    assert tuple(span.get_facecolor()) == to_rgba(GRID, 0.55)
    assert (span.get_linewidth(), span.get_zorder()) == (0, 0)
    assert ax.get_xlim()[0] == -1
    assert (words.get_text(), words.xy, words.xyann) == ("few at risk", (0, 1), (4, -4))
    assert (words.get_va(), words.get_fontsize(), words.get_color()) == ("top", 9, MUTED)


@pytest.mark.parametrize(
    ("values", "gap", "placed"),
    [
        ([1.0, 5.0], 2.0, [1.0, 5.0]),
        ([1.0, 2.0], 2.0, [0.5, 2.5]),
        ([1.0, 3.0], 2.0, [1.0, 3.0]),  # just apart
        ([1.0, 2.9], 2.0, [0.95, 2.95]),
        # Two that are moved apart reach the third: 0 and 1 lie at -0.5 and 1.5, 3 is 2.5 from their middle, under 3.
        ([0.0, 1.0, 3.0], 2.0, [-2 / 3, 4 / 3, 10 / 3]),
        # 3.6 is 3.1 from the middle of the two, so it stays where it is.
        ([0.0, 1.0, 3.6], 2.0, [-0.5, 1.5, 3.6]),
        ([4.0, 4.0, 4.0, 4.0], 1.0, [2.5, 3.5, 4.5, 5.5]),
        ([], 1.0, []),
    ],
)
def test_labels_are_moved_apart_and_blocks_keep_their_middle(values, gap, placed):
    assert _spread(values, gap) == pytest.approx(placed)


def test_names_beside_curves_stand_at_their_ends_in_their_colours(ax):
    ax.set_xlim(0, 10)
    ax.set_ylim(0, 1)
    charts.label_points(ax, [(10, 0.9, "upper", ACCENT), (9, 0.1, "a name of more than two dozen", WARNING)])
    found = {words.get_text(): words for words in ax.texts}
    upper = found.pop("upper")
    (lower,) = found.values()
    assert (upper.xy, upper.get_color(), upper.xyann) == ((10, pytest.approx(0.9)), ACCENT, (6, 0))
    assert (lower.xy, lower.get_color()) == ((9, pytest.approx(0.1)), WARNING)
    assert len(lower.get_text()) == 22
    assert lower.get_text().endswith("…")
    assert {words.get_va() for words in ax.texts} == {"center"}
    assert {words.get_fontsize() for words in ax.texts} == {9.5}


def test_two_names_at_one_height_are_a_line_apart(ax):
    ax.set_ylim(0, 2)
    charts.label_points(ax, [(1, 1.0, "a", ACCENT), (1, 1.0, "b", WARNING)], gap_points=12)
    height_points = 72 * 3.9 * ax.get_position().height
    low, high = sorted(words.xy[1] for words in ax.texts)
    assert high - low == pytest.approx(12 * 2 / height_points)
    assert (high + low) / 2 == pytest.approx(1.0)


def test_values_stand_at_the_ends_of_bars_and_names_beside_their_rows(ax):
    marks.draw_bars(ax, [0, 1], [3.0, 5.0])
    charts.label_values(ax, ["three", "five"])
    assert [(words.get_text(), words.xy[0], words.get_color(), words.get_fontsize()) for words in ax.texts] == [
        ("three", 3.0, INK, 9.5),
        ("five", 5.0, INK, 9.5),
    ]
    charts.name_rows(ax, ["short", "a very long name that needs a second line"])
    assert ax.get_yticks().tolist() == [0, 1]
    assert [len(label.get_text().splitlines()) for label in ax.get_yticklabels()] == [1, 2]


def test_points_have_the_colour_of_their_kind_their_size_and_no_rim_unless_it_is_asked_for(ax):
    kinds, colours = ["a", "b", "a"], {"a": ACCENT, "b": WARNING}
    marks.draw_points(ax, [1, 2, 3], [4, 5, 6], kinds=kinds, colours=colours, size=30, alpha=0.5)
    (cloud,) = ax.collections
    assert cloud.get_offsets().tolist() == [[1, 4], [2, 5], [3, 6]]
    assert [tuple(colour) for colour in cloud.get_facecolor()] == [
        to_rgba(ACCENT, 0.5), to_rgba(WARNING, 0.5), to_rgba(ACCENT, 0.5),
    ]  # fmt: skip
    assert cloud.get_sizes().tolist() == [30]
    assert cloud.get_linewidth().tolist() == [0.0]
    marks.draw_points(ax, [1], [1], kinds=["a"], colours=colours, size=30, edge=0.7)
    assert ax.collections[-1].get_linewidth().tolist() == [0.7]
    assert tuple(ax.collections[-1].get_edgecolor()[0]) == to_rgba(PAPER)


def test_a_distribution_has_its_counts_as_heights_between_its_edges_and_keeps_the_name_of_its_axis(ax):
    ax.set_ylabel("customers")
    marks.draw_distribution(ax, [0, 2, 4, 6], [5, 0, 7], kinds=["a", "a", "b"], colours={"a": ACCENT, "b": WARNING})
    bars = [bar for bar in ax.patches if bar.get_height()]
    assert sorted(
        (round(bar.get_x() + bar.get_width() / 2, 6), bar.get_height(), bar.get_facecolor()) for bar in bars
    ) == [(1.0, 5.0, to_rgba(ACCENT)), (5.0, 7.0, to_rgba(WARNING))]
    assert {round(bar.get_width(), 6) for bar in bars} == {1.84}  # 0.92 of 2
    assert ax.get_ylabel() == "customers"


def told(ax, axis, values) -> list[str]:
    return [(ax.xaxis if axis == "x" else ax.yaxis).get_major_formatter()(value) for value in values]


@pytest.mark.parametrize("axis", ["x", "y"])
def test_scales_say_shares_counts_money_and_days_on_the_axis_that_was_named(axis):
    other = "y" if axis == "x" else "x"
    for form, values, said in [
        (scales.format_share, (0, 0.1234, 1), ["0 %", "12.3 %", "100 %"]),
        (
            scales.format_count,
            (0, 250, 9_999, 25_000, 3_000_000, 3_200_000),
            ["0", "250", "9,999", "25 k", "3 m", "3.2 m"],
        ),
        (scales.format_days, (0, 1_234.4), ["0", "1,234"]),
    ]:
        ax = new_axes(title="t")
        before = told(ax, other, [0.5])
        form(ax, axis=axis)
        assert told(ax, axis, values) == said
        assert told(ax, other, [0.5]) == before
    ax = new_axes(title="t")
    scales.format_money(ax, "EUR", axis=axis)
    assert told(ax, axis, [12, 45_000]) == ["12 EUR", "45 k EUR"]
    scales.format_money(ax, axis=axis)
    assert told(ax, axis, [12]) == ["12"]
    scales.format_days(ax, axis=axis, every_days=91.3)
    locator = (ax.xaxis if axis == "x" else ax.yaxis).get_major_locator()
    assert isinstance(locator, MultipleLocator)
    assert np.diff(locator.tick_values(0, 300))[0] == pytest.approx(91.3)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_months_are_told_on_the_axis_that_was_named_the_year_once(axis):
    ax = new_axes(title="t")
    days = pd.date_range("2023-11-01", "2024-04-01", freq="MS")
    places = days.to_pydatetime().tolist()
    ax.plot(places, range(len(days))) if axis == "x" else ax.plot(range(len(days)), places)
    scales.format_months(ax, axis=axis)
    ax.get_figure().canvas.draw()
    labels = (ax.xaxis if axis == "x" else ax.yaxis).get_ticklabels()
    said = [label.get_text() for label in labels]
    assert [text for text in said if text.isdigit()] == ["2024"]
    assert {"Nov", "Dec", "Feb"} <= set(said)


def test_dates_become_places_in_days():
    ax = new_axes(title="t")
    places = scales.place_dates(ax, pd.Series(pd.to_datetime(["1970-01-02", "1970-02-01"])))
    assert places.tolist() == [1.0, 31.0]
