"""Statistical marks stand where their numbers are, in the house's colours, and leave the axes their names."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgba

from crm_research import theme
from crm_research.theme.marks import PALE


def _axes(**more):
    return theme.new_axes(title="A title", xlabel="across", ylabel="up", **more)


def _lines(ax, marker):
    return [
        line
        for line in ax.lines
        if (line.get_marker() in ("", "None", None)) == (marker is None) and line.get_xdata().size
    ]


@pytest.mark.parametrize("is_upright", [False, True])
def test_whiskers_reach_their_limits_and_dots_their_estimates(is_upright):
    ax = _axes()
    frame = pd.DataFrame(
        {"estimate": [1.0, 5.0, np.nan, 2.0], "lower": [0.5, 4.0, 1.0, np.nan], "upper": [3.0, 4.5, 2.0, 9.0]}
    )
    theme.draw_intervals(ax, frame, at=[3, 1, 2, 0], is_upright=is_upright)
    (dots,) = _lines(ax, "o")
    x, y = (dots.get_xdata(), dots.get_ydata()) if not is_upright else (dots.get_ydata(), dots.get_xdata())
    # The second estimate lies outside its limits, the third is not known, the fourth has one end only.
    assert sorted(zip(y.tolist(), x.tolist(), strict=True)) == [(0, 2.0), (1, 5.0), (3, 1.0)]
    ends = {}
    for line in _lines(ax, None):
        at, to = (line.get_ydata(), line.get_xdata()) if not is_upright else (line.get_xdata(), line.get_ydata())
        ends[float(at[0])] = (float(to[0]), float(to[-1]))
    assert ends == {0.0: (2.0, 2.0), 1.0: (4.0, 4.5), 3.0: (0.5, 3.0)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("across", "up")
    assert ax.get_legend() is None


def test_two_rows_at_one_place_are_both_drawn_each_in_its_colour():
    ax = _axes()
    frame = {"estimate": [1.0, 2.0, 7.0], "lower": [0.0, 1.5, 6.0], "upper": [4.0, 2.5, 8.0]}
    theme.draw_intervals(ax, frame, at=[1, 1, 1], colour=[theme.ACCENT, theme.ACCENT, theme.WARNING])
    seen = sorted((float(x), to_hex(line.get_color())) for line in _lines(ax, "o") for x in line.get_xdata())
    assert seen == [(1.0, theme.ACCENT), (2.0, theme.ACCENT), (7.0, theme.WARNING)]


def test_nothing_to_draw_draws_nothing():
    ax = _axes()
    empty = pd.DataFrame({"estimate": [], "lower": [], "upper": []})
    theme.draw_intervals(ax, empty, at=[])
    theme.draw_bars(ax, [], [])
    assert not ax.lines
    assert not ax.patches


def test_the_rows_of_a_heat_map_lie_at_whole_numbers_first_on_top():
    ax = _axes()
    values = [[0.0, np.nan, 1.0], [0.5, 0.25, -1.0]]
    texts = [["$0$", "", "a<b"], ["云鼎", "x=1", "low"]]
    theme.draw_heat(ax, values, limits=(0, 1), texts=texts, pale_from=0.6)
    written = {text.get_text(): (text.get_position(), to_hex(text.get_color())) for text in ax.texts}
    assert written == {
        "$0$": ((0, 0), theme.INK),
        "a<b": ((2, 0), theme.PAPER),
        "云鼎": ((0, 1), theme.INK),
        "x=1": ((1, 1), theme.INK),
        "low": ((2, 1), theme.PAPER),
    }
    assert ax.get_xlim() == (-0.5, 2.5)
    assert ax.get_ylim() == (1.5, -0.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("across", "up")
    (cells,) = ax.collections
    ax.figure.savefig(BytesIO(), format="svg")
    cells.update_scalarmappable()
    corner = cells.get_transform().transform([0.5, 0.5])
    assert ax.transData.inverted().transform(corner) == pytest.approx([0.0, 0.0], abs=1e-9)
    faces = cells.get_facecolors().reshape(2, 3, 4)
    assert faces[0, 0] == pytest.approx(to_rgba(PALE[0]), abs=0.01)
    assert faces[0, 2] == pytest.approx(to_rgba(PALE[1]), abs=0.01)
    assert cells.get_array().mask.tolist() == [[False, True, False], [False, False, False]]


@pytest.mark.slow
@pytest.mark.parametrize("is_upright", [False, True])
def test_bars_keep_their_rows_colours_and_lengths(is_upright):
    ax = _axes()
    theme.draw_bars(
        ax,
        [2, 0, 1],
        [3.0, np.nan, -1.0],
        colours=["#112233", "#445566", "#778899"],
        is_upright=is_upright,
        thickness=0.4,
    )
    seen = {}
    for bar in ax.patches:
        middle = bar.get_x() + bar.get_width() / 2 if is_upright else bar.get_y() + bar.get_height() / 2
        length = bar.get_height() if is_upright else bar.get_width()
        seen[round(middle, 9)] = (length, to_hex(bar.get_facecolor()))
        assert (bar.get_width() if is_upright else bar.get_height()) == pytest.approx(0.4)
    assert seen == {2.0: (3.0, "#112233"), 0.0: (0.0, "#445566"), 1.0: (-1.0, "#778899")}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("across", "up")


def test_a_distribution_of_counts_has_their_heights():
    ax = _axes()
    colours = {"low": theme.WARNING, "high": theme.ACCENT}
    theme.draw_distribution(ax, [0, 1, 2, 3], [5, 0, 7], kinds=["low", "low", "high"], colours=colours, shrink=1.0)
    bars = {
        (round(bar.get_x(), 6), bar.get_height()): to_hex(bar.get_facecolor()) for bar in ax.patches if bar.get_height()
    }
    assert bars == {(0.0, 5.0): theme.WARNING, (2.0, 7.0): theme.ACCENT}
    assert ax.get_ylabel() == "up"


def test_points_have_the_colours_of_their_kinds_whatever_these_are_called():
    ax = _axes()
    colours = {"_hidden $1": theme.ACCENT, "a<b": theme.WARNING, "云鼎": theme.REST}
    theme.draw_points(ax, [1, 2, 3], [4, 5, 6], kinds=["云鼎", "_hidden $1", "a<b"], colours=colours, size=9)
    (cloud,) = ax.collections
    drawn = {
        tuple(at): to_hex(face) for at, face in zip(cloud.get_offsets().tolist(), cloud.get_facecolors(), strict=True)
    }
    assert drawn == {(1.0, 4.0): theme.REST, (2.0, 5.0): theme.ACCENT, (3.0, 6.0): theme.WARNING}
    ax.figure.savefig(BytesIO(), format="svg")
    assert ax.get_legend() is None


def test_drawing_leaves_the_settings_of_the_library_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    ax = _axes()
    theme.draw_heat(ax, [[0.5]], limits=(0, 1))
    theme.draw_crosses(
        ax,
        {"estimate": [1], "lower": [0], "upper": [2]},
        {"estimate": [1], "lower": [0], "upper": [2]},
        colour=theme.REST,
    )
    assert dict(mpl.rcParams) == before


def test_texts_of_a_heat_map_are_of_nine_points_unless_asked_otherwise():
    ax = _axes()
    theme.draw_heat(ax, [[0.5]], limits=(0, 1), texts=[["a half"]])
    assert [text.get_fontsize() for text in ax.texts] == [9.0]
    theme.draw_heat(ax, [[0.5]], limits=(0, 1), texts=[["a half"]], points=12.0)
    assert [text.get_fontsize() for text in ax.texts] == [9.0, 12.0]


@pytest.mark.parametrize(
    ("more", "size", "width", "marker"),
    [({}, 6.0, 2.0, "o"), ({"size": 4.0, "width": 3.0, "marker": "s"}, 4.0, 3.0, "s")],
)
def test_dots_have_a_rim_and_lie_over_pale_whiskers(more, size, width, marker):
    ax = _axes()
    theme.draw_intervals(ax, {"estimate": [1.0], "lower": [0.0], "upper": [2.0]}, at=[1], **more)
    (dot,), (whisker,) = _lines(ax, marker), _lines(ax, None)
    assert (dot.get_markersize(), dot.get_markeredgewidth(), to_hex(dot.get_markeredgecolor())) == (
        size, 1.0, theme.PAPER,
    )  # fmt: skip
    assert to_hex(dot.get_markerfacecolor()) == to_hex(whisker.get_color()) == theme.ACCENT
    assert (whisker.get_linewidth(), whisker.get_alpha(), whisker.get_solid_capstyle()) == (width, 0.55, "butt")
    assert whisker.get_zorder() < dot.get_zorder()


def test_a_cross_has_thin_whiskers_both_ways_and_larger_dots():
    ax = _axes()
    across = {"estimate": [1.0], "lower": [0.0], "upper": [3.0]}
    up = {"estimate": [7.0], "lower": [6.0], "upper": [9.0]}
    theme.draw_crosses(ax, across, up, colour=theme.WARNING)
    lying, standing = _lines(ax, None)
    assert (list(lying.get_xdata()), list(lying.get_ydata())) == ([0, 3], [7, 7])
    assert (list(standing.get_xdata()), list(standing.get_ydata())) == ([1, 1], [6, 9])
    assert [line.get_linewidth() for line in (lying, standing)] == [1.8, 1.8]
    assert [(line.get_markersize(), to_hex(line.get_color())) for line in _lines(ax, "o")] == [(7.0, theme.WARNING)] * 2


def test_bars_are_whole_in_colour_without_a_rim_and_three_fifths_of_a_row_thick():
    ax = _axes()
    theme.draw_bars(ax, [0, 1], [2.0, 3.0])
    theme.draw_bars(ax, [0, 1], [1.0, 1.0], alpha=0.4)
    assert [(bar.get_height(), bar.get_linewidth(), bar.get_alpha()) for bar in ax.patches] == [
        (pytest.approx(0.62), 0, alpha) for alpha in (1.0, 1.0, 0.4, 0.4)
    ]
    assert {to_hex(bar.get_facecolor()) for bar in ax.patches} == {theme.ACCENT}


def test_cells_of_a_heat_map_are_parted_by_paper_and_texts_stand_in_their_middle():
    ax = _axes()
    theme.draw_heat(ax, [[0.6, -0.61]], limits=(-1, 1), texts=[["at", "beyond"]], pale_from=0.6)
    (cells,), (at, beyond) = ax.collections, ax.texts
    assert (cells.get_linewidth(), to_hex(cells.get_edgecolor())) == (1.2, theme.PAPER)
    assert [(text.get_ha(), text.get_va(), text._linespacing) for text in ax.texts] == [("center", "center", 1.15)] * 2
    # The size itself is not yet strong.
    assert (to_hex(at.get_color()), to_hex(beyond.get_color())) == (theme.INK, theme.PAPER)
    assert (len(ax.get_xticks()), len(ax.get_yticks())) == (0, 0)
    assert ax.figure.axes == [ax]  # no bar of colours
