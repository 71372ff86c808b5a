"""Each mark of a picture says its value under a pointer: bars, points, steps, cells; names of the data are text."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.dates import ConciseDateFormatter

from crm_research import show
from crm_research.theme import format_months, format_share, marks, name_rows, new_axes

NBSP = "\N{NO-BREAK SPACE}"


def titles(draw) -> list[str]:
    html = show.Chart(draw, alt="What one sees. More.").render().html
    assert "hover-" not in html
    found = re.search(r'<g class="hover" fill-opacity="0" stroke="none">(.*?)</g>', html, re.DOTALL)
    return re.findall(r"<title>(.*?)</title>", found.group(1)) if found else []


def test_bars_say_their_name_and_their_length_and_what_has_no_length_says_nothing():
    def draw(ax=None):
        ax = new_axes(title="T", grid="x", ax=ax)
        marks.draw_bars(ax, [0, 1, 2], [0.25, 0.125, 0.0])
        format_share(ax, "x")
        name_rows(ax, ["$20 <b>&", "云鼎", "none"])
        return ax

    assert titles(draw) == [f"$20 &lt;b&gt;&amp;: 25{NBSP}%", f"云鼎: 12.5{NBSP}%"]


def test_upright_bars_read_the_other_way_round():
    def draw(ax=None):
        ax = new_axes(title="T", ax=ax)
        marks.draw_bars(ax, [1, 2], [1234, 5], is_upright=True)
        return ax

    assert titles(draw) == ["1: 1,234", "2: 5"]


def test_dots_with_intervals_say_estimate_and_both_ends():
    def draw(ax=None):
        ax = new_axes(title="T", grid="x", ax=ax)
        marks.draw_intervals(ax, pd.DataFrame({"estimate": [1.5], "lower": [0.5], "upper": [2.25]}), at=[0])
        name_rows(ax, ["basic"])
        return ax

    assert titles(draw) == ["basic: 1.5", "basic: 0.5", "basic: 2.25"]


def test_cells_of_a_heat_map_say_row_column_and_what_is_written():
    def draw(ax=None):
        ax = new_axes(title="T", grid="none", ax=ax)
        marks.draw_heat(ax, [[1, 2], [3, np.nan]], limits=(0, 4), texts=[["10 %", ""], ["", ""]])
        name_rows(ax, ["low", "high"])
        ax.set_xticks([0, 1], ["old", "new"])
        return ax

    assert titles(draw) == [f"low, old: 10{NBSP}%", "low, new: 2", "high, old: 3"]


def test_clouds_and_curves_say_both_places_and_reference_lines_nothing():
    def draw(ax=None):
        ax = new_axes(title="T", ax=ax)
        ax.plot([0, 1, 2], [1.0, 0.5, np.nan])
        ax.axhline(0.5)
        marks.draw_points(ax, [0.5], [0.75], kinds=["a"], colours={"a": "#123456"}, size=20)
        format_share(ax)
        return ax

    assert titles(draw) == [f"0: 100{NBSP}%", f"1: 50{NBSP}%", f"0.5: 75{NBSP}%"]


def test_days_are_said_as_days():
    def draw(ax=None):
        ax = new_axes(title="T", ax=ax)
        ax.plot(pd.to_datetime(["2024-01-01", "2024-02-01"]), [3, 4])
        format_months(ax)
        assert isinstance(ax.xaxis.get_major_formatter(), ConciseDateFormatter)
        return ax

    assert titles(draw) == ["2024-01-01: 3", "2024-02-01: 4"]


def test_a_long_curve_is_thinned_evenly_and_the_picture_grows_by_less_than_15_per_cent():
    def draw(ax=None):
        ax = new_axes(title="T", ax=ax)
        for shift in range(6):
            ax.plot(np.arange(500), np.sqrt(np.arange(500)) + shift)
        return ax

    html = show.Chart(draw, alt="A. B").render().html
    hover = re.search(r'<g class="hover".*?</g>', html, re.DOTALL).group(0)
    assert 0.08 < len(hover) / (len(html) - len(hover)) < 0.15
    firsts = [int(text.split(":")[0]) for text in titles(draw)]
    assert firsts[0] == 0
    assert sum(here < before for before, here in pairwise(firsts)) == 5  # all six curves


def test_the_picture_itself_is_left_as_it_was():
    ax = new_axes(title="T")
    ax.plot([0, 1], [1, 2])
    limits, n_lines = (ax.get_xlim(), ax.get_ylim()), len(ax.get_lines())
    show.Chart(lambda _: ax, alt="A").render()
    assert (ax.get_xlim(), ax.get_ylim()) == limits
    assert len(ax.get_lines()) == n_lines
