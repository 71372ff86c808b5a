import warnings

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.theme import (
    empty_axes,
    format_money,
    format_share,
    label_points,
    name_rows,
    new_axes,
    new_panels,
    place_dates,
    shade_before,
    wrap_text,
)


def _drawn(ax):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.draw_without_rendering()
    return ax.figure


def test_the_title_does_not_lie_on_the_picture():
    ax = new_axes(title="A finding long enough that it has to be broken into two lines, at least " * 2, subtitle="What")
    figure = _drawn(ax)
    lowest = min(text.get_window_extent().y0 for text in [figure._suptitle, *figure.texts])
    assert ax.get_window_extent().y1 <= lowest


def test_drawing_leaves_the_global_style_alone():
    before = dict(mpl.rcParams)
    _drawn(new_axes(title="One"))
    assert dict(mpl.rcParams) == before


def test_given_axes_are_dressed_and_returned():
    ax = new_axes(title="First")
    assert new_axes(title="Second", ax=ax) is ax
    assert ax.get_title(loc="left") == "Second"


def test_chinese_names_are_drawn_without_missing_glyphs():
    ax = new_axes(title="客户价值", xlabel="客户")
    name_rows(ax, ["忠诚客户", "流失客户"])
    _drawn(ax)


def test_labels_of_curves_that_end_together_are_moved_apart():
    ax = new_axes(title="Ends")
    ax.set_ylim(0, 1)
    label_points(ax, [(1, 0.5, "a", "#000000"), (1, 0.5, "b", "#000000"), (1, 0.51, "c", "#000000")])
    heights = sorted(label.xy[1] for label in ax.texts)
    assert heights[1] - heights[0] > 0.02
    assert sum(heights) / 3 == pytest.approx((0.5 + 0.5 + 0.51) / 3)


def test_axes_say_percent_and_money():
    ax = new_axes(title="Scales")
    format_share(ax)
    format_money(ax, "EUR", "x")
    assert ax.yaxis.get_major_formatter()(0.25) == "25 %"
    assert ax.xaxis.get_major_formatter()(2_500_000) == "2.5 m EUR"


def test_bars_on_dates_are_placed_in_days():
    ax = new_axes(title="Months")
    first, second = place_dates(ax, pd.Series(pd.to_datetime(["2024-01-01", "2024-02-01"])))
    assert second - first == 31


def test_a_panel_for_each_title_and_no_more():
    panels = new_panels(2, title="Three", panel_titles=["a", "b", "c"])
    assert len(panels) == len(panels[0].figure.axes) == 3


def test_an_empty_picture_says_why():
    assert "No orders" in empty_axes("No orders.").figure.texts[-1].get_text()


@pytest.mark.slow
@given(st.text(alphabet="ab 客户 ", max_size=60), st.integers(4, 30))
def test_wrapping_loses_no_word_and_keeps_to_the_width(text, width):
    wrapped = wrap_text(text, width)
    assert "".join(wrapped.split()) == "".join(text.split())
    assert all(len(line.split()) <= 1 or len(line) <= width for line in wrapped.splitlines())


def test_a_warning_stands_within_the_shaded_part_a_little_off_its_corner():
    ax = new_axes(title="A")
    ax.plot([0, 10], [0, 1])
    ax.set_xlim(0, 10)
    shade_before(ax, 4, "read with care")
    (note,) = [text for text in ax.texts if text.get_text() == "read with care"]
    assert (note.xy, note.get_position(), note.anncoords) == ((0, 1), (4, -4), "offset points")
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_width()) == (0.0, 4.0)
    assert ax.get_xlim()[0] == 0


@pytest.mark.parametrize(
    ("grid", "seen"), [("x", (True, False)), ("y", (False, True)), ("both", (True, True)), ("none", (False, False))]
)
def test_lines_of_the_grid_are_those_asked_for(grid, seen):
    ax = new_axes(title="A", grid=grid)
    lines = (ax.get_xgridlines(), ax.get_ygridlines())
    assert tuple(all(line.get_visible() for line in each) for each in lines) == seen
